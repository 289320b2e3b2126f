"""One view stands in for ctx, test_case, sample, run, item and row."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from steelyard.records import Case
from steelyard.scorers import CaseView, as_scorer, assess

CASE = Case(
    inputs={"question": "Why?"},
    outputs="Because.",
    expectations={"expected_response": "So."},
    metadata={"topic": "causes"},
    row_id="row-7",
)


def test_pydantic_evals_context() -> None:
    ctx = CaseView(CASE)
    assert (ctx.inputs, ctx.output, ctx.expected_output, ctx.metadata) == (
        CASE.inputs,
        "Because.",
        "So.",
        {"topic": "causes"},
    )
    assert (ctx.name, ctx.attributes, ctx.metrics, ctx.duration) == ("row-7", {}, {}, None)


def test_the_duration_is_that_of_the_trace(make: Any) -> None:
    assert CaseView(Case(trace=make.trace(make.span("a"), execution_duration=1500.0))).duration == 1.5


def test_langsmith_run_and_example() -> None:
    def correct(run: Any, example: Any) -> bool:
        return (
            run.outputs == "Because." and example.outputs["expected_response"] == "So." and example.inputs == run.inputs
        )

    assert assess(as_scorer(correct), CASE)[0].value is True


def test_a_row_is_a_mapping_and_names_without_a_value_are_none() -> None:
    row = CaseView(CASE)
    assert (row["question"], row["topic"], row.get("nothing", 3), "question" in row) == ("Why?", "causes", 3, True)
    assert (row.retrieval_context, row.trace, row.error) == (None, None, None)
    assert set(row) == {
        "inputs",
        "outputs",
        "expectations",
        "metadata",
        "tags",
        "question",
        "expected_response",
        "topic",
    }
    assert len(row) == 8


def test_a_name_that_the_row_does_not_have_is_told_with_those_it_has() -> None:
    with pytest.raises(AttributeError, match=r"no 'qestion'; it has: .*question"):
        _ = CaseView(CASE).qestion
    with pytest.raises(KeyError):
        CaseView(CASE)["qestion"]


def test_a_field_of_the_row_goes_before_a_fact_of_the_case() -> None:
    assert CaseView(Case(inputs={"name": "Ada"}, row_id="r")).name == "Ada"


def test_a_view_can_be_copied() -> None:
    assert copy.copy(CaseView(CASE)).output == "Because."
    assert pickle.loads(pickle.dumps(CaseView(CASE))).output == "Because."
