"""The run of an evaluation: the caller's, a new one, or one that an earlier call left unfinished."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.evaluation.genai.owner import is_gone
from steelyard.records import LedgerPlan, LedgerState, Store
from steelyard.tracking import ActiveRun, active_run, end_run, get_store, start_run
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.runs import store_of


@dataclass(frozen=True, slots=True)
class Opened:
    """A run whose ledger is open, and how far it is."""

    run: ActiveRun
    store: Store
    state: LedgerState
    went_on: bool


@contextmanager
def opened(
    plan: LedgerPlan, *, resume: str | None, run_name: str | None, redo: frozenset[str]
) -> Iterator[Opened]:  # fmt: skip
    """Open the run and its ledger; a run that is started here ends with the block.

    Args:
        plan: what will be done.
        resume: the run to go on with.
        run_name: the name of a new run.
        redo: outcomes of earlier lines that are done again.

    Raises:
        NotFound: there is no such run, or it holds no evaluation of this kind.
        InvalidArgument: it was begun with other rows, repeats or scorers.
    """
    current = active_run()
    store, _ = current_place()
    earlier = _named(store, plan, resume) if resume is not None else _left_behind(store, plan)
    if earlier is not None and not (current is not None and current.info.run_id == earlier.run_id):
        with start_run(run_id=earlier.run_id, nested=True) as run, _killed_if_stopped(run):
            yield _reopened(run, store, earlier, redo)
    elif current is not None and earlier is not None:
        yield _reopened(current, store, earlier, redo)
    elif current is not None and store.ledgers.state(current.info.run_id) is None:
        yield _begun(current, store, plan)
    else:
        with start_run(run_name=run_name, nested=True) as run, _killed_if_stopped(run):
            yield _begun(run, store, plan)


def current_place() -> tuple[Store, str]:
    """Return the store and the experiment that an evaluation begun now goes to."""
    current = active_run()
    if current is None:
        return get_store(), active_experiment_id()
    return store_of(current), current.info.experiment_id


def _named(store: Store, plan: LedgerPlan, run_id: str) -> LedgerState:
    store.runs.get(run_id)
    state = store.ledgers.state(run_id)
    if state is None:
        raise NotFound(
            f"The run {run_id!r} holds no evaluation of an application, so there is nothing to resume. Leave out "
            "resume= to start anew."
        )
    if not _is_anothers(state, plan):
        taken = _taken(store, state, plan)
        if taken is not None:
            return taken
    raise InvalidArgument(
        f"The run {run_id!r} is still being worked on by another process ({state.plan.owner}). Wait for it, or stop it "
        "first."
    )


def _left_behind(store: Store, plan: LedgerPlan) -> LedgerState | None:
    """Take over the run of the same call that died, if there is one."""
    _, experiment = current_place()
    for state in store.ledgers.unfinished(experiment, plan):
        if is_gone(state.plan.owner, heartbeat=state.heartbeat):
            taken = _taken(store, state, plan)
            if taken is not None:
                return taken
    return None


def _taken(store: Store, state: LedgerState, plan: LedgerPlan) -> LedgerState | None:
    """Take a ledger over from the owner it has; None if somebody else has done so meanwhile.

    It is done before the run is touched, so that a plan that does not fit leaves the run as it was.
    """
    try:
        return store.ledgers.open(state.run_id, plan, owner_was=state.plan.owner)
    except AlreadyExists:
        return None


def _begun(run: ActiveRun, store: Store, plan: LedgerPlan) -> Opened:
    return Opened(run, store, store.ledgers.open(run.info.run_id, plan), went_on=False)


def _reopened(run: ActiveRun, store: Store, state: LedgerState, redo: frozenset[str]) -> Opened:
    if redo:
        store.ledgers.reopen(run.info.run_id, sorted(redo))
        state = store.ledgers.state(run.info.run_id) or state
    return Opened(run, store, state, went_on=True)


def _is_anothers(state: LedgerState, plan: LedgerPlan) -> bool:
    if state.finished or state.plan.owner == plan.owner:
        return False
    return not is_gone(state.plan.owner, heartbeat=state.heartbeat)


@contextmanager
def _killed_if_stopped(run: ActiveRun) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        end_run("KILLED")
        raise
