"""Feedback and expectations on traces, as people, judges and programs log them. Every change leaves a history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.records import (
    Assessment,
    AssessmentChange,
    AssessmentError,
    AssessmentSource,
    Expectation,
    Feedback,
    Store,
)
from steelyard.tracing import flush, json_value
from steelyard.tracking.origin import user_name
from steelyard.tracking.stores import get_store

_HUMAN = AssessmentSource("HUMAN")
_CODE = AssessmentSource("CODE")
_NOBODY = _CODE.source_id


def log_feedback(
    *,
    trace_id: str | None = None,
    name: str = "feedback",
    value: Any = None,
    source: AssessmentSource | None = None,
    error: Exception | AssessmentError | str | None = None,
    rationale: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    span_id: str | None = None,
) -> Assessment:
    """Say something about what an application did.

    Args:
        trace_id: the trace; the active one unless told.
        name: what is assessed, such as ``correctness``.
        value: a number, a text, a bool, or a list or mapping of these.
        source: who says so; a program unless told.
        error: why there is no value.
        rationale: the reasons.
        metadata: further facts.
        span_id: the span that is meant, if not the whole trace.

    Returns:
        The feedback as it is kept. If the trace is still open it is kept with the trace.

    Raises:
        InvalidArgument: if there is neither a value nor an error, or the value is none that JSON has.
        NotFound: if there is no such trace.
    """
    feedback = Feedback(
        name=name,
        value=value,
        error=as_error(error),
        source=source or _CODE,
        metadata=dict(metadata or {}),
        span_id=span_id,
        rationale=rationale,
    )
    return log_assessment(trace_id, feedback)


def log_expectation(
    *,
    trace_id: str | None = None,
    name: str,
    value: Any,
    source: AssessmentSource | None = None,
    metadata: Mapping[str, Any] | None = None,
    span_id: str | None = None,
) -> Assessment:
    """Say what an application should have done: ground truth under a name such as ``expected_response``.

    Args:
        trace_id: the trace; the active one unless told.
        name: what is expected.
        value: any JSON value.
        source: who says so; a person unless told.
        metadata, span_id: as for ``log_feedback``.

    Raises:
        InvalidArgument: if there is no value.
        NotFound: if there is no such trace.
    """
    expectation = Expectation(name, value, source=source or _HUMAN, metadata=dict(metadata or {}), span_id=span_id)
    return log_assessment(trace_id, expectation)


def log_assessment(trace_id: str | None, assessment: Assessment) -> Assessment:
    """Keep a ``Feedback`` or an ``Expectation`` with a trace, and return it with its id."""
    return add_to(get_store(), trace_id, assessment)


def get_assessment(trace_id: str, assessment_id: str) -> Assessment:
    """Return an assessment.

    Raises:
        NotFound: if there is none with these ids.
    """
    flush()
    return get_store().assessments.get(trace_id, assessment_id)


def update_assessment(
    trace_id: str, assessment_id: str, assessment: Assessment, *, by: AssessmentSource | None = None
) -> Assessment:
    """Change what an assessment says, and return it. Its name, source and span stay; what it said is kept as history.

    Args:
        trace_id: the trace.
        assessment_id: what is to change.
        assessment: what it says from now on.
        by: who changes it, for the history; the source of ``assessment`` unless told, and whoever runs this if that
            names nobody.

    Raises:
        InvalidArgument: if feedback would become an expectation, or the value cannot be kept.
        NotFound: if there is none with these ids.
    """
    flush()
    return update_in(get_store(), trace_id, assessment_id, assessment, by=by)


def override_feedback(
    *,
    trace_id: str,
    assessment_id: str,
    value: Any,
    rationale: str | None = None,
    source: AssessmentSource | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Assessment:
    """Put other feedback in the place of one that is wrong. The old one is kept, no longer valid.

    Args:
        trace_id: the trace.
        assessment_id: the feedback that is wrong.
        value: what is right.
        rationale: the reasons.
        source: who says so; the person who runs this unless told.
        metadata: further facts.

    Raises:
        InvalidArgument: if it is no feedback.
        NotFound: if there is none with these ids.
    """
    return override_in(
        get_store(), trace_id, assessment_id, value, rationale=rationale, source=source, metadata=metadata
    )


def delete_assessment(trace_id: str, assessment_id: str, *, by: AssessmentSource | None = None) -> None:
    """Delete an assessment. If it took the place of another, that one is valid again.

    Args:
        trace_id: the trace.
        assessment_id: what is to go; its history stays.
        by: who deletes it, for the history; whoever runs this unless told.
    """
    flush()
    get_store().assessments.delete(trace_id, assessment_id, by=by or named(_CODE))


def assessment_history(trace_id: str, assessment_id: str) -> tuple[AssessmentChange, ...]:
    """Return all that an assessment has been, the oldest first: what it said, since when, and who changed it.

    Raises:
        NotFound: if there was never one with these ids.
    """
    flush()
    told = get_store().assessments.history(trace_id, assessment_id)
    return tuple(
        replace(one, source=one.assessment.source) if one.source is None and one.action == "created" else one
        for one in told
    )


def add_to(store: Store, trace_id: str | None, assessment: Assessment) -> Assessment:
    """Keep an assessment in a store, or with its trace if that is still open."""
    from steelyard.tracing import assess_open_trace, get_active_trace_id  # here: they load OpenTelemetry

    found = trace_id or assessment.trace_id or get_active_trace_id()
    if found is None:
        raise InvalidArgument("An assessment needs a trace_id: there is no active trace here.")
    checked = replace(check_assessment(assessment), trace_id=str(found))
    if assess_open_trace(checked):
        return checked
    flush()
    return store.assessments.add([checked])[0]


def update_in(
    store: Store, trace_id: str, assessment_id: str, assessment: Assessment, *, by: AssessmentSource | None
) -> Assessment:
    """See ``update_assessment``."""
    changed = replace(check_assessment(assessment), trace_id=trace_id, assessment_id=assessment_id)
    return store.assessments.update(changed, by=by or named(changed.source))


def named(source: AssessmentSource) -> AssessmentSource:
    """Return a source that names somebody: whoever runs this, where it names nobody."""
    return source if source.source_id != _NOBODY else AssessmentSource(source.source_type, user_name())


def override_in(
    store: Store,
    trace_id: str,
    assessment_id: str,
    value: Any,
    *,
    rationale: str | None,
    source: AssessmentSource | None,
    metadata: Mapping[str, Any] | None,
) -> Assessment:
    """See ``override_feedback``."""
    flush()
    old = store.assessments.get(trace_id, assessment_id)
    if not isinstance(old, Feedback):
        raise InvalidArgument(f"The assessment {assessment_id!r} is an expectation: change it with update_assessment.")
    feedback = Feedback(
        name=old.name,
        value=value,
        source=source or named(_HUMAN),
        trace_id=trace_id,
        metadata=dict(metadata or {}),
        span_id=old.span_id,
        rationale=rationale,
        overrides=assessment_id,
    )
    return store.assessments.add([check_assessment(feedback)])[0]


def check_assessment(assessment: Assessment) -> Assessment:
    """Return an assessment that can be kept, its value in JSON's own types.

    Raises:
        InvalidArgument: saying what is wrong with it.
    """
    if not isinstance(assessment, (Feedback, Expectation)):
        raise InvalidArgument(f"An assessment is a Feedback or an Expectation, not {type(assessment).__name__}.")
    if not isinstance(assessment.name, str) or not assessment.name.strip():
        raise InvalidArgument(f"An assessment needs a name, such as 'correctness', not {assessment.name!r}.")
    if not isinstance(assessment.source, AssessmentSource):
        raise InvalidArgument(f"The source of {assessment.name!r} is an AssessmentSource, not {assessment.source!r}.")
    if isinstance(assessment, Expectation):
        if assessment.value is None:
            raise InvalidArgument(f"The expectation {assessment.name!r} has no value.")
    elif assessment.value is None and assessment.error is None:
        raise InvalidArgument(f"The feedback {assessment.name!r} has neither a value nor an error.")
    return replace(assessment, value=json_value(assessment.value))


def as_error(error: Exception | AssessmentError | str | None) -> AssessmentError | None:
    """Return why there is no value, from whatever says so."""
    if error is None or isinstance(error, AssessmentError):
        return error
    code = type(error).__name__ if isinstance(error, Exception) else "ERROR"
    return AssessmentError(code, str(error))
