"""Binary classification: one confusion tally, one loss tally, and the rows that need an order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steelyard.metrics import calibration, confusion, ordered
from steelyard.metrics.catalogue import info
from steelyard.metrics.confusion import Binary
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import IntervalKind, Reading, ratio
from steelyard.metrics.states.histogram import (
    StreamedScores,
    binned_auc,
    binned_auc_bound,
    binned_average_precision,
)
from steelyard.metrics.states.retained import Retained
from steelyard.metrics.states.sliced import Rows, SlicedTally


@dataclass(frozen=True, slots=True)
class _Share:
    """A proportion of confusion cells: which cells are counted, among which; cells are tn, fp, fn, tp."""

    hits: tuple[int, ...]
    of: tuple[int, ...]
    empty: float = 0.0
    why: str = ""


_SHARES = {
    "accuracy_score": _Share((0, 3), (0, 1, 2, 3), np.nan),
    "precision_score": _Share((3,), (1, 3), why="no row was predicted positive"),
    "recall_score": _Share((3,), (2, 3), why="no row is positive"),
    "specificity": _Share((0,), (0, 1), why="no row is negative"),
    "negative_predictive_value": _Share((0,), (0, 2), why="no row was predicted negative"),
    "false_positive_rate": _Share((1,), (0, 1), why="no row is negative"),
    "false_negative_rate": _Share((2,), (2, 3), why="no row is positive"),
    "selection_rate": _Share((1, 3), (0, 1, 2, 3), np.nan),
    "prevalence": _Share((2, 3), (0, 1, 2, 3), np.nan),
    "jaccard_score": _Share((3,), (1, 2, 3), why="no row is or was predicted positive"),
}
_COUNTS = {"true_negatives": 0, "false_positives": 1, "false_negatives": 2, "true_positives": 3}


class BinaryState:
    """All binary metrics of a set of rows, on all slices.

    Args:
        plan: the layout shared by all parts.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.cells = SlicedTally(4, plan.sizes, weighted=plan.weighted)
        self.rows = SlicedTally(4, plan.sizes)
        self.calibration = calibration.CalibrationState(plan) if plan.probabilities else None
        self.retained = Retained(plan.retain)
        self.streamed: StreamedScores | None = None
        if plan.probabilities and plan.edges is not None:
            self.streamed = StreamedScores(plan.edges, plan.sizes, weighted=plan.weighted)

    def update(
        self, rows: Rows, *, ids: np.ndarray, true: np.ndarray, predicted: np.ndarray, positive: np.ndarray | None
    ) -> None:
        """Add scored rows.

        Args:
            rows: the rows' buckets, slices and weights.
            ids: shape (n,), uint64.
            true, predicted: shape (n,), bool, whether each is the positive label.
            positive: shape (n,), the probability of the positive label, or None.
        """
        cells = true.astype(np.int64) * 2 + predicted
        self.cells.add(rows, cells=cells)
        if self.plan.weighted:
            self.rows.add(Rows(rows.buckets, rows.codes, None, rows.places), cells=cells)
        if positive is None or self.calibration is None:
            return
        self.calibration.update(rows, positive, true)
        if self.streamed is not None:  # there are too many rows to keep
            self.streamed.add(rows, positive, true)
            return
        columns = {f"code{i}": c for i, c in enumerate(rows.codes)}
        if rows.weights is not None:
            columns["weight"] = rows.weights
        self.retained.add(ids, score=positive, true=true, wrong=true != predicted, bucket=rows.buckets, **columns)

    def merge(self, other: BinaryState) -> BinaryState:
        """Return the state of both parts' rows."""
        merged = BinaryState(self.plan)
        merged.cells = self.cells.merge(other.cells)
        merged.rows = self.rows.merge(other.rows)
        merged.retained = self.retained.merge(other.retained)
        if self.calibration is not None and other.calibration is not None:
            merged.calibration = self.calibration.merge(other.calibration)
        if self.streamed is not None and other.streamed is not None:
            merged.streamed = self.streamed.merge(other.streamed)
        return merged

    def counts(self) -> np.ndarray:
        """Return the confusion counts of all rows: shape (2, 2), true by predicted, negative first."""
        return self.cells.total()[:, 0].reshape(2, 2)

    def readings(self) -> list[Reading]:
        """Return every metric on every slice."""
        total = self.cells.total()
        draws = self.cells.replicate(self.plan.weight_matrix)
        n = (self.rows if self.plan.weighted else self.cells).total()
        readings = [self._share(name, total, draws, n) for name in _SHARES]
        readings += self._functions(total, draws, n)
        readings += [self._count(name, cell, total, n) for name, cell in _COUNTS.items()]
        readings.append(_example_count(n.sum(axis=0)))
        if self.calibration is not None:
            readings += self.calibration.readings(n.sum(axis=0))
            readings += self._in_order(n) if self.streamed is None else self._binned(self.streamed, n)
        return readings

    def _share(self, name: str, total: np.ndarray, draws: np.ndarray, n: np.ndarray) -> Reading:
        share = _SHARES[name]
        hits, of = list(share.hits), list(share.of)
        top, bottom = total[hits].sum(axis=0), total[of].sum(axis=0)
        empty = np.flatnonzero((bottom == 0) & (total.sum(axis=0) > 0))
        return Reading(
            info=info(name),
            values=np.where(total.sum(axis=0) > 0, ratio(top, bottom, empty=share.empty), np.nan),
            n=n[of].sum(axis=0),
            replicates=ratio(draws[hits].sum(axis=0), draws[of].sum(axis=0)),
            interval="replicates" if self.plan.weighted else "proportion",
            successes=top,
            notes={int(i): f"0 by convention: {share.why}" for i in empty if share.why},
            bounded_by_missing=not self.plan.weighted and name in ("accuracy_score", "selection_rate", "prevalence"),
        )

    def _functions(self, total: np.ndarray, draws: np.ndarray, n: np.ndarray) -> list[Reading]:
        shape = (2, 2)
        value = Binary.of(total.reshape(*shape, -1))
        drawn = Binary.of(draws.reshape(*shape, *draws.shape[1:]))
        rows = n.sum(axis=0)
        some = total.sum(axis=0) > 0

        def reading(name: str, at: np.ndarray, replicates: np.ndarray) -> Reading:
            return Reading(info=info(name), values=np.where(some, at, np.nan), n=rows, replicates=replicates)

        return [
            reading("f1_score", confusion.f1(value[1]), confusion.f1(drawn[1])),
            reading("balanced_accuracy_score", confusion.balanced_accuracy(value), confusion.balanced_accuracy(drawn)),
            reading("matthews_corrcoef", confusion.matthews(value), confusion.matthews(drawn)),
            reading("cohen_kappa_score", confusion.kappa(value), confusion.kappa(drawn)),
        ]

    def _count(self, name: str, cell: int, total: np.ndarray, n: np.ndarray) -> Reading:
        return Reading(info=info(name), values=total[cell], n=n.sum(axis=0), interval="none", method="count")

    def _in_order(self, n: np.ndarray) -> list[Reading]:
        kept = self.retained.columns()
        if not kept:
            return []
        codes = [kept[f"code{i}"] for i in range(len(self.plan.sizes))]
        weights, draw = kept.get("weight"), self.plan.weight_matrix
        orders = list(ordered.slices_in_order(kept["score"], codes, self.plan.sizes))
        roc, ap = ordered.roc_and_precision(kept["score"], kept["true"], kept["bucket"], weights, orders, draw)
        delong: IntervalKind = "replicates" if self.plan.weighted else "auc"
        rows = n.sum(axis=0)
        one_class = {int(i): "undefined: one class only" for i in np.flatnonzero(np.isnan(roc.values) & (rows > 0))}
        readings = [
            Reading(info=info("roc_auc"), values=roc.values, n=rows, replicates=roc.replicates, interval=delong,
                    se=roc.se, successes=n[2:].sum(axis=0), notes=one_class),
            Reading(info=info("precision_recall_auc"), values=ap.values, n=rows, replicates=ap.replicates,
                    notes={i: "undefined: no row is positive" for i in one_class if np.isnan(ap.values[i])}),
        ]  # fmt: skip
        if weights is None:
            ks = ordered.kolmogorov_smirnov(kept["score"], kept["true"], kept["bucket"], orders, draw)
            readings.append(
                Reading(info=info("ks_statistic"), values=ks.values, n=rows, replicates=ks.replicates, notes=one_class)
            )
            confidence = np.maximum(kept["score"], 1 - kept["score"])
            sure = list(ordered.slices_in_order(confidence, codes, self.plan.sizes))
            readings += selective_readings(confidence, kept["wrong"], kept["bucket"], sure, draw, rows)
        return readings

    def _binned(self, scores: StreamedScores, n: np.ndarray) -> list[Reading]:
        """From bins, when there are too many rows to keep: how far the area may be off is told with it."""
        counts, draw, rows = scores.counts(), self.plan.weight_matrix, n.sum(axis=0)
        bound = binned_auc_bound(counts)
        bins = f"binned in {counts.shape[1]} score bins"
        return [
            Reading(
                info=info("roc_auc"), values=binned_auc(counts), n=rows, replicates=scores.replicates(binned_auc, draw),
                notes={i: f"{bins}, at most {_rounded_up(b)} off" for i, b in enumerate(bound) if np.isfinite(b)},
            ),
            Reading(
                info=info("precision_recall_auc"), values=binned_average_precision(counts), n=rows,
                replicates=scores.replicates(binned_average_precision, draw),
                notes=dict.fromkeys(range(len(bound)), bins),
            ),
        ]  # fmt: skip


def selective_readings(
    confidence: np.ndarray, wrong: np.ndarray, buckets: np.ndarray, orders: list[np.ndarray], draw: np.ndarray,
    n: np.ndarray,
) -> list[Reading]:  # fmt: skip
    """Return the two metrics of selective prediction."""
    area, at, bad, kept = ordered.selective_risk(confidence, wrong, buckets, orders, draw)
    return [
        Reading(info=info("aurc"), values=area.values, n=n, replicates=area.replicates),
        Reading(
            info=info("selective_risk_at_80"), values=at.values, n=kept, replicates=at.replicates,
            interval="proportion", successes=bad,
        ),
    ]  # fmt: skip


def _rounded_up(bound: float) -> str:
    """Return a bound with one figure, never smaller than it is."""
    if bound <= 0:
        return "0"
    unit = 10.0 ** np.floor(np.log10(bound))
    return f"{np.ceil(bound / unit) * unit:.1g}"


def _example_count(n: np.ndarray) -> Reading:
    return Reading(info=info("example_count"), values=n, n=n, interval="none", method="count")
