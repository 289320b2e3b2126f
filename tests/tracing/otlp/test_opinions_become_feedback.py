"""Evaluation events of OpenTelemetry and annotations of OpenInference become feedback on their span or trace."""

from __future__ import annotations

from typing import Any

import pytest
from openinference.semconv.trace import AnnotationAttributes, EvaluationAttributes, SpanAttributes
from opentelemetry.sdk.trace import Event
from tests.tracing.otlp.sent import START, TRACE_ID, received, sdk_span

from steelyard.records import Assessment, AssessmentError, AssessmentSource, Feedback

SPAN_ID = f"{1:016x}"


def _only(**span: Any) -> Feedback:
    (found,) = _all(**span)
    assert isinstance(found, Feedback)
    return found


def _all(**span: Any) -> tuple[Assessment, ...]:
    (part,) = received(sdk_span(1, **span)).parts
    return part.assessments


def test_an_evaluation_event_is_feedback_on_its_span() -> None:
    told = _only(
        events=[
            Event("other", {}, START),
            Event(
                "gen_ai.evaluation.result",
                {
                    "gen_ai.evaluation.name": "Relevance",
                    "gen_ai.evaluation.score.value": 0.75,
                    "gen_ai.evaluation.score.label": "relevant",
                    "gen_ai.evaluation.explanation": "It is about steelyards.",
                    "gen_ai.response.id": "resp-1",
                },
                START + 2_000_000,
            ),
        ]
    )
    assert (told.name, told.value, told.rationale) == ("Relevance", 0.75, "It is about steelyards.")
    assert (told.trace_id, told.span_id) == (TRACE_ID, SPAN_ID)
    assert told.metadata == {"label": "relevant", "gen_ai.response.id": "resp-1"}
    assert told.create_time_ms == START // 10**6 + 2


def test_an_evaluation_that_failed_has_an_error_and_no_value() -> None:
    facts = {"gen_ai.evaluation.name": "Relevance", "error.type": "timeout"}
    told = _only(events=[Event("gen_ai.evaluation.result", facts, START)])
    assert (told.value, told.error) == (None, AssessmentError("timeout"))


def test_a_label_alone_is_the_value() -> None:
    facts = {"gen_ai.evaluation.name": "Tone", "gen_ai.evaluation.score.label": "kind"}
    assert _only(events=[Event("gen_ai.evaluation.result", facts, START)]).value == "kind"


_KINDS = [(AnnotationAttributes, "ANNOTATION"), (EvaluationAttributes, "EVALUATION")]
_LEVELS = ["", "TRACE_", "SESSION_"]


@pytest.mark.parametrize("level", _LEVELS, ids=["span", "trace", "session"])
@pytest.mark.parametrize(("names", "word"), _KINDS, ids=["annotation", "evaluation"])
def test_an_annotation_of_openinference_is_feedback(names: Any, word: str, level: str) -> None:
    prefix = getattr(SpanAttributes, f"{level}{word}S")

    def key(fact: str) -> str:
        return f"{prefix}.0.{getattr(names, f'{word}_{fact}')}"

    told = _only(
        attributes={
            key("NAME"): "quality",
            key("SCORE"): 0.5,
            key("LABEL"): "fair",
            key("EXPLANATION"): "So so.",
            key("ANNOTATOR_KIND"): "LLM",
            key("IDENTIFIER"): "judge-1",
            key("METADATA"): '{"round": 2}',
            "session.id": "s",
        }
    )
    assert (told.name, told.value, told.rationale) == ("quality", 0.5, "So so.")
    assert told.source == AssessmentSource("LLM_JUDGE", "judge-1")
    assert told.span_id == (None if level else SPAN_ID)
    session = {"session": "s"} if level == "SESSION_" else {}
    assert told.metadata == {"label": "fair", "round": 2, **session}


@pytest.mark.parametrize(
    ("kind", "source"), [("HUMAN", "HUMAN"), ("LLM", "LLM_JUDGE"), ("CODE", "CODE"), ("x", "CODE")]
)
def test_who_annotated_is_kept(kind: str, source: str) -> None:
    told = _only(attributes={"annotations.0.annotation.annotator_kind": kind, "annotations.0.annotation.score": 1.0})
    assert (told.source.source_type, told.name) == (source, "annotation")


def test_what_comes_again_has_the_same_id_and_other_opinions_another() -> None:
    attributes = {f"annotations.{place}.annotation.score": float(place) for place in range(3)}
    events = [Event("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "a"}, START)] * 2
    first, again = (_all(attributes=attributes, events=events) for _ in range(2))
    other = received(sdk_span(2, attributes=attributes, events=events)).parts[0].assessments
    ids = [found.assessment_id for found in (*first, *other)]
    assert first == again
    assert len(set(ids)) == len(ids) == 10
    assert all(name is not None and name.startswith("a-") for name in ids)
