from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from steelyard.errors import ColumnNotFound, InvalidArgument, NotFound, UnreadableFile
from steelyard.web.rowfilter import Condition, RowFilter, RowOrder, parse_condition, parse_order
from steelyard.web.rowtable import RowTable

from .sample_runs import Sample

N = 4321
OPERATORS = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@pytest.fixture(scope="module")
def columns() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    score = random.integers(0, 50, N).astype(float)
    score[random.random(N) < 0.1] = np.nan
    return {
        "age": random.integers(0, 90, N),
        "score": score,
        "target": random.choice(["a", "b", "c d"], N),
        "correct": random.random(N) < 0.5,
        "text": np.array([f"row {i} says {'hello' if i % 7 == 0 else 'bye'}" for i in range(N)]),
    }


@pytest.fixture(scope="module")
def table(columns: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> RowTable:
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    arrays = {**columns, "score": pa.array(columns["score"], from_pandas=True)}
    pq.write_table(pa.table({k: pa.array(v) for k, v in arrays.items()}), path, row_group_size=500)
    return RowTable(path)


@settings(max_examples=60, deadline=None)
@given(
    operator=st.sampled_from(list(OPERATORS)),
    threshold=st.integers(-5, 95),
    label=st.sampled_from(["a", "b", "c d", "none of them"]),
    descending=st.booleans(),
    offset=st.integers(0, N + 10),
)
def test_a_page_holds_the_rows_that_match_in_order(table, columns, operator, threshold, label, descending, offset):
    chosen = RowFilter(conditions=(Condition("age", operator, str(threshold)), Condition("target", "=", label)))
    page = table.page(chosen, RowOrder("score", descending), offset=offset, size=20)
    matches = np.flatnonzero(OPERATORS[operator](columns["age"], threshold) & (columns["target"] == label))
    keys = columns["score"][matches]
    order = np.lexsort((matches, -keys if descending else keys, np.isnan(keys)))
    assert page.matching == len(matches)
    assert list(page.positions) == matches[order][offset : offset + 20].tolist()
    assert [row["age"] for row in page.rows] == columns["age"][list(page.positions)].tolist()


def test_text_is_found_whatever_its_case(table, columns):
    page = table.page(RowFilter(contains="HELLO", contains_column="text"), RowOrder(), size=5)
    assert page.matching == sum("hello" in t for t in columns["text"])
    assert page.positions == (0, 7, 14, 21, 28)


def test_deep_pages_of_a_sorted_table_join_without_a_gap(table, columns):
    order = RowOrder("score", descending=True)
    seen = [i for start in range(0, N, 400) for i in table.page(RowFilter(), order, offset=start, size=400).positions]
    assert sorted(seen) == list(range(N))


def test_booleans_are_told_by_words(table, columns):
    page = table.page(RowFilter(conditions=(Condition("correct", "=", "no"),)), RowOrder(), size=1)
    assert page.matching == int((~columns["correct"]).sum())


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition("age", ">", "old"), "holds numbers"),
        (Condition("correct", "=", "perhaps"), "true or false"),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_refused(table, condition, said):
    with pytest.raises(InvalidArgument, match=said):
        table.page(RowFilter(conditions=(condition,)), RowOrder())


def test_a_row_outside_the_table_is_not_found(table):
    with pytest.raises(NotFound, match="4,321 rows"):
        table.row(N)


def test_a_file_that_is_no_parquet_is_said_to_be_unreadable(tmp_path: Path):
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(UnreadableFile):
        RowTable(tmp_path / "rows.parquet")


@pytest.mark.parametrize(
    ("typed", "column", "operator", "value"),
    [
        ("age>=40", "age", ">=", "40"),
        ("mean radius != 3", "mean radius", "!=", "3"),
        ("`odd >name` = 'x = y'", "odd >name", "=", "x = y"),
        ('target = "a b"', "target", "=", "a b"),
    ],
)
def test_conditions_are_read_as_typed(typed, column, operator, value):
    assert parse_condition(typed, ["age", "mean radius", "odd >name", "target"]) == Condition(column, operator, value)


def test_a_misspelt_column_names_the_nearest():
    with pytest.raises(ColumnNotFound, match="'age'"):
        parse_condition("aeg > 3", ["age", "score"])
    with pytest.raises(InvalidArgument, match="'score'"):
        parse_order("-scor", ["age", "score"])
    for nonsense in ("", "age", "age >", "> 3"):
        with pytest.raises(InvalidArgument, match="Write a column"):
            parse_condition(nonsense, ["age"])


def test_the_rows_page_filters_by_every_field_and_keeps_what_was_typed(client: TestClient, sample: Sample):
    path = f"/runs/{sample.candidate}/rows"
    query = {"correct": "no", "true": "bad", "slice": "job=tourist", "where": "age >= 30", "order": "-loss"}
    data = client.get(f"{path}.json", params=query).json()
    assert 0 < data["matching"] < data["total"] == 1200
    losses = [row["loss"] for row in data["rows"]]
    assert losses == sorted(losses, reverse=True)
    assert {(row["target"], row["job"], row["age"] >= 30) for row in data["rows"]} == {("bad", "tourist", True)}
    unscored = client.get(f"{path}.json", params={"outcome": "unscored"}).json()
    assert 0 < unscored["matching"] < 20
    wrong = client.get(path, params={"where": "aeg > 3"})
    assert wrong.status_code == 400
    assert 'value="aeg &gt; 3"' in wrong.text
    assert "Did you mean &#39;age&#39;" in wrong.text


def test_one_row_shows_every_column(client: TestClient, sample: Sample):
    page = client.get(f"/runs/{sample.text}/rows/3").text
    for column in ("text", "target", "prediction", "probability", "category"):
        assert f"<dt>{column}</dt>" in page
    assert client.get(f"/runs/{sample.text}/rows/900").status_code == 404
    assert "no evaluation" in client.get(f"/runs/{sample.plain}/rows").text
