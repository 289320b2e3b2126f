"""Scores by bin and class: what the ROC, precision–recall, lift and risk curves and their bands are made from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from steelyard.metrics.reading import ratio
from steelyard.metrics.states.sliced import Rows, SlicedTally


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
        cells = np.searchsorted(self.edges, scores, side="right")
        cells[positive] += self.bins
        self.tally.add(rows, cells=cells)

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
