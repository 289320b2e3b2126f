"""What changed since the period before, with an interval where one can be said."""

from __future__ import annotations

import math

from steelyard.metrics.intervals import newcombe_unpaired, wilson
from steelyard.records import Estimate
from steelyard.records.overview import TraceWindow
from steelyard.web.contexts.dashboard import Change, Compared

_OFF = 0.02
"""By how much two quantiles, each within 1%, may differ for nothing, on the logarithmic scale."""


def error_rate(window: TraceWindow) -> Estimate:
    """Return the share that failed with its Wilson interval; without traces it has no value."""
    if not window.n:
        return Estimate(None, 0, method="wilson")
    interval = wilson(window.errors, window.n)
    return Estimate(
        window.errors / window.n, window.n, low=float(interval.low), high=float(interval.high), method="wilson"
    )


def compared(
    now: TraceWindow, before: TraceWindow | None, *, elapsed_ms: int, length_ms: int, amounts: bool = True
) -> Compared:
    """Compare a period with the one before.

    Counts and sums are compared by the hour, for the present period may not be over; they are counted, not estimated,
    so that they have no interval. Shares and quantiles have one.

    Args:
        now: the period.
        before: the one before; None if there is none.
        elapsed_ms: how much of the period is over.
        length_ms: how long the one before was.
        amounts: whether the one before was wholly recorded, so that amounts can be compared.
    """
    if before is None or not before.n:
        return Compared()
    share = elapsed_ms / length_ms
    both_priced = now.cost is not None and before.cost is not None
    return Compared(
        traces=_ratio(now.n, before.n * share) if amounts else None,
        error_rate=_failing(now, before) if now.n else None,
        p50=_latency(now, before, 0.5),
        p95=_latency(now, before, 0.95),
        tokens=_ratio(_tokens(now), _tokens(before) * share) if amounts else None,
        cost=_ratio(now.cost or 0.0, (before.cost or 0.0) * share) if amounts and both_priced else None,
    )


def _tokens(window: TraceWindow) -> int:
    return window.input_tokens + window.output_tokens


def _ratio(now: float, before: float) -> Change | None:
    return Change(value=now / before - 1, relative=True) if before > 0 else None


def _failing(now: TraceWindow, before: TraceWindow) -> Change:
    interval = newcombe_unpaired(now.errors, now.n, before.errors, before.n)
    low, high = float(interval.low), float(interval.high)
    value = now.errors / now.n - before.errors / before.n
    return Change(value=value, low=low, high=high, state=_state(low, high))


def _latency(now: TraceWindow, before: TraceWindow, quantile: float) -> Change | None:
    """Return the ratio of two quantiles; its interval is made from theirs on the logarithmic scale.

    Source: Zou & Donner 2008 (MOVER), which Newcombe's method is the case of for shares.
    """
    a, b = now.durations.get(quantile), before.durations.get(quantile)
    if not a or not b or a <= 0 or b <= 0:
        return None
    ends_a, ends_b = now.duration_intervals.get(quantile), before.duration_intervals.get(quantile)
    ratio = math.log(a / b)
    if ends_a is None or ends_b is None or min(*ends_a, *ends_b) <= 0:
        return Change(value=math.expm1(ratio), relative=True)
    low = ratio - math.hypot(math.log(a / ends_a[0]), math.log(ends_b[1] / b))
    high = ratio + math.hypot(math.log(ends_a[1] / a), math.log(b / ends_b[0]))
    state = _state(low, high, least=_OFF)
    return Change(value=math.expm1(ratio), low=math.expm1(low), high=math.expm1(high), relative=True, state=state)


def _state(low: float, high: float, *, least: float = 0.0) -> str:
    """Less is better of both; what is no more than ``least`` is no change."""
    return "worse" if low > least else "better" if high < -least else "unsure"
