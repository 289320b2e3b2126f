"""What a metric family must know before the first row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steelyard.metrics.weights import DEFAULT_REPLICATES, weight_matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The layout that all parts of one evaluation share, so that their states can be merged.

    Args:
        labels: class labels as text, in scikit-learn's order (sorted); empty for other tasks.
        positive: the number of the positive label.
        sizes: number of slices in each dimension.
        weighted: rows carry weights.
        probabilities: rows carry probabilities.
        retain: the most rows kept for metrics that need an order.
        edges: inner edges of score bins when there are more rows than ``retain``; None when all rows are kept.
        average: how multiclass precision, recall and F1 are averaged under MLflow's names.
        shift: a number near the target's mean, subtracted before squares are taken.
        confidence: nominal coverage, for intervals that are made with the values.
        replicates: number of bootstrap replicates, B.
        seed: the key of the replicates' weights.
    """

    labels: tuple[str, ...] = ()
    positive: int = 1
    sizes: tuple[int, ...] = ()
    weighted: bool = False
    probabilities: bool = False
    retain: int = 1 << 62
    edges: np.ndarray | None = None
    average: str = "weighted"
    shift: float = 0.0
    confidence: float = 0.95
    replicates: int = DEFAULT_REPLICATES
    seed: int = 0

    @property
    def n_slices(self) -> int:
        return 1 + sum(self.sizes)

    @property
    def weight_matrix(self) -> np.ndarray:
        return weight_matrix(self.replicates, self.seed)
