"""Experiments, runs and what is logged to them, arranged as MLflow arranges them (``run.info``, ``run.data``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

RunStatus = Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]
LifecycleStage = Literal["active", "deleted"]
ViewType = Literal["ACTIVE_ONLY", "DELETED_ONLY", "ALL"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list, and the token that asks for the next part (None at the end)."""

    items: tuple[T, ...]
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A named group of runs. Times are milliseconds since 1970, UTC."""

    experiment_id: str
    name: str
    lifecycle_stage: LifecycleStage = "active"
    creation_time: int = 0
    last_update_time: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """One point of a metric: ``timestamp`` in milliseconds since 1970."""

    key: str
    value: float
    timestamp: int = 0
    step: int = 0


@dataclass(frozen=True, slots=True)
class Param:
    """A write-once input of a run."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class RunTag:
    """A label on a run that may change."""

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """A run's identity and state. Times are milliseconds since 1970; ``end_time`` is None while it runs."""

    run_id: str
    run_name: str
    experiment_id: str
    status: RunStatus = "RUNNING"
    start_time: int = 0
    end_time: int | None = None
    user_id: str = ""
    lifecycle_stage: LifecycleStage = "active"
    artifact_uri: str = ""

    @property
    def run_uuid(self) -> str:
        return self.run_id


@dataclass(frozen=True, slots=True)
class RunData:
    """What was logged: the latest value of each metric, the params, the tags."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetInput:
    """A dataset that a run used. ``digest`` covers its full content; ``profile`` and ``schema`` are JSON texts."""

    name: str
    digest: str
    source_type: str = "code"
    source: str = ""
    schema: str = ""
    profile: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class RunInputs:
    """The datasets that a run used."""

    dataset_inputs: tuple[DatasetInput, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands in the store."""

    info: RunInfo
    data: RunData = field(default_factory=RunData)
    inputs: RunInputs = field(default_factory=RunInputs)
