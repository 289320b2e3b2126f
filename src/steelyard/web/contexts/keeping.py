"""How long an experiment's traces are kept, and what they take."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records.overview import Retention, TraceSize
from steelyard.web.contexts.runs import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingPage:
    """What is kept of an experiment.

    Args:
        retention: how long and how much.
        days, gigabytes: as they stand in the fields, also where they cannot be used.
        size: what there is now.
        first_ms, last_ms: when the oldest and the newest trace began, milliseconds since 1970; None if there is none.
        free_bytes: room on the disk that the store is on; None where the store is elsewhere.
        waiting: traces and windows of time that upkeep has yet to work on, in the whole store.
        saved: whether it has just been changed.
    """

    experiment_id: str
    experiment_name: str
    retention: Retention
    days: str
    gigabytes: str
    size: TraceSize
    first_ms: int | None
    last_ms: int | None
    free_bytes: int | None
    waiting: int
    saved: bool = False
    problem: Problem | None = None
