"""What is typed into the form of a rule, as a draft; and a draft as it stands in the form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, cast

from starlette.datastructures import FormData

from steelyard.errors import AlreadyExists, FilterError, InvalidArgument, SteelyardError
from steelyard.monitor.alarm_times import span_ms
from steelyard.monitor.rules_sequential import check_method
from steelyard.records.alarm import Condition, NoData, RuleDraft, Series, SeriesKind
from steelyard.web.alarmchoices import choice_of, series_of
from steelyard.web.contexts.alarmrules import RuleForm
from steelyard.web.contexts.runs import Problem

_UNITS = ((604_800_000, "w"), (86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"))
_OWN_TAG = "tag."
_FIELDS = (
    ("name of the rule", "name"),
    ("what", "what"),
    ("kind of the series", "what"),
    ("by", "by"),
    ("source", "source"),
    ("method of the series", "distance"),
    ("method=", "method"),
    ("filter", "filter"),
    ("a series of kind", "filter"),
    ("margin", "margin"),
    ("confidence", "confidence"),
    ("false_alarms_per_year", "false_alarms"),
    ("min_n", "min_n"),
    ("low", "low"),
    ("baseline", "baseline"),
    ("a change is against", "baseline"),
    ("the condition has nothing", "value"),
    ("a threshold needs", "value"),
    ("value", "value"),
    ("window_ms", "window"),
    ("every_ms", "every"),
    ("again_ms", "again"),
    ("recover_after", "recover_after"),
    ("channels", "channels"),
    ("there is no channel", "channels"),
    ("name of a channel", "channels"),
    ("note of the rule", "note"),
    ("of a monitor there", "what"),
    ("a series of a model", "what"),
    ("the experiment", "what"),
)
"""How a message of the store begins, and beside which field it stands."""


class Refused(InvalidArgument):
    """What was typed into a field cannot be used; ``args`` are the message and the field."""


def typed_rule(form: FormData) -> RuleForm:
    """Return the fields as they were typed."""
    names = (name for name in RuleForm.__dataclass_fields__ if name != "channels" and name in form)
    given: dict[str, str] = {name: str(form.get(name, "")).strip() for name in names}
    return RuleForm(**given, channels=tuple(dict.fromkeys(map(str, form.getlist("channels")))))


def form_of(draft: RuleDraft) -> RuleForm:
    """Return what stands in the fields of a rule's form."""
    series, condition = draft.series, draft.condition
    fixed = re.fullmatch(r"window:(\d+):(\d+)", condition.baseline)
    return RuleForm(
        name=draft.name,
        series=choice_of(series),
        kind=series.kind,
        by=series.by,
        filter=series.filter_string,
        source=series.source,
        distance=series.method,
        method=condition.method,
        direction=condition.direction,
        value="" if condition.value is None else f"{condition.value:.12g}",
        margin=f"{condition.margin:.12g}",
        baseline="window" if fixed else condition.baseline,
        baseline_from=_as_time(fixed[1]) if fixed else "",
        baseline_to=_as_time(fixed[2]) if fixed else "",
        confidence=f"{100 * condition.confidence:.10g}",
        false_alarms=f"{condition.false_alarms_per_year:.10g}",
        min_n=str(condition.min_n),
        low=f"{condition.low:.12g}",
        high=f"{condition.high:.12g}",
        window=span_of(draft.window_ms),
        every=span_of(draft.every_ms),
        no_data=draft.no_data,
        recover_after=str(draft.recover_after),
        channels=draft.channels,
        severity=draft.severity,
        again=span_of(draft.again_ms) if draft.again_ms else "",
        note=draft.note,
    )


def draft_of(typed: RuleForm) -> RuleDraft:
    """Return the rule that was typed.

    Raises:
        Refused: a field cannot be used.
    """
    series = _series(typed)
    condition = _condition(typed, series)
    if not typed.name:
        raise Refused("The rule needs a name: alarms and messages call it so.", "name")
    try:
        check_method(series, condition)
    except InvalidArgument as error:
        raise Refused(str(error).replace("method='anytime'", "“Every row”"), "method") from error
    return RuleDraft(
        name=typed.name,
        series=series,
        condition=condition,
        window_ms=_span(typed.window, "window"),
        every_ms=_span(typed.every, "every"),
        no_data=cast("NoData", typed.no_data),
        recover_after=_whole(typed.recover_after, "recover_after"),
        channels=typed.channels,
        severity=cast("Literal['warning', 'critical']", typed.severity),
        again_ms=_span(typed.again, "again") if typed.again else 0,
        note=typed.note,
    )


def _series(typed: RuleForm) -> Series:
    kind, what = (typed.kind, typed.what) if typed.what else series_of(typed.series)
    if not what:
        raise Refused("Choose what is watched, or write the name of something that is still to come.", "series")
    return Series(
        kind=cast("SeriesKind", kind),
        what=what,
        filter_string=typed.filter,
        by=f"{_OWN_TAG}{typed.by_tag.removeprefix(_OWN_TAG)}" if typed.by_tag else typed.by,
        source=typed.source if kind == "score" else "",
        method=typed.distance if kind == "drift" else "",
    )


def _condition(typed: RuleForm, series: Series) -> Condition:
    method = typed.method
    # A limit and a baseline can both be typed: the method says which of them counts.
    held = method == "threshold" or (method == "anytime" and not typed.baseline)
    distance = series.kind in ("drift", "judge")
    value = _number(typed.value, "value", series) if typed.value and (held or distance) else None
    if series.kind == "judge" and value is None:
        value = 0.0
    if held and value is None and not distance:
        raise Refused("Write the limit: a number in the unit of what is watched, such as 0.8 or 2000.", "value")
    baseline = _baseline(typed) if series.kind == "drift" or not held else ""
    return Condition(
        method=cast("Literal['threshold', 'change', 'anytime']", method),
        direction=cast("Literal['below', 'above']", typed.direction),
        value=value,
        margin=_number(typed.margin or "0", "margin", series),
        baseline=baseline,
        confidence=_number(typed.confidence.removesuffix("%"), "confidence") / 100,
        false_alarms_per_year=_number(typed.false_alarms, "false_alarms"),
        min_n=_whole(typed.min_n, "min_n"),
        low=_number(typed.low, "low"),
        high=_number(typed.high, "high"),
    )


def _baseline(typed: RuleForm) -> str:
    if typed.baseline != "window":
        return typed.baseline
    return f"window:{_moment(typed.baseline_from, 'baseline_from')}:{_moment(typed.baseline_to, 'baseline_to')}"


def problem_of(error: SteelyardError) -> Problem:
    """Return beside which field an error stands; ``rule`` if it is of the whole."""
    if isinstance(error, Refused):
        return Problem(field=error.args[1], message=error.args[0])
    if isinstance(error, FilterError):
        return Problem(field="filter", message=str(error))
    if isinstance(error, AlreadyExists):
        return Problem(field="name", message=str(error))
    said = str(error)
    low = said.lower().removeprefix("the ")
    field = next((name for start, name in _FIELDS if low.startswith(start.removeprefix("the "))), "rule")
    return Problem(field=field, message=said)


def span_of(milliseconds: int) -> str:
    """Write a length of time as it is typed.

    Examples:
        >>> span_of(3_600_000), span_of(300_000), span_of(90_000_000)
        ('1h', '5m', '25h')
    """
    size, unit = next(((size, unit) for size, unit in _UNITS if milliseconds % size == 0), (1000, "s"))
    return f"{milliseconds / size:g}{unit}"


def _span(text: str, field: str) -> int:
    try:
        return span_ms(text, field)
    except InvalidArgument as error:
        raise Refused(f"{text!r} is no length of time. Write 5m, 1h, 1d or 1w.", field) from error


def _moment(text: str, field: str) -> int:
    try:
        when = datetime.fromisoformat(text)
        return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise Refused(f"{text!r} is no date and time (UTC), such as 2026-05-04T10:30.", field) from error


def _number(text: str, field: str, series: Series | None = None) -> float:
    """Read a number; a share may be written in percent, a time in seconds or milliseconds."""
    plain = text.strip().replace("\N{MINUS SIGN}", "-").removeprefix("$")
    factor = 1.0
    if plain.endswith("%") and series is not None:
        plain, factor = plain.removesuffix("%"), 0.01
    found = re.fullmatch(r"([-+\d.,eE]+)\s*(ms|s)", plain)
    if found is not None and series is not None:
        plain, factor = found[1], 1000.0 if found[2] == "s" else 1.0
    try:
        number = float(plain.replace(",", "")) * factor
    except ValueError as error:
        raise Refused(f"{text!r} is no number.", field) from error
    if not math.isfinite(number):
        raise Refused(f"{text!r} is no finite number.", field)
    return float(f"{number:.12g}")


def _whole(text: str, field: str) -> int:
    try:
        return int(text.replace(",", ""))
    except ValueError as error:
        raise Refused(f"{text!r} is no whole number.", field) from error


def _as_time(milliseconds: str) -> str:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
    except (ValueError, OverflowError, OSError):
        return ""


def changes_between(before: RuleDraft, after: RuleDraft) -> tuple[tuple[str, str, str], ...]:
    """Return what a change made of a rule: (what, before, after)."""
    old, new = _flat(before), _flat(after)
    return tuple((name, old[name] or "nothing", new[name] or "nothing") for name in new if old[name] != new[name])


def _flat(draft: RuleDraft) -> Mapping[str, str]:
    form = form_of(draft)
    told = {
        name: getattr(form, name) for name in RuleForm.__dataclass_fields__ if name not in ("kind", "what", "by_tag")
    }
    return {
        name.replace("_", " "): ", ".join(value) if isinstance(value, tuple) else str(value)
        for name, value in told.items()
    }
