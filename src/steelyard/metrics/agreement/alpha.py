"""Krippendorff's alpha: any number of raters, any gaps, any level of measurement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.agreement.closeness import MOST_CATEGORIES, item_agreement, ratio_distances, set_distances
from steelyard.metrics.agreement.rated import LEVELS, Codes, Floats, Rated, Value, read_ratings
from steelyard.metrics.agreement.spread import (
    NOISE,
    ONE_VALUE,
    TOO_FEW,
    TOO_MANY_VALUES,
    corrected_interval,
    estimate,
    item_buckets,
    undefined,
)
from steelyard.metrics.intervals import replicate_se
from steelyard.metrics.weights import weight_matrix
from steelyard.records import Estimate

SET_LEVELS = ("jaccard", "masi")
CELLS_AT_ONCE = 4_000_000
"""Numbers in one block of replicates: 32 MB."""


def krippendorff_alpha(
    ratings: Sequence[Sequence[Value | None]],
    level: str = "nominal",
    *,
    categories: Sequence[Value] | None = None,
    confidence: float = 0.95,
    replicates: int = 1000,
    key: int = 0,
) -> Estimate:
    """Return Krippendorff's alpha, 1 − (observed disagreement)/(expected disagreement).

    Source: Krippendorff 2011 (Computing Krippendorff's Alpha-Reliability). Items with fewer than two ratings do not
    count. The standard error is a bootstrap over items, the interval taken on the scale atanh(α) with n − 1 degrees of
    freedom (Fisher's z; the delta method); with perfect agreement it is Wilson's, corrected for chance.

    Args:
        ratings: items, each with one value per rater; None is missing.
        level: how far apart two values are: ``nominal`` (same or not), ``ordinal`` (by how many ratings lie between),
            ``interval`` (squared difference), ``ratio`` (squared difference by the sum); for sets of texts ``jaccard``
            (1 − shared/all) or ``masi`` (Passonneau 2006), whose distances are taken as they are, unsquared.
        categories: for ``ordinal`` texts, all values in their order.
        confidence: nominal coverage.
        replicates: bootstrap replicates.
        key: seed of the bootstrap: the same key gives the same interval.

    Raises:
        InvalidArgument: an unknown level, or values that do not suit it.

    Examples:
        >>> alpha = krippendorff_alpha([[1, 1], [2, 2], [3, 3], [3, 2], [1, None]], "ordinal")
        >>> round(alpha.value, 4), alpha.n
        (0.79, 4)
    """
    if level not in (*LEVELS, *SET_LEVELS):
        message = f"level must be one of {', '.join((*LEVELS, *SET_LEVELS))}; it is {level!r}."
        raise InvalidArgument(message)
    rated = read_ratings(ratings, categories=categories, ordered=level == "ordinal")
    return alpha_of(rated, level, confidence, replicates, key)


def alpha_of(rated: Rated, level: str, confidence: float, replicates: int, key: int) -> Estimate:
    paired = rated.paired
    n, q = len(paired), len(rated.categories)
    if n < 2:
        return undefined(TOO_FEW, n, confidence)
    if q > MOST_CATEGORIES and level in ("ratio", *SET_LEVELS):
        return undefined(TOO_MANY_VALUES, n, confidence)
    units = _units(paired, q)
    alpha_at = _alpha_at(_distance(rated, level), units)
    value = float(alpha_at(np.ones((1, units.buckets)))[0])
    if not np.isfinite(value):
        return undefined(ONE_VALUE, n, confidence)
    rows = max(CELLS_AT_ONCE // max(units.values.shape[0], units.apart.shape[0], 1), 1)
    weights = weight_matrix(replicates, key, buckets=units.buckets)
    draws = np.concatenate([alpha_at(weights[start : start + rows]) for start in range(0, replicates, rows)])
    se = float(replicate_se(draws)) * np.sqrt(n / (n - 1.0))
    share = np.asarray(units.values.sum(axis=1)).ravel()
    chance = float(np.square(share / share.sum()).sum())
    alike = level == "nominal" and bool(np.ptp(item_agreement(paired, None)) <= NOISE)
    interval = corrected_interval(value, se, n, confidence, chance=chance, method="bootstrap, Fisher z", alike=alike)
    return estimate(value, n, interval, confidence)


@dataclass(frozen=True, slots=True)
class _Units:
    """What must be known of items, by bucket of the bootstrap: both matrices are sparse, of shape (…, buckets).

    ``values`` holds how often each value was given, ``apart`` how often each pair of unlike values met (in an item of
    m ratings a pair counts 2/(m − 1): once in either order), for the pairs (``left``, ``right``) that ever met.
    """

    values: Any
    apart: Any
    left: np.ndarray
    right: np.ndarray
    buckets: int


def _units(paired: Codes, q: int) -> _Units:
    from scipy.sparse import coo_array

    bucket, buckets = item_buckets(paired)
    there = paired >= 0
    per_item = there.sum(axis=1)
    of_value = np.broadcast_to(bucket[:, None], paired.shape)[there]
    values = coo_array((np.ones(len(of_value)), (paired[there], of_value)), shape=(q, buckets)).tocsr()
    pair, at, amount = _pairs(paired, per_item, bucket, q)
    met, row = np.unique(pair, return_inverse=True)
    apart = coo_array((amount, (row, at)), shape=(len(met), buckets)).tocsr()
    return _Units(values, apart, met // q, met % q, buckets)


def _pairs(
    paired: Codes, per_item: np.ndarray, bucket: np.ndarray, q: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    pairs, at, amounts = [], [], []
    for second in range(1, paired.shape[1]):
        for first in range(second):
            unlike = (paired[:, second] >= 0) & (paired[:, first] != paired[:, second])
            pairs.append(paired[unlike, first].astype(np.int64) * q + paired[unlike, second])
            at.append(bucket[unlike])
            amounts.append(2.0 / (per_item[unlike] - 1.0))
    return np.concatenate(pairs), np.concatenate(at), np.concatenate(amounts)


@dataclass(frozen=True, slots=True)
class _Distance:
    """How far apart categories are: by a table, by their places on a line, by ranks, or (all None) equal or not."""

    table: Floats | None = None
    places: Floats | None = None
    by_rank: bool = False

    def between(self, left: np.ndarray, right: np.ndarray) -> Floats:
        """Return the distance of pairs of unlike categories; 1 by rank, which depends on the replicate."""
        if self.table is not None:
            return np.asarray(self.table[left, right])
        if self.places is not None:
            return np.square(self.places[left] - self.places[right])
        return np.ones(len(left))

    def expected(self, counts: Floats, places: Floats | None) -> Floats:
        """Return the sum of the distances of all pairs of ratings: shape (replicates,) of (replicates, q)."""
        if self.table is not None:
            return ((counts @ self.table) * counts).sum(axis=1)
        total = counts.sum(axis=1)
        if places is None:
            return np.square(total) - np.square(counts).sum(axis=1)
        return 2.0 * (total * (counts * np.square(places)).sum(axis=1) - np.square((counts * places).sum(axis=1)))


def _distance(rated: Rated, level: str) -> _Distance:
    if level == "ratio":
        return _Distance(table=ratio_distances(rated.numbers(level)))
    if level in SET_LEVELS:
        return _Distance(table=set_distances(rated.categories, level))
    if level == "interval":
        numbers = rated.numbers(level)
        return _Distance(places=numbers - numbers.mean() if len(numbers) else numbers)
    return _Distance(by_rank=level == "ordinal")


def _alpha_at(distance: _Distance, units: _Units) -> Callable[[Floats], Floats]:
    """Return alpha as a function of the buckets' weights: (replicates, buckets) to (replicates,), NaN if undefined."""
    apart = units.apart if distance.by_rank else (distance.between(units.left, units.right) @ units.apart)[None, :]

    def alpha(weights: Floats) -> Floats:
        counts = (units.values @ weights.T).T
        met = (apart @ weights.T).T
        places = distance.places
        if distance.by_rank:
            # A category's place is its mid-rank: the ratings between two, each of their own counting half.
            places = np.cumsum(counts, axis=1) - counts / 2.0
            met = met * np.square(places[:, units.left] - places[:, units.right])
        total = counts.sum(axis=1)
        expected = distance.expected(counts, places)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = met.sum(axis=1) * (total - 1.0) / expected
        return np.where((counts > 0).sum(axis=1) > 1, 1.0 - ratio, np.nan)

    return alpha
