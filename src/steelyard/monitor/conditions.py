"""When a reading counts as wrong: by the bound of its interval, or by the interval of its difference to a baseline.

Intervals are two-sided and only one of their ends can raise an alarm. At ``confidence`` 0.95 a series that lies just on
the limit is therefore called bad by at most 2.5% of the looks. One look at several groups is a family: each is
judged at 1 − (1 − confidence)/groups (Bonferroni), so that this holds for the look and not only for each group. It says
nothing of many looks one after the other: that is what ``anytime`` is for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from steelyard.metrics.drift.drift import LEVEL
from steelyard.metrics.intervals import mean_t
from steelyard.monitor.conditions_ends import Ends, ends_of
from steelyard.monitor.series_reading import Reading, standard_error
from steelyard.monitor.series_traces import PARTS
from steelyard.records import Condition, FindingKind

Why = Literal["", "few", "straddles", "no_baseline", "few_baseline", "no_interval", "shapes", "worse_within", "missing"]
"""Why nothing can be said: too few rows, the interval holds the limit, and so on; ``conditions_words`` puts it so."""

SAMPLES = frozenset({"rate", "mean", "quantile", "estimate", "distance"})
"""Shapes of which a few rows say little: ``min_n`` is for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a condition says of a reading.

    Args:
        kind: as in ``Finding``.
        limit: what it was held against.
        low, high: the interval that decided, at ``confidence``.
        confidence: of the intervals, corrected for the number of groups.
        difference, difference_low, difference_high: reading minus baseline, where there is one.
        why: of ``unsure``, the reason.
    """

    kind: FindingKind
    limit: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float = 0.95
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    why: Why = ""


def corrected(confidence: float, family: int) -> float:
    """Return the confidence at which each of a family is judged (Bonferroni).

    Examples:
        >>> round(corrected(0.95, 10), 6)
        0.995
    """
    return 1.0 - (1.0 - confidence) / max(family, 1)


def threshold(reading: Reading, condition: Condition, *, family: int = 1) -> Judged:
    """Hold the bound of a reading's interval against ``value``.

    It is ``bad`` if the whole interval lies beyond the value, ``fine`` if all of it lies on the good side, and
    ``unsure`` between; also where a share is only fine because rows have no verdict: a scorer that fails on what is bad
    makes nothing better. The interval is that of ``conditions_ends``. A distance is bad above its noise floor and above
    the value, if there is one; of several groups it must also be too far for chance (1% for all of them together).

    Args:
        reading: of one group.
        condition: with its ``value``; a distance needs none.
        family: how many groups are looked at together.

    Examples:
        >>> reading = Reading(shape="rate", value=0.71, n=312, total=221.5)
        >>> threshold(reading, Condition(value=0.8)).kind
        'bad'
        >>> threshold(reading, Condition(value=0.73)).kind
        'unsure'
    """
    if reading.value is None:
        return Judged(kind="no_data")
    limit = _limit(reading, condition)
    if reading.shape in SAMPLES and reading.n < condition.min_n:
        return Judged(kind="unsure", limit=limit, low=reading.low, high=reading.high, why="few")
    confidence = corrected(condition.confidence, family)
    low, high = ends_of(reading, confidence, low=condition.low, high=condition.high)
    if limit is None:
        return Judged(kind="unsure", low=low, high=high, confidence=confidence, why="no_baseline")
    if reading.shape == "distance":
        return replace(_distance(reading, limit, family), low=low, high=high, confidence=confidence)
    best, worst = (high, low) if condition.direction == "below" else (low, high)
    kind, why = _side(best, worst, limit, condition)
    if kind == "fine" and _beyond(_as_bad(reading, condition).value or 0.0, limit, condition):
        kind, why = "unsure", "missing"
    return Judged(kind=kind, limit=limit, low=low, high=high, confidence=confidence, why=why)


def _limit(reading: Reading, condition: Condition) -> float | None:
    if reading.floor is None:
        return condition.value
    return reading.floor if condition.value is None else max(condition.value, reading.floor)


def _distance(reading: Reading, limit: float, family: int) -> Judged:
    """Judge a distance, whose noise floor is its uncertainty: it is bad beyond its limit, and not by chance."""
    beyond = (reading.value or 0.0) > limit
    by_chance = reading.p_value is not None and reading.p_value * family > LEVEL
    return Judged(kind="bad" if beyond and not by_chance else "fine", limit=limit)


def _side(best: float | None, worst: float | None, limit: float, condition: Condition) -> tuple[FindingKind, Why]:
    if best is not None and _beyond(best, limit, condition):
        return "bad", ""
    if worst is not None and not _beyond(worst, limit, condition):
        return "fine", ""
    return "unsure", "no_interval" if best is None and worst is None else "straddles"


def _as_bad(reading: Reading, condition: Condition) -> Reading:
    """Return a share as if every row without a value were on the bad side; anything else as it is."""
    if reading.shape != "rate" or not reading.errors:
        return reading
    n = reading.n + reading.errors
    total = reading.total + (reading.errors if condition.direction == "above" else 0)
    return replace(reading, value=total / n, n=n, total=total, errors=0)


def _beyond(number: float, limit: float, condition: Condition) -> bool:
    return number < limit if condition.direction == "below" else number > limit


def change(reading: Reading, baseline: Reading | None, condition: Condition, *, family: int = 1) -> Judged:
    """Hold the difference of a reading to its baseline against ``margin``, by the interval of the difference.

    It is ``bad`` if the whole interval is worse by more than the margin; ``fine`` if the interval holds no change at
    all, or lies within the margin; and ``unsure`` if it is worse, but perhaps by no more than the margin, or if rows
    without a value, counted as bad in both, would make it ``bad``.

    Rates, means, counts, quantiles and estimates: from their own two intervals (MOVER, Zou & Donner 2008), for rates
    and means those of ``conditions_ends``. Means of which the ends are not known: Welch 1947. Sums: t, from how much
    the parts of each stretch vary. Counts and sums of a baseline of another length are scaled to that of the reading.

    Args:
        reading: of one group.
        baseline: of the same group; None if it has none.
        condition: with its ``margin``.
        family: how many groups are looked at together.

    Examples:
        >>> before = Reading(shape="rate", value=0.9, n=4812, total=4331.0)
        >>> now = Reading(shape="rate", value=0.71, n=312, total=221.5)
        >>> change(now, before, Condition(method="change", margin=0.05)).kind
        'bad'
    """
    if reading.value is None:
        return Judged(kind="no_data")
    if baseline is None or baseline.value is None:
        return _unsaid(reading, "no_baseline")
    if baseline.shape != reading.shape:
        return _unsaid(reading, "shapes")
    if reading.shape in SAMPLES and min(reading.n, baseline.n) < condition.min_n:
        return _unsaid(reading, "few" if reading.n < condition.min_n else "few_baseline")
    confidence = corrected(condition.confidence, family)
    scale = _scale(reading, baseline)
    low, high = _difference(reading, baseline, confidence, scale, condition)
    before, sign = baseline.value * scale, 1.0 if condition.direction == "above" else -1.0
    kind, why = _worse(*((low, high) if sign > 0 else (_minus(high), _minus(low))), condition.margin)
    if kind == "fine" and reading.shape == "rate" and reading.errors:
        worst = change(_as_bad(reading, condition), _as_bad(baseline, condition), condition, family=family)
        kind, why = ("unsure", "missing") if worst.kind == "bad" else (kind, why)
    ends = ends_of(reading, confidence, low=condition.low, high=condition.high)
    return Judged(
        kind=kind,
        limit=before + sign * condition.margin,
        low=ends[0],
        high=ends[1],
        confidence=confidence,
        difference=reading.value - before,
        difference_low=low,
        difference_high=high,
        why=why,
    )


def _unsaid(reading: Reading, why: Why) -> Judged:
    return Judged(kind="unsure", low=reading.low, high=reading.high, why=why)


def _worse(least: float | None, most: float | None, margin: float) -> tuple[FindingKind, Why]:
    """Judge the interval [least, most] of how much worse it is."""
    if least is not None and least > margin:
        return "bad", ""
    if (least is not None and least <= 0.0) or (most is not None and most <= margin):
        return "fine", ""
    return "unsure", "no_interval" if least is None else "worse_within"


def _minus(number: float | None) -> float | None:
    return None if number is None else -number


def _scale(reading: Reading, baseline: Reading) -> float:
    """Return by what counts and sums of the baseline are multiplied, so that both are of equally long stretches."""
    length = baseline.end_ms - baseline.start_ms
    if reading.shape not in ("count", "total") or length <= 0:
        return 1.0
    return (reading.end_ms - reading.start_ms) / length


def _difference(reading: Reading, baseline: Reading, confidence: float, scale: float, condition: Condition) -> Ends:
    """Return the interval of reading − scale · baseline."""
    value, before = reading.value or 0.0, (baseline.value or 0.0) * scale
    ends = [end for one in (reading, baseline) for end in (one.least, one.most) if end is not None]
    if reading.shape == "total" or (reading.shape == "mean" and len(ends) < 4):
        return _welch(reading, baseline, confidence, scale)
    low, high = min([condition.low, *ends]), max([condition.high, *ends])
    own, other = (ends_of(one, confidence, low=low, high=high) for one in (reading, baseline))
    return (
        _mover(value - before, value, own[0], before, _times(other[1], scale), -1.0),
        _mover(value - before, value, own[1], before, _times(other[0], scale), 1.0),
    )


def _welch(reading: Reading, baseline: Reading, confidence: float, scale: float) -> tuple[float | None, float | None]:
    errors = (standard_error(reading), standard_error(baseline))
    if errors[0] is None or errors[1] is None:
        return None, None
    one, other = errors[0] ** 2, (errors[1] * scale) ** 2
    difference = (reading.value or 0.0) - (baseline.value or 0.0) * scale
    if one + other == 0.0:
        return difference, difference
    freedom = [PARTS - 1, PARTS - 1] if reading.shape == "total" else [reading.n - 1, baseline.n - 1]
    df = (one + other) ** 2 / (one**2 / freedom[0] + other**2 / freedom[1])
    found = mean_t(difference, math.sqrt(one + other), df, confidence)
    return float(found.low), float(found.high)


def _mover(
    difference: float, value: float, end: float | None, before: float, other_end: float | None, sign: float
) -> float | None:
    if end is None or other_end is None:
        return None
    return difference + sign * math.hypot(value - end, before - other_end)


def _times(number: float | None, scale: float) -> float | None:
    return None if number is None else number * scale
