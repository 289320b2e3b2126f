"""The difference of one number between two windows: its interval, its p-value, and a verdict in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from steelyard.metrics.intervals import mean_t, newcombe_unpaired, two_sided_p
from steelyard.monitor.windows_compared_cells import Cell

WindowVerdict = Literal["better", "worse", "equivalent", "undecided"]
ALPHA = 0.05
_POINT = 0.01
_SHARE_OF_VALUE = 0.05
_FEW = 10.0  # expected rows in a cell of the table below which the exact test is taken
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Difference:
    """After minus before, with its 95% interval; None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None
    p_value: float | None = None


def difference_of(before: Cell, after: Cell) -> Difference:
    """Return how far a number has moved.

    A share: Newcombe's interval (1998, method 10), and Fisher's exact test where few rows are expected in a cell, else
    the score test. A mean: Welch 1947. A quantile: from the intervals of both between order statistics, joined as
    Newcombe joins Wilson's (Zou & Donner 2008).
    """
    moved = after.value - before.value
    if before.shape != after.shape:
        return Difference(moved)
    match before.shape:
        case "rate":
            found = newcombe_unpaired(after.succeeded, after.n, before.succeeded, before.n)
            return Difference(moved, float(found.low), float(found.high), _p_of_shares(before, after))
        case "mean":
            return _of_means(before, after, moved)
        case _:
            return _of_quantiles(before, after, moved)


def margin_of(before: Cell, after: Cell, told: float | None) -> float:
    """Return how much counts as nothing: what was told, else a point of a share, 5% of anything else's size."""
    if told is not None:
        return told
    return _POINT if before.shape == "rate" else _SHARE_OF_VALUE * (abs(before.value) + abs(after.value)) / 2.0


def verdict_of(
    difference: Difference, *, margin: float, higher_is_better: bool, p_adjusted: float | None
) -> WindowVerdict:
    """Return what a difference means: beyond zero on one side for sure, within the margin for sure, or neither.

    Args:
        difference: what was found.
        margin: half-width of what counts as no difference.
        higher_is_better: the direction of the measure.
        p_adjusted: for all that was looked at; a difference that does not survive it is neither better nor worse.
    """
    if difference.low is None or difference.high is None:
        return "undecided"
    low, high = (difference.low, difference.high) if higher_is_better else (-difference.high, -difference.low)
    sure = p_adjusted is not None and p_adjusted <= ALPHA
    if sure and low > 0:
        return "better"
    if sure and high < 0:
        return "worse"
    return "equivalent" if -margin <= low and high <= margin else "undecided"


def _p_of_shares(before: Cell, after: Cell) -> float:
    n, m = after.n, before.n
    pooled = (after.succeeded + before.succeeded) / (n + m)
    if min(pooled, 1.0 - pooled) * min(n, m) < _FEW:
        from scipy.stats import fisher_exact

        table = [[after.succeeded, n - after.succeeded], [before.succeeded, m - before.succeeded]]
        return float(fisher_exact(table).pvalue)
    se = math.sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m))
    return float(np.asarray(two_sided_p((after.value - before.value) / se)))


def _of_means(before: Cell, after: Cell, moved: float) -> Difference:
    if before.se is None or after.se is None or before.df is None or after.df is None:
        return Difference(moved)
    spread = before.se**2 + after.se**2
    if spread <= 0:
        return Difference(moved)
    df = spread**2 / (before.se**4 / before.df + after.se**4 / after.df)
    se = math.sqrt(spread)
    found = mean_t(moved, se, df)
    return Difference(moved, float(found.low), float(found.high), float(np.asarray(two_sided_p(moved / se, df))))


def _of_quantiles(before: Cell, after: Cell, moved: float) -> Difference:
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return Difference(moved)
    down = math.hypot(after.value - after.low, before.high - before.value)
    up = math.hypot(after.high - after.value, before.value - before.low)
    half = down if moved > 0 else up  # the side on which zero lies
    p = float(np.asarray(two_sided_p(moved / half * _Z))) if half > 0 else None
    return Difference(moved, moved - down, moved + up, p)
