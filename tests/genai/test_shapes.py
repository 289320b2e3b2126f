"""Rows as the documentation of each tool shows them come in without a mapping."""

from __future__ import annotations

import json

import pytest
from tests.genai.shapes_documented import DOCUMENTED, Told

from steelyard.data.shapes import SHAPES, shape_of
from steelyard.evaluation.genai.rows.reading import read_rows


@pytest.mark.parametrize("told", DOCUMENTED.values(), ids=DOCUMENTED)
def test_a_row_as_documented_becomes_inputs_expectations_and_the_rest(told: Told) -> None:
    rows = read_rows([told.raw])
    (row,) = rows
    assert shape_of([told.raw]).name == told.shape
    assert row.inputs == told.inputs
    assert row.expectations == told.expectations
    assert rows.has_outputs == (told.outputs is not None)
    assert row.outputs == told.outputs
    assert row.tags == told.tags
    assert told.metadata.items() <= dict(row.metadata).items()
    if told.row_id is not None:
        assert row.row_id == told.row_id


@pytest.mark.parametrize("told", DOCUMENTED.values(), ids=DOCUMENTED)
def test_inputs_can_be_given_to_a_function_by_name(told: Told) -> None:
    (row,) = read_rows([told.raw])
    assert (lambda **kwargs: kwargs)(**row.inputs) == told.inputs


@pytest.mark.parametrize("told", DOCUMENTED.values(), ids=DOCUMENTED)
def test_nothing_of_a_row_is_lost(told: Told) -> None:
    (row,) = read_rows([told.raw])
    kept = json.dumps([row.inputs, row.outputs, row.expectations, row.tags, row.metadata])
    for key, value in told.raw.items():
        if isinstance(value, (str, int)) and key not in ("comments",):
            assert json.dumps(value) in kept, key


def test_every_shape_has_a_documented_row_or_is_refused() -> None:
    assert {shape.name for shape in SHAPES} - {told.shape for told in DOCUMENTED.values()} == {"OpenAI evals' logs"}


def test_mlflows_own_shape_wins_whatever_else_a_row_carries() -> None:
    raw = {"inputs": {"q": "?"}, "expectations": {"expected_response": "x"}, "input": "no", "split": "a", "doc_id": 1}
    (row,) = read_rows([raw])
    assert row.inputs == {"q": "?"}
    assert row.expectations == {"expected_response": "x"}
    assert row.metadata == {"input": "no", "split": "a", "doc_id": 1}


def test_outputs_beside_inputs_are_outputs_and_not_a_reference() -> None:
    rows = read_rows([{"inputs": {"q": "?"}, "outputs": {"answer": "x"}}])
    assert rows.has_outputs
    assert next(iter(rows)).expectations == {}


def test_a_field_that_only_later_rows_have_decides_too() -> None:
    first, second = read_rows([{"input": "a"}, {"input": "b", "expected_output": "c"}])
    assert (first.expectations, second.expectations) == ({}, {"expected_response": "c"})


def test_a_log_of_openai_evals_is_refused_with_what_to_give_instead() -> None:
    with pytest.raises(ValueError, match=r"This is the log of an OpenAI evals run, not its samples"):
        read_rows([{"spec": {"eval_name": "match"}}, {"run_id": "1", "event_id": 0, "type": "match", "data": {}}])


def test_a_failed_run_of_langsmith_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Row 0 of dataset: error is 'timeout' and there are no outputs"):
        read_rows([{"id": "1", "run_type": "llm", "inputs": {"q": "?"}, "outputs": None, "error": "timeout"}])


def test_messages_from_a_table_lose_the_fields_that_say_nothing() -> None:
    raw = [{"messages": [{"role": "user", "content": "?", "tool_calls": None, "name": None}]}]
    (row,) = read_rows(raw)
    assert row.inputs == {"messages": [{"role": "user", "content": "?"}]}
