"""The experiment that new runs go to, and the experiments there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records import Experiment
from steelyard.tracking.checks import texts
from steelyard.tracking.environment import setting
from steelyard.tracking.stores import get_store, store_address
from steelyard.tracking.views import view_type

DEFAULT_EXPERIMENT_ID = "0"

# The chosen experiment, with the store it is in: another store has other experiments.
_chosen: tuple[str, str] | None = None


def set_experiment(
    experiment_name: str | None = None,
    experiment_id: str | None = None,
    *,
    tags: Mapping[str, object] | None = None,
) -> Experiment:
    """Choose the experiment that runs go to from now on, creating it if it is named and new.

    Args:
        experiment_name: its name. Give this or ``experiment_id``.
        experiment_id: its id; it must exist.
        tags: tags to set on it.

    Raises:
        InvalidArgument: if both or neither are given, or the experiment is deleted.
        NotFound: if there is no experiment with this id.
    """
    global _chosen
    if (experiment_name is None) == (experiment_id is None):
        raise InvalidArgument("set_experiment needs a name or an experiment_id, and not both.")
    checked = texts("tag", tags or {})
    store = get_store()
    if experiment_id is not None:
        experiment = store.experiments.get(str(experiment_id))
    else:
        experiment = _get_or_create(str(experiment_name))
    if experiment.lifecycle_stage == "deleted":
        raise InvalidArgument(
            f"The experiment {experiment.name!r} is deleted. Restore it with "
            f"MlflowClient().restore_experiment({experiment.experiment_id!r}), or choose another name."
        )
    for key, value in checked.items():
        store.experiments.set_tag(experiment.experiment_id, key, value)
    _chosen = (store_address(), experiment.experiment_id)
    return store.experiments.get(experiment.experiment_id) if checked else experiment


def active_experiment_id() -> str:
    """Return the id of the experiment that a new run goes to.

    It is the one that ``set_experiment`` chose, else ``MLFLOW_EXPERIMENT_NAME`` or ``MLFLOW_EXPERIMENT_ID`` (or ours,
    with ``STEELYARD_`` in front), else the experiment ``Default``.
    """
    if _chosen is not None and _chosen[0] == store_address():
        return _chosen[1]
    name = setting("EXPERIMENT_NAME")
    if name:
        return _get_or_create(name).experiment_id
    return setting("EXPERIMENT_ID") or DEFAULT_EXPERIMENT_ID


def chosen_experiment() -> tuple[str, str] | None:
    """Return the experiment that ``set_experiment`` chose, after the address of its store; None if it did not."""
    return _chosen


def get_experiment(experiment_id: str) -> Experiment:
    """Return an experiment.

    Raises:
        NotFound: if there is none with this id.
    """
    return get_store().experiments.get(str(experiment_id))


def get_experiment_by_name(name: str) -> Experiment | None:
    """Return the experiment of this name, or None."""
    return get_store().experiments.find(name)


def create_experiment(name: str, artifact_location: str | None = None, tags: Mapping[str, object] | None = None) -> str:
    """Create an experiment and return its id.

    Args:
        name: a name that no experiment has.
        artifact_location: accepted for MLflow's callers and must be None: where files lie is the store's affair.
        tags: tags of the experiment.

    Raises:
        AlreadyExists: if the name is taken.
        InvalidArgument: for an empty name or a location.
    """
    refuse_location(artifact_location)
    return get_store().experiments.create(check_name(name), tags=texts("tag", tags or {})).experiment_id


def search_experiments(
    view_type: object = "ACTIVE_ONLY",
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | None = None,
) -> list[Experiment]:
    """Return the experiments that match, in MLflow's filter language.

    Args:
        view_type: ``ACTIVE_ONLY``, ``DELETED_ONLY`` or ``ALL``.
        max_results: at most so many; all unless told.
        filter_string: such as ``name LIKE 'churn%' AND tags.team = 'risk'``.
        order_by: such as ``["last_update_time DESC"]``.

    Raises:
        FilterError: if the filter or the order does not parse.
    """
    return _collect_experiments(view_type, max_results, filter_string or "", order_by or ())


def delete_experiment(experiment_id: str) -> None:
    """Mark an experiment as deleted; it can be restored."""
    get_store().experiments.delete(str(experiment_id))


def set_experiment_tag(key: str, value: object) -> None:
    """Set a tag on the experiment that runs go to."""
    set_experiment_tags({key: value})


def set_experiment_tags(tags: Mapping[str, object]) -> None:
    """Set tags on the experiment that runs go to."""
    store, experiment_id = get_store(), active_experiment_id()
    for key, value in texts("tag", tags).items():
        store.experiments.set_tag(experiment_id, key, value)


def check_name(name: object) -> str:
    """Return an experiment's name that can be kept."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidArgument(f"An experiment needs a name that is not empty, not {name!r}.")
    if len(name) > 500:
        raise InvalidArgument(f"The experiment name {name[:60]!r}… has {len(name)} characters; at most 500 may be.")
    return name


def refuse_location(artifact_location: str | None) -> None:
    """Refuse a folder of the caller's choosing: no path that a client names is ever joined to the store's."""
    if artifact_location is not None:
        raise InvalidArgument(
            "artifact_location cannot be chosen: artifacts lie where the store keeps them. Leave it out."
        )


def _get_or_create(name: str) -> Experiment:
    experiments = get_store().experiments
    found = experiments.find(check_name(name))
    if found is not None:
        return found
    try:
        return experiments.create(name)
    except AlreadyExists:  # another process was faster
        found = experiments.find(name)
        if found is None:
            raise NotFound(f"The experiment {name!r} was created and removed by someone else. Try again.") from None
        return found


def _collect_experiments(
    view: object, limit: int | None, filter_string: str, order_by: Sequence[str]
) -> list[Experiment]:
    store, found, token = get_store(), [], None
    while limit is None or len(found) < limit:
        size = 1000 if limit is None else min(1000, limit - len(found))
        page = store.experiments.search(
            filter_string, order_by=order_by, max_results=size, page_token=token, view=view_type(view)
        )
        found.extend(page.items)
        token = page.token
        if token is None:
            break
    return found
