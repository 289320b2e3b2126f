"""What is put into a queue: traces that match a filter, those of a run, or the rows that two runs share, as pairs.

A draw at random keeps with every item the probability with which it was drawn, so that means over what people answered
can be carried over to all that matched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from steelyard.errors import InvalidArgument
from steelyard.records import RowsColumn, Run, Store
from steelyard.records.review import ItemDraft, ReviewItemType, ReviewQueue
from steelyard.web.contexts.queues import Adding
from steelyard.web.evaluations import load_rows
from steelyard.web.tracewords import as_filter

MOST = 10_000
"""How many traces are looked at for one addition."""

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """What may be added, in order, before some of it is taken; ``missing`` counts rows without a trace."""

    drafts: tuple[ItemDraft, ...]
    n: int
    missing: int = 0


def matching(store: Store, queue: ReviewQueue, adding: Adding) -> Matching:
    """Return what a form finds.

    Raises:
        InvalidArgument, FilterError: it cannot be looked for; the message is meant for people.
        NotFound: there is no such run.
    """
    if queue.item_type == ReviewItemType.PAIR:
        return _pairs(store, _run(store, queue, adding.run), _run(store, queue, adding.other_run))
    if adding.source == "run":
        return _traces(store, queue, "", run=_run(store, queue, adding.run))
    return _traces(store, queue, as_filter(adding.filter))


def counted(store: Store, queue: ReviewQueue, adding: Adding) -> Matching:
    """Return how much a form finds, without what it is where that costs more.

    Raises:
        InvalidArgument, FilterError, NotFound: as :func:`matching`.
    """
    if queue.item_type == ReviewItemType.PAIR:
        return matching(store, queue, adding)
    run = _run(store, queue, adding.run) if adding.source == "run" else None
    asked = "" if run else as_filter(adding.filter)
    n = store.traces.count([queue.experiment_id], asked, run_id=run.info.run_id if run else None)
    return Matching(drafts=(), n=n)


def drawn(found: Matching, adding: Adding) -> tuple[ItemDraft, ...]:
    """Return what is taken of what was found: all, the first, or some at random (each as likely as any other).

    The same draw is made again for the same traces, so that a form that is sent twice adds nothing twice.

    Raises:
        InvalidArgument: there is no number to take.
    """
    if adding.take == "all":
        return found.drafts
    text = adding.most
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MOST:
        raise InvalidArgument(f"Say how many to add: a whole number from 1 to {MOST:,}.")
    n = int(text)
    if adding.take != "random" or n >= len(found.drafts):
        return found.drafts[:n]
    share = n / len(found.drafts)
    chosen = sorted(found.drafts, key=_lot)[:n]
    return tuple(replace(one, propensity=share, population=len(found.drafts)) for one in chosen)


def _lot(draft: ItemDraft) -> bytes:
    return hashlib.sha256(f"review draw\0{draft.trace_id}\0{draft.other_trace_id}".encode()).digest()


def _run(store: Store, queue: ReviewQueue, run_id: str) -> Run:
    if not run_id:
        raise InvalidArgument("Choose a run.")
    run = store.runs.get(run_id)
    if run.info.experiment_id != queue.experiment_id:
        raise InvalidArgument("That run belongs to another experiment than the queue.")
    return run


def _traces(store: Store, queue: ReviewQueue, asked: str, *, run: Run | None = None) -> Matching:
    ids: list[str] = []
    token = None
    run_id = run.info.run_id if run else None
    while len(ids) < MOST:
        page = store.traces.search([queue.experiment_id], asked, max_results=_PAGE, page_token=token, run_id=run_id)
        ids += [info.trace_id for info in page.items]
        token = page.token
        if token is None:
            break
    drafts = tuple(ItemDraft(trace_id=one) for one in ids[:MOST])
    return Matching(drafts=drafts, n=len(drafts))


def _pairs(store: Store, run: Run, other: Run) -> Matching:
    """Pair the traces of rows that two runs share, by row id and repeat."""
    if run.info.run_id == other.info.run_id:
        raise InvalidArgument("Choose two different runs.")
    ours, theirs = _rows(store, run), _rows(store, other)
    shared = [key for key in ours if key in theirs][:MOST]
    there = _there(store, [*(ours[key] for key in shared), *(theirs[key] for key in shared)])
    drafts = tuple(
        ItemDraft(trace_id=ours[key], other_trace_id=theirs[key], name=_name(run), other_name=_name(other))
        for key in shared
        if ours[key] in there and theirs[key] in there
    )
    if not shared:
        raise InvalidArgument("These two runs share no row that has a trace in both, so there is nothing to pair.")
    return Matching(drafts=drafts, n=len(drafts), missing=len(shared) - len(drafts))


def _rows(store: Store, run: Run) -> dict[tuple[str, int], str]:
    table = load_rows(store, run.info.run_id)
    if table is None or not {RowsColumn.ROW_ID, RowsColumn.TRACE_ID} <= set(table.columns):
        raise InvalidArgument(f"The run {_name(run)!r} has no rows with traces: evaluate an application with it first.")
    names, traces = (table.column(name).to_pylist() for name in (RowsColumn.ROW_ID, RowsColumn.TRACE_ID))
    told = table.column(RowsColumn.REPEAT).to_pylist() if RowsColumn.REPEAT in table.columns else [0] * table.total
    rows = zip(names, told, traces, strict=True)
    return {(str(name), int(repeat or 0)): str(trace) for name, repeat, trace in rows if trace}


def _name(run: Run) -> str:
    return run.info.run_name or run.info.run_id[:8]


def _there(store: Store, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for at in range(0, len(ids), 500):
        found |= set(store.traces.infos(ids[at : at + 500]))
    return found
