"""The nouns of tracking, under the names of ``mlflow.entities``."""

from __future__ import annotations

from steelyard.entities.constants import LifecycleStage, RunStatus, SourceType, ViewType
from steelyard.records import (
    ArtifactInfo,
    DatasetInput,
    Experiment,
    LoggedModel,
    Metric,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunTag,
)

FileInfo = ArtifactInfo

__all__ = [
    "ArtifactInfo",
    "DatasetInput",
    "Experiment",
    "FileInfo",
    "LifecycleStage",
    "LoggedModel",
    "Metric",
    "Param",
    "Run",
    "RunData",
    "RunInfo",
    "RunInputs",
    "RunStatus",
    "RunTag",
    "SourceType",
    "ViewType",
]
