"""Raw agreement: the share of pairs of ratings that are the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from steelyard.metrics.agreement.closeness import item_agreement
from steelyard.metrics.agreement.rated import Rated, Value, read_ratings
from steelyard.metrics.agreement.spread import NOISE, estimate, resampled_sums, undefined
from steelyard.metrics.intervals import from_replicates, wilson
from steelyard.records import Estimate


def raw_agreement(
    ratings: Sequence[Sequence[Value | None]], *, confidence: float = 0.95, replicates: int = 1000, key: int = 0
) -> Estimate:
    """Return how often two ratings of an item are the same, each item counting once.

    The mean over items of the share of its pairs of ratings that are equal. Where no item has more than two ratings
    that is a share of items, and its interval is Wilson's; else a bootstrap over items. Where all items agree alike
    they do not show how agreement varies: the interval is then Wilson's, the widest that such a mean can need.

    Args:
        ratings: items, each with one value per rater; None is missing. Items with fewer than two ratings do not count.
        confidence: nominal coverage.
        replicates: bootstrap replicates.
        key: seed of the bootstrap: the same key gives the same interval.

    Examples:
        >>> print(raw_agreement([[True, True], [True, False], [False, False], [True, True]]))
        0.75 [0.3006, 0.9544] (n=4)
    """
    return raw_of(read_ratings(ratings), confidence, replicates, key)


def raw_of(rated: Rated, confidence: float, replicates: int, key: int) -> Estimate:
    paired = rated.paired
    n = len(paired)
    if n == 0:
        return undefined("no item has two ratings", 0, confidence)
    shares = item_agreement(paired, None)
    value = float(shares.mean())
    if paired.shape[1] == 2 or np.ptp(shares) <= NOISE:
        return estimate(value, n, wilson(shares.sum(), n, confidence), confidence)
    sums = resampled_sums(paired, np.stack([shares, np.ones(n)], axis=1), replicates, key)
    with np.errstate(invalid="ignore", divide="ignore"):
        draws = sums[:, 0] / sums[:, 1]
    return estimate(value, n, from_replicates(value, draws, confidence, n=n, bounds=(0.0, 1.0)), confidence)
