"""Alarms and rules in words: what is watched, when it is wrong, and what the method promises."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from steelyard.monitor.conditions_words import length, subject
from steelyard.records.alarm import Alarm, Condition, Finding, RuleDraft, Series
from steelyard.web.formats import MINUS, count, duration, level, moment, percent, plural, score, signed, signed_interval

Written = Callable[[float], str]

KINDS = {
    "score": "Scores",
    "traces": "Traffic",
    "drift": "Drift",
    "model": "Models",
    "judge": "Judges",
    "monitor": "Monitors",
}
METHODS = {"threshold": "Limit", "change": "Change", "anytime": "Every row"}
"""What the three methods are called on pages."""

DISTANCES = ("drift", "judge")


def watched_of(series: Series) -> str:
    """Return what a series is, such as ``the error rate by model, where status = 'OK'``.

    Examples:
        >>> watched_of(Series(kind="traces", what="error_rate", by="model", filter_string="tag.env = 'live'"))
        "the error rate, for each model, of traces with tag.env = 'live'"
    """
    parts = [subject(Series(kind=series.kind, what=series.what, method=series.method))]
    if series.source:
        parts.append({"LLM_JUDGE": "by judges", "CODE": "by code", "HUMAN": "by people"}.get(series.source, ""))
    if series.by:
        parts.append(f"for each {series.by.removeprefix('tag.')}")
    if series.filter_string.strip():
        parts.append(f"of traces with {series.filter_string.strip()}")
    return ", ".join(filter(None, parts))


def condition_of(draft: RuleDraft) -> str:
    """Return when a rule rings, as a clause that follows ``rings when``."""
    series, condition = draft.series, draft.condition
    write, side = writer_of(series), condition.direction
    over = f"over {_a(draft.window_ms)}"
    if condition.method == "anytime":
        held = f"lies {side} {_limit(condition, write)}" if not condition.baseline else f"is {_than(condition)}"
        margin = f" by more than {margin_of(condition, series)}" if condition.margin and condition.baseline else ""
        rate = plural(condition.false_alarms_per_year, "false alarm")
        return f"the rows, one after the other, say that it {held}{margin}, with at most {rate} a year"
    if series.kind in DISTANCES:
        limit = "" if not condition.value else f" and above {write(condition.value)}"
        reference = (
            f", held against the rows {_baseline(condition.baseline or 'previous')}" if series.kind == "drift" else ""
        )
        return f"the distance {over} is above its noise floor{limit}{reference}"
    if condition.method == "change":
        margin = f" by more than {margin_of(condition, series)}" if condition.margin else ""
        interval = f"the whole {level(condition.confidence)} interval of the difference"
        return f"it is {_than(condition)}{margin} {over}, and {interval} says so"
    if series.kind == "monitor":
        return f"it is {side} {_limit(condition, write)}"
    return f"the whole {level(condition.confidence)} interval {over} lies {side} {_limit(condition, write)}"


def _a(milliseconds: int) -> str:
    words = length(milliseconds)
    return words if words[:1].isdigit() else f"{'an' if words == 'hour' else 'a'} {words}"


def margin_of(condition: Condition, series: Series, shape: str = "") -> str:
    """Return what is tolerated, as differences are told: in points of shares."""
    if is_share(series, shape):
        return f"{100 * condition.margin:.3g} points"
    return writer_of(series, shape)(condition.margin)


def _limit(condition: Condition, write: Written) -> str:
    return "its limit" if condition.value is None else write(condition.value)


def _than(condition: Condition) -> str:
    return f"{'lower' if condition.direction == 'below' else 'higher'} than it was {_baseline(condition.baseline)}"


def _baseline(baseline: str) -> str:
    if baseline == "previous":
        return "in the window before"
    if baseline == "last_week":
        return "in the same window a week before"
    _, start, end = baseline.split(":")
    return f"from {moment(int(start)).removesuffix(' UTC')} to {moment(int(end))}"


def promise_of(draft: RuleDraft, finding: Finding) -> tuple[str, ...]:
    """Return what the method promises of an alarm, with its numbers, sentence by sentence."""
    series, condition = draft.series, draft.condition
    if finding.kind == "no_data":
        return ("It rang because a window had no rows, and the rule takes that for an alarm; no method is in this.",)
    shape = str(finding.evidence.get("shape", ""))
    write = writer_of(series, shape)
    confidence = _number(finding.evidence.get("confidence"), condition.confidence)
    if condition.method == "anytime":
        return _anytime(draft, finding, shape)
    if series.kind in DISTANCES:
        return (
            "It rang because the distance is beyond its noise floor: what chance alone makes of rows of one source.",
            _held(finding, write),
        )
    tail = f"at most {percent((1 - confidence) / 2)} of the looks"
    many = "Many looks one after the other have many such chances: only “Every row” limits those of all looks together."
    groups = ""
    if not math.isclose(confidence, condition.confidence):
        share = round((1 - condition.confidence) / (1 - confidence)) if confidence < 1 else 1
        groups = f"{plural(share, 'group')} were looked at together, so each is held to {confidence:.4g} (Bonferroni)."
    if condition.method == "change":
        beyond = f"the margin of {margin_of(condition, series, shape)}" if condition.margin else "no change"
        difference = _difference(finding, write, shares=is_share(series, shape))
        why = f"It rang because the whole interval of the difference lies beyond {beyond}: {difference}."
        chance = f"Where nothing has changed by more than that, chance alone does this in {tail}."
        return tuple(filter(None, (why, _was(finding, write), chance, groups, many)))
    bound = f"the bound of the interval, and not only the value, lies {condition.direction} the limit"
    why = f"It rang because {bound}: {_interval(finding, write)}."
    chance = f"Where the truth lies just on the limit, chance alone does this in {tail}; a small sample alarms nobody."
    return tuple(filter(None, (why, _held(finding, write), chance, groups, many)))


def _anytime(draft: RuleDraft, finding: Finding, shape: str) -> tuple[str, ...]:
    condition, write = draft.condition, writer_of(draft.series, shape)
    rate = plural(condition.false_alarms_per_year, "false alarm")
    bar = f"the bar that lets through at most {rate} a year in the mean, for all groups of the rule together"
    told = [
        f"It rang because the evidence of all rows since the test began, look by look, passed {bar}.",
        _was(finding, write) or _held(finding, write),
        f"That holds however often one looks (every {length(draft.every_ms)}): looking more often costs nothing.",
    ]
    if condition.margin:
        told.append(f"Worse by no more than {margin_of(condition, draft.series, shape)} counts as nothing wrong.")
    told.append("It recovers when the rows since speak as clearly for the way back, not when one window looks better.")
    return tuple(filter(None, told))


def _interval(finding: Finding, write: Written) -> str:
    value = "nothing" if finding.value is None else write(finding.value)
    return f"{value} {between(finding.low, finding.high, write)} of {plural(finding.n, 'row')}"


def _difference(finding: Finding, write: Written, *, shares: bool) -> str:
    told = finding.evidence.get("difference")
    if not isinstance(told, dict):
        return _interval(finding, write)
    value, low, high = (_maybe(told.get(key)) for key in ("value", "low", "high"))
    if shares:
        shown = f"{signed(value)} points {signed_interval(low, high)}"
        return f"{shown} of {plural(finding.n, 'row')}"
    shown = "" if value is None else signed_with(value, write)
    ends = "" if low is None or high is None else f" [{signed_with(low, write)}, {signed_with(high, write)}]"
    return f"{shown}{ends} of {plural(finding.n, 'row')}"


def _was(finding: Finding, write: Written) -> str:
    told = finding.evidence.get("baseline")
    if not isinstance(told, dict):
        return ""
    value, low, high = (_maybe(told.get(key)) for key in ("value", "low", "high"))
    if value is None:
        return ""
    start, end = int(told.get("start_ms", 0)), int(told.get("end_ms", 0))
    stretch = f" from {moment(start).removesuffix(' UTC')} to {moment(end)}" if end else ""
    rows = plural(int(told.get("n", 0)), "row")
    return f"The baseline was {write(value)} {between(low, high, write)} of {rows}{stretch}."


def _held(finding: Finding, write: Written) -> str:
    return "" if finding.limit is None else f"It was held against {write(finding.limit)}."


def between(low: float | None, high: float | None, write: Written) -> str:
    """Return an interval, or nothing where there is none."""
    return "" if low is None or high is None else f"[{write(low)}, {write(high)}]"


def writer_of(series: Series, shape: str = "") -> Written:
    """Return what writes the numbers of a series. Whether a score is a share is known of its readings alone.

    Examples:
        >>> writer_of(Series(kind="score", what="polite"))(0.8)
        '0.8'
        >>> writer_of(Series(kind="score", what="polite"), "rate")(0.712)
        '71.2%'
        >>> writer_of(Series(kind="traces", what="duration_p95"))(2300)
        '2.3 s'
    """
    what = series.what
    if series.kind == "traces":
        if what == "error_rate":
            return percent
        if what.startswith("duration"):
            return _time
        return dollars if what == "cost" else _count
    if series.kind == "monitor":
        return _time if what.startswith("delay:") else _count
    if series.kind == "score" and shape == "rate":
        return percent
    return score if shape else lambda value: f"{value:.6g}".replace("-", MINUS)


def is_share(series: Series, shape: str) -> bool:
    """Whether the numbers of a series are shares, whose differences are told in points."""
    return (series.kind == "score" and shape == "rate") or (series.kind == "traces" and series.what == "error_rate")


def signed_with(value: float, write: Written) -> str:
    """Return a difference with its sign."""
    if value == 0 or not math.isfinite(value):
        return write(value)
    return ("+" if value > 0 else MINUS) + write(abs(value))


def dollars(value: float) -> str:
    """Write US dollars.

    Examples:
        >>> dollars(1234.5), dollars(0.25), dollars(0.0012)
        ('$1,234', '$0.25', '$0.0012')
    """
    sign, size = (MINUS if value < 0 else ""), abs(value)
    return sign + (f"${size:,.0f}" if size >= 100 or size == 0 else f"${size:.2f}" if size >= 0.1 else f"${size:.2g}")


def _time(value: float) -> str:
    return duration(value) if value >= 0 else MINUS + duration(-value)


def _count(value: float) -> str:
    return count(round(value)).replace("-", MINUS) if math.isfinite(value) else str(value)


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise


def _maybe(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def headline_of(
    open_: int, acknowledged: int, others: int, *, days: int, rules: int, paused: int, silenced: int
) -> str:
    """Return the answer of the page of alarms in one line.

    Examples:
        >>> headline_of(2, 1, 0, days=7, rules=3, paused=0, silenced=0)
        '2 open, 1 acknowledged; nothing else rang in the last 7 days.'
        >>> headline_of(0, 0, 0, days=7, rules=3, paused=1, silenced=0)
        'Nothing rings, and nothing rang in the last 7 days. 1 rule is paused and watches nothing.'
    """
    now = [f"{count(n)} {word}" for n, word in ((open_, "open"), (acknowledged, "acknowledged")) if n]
    past = f"in the last {days} days"
    if now:
        over = "is over" if others == 1 else "are over"
        rest = f"{plural(others, 'other')} rang {past} and {over}" if others else f"nothing else rang {past}"
        line = f"{', '.join(now)}; {rest}."
    elif others:
        line = f"Nothing rings now; {plural(others, 'alarm')} rang {past} and {'is' if others == 1 else 'are'} over."
    else:
        line = f"Nothing rings, and nothing rang {past}."
    if silenced and now:
        line += f" {count(silenced)} of them {'is' if silenced == 1 else 'are'} silenced."
    if paused:
        line += f" {plural(paused, 'rule is paused and watches', 'rules are paused and watch')} nothing."
    return line if rules or now or others else "Nothing is watched yet: there is no rule."


def lasts(alarm: Alarm) -> bool:
    """Whether an alarm has not ended."""
    return alarm.state in ("open", "acknowledged")


def rules_told(rings: Iterable[int], paused: int, disabled: int) -> str:
    """Return how the rules stand in one line."""
    counts = list(rings)
    if not counts:
        return "There is no rule yet."
    ringing = sum(1 for n in counts if n)
    parts = [f"{plural(len(counts), 'rule')}, {count(ringing) if ringing else 'none'} of them ringing"]
    if paused:
        parts.append(f"{count(paused)} paused by {'itself' if paused == 1 else 'themselves'}")
    if disabled:
        parts.append(f"{count(disabled)} turned off")
    return "; ".join(parts) + "."
