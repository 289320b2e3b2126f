"""The one state under most metrics: numbers that add up, kept by cell, slice and bucket."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from steelyard.errors import InvalidArgument
from steelyard.metrics.weights import BUCKETS

# Above this many entries a table is kept as sorted (key, value) pairs.
_DENSE_LIMIT = 1 << 23
# Values are split into windows of this many bits.
_WINDOW_BITS = 32
_FINEST = -2


class Tally:
    """Sums over rows by (cell, slice, bucket): a commutative monoid whose merge is exact.

    Counts add exactly because they are whole numbers below 2^53. Other values are split at fixed powers of two, each
    window holding multiples of 2^(32 k) below 2^32 of them, which add exactly in float64 for up to 2 million rows a
    bucket. So a sum has the same bits whatever the order or the partition of the rows, whatever their scale (the
    idea of Demmel & Nguyen 2015).

    Args:
        cells: number of cells, C.
        slices: number of slices, S.
        whole: only whole numbers will be added.
        fine: what is below 2^-64 is dropped from each value: enough, and quicker, for values that lie within about 1.

    Examples:
        >>> tally = Tally(cells=2)
        >>> tally.add(np.array([7, 7, 9]), cells=np.array([0, 1, 1]))
        >>> tally.total().tolist()
        [[1.0], [2.0]]
    """

    __slots__ = ("_windows", "cells", "fine", "slices", "whole")

    def __init__(self, cells: int, slices: int = 1, *, whole: bool = True, fine: bool = False) -> None:
        self.cells = cells
        self.slices = slices
        self.whole = whole
        self.fine = fine
        self._windows: dict[int, _Table] = {}

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
            # All rows go to one cell: only its plane is touched, which stays in the processor's cache.
            for window, part in self._parts(values):
                self._table(window).add_plane(places, cells * self.plane, self.plane, part)
            return
        keys = cells.astype(np.int64)
        keys *= self.plane
        keys += places
        for window, part in self._parts(values):
            self._table(window).add(keys, part)

    def _parts(self, values: np.ndarray | None) -> Iterator[tuple[int, np.ndarray | None]]:
        if self.whole:
            yield 0, values
            return
        if values is None:
            raise InvalidArgument("A tally of fractions needs values.")
        largest = float(np.abs(values).max(initial=0.0))
        rest = values
        while largest > 0.0:
            window = int(np.frexp(largest)[1] - 1) // _WINDOW_BITS
            if self.fine and window < _FINEST:
                return
            part = np.ldexp(rest, -_WINDOW_BITS * window)
            np.trunc(part, out=part)
            part = np.ldexp(part, _WINDOW_BITS * window)
            rest = rest - part
            yield window, part
            largest = float(np.abs(rest).max(initial=0.0))

    def _table(self, window: int) -> _Table:
        if window not in self._windows:
            self._windows[window] = _Table(self.cells * self.plane)
        return self._windows[window]

    def merge(self, other: Tally) -> Tally:
        """Return the tally of both parts' rows."""
        if (self.cells, self.slices, self.whole, self.fine) != (other.cells, other.slices, other.whole, other.fine):
            raise InvalidArgument("Only tallies of the same cells and slices can be merged.")
        merged = Tally(self.cells, self.slices, whole=self.whole, fine=self.fine)
        merged._take(self)
        merged._take(other)
        return merged

    def _take(self, other: Tally) -> None:
        for window in other._windows:
            self._table(window).add_table(other._table(window))

    def total(self) -> np.ndarray:
        """Return the sums over all rows: shape (C, S)."""
        columns = [table.by_column() for table in self._large_first()]
        return _add_up(columns, self.cells * self.slices).reshape(self.cells, self.slices)

    def occupied(self) -> np.ndarray:
        """Return how many buckets hold rows in each slice: shape (S,)."""
        filled = np.zeros(self.plane, dtype=bool)
        for table in self._windows.values():
            filled[table.used_keys() % self.plane] = True
        return filled.reshape(self.slices, BUCKETS).sum(axis=1)

    def replicate(self, weights: np.ndarray) -> np.ndarray:
        """Return the sums under each replicate's weights: shape (C, S, B) for weights of shape (B, buckets)."""
        shape = (self.cells, self.slices, weights.shape[0])
        tables = self._large_first()
        if len(tables) == 1:
            return tables[0].product(weights).reshape(shape)
        joined = _Table(self.cells * self.plane)
        if joined.dense is not None:
            joined.dense = _add_up([t.dense for t in tables if t.dense is not None], joined.size)
        elif tables:
            joined.keys = np.unique(np.concatenate([t.keys for t in tables]))
            joined.values = _add_up([t.at(joined.keys) for t in tables], joined.keys.size)
        return joined.product(weights).reshape(shape)

    def _large_first(self) -> list[_Table]:
        return [self._windows[window] for window in sorted(self._windows, reverse=True)]

    def collapse(self) -> Tally:
        """Return the tally of all slices together, for slices that hold each row once."""
        one = Tally(self.cells, 1, whole=self.whole, fine=self.fine)
        for window, table in self._windows.items():
            table.collapse_into(one._table(window), self.cells, self.slices)
        return one


class _Table:
    """Sums by key, as an array while that is small, else as sorted keys and their values."""

    __slots__ = ("dense", "keys", "size", "values")

    def __init__(self, size: int) -> None:
        self.size = size
        self.dense: np.ndarray | None = np.zeros(size) if size <= _DENSE_LIMIT else None
        self.keys: np.ndarray = np.zeros(0, np.int64)
        self.values: np.ndarray = np.zeros(0)

    def at(self, keys: np.ndarray) -> np.ndarray:
        """Return the sums at these keys, of a sparse table whose own are among them."""
        out = np.zeros(keys.size)
        out[np.searchsorted(keys, self.keys)] = self.values
        return out

    def add_plane(self, places: np.ndarray, start: int, length: int, values: np.ndarray | None) -> None:
        if self.dense is None:
            return self.add(places.astype(np.int64) + start, values)
        return _accumulate(self.dense[start : start + length], places, values)

    def add(self, keys: np.ndarray, values: np.ndarray | None) -> None:
        if self.dense is not None:
            return _accumulate(self.dense, keys, values)
        unique, inverse = np.unique(keys, return_inverse=True)
        return self._join(unique, np.bincount(inverse, weights=values, minlength=unique.size))

    def _join(self, keys: np.ndarray, values: np.ndarray) -> None:
        self.keys, inverse = np.unique(np.concatenate([self.keys, keys]), return_inverse=True)
        both = np.concatenate([self.values, values])
        self.values = np.bincount(inverse, weights=both, minlength=self.keys.size)

    def add_table(self, other: _Table) -> None:
        if self.dense is not None and other.dense is not None:
            self.dense += other.dense
        elif self.dense is not None:
            _accumulate(self.dense, other.keys, other.values)
        else:
            self._join(other.used_keys(), other.used_values())

    def used_keys(self) -> np.ndarray:
        return self.keys if self.dense is None else np.flatnonzero(self.dense)

    def used_values(self) -> np.ndarray:
        return self.values if self.dense is None else self.dense[self.used_keys()]

    def by_column(self) -> np.ndarray:
        """Sum over buckets: shape (cells × slices,)."""
        if self.dense is not None:
            return self.dense.reshape(-1, BUCKETS).sum(axis=1)
        return np.bincount(self.keys // BUCKETS, weights=self.values, minlength=self.size // BUCKETS)

    def product(self, weights: np.ndarray) -> np.ndarray:
        """Multiply by the replicates' weights (B, buckets): shape (cells × slices, B)."""
        if self.dense is not None:
            # On one thread: more of them mostly wait for each other.
            with _blas().limit(limits=1, user_api="blas"):
                return self.dense.reshape(-1, BUCKETS) @ weights.T
        from scipy import sparse

        where = (self.keys // BUCKETS, self.keys % BUCKETS)
        return sparse.csr_matrix((self.values, where), shape=(self.size // BUCKETS, BUCKETS)) @ weights.T

    def collapse_into(self, one: _Table, cells: int, slices: int) -> None:
        if self.dense is not None and one.dense is not None:
            one.dense += self.dense.reshape(cells, slices, BUCKETS).sum(axis=1).reshape(-1)
            return
        keys = self.used_keys()
        one.add(keys // (slices * BUCKETS) * BUCKETS + keys % BUCKETS, self.used_values())


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def _add_up(parts: list[np.ndarray], size: int) -> np.ndarray:
    """Add windows of the same sums with the rounding errors carried along (Neumaier 1974), so that how a sum was split
    over the windows leaves no trace in its last bit."""
    total, lost = np.zeros(size), np.zeros(size)
    for part in parts:
        added = total + part
        back = added - total
        lost += (total - (added - back)) + (part - back)
        total = added
    return total + lost


def _accumulate(table: np.ndarray, keys: np.ndarray, part: np.ndarray | None) -> None:
    """Add to ``table`` in place, by the way that suits the sizes."""
    if keys.size * 8 < table.size:
        np.add.at(table, keys, 1.0 if part is None else part)
        return
    table += np.bincount(keys, weights=part, minlength=table.size)
