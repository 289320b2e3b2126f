"""Differences of two shares: two groups of rows, or two models on the same rows."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals.interval import Floats, Interval, Real, real
from steelyard.metrics.intervals.proportion import wilson


def newcombe_unpaired(
    successes_1: npt.ArrayLike,
    n_1: npt.ArrayLike,
    successes_2: npt.ArrayLike,
    n_2: npt.ArrayLike,
    confidence: float = 0.95,
) -> Interval:
    """Return the interval of p₁ − p₂ for two separate groups of rows, from their Wilson intervals.

    Source: Newcombe 1998 (Statistics in Medicine 17, 873–890), method 10. Arguments are scalars or arrays.

    Args:
        successes_1: rows of the first group that succeeded.
        n_1: its rows.
        successes_2: of the second group.
        n_2: its rows.
        confidence: nominal coverage.

    Examples:
        >>> interval = newcombe_unpaired(56, 70, 48, 80)
        >>> round(interval.low, 4), round(interval.high, 4)
        (0.0524, 0.3339)
    """
    first, second = wilson(successes_1, n_1, confidence), wilson(successes_2, n_2, confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        p1 = np.asarray(successes_1, dtype=np.float64) / np.asarray(n_1, dtype=np.float64)
        p2 = np.asarray(successes_2, dtype=np.float64) / np.asarray(n_2, dtype=np.float64)
        se = np.sqrt(p1 * (1.0 - p1) / np.asarray(n_1) + p2 * (1.0 - p2) / np.asarray(n_2))
    low = p1 - p2 - np.hypot(p1 - first.low, second.high - p2)
    high = p1 - p2 + np.hypot(first.high - p1, p2 - second.low)
    return Interval(real(low), real(high), real(se), "newcombe")


def newcombe_paired(
    both: npt.ArrayLike,
    only_first: npt.ArrayLike,
    only_second: npt.ArrayLike,
    neither: npt.ArrayLike,
    confidence: float = 0.95,
) -> Interval:
    """Return the interval of p₁ − p₂ for two models on the same rows, from the 2×2 table.

    Source: Newcombe 1998 (Statistics in Medicine 17, 2635–2650), method 10: Wilson intervals joined with the table's
    correlation φ, which is corrected for continuity when positive. Arguments are scalars or arrays.

    Args:
        both: rows that both got right.
        only_first: right in the first only.
        only_second: right in the second only.
        neither: wrong in both.
        confidence: nominal coverage.

    Examples:
        >>> interval = newcombe_paired(20, 12, 2, 16)
        >>> round(interval.low, 4), round(interval.high, 4)
        (0.0562, 0.3292)
    """
    cells = (np.asarray(x, dtype=np.float64) for x in (both, only_first, only_second, neither))
    e, f, g, h = np.broadcast_arrays(*cells)
    n = e + f + g + h
    first, second = wilson(e + f, n, confidence), wilson(e + g, n, confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        p1, p2 = (e + f) / n, (e + g) / n
        se = np.sqrt(np.maximum(f + g - (f - g) ** 2 / n, 0.0)) / n
    phi = _phi(e, f, g, h)
    low_1, high_1 = p1 - np.asarray(first.low), np.asarray(first.high) - p1
    low_2, high_2 = p2 - np.asarray(second.low), np.asarray(second.high) - p2
    low = p1 - p2 - np.sqrt(np.maximum(low_1**2 - 2.0 * phi * low_1 * high_2 + high_2**2, 0.0))
    high = p1 - p2 + np.sqrt(np.maximum(high_1**2 - 2.0 * phi * high_1 * low_2 + low_2**2, 0.0))
    return Interval(real(low), real(high), real(se), "newcombe paired")


def mcnemar(b: npt.ArrayLike, c: npt.ArrayLike, method: Literal["exact", "mid-p"] = "exact") -> Real:
    """Return the two-sided p-value of McNemar's test: do the two models win equally many of the rows they split?

    Source: McNemar 1947, exact by the binomial with share ½; mid-p: Fagerland, Lydersen & Laake 2013.

    Args:
        b: rows that only the first got right; any shape.
        c: rows that only the second got right.
        method: ``exact`` never rejects too often; ``mid-p`` is nearer to the nominal level.

    Raises:
        InvalidArgument: another method, or negative counts.

    Examples:
        >>> round(mcnemar(8, 2), 6), round(mcnemar(8, 2, "mid-p"), 6)
        (0.109375, 0.06543)
    """
    from scipy.special import bdtr, gammaln

    if method not in ("exact", "mid-p"):
        message = f"method must be 'exact' or 'mid-p'; it is {method!r}."
        raise InvalidArgument(message)
    first, second = np.broadcast_arrays(np.asarray(b, dtype=np.float64), np.asarray(c, dtype=np.float64))
    if np.any(first < 0) or np.any(second < 0):
        raise InvalidArgument("b and c count rows: they cannot be negative.")
    n, fewer = first + second, np.minimum(first, second)
    p = np.minimum(2.0 * bdtr(fewer, n.astype(np.int64), 0.5), 1.0)
    if method == "mid-p":
        log_point = gammaln(n + 1) - gammaln(fewer + 1) - gammaln(n - fewer + 1) - n * np.log(2.0)
        p = np.minimum(2.0 * bdtr(fewer, n.astype(np.int64), 0.5) - np.exp(log_point), 1.0)
    return real(np.where(n == 0, 1.0, p))


def _phi(e: Floats, f: Floats, g: Floats, h: Floats) -> Floats:
    product = (e + f) * (g + h) * (e + g) * (f + h)
    cross = e * h - f * g
    n = e + f + g + h
    cross = np.where(cross > 0, np.maximum(cross - n / 2.0, 0.0), cross)
    return np.divide(cross, np.sqrt(product), out=np.zeros_like(cross), where=product > 0)
