"""Every measure that is a function of a confusion matrix, over any trailing axes (slices, replicates).

``counts[i, j]`` is the weight of rows whose true label is i and whose predicted label is j. A division by zero gives 0
where scikit-learn gives 0, so that logged values agree; which values those are is told by :func:`undefined`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from steelyard.metrics.reading import ratio

Average = str


@dataclass(frozen=True, slots=True)
class Binary:
    """The four cells of each label against the rest: arrays whose first axis is the label."""

    tn: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    tp: np.ndarray

    @staticmethod
    def of(counts: np.ndarray) -> Binary:
        """Return the cells of every label: ``counts`` has shape (K, K, …), each cell array (K, …)."""
        tp = np.einsum("ii...->i...", counts)
        true, predicted = counts.sum(axis=1), counts.sum(axis=0)
        total = true.sum(axis=0)
        return Binary(tn=total - true - predicted + tp, fp=predicted - tp, fn=true - tp, tp=tp)

    def __getitem__(self, label: int) -> Binary:
        return Binary(self.tn[label], self.fp[label], self.fn[label], self.tp[label])

    @property
    def total(self) -> np.ndarray:
        return self.tn + self.fp + self.fn + self.tp


def precision(c: Binary) -> np.ndarray:
    return ratio(c.tp, c.tp + c.fp, empty=0.0)


def recall(c: Binary) -> np.ndarray:
    return ratio(c.tp, c.tp + c.fn, empty=0.0)


def f1(c: Binary) -> np.ndarray:
    return ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn, empty=0.0)


def jaccard(c: Binary) -> np.ndarray:
    return ratio(c.tp, c.tp + c.fp + c.fn, empty=0.0)


def specificity(c: Binary) -> np.ndarray:
    return ratio(c.tn, c.tn + c.fp, empty=0.0)


def negative_predictive_value(c: Binary) -> np.ndarray:
    return ratio(c.tn, c.tn + c.fn, empty=0.0)


def accuracy(counts: np.ndarray) -> np.ndarray:
    """The share of rows on the diagonal."""
    return ratio(np.einsum("ii...->...", counts), counts.sum(axis=(0, 1)))


def balanced_accuracy(counts: np.ndarray) -> np.ndarray:
    """The mean recall of the labels that occur in the truth (Brodersen et al. 2010)."""
    cells = Binary.of(counts)
    present = cells.tp + cells.fn > 0
    return ratio((recall(cells) * present).sum(axis=0), present.sum(axis=0))


def matthews(counts: np.ndarray) -> np.ndarray:
    """The correlation of truth and prediction for K labels (Matthews 1975; Gorodkin 2004)."""
    true, predicted = counts.sum(axis=1), counts.sum(axis=0)
    n = true.sum(axis=0)
    correct = np.einsum("ii...->...", counts)
    covariance = correct * n - (true * predicted).sum(axis=0)
    spread = (n**2 - (true**2).sum(axis=0)) * (n**2 - (predicted**2).sum(axis=0))
    return ratio(covariance, np.sqrt(np.maximum(spread, 0.0)), empty=0.0)


def kappa(counts: np.ndarray) -> np.ndarray:
    """Cohen's agreement beyond chance (Cohen 1960)."""
    true, predicted = counts.sum(axis=1), counts.sum(axis=0)
    n = true.sum(axis=0)
    expected = ratio((true * predicted).sum(axis=0), n**2)
    observed = ratio(np.einsum("ii...->...", counts), n)
    return ratio(observed - expected, 1 - expected)


def averaged(measure: Callable[[Binary], np.ndarray], counts: np.ndarray, average: Average) -> np.ndarray:
    """Average a one-against-the-rest measure over labels as scikit-learn does.

    Args:
        measure: such as :func:`precision`.
        counts: shape (K, K, …).
        average: ``macro`` (over labels that occur in truth or prediction), ``micro`` or ``weighted`` (by true counts).
    """
    cells = Binary.of(counts)
    if average == "micro":
        return measure(Binary(*(np.sum(x, axis=0) for x in (cells.tn, cells.fp, cells.fn, cells.tp))))
    support = cells.tp + cells.fn
    weight = support if average == "weighted" else (support + cells.fp > 0).astype(float)
    return ratio((measure(cells) * weight).sum(axis=0), weight.sum(axis=0), empty=0.0)
