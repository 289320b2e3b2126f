"""The list of experiments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRow:
    """An experiment with how many runs it has and when the last one started (milliseconds since 1970)."""

    experiment_id: str
    name: str
    runs: int
    last_run_id: str
    last_run_name: str
    last_activity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentsPage:
    """Experiments, the last active first."""

    experiments: tuple[ExperimentRow, ...]
    older: str | None
    """The token of the next page."""
