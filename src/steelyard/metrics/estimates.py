"""From readings to estimates: an interval for every value, by the way that suits it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from steelyard.metrics import intervals
from steelyard.metrics.reading import Reading
from steelyard.records import Estimate, ScoredMetric, SliceInfo

FEW = 5
"""Below this many rows there is no interval from replicates."""


@dataclass(frozen=True, slots=True)
class Context:
    """What intervals depend on besides the reading.

    Args:
        slices: the slices in the order of the readings' arrays, all rows first.
        confidence: nominal coverage.
        clusters: number of clusters in each slice, or None when rows are independent.
    """

    slices: Sequence[SliceInfo]
    confidence: float = 0.95
    clusters: np.ndarray | None = field(default=None)


def estimates(readings: Iterable[Reading], context: Context) -> list[ScoredMetric]:
    """Return an estimate for every metric on every slice."""
    return [
        ScoredMetric(metric=reading.key, slice=about.key, estimate=estimate)
        for reading in readings
        for about, estimate in zip(context.slices, _of(reading, context), strict=True)
    ]


def _of(reading: Reading, context: Context) -> list[Estimate]:
    low, high, se, method = _interval(reading, context)
    out = []
    for i, about in enumerate(context.slices):
        value = float(reading.values[i])
        n = int(reading.n[i])
        note = reading.notes.get(i, "")
        missing = about.missing + (0 if reading.missing is None else int(reading.missing[i]))
        bounded = reading.bounded_by_missing and missing > 0
        worst, best = _bounds(reading, value if n else 0.0, n, missing) if bounded else (None, None)
        known = np.isfinite(value)
        spread = known and np.isfinite(low[i]) and np.isfinite(high[i])
        way = method if spread else ("no rows" if n == 0 else "" if note else _why_none(reading, n))
        out.append(
            Estimate(
                value=value if known else None,
                n=n,
                missing=missing,
                se=_finite(se[i]) if known else None,
                low=_finite(low[i]) if spread else None,
                high=_finite(high[i]) if spread else None,
                confidence=context.confidence,
                method="; ".join(w for w in (way, note) if w),
                worst=worst,
                best=best,
            )
        )
    return out


def _why_none(reading: Reading, n: int) -> str:
    if reading.method:
        return reading.method
    return f"no interval: {n} rows are too few" if n < FEW else "no interval"


def _interval(reading: Reading, context: Context) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    none = np.full(reading.values.shape, np.nan)
    kind = reading.interval
    if kind == "none":
        return none, none, none, reading.method
    # Rows of one cluster are not independent: the replicates weight clusters, so the interval must come from them.
    clustered = context.clusters is not None
    if (clustered and reading.replicates is not None) or kind == "replicates":
        return _from_replicates(reading, context)
    if kind == "proportion" and reading.successes is not None:
        found = intervals.wilson(reading.successes, np.where(reading.n > 0, reading.n, np.nan), context.confidence)
        se = np.sqrt(reading.values * (1 - reading.values) / np.maximum(reading.n, 1))
        return np.asarray(found.low), np.asarray(found.high), se, "wilson"
    if kind == "auc" and reading.se is not None and reading.successes is not None:
        with np.errstate(all="ignore"):
            found = intervals.auc_interval(
                reading.values, reading.se**2, reading.successes, reading.n - reading.successes, context.confidence
            )
        return np.asarray(found.low), np.asarray(found.high), reading.se, "delong"
    if kind == "mean" and reading.se is not None:
        return _of_mean(reading, context)
    if kind == "given" and reading.low is not None and reading.high is not None:
        se = none if reading.replicates is None else _spread(reading.replicates)
        return reading.low, reading.high, se, reading.method
    return none, none, none, reading.method


def _of_mean(reading: Reading, context: Context) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """Student's interval, within the metric's range; Wilson's where every row scored the same end of it, for t has
    nothing to go by then."""
    se = np.asarray(reading.se)
    found = intervals.mean_t(reading.values, se, reading.n - 1, context.confidence)
    low, high = np.array(found.low), np.array(found.high)
    lower, upper = reading.info.lower, reading.info.upper
    if lower is not None and upper is not None:
        flat = (se == 0) & (reading.n > 0) & ((reading.values <= lower) | (reading.values >= upper))
        n = reading.n[flat]
        share = intervals.wilson((reading.values[flat] - lower) / (upper - lower) * n, n, context.confidence)
        low[flat], high[flat] = (lower + np.asarray(end) * (upper - lower) for end in (share.low, share.high))
    return np.clip(low, lower, upper), np.clip(high, lower, upper), se, "t"


def _from_replicates(reading: Reading, context: Context) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    none = np.full(reading.values.shape, np.nan)
    if reading.replicates is None:
        return none, none, none, "no replicates"
    units = reading.n if context.clusters is None else np.minimum(context.clusters, reading.n)
    with np.errstate(all="ignore"):
        found = intervals.from_replicates(
            reading.values, reading.replicates, context.confidence, n=units,
            bounds=(reading.info.lower, reading.info.upper),
        )  # fmt: skip
    some = reading.n >= FEW
    low, high = (np.where(some, np.asarray(end), np.nan) for end in (found.low, found.high))
    se = none if found.se is None else np.where(some, np.asarray(found.se), np.nan)
    return low, high, se, "bootstrap" if context.clusters is None else "clustered bootstrap"


def _spread(replicates: np.ndarray) -> np.ndarray:
    return np.asarray(intervals.replicate_se(replicates))


def _bounds(reading: Reading, value: float, n: int, missing: int) -> tuple[float | None, float | None]:
    lower, upper = reading.info.lower, reading.info.upper
    if lower is None or upper is None:
        return None, None
    ends = sorted(((value * n + lower * missing) / (n + missing), (value * n + upper * missing) / (n + missing)))
    return (ends[0], ends[1]) if reading.info.greater_is_better is not False else (ends[1], ends[0])


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
