"""What somebody, a judge or a program says about a trace: feedback on what it did, or what was expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

AssessmentKind = Literal["feedback", "expectation"]


class AssessmentSourceType:
    """Who assesses: a person, a model or a program. ``AI_JUDGE`` is an old name of ``LLM_JUDGE``."""

    HUMAN = "HUMAN"
    LLM_JUDGE = "LLM_JUDGE"
    AI_JUDGE = "LLM_JUDGE"
    CODE = "CODE"


@dataclass(frozen=True, slots=True)
class AssessmentSource:
    """Who said it: ``source_type`` as in :class:`AssessmentSourceType`, and which person, model or program."""

    source_type: str
    source_id: str = "default"

    def __post_init__(self) -> None:
        kind = self.source_type.upper()
        object.__setattr__(self, "source_type", "LLM_JUDGE" if kind == "AI_JUDGE" else kind)


@dataclass(frozen=True, slots=True)
class AssessmentError:
    """Why there is no value."""

    error_code: str
    error_message: str | None = None
    stack_trace: str | None = None


_CODE = AssessmentSource("CODE")
_HUMAN = AssessmentSource("HUMAN")


@dataclass(frozen=True, slots=True)
class Feedback:
    """A verdict on a trace or a span: a value, why, and who said so.

    Args:
        name: what is assessed, such as ``correctness``.
        value: a number, a text, a bool, or a list or mapping of these; None if there is an ``error``.
        error: why there is no value.
        source: who says so; a program unless told.
        trace_id: the trace that is meant.
        metadata: further facts, such as the judge's cost.
        span_id: the span that is meant, if not the whole trace.
        rationale: the reasons.
        overrides: the id of the feedback that this one takes the place of.
        valid: whether no other feedback has taken its place.
        assessment_id: given by the store.
        create_time_ms, last_update_time_ms: milliseconds since 1970, given by the store.
    """

    name: str = "feedback"
    value: Any = None
    error: AssessmentError | None = None
    source: AssessmentSource = _CODE
    trace_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    span_id: str | None = None
    rationale: str | None = None
    overrides: str | None = None
    valid: bool = True
    assessment_id: str | None = None
    create_time_ms: int = 0
    last_update_time_ms: int = 0

    kind: ClassVar[AssessmentKind] = "feedback"

    def __post_init__(self) -> None:
        _fill(self, _CODE)
        if isinstance(self.error, (Exception, str)):
            code = type(self.error).__name__ if isinstance(self.error, Exception) else "ERROR"
            object.__setattr__(self, "error", AssessmentError(code, str(self.error)))

    @property
    def feedback(self) -> Feedback:
        return self

    @property
    def error_message(self) -> str | None:
        return None if self.error is None else self.error.error_message

    @property
    def error_code(self) -> str | None:
        return None if self.error is None else self.error.error_code


@dataclass(frozen=True, slots=True)
class Expectation:
    """What was expected of a trace: ground truth under a name such as ``expected_response``.

    Args:
        name: what is expected.
        value: any JSON value.
        source: who says so; a person unless told.
        trace_id, span_id, metadata, assessment_id, create_time_ms, last_update_time_ms: as for :class:`Feedback`.
    """

    name: str
    value: Any
    source: AssessmentSource = _HUMAN
    trace_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    span_id: str | None = None
    overrides: str | None = None
    valid: bool = True
    assessment_id: str | None = None
    create_time_ms: int = 0
    last_update_time_ms: int = 0

    kind: ClassVar[AssessmentKind] = "expectation"

    def __post_init__(self) -> None:
        _fill(self, _HUMAN)

    @property
    def expectation(self) -> Expectation:
        return self


Assessment: TypeAlias = Feedback | Expectation


@dataclass(frozen=True, slots=True)
class AssessmentChange:
    """One entry of an assessment's history: what it was from ``time_ms`` on, and what made it so."""

    assessment: Assessment
    time_ms: int
    action: Literal["created", "updated", "overridden", "restored", "deleted"]
    source: AssessmentSource | None = None


def _fill(assessment: Feedback | Expectation, source: AssessmentSource) -> None:
    """Take None for "not said", as MLflow's callers do."""
    if assessment.source is None:
        object.__setattr__(assessment, "source", source)
    if assessment.metadata is None:
        object.__setattr__(assessment, "metadata", {})
