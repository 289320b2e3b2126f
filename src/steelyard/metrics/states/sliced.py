"""A tally for all rows and for every slice of every declared dimension, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steelyard.metrics.states.tally import Tally
from steelyard.metrics.weights import BUCKETS


@dataclass(frozen=True, slots=True)
class Rows:
    """What every state needs to know of a batch of rows, apart from the values that it counts.

    Args:
        buckets: shape (n,), int32, from ``buckets_of`` the row ids or the cluster keys.
        codes: for each dimension, shape (n,), the number of the row's slice in it.
        weights: shape (n,), float64, or None when every row counts once.
        places: for each dimension (or for all rows, if there is none): slice × 4096 + bucket.
    """

    buckets: np.ndarray
    codes: tuple[np.ndarray, ...] = ()
    weights: np.ndarray | None = None
    places: tuple[np.ndarray, ...] = ()

    @staticmethod
    def of(buckets: np.ndarray, codes: Sequence[np.ndarray] = (), weights: np.ndarray | None = None) -> Rows:
        """Return the rows with their places worked out once, for all states to share."""
        places = tuple(c.astype(np.int64) * BUCKETS + buckets for c in codes) or (buckets.astype(np.int64),)
        return Rows(buckets, tuple(codes), weights, places)

    def __len__(self) -> int:
        return len(self.buckets)

    def only(self, keep: np.ndarray) -> Rows:
        """Return the rows where ``keep`` is true."""
        return Rows(
            self.buckets[keep],
            tuple(c[keep] for c in self.codes),
            None if self.weights is None else self.weights[keep],
            tuple(p[keep] for p in self.places),
        )


class SlicedTally:
    """One :class:`Tally` a dimension. All rows together are slice 0; then come the slices of each dimension in turn.

    Args:
        cells: number of cells, C.
        sizes: number of slices in each dimension; each row is in exactly one slice of each.
        whole: only whole numbers will be added (weights make that untrue, see ``weighted``).
        weighted: rows carry weights, which multiply what is added.
        fine: values lie within about 1, see ``Tally``; of no effect with weights.
    """

    __slots__ = ("cells", "parts", "sizes", "weighted")

    def __init__(
        self, cells: int, sizes: Sequence[int] = (), *, whole: bool = True, weighted: bool = False, fine: bool = False
    ) -> None:  # fmt: skip
        self.cells = cells
        self.sizes = tuple(sizes)
        self.weighted = weighted
        fine = fine and not weighted
        self.parts = [Tally(cells, size, whole=whole and not weighted, fine=fine) for size in self.sizes or (1,)]

    @property
    def n_slices(self) -> int:
        return 1 + sum(self.sizes)

    def add(self, rows: Rows, *, cells: np.ndarray | int = 0, values: np.ndarray | None = None) -> None:
        """Add one number per row, 1 unless ``values`` are given, times the row's weight."""
        if rows.weights is not None:
            values = rows.weights if values is None else values * rows.weights
        for part, places in zip(self.parts, rows.places, strict=True):
            part.add(places, cells=cells, values=values)

    def merge(self, other: SlicedTally) -> SlicedTally:
        """Return the tally of both parts' rows."""
        merged = SlicedTally(self.cells, self.sizes, weighted=self.weighted)
        merged.parts = [a.merge(b) for a, b in zip(self.parts, other.parts, strict=True)]
        return merged

    def total(self) -> np.ndarray:
        """Return the sums: shape (C, 1 + slices)."""
        return np.concatenate([p.total() for p in self._with_all()], axis=1)

    def clusters(self) -> np.ndarray:
        """Return about how many different ids (rows, or clusters) each slice holds, by the buckets that they fill.

        Linear counting (Whang, Vander-Zanden & Taylor 1990), which is near enough where the number matters: when small.
        """
        filled = np.concatenate([p.occupied() for p in self._with_all()])
        empty = np.maximum(1 - filled / BUCKETS, 0.5 / BUCKETS)
        return np.rint(-BUCKETS * np.log(empty))

    def replicate(self, weights: np.ndarray) -> np.ndarray:
        """Return the sums under each replicate's weights: shape (C, 1 + slices, B)."""
        return np.concatenate([p.replicate(weights) for p in self._with_all()], axis=1)

    def _with_all(self) -> list[Tally]:
        return [self.parts[0].collapse(), *self.parts] if self.sizes else self.parts
