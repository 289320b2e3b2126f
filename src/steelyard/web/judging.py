"""From the assessments of a trace to what pages say of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from steelyard.records import (
    Assessment,
    AssessmentChange,
    AssessmentSource,
    Expectation,
    Feedback,
    Store,
    ValueKind,
)
from steelyard.web.contexts.judged import Change, Judged, Said
from steelyard.web.formats import score
from steelyard.web.messages import plain

YES, NO = "yes", "no"
REVIEW = "steelyard.review"
"""The metadata that says whether a person agreed or corrected."""

NOBODY = "default"
"""The source of what a person said who gave no name."""

_LONGEST = 10_000
_FACT, _FACTS = 1_000, 40
_WHO = {"HUMAN": "person", "LLM_JUDGE": "judge", "CODE": "code"}
_HISTORIES = 40


def judged_of(
    store: Store,
    trace_id: str,
    *,
    histories: bool = True,
    reviewer: str = "",
    named: Callable[[str], str] = str,
) -> tuple[Judged, ...]:
    """Return what was said of a trace and its spans, a name at a time, feedback before expectations.

    Args:
        store: where.
        trace_id: of what.
        histories: whether to read what was there before.
        reviewer: who looks, so that what they said themselves is known.
        named: gives the name of a span by its id.
    """
    found = store.assessments.list([trace_id]).get(trace_id, ())
    names: dict[tuple[bool, str, str], list[Assessment]] = {}
    for one in found:
        names.setdefault((isinstance(one, Expectation), one.span_id or "", one.name), []).append(one)
    told = []
    for (expected, span_id, _), group in sorted(names.items(), key=lambda item: (item[0][0], item[0][1] != "")):
        one = _judged(store, trace_id, group, histories=histories, reviewer=reviewer)
        told.append(replace(one, expectation=expected, span_id=span_id, span_name=named(span_id) if span_id else ""))
    return tuple(told)


def _judged(store: Store, trace_id: str, group: Sequence[Assessment], *, histories: bool, reviewer: str) -> Judged:
    standing = sorted(group, key=lambda a: (not a.valid, a.source.source_type != "HUMAN", -a.create_time_ms))
    values = [a.value for a in group if a.value is not None]
    return Judged(
        name=group[0].name,
        kind=kind_of(values),
        said=tuple(said_of(one, reviewer=reviewer) for one in standing),
        choices=tuple(dict.fromkeys(v for v in values if isinstance(v, str)))[:12],
        agreed=any(a.valid and a.source.source_type == "HUMAN" for a in group),
        history=_history(store, trace_id, group) if histories else (),
    )


def kind_of(values: Iterable[Any]) -> ValueKind:
    """Return the kind of some values, as a summary names it.

    Examples:
        >>> kind_of(["yes", "no"]), kind_of([True]), kind_of([0.5, 1]), kind_of(["polite"])
        ('boolean', 'boolean', 'number', 'category')
    """
    seen = [v for v in values if v is not None]
    if not seen:
        return "none"
    if all(truth(v) is not None for v in seen):
        return "boolean"
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in seen):
        return "number"
    if all(isinstance(v, str) for v in seen):
        return "category" if all(len(v) <= 60 for v in seen) else "text"
    return "other"


def truth(value: Any) -> bool | None:
    """Return what a boolean, or a yes or no, says; None for anything else."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    return True if word == YES else False if word == NO else None


def word_of(value: Any) -> str:
    """Write a value: yes or no, a number, a word, else JSON."""
    if value is None:
        return ""
    said = truth(value)
    if said is not None:
        return YES if said else NO
    if isinstance(value, int | float):
        return score(value) if not float(value).is_integer() else f"{value:,.0f}"
    return plain(value, longest=_LONGEST)


def mark_of(value: Any) -> str:
    """Return whether a value says good or bad; only yes and no do."""
    said = truth(value)
    return "" if said is None else "good" if said else "bad"


def said_of(one: Assessment, *, reviewer: str = "") -> Said:
    """Return an assessment as a page tells it, to whoever looks."""
    error = one.error if isinstance(one, Feedback) else None
    raw = json.dumps(one.value, default=str)
    return Said(
        assessment_id=one.assessment_id or "",
        name=one.name,
        kind=kind_of([one.value]),
        value=word_of(one.value),
        mark=mark_of(one.value),
        source=_WHO.get(one.source.source_type, one.source.source_type.lower()),
        source_id="" if one.source.source_id == NOBODY else one.source.source_id,
        rationale=(one.rationale or "")[:_LONGEST] if isinstance(one, Feedback) else "",
        error=(error.error_message or error.error_code) if error else "",
        time=one.create_time_ms,
        valid=one.valid,
        overrides=bool(one.overrides),
        raw=raw if len(raw) <= _LONGEST else "",
        seen=one.last_update_time_ms,
        own=is_own(one, reviewer),
        metadata=tuple((str(k)[:200], plain(v, longest=_FACT)) for k, v in one.metadata.items() if k != REVIEW)[
            :_FACTS
        ],
    )


def is_own(one: Assessment, reviewer: str) -> bool:
    """Whether a person may change an assessment in place: what they said, or what nobody put a name to."""
    return one.source.source_type == "HUMAN" and one.source.source_id in (reviewer or NOBODY, NOBODY)


def _history(store: Store, trace_id: str, group: Sequence[Assessment]) -> tuple[Change, ...]:
    told: list[AssessmentChange] = []
    for one in group[:_HISTORIES]:
        if one.assessment_id:
            told.extend(store.assessments.history(trace_id, one.assessment_id))
    told.sort(key=lambda change: change.time_ms)
    return tuple(
        Change(
            time=change.time_ms,
            action=change.action,
            value=word_of(change.assessment.value),
            by=by_whom(change.source or change.assessment.source),
            why=(change.assessment.rationale or "")[:_FACT] if isinstance(change.assessment, Feedback) else "",
        )
        for change in told
    )


def by_whom(source: AssessmentSource) -> str:
    """Return who said something, as pages tell it."""
    who = _WHO.get(source.source_type, source.source_type.lower())
    return who if source.source_id == NOBODY else f"{who} {source.source_id}"
