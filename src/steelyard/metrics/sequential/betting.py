"""The betting confidence sequence: the tightest for numbers that have a range, also of a finite set."""

from __future__ import annotations

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals import Interval
from steelyard.metrics.intervals.interval import check_confidence
from steelyard.metrics.sequential.counts import Floats, Scale, Values

_CUT = 0.5  # of the largest bet that cannot lose all: c in the paper, which recommends ½ or ¾


def betting_sequence(
    values: Values,
    *,
    low: float = 0.0,
    high: float = 1.0,
    confidence: float = 0.95,
    population: int | None = None,
    points: int = 1000,
) -> Interval:
    """Return the interval of the mean after each row; with the given confidence all of them hold it together.

    Source: Waudby-Smith & Ramdas 2024, Theorem 3 (hedged capital, θ = ½) with the predictable plug-in bets
    λ_t = √(2·log(2/α)/(σ²_{t−1}·t·log(t + 1))), and §5 for rows drawn without replacement from ``population`` of them.
    A mean is left when ½∏(1 + λ(x − m)) or ½∏(1 − λ(x − m)) reaches 1/α. Each interval is that of the paper met with
    all before it.

    Args:
        values: in the order in which they came, which must not depend on them: for a finite set a random order.
        low, high: the range that no value can leave.
        confidence: nominal coverage, over all rows together.
        population: how many values the finite set has whose mean is asked for; None for an endless stream.
        points: means that are tried; the ends are rounded outward to them.

    Returns:
        Ends of shape (n,). Should the sequence contradict itself (the mean moves) ``low`` passes ``high``.

    Raises:
        InvalidArgument: a value is missing or out of range, or there are more values than the set has.

    Examples:
        >>> interval = betting_sequence([1, 1, 0, 1] * 25, population=100).at(-1)
        >>> round(interval.low, 3), round(interval.high, 3)
        (0.75, 0.75)
    """
    alpha = 1.0 - check_confidence(confidence)
    scale = Scale(low, high, "above")
    scale.of_rows(values)
    x = (np.asarray(values, np.float64) - low) / scale.width
    if population is not None and len(x) > population:
        raise InvalidArgument(f"{len(x)} values cannot be drawn without replacement from {population}.")
    if points < 10:
        raise InvalidArgument(f"points must be 10 or more; it is {points!r}.")
    lows, highs = _ends(x, population, points, alpha)
    return Interval(
        np.maximum.accumulate(low + lows * scale.width),
        np.minimum.accumulate(low + highs * scale.width),
        None,
        "betting" if population is None else "betting-without-replacement",
    )


def _ends(x: Floats, population: int | None, points: int, alpha: float) -> tuple[Floats, Floats]:
    means = np.linspace(0.0, 1.0, points + 1)
    up, down = np.zeros(points + 1), np.zeros(points + 1)
    possible = np.ones(points + 1, np.bool_)
    limit = np.log(2.0 / alpha)
    lows, highs = np.zeros(len(x)), np.ones(len(x))
    before = np.concatenate([[0.0], np.cumsum(x)])
    for t, (value, bet) in enumerate(zip(x, _bets(x, alpha), strict=True)):
        rest = means if population is None else (population * means - before[t]) / (population - t)
        possible &= (rest >= -1e-12) & (rest <= 1.0 + 1e-12)
        m = np.clip(rest, 0.0, 1.0)
        with np.errstate(divide="ignore"):
            up += np.log1p(np.minimum(bet, _CUT / m) * (value - m))
            down += np.log1p(-np.minimum(bet, _CUT / (1.0 - m)) * (value - m))
        wealth = np.where(possible, np.maximum(up, down), np.inf)
        lows[t], highs[t] = _around(wealth, limit, before, t, population, points)
    return lows, highs


def _around(
    wealth: Floats, limit: float, before: Floats, t: int, population: int | None, points: int
) -> tuple[float, float]:  # fmt: skip
    """Return the means next to those that are left, which are neighbours of each other, within what is possible."""
    left = np.flatnonzero(wealth < limit)
    first, last = (left[0], left[-1]) if len(left) else _between(wealth, before[t + 1] / (t + 1), points)
    low, high = max(first - 1, 0) / points, min(last + 1, points) / points
    if population is None:
        return low, high
    least = before[t + 1] / population  # were all others 0
    return max(low, least), min(high, least + (population - t - 1) / population)


def _between(wealth: Floats, mean: float, points: int) -> tuple[int, int]:
    """Return the tried mean that is least contradicted: what is left lies between its neighbours."""
    place = int(np.argmin(wealth)) if np.isfinite(wealth).any() else round(mean * points)
    return place, place


def _bets(x: Floats, alpha: float) -> Floats:
    """Return the bet on each row, made of the rows before it."""
    t = np.arange(1, len(x) + 1)
    running = (0.5 + np.cumsum(x)) / (t + 1)
    spread = (0.25 + np.cumsum((x - running) ** 2)) / (t + 1)
    known = np.concatenate([[0.25], spread])[: len(x)]
    return np.sqrt(2.0 * np.log(2.0 / alpha) / (known * t * np.log(t + 1)))
