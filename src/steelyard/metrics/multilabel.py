"""Multilabel classification: four cells a label, and how well each row's set of labels was met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from steelyard.metrics import confusion
from steelyard.metrics.catalogue import info
from steelyard.metrics.confusion import Binary
from steelyard.metrics.means import MeansState
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import IntervalKind, Reading, ratio
from steelyard.metrics.states.sliced import Rows, SlicedTally

_ROW_METRICS = ("accuracy_score", "hamming_loss", "f1_score_samples", "jaccard_score_samples")
_MEASURES = {"precision_score": confusion.precision, "recall_score": confusion.recall, "f1_score": confusion.f1}


def row_scores(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return, for each row, whether its set is exact, its Hamming loss, its F1 and its Jaccard index.

    Args:
        true, predicted: shape (n, L), bool.

    Returns:
        Shape (n, 4). A row with neither true nor predicted labels has F1 and Jaccard 0, as in scikit-learn.
    """
    both = (true & predicted).sum(axis=1)
    either = (true | predicted).sum(axis=1)
    sizes = true.sum(axis=1) + predicted.sum(axis=1)
    wrong = (true != predicted).mean(axis=1)
    return np.column_stack([wrong == 0, wrong, ratio(2 * both, sizes, empty=0.0), ratio(both, either, empty=0.0)])


class MultilabelState:
    """All metrics of rows that each have a set of labels, on all slices."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.n_labels = len(plan.labels)
        self.cells = SlicedTally(4 * self.n_labels, plan.sizes, weighted=plan.weighted)
        self.means = MeansState(plan, [info(n) for n in _ROW_METRICS], aggregations=[()] * len(_ROW_METRICS))
        self.rows = SlicedTally(1, plan.sizes)

    def update(self, rows: Rows, *, ids: np.ndarray, true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """Add scored rows: ``true`` and ``predicted`` of shape (n, L), bool. Returns :func:`row_scores`."""
        cells = true.astype(np.int64) * 2 + predicted
        for label in range(self.n_labels):
            self.cells.add(rows, cells=cells[:, label] + 4 * label)
        scores = row_scores(true, predicted)
        self.means.update(rows, ids=ids, scores=scores)
        self.rows.add(Rows(rows.buckets, rows.codes, None, rows.places))
        return scores

    def merge(self, other: MultilabelState) -> MultilabelState:
        """Return the state of both parts' rows."""
        merged = MultilabelState(self.plan)
        merged.cells, merged.rows = self.cells.merge(other.cells), self.rows.merge(other.rows)
        merged.means = self.means.merge(other.means)
        return merged

    def readings(self) -> list[Reading]:
        """Return every metric on every slice, and each label's own."""
        n = self.rows.total()[0]
        total, draws = self._binary(self.cells.total()), self._binary(self.cells.replicate(self.plan.weight_matrix))
        readings = [self._exact(r) if r.info.name == "accuracy_score" else r for r in self.means.readings()]
        for name, measure in _MEASURES.items():
            for average in ("macro", "micro", "weighted"):
                value, drawn = _averaged(measure, total, average), _averaged(measure, draws, average)
                readings.append(Reading(info=info(f"{name}_{average}"), values=value, n=n, replicates=drawn))
                if average == self.plan.average:
                    readings.append(Reading(info=info(name), values=value, n=n, replicates=drawn))
        for i, label in enumerate(self.plan.labels):
            readings += self._of_label(label, total[i], draws[i], n)
        readings.append(Reading(info=info("example_count"), values=n, n=n, interval="none", method="count"))
        return readings

    def _exact(self, reading: Reading) -> Reading:
        """A row's set is met exactly or not, so this mean is a proportion."""
        if self.plan.weighted:
            return reading
        return replace(reading, interval="proportion", successes=np.rint(np.nan_to_num(reading.values * reading.n)))

    def _binary(self, counts: np.ndarray) -> Binary:
        shaped = counts.reshape(self.n_labels, 4, *counts.shape[1:])
        return Binary(*(shaped[:, cell] for cell in range(4)))

    def _of_label(self, label: str, c: Binary, d: Binary, n: np.ndarray) -> list[Reading]:
        exact: IntervalKind = "replicates" if self.plan.weighted else "proportion"
        shares = (
            ("precision_score", c.tp, c.tp + c.fp, d.tp, d.tp + d.fp),
            ("recall_score", c.tp, c.tp + c.fn, d.tp, d.tp + d.fn),
            ("prevalence", c.tp + c.fn, c.total, d.tp + d.fn, d.total),
            ("selection_rate", c.tp + c.fp, c.total, d.tp + d.fp, d.total),
        )
        readings = [
            Reading(info=info(name), label=label, values=ratio(hits, of, empty=0.0), n=of, successes=hits,
                    replicates=ratio(hits_b, of_b), interval=exact)
            for name, hits, of, hits_b, of_b in shares
        ]  # fmt: skip
        f1 = Reading(info=info("f1_score"), label=label, values=confusion.f1(c), n=n, replicates=confusion.f1(d))
        return [*readings, f1]


def _averaged(measure: Callable[[Binary], np.ndarray], cells: Binary, average: str) -> np.ndarray:
    if average == "micro":
        return measure(Binary(*(np.sum(x, axis=0) for x in (cells.tn, cells.fp, cells.fn, cells.tp))))
    support = cells.tp + cells.fn
    weight = support if average == "weighted" else np.ones_like(support)
    return ratio((measure(cells) * weight).sum(axis=0), weight.sum(axis=0), empty=0.0)
