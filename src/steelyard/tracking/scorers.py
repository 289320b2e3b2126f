"""Registered scorers, by experiment and name, in versions: MLflow's functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from steelyard.errors import InvalidArgument, UntrustedModel
from steelyard.scorers.registry import set_registry
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.origin import user_name
from steelyard.tracking.stores import get_store

if TYPE_CHECKING:
    from steelyard.judges.registering import Definition
    from steelyard.records import RegisteredScorer


class _Registry:
    """The current store as the place where ``Scorer.register`` registers."""

    def register(self, scorer: Any, *, name: str | None, experiment_id: str | None) -> Any:
        from steelyard.judges.registering import define, scorer_from
        from steelyard.scorers import Scorer

        definition = define(scorer, name=name)
        kept = _kept(definition, _experiment(experiment_id))
        notes = getattr(scorer, "registered_notes", None)
        if notes:
            get_store().scorers.note(kept.experiment_id, kept.name, kept.version, dict(notes))
        named = scorer if definition.name == scorer.name else scorer_from(definition.text)
        if isinstance(named, Scorer):
            named.known_as(kept.version)
        return named


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
    return scorer_of(found, allow_code=allow_code)


def list_scorers(*, experiment_id: str | None = None, allow_code: bool | None = None) -> list[Any]:
    """Return the newest version of every scorer of an experiment, by name.

    Scorers whose code is not here are in the list too; they say so when they are called.

    Args:
        experiment_id: the current one unless told.
        allow_code: as for :func:`get_scorer`.
    """
    return [_shown(each, allow_code) for each in get_store().scorers.list(_experiment(experiment_id))]


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
        return scorer_of(registered, allow_code=allow_code)
    except UntrustedModel as error:
        return UnavailableScorer(name=registered.name, reason=str(error))
