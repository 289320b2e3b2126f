"""Scoring traces that a store has, as a run of it, on somebody else's behalf: a server does so for its pages.

Nothing here looks at the tracking URI or the active run, so that several stores can be worked on in one process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from steelyard.engine import Progress
from steelyard.errors import InvalidArgument, NotFound, SteelyardError
from steelyard.evaluation.genai.evaluate import plan_of, weigh
from steelyard.evaluation.genai.request import (
    Request,
    check_request,
    default_concurrency,
    read_budget,
    read_scorers,
)
from steelyard.evaluation.genai.rows.reading import read_rows
from steelyard.evaluation.genai.stored_traces import find_traces
from steelyard.evaluation.genai.taking_up import Opened
from steelyard.evaluation.genai.terminal import Terminal
from steelyard.llm import Prices
from steelyard.records import LedgerPlan, LedgerState, Run, RunStatus, Store, Trace
from steelyard.scorers import Scorer
from steelyard.tracking import ActiveRun

ORDER_PATH = "scoring.json"
"""The artifact of a run that says what was ordered."""

NOTE_TAG = "mlflow.note.content"
_RUN_NAME_TAG = "mlflow.runName"
_REPLICATES = 200
_PAGE = 50
_UNEXPECTED = "An unexpected error happened ({}); the server's log has the details."
_STOPPED = "Stopped with the server. What was judged is kept; go on at /runs/{}/scoring."
_REDO = frozenset(("over_budget",))


class ScorerOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """A built-in scorer by its class's name, and its arguments."""

    scorer: str
    arguments: Mapping[str, Any] = {}

    def made(self) -> Scorer:
        """Return the scorer.

        Raises:
            InvalidArgument: there is none of this name, or its arguments cannot be used.
        """
        from pydantic import ValidationError

        from steelyard import judges, scorers

        room = next((room for room in (scorers, judges) if self.scorer in room.__all__), None)
        kind = getattr(room, self.scorer) if room is not None else None
        if not (isinstance(kind, type) and issubclass(kind, Scorer)):
            raise InvalidArgument(f"There is no scorer {self.scorer!r}.")
        try:
            return kind(**self.arguments)
        except ValidationError as error:
            told = "; ".join(str(one["msg"]).removeprefix("Value error, ") for one in error.errors())
            raise InvalidArgument(f"{self.scorer}: {told}") from error


class ScoringOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be scored, by what, for how much.

    Args:
        trace_ids: the traces, which must be there when it begins.
        scorers: what judges them.
        max_cost: US dollars that may be spent; None sets no limit.
    """

    trace_ids: tuple[str, ...]
    scorers: tuple[ScorerOrder, ...]
    max_cost: float | None = None


class ScoringStopped(SteelyardError):
    """Scoring was told to stop; what is committed stays, and it goes on from there."""


def check_order(store: Store, order: ScoringOrder) -> None:
    """Raise what would go wrong on every trace, before a run is made for it; the first few traces are looked at.

    Raises:
        InvalidArgument, DataError, LLMUnavailable: says what is wrong with a scorer, a trace or a limit.
    """
    first = find_traces(store, order.trace_ids[:20])
    if not first:
        raise NotFound("These traces are no longer there. Load the list again.")
    check_request(_request(order, read_rows(list(first.values()))))


def place_order(store: Store, experiment_id: str, order: ScoringOrder, *, run_name: str, user: str = "") -> str:
    """Make the run of an order, which has not begun; return its id."""
    run = store.runs.create(
        experiment_id,
        run_name=run_name,
        start_time=_now(),
        user_id=user,
        tags={_RUN_NAME_TAG: run_name, NOTE_TAG: _described(order)},
    )
    store.artifacts.put(run.info.run_id, ORDER_PATH, msgspec.json.encode(order), media_type="application/json")
    store.runs.update(run.info.run_id, status="SCHEDULED")
    return run.info.run_id


def order_of(store: Store, run_id: str) -> ScoringOrder:
    """Return what was ordered of a run.

    Raises:
        NotFound: the run was not made by an order.
        InvalidArgument: what is there is no order.
    """
    try:
        content = store.artifacts.read(run_id, ORDER_PATH)
    except NotFound:
        raise NotFound(f"Run {run_id} did not begin as the scoring of stored traces.") from None
    try:
        return msgspec.json.decode(content, type=ScoringOrder)
    except msgspec.MsgspecError as error:
        raise InvalidArgument(f"{ORDER_PATH} of run {run_id} cannot be read: {error}") from error


def score_stored(store: Store, run_id: str, *, stopped: Callable[[], bool] = lambda: False) -> None:
    """Score the traces of a run's order, going on where an earlier call stopped; the run ends with it.

    Args:
        store: where the run and the traces are.
        run_id: of ``place_order``.
        stopped: asked after each commit; True ends the work, and the run is KILLED, to be gone on with.

    Raises:
        ScoringStopped: ``stopped`` said so.
        SteelyardError: it cannot be done; the run is FAILED, and its note says why.
    """
    run = store.runs.get(run_id)
    store.runs.update(run_id, status="RUNNING")
    try:
        _score(store, run, stopped)
    except ScoringStopped:
        _end(store, run_id, "KILLED", note=_STOPPED.format(run_id))
        raise
    except BaseException as error:
        told = str(error) if isinstance(error, SteelyardError) else _UNEXPECTED.format(type(error).__name__)
        _end(store, run_id, "FAILED", note=f"Scoring failed. {told}")
        raise
    _end(store, run_id, "FINISHED")


def _score(store: Store, run: Run, stopped: Callable[[], bool]) -> None:
    def look(_: Progress | None = None) -> None:
        if stopped():
            raise ScoringStopped("The server is stopping.")

    look()
    order = order_of(store, run.info.run_id)
    store.runs.log_batch(run.info.run_id, tags={NOTE_TAG: _described(order)})
    request = _request(order, read_rows(StoredTraces(store, order.trace_ids), name="traces"))
    check_request(request)
    state, went_on = _ledger(store, run.info.run_id, plan_of(request))
    place = Opened(ActiveRun(run.info, run.data, run.inputs), store, state, went_on)
    weigh(request, place, Terminal(quiet=True, also=look))


def _ledger(store: Store, run_id: str, plan: LedgerPlan) -> tuple[LedgerState, bool]:
    earlier = store.ledgers.state(run_id)
    if earlier is None:
        return store.ledgers.open(run_id, plan), False
    state = store.ledgers.open(run_id, plan, owner_was=earlier.plan.owner)
    store.ledgers.reopen(run_id, sorted(_REDO))
    return store.ledgers.state(run_id) or state, True


def _request(order: ScoringOrder, rows: Any) -> Request:
    return Request(
        rows=rows,
        scorers=read_scorers([one.made() for one in order.scorers]),
        predict=None,
        repeats=1,
        concurrency=default_concurrency(),
        budget=read_budget(max_cost=order.max_cost, max_tokens=None, max_seconds=None),
        prices=Prices({}),
        criteria=(),
        redo=_REDO,
        slices=(),
        confidence=0.95,
        replicates=_REPLICATES,
        seed=0,
        model_id=None,
        cache=True,
        predict_timeout=None,
        predict_retries=0,
    )


class StoredTraces:
    """Traces of a store in the order of their ids, read a few at a time as often as they are asked for."""

    def __init__(self, store: Store, trace_ids: Sequence[str]) -> None:
        self._store, self._ids = store, trace_ids

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Trace]:
        for start in range(0, len(self._ids), _PAGE):
            ids = self._ids[start : start + _PAGE]
            found = find_traces(self._store, ids)
            lost = next((one for one in ids if one not in found), None)
            if lost is not None:
                raise NotFound(f"The trace {lost!r} was deleted before it was scored. Choose the traces again.")
            yield from (found[one] for one in ids)


def _described(order: ScoringOrder) -> str:
    names = ", ".join(one.scorer for one in order.scorers)
    return f"{len(order.trace_ids):,} stored traces scored by {names}."


def _end(store: Store, run_id: str, status: RunStatus, *, note: str = "") -> None:
    if note:
        store.runs.log_batch(run_id, tags={NOTE_TAG: note[:5000]})
    store.runs.update(run_id, status=status, end_time=_now())


def _now() -> int:
    return int(time.time() * 1000)
