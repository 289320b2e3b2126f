"""The one state under most metrics: numbers that add up, kept by cell, slice and bucket."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from steelyard.errors import InvalidArgument
from steelyard.metrics.weights import BUCKETS

# Above this many entries the table is kept as sorted (key, value) pairs.
_DENSE_LIMIT = 1 << 23
# Values are added as two numbers, multiples of 2^-22 and of 2^-52, each of which adds exactly.
_HIGH = float(2**22)
_LOW = float(2**52)


class Tally:
    """Sums over rows by (cell, slice, bucket): a commutative monoid whose merge is exact.

    Counts add exactly because they are whole numbers below 2^53. Other values are split into a multiple of 2^-22 and a
    rest that is a multiple of 2^-52; both parts add exactly in float64 (up to 2^31 per bucket and 4 million rows a
    bucket), so the sum has the same bits whatever the order or the partition of the rows (the idea of Demmel &
    Nguyen 2015, with the bins fixed). Each value is thereby rounded to 2^-53, absolutely: scale large or tiny data.

    Args:
        cells: number of cells, C.
        slices: number of slices, S.
        whole: only whole numbers will be added.

    Examples:
        >>> tally = Tally(cells=2)
        >>> tally.add(np.array([7, 7, 9]), cells=np.array([0, 1, 1]))
        >>> tally.total().tolist()
        [[1.0], [2.0]]
    """

    __slots__ = ("_dense", "_keys", "_values", "cells", "limbs", "slices")

    def __init__(self, cells: int, slices: int = 1, *, whole: bool = True) -> None:
        self.cells = cells
        self.slices = slices
        self.limbs = 1 if whole else 2
        size = cells * slices * BUCKETS
        self._dense: np.ndarray | None = np.zeros((self.limbs, size)) if size <= _DENSE_LIMIT else None
        self._keys: np.ndarray = np.zeros(0, np.int64)
        self._values: np.ndarray = np.zeros((self.limbs, 0))

    @property
    def plane(self) -> int:
        """Entries of one cell: slices × buckets. A row's place in it is slice × 4096 + bucket."""
        return self.slices * BUCKETS

    def add(self, places: np.ndarray, *, cells: np.ndarray | int = 0, values: np.ndarray | None = None) -> None:
        """Add one number per row, 1 unless ``values`` are given.

        Args:
            places: shape (n,), integers: slice × 4096 + bucket.
            cells: shape (n,) or one number for all, in [0, C).
            values: shape (n,), float64, finite.
        """
        if isinstance(cells, int):
            return self._add_plane(places, cells, values)
        keys = cells.astype(np.int64)
        keys *= self.plane
        keys += places
        for limb, part in self._parts(values):
            self._add_keys(limb, keys, part)
        return None

    def _add_plane(self, places: np.ndarray, cell: int, values: np.ndarray | None) -> None:
        """All rows go to one cell: only its plane is touched, which stays in the processor's cache."""
        for limb, part in self._parts(values):
            if self._dense is None:
                self._add_keys(limb, places.astype(np.int64) + cell * self.plane, part)
                continue
            plane = self._dense[limb, cell * self.plane : (cell + 1) * self.plane]
            _accumulate(plane, places, part)

    def _parts(self, values: np.ndarray | None) -> Iterator[tuple[int, np.ndarray | None]]:
        if self.limbs == 1:
            yield 0, values
            return
        if values is None:
            raise InvalidArgument("A tally of fractions needs values.")
        high = np.rint(values * _HIGH)
        high /= _HIGH
        yield 0, high
        rest = values - high
        rest *= _LOW
        np.rint(rest, out=rest)
        rest /= _LOW
        yield 1, rest

    def _add_keys(self, limb: int, keys: np.ndarray, part: np.ndarray | None) -> None:
        if self._dense is not None:
            return _accumulate(self._dense[limb], keys, part)
        unique, inverse = np.unique(keys, return_inverse=True)
        summed = np.zeros((self.limbs, unique.size))
        summed[limb] = np.bincount(inverse, weights=part, minlength=unique.size)
        return self._add_sparse(unique, summed)

    def _add_sparse(self, keys: np.ndarray, values: np.ndarray) -> None:
        merged, inverse = np.unique(np.concatenate([self._keys, keys]), return_inverse=True)
        both = np.concatenate([self._values, values], axis=1)
        self._keys = merged
        self._values = np.stack([np.bincount(inverse, weights=v, minlength=merged.size) for v in both])

    def merge(self, other: Tally) -> Tally:
        """Return the tally of both parts' rows."""
        if (self.cells, self.slices, self.limbs) != (other.cells, other.slices, other.limbs):
            raise InvalidArgument("Only tallies of the same cells and slices can be merged.")
        merged = Tally(self.cells, self.slices, whole=self.limbs == 1)
        if self._dense is not None and other._dense is not None:
            merged._dense = self._dense + other._dense
            return merged
        merged._keys, merged._values = self._keys, self._values
        merged._add_sparse(other._keys, other._values)
        return merged

    def total(self) -> np.ndarray:
        """Return the sums over all rows: shape (C, S)."""
        if self._dense is not None:
            return self._dense.reshape(self.limbs, self.cells, self.slices, BUCKETS).sum(axis=3).sum(axis=0)
        columns = self._keys // BUCKETS
        flat = [np.bincount(columns, weights=v, minlength=self.cells * self.slices) for v in self._values]
        return np.sum(flat, axis=0).reshape(self.cells, self.slices)

    def occupied(self) -> np.ndarray:
        """Return how many buckets hold rows in each slice: shape (S,)."""
        if self._dense is not None:
            table = self._dense[0].reshape(self.cells, self.slices, BUCKETS)
            return (table.sum(axis=0) > 0).sum(axis=1)
        places = np.unique(self._keys % self.plane)
        return np.bincount(places // BUCKETS, minlength=self.slices)

    def replicate(self, weights: np.ndarray) -> np.ndarray:
        """Return the sums under each replicate's weights: shape (C, S, B) for weights of shape (B, buckets)."""
        shape = (self.cells, self.slices, weights.shape[0])
        if self._dense is not None:
            table = self._dense[0] if self.limbs == 1 else self._dense.sum(axis=0)
            return _product(table.reshape(-1, BUCKETS), weights).reshape(shape)
        from scipy import sparse

        values = self._values.sum(axis=0)
        where = (self._keys // BUCKETS, self._keys % BUCKETS)
        table = sparse.csr_matrix((values, where), shape=(self.cells * self.slices, BUCKETS))
        return (table @ weights.T).reshape(shape)

    def collapse(self) -> Tally:
        """Return the tally of all slices together, for slices that hold each row once."""
        one = Tally(self.cells, 1, whole=self.limbs == 1)
        if self._dense is not None and one._dense is not None:
            shape = (self.limbs, self.cells, self.slices, BUCKETS)
            one._dense = self._dense.reshape(shape).sum(axis=2).reshape(self.limbs, -1)
            return one
        keys = self._keys // self.plane * BUCKETS + self._keys % BUCKETS
        if one._dense is None:
            one._add_sparse(keys, self._values)
            return one
        one._dense = np.stack([np.bincount(keys, weights=v, minlength=self.cells * BUCKETS) for v in self._values])
        return one


def _product(table: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Multiply (rows, buckets) by (B, buckets) to (rows, B), on one thread: more of them mostly wait for each other."""
    with _blas().limit(limits=1, user_api="blas"):
        return table @ weights.T


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def _accumulate(table: np.ndarray, keys: np.ndarray, part: np.ndarray | None) -> None:
    """Add to ``table`` in place, by the way that suits the sizes."""
    if keys.size * 8 < table.size:
        np.add.at(table, keys, 1.0 if part is None else part)
        return
    table += np.bincount(keys, weights=part, minlength=table.size)
