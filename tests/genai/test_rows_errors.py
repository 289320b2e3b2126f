"""Data that cannot be evaluated is refused at once, by row and field, with what to do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steelyard.errors import DataError, InvalidArgument
from steelyard.evaluation.genai.rows.reading import read_rows

GOOD = {"inputs": {"question": "2+2"}}


def looped() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


BAD: dict[str, tuple[list[Any], str]] = {
    "no_inputs": ([GOOD, {"expectations": {}}], r"Row 1 of dataset: 'inputs' or 'trace' or 'trace_id' is missing"),
    "null_inputs": ([GOOD, {"inputs": None}], r"Row 1 of dataset: inputs is missing: give a dict"),
    "inputs_are_text": (
        [{"inputs": "2+2"}],
        r"Row 0 of dataset: inputs is a str \('2\+2'\): give a dict of predict_fn's",
    ),
    "inputs_are_a_list": ([{"inputs": ["2+2"]}], r"Row 0 of dataset: inputs is a list"),
    "nan_in_inputs": ([GOOD, {"inputs": {"a": [1, math.nan]}}], r"Row 1 of dataset: inputs\.a\[1\] is nan"),
    "infinity_in_outputs": ([GOOD | {"outputs": math.inf}], r"Row 0 of dataset: outputs is inf"),
    "nan_in_expectations": ([GOOD | {"expectations": {"x": math.nan}}], r"expectations\.x is nan"),
    "an_object_in_inputs": (
        [{"inputs": {"f": print}}],
        r"inputs\.f is a builtins\.builtin_function_or_method, which JSON",
    ),
    "bytes_in_inputs": ([{"inputs": {"image": b"\x00"}}], r"inputs\.image is a builtins\.bytes, which JSON cannot say"),
    "a_loop_in_inputs": ([{"inputs": looped()}], r"inputs is nested too deeply, or holds itself"),
    "a_key_that_is_no_text": ([{"inputs": {1: "a"}}], r"inputs has the key 1, a int: keys must be texts"),
    "a_column_that_is_no_text": ([{"inputs": {}, 5: "a"}], r"Row 0 has the key 5, a int: keys must be texts"),
    "a_late_column_that_is_no_text": ([GOOD] * 200 + [GOOD | {5: "a"}], r"Row 200 of dataset: .* key 5, a int"),
    "expectations_are_text": ([GOOD | {"expectations": "4"}], r"expectations is a str \('4'\): give a dict such as"),
    "tags_are_a_number": ([GOOD | {"tags": 5}], r"tags is a int: give a dict of texts"),
    "outputs_in_some_rows": (
        [GOOD, GOOD | {"outputs": "4"}],
        r"Row 0 of dataset has no outputs, and row 1 has: give outputs \(or a trace\) in every row, or in none",
    ),
    "mistyped_outputs": (
        [GOOD | {"output": "4"}],
        r"There is a key 'output' and no 'outputs'\. Did you mean 'outputs'\?",
    ),
    "mistyped_expectations": ([GOOD | {"expectation": {}}], r"Did you mean 'expectations'\?"),
    "mistyped_inputs": (
        [{"input": {"q": 1}, "expectations": {}}],
        r"'input' and no 'inputs'\. Did you mean 'inputs'\?",
    ),
    "mistyped_later": ([GOOD, GOOD | {"Expectations": {}}], r"Row 1 of dataset: .*Did you mean 'expectations'\?"),
    "unknown_keys": ([{"foo": 1, "bar": 2}], r"keys 'foo', 'bar', which no known shape of rows has\. Give each row"),
    "another_shape": (
        [{"input": "a", "expected": "b"}, {"question": "c"}],
        r"Row 1 of dataset: 'input' is missing, and the first rows have the shape of Braintrust: .* keys 'question'",
    ),
    "texts": (["2+2", 5], r"Row 0 is a str|There is no file"),
    "numbers": ([1, 2], r"Row 0 is a int \('1'\): a row is a dict with 'inputs'"),
    "empty": ([], r"The data \(dataset\) has no rows: there is nothing to evaluate"),
    "a_session_that_is_a_list": ([GOOD | {"session": ["a"]}], r"session is a list, which cannot name a session"),
    "chats_without_roles": ([{"messages": [{"text": "a"}]}], r"messages must be a list of messages with a role"),
    "opik_without_fields": ([{"source": "sdk", "trace_id": None}], r"no fields of its own beside Opik's"),
}


@pytest.mark.parametrize(("rows", "message"), BAD.values(), ids=BAD)
def test_bad_rows_are_refused_by_name(rows: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_rows(rows)


def test_a_frame_in_which_some_rows_lack_outputs_names_one() -> None:
    frame = pd.DataFrame({"inputs": [{"q": 1}, {"q": 2}], "outputs": ["a", None]})
    with pytest.raises(DataError, match=r"Row 1 of dataset has no outputs, and row 0 has"):
        read_rows(frame)


def test_a_frame_without_rows_is_refused() -> None:
    with pytest.raises(DataError, match=r"has no rows"):
        read_rows(pd.DataFrame({"inputs": []}))


def test_a_frame_with_a_column_twice_is_refused() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["inputs", "inputs"])
    with pytest.raises(DataError, match=r"more than one column of a name: \['inputs'\]"):
        read_rows(frame)


UNREADABLE: dict[str, tuple[Any, str]] = {
    "generator": ((row for row in [GOOD]), r"a generator must be made a list first"),
    "one_row": (GOOD, r"data is one dict: give a list of dicts, one a row \(for a single row: \[row\]\)"),
    "number": (5, r"data is a builtins\.int, which cannot be read as rows"),
    "none": (None, r"data is a builtins\.NoneType, which cannot be read as rows"),
}


@pytest.mark.parametrize(("data", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_holds_no_rows_is_refused(data: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        read_rows(data)


def test_what_json_evidently_says_of_an_object_is_taken() -> None:
    (row,) = read_rows([{"inputs": {"x": np.float32(0.5), "y": np.arange(2), "z": (1, 2)}}])
    (plain,) = read_rows([{"inputs": {"x": 0.5, "y": [0, 1], "z": [1, 2]}}])
    assert row.row_id == plain.row_id


def test_metadata_may_hold_anything() -> None:
    one, other = (read_rows([GOOD | {"score": math.nan, "scorer": object()}]) for _ in range(2))
    assert one.digest == other.digest
