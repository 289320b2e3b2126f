"""From a difference and its interval to one of four words."""

from __future__ import annotations

import math
from collections.abc import Mapping

from steelyard.compare.pairs import Measured
from steelyard.compare.results import Verdict
from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals import rows_to_settle
from steelyard.records import Estimate, MetricInfo

POINT = 0.01
"""The default margin: one point of a share, one hundredth of a range, one hundredth of a value without a range."""

Margin = float | Mapping[str, float] | None


def margin_for(margin: Margin, info: MetricInfo, candidate: Estimate, baseline: Estimate) -> float:
    """Return the half-width of a metric's zone of equivalence, in its own unit.

    Unless told: 0.01 for a share; a hundredth of the range for another metric that has both ends (0.02 for a
    correlation); else a hundredth of the mean size of the two values, the same whichever run is the baseline.

    Raises:
        InvalidArgument: a margin that is negative or no number.
    """
    told = margin.get(info.name) if isinstance(margin, Mapping) else margin
    if told is not None:
        if not isinstance(told, int | float) or isinstance(told, bool) or not told >= 0 or math.isinf(told):
            message = f"margin for {info.name!r} must be a number of at least 0, in the metric's unit; it is {told!r}."
            raise InvalidArgument(message)
        return float(told)
    if info.unit == "share":
        return POINT
    if info.lower is not None and info.upper is not None:
        return POINT * (info.upper - info.lower)
    sizes = [abs(e.value) for e in (candidate, baseline) if e.value is not None]
    return POINT * sum(sizes) / len(sizes) if sizes else 0.0


def verdict_of(measured: Measured, margin: float, *, significant: bool = True) -> Verdict | None:
    """Return the verdict: the interval beyond zero on the good or the bad side, or within the margin, or none of these.

    Rows that only one run failed on, where the metric has no bound for them, can only count against that run.

    Args:
        measured: the difference.
        margin: half-width of the zone of equivalence.
        significant: False when the difference did not survive the correction for many looks.

    Returns:
        None when neither direction of the metric is good.
    """
    greater = measured.cell.info.greater_is_better
    if greater is None:
        return None
    low, high = (measured.low, measured.high) if greater else (-measured.high, -measured.low)
    low, high = low - measured.doubt[0], high + measured.doubt[1]
    if significant and low > 0:
        return "better"
    if significant and high < 0:
        return "worse"
    if -margin <= low and high <= margin:
        return "equivalent"
    return "undecided"


def rows_missing(measured: Measured, margin: float, confidence: float, p_adjusted: float | None) -> int | None:
    """Return about how many more rows would settle an undecided difference, None when there is no telling.

    With an adjusted p-value the decision is stricter than the interval: as strict as the raw p-value that would have
    been adjusted to 1 − confidence.
    """
    if math.isinf(max(measured.doubt)):
        return None
    level = 1.0 - confidence
    if p_adjusted is not None and measured.p_value > 0 and p_adjusted > measured.p_value:
        level *= measured.p_value / p_adjusted
    n = measured.n or min(measured.cell.candidate.n, measured.cell.baseline.n)
    if math.isnan(measured.difference) or n <= 0 or not 0.0 < level < 1.0:
        return None
    from steelyard.metrics.intervals import normal_quantile

    # Half the interval rather than the standard error: they differ where the interval is a score interval.
    spread = (measured.high - measured.low) / 2.0 / float(normal_quantile(0.5 + confidence / 2.0))
    return rows_to_settle(measured.difference, spread, n, margin=margin, confidence=1.0 - level)
