"""What a comparison reads of a run: its evaluation, its replicates and, when asked, its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from steelyard.compare.table import RowTable
from steelyard.errors import InvalidArgument, NotFound, UnreadableFile
from steelyard.records import (
    REPLICATES_PATH,
    ROWS_PATH,
    SUMMARY_PATH,
    EvaluationSummary,
    Replicates,
    Run,
    RunInfo,
    Store,
)

if TYPE_CHECKING:
    from pathlib import Path


@runtime_checkable
class HasRunId(Protocol):
    """Anything that knows its run, such as an evaluation's result."""

    @property
    def run_id(self) -> str: ...


RunLike = str | Run | RunInfo | HasRunId


@dataclass(frozen=True, slots=True)
class EvaluatedRun:
    """A run's evaluation as stored. ``replicates`` and ``rows`` are None when the run keeps none."""

    run_id: str
    name: str
    summary: EvaluationSummary
    replicates: Replicates | None = None
    rows: RowTable | None = None


def run_id_of(run: RunLike, argument: str) -> str:
    """Return the id of a run, however it was given.

    Raises:
        InvalidArgument: it is neither an id nor anything that has one.
    """
    if isinstance(run, str) and run:
        return run
    if isinstance(run, Run):
        return run.info.run_id
    run_id = getattr(run, "run_id", None)
    if isinstance(run_id, str) and run_id:
        return run_id
    message = (
        f"{argument} must be a run id, a run or the result of an evaluation that was kept in a run; it is {run!r}."
    )
    raise InvalidArgument(message)


def read_evaluation(store: Store, run: RunLike, argument: str) -> EvaluatedRun:
    """Read what a run keeps of its evaluation. Rows stay on disk until they are asked for.

    Raises:
        NotFound: the run does not exist, or holds no evaluation.
        UnreadableFile: its evaluation cannot be read.
    """
    from steelyard.metrics.replicates import load_replicates

    run_id = run_id_of(run, argument)
    name = store.runs.get(run_id).info.run_name or run_id
    content = _read(store, run_id, SUMMARY_PATH)
    if content is None:
        message = f"Run {name!r} ({argument}) holds no evaluation. Evaluate in it first: steelyard.evaluate(...)."
        raise NotFound(message)
    try:
        summary = msgspec.json.decode(content, type=EvaluationSummary)
    except msgspec.MsgspecError as error:
        message = f"The evaluation of run {name!r} cannot be read ({error}). Evaluate again to write it anew."
        raise UnreadableFile(message) from error
    replicates = _read(store, run_id, REPLICATES_PATH)
    path = _path(store, run_id, summary.rows_path or ROWS_PATH)
    return EvaluatedRun(
        run_id,
        name,
        summary,
        None if replicates is None else load_replicates(replicates),
        None if path is None else RowTable(path),
    )


def _read(store: Store, run_id: str, path: str) -> bytes | None:
    try:
        return store.artifacts.read(run_id, path)
    except NotFound:
        return None


def _path(store: Store, run_id: str, path: str) -> Path | None:
    try:
        return store.artifacts.local_path(run_id, path)
    except NotFound:
        return None
