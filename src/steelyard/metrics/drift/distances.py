"""How far two distributions over the same cells are apart: population stability index, Jensen–Shannon, chi-square, KS.

Each takes counts by cell along the last axis, so that a thousand replicates are measured at once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from steelyard.metrics.intervals import Real
from steelyard.metrics.intervals.interval import real

Distance = Callable[[npt.ArrayLike, npt.ArrayLike], Real]


def psi(reference: npt.ArrayLike, current: npt.ArrayLike, *, pseudo: float = 0.5) -> Real:
    """Return the population stability index: Σ (q − p) ln(q / p).

    It is the sum of the two Kullback–Leibler divergences in nats (Jeffreys 1946; named so in credit scoring, see
    Yurdakul 2018). An empty cell would make it infinite, so both distributions are mixed with the same small share of
    the uniform one: as much as ``pseudo`` rows in each cell of the smaller sample.

    Args:
        reference: rows of the reference by cell, shape (..., k).
        current: rows of the other sample, same shape.
        pseudo: rows added to each cell; 0 gives the plain formula.

    Examples:
        >>> round(psi([50, 50], [70, 30], pseudo=0), 4)
        0.1695
    """
    p, q = _shares(reference, current, pseudo)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p == q, 0.0, (q - p) * np.log(q / p))
    return real(terms.sum(axis=-1))


def jensen_shannon_divergence(reference: npt.ArrayLike, current: npt.ArrayLike) -> Real:
    """Return the Jensen–Shannon divergence in bits, 0 to 1: how much a row tells of which of the two it is from.

    Source: Lin 1991: H((p + q) / 2) − (H(p) + H(q)) / 2, logarithms to base 2.

    Args:
        reference: rows of the reference by cell, shape (..., k).
        current: rows of the other sample, same shape.

    Examples:
        >>> jensen_shannon_divergence([5, 0], [0, 5])
        1.0
    """
    p, q = _shares(reference, current, 0.0)
    middle = (p + q) / 2.0
    return real(np.maximum((_relative(p, middle) + _relative(q, middle)).sum(axis=-1) / 2.0, 0.0))


def jensen_shannon_distance(reference: npt.ArrayLike, current: npt.ArrayLike) -> Real:
    """Return the square root of the divergence, which is a metric (Endres & Schindelin 2003), 0 to 1.

    Examples:
        >>> round(jensen_shannon_distance([50, 50], [70, 30]), 4)
        0.1741
    """
    return real(np.sqrt(jensen_shannon_divergence(reference, current)))


def chi_square(reference: npt.ArrayLike, current: npt.ArrayLike) -> Real:
    """Return Pearson's chi-square of the table of the two samples by cell, without a correction.

    Args:
        reference: rows of the reference by cell, shape (..., k).
        current: rows of the other sample, same shape.

    Examples:
        >>> round(chi_square([50, 50], [70, 30]), 4)
        8.3333
    """
    old, new = np.asarray(reference, np.float64), np.asarray(current, np.float64)
    n, m = old.sum(axis=-1, keepdims=True), new.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.square(m * old - n * new) / ((old + new) * n * m)
    return real(np.where(old + new > 0, terms, 0.0).sum(axis=-1))


def cramers_v(reference: npt.ArrayLike, current: npt.ArrayLike) -> Real:
    """Return the chi-square as a size that does not grow with the rows, 0 to 1: √(χ² / (n + m)) (Cramér 1946).

    Examples:
        >>> round(cramers_v([50, 50], [70, 30]), 4)
        0.2041
    """
    rows = np.asarray(reference, np.float64).sum(axis=-1) + np.asarray(current, np.float64).sum(axis=-1)
    return real(np.sqrt(np.asarray(chi_square(reference, current)) / rows))


def kolmogorov_smirnov(reference: npt.ArrayLike, current: npt.ArrayLike) -> Real:
    """Return the greatest difference of the two cumulative shares over cells that stand in order.

    With a cell for every number that occurs it is the Kolmogorov–Smirnov statistic, ties and all.

    Examples:
        >>> round(kolmogorov_smirnov([1, 1, 1, 1], [0, 0, 2, 2]), 4)
        0.5
    """
    old, new = (np.asarray(counts, np.float64) for counts in (reference, current))
    with np.errstate(divide="ignore", invalid="ignore"):
        below = [np.cumsum(counts, axis=-1) / counts.sum(axis=-1, keepdims=True) for counts in (old, new)]
    return real(np.abs(below[0] - below[1]).max(axis=-1))


def _shares(reference: npt.ArrayLike, current: npt.ArrayLike, pseudo: float) -> tuple[np.ndarray, np.ndarray]:
    old, new = np.asarray(reference, np.float64), np.asarray(current, np.float64)
    n, m = old.sum(axis=-1, keepdims=True), new.sum(axis=-1, keepdims=True)
    k = old.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        p, q = old / n, new / m
        if not pseudo:
            return p, q
        mixed = pseudo / (np.minimum(n, m) + pseudo * k)  # of each cell
    return (1.0 - k * mixed) * p + mixed, (1.0 - k * mixed) * q + mixed


def _relative(share: np.ndarray, middle: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(share > 0, share * np.log2(share / middle), 0.0)
