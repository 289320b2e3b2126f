"""From the assessments of a trace to what pages say of them, and back from a form to a person's feedback."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from steelyard.errors import InvalidArgument
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

_LONGEST = 10_000
_WHO = {"HUMAN": "person", "LLM_JUDGE": "judge", "CODE": "code"}
_HISTORIES = 40


def judged_of(store: Store, trace_id: str, *, histories: bool = True) -> tuple[Judged, ...]:
    """Return what was said of a trace, a name at a time, feedback before expectations."""
    found = store.assessments.list([trace_id]).get(trace_id, ())
    names: dict[tuple[bool, str], list[Assessment]] = {}
    for one in found:
        names.setdefault((isinstance(one, Expectation), one.name), []).append(one)
    return tuple(
        _judged(store, trace_id, name, group, histories=histories)
        for (_, name), group in sorted(names.items(), key=lambda item: item[0][0])
    )


def _judged(store: Store, trace_id: str, name: str, group: Sequence[Assessment], *, histories: bool) -> Judged:
    standing = sorted(group, key=lambda a: (not a.valid, a.source.source_type != "HUMAN", -a.create_time_ms))
    values = [a.value for a in group if a.value is not None]
    told = _history(store, trace_id, group) if histories else ()
    return Judged(
        name=name,
        kind=kind_of(values),
        said=tuple(_said(one) for one in standing),
        choices=tuple(dict.fromkeys(v for v in values if isinstance(v, str)))[:12],
        agreed=any(a.valid and a.source.source_type == "HUMAN" for a in group),
        expectation=isinstance(group[0], Expectation),
        history=told,
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


def _said(one: Assessment) -> Said:
    error = one.error if isinstance(one, Feedback) else None
    return Said(
        assessment_id=one.assessment_id or "",
        value=word_of(one.value),
        mark=mark_of(one.value),
        source=_WHO.get(one.source.source_type, one.source.source_type.lower()),
        source_id="" if one.source.source_id == "default" else one.source.source_id,
        rationale=(one.rationale or "")[:_LONGEST] if isinstance(one, Feedback) else "",
        error=(error.error_message or error.error_code) if error else "",
        time=one.create_time_ms,
        valid=one.valid,
        overrides=bool(one.overrides),
        raw=json.dumps(one.value, default=str)[:_LONGEST],
    )


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
            by=_by(change.source or change.assessment.source),
        )
        for change in told
    )


def _by(source: AssessmentSource) -> str:
    who = _WHO.get(source.source_type, source.source_type.lower())
    return who if source.source_id == "default" else f"{who} {source.source_id}"


def answer_of(form: Mapping[str, Any], judged: Judged | None, *, trace_id: str) -> Feedback:
    """Read a person's answer from a form.

    Args:
        form: ``name``, ``action`` (``agree`` or ``correct``), ``assessment_id``, ``value``, ``comment``, ``reviewer``.
        judged: what was said under this name.
        trace_id: of what.

    Raises:
        InvalidArgument: something is missing or does not fit; the message is meant for people.
    """
    name, action = str(form.get("name", "")).strip(), str(form.get("action", ""))
    if not name or len(name) > 250:
        raise InvalidArgument("A feedback needs a name of at most 250 characters.")
    valid = [s for s in judged.said if s.valid] if judged else []
    wanted = str(form.get("assessment_id", ""))
    comment = str(form.get("comment", "")).strip()[:_LONGEST]
    source = AssessmentSource("HUMAN", str(form.get("reviewer", "")).strip()[:100] or "default")
    if action == "agree":
        target = next((s for s in valid if s.assessment_id == wanted), None)
        if target is None or not wanted or target.error:
            raise InvalidArgument("What you agree with is no longer there. Load the page again.")
        value, overrides = json.loads(target.raw), None
    elif action == "correct":
        target = next((s for s in valid if s.source != "person"), next(iter(valid), None))
        kind: ValueKind = judged.kind if judged and judged.kind != "none" else _kind_told(form)
        value = _read_value(str(form.get("value", "")).strip(), kind, json.loads(target.raw) if target else None)
        overrides = target.assessment_id if target else None
        if target is not None and not target.error and value == json.loads(target.raw):
            action, overrides = "agree", None  # the same value with a comment takes nothing's place
    else:
        raise InvalidArgument("Choose to agree or to correct.")
    return Feedback(
        name=name,
        value=value,
        source=source,
        trace_id=trace_id,
        rationale=comment or None,
        overrides=overrides,
        metadata={REVIEW: action},
    )


def record_answer(store: Store, answer: Feedback) -> None:
    """Keep a person's answer. A correction takes the place of what that person had agreed with before."""
    trace_id = answer.trace_id or ""
    before = store.assessments.list([trace_id]).get(trace_id, ())
    store.assessments.add([answer])
    for one in before:
        agreed = isinstance(one, Feedback) and one.metadata.get(REVIEW) == "agree"
        if one.name == answer.name and one.source == answer.source and agreed and one.valid and one.assessment_id:
            store.assessments.delete(trace_id, one.assessment_id, by=answer.source)


def _kind_told(form: Mapping[str, Any]) -> ValueKind:
    told = str(form.get("kind", ""))
    return told if told in ("boolean", "number", "category") else "text"  # type: ignore[return-value]


def _read_value(text: str, kind: ValueKind, before: Any) -> Any:
    """Return a typed value in the type that the judge used."""
    if not text:
        raise InvalidArgument("Say what the right value is.")
    if len(text) > _LONGEST:
        raise InvalidArgument(f"A value may have {_LONGEST:,} characters.")
    if kind == "boolean":
        said = truth(text)
        if said is None:
            raise InvalidArgument(f"The value must be yes or no, not {text!r}.")
        return text.lower() if isinstance(before, str) else said
    if kind == "number":
        try:
            number = float(text.replace("\N{MINUS SIGN}", "-"))
        except ValueError as error:
            raise InvalidArgument(f"The value must be a number, not {text!r}.") from error
        if not math.isfinite(number):
            raise InvalidArgument("The value must be a finite number.")
        return int(number) if isinstance(before, int) and number.is_integer() else number
    if kind == "other":
        try:
            return json.loads(text)
        except ValueError as error:
            raise InvalidArgument("The value must be JSON, as it was before.") from error
    return text
