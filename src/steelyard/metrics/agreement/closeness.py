"""How close two values are: weights of agreement from 1 (the same) to 0, and distances, by level of measurement."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.agreement.rated import Codes, Floats, Value

Weights = Literal["linear", "quadratic"]
SetDistance = Literal["jaccard", "masi"]

MOST_CATEGORIES = 2000
"""Above this a table of all pairs of values (32 MB) is no longer made: such statistics are said to be undefined."""


def weights_of(scheme: str | None, places: Floats) -> Floats | None:
    """Return the weight of agreement of each pair of categories; None stands for the identity.

    Source: Cohen 1968. Linear: 1 − |x − y|/range; quadratic: 1 − (x − y)²/range².

    Args:
        scheme: None, ``linear`` or ``quadratic``.
        places: shape (q,), where the categories lie: 0, 1, 2 … for ordinal ones, their values for numbers.

    Raises:
        InvalidArgument: another scheme.
    """
    if scheme is None:
        return None
    if scheme not in ("linear", "quadratic"):
        message = f"weights must be None, 'linear' or 'quadratic'; it is {scheme!r}."
        raise InvalidArgument(message)
    gap = np.abs(places[:, None] - places[None, :])
    widest = gap.max(initial=0.0)
    share = gap / widest if widest > 0 else gap
    return 1.0 - (share if scheme == "linear" else share * share)


def item_agreement(packed: Codes, weights: Floats | None) -> Floats:
    """Return the share of an item's pairs of ratings that agree (their mean weight): shape (items,); 0 without a pair.

    Args:
        packed: shape (items, m), -1 for gaps, which come last.
        weights: shape (q, q); None for the identity.
    """
    per_item = (packed >= 0).sum(axis=1)
    together = np.zeros(len(packed))
    for second in range(1, packed.shape[1]):
        there = packed[:, second] >= 0
        for first in range(second):
            a, b = packed[:, first], packed[:, second]
            together += there * (a == b if weights is None else weights[a, b])
    pairs = per_item * (per_item - 1) / 2.0
    return together / np.maximum(pairs, 1.0)


def set_distances(categories: tuple[Value, ...], distance: str) -> Floats:
    """Return the distance of each pair of sets of texts: shape (q, q), 0 to 1. A value that is no set is a set of one.

    Jaccard: 1 − |A∩B|/|A∪B|. MASI (Passonneau 2006): 1 − M·|A∩B|/|A∪B|, where M is 1 for equal sets, 2/3 if one holds
    the other, 1/3 if they overlap otherwise. Two empty sets are equal.
    """
    sets = [value if isinstance(value, frozenset) else frozenset([str(value)]) for value in categories]
    members = {text: column for column, text in enumerate(sorted(set().union(*sets)))}
    has = np.zeros((len(sets), len(members)))
    for row, texts in enumerate(sets):
        has[row, [members[text] for text in texts]] = 1.0
    shared, size = has @ has.T, has.sum(axis=1)
    union = size[:, None] + size[None, :] - shared
    overlap = np.where(union > 0, shared / np.maximum(union, 1.0), 1.0)
    if distance == "jaccard":
        return 1.0 - overlap
    equal = shared == union
    within = shared == np.minimum(size[:, None], size[None, :])
    return 1.0 - overlap * np.where(equal, 1.0, np.where(within, 2.0 / 3.0, 1.0 / 3.0))


def ratio_distances(numbers: npt.ArrayLike) -> Floats:
    """Return ((x − y)/(x + y))² of each pair of numbers of 0 or more (Krippendorff 2011); 0 for two zeros."""
    values = np.asarray(numbers, dtype=np.float64)
    total = values[:, None] + values[None, :]
    gap = values[:, None] - values[None, :]
    return np.square(gap / np.where(total > 0, total, 1.0))
