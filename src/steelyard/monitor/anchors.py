"""The ruler itself: frozen rows that a judge is held to on schedule, and whenever its model or words change."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from steelyard.errors import InvalidArgument, NotFound
from steelyard.judges.registering import scorer_of
from steelyard.monitor.anchors_reading import read_rows
from steelyard.records import AnchorReading, AnchorSet, Store
from steelyard.scorers import Scorer
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.origin import user_name
from steelyard.tracking.stores import get_store


def create_anchor_set(
    scorer: Scorer | str,
    dataset: Any,
    *,
    version: int | None = None,
    every: timedelta | float = timedelta(days=1),
    max_cost: float | None = None,
    experiment_id: str | None = None,
) -> AnchorSet:
    """Hold a registered judge to a frozen version of a dataset from now on.

    The workers of a server read it once at once, again whenever another version of the judge is registered, and on
    schedule, since the model behind a name may change without being told. What it said is asked anew each time; the
    cache of answers is not used. :func:`judge_drift` tells how far a reading is from the first one, and
    :func:`linked_scores` brings scores of later versions onto the first one's scale.

    Args:
        scorer: a registered judge of single rows, or its name.
        dataset: an evaluation dataset, or its name; its records need ``outputs`` (or a trace) to be judged.
        version: of the dataset; the newest unless told. It stays this one, whatever becomes of the dataset.
        every: how often, a timedelta or seconds; at least a minute.
        max_cost: US dollars that one reading may take; None sets no limit.
        experiment_id: whose judge; the current one unless told.

    Raises:
        NotFound: the scorer is not registered, or there is no such dataset.
        InvalidArgument: it judges sessions, or is code; or the dataset's version holds no records.
        AlreadyExists: the judge has an anchor set.
    """
    store = get_store()
    experiment = experiment_id or active_experiment_id()
    name = scorer if isinstance(scorer, str) else scorer.name
    registered = store.scorers.get(experiment, name)
    if registered.kind == "code":
        raise InvalidArgument(f"{name!r} is code, which says the same of the same row: anchor sets are for judges.")
    if registered.kind == "pairwise":
        raise InvalidArgument(f"{name!r} compares two answers, and an anchor has one.")
    if scorer_of(registered, allow_code=False).is_session_level_scorer:
        raise InvalidArgument(f"{name!r} judges whole sessions, and an anchor is a single row.")
    seconds = every.total_seconds() if isinstance(every, timedelta) else float(every)
    return store.anchors.create(
        experiment,
        name,
        dataset_id=_dataset_id(store, dataset),
        dataset_version=version,
        every_ms=round(seconds * 1000),
        max_cost=max_cost,
        by=user_name(),
    )


def find_anchor_set(scorer: Scorer | str, *, experiment_id: str | None = None) -> AnchorSet:
    """Return the anchor set of a judge.

    Raises:
        NotFound: it has none.
    """
    name = scorer if isinstance(scorer, str) else scorer.name
    found = get_store().anchors.find(experiment_id or active_experiment_id(), name)
    if found is None:
        raise NotFound(f"{name!r} has no anchor set. Make one with create_anchor_set.")
    return found


def list_anchor_sets(*, experiment_id: str | None = None) -> tuple[AnchorSet, ...]:
    """Return the anchor sets of an experiment (the current one unless told), by the judges' names."""
    return get_store().anchors.list([experiment_id or active_experiment_id()])


def read_anchors(scorer: Scorer | str, *, experiment_id: str | None = None) -> AnchorReading:
    """Have a judge read its anchor set now, in this process, and return the reading when it is done.

    Raises:
        NotFound: it has no anchor set.
        InvalidArgument: somebody else is reading it at this moment, or the set is stopped.
    """
    store = get_store()
    wanted = find_anchor_set(scorer, experiment_id=experiment_id)
    store.anchors.ask(wanted.anchor_id)
    while (claimed := store.anchors.claim("here", now_ms=_now())) is not None:
        done = read_rows(store, claimed, clock_ms=_now)
        if claimed.anchor_id == wanted.anchor_id:
            return done
    raise InvalidArgument(f"The anchor set of {wanted.name!r} is being read by another process, or is stopped.")


def judge_due(store: Store, *, worker: str, now_ms: int) -> int:
    """Do one reading that is due, if there is one; return how many were done. Workers of a server call this."""
    claimed = store.anchors.claim(worker, now_ms=now_ms)
    if claimed is None:
        return 0
    read_rows(store, claimed, clock_ms=_now)
    return 1


def _dataset_id(store: Store, dataset: Any) -> str:
    if not isinstance(dataset, str):
        return str(dataset.dataset_id)
    found = store.datasets.find(dataset)
    return dataset if found is None else found.dataset_id


def _now() -> int:
    return time.time_ns() // 1_000_000
