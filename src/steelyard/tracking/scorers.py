"""Registered scorers, by experiment and name, in versions, and whether they watch live traffic: MLflow's functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from steelyard.errors import InvalidArgument, NotFound, UntrustedModel
from steelyard.scorers.registry import set_registry
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.monitors import start_monitor, stop_monitor, update_monitor, watched_of
from steelyard.tracking.origin import user_name
from steelyard.tracking.stores import get_store

if TYPE_CHECKING:
    from steelyard.judges.registering import Definition
    from steelyard.records import Monitor, RegisteredScorer
    from steelyard.records.monitor import ScorerSamplingConfig


class _Registry:
    """The current store as the place where ``Scorer.register`` registers."""

    def register(self, scorer: Any, *, name: str | None, experiment_id: str | None) -> Any:
        return _registered(scorer, name, _experiment(experiment_id))[1]

    def start(
        self, scorer: Any, *, name: str | None, experiment_id: str | None, config: ScorerSamplingConfig | None
    ) -> Any:
        from steelyard.tracking.monitor_checks import check_watchable

        check_watchable(scorer, config)
        kept, named = _standing_for(scorer, name, _where(scorer, experiment_id))
        newest = get_store().scorers.get(kept.experiment_id, kept.name).version
        level = "session" if scorer.is_session_level_scorer else "trace"
        version = None if kept.version == newest else kept.version
        monitor = start_monitor(
            kept.name, experiment_id=kept.experiment_id, level=level, version=version, config=config
        )
        return _as_watching(named, monitor)

    def update(self, scorer: Any, *, name: str | None, experiment_id: str | None, config: ScorerSamplingConfig) -> Any:
        where = _where(scorer, experiment_id)
        return _as_watching(scorer, update_monitor(name or scorer.name, config, experiment_id=where))

    def stop(self, scorer: Any, *, name: str | None, experiment_id: str | None) -> Any:
        where = _where(scorer, experiment_id)
        return _as_watching(scorer, stop_monitor(name or scorer.name, experiment_id=where))


def announce() -> None:
    """Let ``Scorer.register`` register in the current store."""
    set_registry(_Registry())


announce()


def get_scorer(
    *, name: str, experiment_id: str | None = None, version: int | None = None, allow_code: bool | None = None
) -> Any:
    """Return a registered scorer.

    A scorer that is code is returned if a scorer with the same code was made in this process; its text in the store is
    never run unless that is allowed, for whoever can write to the store could have written it.

    Args:
        name: its name.
        experiment_id: the current one unless told.
        version: the newest unless told.
        allow_code: whether code may be run that is only in the store; None asks ``STEELYARD_ALLOW_CODE_SCORERS``.

    Raises:
        NotFound: there is no such scorer or version.
        UntrustedModel: it is code that is not in this process, and may not be run.
    """
    from steelyard.judges.registering import scorer_of

    found = get_store().scorers.get(_experiment(experiment_id), name, version=version)
    made = _placed(scorer_of(found, allow_code=allow_code), found)
    monitor = get_store().monitors.find(found.experiment_id, name)
    return made if monitor is None or monitor.version not in (None, found.version) else _watching(made, monitor)


def list_scorers(*, experiment_id: str | None = None, allow_code: bool | None = None) -> list[Any]:
    """Return the newest version of every scorer of an experiment, by name.

    Scorers whose code is not here are in the list too; they say so when they are called.

    Args:
        experiment_id: the current one unless told.
        allow_code: as for :func:`get_scorer`.
    """
    store, experiment = get_store(), _experiment(experiment_id)
    monitors = {monitor.name: monitor for monitor in store.monitors.list([experiment])}
    shown = [_shown(each, allow_code) for each in store.scorers.list(experiment)]
    return [_watching(each, monitors[each.name]) if each.name in monitors else each for each in shown]


def list_scorer_versions(
    *, name: str, experiment_id: str | None = None, allow_code: bool | None = None
) -> list[tuple[Any, int]]:
    """Return the versions of a scorer with their numbers, the newest first. Arguments as for :func:`get_scorer`.

    Raises:
        NotFound: there is no such scorer.
    """
    experiment, scorers = _experiment(experiment_id), get_store().scorers
    found = scorers.versions(experiment, name) or (scorers.get(experiment, name),)
    return [(_shown(each, allow_code), each.version) for each in found]


def start_registered(
    name: str, *, experiment_id: str | None = None, config: ScorerSamplingConfig | None = None
) -> Monitor:
    """Have the newest version of a registered scorer watch live traffic; its code need not be here.

    Raises:
        NotFound: there is no such scorer.
        InvalidArgument: it cannot score live traffic, or a setting cannot be used.
    """
    from steelyard.tracking.monitor_checks import check_watchable

    found = get_store().scorers.get(_experiment(experiment_id), name)
    shown = _shown(found, None)
    check_watchable(shown, config)
    level = "session" if shown.is_session_level_scorer else "trace"
    return start_monitor(name, experiment_id=found.experiment_id, level=level, config=config)


def delete_scorer(*, name: str, experiment_id: str | None = None, version: int | Literal["all"] | None = None) -> None:
    """Delete a version of a registered scorer, or all of them.

    Args:
        name: its name.
        experiment_id: the current one unless told.
        version: a number, or ``"all"``.

    Raises:
        InvalidArgument: no version is named.
        NotFound: there is no such scorer or version.
    """
    if version is None:
        raise InvalidArgument('delete_scorer needs version: a number, or "all" for every version.')
    experiment, scorers = _experiment(experiment_id), get_store().scorers
    one = None if version == "all" else version
    if not scorers.delete(experiment, name, version=one):
        scorers.get(experiment, name, version=one)  # says what there is


def _experiment(experiment_id: str | None) -> str:
    return active_experiment_id() if experiment_id is None else str(experiment_id)


def _where(scorer: Any, experiment_id: str | None) -> str:
    return _experiment(getattr(scorer, "registered_in", None) if experiment_id is None else experiment_id)


def _registered(scorer: Any, name: str | None, experiment: str) -> tuple[RegisteredScorer, Any]:
    """Keep the next version of a scorer; return it, and the scorer as it was registered."""
    from steelyard.judges.registering import define, scorer_from

    definition = define(scorer, name=name)
    kept = _kept(definition, experiment)
    notes = getattr(scorer, "registered_notes", None)
    if notes:
        get_store().scorers.note(kept.experiment_id, kept.name, kept.version, dict(notes))
    named = scorer if definition.name == scorer.name else scorer_from(definition.text)
    return kept, _placed(named, kept)


def _standing_for(scorer: Any, name: str | None, experiment: str) -> tuple[RegisteredScorer, Any]:
    """Return the version that a scorer is in the store; what is not there yet is registered."""
    from steelyard.judges.registering import UnavailableScorer

    if isinstance(scorer, UnavailableScorer):  # its code is in the store alone, where workers may run it
        return get_store().scorers.get(experiment, scorer.name, version=scorer.registered_version), scorer
    own = name in (None, scorer.name) and scorer.registered_in in (None, experiment)
    if own and scorer.registered_version is not None:
        try:
            kept = get_store().scorers.get(experiment, scorer.name, version=scorer.registered_version)
        except NotFound:  # deleted since, or it was registered in another store
            return _registered(scorer, name, experiment)
        if kept.digest == scorer.digest:
            return kept, scorer
    return _registered(scorer, name, experiment)


def _placed(scorer: Any, registered: RegisteredScorer) -> Any:
    from steelyard.scorers import Scorer

    if isinstance(scorer, Scorer):
        scorer.known_as(registered.version, experiment_id=registered.experiment_id)
    return scorer


def _as_watching(scorer: Any, monitor: Monitor) -> Any:
    """Return a scorer like this one that says how it watches; what the caller holds stays as it was, as in MLflow."""
    from steelyard.scorers.living import born

    copy = scorer.model_copy(update={"name": monitor.name})
    born(copy)
    return _watching(copy, monitor)


def _watching(scorer: Any, monitor: Monitor) -> Any:
    from steelyard.scorers import Scorer

    if isinstance(scorer, Scorer):
        scorer.watching(watched_of(monitor))
    return scorer


def _kept(definition: Definition, experiment_id: str) -> RegisteredScorer:
    return get_store().scorers.register(
        experiment_id,
        definition.name,
        definition=definition.text,
        digest=definition.digest,
        kind=definition.kind,
        by=user_name(),
    )


def _shown(registered: RegisteredScorer, allow_code: bool | None) -> Any:
    from steelyard.judges.registering import UnavailableScorer, scorer_of

    try:
        return _placed(scorer_of(registered, allow_code=allow_code), registered)
    except UntrustedModel as error:
        of_sessions = json.loads(registered.definition).get("is_session_level_scorer")
        absent = UnavailableScorer(name=registered.name, reason=str(error), session_level=of_sessions)
        return _placed(absent, registered)
