"""Scores by bin and class: what the ROC, precision–recall, lift and risk curves and their bands are made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from steelyard.metrics.reading import ratio
from steelyard.metrics.states.sliced import Rows, SlicedTally

FINE_BINS, CURVE_BINS, COARSE_BINS = 4096, 200, 24


def quantile_edges(scores: np.ndarray, bins: int) -> np.ndarray:
    """Return the inner edges of at most ``bins`` bins that hold about equally many of these scores."""
    if scores.size == 0:
        return np.linspace(0, 1, bins + 1)[1:-1]
    return np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1], method="higher"))


class ScoreHistogram:
    """Weights of rows by (class, bin, slice, bucket), with the same edges for every part that is to be merged.

    Bin i holds scores in [edges[i-1], edges[i]), so that a threshold at an edge splits the bins as it splits the rows.

    Args:
        edges: inner edges, increasing; there is one more bin than edges.
        sizes: number of slices in each dimension.
        weighted: rows carry weights.
    """

    __slots__ = ("edges", "tally")

    def __init__(self, edges: np.ndarray, sizes: Sequence[int] = (), *, weighted: bool = False) -> None:
        self.edges = edges
        self.tally = SlicedTally(2 * self.bins, sizes, weighted=weighted)

    @property
    def bins(self) -> int:
        return len(self.edges) + 1

    def add(self, rows: Rows, scores: np.ndarray, positive: np.ndarray) -> None:
        """Add a batch: scores and whether each row is positive, shape (n,)."""
        self.add_bins(rows, np.searchsorted(self.edges, scores, side="right"), positive)

    def add_bins(self, rows: Rows, bins: np.ndarray, positive: np.ndarray) -> None:
        """Add a batch whose bins are known."""
        self.tally.add(rows, cells=bins + self.bins * positive)

    def merge(self, other: ScoreHistogram) -> ScoreHistogram:
        """Return the histogram of both parts' rows."""
        merged = ScoreHistogram(self.edges, self.tally.sizes, weighted=self.tally.weighted)
        merged.tally = self.tally.merge(other.tally)
        return merged

    def counts(self) -> np.ndarray:
        """Return the sums: shape (2, bins, slices), negatives first."""
        return self.tally.total().reshape(2, self.bins, -1)

    def replicate(self, weights: np.ndarray) -> np.ndarray:
        """Return the sums under each replicate: shape (2, bins, slices, B)."""
        flat = self.tally.replicate(weights)
        return flat.reshape(2, self.bins, *flat.shape[1:])


class StreamedScores:
    """Scores of more rows than can be kept, at three resolutions from one look-up.

    ``fine`` counts every slice without buckets, for the values themselves; ``curve`` counts all rows by bucket, for
    bands and replicates; ``coarse`` counts the slices by bucket, for their replicates. A replicate of a fine value is
    that value plus how far the coarse one moves.

    Args:
        edges: inner edges of the fine bins, increasing.
        sizes: number of slices in each dimension.
        weighted: rows carry weights.
    """

    __slots__ = ("coarse", "coarse_of", "curve", "curve_of", "edges", "fine", "sizes")

    def __init__(self, edges: np.ndarray, sizes: Sequence[int] = (), *, weighted: bool = False) -> None:
        self.edges = edges
        self.sizes = tuple(sizes)
        self.curve_of, curve_edges = _thinned(edges, CURVE_BINS)
        self.coarse_of, coarse_edges = _thinned(edges, COARSE_BINS)
        self.curve = ScoreHistogram(curve_edges, weighted=weighted)
        self.coarse = ScoreHistogram(coarse_edges, sizes, weighted=weighted)
        self.fine = np.zeros((1 + sum(self.sizes), 2, len(edges) + 1))

    def add(self, rows: Rows, scores: np.ndarray, positive: np.ndarray) -> None:
        """Add a batch: scores and whether each row is positive, shape (n,)."""
        bins = np.searchsorted(self.edges, scores, side="right")
        self.curve.add_bins(Rows(rows.buckets, (), rows.weights, (rows.buckets,)), self.curve_of[bins], positive)
        if self.sizes:
            self.coarse.add_bins(rows, self.coarse_of[bins], positive)
        width = self.fine.shape[2]
        cells = bins + width * positive
        start = 0
        for size, codes in zip((1, *self.sizes), (0, *rows.codes), strict=True):
            keys = cells + codes * (2 * width)
            counted = np.bincount(keys, weights=rows.weights, minlength=size * 2 * width)
            self.fine[start : start + size] += counted.reshape(size, 2, width)
            start += size

    def merge(self, other: StreamedScores) -> StreamedScores:
        """Return the scores of both parts' rows."""
        merged = StreamedScores(self.edges, self.sizes)
        merged.curve, merged.coarse = self.curve.merge(other.curve), self.coarse.merge(other.coarse)
        merged.fine = self.fine + other.fine
        return merged

    def counts(self) -> np.ndarray:
        """Return the fine counts: shape (2, bins, slices)."""
        return self.fine.transpose(1, 2, 0)

    def replicates(self, measure: Callable[[np.ndarray], np.ndarray], weights: np.ndarray) -> np.ndarray:
        """Return a measure's replicates on all rows and every slice: shape (slices, B)."""
        fine = measure(self.counts())
        moved = measure(self.curve.replicate(weights)) - measure(self.curve.counts())[:, None]
        if self.sizes:
            by_slice = measure(self.coarse.replicate(weights)) - measure(self.coarse.counts())[:, None]
            moved = np.concatenate([moved, by_slice[1:]])
        return fine[:, None] + moved


def _thinned(edges: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the coarse bin of each fine bin, and the coarse edges, which are some of the fine ones."""
    if len(edges) < bins:
        return np.arange(len(edges) + 1), edges
    kept = np.unique(np.linspace(0, len(edges) - 1, bins - 1).astype(int))
    return np.searchsorted(kept, np.arange(len(edges) + 1), side="left"), edges[kept]


def binned_auc(counts: np.ndarray) -> np.ndarray:
    """Return the ROC area with pairs inside a bin counted half: ``counts`` has shape (2, bins, …)."""
    negative, positive = counts
    below = np.cumsum(negative, axis=0) - negative
    pairs = (positive * (below + negative / 2)).sum(axis=0)
    return ratio(pairs, positive.sum(axis=0) * negative.sum(axis=0))


def binned_auc_bound(counts: np.ndarray) -> np.ndarray:
    """Return how far the binned area can be off: Σ p_b n_b / 2PN, since only pairs within a bin are unknown."""
    negative, positive = counts
    return ratio((positive * negative).sum(axis=0) / 2, positive.sum(axis=0) * negative.sum(axis=0))


def binned_average_precision(counts: np.ndarray) -> np.ndarray:
    """Return average precision with each bin taken as one tie: ``counts`` has shape (2, bins, …)."""
    negative, positive = counts
    above_p = np.cumsum(positive[::-1], axis=0)[::-1]
    above_n = np.cumsum(negative[::-1], axis=0)[::-1]
    return ratio((positive * ratio(above_p, above_p + above_n, empty=0.0)).sum(axis=0), positive.sum(axis=0))
