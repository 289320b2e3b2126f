"""Anything that holds rows opens as a table; what cannot be used is refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from steelyard.data import Table, from_numpy, from_pandas, from_polars, open_data
from steelyard.data.spool import Spooled, spool
from steelyard.errors import ColumnNotFound, DataError, InvalidArgument

ROWS = [{"text": "good", "label": 1}, {"text": "bad", "label": 0}, {"text": "fine", "label": 1}]
FRAME = pd.DataFrame(ROWS)


class Capsule:
    """Speaks Arrow's stream protocol and nothing else."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return pa.Table.from_pylist(ROWS).__arrow_c_stream__(requested_schema)


def reader() -> pa.RecordBatchReader:
    return pa.Table.from_pylist(ROWS).to_reader(max_chunksize=2)


HOLDERS = {
    "pandas": FRAME,
    "polars": pl.DataFrame(ROWS),
    "polars lazy": pl.LazyFrame(ROWS),
    "Arrow table": pa.Table.from_pylist(ROWS),
    "Arrow batch": pa.RecordBatch.from_pylist(ROWS),
    "Arrow capsule": Capsule(),
    "list of dicts": ROWS,
    "dict of columns": {"text": ["good", "bad", "fine"], "label": np.array([1, 0, 1])},
    "structured array": np.array([("good", 1), ("bad", 0), ("fine", 1)], dtype=[("text", "U9"), ("label", "i4")]),
    "dataset": from_pandas(FRAME),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_every_holder_gives_the_same_rows_as_often_as_asked(holder: str) -> None:
    table = open_data(HOLDERS[holder], targets="label")
    assert (table.columns, table.n_rows, table.targets) == (("text", "label"), 3, "label")
    for _ in range(2):
        assert [row for batch in table.batches(size=2) for row in batch.to_pylist()] == ROWS
    assert [b.num_rows for b in table.batches(size=2)] == [2, 1]
    assert next(table.batches(["label"])).to_pylist() == [{"label": 1}, {"label": 0}, {"label": 1}]
    assert table.head(2).to_pylist() == ROWS[:2]
    assert table.head(0).num_rows == 0
    assert table.to_pandas().to_dict("records") == ROWS


def test_a_stream_that_can_be_read_once_is_kept() -> None:
    table = open_data(reader())
    assert [b.num_rows for _ in range(2) for b in table.batches()] == [3, 3]


def test_a_large_stream_is_kept_in_a_file_and_may_be_read_by_two_at_once() -> None:
    words = pa.array(["a", "b", "a"] * 100).dictionary_encode()
    whole = pa.table({"n": np.arange(300), "w": words})
    kept = spool(whole.to_reader(max_chunksize=64), in_memory_bytes=1_000)
    assert isinstance(kept, Spooled)
    assert kept.n_rows == 300
    assert not kept.in_memory
    pairs = list(zip(kept.read(["n", "w"], 100), kept.read(["w", "n"], 100), strict=True))
    assert [b["n"].to_pylist() for b, _ in pairs] == [b["n"].to_pylist() for _, b in pairs]
    assert [w for b, _ in pairs for w in b["w"].to_pylist()] == ["a", "b", "a"] * 100


def test_pandas_comes_back_as_it_was_given() -> None:
    frame = pd.DataFrame({"x": [1.0, np.nan]}, index=["r1", "r2"])
    assert open_data(frame).to_pandas() is frame
    frame = pd.DataFrame({0: [1], 1: [2]})
    assert open_data(frame).columns == ("0", "1")


def test_nan_stays_nan_and_null_stays_null() -> None:
    for data in (
        pd.DataFrame({"x": [1.0, np.nan]}),
        pl.DataFrame({"x": [1.0, float("nan")]}),
        {"x": [1.0, float("nan")]},
        np.array([[1.0], [np.nan]]),
    ):
        column = next(open_data(data).batches()).column(0)
        assert column.null_count == 0
        assert np.isnan(column[1].as_py())
    for data in (
        pd.DataFrame({"x": pd.array([1, None], dtype="Int64"), "t": ["a", None]}),
        pl.DataFrame({"x": [1, None], "t": ["a", None]}),
        [{"x": 1, "t": "a"}, {}],
    ):
        assert [c.null_count for c in next(open_data(data).batches()).columns] == [1, 1]


def test_arrays_get_columns_and_a_target() -> None:
    table = open_data(np.array([[1, 2], [3, 4]]), targets=np.array([0, 1]), predictions=[1, 1])
    assert table.columns == ("feature_1", "feature_2", "target", "prediction")
    assert (table.targets, table.predictions, table.feature_names) == (
        "target",
        "prediction",
        ("feature_1", "feature_2"),
    )
    named = open_data([[1, "a"], [3, "b"]], feature_names=["n", "t"])
    assert named.schema.types == [pa.int64(), pa.string()]
    assert open_data(np.array([1.5, 2.5])).columns == ("feature_1",)
    assert open_data(["some text", "more text"]).columns == ("feature_1",)


def test_a_series_of_targets_stands_beside_a_frame_by_position() -> None:
    frame = pd.DataFrame({"x": [1, 2]}, index=[7, 8])
    table = open_data(frame, targets=pd.Series([0, 1], index=[0, 1]))
    assert table.to_pandas()["target"].tolist() == [0, 1]
    assert next(table.batches()).column("target").to_pylist() == [0, 1]
    assert frame.columns.tolist() == ["x"]


def test_mlflows_constructors_make_what_open_data_takes() -> None:
    ours = from_pandas(FRAME, targets="label", name="reviews")
    table = open_data(ours)
    assert (table.name, table.targets) == ("reviews", "label")
    record = ours.as_input("eval")
    assert (record.name, record.context, record.profile) == ("reviews", "eval", '{"num_rows": 3, "num_columns": 2}')
    assert record.digest == from_polars(pl.DataFrame(ROWS)).digest
    assert len(record.digest) == 32
    arrays = from_numpy(np.eye(2), targets=np.array([0, 1]), feature_names=["a", "b"])
    assert open_data(arrays).columns == ("a", "b", "target")
    with pytest.raises(ColumnNotFound):
        from_pandas(FRAME, targets="lable")
    with pytest.raises(InvalidArgument, match="from_pandas needs a pandas frame"):
        from_pandas(pl.DataFrame(ROWS))  # type: ignore[arg-type]


def test_a_table_can_be_opened_again_with_other_names() -> None:
    again = open_data(open_data(FRAME, targets="label"), predictions="text")
    assert isinstance(again, Table)
    assert (again.targets, again.predictions) == ("label", "text")


@pytest.mark.parametrize("argument", ["targets", "predictions", "id_column"])
def test_a_misspelt_column_gets_the_nearest_name(argument: str) -> None:
    with pytest.raises(ColumnNotFound, match=rf"'labels' \({argument}='labels'\).*Did you mean 'label'\?"):
        open_data(FRAME, **{argument: "labels"})
    with pytest.raises(ColumnNotFound, match="Did you mean 'text'"):
        open_data(FRAME, feature_names=["txt"])
    with pytest.raises(ColumnNotFound, match="Did you mean 'text'"):
        open_data(FRAME).batches(["txt"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "has no columns"),
        ({}, "has no columns"),
        (pd.DataFrame({"x": []}), "has no rows"),
        (pl.DataFrame({"x": []}), "has no rows"),
        (pa.table({"x": pa.array([], pa.int64())}), "has no rows"),
        (np.empty((0, 3)), "has no rows"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "more than one column named 'x'"),
        (pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["y", "y"]), "more than one column named 'y'"),
        ([{"x": 1}, {"x": 2}, {"x": "three"}], r"'x' mixes types: row 2 .* is 'three' \(str\)"),
        ([{"x": "one"}, {"x": None}, {"x": 3}], r"'x' mixes types: row 2 .* is 3 \(int\)"),
        (pd.DataFrame({"x": [1.5, "b", 2]}, dtype=object), r"'x' mixes types: row 1 .* is 'b' \(str\)"),
        ([{"x": object()}], "'x', row 0 .* cannot be held in a column"),
        ([{"x": 1}, 5], "Row 1 is a int, and the first row is a dict"),
        ([[1, 2], [3]], "Row 1 has 1 values and row 0 has 2"),
        ([[1, 2], 3], "Row 1 has the single value 3"),
        ({"x": [1, 2], "y": [1]}, "'x' has 2 rows and 'y' has 1"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
    ],
)
def test_data_that_cannot_be_evaluated_is_refused(data: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_data(data)


@pytest.mark.parametrize(
    ("data", "arguments", "message"),
    [
        (iter(ROWS), {}, "a generator must be made a list first"),
        (3, {}, "cannot be read as rows"),
        (np.eye(2), {"targets": [1]}, "targets has 1 values and the data has 2 rows"),
        (np.eye(2), {"feature_names": ["a"]}, "feature_names has 1 names and the data has 2 columns"),
        ({"target": [1]}, {"targets": [1]}, "has a column 'target' already"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused(data: object, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        open_data(data, **arguments)  # type: ignore[arg-type]


def test_no_columns_and_no_size_are_refused() -> None:
    table = open_data(ROWS)
    with pytest.raises(InvalidArgument, match=r"columns=\[\]"):
        table.batches([])
    with pytest.raises(InvalidArgument, match="size=0"):
        table.batches(size=0)


def test_values_cannot_be_put_beside_files(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InvalidArgument, match="store the values as a column"):
        open_data(tmp_path / "a.parquet", targets=[1, 2, 3])
