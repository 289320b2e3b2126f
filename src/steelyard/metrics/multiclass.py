"""Multiclass classification: one confusion tally of K × K cells, top-label calibration, one-against-the-rest areas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from steelyard.metrics import calibration, confusion, ordered
from steelyard.metrics.binary import selective_readings
from steelyard.metrics.catalogue import info
from steelyard.metrics.confusion import Binary
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import IntervalKind, Reading, ratio
from steelyard.metrics.states.retained import Retained
from steelyard.metrics.states.sliced import Rows, SlicedTally

AREA_CLASSES = 60
"""Beyond this many labels, one-against-the-rest areas are left out: each costs a sort of all rows."""

_AVERAGED: dict[str, Callable[[Binary], np.ndarray]] = {
    "precision_score": confusion.precision,
    "recall_score": confusion.recall,
    "f1_score": confusion.f1,
}


class MulticlassState:
    """All metrics of a classification with more than two labels, on all slices."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.k = len(plan.labels)
        self.matrix = np.zeros((self.k, self.k))
        self.margins = SlicedTally(3 * self.k, plan.sizes, weighted=plan.weighted)
        self.rows = SlicedTally(self.k, plan.sizes)
        self.calibration = calibration.CalibrationState(plan) if plan.probabilities else None
        self.retained = Retained(plan.retain)

    def update(
        self, rows: Rows, *, ids: np.ndarray, true: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray | None
    ) -> None:
        """Add scored rows.

        Args:
            rows: the rows' buckets, slices and weights.
            ids: shape (n,), uint64.
            true, predicted: shape (n,), label numbers in [0, K).
            probabilities: shape (n, K), in the order of the plan's labels, or None.
        """
        pairs = true.astype(np.int64) * self.k + predicted
        counted = np.bincount(pairs, weights=rows.weights, minlength=self.k**2)
        self.matrix += counted.reshape(self.k, self.k)
        right = true == predicted
        self.margins.add(rows if right.all() else rows.only(right), cells=true[right])
        self.margins.add(rows, cells=true + self.k)
        self.margins.add(rows, cells=predicted + 2 * self.k)
        self.rows.add(Rows(rows.buckets, rows.codes, None, rows.places), cells=true)
        if probabilities is None or self.calibration is None:
            return
        each = np.arange(len(true))
        confidence, wrong = probabilities[each, predicted], true != predicted
        loss = calibration.log_loss_rows(probabilities[each, true])
        # Half the sum of squares over labels is within [0, 1] and equals the binary Brier score for two labels.
        brier = ((probabilities**2).sum(axis=1) - 2 * probabilities[each, true] + 1) / 2
        self.calibration.update(rows, confidence, ~wrong, loss=loss, brier=brier)
        columns = {f"code{i}": c for i, c in enumerate(rows.codes)}
        if rows.weights is not None:
            columns["weight"] = rows.weights
        self.retained.add(
            ids,
            probabilities=probabilities,
            confidence=confidence,
            true=true,
            wrong=wrong,
            bucket=rows.buckets,
            **columns,
        )

    def merge(self, other: MulticlassState) -> MulticlassState:
        """Return the state of both parts' rows."""
        merged = MulticlassState(self.plan)
        merged.matrix = self.matrix + other.matrix
        merged.margins, merged.rows = self.margins.merge(other.margins), self.rows.merge(other.rows)
        merged.retained = self.retained.merge(other.retained)
        if self.calibration is not None and other.calibration is not None:
            merged.calibration = self.calibration.merge(other.calibration)
        return merged

    def counts(self) -> np.ndarray:
        """Return the confusion counts of all rows: shape (K, K), true by predicted."""
        return self.matrix

    def readings(self) -> list[Reading]:
        """Return every metric on every slice, and each label's own."""
        total = self._cells(self.margins.total())
        draws = self._cells(self.margins.replicate(self.plan.weight_matrix))
        n = self.rows.total()
        rows = n.sum(axis=0)
        readings = [self._accuracy(total, draws, rows), *self._averages(total, draws, rows)]
        for name, measure in (
            ("balanced_accuracy_score", confusion.balanced_accuracy),
            ("matthews_corrcoef", confusion.matthews),
            ("cohen_kappa_score", confusion.kappa),
        ):
            readings.append(Reading(info=info(name), values=measure(total), n=rows, replicates=measure(draws)))
        readings += self._per_label(total, draws, rows)
        readings.append(Reading(info=info("example_count"), values=rows, n=rows, interval="none", method="count"))
        if self.calibration is not None:
            readings += self.calibration.readings(rows)
            readings += self._in_order(n)
        return readings

    def _cells(self, margins: np.ndarray) -> Binary:
        return Binary.of_margins(*margins.reshape(3, self.k, *margins.shape[1:]))

    def _accuracy(self, total: Binary, draws: Binary, rows: np.ndarray) -> Reading:
        return Reading(
            info=info("accuracy_score"), values=confusion.accuracy(total), n=rows, replicates=confusion.accuracy(draws),
            interval="replicates" if self.plan.weighted else "proportion",
            successes=total.tp.sum(axis=0), bounded_by_missing=not self.plan.weighted,
        )  # fmt: skip

    def _averages(self, total: Binary, draws: Binary, rows: np.ndarray) -> list[Reading]:
        readings = []
        for name, measure in _AVERAGED.items():
            for average in ("macro", "micro", "weighted"):
                value = confusion.averaged(measure, total, average)
                drawn = confusion.averaged(measure, draws, average)
                readings.append(Reading(info=info(f"{name}_{average}"), values=value, n=rows, replicates=drawn))
                if average == self.plan.average:
                    readings.append(Reading(info=info(name), values=value, n=rows, replicates=drawn))
        return readings

    def _per_label(self, total: Binary, draws: Binary, rows: np.ndarray) -> list[Reading]:
        exact: IntervalKind = "replicates" if self.plan.weighted else "proportion"
        readings = []
        for i, label in enumerate(self.plan.labels):
            c, d = total[i], draws[i]
            for name, hits, of, hits_b, of_b, why in (
                ("precision_score", c.tp, c.tp + c.fp, d.tp, d.tp + d.fp, "never predicted"),
                ("recall_score", c.tp, c.tp + c.fn, d.tp, d.tp + d.fn, "no such row"),
                ("selection_rate", c.tp + c.fp, c.total, d.tp + d.fp, d.total, ""),
                ("prevalence", c.tp + c.fn, c.total, d.tp + d.fn, d.total, ""),
            ):
                empty = np.flatnonzero((of == 0) & (rows > 0)) if why else ()
                readings.append(
                    Reading(
                        info=info(name), label=label, values=ratio(hits, of, empty=0.0), n=of, interval=exact,
                        replicates=ratio(hits_b, of_b), successes=hits,
                        notes={int(e): f"0 by convention: {why}" for e in empty},
                    )
                )  # fmt: skip
            readings.append(
                Reading(info=info("f1_score"), label=label, values=confusion.f1(c), n=rows, replicates=confusion.f1(d))
            )
        return readings

    def _in_order(self, n: np.ndarray) -> list[Reading]:
        kept = self.retained.columns()
        if not kept:
            return []
        rows = n.sum(axis=0)
        codes = [kept[f"code{i}"] for i in range(len(self.plan.sizes))]
        draw, weights = self.plan.weight_matrix, kept.get("weight")
        sampled = "" if self.retained.complete else f"from a hashed sample of {len(kept['_id']):,} rows"
        readings = []
        if weights is None:
            orders = list(ordered.slices_in_order(kept["confidence"], codes, self.plan.sizes))
            readings = selective_readings(kept["confidence"], kept["wrong"], kept["bucket"], orders, draw, rows)
        if self.k <= AREA_CLASSES:
            readings += self._areas(kept, codes, n)
        if not sampled:
            return readings
        note = dict.fromkeys(range(len(rows)), sampled)
        return [
            Reading(
                info=r.info, label=r.label, values=r.values, n=np.minimum(r.n, len(kept["_id"])), notes=note,
                replicates=r.replicates, interval=r.interval, successes=r.successes, se=r.se, method=r.method,
            )
            for r in readings
        ]  # fmt: skip

    def _areas(self, kept: dict[str, np.ndarray], codes: list[np.ndarray], n: np.ndarray) -> list[Reading]:
        rows = n.sum(axis=0)
        draw, weights = self.plan.weight_matrix, kept.get("weight")
        delong: IntervalKind = "replicates" if self.plan.weighted else "auc"
        rocs, aps = [], []
        readings = []
        for i, label in enumerate(self.plan.labels):
            score, positive = kept["probabilities"][:, i], kept["true"] == i
            orders = list(ordered.slices_in_order(score, codes, self.plan.sizes))
            roc, ap = ordered.roc_and_precision(score, positive, kept["bucket"], weights, orders, draw)
            rocs.append(roc)
            aps.append(ap)
            readings += [
                Reading(info=info("roc_auc"), label=label, values=roc.values, n=rows, replicates=roc.replicates,
                        interval=delong, se=roc.se, successes=n[i]),
                Reading(info=info("precision_recall_auc"), label=label, values=ap.values, n=rows,
                        replicates=ap.replicates),
            ]  # fmt: skip
        support = self._cells(self.margins.total()).true
        roc_values, roc_draws = np.stack([r.values for r in rocs]), np.stack([r.replicates for r in rocs])
        ap_values, ap_draws = np.stack([a.values for a in aps]), np.stack([a.replicates for a in aps])
        missing = np.flatnonzero(np.isnan(roc_values).any(axis=0) & (rows > 0))
        notes = {int(i): "undefined: a label does not occur" for i in missing}
        every = np.ones_like(support)
        for name, weight in (("roc_auc_macro", every), ("roc_auc_weighted", support)):
            value, drawn = _average(roc_values, weight), _average(roc_draws, weight[..., None])
            readings.append(Reading(info=info(name), values=value, n=rows, replicates=drawn, notes=notes))
            if name.endswith(self.plan.average):
                readings.append(Reading(info=info("roc_auc"), values=value, n=rows, replicates=drawn, notes=notes))
        readings.append(
            Reading(info=info("precision_recall_auc_macro"), values=_average(ap_values, every), n=rows,
                    replicates=_average(ap_draws, every[..., None]), notes=notes)
        )  # fmt: skip
        return readings


def _average(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Average over labels (axis 0); NaN if a label with weight has no value."""
    return ratio((np.where(weight > 0, values, 0.0) * weight).sum(axis=0), (weight * np.ones_like(values)).sum(axis=0))
