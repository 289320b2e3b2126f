"""The life of a run: started, active, ended; one stack of active runs for each thread and each asynchronous task."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from steelyard.errors import InvalidArgument, SteelyardError
from steelyard.records import Run, RunStatus
from steelyard.tracking import origin
from steelyard.tracking.checks import texts
from steelyard.tracking.environment import take_setting
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.stores import get_store, store_address
from steelyard.tracking.uris import runs_uri
from steelyard.tracking.views import run_status

if TYPE_CHECKING:
    from steelyard.records import Store


@dataclass(frozen=True, slots=True)
class ActiveRun(Run):
    """A run that this process has open. Use it in a ``with`` statement to end it with the block.

    Args:
        store_uri: the address of the store it lives in, whatever the tracking URI has become since.
        pid: the process that opened it; a child made by a fork may log to the run but never ends it.
    """

    store_uri: str = ""
    pid: int = 0

    def __enter__(self) -> ActiveRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.info.run_id in _open_here:
            _finish(self, "FINISHED" if kind is None else "FAILED")


# A tuple, so that a task that copies the context can push and pop without touching its parent's stack.
_stack: ContextVar[tuple[ActiveRun, ...]] = ContextVar("steelyard_active_runs", default=())
_last_id: ContextVar[tuple[str, str] | None] = ContextVar("steelyard_last_run", default=None)
# Every run that this process has open, in whatever thread, to end them when it exits.
_open_here: dict[str, ActiveRun] = {}


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, object] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
) -> ActiveRun:
    """Start a run, or go on with one, and make it the active run.

    Args:
        run_id: go on with this run instead of making a new one.
        experiment_id: the experiment of a new run; the active one unless told.
        run_name: a name for people; a random one unless told.
        nested: whether the run may start inside the active one, as its child.
        parent_run_id: the parent of a new run, if it is not the active run.
        tags: tags of the run.
        description: a note, in Markdown, shown on the run's page.
        log_system_metrics: accepted for MLflow's callers; system metrics are not recorded.

    Returns:
        The run, which ends with the ``with`` block it is used in: FINISHED, or FAILED if the block raises.

    Raises:
        InvalidArgument: if a run is active and ``nested`` is false, or the run or its parent is deleted.
        NotFound: if ``run_id``, ``experiment_id`` or ``parent_run_id`` does not exist.
    """
    stack = _open_stack()
    if stack and not nested:
        raise InvalidArgument(
            f"Run {stack[-1].info.run_id} ({stack[-1].info.run_name}) is already active. End it with end_run(), "
            "or start this one inside it with start_run(nested=True)."
        )
    extra = texts("tag", tags or {})
    if description is not None:
        extra |= texts("tag", {origin.NOTE: description})
    resumed = run_id or (take_setting("RUN_ID") if not stack else None)
    address = store_address()
    store = get_store(address)
    if resumed:
        run = _resume(store, resumed, experiment_id, run_name, extra)
    else:
        parent = parent_run_id or (stack[-1].info.run_id if stack else None)
        run = _create(store, experiment_id, run_name, parent, extra)
    active = ActiveRun(run.info, run.data, run.inputs, store_uri=address, pid=os.getpid())
    _open_here[active.info.run_id] = active
    _stack.set((*stack, active))
    _last_id.set((active.info.run_id, address))
    return active


def end_run(status: str = "FINISHED") -> None:
    """End the active run; without one, do nothing.

    Args:
        status: ``FINISHED``, ``FAILED`` or ``KILLED``.

    Raises:
        InvalidArgument: for another status.
    """
    checked = run_status(status)
    stack = _open_stack()
    if stack:
        _finish(stack[-1], checked)


def active_run() -> ActiveRun | None:
    """Return the active run of this thread or task, as it was when it started, or None."""
    stack = _open_stack()
    return stack[-1] if stack else None


def last_active_run() -> Run | None:
    """Return the run that was last active in this thread or task, as it is now in the store, or None."""
    last = _last_id.get()
    return get_store(last[1]).runs.get(last[0]) if last else None


def get_run(run_id: str) -> Run:
    """Return a run as it is now in the store.

    Raises:
        NotFound: if there is no such run.
    """
    return get_store().runs.get(run_id)


def get_parent_run(run_id: str) -> Run | None:
    """Return the run that a nested run belongs to, or None if it has no parent."""
    return parent_of(get_store(), run_id)


def parent_of(store: Store, run_id: str) -> Run | None:
    """Return the parent of a run in this store, or None."""
    parent_id = store.runs.get(run_id).data.tags.get(origin.PARENT_RUN)
    return store.runs.get(parent_id) if parent_id else None


def delete_run(run_id: str) -> None:
    """Mark a run as deleted; it can be restored with ``MlflowClient().restore_run``."""
    get_store().runs.delete(run_id)


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """Return the address of the active run's artifacts, or of one of them, as ``runs:/<run id>/<path>``."""
    return runs_uri(require_run().info.run_id, (artifact_path or "").strip("/"))


def require_run() -> ActiveRun:
    """Return the active run, starting one if there is none, as MLflow's logging functions do."""
    return active_run() or start_run()


@contextmanager
def run_for_evaluation(run_name: str | None = None) -> Generator[ActiveRun]:
    """Yield the active run and leave it open, or start one and end it with the block.

    Args:
        run_name: the name of the run, if one is started.
    """
    current = active_run()
    if current is not None:
        yield current
        return
    with start_run(run_name=run_name) as run:
        yield run


def store_of(run: ActiveRun) -> Store:
    """Return the store that an active run lives in."""
    return get_store(run.store_uri)


def _open_stack() -> tuple[ActiveRun, ...]:
    """Return the runs of this thread or task that nobody has ended, in another task for instance."""
    stack = _stack.get()
    if not stack or stack[-1].info.run_id in _open_here:
        return stack
    return tuple(run for run in stack if run.info.run_id in _open_here)


def _create(
    store: Store, experiment_id: str | None, run_name: str | None, parent: str | None, extra: Mapping[str, str]
) -> Run:
    from steelyard.store.run_names import new_run_name

    name = run_name or extra.get(origin.RUN_NAME) or new_run_name()
    tags = {**origin.origin_tags(), **extra, origin.RUN_NAME: name}
    if parent:
        _refuse_deleted(store.runs.get(parent), "parent run")
        tags[origin.PARENT_RUN] = parent
    return store.runs.create(
        str(experiment_id) if experiment_id is not None else active_experiment_id(),
        run_name=name,
        start_time=_now(),
        user_id=tags[origin.USER],
        tags=tags,
    )


def _resume(
    store: Store, run_id: str, experiment_id: str | None, run_name: str | None, extra: Mapping[str, str]
) -> Run:
    run = store.runs.get(run_id)
    _refuse_deleted(run, "run")
    if experiment_id is not None and str(experiment_id) != run.info.experiment_id:
        raise InvalidArgument(
            f"Run {run_id} is in experiment {run.info.experiment_id}, not in experiment {experiment_id}. "
            "Leave experiment_id out to go on with it."
        )
    if any(open_run.info.run_id == run_id for open_run in _open_stack()):
        raise InvalidArgument(f"Run {run_id} is already active here.")
    tags = {**extra, **({origin.RUN_NAME: run_name} if run_name else {})}
    store.runs.update(run_id, status="RUNNING", run_name=run_name)
    if tags:
        store.runs.log_batch(run_id, tags=tags)
    return store.runs.get(run_id)


def _refuse_deleted(run: Run, noun: str) -> None:
    if run.info.lifecycle_stage == "deleted":
        raise InvalidArgument(
            f"The {noun} {run.info.run_id} is deleted. Restore it with MlflowClient().restore_run first."
        )


def _finish(run: ActiveRun, status: RunStatus) -> None:
    """Take a run off the stack and record its end; from a forked child only the first of the two."""
    _stack.set(tuple(other for other in _stack.get() if other.info.run_id != run.info.run_id))
    _open_here.pop(run.info.run_id, None)
    if run.pid == os.getpid():
        store_of(run).runs.update(run.info.run_id, status=status, end_time=_now())


def _now() -> int:
    return time.time_ns() // 1_000_000


def _end_all() -> None:
    """End the runs that the process leaves open: FAILED if an uncaught exception is what ends it."""
    interactive = hasattr(sys, "ps1") or bool(sys.flags.interactive)
    failed = getattr(sys, "last_value", None) is not None and not interactive
    for run in [run for run in _open_here.values() if run.pid == os.getpid()]:
        try:
            _finish(run, "FAILED" if failed else "FINISHED")
        except SteelyardError as error:
            sys.stderr.write(f"steelyard: run {run.info.run_id} could not be ended: {error}\n")


atexit.register(_end_all)
