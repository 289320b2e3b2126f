"""Intervals for a variance and for a quantile."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals.interval import Interval, check_confidence, real, two_sided_z


def variance_interval(
    variance: npt.ArrayLike, n: npt.ArrayLike, confidence: float = 0.95, *, kurtosis: npt.ArrayLike | None = None
) -> Interval:
    """Return an interval for a variance.

    Without ``kurtosis`` the chi-square interval (n − 1)s²/χ², exact for normal data and badly off for anything else.
    With it Bonett's 2006 interval (Computational Statistics & Data Analysis 50, 775–782):
    exp(ln(c s²) ± z · c √((κ − (n − 3)/n)/(n − 1))), c = n/(n − z).

    Args:
        variance: the sample variance s² (ddof 1); any shape.
        n: rows.
        confidence: nominal coverage.
        kurtosis: fourth central moment over squared variance (3 for the normal distribution).

    Examples:
        >>> interval = variance_interval(4.0, 20)
        >>> round(interval.low, 3), round(interval.high, 3)
        (2.313, 8.533)
    """
    from scipy.special import gammaincinv

    check_confidence(confidence)
    spread = np.asarray(variance, dtype=np.float64)
    rows = np.asarray(n, dtype=np.float64)
    tail = (1.0 - confidence) / 2.0
    with np.errstate(invalid="ignore", divide="ignore"):
        if kurtosis is None:
            freedom = np.where(rows > 1, rows - 1.0, np.nan)
            low = spread * freedom / (2.0 * gammaincinv(freedom / 2.0, 1.0 - tail))
            high = spread * freedom / (2.0 * gammaincinv(freedom / 2.0, tail))
            se = spread * np.sqrt(2.0 / freedom)
            return Interval(real(low), real(high), real(se), "chi-square")
        z = two_sided_z(confidence)
        c = np.where(rows > z, rows / (rows - z), np.nan)
        excess = np.maximum(np.asarray(kurtosis, dtype=np.float64) - (rows - 3.0) / rows, 0.0)
        log_se = np.sqrt(excess / (rows - 1.0))
        low = c * spread * np.exp(-z * c * log_se)
        high = c * spread * np.exp(z * c * log_se)
        return Interval(real(low), real(high), real(spread * log_se), "bonett")


def quantile_ranks(n: int, q: float, confidence: float = 0.95) -> tuple[int, int]:
    """Return the ranks (1 to n) of the order statistics that enclose a quantile; 0 and n + 1 where none does.

    Source: Conover 1999, §3.2. The number of rows below the quantile is Binomial(n, q): the lower rank r is the
    largest with P(X ≤ r − 1) ≤ α/2, the upper rank s the smallest with P(X ≤ s − 1) ≥ 1 − α/2.

    Args:
        n: rows.
        q: the quantile, 0 to 1.
        confidence: nominal coverage.

    Examples:
        >>> quantile_ranks(20, 0.5)
        (6, 15)
    """
    from scipy.special import bdtr, bdtrik

    if not 0.0 < q < 1.0:
        message = f"q must lie between 0 and 1, such as 0.9; it is {q!r}."
        raise InvalidArgument(message)
    tail = (1.0 - check_confidence(confidence)) / 2.0
    if n < 1:
        return 0, n + 1

    def smallest(p: float) -> int:  # the smallest k with P(X ≤ k) ≥ p; bdtrik is its real-valued inverse
        k = max(int(np.ceil(bdtrik(p, n, q))), 0) if p > bdtr(0, n, q) else 0
        return k - 1 if k > 0 and bdtr(k - 1, n, q) >= p else k

    first = smallest(tail)
    low = first + 1 if bdtr(first, n, q) <= tail else first
    return low, min(smallest(1.0 - tail) + 1, n + 1)


def quantile_interval(values: npt.ArrayLike, q: float, confidence: float = 0.95) -> Interval:
    """Return a distribution-free interval for a quantile, between two of the values.

    Args:
        values: the rows, shape (n,), in any order.
        q: the quantile, 0 to 1.
        confidence: least coverage. An end is NaN where too few rows lie beyond the quantile.

    Examples:
        >>> interval = quantile_interval(np.arange(1, 101), 0.5)
        >>> interval.low, interval.high
        (40.0, 61.0)
    """
    rows = np.sort(np.asarray(values, dtype=np.float64))
    low, high = quantile_ranks(len(rows), q, confidence)
    return Interval(
        float(rows[low - 1]) if low >= 1 else float("nan"),
        float(rows[high - 1]) if high <= len(rows) else float("nan"),
        None,
        "order statistics",
    )
