"""Intervals for a mean: of independent rows, of weighted rows, of rows that come in clusters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals.interval import Floats, Interval, Real, check_confidence, real, t_quantile


def mean_t(mean: npt.ArrayLike, se: npt.ArrayLike, df: npt.ArrayLike, confidence: float = 0.95) -> Interval:
    """Return Student's interval: mean ± t(df) · se.

    Args:
        mean: the estimate; any shape.
        se: its standard error, broadcast against it.
        df: degrees of freedom (rows − 1, or clusters − 1); infinity gives the normal interval.
        confidence: nominal coverage.

    Examples:
        >>> interval = mean_t(2.0, 0.5, 9)
        >>> round(interval.low, 3), round(interval.high, 3)
        (0.869, 3.131)
    """
    centre = np.asarray(mean, dtype=np.float64)
    error = np.asarray(se, dtype=np.float64)
    half = np.asarray(t_quantile(0.5 + check_confidence(confidence) / 2.0, df)) * error
    return Interval(real(centre - half), real(centre + half), real(error + 0.0 * centre), "t")


def mean_interval(
    values: npt.ArrayLike | None = None,
    *,
    total: npt.ArrayLike | None = None,
    squares: npt.ArrayLike | None = None,
    n: npt.ArrayLike | None = None,
    confidence: float = 0.95,
) -> Interval:
    """Return the t interval of the mean of independent rows.

    SE = √(Σ(x − x̄)²/(n − 1)/n) (Miller 2024). Fewer than two rows have no standard error: NaN.

    Args:
        values: the rows, along the last axis; or leave it out and give the three sums.
        total: Σx; any shape, one entry a mean.
        squares: Σx², or better Σ(x − x̄)² with ``total`` shifted alike: a large mean loses digits in Σx².
        n: rows, same shape.
        confidence: nominal coverage.

    Raises:
        InvalidArgument: neither values nor all three sums.

    Examples:
        >>> interval = mean_interval([1.0, 2.0, 3.0])
        >>> round(interval.low, 3), round(interval.high, 3)
        (-0.484, 4.484)
        >>> mean_interval(total=6.0, squares=14.0, n=3).se == interval.se
        True
    """
    if values is not None:
        rows = np.asarray(values, dtype=np.float64)
        count = np.asarray(float(rows.shape[-1]))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = rows.sum(axis=-1) / count
            deviations = np.square(rows - mean[..., None]).sum(axis=-1)
    elif total is not None and squares is not None and n is not None:
        count = np.asarray(n, dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.asarray(total, dtype=np.float64) / count
            deviations = np.maximum(np.asarray(squares, dtype=np.float64) - count * mean * mean, 0.0)
    else:
        raise InvalidArgument("Give mean_interval the values, or all three of total, squares and n.")
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.where(count > 1, np.sqrt(deviations / (count - 1.0) / count), np.nan)
    return mean_t(mean, se, count - 1.0, confidence)


def clustered_se(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    small_sample: bool = True,
) -> float:
    """Return the standard error of a mean whose rows come in clusters (a user, a query, a document).

    √(Σ_c(Σ_i w_i(x_i − x̄))²)/Σw, times √(C/(C − 1)) (CR1-type; Miller 2024 §2.2 has it without the factor).

    Args:
        values: one number a row, shape (n,).
        clusters: the cluster of each row, any hashable kind that sorts, shape (n,).
        weights: row weights, shape (n,); all 1 unless given.
        small_sample: apply √(C/(C − 1)); without it the result is CR0.

    Returns:
        The standard error; NaN for fewer than two clusters.

    Examples:
        >>> scores = [1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1]
        >>> round(clustered_se(scores, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]), 10)
        0.1360827635
    """
    rows = np.asarray(values, dtype=np.float64)
    keys = np.asarray(clusters)
    if rows.shape != keys.shape or rows.ndim != 1:
        message = f"clusters must name one cluster a row: {keys.shape} for values of shape {rows.shape}."
        raise InvalidArgument(message)
    weight = np.ones_like(rows) if weights is None else np.asarray(weights, dtype=np.float64)
    _, codes = np.unique(keys, return_inverse=True)
    n_c = np.bincount(codes, weights=weight)
    # Centred before it is summed, so that a large mean costs no digits.
    centre = float(np.average(rows, weights=weight))
    sum_c = np.bincount(codes, weights=weight * (rows - centre))
    return float(clustered_se_from_sums(n_c, sum_c, small_sample=small_sample))


def clustered_se_from_sums(n_c: npt.ArrayLike, sum_c: npt.ArrayLike, *, small_sample: bool = True) -> Real:
    """Return the clustered standard error of a mean from each cluster's rows and sum.

    Args:
        n_c: rows (or Σw) of each cluster, along the last axis; clusters with none are not counted.
        sum_c: Σx (or Σwx) of each cluster, same shape.
        small_sample: apply √(C/(C − 1)).

    Examples:
        >>> round(clustered_se_from_sums([3, 3, 3, 3], [2, 1, 3, 2], small_sample=False), 10)
        0.1178511302
    """
    rows = np.asarray(n_c, dtype=np.float64)
    sums = np.asarray(sum_c, dtype=np.float64)
    total = rows.sum(axis=-1)
    count = (rows > 0).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums.sum(axis=-1) / total
        deviation = sums - rows * mean[..., None]
        se = np.sqrt(np.square(deviation).sum(axis=-1)) / total
        factor = np.sqrt(count / (count - 1.0)) if small_sample else np.ones_like(se)
        return real(np.where(count > 1, se * factor, np.nan))


def weighted_mean_se(values: npt.ArrayLike, weights: npt.ArrayLike) -> tuple[float, float]:
    """Return a weighted mean and its linearised standard error: √(Σ(w(x − x̄))²)/Σw · √(n/(n − 1)).

    Args:
        values: one number a row, shape (n,).
        weights: row weights, shape (n,).

    Examples:
        >>> mean, se = weighted_mean_se([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
        >>> round(mean, 6), round(se, 6)
        (2.0, 0.57735)
    """
    rows: Floats = np.asarray(values, dtype=np.float64)
    weight: Floats = np.asarray(weights, dtype=np.float64)
    total = float(weight.sum())
    if total <= 0:
        return float("nan"), float("nan")
    mean = float(weight @ rows) / total
    used = int(np.count_nonzero(weight))
    if used < 2:
        return mean, float("nan")
    return mean, float(np.sqrt(np.square(weight * (rows - mean)).sum()) / total * np.sqrt(used / (used - 1.0)))
