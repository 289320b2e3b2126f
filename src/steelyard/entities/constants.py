"""Words that MLflow keeps as constants on a class."""

from __future__ import annotations

from typing import ClassVar

from steelyard.errors import InvalidArgument
from steelyard.records import RunStatus as RunStatusWord
from steelyard.records import ViewType as ViewTypeWord


class ViewType:
    """Which runs or experiments to look at."""

    ACTIVE_ONLY: ClassVar[ViewTypeWord] = "ACTIVE_ONLY"
    DELETED_ONLY: ClassVar[ViewTypeWord] = "DELETED_ONLY"
    ALL: ClassVar[ViewTypeWord] = "ALL"


class RunStatus:
    """How a run stands. The constants are the words that ``run.info.status`` holds."""

    RUNNING: ClassVar[RunStatusWord] = "RUNNING"
    SCHEDULED: ClassVar[RunStatusWord] = "SCHEDULED"
    FINISHED: ClassVar[RunStatusWord] = "FINISHED"
    FAILED: ClassVar[RunStatusWord] = "FAILED"
    KILLED: ClassVar[RunStatusWord] = "KILLED"

    @staticmethod
    def all_status() -> list[RunStatusWord]:
        """Return every status."""
        return ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]

    @staticmethod
    def from_string(status: str) -> RunStatusWord:
        """Return the status of this name.

        Raises:
            InvalidArgument: if there is none.
        """
        found = next((known for known in RunStatus.all_status() if known == status), None)
        if found is None:
            raise InvalidArgument(f"A run's status is one of {', '.join(RunStatus.all_status())}, not {status!r}.")
        return found

    @staticmethod
    def to_string(status: RunStatusWord) -> str:
        """Return the name of a status, which is the status."""
        return status

    @staticmethod
    def is_terminated(status: RunStatusWord) -> bool:
        """Return whether a run with this status has ended."""
        return status in ("FINISHED", "FAILED", "KILLED")


class LifecycleStage:
    """Whether a run or an experiment is deleted."""

    ACTIVE: ClassVar[str] = "active"
    DELETED: ClassVar[str] = "deleted"


class SourceType:
    """Where a run was started."""

    NOTEBOOK: ClassVar[str] = "NOTEBOOK"
    JOB: ClassVar[str] = "JOB"
    PROJECT: ClassVar[str] = "PROJECT"
    LOCAL: ClassVar[str] = "LOCAL"
    UNKNOWN: ClassVar[str] = "UNKNOWN"


class SpanStatusCode:
    """How a span ended."""

    UNSET: ClassVar[str] = "UNSET"
    OK: ClassVar[str] = "OK"
    ERROR: ClassVar[str] = "ERROR"


class TraceState:
    """How a trace stands. The constants are the words that ``trace.info.state`` holds."""

    STATE_UNSPECIFIED: ClassVar[str] = "STATE_UNSPECIFIED"
    IN_PROGRESS: ClassVar[str] = "IN_PROGRESS"
    OK: ClassVar[str] = "OK"
    ERROR: ClassVar[str] = "ERROR"
