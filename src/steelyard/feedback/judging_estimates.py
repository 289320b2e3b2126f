"""Shares and means with their intervals, as estimates."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, sqrt
from typing import TYPE_CHECKING

from steelyard.records import Estimate

if TYPE_CHECKING:
    from steelyard.metrics.intervals import Interval

FEW = 2


def share(successes: float, n: float, confidence: float = 0.95, *, why: str = "no items") -> Estimate:
    """Return a share with its Wilson interval.

    Args:
        successes: how many; need not be whole where items count by weight.
        n: of how many.
        confidence: nominal coverage.
        why: said instead, if there are none.

    Examples:
        >>> print(share(9, 10))
        0.9 [0.5958, 0.9821] (n=10)
    """
    from steelyard.metrics.intervals import wilson

    if n <= 0:
        return Estimate(None, 0, confidence=confidence, method=why)
    value = successes / n
    return estimate(value, round(n), wilson(successes, n, confidence), confidence, se=sqrt(value * (1 - value) / n))


def mean(values: Sequence[float], confidence: float = 0.95, *, why: str = "no items") -> Estimate:
    """Return a mean with its t interval; without one below two values, or where all values are the same."""
    from steelyard.metrics.intervals import mean_interval

    n = len(values)
    if n == 0:
        return Estimate(None, 0, confidence=confidence, method=why)
    value = sum(values) / n
    if n < FEW or min(values) == max(values):
        return Estimate(value, n, confidence=confidence, method="too few rows" if n < FEW else "all the same")
    return estimate(value, n, mean_interval(values, confidence=confidence), confidence)


def paired_shares(first: Sequence[bool], second: Sequence[bool], confidence: float = 0.95) -> Estimate:
    """Return the share of yes in one minus that in the other, over the same items (Newcombe 1998, method 10)."""
    from steelyard.metrics.intervals import newcombe_paired

    n = len(first)
    if n == 0:
        return Estimate(None, 0, confidence=confidence, method="no items")
    pairs = list(zip(first, second, strict=True))
    both, only_first, only_second = (pairs.count(cell) for cell in ((True, True), (True, False), (False, True)))
    found = newcombe_paired(both, only_first, only_second, n - both - only_first - only_second, confidence)
    return estimate((only_first - only_second) / n, n, found, confidence)


def estimate(value: float, n: int, interval: Interval, confidence: float, *, se: float | None = None) -> Estimate:
    """Return an estimate from a value and its interval; ends that are not finite are none."""
    low, high = _real(interval.low), _real(interval.high)
    return Estimate(
        float(value),
        n,
        se=_real(interval.se) if se is None else se,
        low=low,
        high=high,
        confidence=confidence,
        method=interval.method,
    )


def _real(value: object) -> float | None:
    if value is None:
        return None
    number = float(str(value))
    return number if isfinite(number) else None
