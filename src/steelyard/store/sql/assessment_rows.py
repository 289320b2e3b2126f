"""Assessments as rows, and back."""

from __future__ import annotations

import math
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.records.assessment import Assessment, AssessmentSource, Expectation, Feedback
from steelyard.store.limits import MAX_KEY, check_name
from steelyard.store.sql.json_text import from_json_as, to_json, to_text

ASSESSMENT_COLUMNS = ("trace", "assessment_id", "kind", "name", "valid", "overrides", "number", "word", "content")
ACTION_COLUMNS = ("action", "action_time", "action_source")
_KINDS: dict[str, type[Feedback] | type[Expectation]] = {"feedback": Feedback, "expectation": Expectation}
_OPTIONAL = ("trace_id", "span_id", "overrides", "assessment_id")


def said(assessment: Assessment) -> dict[str, Any]:
    """Return what an assessment holds beyond the defaults of its class."""
    fields: dict[str, Any] = {"name": assessment.name, "value": assessment.value, "source": assessment.source}
    for name in _OPTIONAL:
        value = getattr(assessment, name)
        if value is not None:
            fields[name] = value
    if assessment.metadata:
        fields["metadata"] = assessment.metadata
    if not assessment.valid:
        fields["valid"] = False
    if assessment.create_time_ms or assessment.last_update_time_ms:
        fields["create_time_ms"] = assessment.create_time_ms
        fields["last_update_time_ms"] = assessment.last_update_time_ms
    if isinstance(assessment, Feedback):
        if assessment.error is not None:
            fields["error"] = assessment.error
        if assessment.rationale is not None:
            fields["rationale"] = assessment.rationale
    return fields


def check_assessment(assessment: Assessment) -> Assessment:
    """Return an assessment whose ids and name can be stored; what it says is checked by ``content_of``."""
    if not isinstance(assessment, Feedback | Expectation):
        msg = f"An assessment is a Feedback or an Expectation, not {type(assessment).__name__}."
        raise InvalidArgument(msg)
    check_name(assessment.name, "assessment name", limit=MAX_KEY)
    for name in _OPTIONAL:
        value = getattr(assessment, name)
        if value is not None:
            check_name(value, name, limit=MAX_KEY)
    rationale = getattr(assessment, "rationale", None)
    if rationale is not None and not isinstance(rationale, str):
        msg = f"The rationale of {assessment.name!r} is a {type(rationale).__name__}: give a text."
        raise InvalidArgument(msg)
    return assessment


def content_of(assessment: Assessment) -> str:
    """Return the whole assessment as JSON."""
    return to_json(said(assessment), f"assessment {assessment.name!r}") or ""


def assessment_row(assessment: Assessment, trace: int, content: str) -> tuple[Any, ...]:
    """Return the values of ``ASSESSMENT_COLUMNS``."""
    return (
        trace,
        assessment.assessment_id,
        assessment.kind,
        assessment.name,
        assessment.valid,
        assessment.overrides,
        _number(assessment.value),
        _word(assessment.value),
        content,
    )


def assessment_from(kind: str, content: str) -> Assessment:
    """Return the assessment of a row."""
    return from_json_as(content, _KINDS[kind])


def source_text(source: AssessmentSource | None) -> str | None:
    """Return who did something as JSON."""
    return to_json(source, "source")


def source_from(text: str | None) -> AssessmentSource | None:
    """Return what ``source_text`` was given."""
    return None if text is None else from_json_as(text, AssessmentSource)


def _number(value: Any) -> float | None:
    """What searches compare with numbers; False and True are 0 and 1."""
    if not isinstance(value, bool | int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _word(value: Any) -> str | None:
    """What searches compare with texts: a text itself, ``true`` and ``false``, lists and mappings as JSON."""
    if isinstance(value, str):
        return to_text(value)
    return (
        None
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool))
        else to_json(value, "value")
    )
