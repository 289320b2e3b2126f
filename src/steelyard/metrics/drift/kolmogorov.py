"""Kolmogorov and Smirnov's test of two samples of numbers: cells fine enough for the statistic, and its p-value."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from steelyard.metrics.drift.cells import Cells, Unseen

MOST_CELLS = 500
_EXACT = 100  # rows of the larger sample up to which the exact p-value is quick and safe


def ks_cells(reference: npt.ArrayLike, current: npt.ArrayLike) -> Cells:
    """Count numbers in cells in order: one for each number that occurs, what is missing last.

    With more than 500 numbers the cells are those between as many quantiles of both samples together, which can miss
    the greatest difference by at most a 500th.

    Args:
        reference: shape (n,), NaN where a number is missing.
        current: shape (m,), likewise.
    """
    old, new = (np.where(np.isnan(rows), np.inf, rows) for rows in _floats(reference, current))
    numbers = np.unique(np.concatenate([old, new]))
    if len(numbers) > MOST_CELLS:
        shares = np.arange(1, MOST_CELLS) / MOST_CELLS
        cuts = np.quantile(np.concatenate([old, new]), shares, method="inverted_cdf")
        numbers = np.unique(np.append(cuts, np.inf))
    codes = [np.searchsorted(numbers, rows) for rows in (old, new)]
    # A reference of one number does not say that there are no others: the next row may be the first of them.
    unseen = np.flatnonzero(np.bincount(codes[0], minlength=len(numbers)) == 0)
    share = 1.0 / max(len(old), 1)
    return Cells(tuple(f"{number:.4g}" for number in numbers), codes[0], codes[1], Unseen(unseen, share, share))


def ks_p_value(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """Return the two-sided p-value: exact for small samples, else by Kolmogorov's distribution.

    Source: Hodges 1958, by scipy's ``ks_2samp``. With ties it is too large rather than too small.

    Args:
        reference: shape (n,), NaN where a number is missing: it counts as larger than any.
        current: shape (m,), likewise.
    """
    from scipy.stats import ks_2samp

    old, new = (np.where(np.isnan(rows), np.inf, rows) for rows in _floats(reference, current))
    method = "exact" if max(len(old), len(new)) <= _EXACT else "asymp"
    return float(ks_2samp(old, new, method=method).pvalue)


def _floats(reference: npt.ArrayLike, current: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], ...]:
    return np.asarray(reference, np.float64), np.asarray(current, np.float64)
