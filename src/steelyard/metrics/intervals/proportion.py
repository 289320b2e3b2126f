"""Intervals for a share of rows, one by one or many at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals.interval import Floats, Interval, check_confidence, real, two_sided_z


def wilson(successes: npt.ArrayLike, n: npt.ArrayLike, confidence: float = 0.95) -> Interval:
    """Return Wilson's score interval: the default for every proportion.

    Source: Wilson 1927; recommended by Brown, Cai & DasGupta 2001. Centre (k + z²/2)/(n + z²), half-width
    z/(n + z²) · √(k(n − k)/n + z²/4).

    For a weighted proportion give the effective number of rows as ``n`` and share times that number as ``successes``
    (see ``effective_n``); neither needs to be whole.

    Args:
        successes: rows that succeeded, 0 to ``n``; any shape.
        n: rows, broadcast against ``successes``; where it is 0 the interval is NaN.
        confidence: nominal coverage.

    Raises:
        InvalidArgument: successes below 0 or above ``n``.

    Examples:
        >>> interval = wilson(45, 50)
        >>> round(interval.low, 4), round(interval.high, 4)
        (0.7864, 0.9565)
    """
    k, rows = _counts(successes, n)
    z = two_sided_z(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / rows
        centre = (k + z * z / 2.0) / (rows + z * z)
        half = z / (rows + z * z) * np.sqrt(k * (rows - k) / rows + z * z / 4.0)
        se = np.sqrt(share * (1.0 - share) / rows)
    # At the ends of the range the formula meets 0 and 1 exactly; floating point misses them by an ulp.
    low = np.where(k == 0, np.where(rows > 0, 0.0, np.nan), centre - half)
    high = np.where(k == rows, np.where(rows > 0, 1.0, np.nan), centre + half)
    return Interval(real(low), real(high), real(se), "wilson")


def clopper_pearson(successes: npt.ArrayLike, n: npt.ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the exact interval, which never covers less than ``confidence`` and mostly covers more.

    Source: Clopper & Pearson 1934, by quantiles of the beta distribution. Arguments as for ``wilson``.

    Examples:
        >>> interval = clopper_pearson(45, 50)
        >>> round(interval.low, 4), round(interval.high, 4)
        (0.7819, 0.9667)
    """
    return _beta_interval(
        successes, n, confidence, low_shift=(0.0, 1.0), high_shift=(1.0, 0.0), method="clopper-pearson"
    )


def jeffreys(successes: npt.ArrayLike, n: npt.ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the equal-tailed interval of the Beta(½, ½) posterior, from 0 when none and to 1 when all succeeded.

    Source: Brown, Cai & DasGupta 2001. Arguments as for ``wilson``.

    Examples:
        >>> interval = jeffreys(45, 50)
        >>> round(interval.low, 4), round(interval.high, 4)
        (0.7946, 0.9608)
    """
    return _beta_interval(successes, n, confidence, low_shift=(0.5, 0.5), high_shift=(0.5, 0.5), method="jeffreys")


def effective_n(weight_sum: npt.ArrayLike, squared_weight_sum: npt.ArrayLike) -> Floats:
    """Return how many equally weighted rows say as much as these weighted ones: (Σw)²/Σw² (Kish 1965).

    Args:
        weight_sum: Σw, any shape.
        squared_weight_sum: Σw², same shape.

    Examples:
        >>> float(effective_n(10.0, 10.0))
        10.0
    """
    total = np.asarray(weight_sum, dtype=np.float64)
    squares = np.asarray(squared_weight_sum, dtype=np.float64)
    return np.divide(total * total, squares, out=np.zeros_like(total + squares), where=squares > 0)


def _counts(successes: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    k, rows = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64))
    slack = 1e-9 * np.maximum(rows, 1.0)  # weighted sums may pass n by rounding
    if np.any(k < -slack) or np.any(k > rows + slack):
        raise InvalidArgument("successes must lie between 0 and n. For weighted rows pass share × effective_n.")
    return np.clip(k, 0.0, rows), rows


def _beta_interval(
    successes: npt.ArrayLike,
    n: npt.ArrayLike,
    confidence: float,
    *,
    low_shift: tuple[float, float],
    high_shift: tuple[float, float],
    method: str,
) -> Interval:
    from scipy.special import betaincinv

    k, rows = _counts(successes, n)
    tail = (1.0 - check_confidence(confidence)) / 2.0
    tiny = np.finfo(np.float64).tiny  # beta quantiles want positive shapes; those cells are overwritten below
    low = betaincinv(np.maximum(k + low_shift[0], tiny), np.maximum(rows - k + low_shift[1], tiny), tail)
    high = betaincinv(np.maximum(k + high_shift[0], tiny), np.maximum(rows - k + high_shift[1], tiny), 1.0 - tail)
    empty = rows <= 0
    low = np.where(empty, np.nan, np.where(k == 0, 0.0, low))
    high = np.where(empty, np.nan, np.where(k == rows, 1.0, high))
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.sqrt(k / rows * (1.0 - k / rows) / rows)
    return Interval(real(low), real(high), real(se), method)
