"""How much to believe the judge: the slope of human labels on its values, each item's from the other items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steelyard.metrics.corrected.sample import Codes, Floats, Sample

BORROW = 20.0
"""A stratum's own slope counts like this many labels of all strata together."""


@dataclass(frozen=True, slots=True)
class Slopes:
    """What the judge's values are multiplied by: λ = slope · N/(n + N).

    Args:
        by_item: each labelled item's slope, made without that item, (n,).
        overall: made with all items, the mean over strata by size.
    """

    by_item: Floats
    overall: float


def cross_fitted(sample: Sample) -> Slopes:
    """Return the slope that makes the variance least, for each item from all others.

    λ* = Cov(Y, f)/((1 + n/N) Var(f)) (Angelopoulos et al. 2023b), both from the labelled items, so that slope =
    λ(1 + n/N) = Cov/Var is a regression through them: a judge that agrees on every one has slope 1. Leaving out each
    item in turn is cross-fitting with n folds: what an item says of the judge does not tune how much the judge counts
    for it, so residuals are as large as they are on new items; and the order of items plays no part. Unequally likely
    items count by (1 − π)/π². Strata mix their own slope with that of all (within strata), by labels; λ is clipped to
    0 to 1.
    """
    w = (1.0 - sample.propensity) * sample.weights**2
    w = np.where(w.max(initial=0.0) > 0, w, 1.0)
    code, count, sums = sample.strata, len(sample.names), sample.by_stratum
    mass = sums(w)
    safe = np.where(mass > 0, mass, 1.0)
    x = sample.f - (sums(w * sample.f) / safe)[code]
    y = sample.y - (sums(w * sample.y) / safe)[code]
    xx, xy = sums(w * x * x), sums(w * x * y)
    left = mass[code] - w
    gone = w * np.divide(mass[code], left, out=np.zeros_like(left), where=left > 1e-12 * mass[code])
    own = sample.labelled / (sample.labelled + BORROW) if count > 1 else np.ones(1)
    rest = sample.sizes - sample.labelled
    top = np.where(rest > 0, sample.sizes / np.maximum(rest, 1.0), 0.0)  # where λ is 1; nobody to judge needs no judge
    # Relative to what the judge's values are worth in floating point: below that, they do not vary.
    least = 1e-20 * mass.sum() * float(np.square(sample.f).max(initial=0.0))

    def mixed(own_xy: Floats, own_xx: Floats, all_xy: Floats, all_xx: Floats, at: Codes) -> Floats:
        alone, together = _ratio(own_xy, own_xx, least), _ratio(all_xy, all_xx, least)
        return np.clip(own[at] * alone + (1.0 - own[at]) * together, 0.0, top[at])

    fewer_xy, fewer_xx = gone * x * y, gone * x * x
    by_item = mixed(xy[code] - fewer_xy, xx[code] - fewer_xx, xy.sum() - fewer_xy, xx.sum() - fewer_xx, code)
    whole = mixed(xy, xx, np.full(count, xy.sum()), np.full(count, xx.sum()), np.arange(count))
    return Slopes(by_item, float(whole @ sample.sizes) / sample.total)


def plain(sample: Sample) -> Slopes:
    """Return the slope of ``ppi-python``: covariance over n, variance of all items over n + N − 1."""
    n, rest = len(sample.y), len(sample.rest)
    spread = float(sample.judged.var(ddof=1))
    shared = float((sample.y - sample.y.mean()) @ (sample.f - sample.f.mean())) / n
    weight = min(max(shared / ((1.0 + n / rest) * spread), 0.0), 1.0) if spread > 0 and rest else 0.0
    return constant(sample, weight)


def constant(sample: Sample, weight: float) -> Slopes:
    """Return the slope that belongs to a given λ."""
    slope = weight * sample.total / max(len(sample.rest), 1)
    return Slopes(np.full(len(sample.y), slope), slope)


def _ratio(over: Floats, under: Floats, least: float) -> Floats:
    return np.divide(over, under, out=np.zeros_like(over), where=under > least)
