"""The items of a correction: labelled ones with what they stand for, and the judge's word on all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument

_LEAST = 1e-18  # a propensity below this stands for more items than there are

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Sample:
    """Labelled items out of a population in strata (one, unless told).

    Args:
        y: human labels, (n,).
        f: the judge's values of the same items, (n,).
        rest: the judge's values of the others, (N,).
        strata: stratum of each labelled item, 0 to H − 1, (n,).
        names: of the strata, H of them.
        labelled: labelled items of each stratum, (H,).
        sizes: items of each stratum, labelled or not, (H,).
        means: the judge's mean over all items of each stratum, (H,).
        propensity: each labelled item's probability of being drawn, (n,).
        weights: how many items each labelled one stands for, (n,); they add up to the sizes in each stratum.
        drawn: whether propensities were given.
    """

    y: Floats
    f: Floats
    rest: Floats
    strata: Codes
    names: Sequence[str]
    labelled: Floats
    sizes: Floats
    means: Floats
    propensity: Floats
    weights: Floats
    drawn: bool

    @property
    def total(self) -> int:
        return len(self.y) + len(self.rest)

    @property
    def judged(self) -> Floats:
        """The judge's values of all items."""
        return np.concatenate([self.f, self.rest])

    def by_stratum(self, values: Floats) -> Floats:
        """Return the sum over each stratum's labelled items, (H,)."""
        return np.bincount(self.strata, weights=values, minlength=len(self.names)).astype(np.float64)


Strata = tuple[npt.ArrayLike, npt.ArrayLike]


def sample_of(
    labels: npt.ArrayLike,
    judged: npt.ArrayLike,
    unlabelled: npt.ArrayLike,
    *,
    propensities: npt.ArrayLike | None = None,
    strata: Strata | None = None,
) -> Sample:
    """Check the arrays and bring them together.

    Raises:
        InvalidArgument: lengths differ, a value is missing, or a propensity is not above 0 and at most 1.
    """
    y, f, rest = (
        _column(v, name)
        for v, name in ((labels, "labels"), (judged, "judged"), (unlabelled, "unlabelled"))
    )  # fmt: skip
    if len(y) != len(f):
        message = f"labels and judged are of the same items: {len(y)} labels, {len(f)} judged."
        raise InvalidArgument(message)
    names, own, other = _strata(strata, len(y), len(rest))
    count = len(names)
    labelled = np.bincount(own, minlength=count).astype(np.float64)
    sizes = labelled + np.bincount(other, minlength=count)
    sums = np.bincount(own, weights=f, minlength=count) + np.bincount(other, weights=rest, minlength=count)
    if propensities is None:
        propensity = (labelled / np.maximum(sizes, 1.0))[own]
    else:
        propensity = _propensities(propensities, len(y))
    shares = np.bincount(own, weights=1.0 / propensity, minlength=count)
    weights = (sizes / np.where(shares > 0, shares, 1.0))[own] / propensity
    means = sums / np.maximum(sizes, 1.0)
    return Sample(y, f, rest, own, names, labelled, sizes, means, propensity, weights, propensities is not None)


def _column(values: npt.ArrayLike, name: str) -> Floats:
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        message = f"{name} must be numbers or bools, one an item: {error}."
        raise InvalidArgument(message) from error
    if column.ndim != 1:
        message = f"{name} must be one number an item; its shape is {column.shape}."
        raise InvalidArgument(message)
    if not np.isfinite(column).all():
        message = f"{name} has a value that is missing or infinite: leave out items without a label or a score."
        raise InvalidArgument(message)
    return column


def _propensities(values: npt.ArrayLike, n: int) -> Floats:
    propensity = _column(values, "propensities")
    if len(propensity) != n:
        message = f"propensities are of the labelled items: {len(propensity)} for {n} labels."
        raise InvalidArgument(message)
    if np.any(propensity < _LEAST) or np.any(propensity > 1.0):
        message = f"A propensity is the chance of being drawn: above 0 and at most 1, and not below {_LEAST:g}."
        raise InvalidArgument(message)
    return propensity


def _strata(strata: Strata | None, n: int, rest: int) -> tuple[Sequence[str], Codes, Codes]:
    if strata is None:
        return [""], np.zeros(n, dtype=np.intp), np.zeros(rest, dtype=np.intp)
    own, other = (np.asarray(part) for part in strata)
    if own.shape != (n,) or other.shape != (rest,):
        message = (
            "strata is a pair: the stratum of each labelled item, and of each unlabelled one; "
            f"shapes {own.shape} and {other.shape} for {n} and {rest} items."
        )
        raise InvalidArgument(message)
    texts = [str(s) for part in (own, other) for s in part.tolist()]
    names, codes = np.unique(np.asarray(texts, dtype=np.str_), return_inverse=True)
    return names.tolist(), codes[:n], codes[n:]
