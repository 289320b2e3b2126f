"""A model that was logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ModelStatus = Literal["PENDING", "READY", "FAILED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedModel:
    """A model kept with a run. ``artifact_path`` is the folder of its files among the run's artifacts."""

    model_id: str
    name: str
    experiment_id: str
    source_run_id: str
    artifact_path: str
    flavor: str = "sklearn"
    status: ModelStatus = "READY"
    creation_timestamp: int = 0
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def model_uri(self) -> str:
        return f"models:/{self.model_id}"
