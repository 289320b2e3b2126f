"""Fleiss' kappa and Gwet's AC1 and AC2: any number of raters, any of whom may have left out any item."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt

from steelyard.metrics.agreement.closeness import MOST_CATEGORIES, item_agreement, weights_of
from steelyard.metrics.agreement.rated import Codes, Floats, Value, from_counts, read_ratings
from steelyard.metrics.agreement.spread import (
    NOISE,
    ONE_VALUE,
    TOO_FEW,
    TOO_MANY_VALUES,
    corrected_interval,
    estimate,
    undefined,
)
from steelyard.records import Estimate


def fleiss_kappa(counts: npt.ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """Return Fleiss' kappa, which with two raters is Scott's pi.

    Source: Fleiss 1971; items with different numbers of ratings as in Gwet 2014, §2 (an item's share of agreeing pairs
    and its shares of categories count once an item), and the standard error over items from there too, by
    linearisation. The interval is taken on the scale atanh(κ) with n − 1 degrees of freedom.

    Args:
        counts: shape (items, categories): how many raters put the item there.
        confidence: nominal coverage.

    Examples:
        >>> round(fleiss_kappa([[3, 0], [0, 3], [2, 1], [1, 2]]).value, 4)
        0.3333
    """
    packed = from_counts(counts)
    return corrected_of(packed, np.shape(counts)[1], None, "fleiss", confidence)


def gwet_ac1(
    ratings: Sequence[Sequence[Value | None]], *, categories: Sequence[Value] | None = None, confidence: float = 0.95
) -> Estimate:
    """Return Gwet's AC1, which stays steady where nearly everybody says the same and kappa collapses.

    Source: Gwet 2008; chance agreement 1/(q − 1) · Σ π(1 − π), the standard error by linearisation over items (Gwet
    2014, §2). The interval is taken on the scale atanh(AC1) with n − 1 degrees of freedom.

    Args:
        ratings: items, each with one value per rater; None is missing.
        categories: all q values that could be given: a value that nobody chose counts too. Default: those that were
            given, and both of yes and no.
        confidence: nominal coverage.

    Examples:
        >>> round(gwet_ac1([[True, True]] * 9 + [[True, False]]).value, 4)
        0.8895
    """
    rated = read_ratings(ratings, categories=categories)
    return corrected_of(rated.packed, len(rated.categories), None, "gwet", confidence)


def gwet_ac2(
    ratings: Sequence[Sequence[Value | None]],
    *,
    weights: str = "linear",
    categories: Sequence[Value] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return Gwet's AC2: AC1 with nearly the same counting as nearly agreed.

    Source: Gwet 2014, §3. Arguments as for :func:`gwet_ac1`, and:

    Args:
        ratings: items, each with one value per rater; None is missing.
        weights: ``linear`` or ``quadratic`` in the place of the categories (0, 1, 2 …).
        categories: all values in their order; texts need it.
        confidence: nominal coverage.

    Examples:
        >>> round(gwet_ac2([[1, 1], [2, 3], [3, 3], [2, 2], [1, 2]]).value, 4)
        0.5556
    """
    rated = read_ratings(ratings, categories=categories, ordered=True)
    q = len(rated.categories)
    if q > MOST_CATEGORIES:
        return undefined(TOO_MANY_VALUES, len(rated.paired), confidence)
    close = weights_of(weights, np.arange(q, dtype=np.float64))
    return corrected_of(rated.packed, q, close, "gwet", confidence)


def corrected_of(
    packed: Codes, q: int, weights: Floats | None, chance: Literal["fleiss", "gwet"], confidence: float
) -> Estimate:
    """Return the coefficient of packed ratings whose chance agreement is Fleiss' or Gwet's.

    Args:
        packed: shape (items, m), -1 for gaps; items with one rating tell of prevalence only.
        q: how many categories there are.
        weights: shape (q, q); None for the identity.
        chance: whose idea of chance.
        confidence: nominal coverage.
    """
    per_item = (packed >= 0).sum(axis=1)
    n, pairs = len(packed), int((per_item >= 2).sum())
    if pairs < 2:
        return undefined(TOO_FEW, pairs, confidence)
    shares = item_agreement(packed, weights)
    observed = float(shares[per_item >= 2].mean())
    expected, slope = _chance(_prevalence(packed, per_item, q), weights, chance)
    if q < 2 or 1.0 - expected <= 1e-12:
        return undefined(ONE_VALUE, pairs, confidence)
    value = (observed - expected) / (1.0 - expected)
    own = n / pairs * (shares - expected) * (per_item >= 2) / (1.0 - expected)
    item_chance = np.where(packed >= 0, slope[packed], 0.0).sum(axis=1) / per_item
    linear = own - 2.0 * (1.0 - value) * (item_chance - expected) / (1.0 - expected)
    se = sqrt(float(np.square(linear - value).sum()) / (n * (n - 1.0)))
    alike = bool(np.ptp(shares[per_item >= 2]) <= NOISE)
    interval = corrected_interval(
        value, se, pairs, confidence, chance=expected, method="linearised, Fisher z", alike=alike
    )
    return estimate(value, pairs, interval, confidence)


def _prevalence(packed: Codes, per_item: npt.NDArray[np.int64], q: int) -> Floats:
    """The mean over items of their shares of each category: shape (q,)."""
    there = packed >= 0
    each = np.broadcast_to(1.0 / per_item[:, None], packed.shape)
    return np.bincount(packed[there], each[there], minlength=q) / len(packed)


def _chance(prevalence: Floats, weights: Floats | None, kind: str) -> tuple[float, Floats]:
    """Chance agreement, and half its slope in each category's prevalence."""
    if kind == "fleiss":
        slope = prevalence if weights is None else weights @ prevalence
        return float(prevalence @ slope), slope
    q = len(prevalence)
    total = float(q) if weights is None else float(weights.sum())
    slope = total / max(q * (q - 1.0), 1.0) * (1.0 - prevalence)
    return float(prevalence @ slope), slope
