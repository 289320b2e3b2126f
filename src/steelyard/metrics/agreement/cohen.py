"""Cohen's kappa: two raters, agreement beyond what their own habits would give by chance."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.agreement.closeness import MOST_CATEGORIES, weights_of
from steelyard.metrics.agreement.rated import Floats, Rated, Value, read_ratings
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


def cohen_kappa(
    a: Sequence[Value | None] | Sequence[Sequence[float]] | npt.NDArray[Any],
    b: Sequence[Value | None] | None = None,
    *,
    weights: str | None = None,
    categories: Sequence[Value] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return Cohen's kappa of two raters, (po − pe)/(1 − pe), with its asymptotic standard error.

    Sources: Cohen 1960; weighted, Cohen 1968; the standard error, Fleiss, Cohen & Everitt 1969. The interval is taken
    on the scale atanh(κ) with n − 1 degrees of freedom; with perfect agreement it is Wilson's, corrected for chance.

    Args:
        a: a square table of counts (rows: the first rater's categories, columns: the second's), or the first rater's
            values, with ``b`` the second's.
        b: the second rater's values, in the same order of items. Items where either is None do not count.
        weights: None, ``linear`` or ``quadratic`` in the place of the categories; texts then need ``categories``.
        categories: the values in their order.
        confidence: nominal coverage.

    Raises:
        InvalidArgument: no square table, or lists of different lengths.

    Examples:
        >>> kappa = cohen_kappa([[6, 2], [2, 10]])
        >>> round(kappa.value, 4), round(kappa.se, 4), kappa.n
        (0.5833, 0.1855, 20)
    """
    if b is None:
        table = np.asarray(a, dtype=np.float64)
        if table.ndim != 2 or table.shape[0] != table.shape[1] or (table < 0).any():
            raise InvalidArgument("Give a square table of counts, or two lists of values.")
        return kappa_of(table, weights_of(weights, np.arange(len(table), dtype=np.float64)), confidence)
    first, second = list(a), list(b)
    if len(first) != len(second):
        message = f"The raters have {len(first)} and {len(second)} values: give one an item, None if missing."
        raise InvalidArgument(message)
    rated = read_ratings(list(zip(first, second, strict=True)), categories=categories, ordered=weights is not None)
    return cohen_of(rated, weights, np.arange(len(rated.categories), dtype=np.float64), confidence)


def cohen_of(rated: Rated, weights: str | None, places: Floats, confidence: float) -> Estimate:
    """Return kappa of a table of ratings with exactly two columns."""
    both = rated.codes[(rated.codes >= 0).all(axis=1)]
    q = len(rated.categories)
    if q > MOST_CATEGORIES:
        return undefined(TOO_MANY_VALUES, len(both), confidence)
    counts = np.bincount(both[:, 0].astype(np.int64) * q + both[:, 1], minlength=q * q)
    return kappa_of(counts.reshape(q, q).astype(np.float64), weights_of(weights, places), confidence)


def kappa_of(table: Floats, weights: Floats | None, confidence: float) -> Estimate:
    n = round(float(table.sum()))
    if n < 2:
        return undefined(TOO_FEW, n, confidence)
    weights = np.eye(len(table)) if weights is None else weights
    p = table / table.sum()
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    chance = float(rows @ weights @ columns)
    if 1.0 - chance <= 1e-12:
        return undefined(ONE_VALUE, n, confidence)
    kappa = (float((p * weights).sum()) - chance) / (1.0 - chance)
    expected = (weights @ columns)[:, None] + (rows @ weights)[None, :]
    spread = (p * np.square(weights - expected * (1.0 - kappa))).sum() - (kappa - chance * (1.0 - kappa)) ** 2
    se = sqrt(max(float(spread), 0.0) / n) / (1.0 - chance)
    alike = bool(np.ptp(weights[table > 0]) <= NOISE)
    interval = corrected_interval(kappa, se, n, confidence, chance=chance, method="asymptotic, Fisher z", alike=alike)
    return estimate(kappa, n, interval, confidence)
