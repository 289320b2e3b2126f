"""Items of a kind together: by the judge's score, where it is unsure, where judges differ."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument


def strata_of(
    scores: npt.ArrayLike,
    *,
    uncertainty: npt.ArrayLike | None = None,
    disagreement: npt.ArrayLike | None = None,
    bins: int = 4,
    least: int = 10,
) -> list[str]:
    """Return the stratum of each item, a name that says what is in it.

    Args:
        scores: the judge's, one an item, shape (N,); NaN where it gave none. Up to ``bins`` different scores are a
            stratum each, more are cut into ``bins`` with about as many items in each.
        uncertainty: how unsure the judge is of each item, in any unit; those above the median are apart.
        disagreement: whether, or how much, judges or repeated answers differ on it; those above 0 are apart.
        bins: most strata by score.
        least: a smaller stratum joins the others of its score, and if that is not enough, all that are too small.

    Examples:
        >>> strata_of([0, 1, 1, 0], least=1)
        ['score 0', 'score 1', 'score 1', 'score 0']
        >>> strata_of([1, 1, 1, 1], disagreement=[0, 0, 1, 0], least=1)
        ['score 1', 'score 1', 'score 1, judges differ', 'score 1']
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or bins < 1:
        message = f"scores must be one number an item and bins at least 1; shape {values.shape}, bins {bins}."
        raise InvalidArgument(message)
    coarse = _by_score(values, bins)
    fine = list(coarse)
    unsure, differ = _above_median(uncertainty, len(values)), _some(disagreement, len(values))
    for found, word in ((unsure, "unsure"), (differ, "judges differ")):
        fine = [f"{name}, {word}" if apart else name for name, apart in zip(fine, found, strict=True)]
    joined = _join_small(fine, coarse, least)
    return _join_small(joined, ["others"] * len(joined), least)


def _by_score(values: npt.NDArray[np.float64], bins: int) -> list[str]:
    known = values[~np.isnan(values)]
    different = np.unique(known)
    if len(different) <= bins:
        return ["no score" if math.isnan(v) else f"score {v:g}" for v in values.tolist()]
    edges = np.unique(np.quantile(known, np.linspace(0.0, 1.0, bins + 1)))
    # Bins are closed above, the first one below too.
    at = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, len(edges) - 2)
    names = [f"score {low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges.tolist())]
    if len(set(names)) < len(names):
        names = [f"{name} ({i + 1})" for i, name in enumerate(names)]
    return ["no score" if math.isnan(v) else names[i] for v, i in zip(values.tolist(), at.tolist(), strict=True)]


def _above_median(values: npt.ArrayLike | None, n: int) -> list[bool]:
    if values is None:
        return [False] * n
    column = number_each(values, n, "uncertainty")
    known = column[~np.isnan(column)]
    return [False] * n if len(known) == 0 else (column > np.median(known)).tolist()


def _some(values: npt.ArrayLike | None, n: int) -> list[bool]:
    return [False] * n if values is None else (number_each(values, n, "disagreement") > 0).tolist()


def number_each(values: npt.ArrayLike, n: int, name: str) -> npt.NDArray[np.float64]:
    """Return one float an item, or say what is wrong with ``name``."""
    column = np.asarray(values, dtype=np.float64)
    if column.shape != (n,):
        message = f"{name} must be one number an item: shape {column.shape} for {n} items."
        raise InvalidArgument(message)
    return column


def _join_small(names: Sequence[str], wider: Sequence[str], least: int) -> list[str]:
    counts = _counted(names)
    return [name if counts[name] >= least else other for name, other in zip(names, wider, strict=True)]


def _counted(names: Sequence[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts
