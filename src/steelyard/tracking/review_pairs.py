"""Pairs for review out of two evaluations: the traces of one row, one from each run."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from steelyard.errors import DataError, InvalidArgument
from steelyard.records import ItemDraft, Run, RunInfo, Store
from steelyard.tracking.stores import get_store


@runtime_checkable
class _HasRunId(Protocol):
    @property
    def run_id(self) -> str: ...


RunLike = str | Run | RunInfo | _HasRunId


def pair_runs(run: RunLike, other: RunLike, *, names: tuple[str, str] | None = None) -> list[ItemDraft]:
    """Pair the traces of two evaluations by the row that they are of, for a queue that asks which is better.

    Rows are matched as comparisons match them: by their id, or the hash of their inputs; repeat by repeat. Rows that
    only one run has, or for which one has no trace, are left out.

    Args:
        run, other: evaluated runs, their results or their ids.
        names: of the two contestants, such as models. Unless given the names of the runs, or their ids if these are
            equal.

    Returns:
        A draft a row and repeat, in the order of the first run's rows. To ask only some, draw from them.

    Raises:
        InvalidArgument: the two are one run, or the names are equal.
        DataError: no row of one run is a row of the other.
        NotFound: there is no such run.
    """
    store = get_store()
    first, second = store.runs.get(_run_id(run)).info, store.runs.get(_run_id(other)).info
    if first.run_id == second.run_id:
        raise InvalidArgument("A run cannot be paired with itself: give two runs over the same rows.")
    ours, theirs = _traces(store, first.run_id), _traces(store, second.run_id)
    name, other_name = names or _names(first, second)
    if not name or name == other_name:
        raise InvalidArgument(f"The two contestants need two names, not {name!r} and {other_name!r}.")
    drafts = [
        ItemDraft(trace_id=ours[key], other_trace_id=theirs[key], name=name, other_name=other_name)
        for key in ours
        if key in theirs and ours[key] != theirs[key]
    ]
    if not drafts:
        raise DataError(
            f"The runs {first.run_name!r} and {second.run_name!r} have no row in common that both made a trace of "
            f"({len(ours):,} and {len(theirs):,} rows with traces)."
        )
    return drafts


def _run_id(run: RunLike) -> str:
    if isinstance(run, str):
        return run
    found = run.info.run_id if isinstance(run, Run) else getattr(run, "run_id", None)
    if not isinstance(found, str):
        raise InvalidArgument(f"A run is named by its id, a run or the result of an evaluation, not {run!r:.80}.")
    return found


def _names(first: RunInfo, second: RunInfo) -> tuple[str, str]:
    if first.run_name and second.run_name and first.run_name != second.run_name:
        return first.run_name, second.run_name
    return first.run_id, second.run_id


def _traces(store: Store, run_id: str) -> dict[tuple[str, int], str]:
    """Return the trace of each (row, repeat) that was predicted, in the order of the rows."""
    return {
        (one.row_id, one.repeat): one.trace_id
        for one in store.ledgers.predictions(run_id)
        if one.trace_id is not None and one.outcome == "predicted"
    }
