"""Which models answer a judge on live traffic: another one than before, and its anchors are read again."""

from __future__ import annotations

from steelyard.judges.ruling import ANSWERED_KEY
from steelyard.records import Monitor, Store, WorkDone


class AnsweringModels:
    """The models that answered the judges of a worker, each looked at once.

    Args:
        store: where the anchor sets are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: set[tuple[str, str]] = set()

    def answered(self, monitor: Monitor, done: WorkDone) -> None:
        """Note who answered; a model that this worker has not met is held against the judge's last reading."""
        for said in done.assessments:
            model = str(said.metadata.get(ANSWERED_KEY, ""))
            if model and (monitor.monitor_id, model) not in self._seen:
                self._seen.add((monitor.monitor_id, model))
                model_noticed(self._store, monitor.experiment_id, monitor.name, model)


def model_noticed(store: Store, experiment_id: str, name: str, model: str) -> bool:
    """Have a judge's anchors read if a model answered it that did not answer in the last reading.

    Args:
        store: where the set is.
        experiment_id, name: the judge.
        model: as it calls itself in an answer.

    Returns:
        Whether a reading was asked for.
    """
    found = store.anchors.find(experiment_id, name)
    if found is None or found.state != "active" or not model:
        return False
    last = next(iter(store.anchors.readings(found.anchor_id)), None)
    if last is None or last.state != "done" or not last.models or model in last.models:
        return False
    store.anchors.ask(found.anchor_id)
    return True
