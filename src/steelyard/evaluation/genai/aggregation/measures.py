"""One metric on all slices: its values, what they rest on, and the bounds that missing units leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from steelyard.evaluation.genai.aggregation.units import Units
from steelyard.metrics import intervals, ordered
from steelyard.metrics.estimates import FEW
from steelyard.metrics.reading import ratio
from steelyard.records import Estimate, MetricInfo, ScoredMetric, SliceInfo

Floats = np.ndarray
WILSON = "wilson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A metric on S slices; arrays have shape (S,), NaN where there is nothing.

    Args:
        info: what the metric is.
        values: point values.
        n: units behind each.
        missing: units that should be behind it and are not.
        se, low, high: of the interval.
        method: how the interval was made.
        worst, best: the value if every missing unit had gone wrong, or right.
        replicates: shape (S, B), or None.
    """

    info: MetricInfo
    values: Floats
    n: Floats
    missing: Floats
    se: Floats = field(default_factory=lambda: np.zeros(0))
    low: Floats = field(default_factory=lambda: np.zeros(0))
    high: Floats = field(default_factory=lambda: np.zeros(0))
    method: str = ""
    worst: Floats = field(default_factory=lambda: np.zeros(0))
    best: Floats = field(default_factory=lambda: np.zeros(0))
    replicates: Floats | None = None

    def estimates(self, slices: Sequence[SliceInfo], confidence: float) -> Iterator[ScoredMetric]:
        """Yield an estimate for every slice."""
        for i, about in enumerate(slices):
            value, low, high = (_at(a, i) for a in (self.values, self.low, self.high))
            n = int(self.n[i])
            spread = low is not None and high is not None
            yield ScoredMetric(
                metric=self.info.name,
                slice=about.key,
                estimate=Estimate(
                    value=value, n=n, missing=int(self.missing[i]), se=_at(self.se, i),
                    low=low if spread else None, high=high if spread else None, confidence=confidence,
                    method=self.method if spread or (n and not self.low.size) else _why(n),
                    worst=_at(self.worst, i), best=_at(self.best, i),
                ),
            )  # fmt: skip


def mean(
    info: MetricInfo, units: Units, x: Floats, *, share: bool = False, ends: tuple[Floats, Floats] | None = None
) -> Measure:
    """Return the mean with its interval: Wilson's for shares of independent units, else Student's over clusters.

    Args:
        info: what the metric is; its range bounds what missing units could have been.
        units: what is scored.
        x: shape (n,), NaN where missing.
        share: x is 0 or 1.
        ends: each unit's lowest and highest possible value, shape (n,); by default its own value, or the ends of the
            metric's range where that is missing.
    """
    there = np.isfinite(x)
    n = units.total(there.astype(np.float64))
    missing = units.planned() - n
    centre = 0.0 if share or not there.any() else float(x[there].mean())  # sums stay small, so they stay exact
    values = centre + ratio(units.total(np.where(there, x - centre, 0.0)), n)
    se, clusters = units.spread(x, values)
    low, high, method = _interval(info, units, values, n, se, clusters, share=share)
    if method == WILSON:
        se = np.sqrt(ratio(values * (1 - values), n))
    drawn = units.replicated([x], there, whole=share)
    worst, best = _bounds(info, units, x, ends)
    return Measure(
        info=info, values=values, n=n, missing=missing, se=se, low=low, high=high, method=method, worst=worst,
        best=best, replicates=ratio(drawn[1], drawn[0]),
    )  # fmt: skip


def mean_of_all(info: MetricInfo, units: Units, x: Floats) -> Measure:
    """Return the share of all planned units for which x is 1; those that never came count as 0."""
    n, known = units.planned(), units.total(np.ones_like(x))
    values = ratio(units.total(x), n)
    se, clusters = units.spread(x, values)
    if units.beyond and clusters[0] > 1:  # those never reached are 0, and clusters of their own
        squares = (se[0] * known[0]) ** 2 * (clusters[0] - 1) / clusters[0] + units.beyond * values[0] ** 2
        clusters[0] += units.beyond
        se[0] = np.sqrt(squares) / n[0] * np.sqrt(clusters[0] / (clusters[0] - 1))
    low, high, method = _interval(info, units, values, n, se, clusters, share=True)
    if method == WILSON:
        se = np.sqrt(ratio(values * (1 - values), n))
    drawn = units.replicated([x], np.ones(len(units), dtype=bool), whole=True)
    return Measure(
        info=info, values=values, n=n, missing=np.zeros_like(n), se=se, low=low, high=high, method=method,
        replicates=ratio(drawn[1], drawn[0] + (n - known)[:, None]),
    )  # fmt: skip


def _interval(
    info: MetricInfo, units: Units, values: Floats, n: Floats, se: Floats, clusters: Floats, *, share: bool
) -> tuple[Floats, Floats, str]:
    if share and units.independent:
        found = intervals.wilson(np.nan_to_num(values) * n, n, units.plan.confidence)
        return np.asarray(found.low), np.asarray(found.high), WILSON
    found = intervals.mean_t(values, se, clusters - 1, units.plan.confidence)
    low, high = np.array(found.low), np.array(found.high)
    lower, upper = info.lower, info.upper
    if lower is not None and upper is not None:
        # All at one end of the range: t has nothing to go by, so each cluster counts as one success or failure.
        flat = (clusters > 0) & ((values <= lower) | (values >= upper))
        of = np.where(flat, clusters, 1.0)
        part = np.where(flat, (values >= upper) * of, 0.0)
        ends = intervals.wilson(part, of, units.plan.confidence)
        low = np.where(flat, lower + (upper - lower) * np.asarray(ends.low), low)
        high = np.where(flat, lower + (upper - lower) * np.asarray(ends.high), high)
    method = "t" if units.independent else "clustered t"
    return np.clip(low, lower, upper), np.clip(high, lower, upper), method


def _bounds(info: MetricInfo, units: Units, x: Floats, ends: tuple[Floats, Floats] | None) -> tuple[Floats, Floats]:
    """Return the mean if all that is missing had gone wrong, and if it had gone right (Manski 1989)."""
    lower, upper = (np.nan if end is None else end for end in (info.lower, info.upper))
    there = np.isfinite(x)
    lowest, highest = ends or (np.where(there, x, lower), np.where(there, x, upper))
    planned = units.planned()
    found = []
    for each, end in ((lowest, lower), (highest, upper)):
        total = units.total(each)
        if units.beyond:
            total[0] += units.beyond * end
        found.append(ratio(total, planned))
    # Bounds are told where something is missing, be it one of a row's repeats.
    some = (planned > units.total(there.astype(np.float64))) | (found[0] != found[1])
    low, high = (np.where(some, each, np.nan) for each in found)
    return _worst_first(info, low, high)


def quantile(info: MetricInfo, units: Units, x: Floats, q: float) -> Measure:
    """Return a quantile by linear interpolation, with an interval between order statistics.

    With clusters the interval comes from the replicates (Bahadur's linearisation), whose weights are the clusters'.
    """
    there = np.isfinite(x)
    column = x[there]
    orders = list(ordered.slices_in_order(column, [c[there] for c in units.codes], units.sizes))
    (linear, low, high), *_ = ordered.quantiles(column, units.buckets[there], orders, units.plan, [q])
    n = units.total(there.astype(np.float64))
    values = np.asarray(linear.values, dtype=np.float64)
    method, se = "order statistics", np.asarray(intervals.replicate_se(linear.replicates))
    if not units.independent:
        _, clusters = units.spread(x, np.nan_to_num(values))
        method = "clustered bootstrap"
        found = intervals.from_replicates(values, linear.replicates, units.plan.confidence, n=clusters)
        low, high, se = (np.asarray(end) for end in (found.low, found.high, found.se))
    some = n >= FEW
    low, high, se = (np.where(some, end, np.nan) for end in (low, high, se))
    worst, best = _ranked_bounds(info, units, x, lambda values: _quantile(values, q))
    return Measure(
        info=info, values=values, n=n, missing=units.planned() - n, se=se,
        low=np.clip(low, info.lower, info.upper), high=np.clip(high, info.lower, info.upper), method=method,
        worst=worst, best=best, replicates=linear.replicates,
    )  # fmt: skip


def extreme(info: MetricInfo, units: Units, x: Floats, of: Callable[[Floats], float]) -> Measure:
    """Return the smallest or the largest value, which has no interval."""
    n = units.total(np.isfinite(x).astype(np.float64))
    values = np.array([of(part) if len(part) else np.nan for part in units.parts(x)])
    worst, best = _ranked_bounds(info, units, x, lambda values: float(of(values)))
    return Measure(
        info=info, values=values, n=n, missing=units.planned() - n, method="no interval: an extreme", worst=worst,
        best=best,
    )  # fmt: skip


def variance(info: MetricInfo, units: Units, x: Floats) -> Measure:
    """Return the variance over the values (divided by n, as MLflow's), with an interval from replicates."""
    there = np.isfinite(x)
    n = units.total(there.astype(np.float64))
    centre = float(x[there].mean()) if there.any() else 0.0
    off = np.where(there, x - centre, 0.0)
    values = np.maximum(ratio(units.total(off * off), n) - ratio(units.total(off), n) ** 2, 0.0)
    counts, sums, squares = units.replicated([off, off * off], there, whole=False)
    drawn = np.maximum(ratio(squares, counts) - ratio(sums, counts) ** 2, 0.0)
    _, clusters = units.spread(x, np.nan_to_num(ratio(units.total(np.where(there, x, 0.0)), n)))
    with np.errstate(all="ignore"):
        found = intervals.from_replicates(values, drawn, units.plan.confidence, n=clusters, bounds=(0.0, None))
    some = n >= FEW
    low, high, se = (np.where(some, np.asarray(end), np.nan) for end in (found.low, found.high, found.se))
    return Measure(
        info=info, values=values, n=n, missing=units.planned() - n, se=se, low=low, high=high,
        method="bootstrap" if units.independent else "clustered bootstrap", replicates=drawn,
    )  # fmt: skip


def told(info: MetricInfo, units: Units, x: Floats, function: Callable[[list[float]], float]) -> Measure:
    """Return what a function of the caller's says of each slice's values; its exceptions pass through."""
    n = units.total(np.isfinite(x).astype(np.float64))
    values = np.array([float(function(part.tolist())) if len(part) else np.nan for part in units.parts(x)])
    return Measure(
        info=info, values=values, n=n, missing=units.planned() - n, method="no interval: a function of the caller's"
    )


def total(info: MetricInfo, units: Units, x: Floats) -> Measure:
    """Return the sum of what is known."""
    there = np.isfinite(x)
    n = units.total(there.astype(np.float64))
    centre = float(x[there].mean()) if there.any() else 0.0
    values = np.where(n > 0, n * centre + units.total(np.where(there, x - centre, 0.0)), np.nan)
    return Measure(info=info, values=values, n=n, missing=units.planned() - n, method="a sum")


def _ranked_bounds(
    info: MetricInfo, units: Units, x: Floats, of: Callable[[Floats], float]
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return the bounds of a statistic that grows with each value: missing units at either end of the range.

    Where the range has no end, missing values are infinite, which a quantile may bear if they are few.
    """
    missing = units.planned() - units.total(np.isfinite(x).astype(np.float64))
    ends = (-np.inf if info.lower is None else info.lower, np.inf if info.upper is None else info.upper)
    found = np.full((2, len(missing)), np.nan)
    for i, part in enumerate(units.parts(x) if missing.any() else ()):
        if missing[i]:
            found[:, i] = [of(np.append(part, np.full(int(missing[i]), end))) for end in ends]
    low, high = np.where(np.isfinite(found), found, np.nan)
    return _worst_first(info, low, high)


def _worst_first(info: MetricInfo, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    return (high, low) if info.greater_is_better is False else (low, high)


def _quantile(values: Floats, q: float) -> float:
    """Linear interpolation that stays finite beside infinite values it gives no weight to."""
    ordered = np.sort(values)
    at = (len(ordered) - 1) * q
    low = int(at)
    part = at - low
    if part == 0.0:
        return float(ordered[low])
    return float(ordered[low] * (1.0 - part) + ordered[low + 1] * part)


def _at(values: Floats, i: int) -> float | None:
    return float(values[i]) if values.size and np.isfinite(values[i]) else None


def _why(n: int) -> str:
    if n == 0:
        return "no rows"
    if n < FEW:
        return f"no interval: {n} {'row is' if n == 1 else 'rows are'} too few"
    return "no interval: all are one cluster"
