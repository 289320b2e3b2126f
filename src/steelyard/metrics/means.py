"""Metrics that are a number a row: their mean, variance and 90th percentile, as MLflow aggregates them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from steelyard.metrics import ordered
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import Reading, ratio
from steelyard.metrics.states.retained import Retained
from steelyard.metrics.states.sliced import Rows, SlicedTally
from steelyard.records import MetricInfo


class MeansState:
    """Aggregates of per-row scores on all slices; a row whose score is NaN is missing from that metric alone.

    Args:
        plan: the layout shared by all parts.
        infos: one description a metric, in the order of the score columns.
        aggregations: for each metric what is told of its scores; nothing means their mean, under the bare name.
    """

    def __init__(
        self, plan: Plan, infos: Sequence[MetricInfo], *, aggregations: Sequence[Sequence[str]] = ()
    ) -> None:  # fmt: skip
        self.plan = plan
        self.infos = tuple(infos)
        self.aggregations = tuple(aggregations) or (("mean", "variance", "p90"),) * len(self.infos)
        size = len(self.infos)
        self.rows = SlicedTally(size, plan.sizes)
        self.mass = SlicedTally(size, plan.sizes, weighted=plan.weighted)
        shares = all(i.lower == 0 and i.upper == 1 for i in self.infos)
        self.sums = SlicedTally(2 * size, plan.sizes, whole=False, weighted=plan.weighted, fine=shares)
        self.all_rows = SlicedTally(1, plan.sizes)
        self.retained = Retained(plan.retain)

    def update(self, rows: Rows, *, ids: np.ndarray, scores: np.ndarray) -> None:
        """Add rows: ``scores`` has shape (n, metrics), NaN where a row has no score."""
        for j in range(len(self.infos)):
            there = np.isfinite(scores[:, j])
            some = rows if there.all() else rows.only(there)
            x = scores[there, j]
            self.rows.add(Rows(some.buckets, some.codes, None, some.places), cells=j)
            self.mass.add(some, cells=j)
            self.sums.add(some, cells=2 * j, values=x)
            self.sums.add(some, cells=2 * j + 1, values=x**2)
        self.all_rows.add(Rows(rows.buckets, rows.codes, None, rows.places))
        columns = {f"code{i}": c for i, c in enumerate(rows.codes)}
        self.retained.add(ids, scores=scores, bucket=rows.buckets, **columns)

    def merge(self, other: MeansState) -> MeansState:
        """Return the state of both parts' rows."""
        merged = MeansState(self.plan, self.infos, aggregations=self.aggregations)
        merged.rows, merged.mass = self.rows.merge(other.rows), self.mass.merge(other.mass)
        merged.sums = self.sums.merge(other.sums)
        merged.all_rows = self.all_rows.merge(other.all_rows)
        merged.retained = self.retained.merge(other.retained)
        return merged

    def readings(self) -> list[Reading]:
        """Return each metric's aggregates, named ``<metric>/<aggregation>``."""
        n, mass, sums = self.rows.total(), self.mass.total(), self.sums.total()
        missing = self.all_rows.total()[0] - n
        draw = self.plan.weight_matrix
        mass_b, sums_b = self.mass.replicate(draw), self.sums.replicate(draw)
        readings = []
        for j, about in enumerate(self.infos):
            mean, mean_b = ratio(sums[2 * j], mass[j]), ratio(sums_b[2 * j], mass_b[j])
            variance = np.maximum(ratio(sums[2 * j + 1], mass[j]) - mean**2, 0)
            variance_b = np.maximum(ratio(sums_b[2 * j + 1], mass_b[j]) - mean_b**2, 0)
            told = self.aggregations[j]
            for aggregation in told or ("mean",):
                named = replace(about, name=f"{about.name}/{aggregation}") if told else about
                if aggregation == "mean":
                    readings.append(
                        Reading(
                            info=named, values=mean, n=n[j], missing=missing[j], replicates=mean_b,
                            interval="replicates" if self.plan.weighted else "mean",
                            se=np.sqrt(ratio(variance, n[j] - 1)),
                            bounded_by_missing=about.upper is not None and not self.plan.weighted,
                        )
                    )  # fmt: skip
                elif aggregation == "variance":
                    named = replace(
                        named, title=f"{about.title}, variance", greater_is_better=None, headline=False, lower=0.0,
                        upper=None,
                        unit="score",
                    )  # fmt: skip
                    readings.append(Reading(info=named, values=variance, n=n[j], replicates=variance_b))
                elif aggregation == "p90":
                    readings += self._p90(j, named, about, n[j])
        return readings

    def _p90(self, j: int, named: MetricInfo, about: MetricInfo, n: np.ndarray) -> list[Reading]:
        kept = self.retained.columns()
        if not kept or self.plan.weighted:  # a quantile here would not be the weighted rows'
            return []
        there = np.isfinite(kept["scores"][:, j])
        column = kept["scores"][there, j]
        codes = [kept[f"code{i}"][there] for i in range(len(self.plan.sizes))]
        orders = list(ordered.slices_in_order(column, codes, self.plan.sizes))
        (linear, low, high), *_ = ordered.quantiles(column, kept["bucket"][there], orders, self.plan, [0.9])
        named = replace(named, title=f"{about.title}, 90th percentile", headline=False)
        notes = {} if self.retained.complete else dict.fromkeys(range(len(n)), "from a hashed sample of the rows")
        return [
            Reading(
                info=named, values=linear.values, n=n, replicates=linear.replicates, interval="given", low=low,
                high=high, method="order statistics", notes=notes,
            )
        ]  # fmt: skip
