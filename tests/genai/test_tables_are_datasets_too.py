"""A classic table is a dataset with versions, and an evaluation says which one it used."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import steelyard
from steelyard.data import digest_of, open_data
from steelyard.errors import InvalidArgument
from steelyard.genai import datasets, evaluate, scorer


def frame(n: int = 40) -> pd.DataFrame:
    return pd.DataFrame({"x": range(n), "y": [i % 2 for i in range(n)], "text": [f"row {i}" for i in range(n)]})


def test_a_table_has_versions_by_its_content(tmp_path: Path) -> None:
    made = datasets.create_dataset("t").put_table(frame(), targets="y", message="first")
    assert (made.kind, made.version, len(made), made.digest) == ("table", 1, 40, digest_of(open_data(frame())))
    frame().to_parquet(tmp_path / "same.parquet")
    made.put_table(tmp_path / "same.parquet", targets="y")
    assert made.version == 1
    other = frame()
    other.loc[3, "x"] = 99
    made.put_table(other, targets="y")
    told = made.diff(1)
    assert (made.version, told.added, told.removed, told.changed) == (2, 1, 1, 0)
    assert made.diff(0).added == 40
    pd.testing.assert_frame_equal(made.to_df(), other, check_dtype=False)
    pd.testing.assert_frame_equal(datasets.get_dataset("t", version=1).to_df(), frame(), check_dtype=False)
    assert made.restore(1).digest == made.at(1).digest
    assert json.loads(made.schema) == {"x": "integer", "y": "integer", "text": "text"}
    assert made.export(tmp_path / "out.parquet") == 40
    assert digest_of(open_data(tmp_path / "out.parquet")) == made.digest


def test_an_evaluation_records_the_exact_version() -> None:
    made = datasets.create_dataset("t").put_table(frame()[["x", "y"]], targets="y")
    result = steelyard.evaluate(lambda rows: [0] * len(rows), made, model_type="classifier")
    assert result.metrics["accuracy_score"] == 0.5
    told = result.summary.dataset
    assert (told.name, told.dataset_id, told.version, told.version_digest) == ("t", made.dataset_id, 1, made.digest)
    (use,) = made.runs()
    assert (use.run_id, use.version, use.digest) == (result.run_id, 1, made.digest)


def test_an_older_version_is_evaluated_as_it_was() -> None:
    made = datasets.create_dataset("t").put_table(frame()[["x", "y"]], targets="y")
    made.put_table(frame(10)[["x", "y"]], targets="y")
    result = steelyard.evaluate(lambda rows: [0] * len(rows), made.at(1), model_type="classifier")
    assert (result.summary.n_rows, result.summary.dataset.version) == (40, 1)


def test_records_and_tables_are_told_apart() -> None:
    @scorer
    def anything(outputs: object) -> bool:
        return True

    table = datasets.create_dataset("t").put_table(frame())
    with pytest.raises(InvalidArgument, match="holds a table, not records"):
        evaluate(table, [anything], lambda x: x, progress=False)
    with pytest.raises(InvalidArgument, match="holds a table"):
        table.merge_records([{"inputs": {"q": 1}}])
    records = datasets.create_dataset("r").merge_records([{"inputs": {"q": 1}}])
    with pytest.raises(InvalidArgument, match="is no table"):
        steelyard.evaluate(lambda rows: rows, records, targets="y", model_type="classifier")
    with pytest.raises(InvalidArgument, match="holds records"):
        records.put_table(frame())
    with pytest.raises(InvalidArgument, match="never changes"):
        table.at(1).put_table(frame())
