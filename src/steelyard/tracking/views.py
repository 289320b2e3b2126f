"""Which runs or experiments to look at: MLflow's numbers and our words."""

from __future__ import annotations

from typing import get_args

from steelyard.errors import InvalidArgument
from steelyard.records import RunStatus, ViewType

_NUMBERED: dict[object, ViewType] = {1: "ACTIVE_ONLY", 2: "DELETED_ONLY", 3: "ALL"}
_VIEWS: dict[object, ViewType] = {**_NUMBERED, **{view: view for view in get_args(ViewType)}}
_NAMED: tuple[RunStatus, ...] = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
_STATUSES: dict[object, RunStatus] = {**dict(enumerate(_NAMED, start=1)), **{status: status for status in _NAMED}}


def view_type(view: object) -> ViewType:
    """Return a view type from its name or from the number that MLflow gives it."""
    found = _VIEWS.get(view)
    if found is None:
        raise InvalidArgument(f"A view type is one of {', '.join(get_args(ViewType))}, not {view!r}.")
    return found


def run_status(status: object) -> RunStatus:
    """Return a run's status from its name or from the number that MLflow gives it."""
    found = _STATUSES.get(status)
    if found is None:
        raise InvalidArgument(f"A run's status is one of {', '.join(_NAMED)}, not {status!r}.")
    return found
