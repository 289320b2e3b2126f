"""What was found, in one sentence for people, with its numbers."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from steelyard.monitor.conditions import Judged
from steelyard.monitor.series_reading import Reading
from steelyard.records import AlarmRule, Condition, Series

_TRACES = {
    "count": "the number of traces",
    "error_rate": "the error rate",
    "input_tokens": "the sum of input tokens",
    "output_tokens": "the sum of output tokens",
    "cost": "the cost",
}
_MONITORS = {"backlog": "the backlog of {}", "delay": "the delay of {}", "failures": "failures in a row of {}"}
_LENGTHS = ((604_800_000, "week"), (86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second"))


def subject(series: Series, group: str = "") -> str:
    """Return what is watched, such as ``the error rate where model is small``.

    Examples:
        >>> subject(Series(kind="traces", what="duration_p95"), "")
        'the 95th percentile of durations'
        >>> subject(Series(kind="score", what="correctness", by="tag.topic"), "billing")
        'correctness where topic is billing'
    """
    return _named(series) + (f" where {series.by.removeprefix('tag.')} is {group}" if series.by else "")


def _named(series: Series) -> str:
    what = series.what
    if series.kind == "traces":
        return _TRACES.get(what, f"the {what.removeprefix('duration_p')}th percentile of durations")
    if series.kind == "drift":
        return f"the drift of {what}" + (f" ({series.method})" if series.method else "")
    if series.kind == "model":
        model, _, metric = what.rpartition("/")
        return f"{metric} of {model}" if model else metric
    if series.kind == "judge":
        return f"the distance of the judge {what} from what it said of its anchors"
    if series.kind == "monitor":
        part, _, name = what.partition(":")
        return _MONITORS.get(part, "{}").format(name)
    return what


def measured(reading: Reading, ends: tuple[float | None, float | None] | None = None) -> str:
    """Return a number with its interval and its rows, such as ``0.71 [0.66, 0.76] (n=312)``.

    Args:
        reading: whose.
        ends: another interval than the reading's own.

    Examples:
        >>> measured(Reading(shape="rate", value=0.7115, low=0.6589, high=0.7591, n=312))
        '0.71 [0.66, 0.76] (n=312)'
        >>> measured(Reading(shape="total", value=12.5, n=4100, unit="USD"))
        '$12.50 (n=4,100)'
    """
    low, high = (reading.low, reading.high) if ends is None else ends
    value = reading.value
    if value is None:
        return "nothing"
    width = abs(high - low) if low is not None and high is not None else 0.0
    decimals = 0 if reading.shape == "count" else _decimals(width, value)
    rows = "" if reading.shape in ("level", "count") else f" (n={reading.n:,}{_errors(reading.errors)})"
    if reading.shape in ("total", "level"):
        return f"{_unit(_total(value), reading.unit)}{rows}"
    if low is None and high is None:
        return f"{_unit(_number(value, decimals), reading.unit)}{rows}"
    shown = f"[{_end(low, decimals)}, {_end(high, decimals)}]"
    return f"{_unit(_number(value, decimals), reading.unit)} {shown}{rows}"


def sentence(
    rule: AlarmRule, reading: Reading, judged: Judged, *, baseline: Reading | None = None, more: str = ""
) -> str:
    """Return what a look found of one group.

    Args:
        rule: which looked.
        reading: of the window.
        judged: what the condition says of it.
        baseline: what it was held against.
        more: what is added behind it, a clause of its own.
    """
    series, condition = rule.draft.series, rule.draft.condition
    name, when = subject(series, reading.group), _when(reading, series)
    if judged.kind == "no_data":
        return _finished(f"There is nothing to tell {name} {when}", reading.note, more)
    own = measured(reading, (judged.low, judged.high))
    held = _held_against(series, reading, baseline) if baseline is not None and baseline.value is not None else ""
    verb = _verb(judged, reading, baseline, condition)
    limit = "" if held else _limit(judged, reading, condition)
    return _finished(f"{name} {verb} {own} {when}{held}{limit}", _why(judged, condition), reading.note, more)


def _verb(judged: Judged, reading: Reading, baseline: Reading | None, condition: Condition) -> str:
    if judged.kind == "bad" and baseline is not None and baseline.value is not None:
        return "fell to" if condition.direction == "below" else "rose to"
    return "is"


def _held_against(series: Series, reading: Reading, baseline: Reading) -> str:
    """Say what was; a count or a sum of a stretch of another length also as it would be for this one."""
    span, before = reading.end_ms - reading.start_ms, baseline.end_ms - baseline.start_ms
    pace = ""
    if reading.shape in ("count", "total") and span != before and before > 0:
        scaled = (baseline.value or 0.0) * span / before
        pace = f", or {_unit(_total(scaled), baseline.unit)} in as long"
    return f"; it was {measured(baseline)} {_baseline_when(reading, baseline)}{pace}"


def _limit(judged: Judged, reading: Reading, condition: Condition) -> str:
    if judged.limit is None:
        return ""
    shown = _unit(_total(judged.limit), reading.unit)
    side = condition.direction if reading.floor is None else "above"
    if reading.floor is None:
        return f": {side} {shown}" if judged.kind == "bad" else f"; the alarm is for {side} {shown}"
    if judged.limit == reading.floor:
        return f": {'above' if judged.kind == 'bad' else 'within'} its noise floor of {shown}"
    known = f"{shown} (its noise floor is {_total(reading.floor)})"
    return f": {side} {known}" if judged.kind == "bad" else f"; the alarm is for {side} {known}"


def _why(judged: Judged, condition: Condition) -> str:
    match judged.why:
        case "few":
            return f"too few rows to say more: {condition.min_n:,} are needed"
        case "few_baseline":
            return f"the baseline has too few rows: {condition.min_n:,} are needed"
        case "straddles":
            return "the limit lies within the interval, so neither can be said"
        case "worse_within":
            return "it is worse, but perhaps by no more than the margin"
        case "no_baseline":
            return "there is nothing to hold it against"
        case "no_interval":
            return "too few rows lie beyond it for an interval"
        case "missing":
            return "rows without a value could make it wrong, were they bad"
        case "shapes":
            return "the baseline is of another kind (verdicts against numbers), so they cannot be compared"
        case _:
            return ""


def _finished(text: str, *clauses: str) -> str:
    """Return one sentence; names of scores and models are left as they are, also where they begin it."""
    begun = "The" + text[3:] if text.startswith("the ") else text
    return "; ".join([begun, *filter(None, clauses)]) + "."


def _when(reading: Reading, series: Series) -> str:
    if series.kind == "monitor":
        return "now"
    if series.kind == "judge":
        return "by its last reading"
    return f"in the last {length(reading.end_ms - reading.start_ms)}"


def _baseline_when(reading: Reading, baseline: Reading) -> str:
    span = baseline.end_ms - baseline.start_ms
    if baseline.end_ms == reading.start_ms:
        return f"in the {length(span)} before"
    if reading.start_ms - baseline.start_ms == _LENGTHS[0][0] and span == reading.end_ms - reading.start_ms:
        return f"in the same {length(span)} a week before"
    return f"from {_moment(baseline.start_ms)} to {_moment(baseline.end_ms)} UTC"


def length(milliseconds: int) -> str:
    """Return a stretch of time in words.

    Examples:
        >>> length(3_600_000), length(300_000), length(86_400_000 * 7), length(5_400_000)
        ('hour', '5 minutes', 'week', '90 minutes')
    """
    for size, name in _LENGTHS:
        if milliseconds >= size and milliseconds % size == 0:
            count = milliseconds // size
            return name if count == 1 else f"{count} {name}s"
    return f"{milliseconds / 1000:g} seconds"


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _errors(errors: int) -> str:
    return f", {errors:,} more without a value" if errors else ""


def _decimals(width: float, value: float) -> int:
    """Return decimals that show the interval's width, or the number, to two figures."""
    size = width if width > 0 else abs(value)
    if not size > 0 or not math.isfinite(size):
        return 2
    return min(max(1 - math.floor(math.log10(size)), 0), 12)


def _number(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}".replace("-", "\u2212")


def _total(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"


def _end(end: float | None, decimals: int) -> str:
    return "?" if end is None else _number(end, decimals)


def _unit(text: str, unit: str) -> str:
    """Return a number with its unit; money has cents, or none at all if it is less."""
    if unit != "USD":
        return f"{text} {unit}" if unit in ("ms", "tokens") else text
    whole, dot, cents = text.partition(".")
    return f"${text}" if len(cents) >= 2 or "e" in text else f"${whole}.{(cents if dot else '').ljust(2, '0')}"
