"""What spans say about themselves: ``gen_ai.evaluation.result`` events and OpenInference's annotations, as feedback."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from steelyard.records import Assessment, AssessmentError, AssessmentSource, Feedback, Span
from steelyard.tracing.dialects.reading import loose
from steelyard.tracing.dialects.shape import Shape

_EVENT = "gen_ai.evaluation.result"
_SOURCES = {"HUMAN": "HUMAN", "LLM": "LLM_JUDGE", "CODE": "CODE"}
_PREFIXES = tuple(
    (level, f"{level}{word}s", word) for level in ("", "trace.", "session.") for word in ("annotation", "evaluation")
)

OPINIONATED = tuple(f"{prefix}." for _, prefix, _ in _PREFIXES)
"""Attributes that begin so are opinions."""

NONE: frozenset[str] = frozenset()


def opinions_of_events(span: Span) -> list[Assessment]:
    """Return what a span's events of OpenTelemetry's evaluation convention say about it."""
    found: list[Assessment] = []
    for place, event in enumerate(span.events):
        if event.name != _EVENT:
            continue
        facts = event.attributes
        failure = facts.get("error.type")
        score, label = facts.get("gen_ai.evaluation.score.value"), facts.get("gen_ai.evaluation.score.label")
        found.append(
            Feedback(
                name=str(facts.get("gen_ai.evaluation.name") or "evaluation"),
                value=label if score is None else score,
                error=None if failure is None else AssessmentError(str(failure), _text(facts.get("error.message"))),
                trace_id=span.trace_id,
                span_id=span.span_id,
                rationale=_text(facts.get("gen_ai.evaluation.explanation")),
                metadata=_more(
                    label=label if score is not None else None,
                    **{"gen_ai.response.id": facts.get("gen_ai.response.id")},
                ),
                assessment_id=_id(span, f"event:{place}"),
                create_time_ms=event.timestamp // 1_000_000,
                last_update_time_ms=event.timestamp // 1_000_000,
            )
        )
    return found


def opinions_of_attributes(span: Span, shape: Shape, *, session: str | None) -> list[Assessment]:
    """Return OpenInference's annotations and evaluations: of the span, of its trace, or of its session."""
    return list(_opinions(span, shape, session))


def _opinions(span: Span, shape: Shape, session: str | None) -> Iterator[Assessment]:
    time_ms = (span.end_time_ns or span.start_time_ns) // 1_000_000
    for level, prefix, kind in _PREFIXES:
        for place, item in enumerate(shape.unflattened(span.attributes, prefix)):
            said = item.get(kind)
            if not isinstance(said, Mapping):
                continue
            score, label = said.get("score"), said.get("label")
            about = {"session": session or ""} if level == "session." else {}
            further = loose(said.get("metadata"))
            yield Feedback(
                name=str(said.get("name") or kind),
                value=label if score is None else score,
                source=_source(said),
                trace_id=span.trace_id,
                span_id=None if level else span.span_id,
                rationale=_text(said.get("explanation")),
                metadata=_more(label=label if score is not None else None, **about)
                | (further if isinstance(further, dict) else _more(metadata=further)),
                assessment_id=_id(span, f"{prefix}:{place}:{said.get('name')}"),
                create_time_ms=time_ms,
                last_update_time_ms=time_ms,
            )


def _source(said: Mapping[str, Any]) -> AssessmentSource:
    kind = _SOURCES.get(str(said.get("annotator_kind") or "").upper(), "CODE")
    return AssessmentSource(kind, _text(said.get("identifier")) or "default")


def _more(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _id(span: Span, which: str) -> str:
    """Return an id that is the same whenever the same span comes again."""
    told = f"{span.trace_id}/{span.span_id}/{which}".encode(errors="surrogatepass")
    return "a-" + hashlib.sha256(told).hexdigest()[:32]
