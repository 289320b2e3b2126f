"""What is scored: lines, or rows over their repeats. Their slices, their clusters, and sums over both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from steelyard.metrics.plan import Plan
from steelyard.metrics.states.sliced import Rows, SlicedTally


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Lines or rows in the order of the data. S slices: all of them, then those of each dimension.

    Args:
        buckets: shape (n,), int32, of each unit's cluster.
        clusters: shape (n,), int64, small numbers.
        codes: for each dimension, shape (n,), the number of the unit's slice.
        sizes: number of slices in each dimension.
        beyond: units that were planned and never came: they are in no slice but that of all.
        plan: the replicates' number and seed, and the intervals' coverage.
    """

    buckets: np.ndarray
    clusters: np.ndarray
    codes: tuple[np.ndarray, ...]
    sizes: tuple[int, ...]
    beyond: int
    plan: Plan

    def __len__(self) -> int:
        return len(self.buckets)

    @property
    def n_slices(self) -> int:
        return 1 + sum(self.sizes)

    @property
    def independent(self) -> bool:
        """Whether no cluster holds two units."""
        return int(self.clusters.max(initial=-1)) + 1 == len(self)

    def only(self, keep: np.ndarray, planned: int) -> Units:
        """Return some of the units, out of ``planned`` ones."""
        _, clusters = np.unique(self.clusters[keep], return_inverse=True)
        return replace(
            self,
            buckets=self.buckets[keep],
            clusters=clusters,
            codes=tuple(c[keep] for c in self.codes),
            beyond=max(planned - int(keep.sum() if keep.dtype == bool else len(keep)), 0),
        )

    def rows(self) -> Rows:
        return Rows.of(self.buckets, self.codes)

    def planned(self) -> np.ndarray:
        """Return how many units there should be: shape (S,)."""
        total = self.total(np.ones(len(self)))
        total[0] += self.beyond
        return total

    def total(self, x: np.ndarray) -> np.ndarray:
        """Return sums of finite numbers: shape (S,)."""
        return np.concatenate([np.bincount(c, weights=x, minlength=size) for c, size in self._each()])

    def parts(self, x: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the values of each slice, NaN left out."""
        there = np.isfinite(x)
        for codes, size in self._each():
            if size == 0:
                continue
            order = np.argsort(codes[there], kind="stable")
            ends = np.cumsum(np.bincount(codes[there], minlength=size))
            yield from np.split(x[there][order], ends[:-1])

    def spread(self, x: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the standard error of the mean by slice, and the clusters that it rests on: each of shape (S,).

        √(Σ_c(Σ_i(x_i − x̄))²)/n · √(C/(C − 1)) over clusters c (Miller 2024, arXiv 2411.00640, with the CR1-type
        factor). With one unit a cluster that is the usual standard error; with a row's repeats as its cluster and
        nothing missing it is that of the rows' means.
        """
        there = np.isfinite(x)
        values, clusters = x[there], self.clusters[there]
        n_clusters = int(self.clusters.max(initial=-1)) + 1
        errors, counts = [], []
        start = 0
        for codes, size in self._each():
            at = codes[there]
            off = values - mean[start : start + size][at]
            if self.independent:
                squares, many = np.bincount(at, weights=off * off, minlength=size), np.bincount(at, minlength=size)
            else:
                pairs, inverse = np.unique(at.astype(np.int64) * n_clusters + clusters, return_inverse=True)
                sums = np.bincount(inverse, weights=off, minlength=len(pairs))
                slices = pairs // max(n_clusters, 1)
                squares = np.bincount(slices, weights=sums * sums, minlength=size)
                many = np.bincount(slices, minlength=size)
            n = np.bincount(at, minlength=size)
            with np.errstate(invalid="ignore", divide="ignore"):
                errors.append(np.where(many > 1, np.sqrt(squares) / n * np.sqrt(many / (many - 1.0)), np.nan))
            counts.append(many)
            start += size
        return np.concatenate(errors), np.concatenate(counts).astype(np.float64)

    def replicated(self, columns: Sequence[np.ndarray], there: np.ndarray, *, whole: bool) -> np.ndarray:
        """Return sums under each replicate's weights of the units that are there: (1 + columns, S, B), counts first."""
        rows = self.rows()
        rows = rows if there.all() else rows.only(there)
        counts = SlicedTally(1, self.sizes)
        counts.add(rows)
        sums = SlicedTally(len(columns), self.sizes, whole=whole)
        for j, column in enumerate(columns):
            sums.add(rows, cells=j, values=column[there])
        return np.concatenate([each.replicate(self.plan.weight_matrix) for each in (counts, sums)])

    def _each(self) -> Iterator[tuple[np.ndarray, int]]:
        yield np.zeros(len(self), dtype=np.int64), 1
        yield from zip(self.codes, self.sizes, strict=True)


def folded(units: Units, row: np.ndarray, rows: int) -> tuple[Units, np.ndarray]:
    """Return the rows that lines belong to, and each line's place among them.

    Args:
        units: lines, sorted by row.
        row: each line's row number, ascending.
        rows: how many rows were planned.
    """
    _, first, inverse = np.unique(row, return_index=True, return_inverse=True)
    return units.only(first, rows), inverse
