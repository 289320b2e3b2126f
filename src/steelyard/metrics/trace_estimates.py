"""What traffic over time says: how much there was, how much of it failed, how long it took and what it used."""

from __future__ import annotations

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals import wilson
from steelyard.records.estimate import Estimate
from steelyard.records.overview import QUANTILES, TraceWindow

_SPREAD_UNKNOWN = "no interval: the spread is not kept"


def error_rate(window: TraceWindow, *, confidence: float = 0.95) -> Estimate:
    """Return the share of the traces that failed, with Wilson's interval (Wilson 1927).

    Examples:
        >>> print(error_rate(TraceWindow(start_ms=0, end_ms=1, n=50, errors=5)))
        0.1 [0.04348, 0.2136] (n=50)
    """
    if not window.n:
        return Estimate(None, 0, confidence=confidence, method="no traces")
    found = wilson(window.errors, window.n, confidence)
    low, high, se = (float(value) for value in (found.low, found.high, found.se or 0.0))
    value = window.errors / window.n
    return Estimate(value, window.n, se=se, low=low, high=high, confidence=confidence, method=found.method)


def traffic(window: TraceWindow, *, per_ms: float = 60_000, confidence: float = 0.95) -> Estimate:
    """Return how many traces came per minute, with the exact interval of a Poisson rate.

    Source: Garwood 1936: half of the χ² quantiles α/2 with 2n and 1 − α/2 with 2n + 2 degrees of freedom. Traffic that
    comes in bursts varies more than that.

    Args:
        window: the traces.
        per_ms: the stretch of time that the rate is per, milliseconds; a minute unless told.
        confidence: least coverage.

    Examples:
        >>> print(traffic(TraceWindow(start_ms=0, end_ms=600_000, n=10)))
        1 [0.4795, 1.839] (n=10)
    """
    from scipy.special import gammaincinv

    length = window.end_ms - window.start_ms
    if length <= 0 or per_ms <= 0:
        message = f"A rate needs a stretch of time: the window takes {length} ms, and per_ms is {per_ms!r}."
        raise InvalidArgument(message)
    tail, n, scale = (1.0 - confidence) / 2.0, window.n, per_ms / length
    low = float(gammaincinv(n, tail)) if n else 0.0
    high = float(gammaincinv(n + 1, 1.0 - tail))
    return Estimate(
        n * scale,
        n,
        se=n**0.5 * scale,
        low=low * scale,
        high=high * scale,
        confidence=confidence,
        method="poisson (garwood)",
    )


def duration_of(window: TraceWindow, q: float) -> Estimate:
    """Return a quantile of the durations, milliseconds, with the interval between two of them.

    Args:
        window: the traces; those that have not ended are missing.
        q: one of ``records.overview.QUANTILES``.

    Raises:
        InvalidArgument: ``q`` is another.
    """
    if q not in QUANTILES:
        message = f"q={q!r} is not kept: take one of {', '.join(map(str, QUANTILES))}."
        raise InvalidArgument(message)
    missing = window.n - window.ended
    if q not in window.durations:
        return Estimate(None, 0, missing, method="none has ended")
    value = window.durations[q]
    if q not in window.duration_intervals:
        return Estimate(value, window.ended, missing, method=f"no interval: {window.ended} are too few")
    low, high = window.duration_intervals[q]
    return Estimate(value, window.ended, missing, low=low, high=high, method="order statistics, within 1%")


def mean_cost(window: TraceWindow) -> Estimate:
    """Return the mean cost of a trace in US dollars, of those whose price is known; the others are missing."""
    missing = window.n - window.priced
    if window.cost is None or not window.priced:
        return Estimate(None, 0, missing, method="no price is known")
    return Estimate(window.cost / window.priced, window.priced, missing, method=_SPREAD_UNKNOWN)


def mean_tokens(window: TraceWindow) -> Estimate:
    """Return the mean number of tokens that a trace read and wrote; a trace that does not tell counts as none."""
    if not window.n:
        return Estimate(None, 0, method="no traces")
    return Estimate((window.input_tokens + window.output_tokens) / window.n, window.n, method=_SPREAD_UNKNOWN)
