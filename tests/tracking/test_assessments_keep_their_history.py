"""Feedback and expectations: what may be logged, how it changes, and that nothing it was is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import steelyard
from steelyard import tracing
from steelyard.entities import AssessmentError, AssessmentSource, Expectation, Feedback
from steelyard.errors import InvalidArgument, NotFound
from steelyard.tracking.trace_writing import writer


@pytest.fixture
def trace_id(store_uri: str) -> Iterator[str]:
    before = tracing.set_sink(writer)
    with steelyard.start_span("answer") as span:
        span.set_outputs("42")
    yield span.trace_id
    tracing.flush()
    tracing.set_sink(before)
    tracing.reset()


def _of(trace_id: str) -> tuple[Any, ...]:
    found = steelyard.get_trace(trace_id)
    assert found is not None
    return found.info.assessments


def test_feedback_comes_back_as_it_was_given(trace_id: str) -> None:
    judge = AssessmentSource("LLM_JUDGE", "gpt")
    made = steelyard.log_feedback(
        trace_id=trace_id,
        name="correctness",
        value=np.bool_(True),
        source=judge,
        rationale="It says so.",
        metadata={"cost": 0.1},
    )
    assert isinstance(made, Feedback)
    assert (made.value, made.source, made.rationale, made.valid) == (True, judge, "It says so.", True)
    assert made.assessment_id is not None
    assert _of(trace_id) == (made,)
    assert steelyard.get_assessment(trace_id, made.assessment_id) == made


def test_sources_are_programs_for_feedback_and_people_for_expectations(trace_id: str) -> None:
    assert steelyard.log_feedback(trace_id=trace_id, value=1).source.source_type == "CODE"
    expected = steelyard.log_expectation(trace_id=trace_id, name="expected_response", value={"a": [1]})
    assert (expected.source.source_type, expected.value) == ("HUMAN", {"a": [1]})


def test_an_error_stands_in_the_place_of_a_value(trace_id: str) -> None:
    by_exception = steelyard.log_feedback(trace_id=trace_id, error=TimeoutError("too slow"))
    by_record = steelyard.log_feedback(trace_id=trace_id, error=AssessmentError("E1", "bad"))
    assert isinstance(by_exception, Feedback)
    assert isinstance(by_record, Feedback)
    assert (by_exception.error_code, by_exception.error_message) == ("TimeoutError", "too slow")
    assert (by_record.value, by_record.error_code) == (None, "E1")


def test_feedback_of_an_open_trace_is_kept_with_it(trace_id: str) -> None:
    with steelyard.start_span("open") as span:
        steelyard.log_feedback(name="inside", value=5)
        steelyard.log_expectation(trace_id=span.trace_id, name="expected", value="x")
    assert [(one.name, one.value, one.trace_id) for one in _of(span.trace_id)] == [
        ("inside", 5, span.trace_id),
        ("expected", "x", span.trace_id),
    ]


def test_an_update_keeps_what_was_said_before(trace_id: str) -> None:
    made = steelyard.log_feedback(trace_id=trace_id, name="ok", value="yes", metadata={"a": 1})
    assert made.assessment_id is not None
    changed = steelyard.update_assessment(
        trace_id, made.assessment_id, Feedback(name="ignored", value="no", metadata={"b": 2})
    )
    assert (changed.name, changed.value, changed.metadata) == ("ok", "no", {"a": 1, "b": 2})
    history = steelyard.assessment_history(trace_id, made.assessment_id)
    assert [(step.action, step.assessment.value) for step in history] == [("created", "yes"), ("updated", "no")]


def test_an_override_takes_the_place_and_gives_it_back_when_it_is_deleted(trace_id: str) -> None:
    wrong = steelyard.log_feedback(trace_id=trace_id, name="ok", value=True)
    assert wrong.assessment_id is not None
    right = steelyard.override_feedback(
        trace_id=trace_id, assessment_id=wrong.assessment_id, value=False, rationale="No."
    )
    assert right.assessment_id is not None
    assert (right.name, right.value, right.overrides) == ("ok", False, wrong.assessment_id)
    assert right.source.source_type == "HUMAN"
    assert {one.assessment_id: one.valid for one in _of(trace_id)} == {
        wrong.assessment_id: False,
        right.assessment_id: True,
    }
    steelyard.delete_assessment(trace_id, right.assessment_id)
    assert [(one.value, one.valid) for one in _of(trace_id)] == [(True, True)]
    actions = [step.action for step in steelyard.assessment_history(trace_id, wrong.assessment_id)]
    assert actions == ["created", "overridden", "restored"]


def test_what_cannot_be_kept_is_refused_with_a_reason(trace_id: str) -> None:
    expectation = steelyard.log_expectation(trace_id=trace_id, name="e", value=1)
    refused: list[tuple[str, Any]] = [
        ("neither a value nor an error", lambda: steelyard.log_feedback(trace_id=trace_id, name="ok")),
        ("has no value", lambda: steelyard.log_expectation(trace_id=trace_id, name="ok", value=None)),
        ("needs a name", lambda: steelyard.log_feedback(trace_id=trace_id, name=" ", value=1)),
        ("AssessmentSource", lambda: steelyard.log_feedback(trace_id=trace_id, value=1, source="HUMAN")),  # type: ignore[arg-type]
        ("needs a trace_id", lambda: steelyard.log_feedback(value=1)),
        ("not dict", lambda: steelyard.tracking.log_assessment(trace_id, {"value": 1})),  # type: ignore[arg-type]
        (
            "is an expectation",
            lambda: steelyard.override_feedback(
                trace_id=trace_id, assessment_id=str(expectation.assessment_id), value=1
            ),
        ),
    ]
    for message, call in refused:
        with pytest.raises(InvalidArgument, match=message):
            call()
    with pytest.raises(NotFound):
        steelyard.log_feedback(trace_id="tr-" + "0" * 32, value=1)
    with pytest.raises(NotFound):
        steelyard.get_assessment(trace_id, "a-none")
    assert len(_of(trace_id)) == 1


def test_assessments_are_found_by_name_and_kind(trace_id: str) -> None:
    steelyard.log_feedback(trace_id=trace_id, name="ok", value="no")
    steelyard.log_assessment(trace_id, Expectation("expected", "x"))
    found = steelyard.search_traces(
        return_type="list", experiment_ids=["0"], filter_string="feedback.ok = 'no' AND expectation.expected = 'x'"
    )
    (made,) = found
    assert [one.name for one in made.search_assessments(type="feedback")] == ["ok"]  # type: ignore[union-attr]


def test_the_history_says_who_made_each_change_when_and_what_it_was_before(
    trace_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    judge, ben = AssessmentSource("LLM_JUDGE", "gpt"), AssessmentSource("HUMAN", "ben")
    first = steelyard.log_feedback(trace_id=trace_id, name="ok", value=1, source=judge)
    this = str(first.assessment_id)
    steelyard.update_assessment(trace_id, this, Feedback(name="ok", value=2, source=ben))
    steelyard.update_assessment(trace_id, this, Feedback(name="ok", value=3))
    over = steelyard.override_feedback(trace_id=trace_id, assessment_id=this, value=4)
    steelyard.delete_assessment(trace_id, str(over.assessment_id))
    steelyard.delete_assessment(trace_id, this, by=ben)
    told = steelyard.assessment_history(trace_id, this)
    assert [(step.action, step.assessment.value, step.assessment.valid, step.source) for step in told] == [
        ("created", 1, True, judge),
        ("updated", 2, True, ben),
        ("updated", 3, True, AssessmentSource("CODE", "ann")),
        ("overridden", 3, False, AssessmentSource("HUMAN", "ann")),
        ("restored", 3, True, AssessmentSource("CODE", "ann")),
        ("deleted", 3, True, ben),
    ]
    assert {step.assessment.source for step in told} == {judge}
    assert [step.time_ms for step in told] == sorted(step.time_ms for step in told)
    other = steelyard.assessment_history(trace_id, str(over.assessment_id))
    assert [(step.action, step.assessment.value, step.source) for step in other] == [
        ("created", 4, AssessmentSource("HUMAN", "ann")),
        ("deleted", 4, AssessmentSource("CODE", "ann")),
    ]


def test_a_client_leaves_the_same_history(trace_id: str, store_uri: str) -> None:
    client, ben = steelyard.MlflowClient(store_uri), AssessmentSource("HUMAN", "ben")
    made = client.log_feedback(trace_id, "ok", 1, source=ben)
    client.update_assessment(trace_id, str(made.assessment_id), Feedback(name="ok", value=2, source=ben))
    client.delete_assessment(trace_id, str(made.assessment_id), by=ben)
    told = steelyard.assessment_history(trace_id, str(made.assessment_id))
    assert [(step.action, step.source) for step in told] == [("created", ben), ("updated", ben), ("deleted", ben)]
