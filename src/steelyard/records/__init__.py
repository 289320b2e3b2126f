"""The nouns of the house: frozen records, and the ports that say what a store must do."""

from __future__ import annotations

from steelyard.records.artifact import ArtifactInfo
from steelyard.records.estimate import Estimate
from steelyard.records.evaluation import (
    REPLICATES_PATH,
    ROWS_PATH,
    SUMMARY_PATH,
    ChartRef,
    ConfusionCounts,
    DatasetRef,
    EvaluationSummary,
    Gap,
    MetricFailure,
    Outcome,
    ScoredMetric,
    Task,
)
from steelyard.records.metric import MetricInfo
from steelyard.records.model import LoggedModel
from steelyard.records.ports import Store
from steelyard.records.replicates import Replicates
from steelyard.records.run import (
    DatasetInput,
    Experiment,
    Metric,
    Page,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunStatus,
    RunTag,
    ViewType,
)
from steelyard.records.slices import ALL_ROWS, SliceInfo, SliceKey, slice_name

__all__ = [
    "ALL_ROWS",
    "REPLICATES_PATH",
    "ROWS_PATH",
    "SUMMARY_PATH",
    "ArtifactInfo",
    "ChartRef",
    "ConfusionCounts",
    "DatasetInput",
    "DatasetRef",
    "Estimate",
    "EvaluationSummary",
    "Experiment",
    "Gap",
    "LoggedModel",
    "Metric",
    "MetricFailure",
    "MetricInfo",
    "Outcome",
    "Page",
    "Param",
    "Replicates",
    "Run",
    "RunData",
    "RunInfo",
    "RunInputs",
    "RunStatus",
    "RunTag",
    "ScoredMetric",
    "SliceInfo",
    "SliceKey",
    "Store",
    "Task",
    "ViewType",
    "slice_name",
]
