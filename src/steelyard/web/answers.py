"""From a form to a person's feedback or expectation: said anew, agreed with, corrected, changed, deleted, brought back.

What stands on a page may be old when its form comes. A form carries what it saw; if somebody was quicker, nothing is
written and both values are told.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from threading import Lock
from typing import Any

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Assessment, AssessmentSource, Expectation, Feedback, Store, ValueKind
from steelyard.web.contexts.judged import Judged, Said
from steelyard.web.judging import NOBODY, REVIEW, by_whom, is_own, kind_of, said_of, truth

_LONGEST = 10_000
_NAME = 250
_one_at_a_time = Lock()
"""Between looking whether somebody was quicker and writing; other processes are looked at just before."""


class Overtaken(InvalidArgument):
    """Somebody changed what a form was about after the form was shown.

    Args:
        theirs: what stands now; None if it was deleted.
        by: who is known to have said it.
        yours: what the form wanted.
    """

    def __init__(self, theirs: Said | None, *, by: str, yours: str) -> None:
        now = f"it is {theirs.value or theirs.error!r} now, by {by}" if theirs else "it was deleted"
        super().__init__(f"This has changed since you opened it: {now}. You wanted {yours!r}. Nothing was written.")
        self.theirs, self.by, self.yours = theirs, by, yours


def keep_answer(store: Store, trace_id: str, form: Mapping[str, str], judged: Judged | None) -> str:
    """Do what a form asks for.

    Args:
        store: where.
        trace_id: of what.
        form: ``action`` is ``agree``, ``correct``, ``add``, ``edit``, ``delete`` or ``restore``; see below.
        judged: what was said under the form's name, for ``agree`` and ``correct``.

    Returns:
        The id of what was deleted, so that it can be brought back; else empty.

    Raises:
        InvalidArgument: something is missing or does not fit; the message is meant for people.
        Overtaken: somebody was quicker.
    """
    action = form.get("action", "")
    with _one_at_a_time:
        if action == "add":
            store.assessments.add([_new(form, trace_id)])
        elif action == "edit":
            _edit(store, trace_id, form)
        elif action == "restore":
            _restore(store, trace_id, form.get("assessment_id", ""))
        elif action == "delete":
            one = _own(store, trace_id, form)
            store.assessments.delete(trace_id, one.assessment_id or "", by=_me(form))
            return one.assessment_id or ""
        else:
            _check_standing(judged, form)
            record_answer(store, answer_of(form, judged, trace_id=trace_id))
    return ""


def _me(form: Mapping[str, str]) -> AssessmentSource:
    return AssessmentSource("HUMAN", form.get("reviewer", "").strip()[:100] or NOBODY)


def _new(form: Mapping[str, str], trace_id: str) -> Assessment:
    """Read something said anew: ``what`` (feedback or expectation), ``name``, ``type``, ``value``, ``span_id``."""
    name = _name(form)
    told = form.get("type", "text")
    text = form.get("truth", "") if told == "boolean" and "truth" in form else form.get("value", "").strip()
    kinds: dict[str, ValueKind] = {"boolean": "boolean", "number": "number", "text": "text", "json": "other"}
    if told not in kinds:
        raise InvalidArgument("Choose whether the value is yes or no, a number, a text or JSON.")
    value = read_value(text, kinds[told], None)
    where: dict[str, Any] = {"trace_id": trace_id, "span_id": form.get("span_id") or None, "source": _me(form)}
    if form.get("what") == "expectation":
        comment = form.get("comment", "").strip()[:_LONGEST]
        return Expectation(name=name, value=value, metadata={"comment": comment} if comment else {}, **where)
    return Feedback(name=name, value=value, rationale=form.get("comment", "").strip()[:_LONGEST] or None, **where)


def _edit(store: Store, trace_id: str, form: Mapping[str, str]) -> None:
    """Change a person's own assessment in place: ``assessment_id``, ``seen``, ``value``, ``comment``."""
    one = _own(store, trace_id, form)
    kind = kind_of([one.value])
    text = form.get("value", "").strip()
    value = read_value(text, "text" if kind in ("none", "category") else kind, one.value)
    comment = form.get("comment", "").strip()[:_LONGEST]
    changed = (
        replace(one, value=value, rationale=comment or None, error=None)
        if isinstance(one, Feedback)
        else replace(one, value=value)
    )
    store.assessments.update(changed, by=_me(form))


def _own(store: Store, trace_id: str, form: Mapping[str, str]) -> Assessment:
    """Return the assessment that a form may change, as it was when the form was shown."""
    try:
        one = store.assessments.get(trace_id, form.get("assessment_id", ""))
    except NotFound as error:
        raise Overtaken(None, by="", yours=form.get("value", "") or "to delete it") from error
    if not is_own(one, form.get("reviewer", "").strip()[:100]):
        raise InvalidArgument(
            f"This was said by {by_whom(one.source)}. Correct it instead: then what was said before stays on record."
        )
    if form.get("seen", "") not in ("", str(one.last_update_time_ms)):
        last = store.assessments.history(trace_id, one.assessment_id or "")[-1]
        raise Overtaken(
            said_of(one),
            by=by_whom(last.source or one.source),
            yours=form.get("value", "") or "to delete it",
        )
    return one


def _restore(store: Store, trace_id: str, assessment_id: str) -> None:
    """Bring back what was deleted, as it was."""
    last = deleted_one(store, trace_id, assessment_id)
    if last is None:
        raise InvalidArgument("There is nothing to bring back. Load the page again.")
    if last.overrides:
        there = {one.assessment_id for one in store.assessments.list([trace_id]).get(trace_id, ())}
        last = last if last.overrides in there else replace(last, overrides=None)
    store.assessments.add([replace(last, valid=True)])


def deleted_one(store: Store, trace_id: str, assessment_id: str) -> Assessment | None:
    """Return an assessment as it was before it was deleted; None if it was not."""
    try:
        told = store.assessments.history(trace_id, assessment_id) if assessment_id else ()
    except NotFound:
        return None
    return told[-1].assessment if told and told[-1].action == "deleted" else None


def _check_standing(judged: Judged | None, form: Mapping[str, str]) -> None:
    """Look whether what a form corrects still stands as it was."""
    if not form.get("seen") or judged is None:
        return
    standing = next((said for said in judged.said if said.valid), None)
    if standing is None:
        raise Overtaken(None, by="", yours=form.get("value", "") or "to agree")
    if (standing.assessment_id, str(standing.seen)) == (form.get("assessment_id", ""), form["seen"]):
        return
    by = f"{standing.source} {standing.source_id}".strip()
    raise Overtaken(standing, by=by, yours=form.get("value", "") or "to agree")


def _name(form: Mapping[str, str]) -> str:
    name = str(form.get("name", "")).strip()
    if not name or len(name) > _NAME:
        raise InvalidArgument(f"A feedback needs a name of at most {_NAME} characters.")
    return name


def answer_of(form: Mapping[str, str], judged: Judged | None, *, trace_id: str) -> Assessment:
    """Read a person's answer from a form.

    Args:
        form: ``name``, ``action`` (``agree`` or ``correct``), ``assessment_id``, ``value``, ``comment``, ``reviewer``.
        judged: what was said under this name.
        trace_id: of what.

    Raises:
        InvalidArgument: something is missing or does not fit; the message is meant for people.
    """
    name, action = _name(form), form.get("action", "")
    valid = [s for s in judged.said if s.valid] if judged else []
    wanted, comment = form.get("assessment_id", ""), form.get("comment", "").strip()[:_LONGEST]
    if action == "agree":
        target = next((s for s in valid if s.assessment_id == wanted), None)
        if target is None or not wanted or target.error or not target.raw:
            raise InvalidArgument("What you agree with is no longer there. Load the page again.")
        value, overrides = json.loads(target.raw), None
    elif action == "correct":
        target = next((s for s in valid if s.source != "person"), next(iter(valid), None))
        kind: ValueKind = judged.kind if judged and judged.kind != "none" else _kind_told(form)
        before = json.loads(target.raw) if target and target.raw else None
        value = read_value(form.get("value", "").strip(), kind, before)
        overrides = target.assessment_id if target else None
        if target is not None and target.raw and not target.error and value == before:
            action, overrides = "agree", None  # the same value with a comment takes nothing's place
    else:
        raise InvalidArgument("Choose to agree or to correct.")
    span_id = judged.span_id or None if judged else None
    made = Feedback(
        name=name,
        value=value,
        source=_me(form),
        trace_id=trace_id,
        span_id=span_id,
        rationale=comment or None,
        overrides=overrides,
        metadata={REVIEW: action},
    )
    if judged is None or not judged.expectation:
        return made
    facts = {REVIEW: action, "comment": comment} if comment else {REVIEW: action}
    return Expectation(
        name=name,
        value=value,
        source=made.source,
        trace_id=trace_id,
        span_id=span_id,
        overrides=overrides,
        metadata=facts,
    )


def record_answer(store: Store, answer: Assessment) -> None:
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


def read_value(text: str, kind: ValueKind, before: Any) -> Any:
    """Return a typed value in the type that is told, and that the value before it had."""
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
        except (ValueError, RecursionError) as error:
            raise InvalidArgument('The value must be JSON, such as [1, 2] or "text" in quotes.') from error
    return text
