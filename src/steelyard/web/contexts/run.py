"""One run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from steelyard.compare import Difference
from steelyard.metrics.corrected import CorrectedMean
from steelyard.records import (
    ArtifactInfo,
    ChartRef,
    ConfusionCounts,
    DatasetInput,
    DatasetRef,
    Estimate,
    Gap,
    LoggedModel,
    Metric,
    MetricFailure,
    MetricInfo,
    RunStatus,
)
from steelyard.web.contexts.application import ApplicationView, ProgressView
from steelyard.web.contexts.comparison import ComparisonView
from steelyard.web.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A metric of all rows with its evidence, and the baseline's value on the same scale."""

    info: MetricInfo
    estimate: Estimate
    scale: Scale | None = None
    baseline: float | None = None
    difference: Difference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFamily:
    """Metrics that stand together in the table of all metrics."""

    title: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRow:
    """One slice in the chosen metric."""

    name: str
    label: str
    n: int
    missing: int
    small: bool
    estimate: Estimate | None
    baseline: float | None = None
    difference: Difference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceForest:
    """The slices in one metric, by dimension, on one scale."""

    info: MetricInfo
    choices: tuple[MetricInfo, ...]
    scale: Scale
    total: SliceRow
    dimensions: tuple[tuple[str, tuple[SliceRow, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTable:
    """Metrics of each label against the rest; None where a label lacks one."""

    metrics: tuple[MetricInfo, ...]
    scales: tuple[Scale, ...]
    rows: tuple[tuple[str, tuple[Estimate | None, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """How far the slices of a dimension lie apart in one metric."""

    info: MetricInfo
    difference: Gap | None = None
    ratio: Gap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionGaps:
    """The gaps in one dimension: by metric, and the fairness measures by name."""

    dimension: str
    metrics: tuple[GapRow, ...]
    fairness: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A true label that was often taken for another."""

    true: str
    predicted: str
    rows: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A metric that was logged by hand: its last value, and its history when it has one."""

    key: str
    value: float
    points: tuple[Metric, ...] = ()
    path: str = ""
    """The history as an SVG path in a box of 84 by 20."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPreview:
    """The first few of the rows that deserve a look."""

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    positions: tuple[int, ...]
    about: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationView:
    """What the run's evaluation says."""

    task: str
    model_type: str
    model: str
    target: str | None
    prediction: str | None
    positive_label: str | None
    n_labels: int
    n_rows: int
    scored: int
    outcomes: Mapping[str, int]
    confidence: float
    replicates: int
    seed: int
    weights: str | None
    clusters: str | None
    duration_seconds: float
    dataset: DatasetRef
    readings: tuple[Reading, ...]
    families: tuple[MetricFamily, ...]
    slices: SliceForest | None
    labels: LabelTable | None
    gaps: tuple[DimensionGaps, ...]
    confusion: ConfusionCounts | None
    mistakes: tuple[Mistake, ...]
    charts: tuple[ChartRef, ...]
    tables: tuple[str, ...]
    failures: tuple[MetricFailure, ...]
    warnings: tuple[str, ...]
    preview: RowPreview | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """A run: verdict, estimates, slices, plots, rows, provenance. Times in milliseconds since 1970."""

    run_id: str
    name: str
    status: RunStatus
    deleted: bool
    user: str
    started: int
    ended: int | None
    experiment_id: str
    experiment_name: str
    is_baseline: bool
    baseline_id: str
    baseline_name: str
    comparison: ComparisonView | None
    verdicts: tuple[Difference, ...]
    evaluation: EvaluationView | None
    logged: tuple[Logged, ...]
    params: Mapping[str, str]
    tags: Mapping[str, str]
    note: str
    datasets: tuple[DatasetInput, ...]
    models: tuple[LoggedModel, ...]
    artifacts: tuple[ArtifactInfo, ...]
    application: ApplicationView | None = None
    progress: ProgressView | None = None
    corrected: Mapping[str, CorrectedMean | None] = field(default_factory=dict)
    """Means of judges as people's labels correct them, by the name of the feedback; None: its own page tells."""
    problem: str = ""
    """Why the evaluation cannot be shown, when its file is there and cannot be read."""
