"""Which ranks the comparisons allow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from steelyard.metrics.intervals import normal_quantile
from steelyard.metrics.preferences.games import Floats
from steelyard.metrics.preferences.strengths import Fit
from steelyard.metrics.weights import BUCKETS, buckets_of, weight_matrix

Ranks = npt.NDArray[np.int64]


def rank_intervals(fit: Fit, k: int, confidence: float, replicates: int, key: int) -> tuple[Ranks, Ranks]:
    """Return the best and the worst rank of each: 1 + how many are surely stronger, k − how many are surely weaker.

    Surely: the difference is beyond what the largest of a contestant's k − 1 studentised differences reaches by chance
    with the confidence; by the bootstrap, or with a ridge by Bonferroni's bound.
    """
    spread = fit.covariance[:k, :k]
    strengths = fit.parameters[:k]
    moved = None if fit.influence is None else _moved(fit.influence[:, :k], replicates, key)
    bonferroni = float(normal_quantile(1.0 - (1.0 - confidence) / 2.0 / (k - 1)))
    low, high = np.ones(k, dtype=np.int64), np.full(k, k, dtype=np.int64)
    for i in range(k):
        others = np.arange(k) != i
        se = np.sqrt(np.maximum(spread[i, i] + np.diag(spread) - 2.0 * spread[i], 0.0))[others]
        gap = (strengths - strengths[i])[others]
        usable = se > 0
        if not usable.any():
            continue
        limit = bonferroni if moved is None else _limit(moved[:, others] - moved[:, [i]], confidence)
        low[i] += int((gap[usable] > limit * se[usable]).sum())
        high[i] -= int((gap[usable] < -limit * se[usable]).sum())
    return low, high


def _moved(influence: Floats, replicates: int, key: int) -> Floats:
    """How far each replicate moves the strengths: shape (replicates, k)."""
    n, k = influence.shape
    bucket = np.arange(n) if n <= BUCKETS else buckets_of(np.arange(n, dtype=np.uint64))
    sums = np.zeros((min(n, BUCKETS), k))
    np.add.at(sums, bucket, influence)
    return np.asarray((weight_matrix(replicates, key, buckets=len(sums)) - 1.0) @ sums)


def _limit(moved: Floats, confidence: float) -> float:
    """The confidence's quantile of the largest difference, in units of its own spread; at least the normal one."""
    spread = np.sqrt(np.square(moved).mean(axis=0))
    largest = (np.abs(moved) / np.where(spread > 0, spread, 1.0)).max(axis=1)
    return max(float(np.quantile(largest, confidence)), float(normal_quantile(0.5 + confidence / 2.0)))
