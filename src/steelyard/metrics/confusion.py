"""Every measure that is a function of a confusion matrix, over any trailing axes (slices, replicates).

``counts[i, j]`` is the weight of rows whose true label is i and whose predicted label is j. A division by zero gives 0
where scikit-learn gives 0, so that logged values agree.
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
        return Binary.of_margins(np.einsum("ii...->i...", counts), counts.sum(axis=1), counts.sum(axis=0))

    @staticmethod
    def of_margins(right: np.ndarray, true: np.ndarray, predicted: np.ndarray) -> Binary:
        """Return the cells of every label from its rows that are right, that have it, and that were called it.

        All measures here are functions of these 3 K numbers, so replicates of the K × K matrix are never needed.
        """
        total = true.sum(axis=0)
        return Binary(tn=total - true - predicted + right, fp=predicted - right, fn=true - right, tp=right)

    def __getitem__(self, label: int) -> Binary:
        return Binary(self.tn[label], self.fp[label], self.fn[label], self.tp[label])

    @property
    def true(self) -> np.ndarray:
        """Rows that have the label."""
        return self.tp + self.fn

    @property
    def predicted(self) -> np.ndarray:
        """Rows that were called it."""
        return self.tp + self.fp

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


def accuracy(c: Binary) -> np.ndarray:
    """The share of rows whose label is right, from the cells of every label."""
    return ratio(c.tp.sum(axis=0), c.total[0])


def balanced_accuracy(c: Binary) -> np.ndarray:
    """The mean recall of the labels that occur in the truth (Brodersen et al. 2010)."""
    present = c.true > 0
    return ratio((recall(c) * present).sum(axis=0), present.sum(axis=0))


def matthews(c: Binary) -> np.ndarray:
    """The correlation of truth and prediction for K labels (Matthews 1975; Gorodkin 2004)."""
    n = c.total[0]
    covariance = c.tp.sum(axis=0) * n - (c.true * c.predicted).sum(axis=0)
    spread = (n**2 - (c.true**2).sum(axis=0)) * (n**2 - (c.predicted**2).sum(axis=0))
    return ratio(covariance, np.sqrt(np.maximum(spread, 0.0)), empty=0.0)


def kappa(c: Binary) -> np.ndarray:
    """Cohen's agreement beyond chance (Cohen 1960)."""
    n = c.total[0]
    expected = ratio((c.true * c.predicted).sum(axis=0), n**2)
    return ratio(accuracy(c) - expected, 1 - expected)


def averaged(measure: Callable[[Binary], np.ndarray], c: Binary, average: Average) -> np.ndarray:
    """Average a one-against-the-rest measure over labels as scikit-learn does.

    Args:
        measure: such as :func:`precision`.
        c: the cells of every label.
        average: ``macro`` (over labels that occur in truth or prediction), ``micro`` or ``weighted`` (by true counts).
    """
    if average == "micro":
        return measure(Binary(*(np.sum(x, axis=0) for x in (c.tn, c.fp, c.fn, c.tp))))
    weight = c.true if average == "weighted" else (c.true + c.fp > 0).astype(float)
    return ratio((measure(c) * weight).sum(axis=0), weight.sum(axis=0), empty=0.0)
