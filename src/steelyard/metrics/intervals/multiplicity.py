"""P-values adjusted for how many were looked at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from steelyard.metrics.intervals.interval import Floats


def holm(p_values: npt.ArrayLike) -> Floats:
    """Return Holm's adjusted p-values (1979): below α only if the family's error rate stays below α. For gates.

    Args:
        p_values: shape (m,); NaN (no test) stays NaN and is not counted.

    Examples:
        >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
        [0.03, 0.06, 0.06]
    """
    return _adjust(p_values, lambda p: np.maximum.accumulate(p * np.arange(len(p), 0, -1)))


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Return Benjamini and Hochberg's adjusted p-values (1995): below α holds the false discovery rate at α.

    Args:
        p_values: shape (m,), independent or positively dependent; NaN stays NaN and is not counted.

    Examples:
        >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(2).tolist()
        [0.03, 0.04, 0.04]
    """
    return _adjust(p_values, _step_up)


def benjamini_yekutieli(p_values: npt.ArrayLike) -> Floats:
    """Return Benjamini and Yekutieli's adjusted p-values (2001): the same under any dependence, at a price.

    Args:
        p_values: shape (m,); NaN stays NaN and is not counted.

    Examples:
        >>> benjamini_yekutieli([0.01, 0.04, 0.03]).round(3).tolist()
        [0.055, 0.073, 0.073]
    """
    return _adjust(p_values, lambda p: _step_up(p) * np.sum(1.0 / np.arange(1, len(p) + 1)))


def _step_up(p: Floats) -> Floats:
    scaled = p * len(p) / np.arange(1, len(p) + 1)
    return np.minimum.accumulate(scaled[::-1])[::-1]


def _adjust(p_values: npt.ArrayLike, rule: Callable[[Floats], Floats]) -> Floats:
    p = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    if len(order):
        adjusted[order] = np.minimum(rule(p[order]), 1.0)
    return adjusted
