"""The area under the ROC curve: its variance after DeLong, and an interval that stays within 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steelyard.metrics.intervals.interval import Floats, Interval, Real, real, two_sided_z


@dataclass(frozen=True, slots=True)
class DeLong:
    """An AUC with its variance and what the variance is made of.

    Args:
        auc: share of (positive, negative) pairs in the right order, ties counting one half; NaN if a class is empty.
        variance: DeLong's; NaN with fewer than two rows of either class.
        n_positive: positive rows (the effective number when weighted).
        n_negative: negative rows.
        positive_placements: for each positive, the share of negatives below it, in the caller's order; None when made
            from counts.
        negative_placements: for each negative, the share of positives above it.
    """

    auc: Real
    variance: Real
    n_positive: Real
    n_negative: Real
    positive_placements: Floats | None = None
    negative_placements: Floats | None = None

    def interval(self, confidence: float = 0.95) -> Interval:
        """Return the interval of ``auc_interval`` for this AUC."""
        return auc_interval(self.auc, self.variance, self.n_positive, self.n_negative, confidence)


def delong(positives: npt.ArrayLike, negatives: npt.ArrayLike) -> DeLong:
    """Return the AUC of scores with DeLong's variance, in O(n log n).

    Source: DeLong, DeLong & Clarke-Pearson 1988; mid-ranks as in Sun & Xu 2014. Variance S10/m + S01/n, where S10 and
    S01 are the sample variances of the placements of the m positives and the n negatives.

    Args:
        positives: scores of the positive rows, shape (m,).
        negatives: scores of the negative rows, shape (n,).

    Examples:
        >>> result = delong([0.9, 0.8, 0.4], [0.5, 0.3, 0.2])
        >>> round(result.auc, 4), round(result.variance, 4)
        (0.8889, 0.0247)
    """
    scores_p = np.asarray(positives, dtype=np.float64)
    scores_n = np.asarray(negatives, dtype=np.float64)
    m, n = len(scores_p), len(scores_n)
    if m == 0 or n == 0:
        return DeLong(float("nan"), float("nan"), float(m), float(n), np.full(m, np.nan), np.full(n, np.nan))
    placed_p = _share_below(scores_p, np.sort(scores_n))
    placed_n = 1.0 - _share_below(scores_n, np.sort(scores_p))
    variance = placed_p.var(ddof=1) / m + placed_n.var(ddof=1) / n if m > 1 and n > 1 else float("nan")
    return DeLong(float(placed_p.mean()), float(variance), float(m), float(n), placed_p, placed_n)


def delong_counts(
    positives: npt.ArrayLike,
    negatives: npt.ArrayLike,
    *,
    positive_squares: npt.ArrayLike | None = None,
    negative_squares: npt.ArrayLike | None = None,
) -> DeLong:
    """Return the AUC and its variance from counts by score: sorted distinct scores, or bins.

    Rows that share a score (or a bin) count as ties. Many histograms at once: leading axes are kept.

    Args:
        positives: number (or Σw) of positives at each score, ascending along the last axis.
        negatives: number (or Σw) of negatives, same shape.
        positive_squares: Σw² of the positives, for weighted rows; the counts themselves unless given.
        negative_squares: Σw² of the negatives.

    Examples:
        >>> result = delong_counts([0, 0, 1, 0, 1, 1], [1, 1, 0, 1, 0, 0])
        >>> round(result.auc, 4), round(result.variance, 4)
        (0.8889, 0.0247)
    """
    pos = np.asarray(positives, dtype=np.float64)
    neg = np.asarray(negatives, dtype=np.float64)
    pos_sq = pos if positive_squares is None else np.asarray(positive_squares, dtype=np.float64)
    neg_sq = neg if negative_squares is None else np.asarray(negative_squares, dtype=np.float64)
    total_p, total_n = pos.sum(axis=-1), neg.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        below = (np.cumsum(neg, axis=-1) - neg / 2.0) / total_n[..., None]
        above = (total_p[..., None] - np.cumsum(pos, axis=-1) + pos / 2.0) / total_p[..., None]
        auc = (pos * below).sum(axis=-1) / total_p
        m = total_p**2 / pos_sq.sum(axis=-1)
        n = total_n**2 / neg_sq.sum(axis=-1)
        of_pos = (pos_sq * (below - auc[..., None]) ** 2).sum(axis=-1) / total_p**2 * m / (m - 1.0)
        of_neg = (neg_sq * (above - auc[..., None]) ** 2).sum(axis=-1) / total_n**2 * n / (n - 1.0)
        variance = np.where((m > 1) & (n > 1), of_pos + of_neg, np.nan)
    return DeLong(real(auc), real(variance), real(np.nan_to_num(m)), real(np.nan_to_num(n)))


def delong_covariance(first: DeLong, second: DeLong) -> float:
    """Return the covariance of the AUCs of two scores on the same rows in the same order.

    The variance of their difference is first.variance + second.variance − 2 · covariance (DeLong et al. 1988).

    Raises:
        ValueError: the two do not have the same numbers of positives and negatives.

    Examples:
        >>> a = delong([0.9, 0.8, 0.4], [0.5, 0.3, 0.2])
        >>> bool(np.isclose(delong_covariance(a, a), a.variance))
        True
    """
    pairs = (
        (first.positive_placements, second.positive_placements),
        (first.negative_placements, second.negative_placements),
    )
    covariance = 0.0
    for a, b in pairs:
        if a is None or b is None or len(a) != len(b):
            raise ValueError("A paired covariance needs both scores on the same rows: placements differ in length.")
        if len(a) < 2:
            return float("nan")
        covariance += float(np.dot(a - a.mean(), b - b.mean())) / (len(a) - 1) / len(a)
    return covariance


def auc_interval(
    auc: npt.ArrayLike,
    variance: npt.ArrayLike,
    n_positive: npt.ArrayLike,
    n_negative: npt.ArrayLike,
    confidence: float = 0.95,
) -> Interval:
    """Return an interval for an AUC: DeLong on the logit scale, Newcombe's score interval where that breaks down.

    The logit interval (Qin & Hotilovac 2008) stays within 0 and 1 and covers best of the simple ones when the variance
    is well known. With a perfect order the variance is 0 and says nothing, and with very few errors it is too small,
    so the ends are never nearer to the AUC than those of ``auc_score_interval``. Arguments are scalars or arrays.

    Args:
        auc: 0 to 1.
        variance: DeLong's variance of it.
        n_positive: positive rows.
        n_negative: negative rows.
        confidence: nominal coverage.

    Examples:
        >>> interval = auc_interval(0.9, 0.001, 40, 40)
        >>> round(interval.low, 3), round(interval.high, 3)
        (0.819, 0.947)
    """
    z = two_sided_z(confidence)
    theta = np.asarray(auc, dtype=np.float64)
    se = np.sqrt(np.asarray(variance, dtype=np.float64))
    low, high = _logit_ends(theta, se, z)
    score = auc_score_interval(theta, n_positive, n_negative, confidence)
    errors = np.minimum(theta, 1.0 - theta) * np.minimum(n_positive, n_negative)
    scarce = ~(errors >= SCARCE_ERRORS) | ~(se > 0)
    low = np.where(scarce, np.fmin(low, score.low), low)
    high = np.where(scarce, np.fmax(high, score.high), high)
    return Interval(real(low), real(high), real(se), "delong")


SCARCE_ERRORS = 2.0
"""Below this many wrongly ordered rows of the rarer class DeLong's variance is too uncertain to stand alone."""


def auc_score_interval(
    auc: npt.ArrayLike, n_positive: npt.ArrayLike, n_negative: npt.ArrayLike, confidence: float = 0.95
) -> Interval:
    """Return Newcombe's score interval for an AUC, which needs no variance and holds at 0 and 1.

    Source: Newcombe 2006 (Statistics in Medicine 25, 559–573), method 5: the θ with
    |θ − θ̂| = z √(θ(1 − θ)(1 + N((1 − θ)/(2 − θ) + θ/(1 + θ)))/(mn)), N = (m + n)/2 − 1.

    Args:
        auc: 0 to 1; any shape.
        n_positive: positive rows, broadcast against it.
        n_negative: negative rows.
        confidence: nominal coverage.

    Examples:
        >>> interval = auc_score_interval(1.0, 10, 10)
        >>> round(interval.low, 3), interval.high
        (0.8, 1.0)
    """
    z = two_sided_z(confidence)
    theta_hat, m, n = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (auc, n_positive, n_negative)))

    def too_far(theta: Floats) -> npt.NDArray[np.bool_]:
        spread = 1.0 + ((m + n) / 2.0 - 1.0) * ((1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.abs(theta - theta_hat) > z * np.sqrt(theta * (1.0 - theta) * spread / (m * n))

    def solve(outer: Floats) -> Floats:
        inner = theta_hat.copy()
        for _ in range(60):  # bisection between the estimate and the end of the range
            middle = (inner + outer) / 2.0
            far = too_far(middle)
            outer, inner = np.where(far, middle, outer), np.where(far, inner, middle)
        return outer

    unknown = ~((m > 0) & (n > 0)) | np.isnan(theta_hat)
    low = np.where(theta_hat <= 0.0, 0.0, solve(np.zeros_like(theta_hat)))
    high = np.where(theta_hat >= 1.0, 1.0, solve(np.ones_like(theta_hat)))
    return Interval(real(np.where(unknown, np.nan, low)), real(np.where(unknown, np.nan, high)), None, "newcombe auc")


def _share_below(scores: Floats, others: Floats) -> Floats:
    left = np.searchsorted(others, scores, side="left")
    right = np.searchsorted(others, scores, side="right")
    return (left + right) / (2.0 * len(others))


def _logit_ends(theta: Floats, se: Floats, z: float) -> tuple[Floats, Floats]:
    from scipy.special import expit, logit

    inside = (theta > 0) & (theta < 1) & (se > 0)
    safe = np.where(inside, theta, 0.5)
    half = z * np.where(inside, se, 0.0) / (safe * (1.0 - safe))
    centre = logit(safe)
    return np.where(inside, expit(centre - half), np.nan), np.where(inside, expit(centre + half), np.nan)
