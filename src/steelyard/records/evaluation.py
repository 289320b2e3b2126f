"""What an evaluation leaves behind: the summary that pages, comparisons and reports read.

A run that holds an evaluation has these artifacts:

    evaluation.json          an EvaluationSummary
    replicates.npz           a Replicates table (see replicates.py)
    rows.parquet             one row per evaluated row: ids, inputs, target, prediction, outcome, scores
    <chart>.vl.json          a Vega-Lite specification with its data, beside <chart>.png rendered from it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from steelyard.records.estimate import Estimate
from steelyard.records.metric import MetricInfo
from steelyard.records.slices import ALL_ROWS, SliceInfo, SliceKey

SUMMARY_PATH = "evaluation.json"
REPLICATES_PATH = "replicates.npz"
ROWS_PATH = "rows.parquet"

Task = Literal["binary", "multiclass", "multilabel", "regression", "ranking", "text", "custom", "genai"]
Outcome = Literal["scored", "missing_target", "missing_prediction", "predict_failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredMetric:
    """The estimate of one metric on one slice (the empty slice is all rows)."""

    metric: str
    estimate: Estimate
    slice: SliceKey = ALL_ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """How far apart the slices of one dimension are in one metric.

    ``measure`` is ``difference`` (highest minus lowest), ``ratio`` (lowest by highest) or a fairness measure
    such as ``demographic_parity_difference`` or ``equalized_odds_ratio``.
    """

    dimension: str
    metric: str
    measure: str
    estimate: Estimate
    lowest: str = ""
    highest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFailure:
    """A metric, slice or artifact function that raised: the evaluation went on without it."""

    name: str
    error: str
    kind: Literal["metric", "artifact", "slice", "chart"] = "metric"
    traceback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRef:
    """A chart among the artifacts: the path of its specification and of its PNG."""

    name: str
    title: str
    spec: str
    png: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRef:
    """The data that was evaluated.

    ``digest`` covers its full content, whatever the chunking; ``rows_digest`` covers the rows in any order, without
    columns of predictions: two runs with the same ``rows_digest`` scored the same rows. ``dataset_id``, ``version`` and
    ``version_digest`` say exactly which version of an evaluation dataset it was, if it was one.
    """

    name: str
    digest: str
    n_rows: int
    rows_digest: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    id_column: str | None = None
    dataset_id: str = ""
    version: int | None = None
    version_digest: str = ""

    def same_rows(self, other: DatasetRef) -> bool:
        """Whether both hold the same rows, apart from columns of predictions."""
        if self.rows_digest and other.rows_digest:
            return (self.rows_digest, self.id_column) == (other.rows_digest, other.id_column)
        return bool(self.digest) and (self.digest, self.id_column) == (other.digest, other.id_column)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionCounts:
    """Counts of true label by predicted label, in the order of ``labels``; weighted when weights were given."""

    labels: tuple[str, ...]
    counts: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSummary:
    """An evaluation in one record; ``estimates`` holds every metric on every slice."""

    task: Task
    model_type: str
    dataset: DatasetRef
    model: str = ""
    target: str | None = None
    prediction: str | None = None
    labels: tuple[str, ...] = ()
    positive_label: str | None = None
    n_rows: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    confidence: float = 0.95
    replicates: int = 200
    seed: int = 0
    metrics: tuple[MetricInfo, ...] = ()
    estimates: tuple[ScoredMetric, ...] = ()
    slices: tuple[SliceInfo, ...] = ()
    gaps: tuple[Gap, ...] = ()
    failures: tuple[MetricFailure, ...] = ()
    warnings: tuple[str, ...] = ()
    charts: tuple[ChartRef, ...] = ()
    tables: tuple[str, ...] = ()
    confusion: ConfusionCounts | None = None
    rows_path: str | None = None
    weights: str | None = None
    clusters: str | None = None
    duration_seconds: float = 0.0

    def estimate(self, metric: str, key: SliceKey = ALL_ROWS) -> Estimate | None:
        """Return one estimate, or None if this metric was not computed on this slice."""
        return next((s.estimate for s in self.estimates if s.metric == metric and s.slice == key), None)

    def info(self, metric: str) -> MetricInfo | None:
        """Return the description of a metric, or None if it is not among this evaluation's."""
        return next((m for m in self.metrics if m.name == metric), None)
