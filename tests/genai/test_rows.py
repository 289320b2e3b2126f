"""Rows are read from whatever holds them; their ids and digests say what they are, not where they lay."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from steelyard.data import from_pandas, open_data
from steelyard.evaluation.genai.rows.reading import read_rows
from steelyard.records import Rows

ROWS: list[dict[str, Any]] = [
    {
        "inputs": {"question": question, "lang": lang},
        "expectations": {"expected_response": answer},
        "tags": {"topic": topic},
    }
    for question, lang, answer, topic in (
        ("2+2", "en", "4", "sums"),
        ("3+3", "en", "6", "sums"),
        ("Größe?", "de", "groß", "words"),
    )
]


def told(rows: Rows) -> list[Any]:
    return [
        (row.index, row.row_id, row.inputs, row.outputs, row.expectations, row.tags, dict(row.metadata), row.session)
        for row in rows
    ]


HOLDERS = {
    "pandas": lambda rows: pd.DataFrame(rows),
    "polars": lambda rows: pl.DataFrame(rows),
    "arrow": lambda rows: pa.Table.from_pylist(rows),
    "table": lambda rows: open_data(pa.Table.from_pylist(rows)),
    "columns": lambda rows: {name: [row[name] for row in rows] for name in rows[0]},
    "dataset": lambda rows: from_pandas(pd.DataFrame(rows)),
    "tuple": tuple,
}


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
def test_frames_and_tables_equal_lists(hold: Any) -> None:
    expected, found = read_rows(ROWS), read_rows(hold(ROWS))
    assert told(found) == told(expected)
    assert (found.digest, len(found), found.has_outputs) == (expected.digest, 3, False)


def test_rows_are_read_as_often_as_wanted() -> None:
    rows = read_rows(ROWS)
    assert told(rows) == told(rows)


def test_a_list_is_not_copied() -> None:
    (first, *_) = read_rows(ROWS)
    assert first.inputs is ROWS[0]["inputs"]


def test_ids_do_not_change_with_the_order_of_rows_or_keys() -> None:
    turned = [
        {"expectations": r["expectations"], "inputs": dict(reversed(r["inputs"].items()))} for r in reversed(ROWS)
    ]
    assert [r.row_id for r in read_rows(turned)] == [r.row_id for r in read_rows(ROWS)][::-1]


def test_ids_are_hashes_of_the_inputs_alone() -> None:
    bare = [{"inputs": row["inputs"], "outputs": "x"} for row in ROWS]
    assert [r.row_id for r in read_rows(bare)] == [r.row_id for r in read_rows(ROWS)]
    assert all(len(r.row_id) == 16 and int(r.row_id, 16) >= 0 for r in read_rows(ROWS))


def test_rows_with_the_same_inputs_are_told_apart_whatever_their_order() -> None:
    twins = [{"inputs": {"q": 1}, "expectations": {"expected_response": x}} for x in "cab"]
    ids = {row.expectations["expected_response"]: row.row_id for row in read_rows(twins)}
    assert len(set(ids.values())) == 3
    assert {row.expectations["expected_response"]: row.row_id for row in read_rows(twins[::-1])} == ids
    alone = next(iter(read_rows(twins[:1]))).row_id
    assert sorted(ids.values()) == [alone, f"{alone}-1", f"{alone}-2"]


def test_ids_are_the_same_in_another_process() -> None:
    script = (
        "import json, sys; from steelyard.evaluation.genai.rows.reading import read_rows; "
        "rows = read_rows(json.load(sys.stdin)); print(json.dumps([rows.digest, [r.row_id for r in rows]]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(ROWS), capture_output=True, text=True, check=True
    )
    rows = read_rows(ROWS)
    assert json.loads(answer.stdout) == [rows.digest, [r.row_id for r in rows]]


@pytest.mark.parametrize("field", ["request_id", "id", "dataset_record_id"])
def test_an_own_id_names_a_row_if_it_is_unique(field: str) -> None:
    assert [r.row_id for r in read_rows([row | {field: n} for n, row in enumerate(ROWS)])] == ["0", "1", "2"]
    hashed = [r.row_id for r in read_rows(ROWS)]
    assert [r.row_id for r in read_rows([row | {field: "same"} for row in ROWS])] == hashed
    assert [r.row_id for r in read_rows([ROWS[0] | {field: "a"}, ROWS[1], ROWS[2] | {field: "b"}])] == hashed


def test_whole_numbers_are_the_same_however_they_are_written() -> None:
    one, other = read_rows([{"inputs": {"n": 1}}]), read_rows([{"inputs": {"n": 1.0}}])
    assert next(iter(one)).row_id == next(iter(other)).row_id
    assert next(iter(read_rows([{"inputs": {"n": True}}]))).row_id != next(iter(one)).row_id


CHANGES: dict[str, dict[str, Any]] = {
    "inputs": {"inputs": {"question": "2+3", "lang": "en"}},
    "expectations": {"expectations": {"expected_response": "5"}},
    "tags": {"tags": {"topic": "other"}},
    "metadata": {"note": "new"},
    "session": {"session_id": "s"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_digest_covers_every_field(change: dict[str, Any]) -> None:
    assert read_rows([ROWS[0] | change, *ROWS[1:]]).digest != read_rows(ROWS).digest


def test_the_digest_covers_the_order_and_the_outputs() -> None:
    digests = {
        read_rows(rows).digest
        for rows in (
            ROWS,
            ROWS[::-1],
            ROWS[:2],
            [row | {"outputs": "x"} for row in ROWS],
            [row | {"outputs": ""} for row in ROWS],
        )
    }
    assert len(digests) == 5


def test_a_later_field_cannot_pass_for_an_earlier_one() -> None:
    one = read_rows([{"inputs": {"a": 1}, "tags": {"x": "y"}, "expectations": {}}])
    other = read_rows([{"inputs": {"a": 1}, "expectations": {"x": "y"}, "tags": {}}])
    assert one.digest != other.digest


def test_given_outputs_are_rows_outputs_even_when_one_of_them_is_null() -> None:
    rows = read_rows([{"inputs": {"q": 1}, "outputs": "a"}, {"inputs": {"q": 2}, "outputs": None}])
    assert rows.has_outputs
    assert [(row.outputs, row.has_outputs) for row in rows] == [("a", True), (None, True)]


def test_outputs_that_are_null_everywhere_are_not_given() -> None:
    rows = read_rows([{"inputs": {"q": 1}, "outputs": None}])
    assert not rows.has_outputs
    assert not next(iter(rows)).has_outputs


@pytest.mark.parametrize("key", ["session", "session_id", "conversation_id"])
def test_a_session_is_found_by_its_usual_names(key: str) -> None:
    assert [row.session for row in read_rows([{"inputs": {"q": 1}, key: "s-1"}, {"inputs": {"q": 2}}])] == ["s-1", None]


PLACES: dict[str, dict[str, Any]] = {
    "metadata.document": {"metadata": {"document": "d"}},
    "document": {"metadata": {"document": "d"}},
    "tags.document": {"tags": {"document": "d"}},
    "inputs.document": {"inputs": {"document": "d"}},
    "extra.file.name": {"extra": {"file": {"name": "d"}}},
    "a.b": {"metadata": {"a.b": "d"}},
}


@pytest.mark.parametrize("path", PLACES)
def test_a_session_may_be_any_field(path: str) -> None:
    row: dict[str, Any] = {"inputs": {"q": 1}, "session_id": "not this"} | PLACES[path]
    assert [row.session for row in read_rows([row], session=path)] == ["d"]


def test_a_session_that_a_row_lacks_is_an_error_that_names_the_row() -> None:
    rows = [{"inputs": {"q": 1}, "document": "d"}, {"inputs": {"q": 2}}]
    with pytest.raises(ValueError, match=r"Row 1 of dataset: there is no 'document' \(session='document'\)"):
        read_rows(rows, session="document")


def test_tags_become_texts() -> None:
    rows = read_rows([{"inputs": {}, "tags": {"n": 1, "ok": True, "none": None}}, {"inputs": {}, "tags": ["a", "b"]}])
    assert [row.tags for row in rows] == [{"n": "1", "ok": "true"}, {"a": "true", "b": "true"}]


def test_columns_with_dots_belong_to_their_dicts() -> None:
    frame = pd.DataFrame(
        {"inputs.question": ["2+2"], "expectations/expected_response/value": ["4"], "tags.topic": ["a"]}
    )
    (row,) = read_rows(frame)
    assert (row.inputs, row.expectations, row.tags) == ({"question": "2+2"}, {"expected_response": "4"}, {"topic": "a"})


def test_json_in_the_cells_of_a_frame_is_read_where_a_dict_must_be() -> None:
    frame = pd.DataFrame({"inputs": ['{"question": "2+2"}'], "outputs": ['{"not": "touched"}']})
    (row,) = read_rows(frame)
    assert (row.inputs, row.outputs) == ({"question": "2+2"}, '{"not": "touched"}')


def test_empty_cells_of_a_frame_say_nothing() -> None:
    frame = pd.DataFrame({"input": ["a", "b"], "expected": ["x", None], "level": pd.array([1, None], dtype="Int64")})
    first, second = read_rows(frame)
    assert (first.metadata["level"], second.expectations, dict(second.metadata)) == (1, {}, {})


def test_numbers_of_a_frame_are_plain_numbers() -> None:
    frame = pd.DataFrame({"input": ["a"], "level": [3], "weight": [0.5]})
    (row,) = read_rows(frame)
    assert [type(row.metadata[name]) for name in ("level", "weight")] == [int, float]


def test_data_is_named_as_told_or_as_it_is_called() -> None:
    assert read_rows(ROWS).name == "dataset"
    assert read_rows(ROWS, name="sums").name == "sums"
