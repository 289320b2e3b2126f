"""Metrics that are means over rows, computed anew on the rows that two runs share."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from steelyard.compare.alignment import Alignment
from steelyard.compare.table import RIGHT, Codes, Floats, Ints, RowTable
from steelyard.metrics.intervals import clustered_se_from_sums
from steelyard.records import Estimate, MetricInfo, SliceInfo

COLUMNS = {
    "log_loss": "loss",
    "mean_absolute_error": "abs_error",
    "mean_squared_error": "error",
    "root_mean_squared_error": "error",
    "mean_error": "error",
}
SQUARED = ("mean_squared_error", "root_mean_squared_error")


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A paired difference of two means and what it is made of."""

    difference: float
    se: float
    df: float
    n: int
    candidate: Estimate
    baseline: Estimate
    failed: tuple[int, int]


@dataclass(frozen=True)
class RowMetric:
    """One metric's score of every shared row in both runs, NaN where a run has none.

    Args:
        alignment: the shared rows.
        candidate: scores, shape (shared,); a failed row has the worst score there is, or NaN if none is worst.
        baseline: scores of the same rows.
        weights: row weights, or None.
        clusters: cluster codes, or None.
        root: whether the metric is the square root of the mean.
        lost: shared rows that only the candidate has no score for, and that only the baseline has none for; those
            that only one run failed on unless given.
    """

    alignment: Alignment
    candidate: Floats
    baseline: Floats
    weights: Floats | None = None
    clusters: Ints | None = None
    root: bool = False
    lost: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]] | None = None
    _orders: dict[str, tuple[Ints, Codes]] = field(default_factory=dict, repr=False)

    def difference(self, about: SliceInfo | None) -> RowDifference | None:
        """Return the difference on all shared rows or on those in a slice; None without rows."""
        rows = np.arange(len(self.candidate)) if about is None else self._positions(about)
        only_ours, only_theirs = self.lost or self.alignment.failed
        failed = (int(only_ours[rows].sum()), int(only_theirs[rows].sum()))
        rows = rows[np.isfinite(self.candidate[rows]) & np.isfinite(self.baseline[rows])]
        if len(rows) == 0:
            return None
        weights = np.ones(len(rows)) if self.weights is None else self.weights[rows]
        groups = None if self.clusters is None else self.clusters[rows]
        ours, theirs = self.candidate[rows], self.baseline[rows]
        first, influence_1 = self._mean(ours, weights)
        second, influence_2 = self._mean(theirs, weights)
        se, df = _spread(influence_1 - influence_2, weights, groups)
        method = "shared rows"
        return RowDifference(
            first - second,
            se,
            df,
            len(rows),
            Estimate(first, len(rows), se=_spread(influence_1, weights, groups)[0], method=method),
            Estimate(second, len(rows), se=_spread(influence_2, weights, groups)[0], method=method),
            failed,
        )

    def _mean(self, scores: Floats, weights: Floats) -> tuple[float, Floats]:
        """Return the metric and each row's influence on it (delta method for a root)."""
        mean = float(np.average(scores, weights=weights))
        if not self.root:
            return mean, scores - mean
        root = math.sqrt(mean)
        return root, (scores - mean) / (2 * root) if root > 0 else np.zeros_like(scores)

    def _positions(self, about: SliceInfo) -> Ints:
        grouping = self.alignment.grouping(about.dimension)
        code = grouping.labels.get(about.label)
        if code is None:
            return np.zeros(0, dtype=np.int64)
        if about.dimension not in self._orders:
            codes = grouping.codes[self.alignment.at_candidate]
            order = np.argsort(codes, kind="stable")
            self._orders[about.dimension] = (order, codes[order])
        order, ordered = self._orders[about.dimension]
        first, last = np.searchsorted(ordered, [code, code + 1])
        return order[first:last]


def row_metric(
    alignment: Alignment,
    info: MetricInfo,
    totals: tuple[Estimate | None, Estimate | None],
    *,
    weights: str | None,
    clusters: str | None,
) -> RowMetric | None:
    """Return a metric's row scores on the shared rows, or None if it is no mean over rows or they do not tell it.

    The scores are believed only if their mean over each run's own rows is the value that the run recorded.
    """
    scored = []
    column = alignment.verdicts(info.name)
    for rows, at, total in (
        (alignment.candidate, alignment.at_candidate, totals[0]),
        (alignment.baseline, alignment.at_baseline, totals[1]),
    ):
        scores = _scores(rows, info.name)
        if scores is None or total is None or not _tells(scores, rows, info, total, weights):
            return None
        worst = {True: info.lower, False: info.upper, None: None}[info.greater_is_better]
        failed = rows.unscored(column)[1] if column else rows.failed
        scores = np.where(failed, np.nan if worst is None else worst, scores)
        scored.append(np.where(rows.unanswered, np.nan, scores)[at])
    at = alignment.at_candidate
    return RowMetric(
        alignment,
        scored[0],
        scored[1],
        None if weights is None else _weights(alignment.candidate, weights)[at],
        None if clusters is None else _clusters(alignment.candidate, clusters)[at],
        root=info.name == "root_mean_squared_error",
        lost=alignment.unscored(column)[1:],
    )


def _weights(rows: RowTable, name: str) -> Floats:
    return rows.numbers("weight" if "weight" in rows.names else name)


def _clusters(rows: RowTable, name: str) -> Ints:
    codes, words = rows.codes(name) if name in rows.names else rows.codes("row_id")
    return np.where(codes < 0, len(words), codes)


def _scores(rows: RowTable, metric: str) -> Floats | None:
    if metric == "accuracy_score":
        return None if rows.ends is None else np.where(rows.ends >= 1, rows.ends == RIGHT, np.nan).astype(np.float64)
    name = metric.removesuffix("/mean")
    candidates = (COLUMNS.get(metric, ""), f"{metric}/score", f"{name}/score")
    candidates += (f"{name}/value",) if name != metric else ()
    column = next((c for c in candidates if c in rows.names), None)
    if column is None or not _is_number(rows, column):
        return None
    scores = rows.numbers(column)
    return scores * scores if metric in SQUARED else scores


def _is_number(rows: RowTable, column: str) -> bool:
    import pyarrow as pa

    kind = rows.file.schema_arrow.field(column).type
    return pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)


def _tells(scores: Floats, rows: RowTable, info: MetricInfo, total: Estimate, weights: str | None) -> bool:
    used = np.isfinite(scores) & ~rows.failed & ~rows.unanswered
    if weights is not None and not {"weight", weights} & set(rows.names):
        return False
    if total.value is None or not used.any():
        return False
    weight = np.ones(int(used.sum())) if weights is None else _weights(rows, weights)[used]
    if not weight.sum() > 0:
        return False
    mean = float(np.average(scores[used], weights=weight))
    value = math.sqrt(mean) if info.name == "root_mean_squared_error" else mean
    return math.isclose(value, total.value, rel_tol=1e-6, abs_tol=1e-9)


def _spread(influence: Floats, weights: Floats, groups: Ints | None) -> tuple[float, float]:
    """Return the standard error of a weighted, clustered mean from the rows' influences, and its degrees of freedom."""
    if groups is None:
        n_c, sum_c = weights, weights * influence
    else:
        _, codes = np.unique(groups, return_inverse=True)
        n_c, sum_c = np.bincount(codes, weights=weights), np.bincount(codes, weights=weights * influence)
    return float(clustered_se_from_sums(n_c, sum_c)), float((n_c > 0).sum() - 1)
