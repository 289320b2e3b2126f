"""What judges, programs and people say of a trace, and the place to agree or to correct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.records import ValueKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One assessment. ``mark`` is ``good``, ``bad`` or empty; times in milliseconds since 1970.

    ``own`` says whether whoever looks may change it: what they said themselves, or what nobody put a name to.
    """

    assessment_id: str
    value: str
    mark: str
    source: str
    source_id: str
    rationale: str
    error: str
    time: int
    valid: bool
    overrides: bool
    raw: str
    """The value as JSON, so that a form can give it back unchanged; empty where it is too long for one."""
    name: str = ""
    kind: ValueKind = "none"
    seen: int = 0
    """When it was changed last, so that a form can tell whether somebody was quicker."""
    own: bool = False
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry of the history of one name: when, what was done, the value then, and by whom."""

    time: int
    action: str
    value: str
    by: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """All that was said under one name.

    Args:
        name: of the feedback or expectation.
        kind: of its values.
        said: what stands first, then what it replaced.
        outcome: how the scorer ended, in a run; empty elsewhere.
        error: why the scorer did not score.
        judged_by: who judges in this run.
        choices: the values that were given under this name.
        agreed: whether a person has agreed with or corrected what stands.
        expectation: whether it is what was expected, not what was said.
        span_id, span_name: the span that is meant; empty for the whole trace.
    """

    name: str
    kind: ValueKind
    said: tuple[Said, ...] = ()
    outcome: str = ""
    error: str = ""
    judged_by: str = ""
    choices: tuple[str, ...] = ()
    agreed: bool = False
    expectation: bool = False
    history: tuple[Change, ...] = ()
    span_id: str = ""
    span_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OvertakenPage:
    """Why an answer was not kept: somebody was quicker. ``again`` are the fields that write it over theirs."""

    message: str
    theirs: Said | None
    by: str
    yours: str
    trace_id: str
    again: Mapping[str, str]
