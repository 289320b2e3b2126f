"""How far a corrected mean may be off: its variance, degrees of freedom and interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from steelyard.metrics.corrected.sample import Floats, Sample
from steelyard.metrics.corrected.tuning import Slopes
from steelyard.metrics.intervals import mean_t, t_quantile, wilson
from steelyard.records import Estimate

BORROWED = 1.0
"""Degrees of freedom that a stratum borrows from all strata for its variance, so that one label is enough for it."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean, its variance, and what they were made from.

    Args:
        value: the mean.
        variance: of the mean.
        df: degrees of freedom of the variance.
        residual: variance of the residuals, over items.
        labels: variance of the labels, over items.
    """

    value: float
    variance: float
    df: float
    residual: float
    labels: float


def spread_of(sample: Sample, slopes: Slopes, *, finite: bool) -> Spread:
    """Return the mean θ̂ = Σ w(y − slope · (f − f̄))/Σw with its variance.

    f̄ is the judge's mean over all items of the stratum, so that θ̂ is the judge's mean times the slope plus the mean
    residual: PPI++ when all are equally likely, the weighted residual of Zrnic & Candès 2024 when they are not.
    The variance adds up what drawing some items to be labelled costs, Σ (1 − π) w² (e − ē)² n/(n − 1) by stratum (the
    finite population correction is in it), and, unless the population is these very items, Var(y)/(n + N) for drawing
    the items. For a simple random sample that is λ² Var(f)/N + Var(y − λf)/n.
    """
    residuals = sample.y - slopes.by_item * (sample.f - sample.means[sample.strata])
    value = float(sample.weights @ residuals) / sample.total
    labels = label_variance(sample)
    ours, shares, df = _within(sample, residuals)
    residual = float(ours @ sample.sizes) / sample.total
    explained = min(max(1.0 - residual / labels, 0.0), 1.0) if labels > 0 else 0.0
    hidden = explained * _unseen(sample, labels) / _kish(sample.weights)
    drawing = float(shares @ (ours + hidden)) / sample.total**2
    residual += hidden
    return Spread(value, drawing + (0.0 if finite else labels / sample.total), df, residual, labels)


def label_variance(sample: Sample) -> float:
    """Return the variance of the labels over the population's items."""
    share = sample.weights / sample.weights.sum()
    n = _kish(sample.weights)
    centred = sample.y - share @ sample.y
    return float(share @ np.square(centred)) * n / (n - 1.0) if n > 1 else 0.0


def _within(sample: Sample, residuals: Floats) -> tuple[Floats, Floats, float]:
    """Return each stratum's residual variance, what it counts for in the sum, and the degrees of freedom."""
    code, count, sums = sample.strata, len(sample.names), sample.by_stratum
    centre = sums(sample.weights * residuals) / np.maximum(sums(sample.weights), 1e-300)
    q = (1.0 - sample.propensity) * sample.weights**2
    mass = sums(q)
    # A stratum that is labelled through and through counts for nothing in the sum, and yet has a variance.
    q = np.where(mass[code] > 0, q, 1.0)
    square = sums(q * np.square(residuals - centre[code])) / np.maximum(sums(q), 1e-300)
    n = np.divide(sums(sample.weights) ** 2, sums(sample.weights**2), out=np.zeros(count), where=sample.labelled > 0)
    freedom = np.maximum(n - 1.0, 0.0)
    pooled = float(n @ square) / max(float(freedom.sum()), 1e-9)
    borrowed = BORROWED if count > 1 else 0.0
    variance = (n * square + borrowed * pooled) / np.maximum(freedom + borrowed, 1e-9)
    parts = mass * variance
    spent = float((parts**2 / np.maximum(freedom + borrowed, 1e-9)).sum())
    df = float(parts.sum()) ** 2 / spent if spent > 0 else float(freedom.sum())
    return variance, mass, min(max(df, 1.0), max(float(freedom.sum()), 1.0))


def _unseen(sample: Sample, labels: float) -> float:
    """Return the square of a disagreement that the labels may have hidden: 2 Var(y) P(alike)/P(not alike).

    Labels that are often alike (yes or no, stars) let a judge look perfect on 20 items that errs on one in 20. So one
    pseudo-disagreement joins the squares, as large as between two labels that differ, as often as two are alike; twice,
    which for yes and no half and half are the two rows that Agresti & Min 2005 add to a table of pairs. It counts in
    full where judge and strata seem to explain everything, and not at all where they explain nothing. Labels that are
    never alike (a measured number) have none.
    """
    share = sample.weights / sample.weights.sum()
    _, at = np.unique(sample.y, return_inverse=True)
    mass = np.bincount(at, weights=share)
    counts = np.bincount(at)
    alike = float((mass**2 * np.where(counts > 1, 1.0 - 1.0 / counts, 0.0)).sum())
    differ = 1.0 - float((mass**2).sum())
    return 2.0 * PSEUDO * labels * alike / differ if differ > 0 else 0.0


PSEUDO = 2.0


def _kish(weights: Floats) -> float:
    return float(weights.sum() ** 2 / np.square(weights).sum())


def estimate(spread: Spread, n: int, confidence: float, *, yes_no: bool) -> Estimate:
    """Return the interval: Student's t, and for yes and no its Wilson form, which stays within 0 and 1.

    The Wilson form is that of a share of as many rows as would have this variance.
    """
    se = math.sqrt(spread.variance)
    if not yes_no:
        found = mean_t(spread.value, se, spread.df, confidence)
        return Estimate(
            spread.value, n, se=se, low=float(found.low), high=float(found.high), confidence=confidence, method="t"
        )
    value = min(max(spread.value, 0.0), 1.0)
    low, high = _share_ends(value, se, n, float(t_quantile(0.5 + confidence / 2.0, spread.df)))
    return Estimate(value, n, se=se, low=low, high=high, confidence=confidence, method="wilson t")


def _share_ends(value: float, se: float, n: int, t: float) -> tuple[float, float]:
    inside = (n * value + 1.0) / (n + 2.0)  # at 0 and 1 a share has no variance to go by
    rows = inside * (1.0 - inside) / se**2 if se > 0 else math.inf
    if math.isinf(rows):
        return value, value
    centre = (rows * value + t * t / 2.0) / (rows + t * t)
    half = t / (rows + t * t) * math.sqrt(rows * value * (1.0 - value) + t * t / 4.0)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def simple_mean(values: Floats, confidence: float) -> Estimate:
    """Return the mean of independent items: Wilson's interval for yes and no, Student's otherwise."""
    n = len(values)
    if n == 0:
        return Estimate(None, 0, confidence=confidence, method="no rows")
    value = float(values.mean())
    if is_yes_no(values):
        found = wilson(float(values.sum()), n, confidence)
        return Estimate(
            value, n, se=_real(found.se), low=float(found.low), high=float(found.high), confidence=confidence,
            method="wilson",
        )  # fmt: skip
    if n < 2:
        return Estimate(value, n, confidence=confidence, method="too few rows")
    se = float(values.std(ddof=1)) / math.sqrt(n)
    found = mean_t(value, se, n - 1.0, confidence)
    return Estimate(value, n, se=se, low=float(found.low), high=float(found.high), confidence=confidence, method="t")


def is_yes_no(values: Floats) -> bool:
    """Return whether all values are 0 or 1."""
    return bool(np.all((values == 0.0) | (values == 1.0)))


def _real(value: object) -> float | None:
    return None if value is None else float(np.asarray(value, dtype=np.float64))
