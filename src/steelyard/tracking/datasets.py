"""Evaluation datasets of the current store: made, found, labelled, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.errors import InvalidArgument, NotFound
from steelyard.tracking.dataset_import import ImportPreview, drafts_to_import, preview_import
from steelyard.tracking.dataset_subset import DatasetSubset
from steelyard.tracking.evaluation_dataset import EvaluationDataset
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.origin import user_name
from steelyard.tracking.paged import PagedList
from steelyard.tracking.stores import get_store

__all__ = [
    "DatasetSubset",
    "EvaluationDataset",
    "ImportPreview",
    "add_dataset_to_experiments",
    "create_dataset",
    "delete_dataset",
    "delete_dataset_tag",
    "get_dataset",
    "import_dataset",
    "preview_import",
    "remove_dataset_from_experiments",
    "search_datasets",
    "set_dataset_tags",
]

_PAGE = 1000


def create_dataset(
    name: str | None = None,
    experiment_id: str | Sequence[str] | None = None,
    tags: Mapping[str, object] | None = None,
) -> EvaluationDataset:
    """Create an empty dataset.

    Args:
        name: what it is called; no other dataset has it.
        experiment_id: the experiment or experiments it is used in; the active one unless told.
        tags: labels.

    Raises:
        AlreadyExists: there is a dataset of this name.
        NotFound: there is no such experiment.

    Examples:
        >>> import steelyard
        >>> steelyard.set_tracking_uri(tmp_folder)
        >>> dataset = create_dataset("capitals")
        >>> rows = [{"inputs": {"question": "Capital of France?"}, "expectations": {"expected_response": "Paris"}}]
        >>> dataset.merge_records(rows).version, len(dataset)
        (1, 1)
        >>> dataset.merge_records(rows).version  # the same again changes nothing
        1
        >>> dataset.records[0].expectations
        {'expected_response': 'Paris'}
    """
    if not isinstance(name, str):
        raise InvalidArgument("create_dataset needs a name, such as name='regressions'.")
    store = get_store()
    experiments = [active_experiment_id()] if experiment_id is None else _ids(experiment_id)
    made = store.datasets.create(name, experiment_ids=experiments, tags=_words(tags or {}), by=user_name())
    return EvaluationDataset(made, store)


def get_dataset(
    name: str | None = None, dataset_id: str | None = None, version: int | None = None
) -> EvaluationDataset:
    """Return a dataset by its name or its id, at its newest version unless told.

    Raises:
        InvalidArgument: unless exactly one of ``name`` and ``dataset_id`` is given.
        NotFound: there is no such dataset, or no such version.
    """
    if (name is None) == (dataset_id is None):
        raise InvalidArgument("get_dataset needs a name or a dataset_id, and not both.")
    store = get_store()
    found = store.datasets.find(name) if name is not None else store.datasets.get(str(dataset_id))
    if found is None:
        raise NotFound(f"There is no dataset named {name!r}.")
    dataset = EvaluationDataset(found, store)
    return dataset if version is None else dataset.at(version)


def search_datasets(
    experiment_ids: str | Sequence[str] | None = None,
    filter_string: str | None = None,
    max_results: int | None = None,
    order_by: Sequence[str] | None = None,
) -> PagedList[EvaluationDataset]:
    """Return the datasets that match, the newest first unless told.

    Args:
        experiment_ids: only datasets of these experiments; all datasets unless told.
        filter_string: over ``name``, ``created_by``, ``last_updated_by``, ``created_time``, ``last_update_time`` and
            ``tags.<key>``, with AND, OR, NOT and parentheses.
        max_results: at most so many; all unless told. Nothing is left out for its age.
        order_by: such as ``["name", "last_update_time DESC"]``.

    Raises:
        FilterError: the filter or the order does not parse.
    """
    store = get_store()
    ids = [] if experiment_ids is None else _ids(experiment_ids)
    found: list[EvaluationDataset] = []
    token = None
    while max_results is None or len(found) < max_results:
        size = _PAGE if max_results is None else min(_PAGE, max_results - len(found))
        page = store.datasets.search(
            ids, filter_string or "", order_by=list(order_by or ()), max_results=size, page_token=token
        )
        found += [EvaluationDataset(one, store) for one in page.items]
        token = page.token
        if token is None:
            break
    return PagedList(found, token)


def import_dataset(
    name: str,
    data: Any,
    *,
    mapping: Mapping[str, str | None] | None = None,
    shape: str | None = None,
    experiment_id: str | Sequence[str] | None = None,
    tags: Mapping[str, object] | None = None,
    message: str = "",
) -> EvaluationDataset:
    """Import a file, or rows of any known shape, into the dataset of this name, which is created if it is not there.

    Args:
        name: the dataset's.
        data, mapping, shape, message: as for ``EvaluationDataset.import_records``.
        experiment_id, tags: for a dataset that is created.

    Raises:
        InvalidArgument: rows cannot be used; then nothing is imported, and no dataset is created.
        UnreadableFile: a file is damaged.
    """
    store = get_store()
    found = store.datasets.find(name)
    if found is not None:
        there = EvaluationDataset(found, store)
        return there.import_records(data, mapping=mapping, shape=shape, message=message)
    drafts_to_import(data, mapping=mapping, shape=shape)  # before anything is made
    made = create_dataset(name, experiment_id, tags)
    try:
        return made.import_records(data, mapping=mapping, shape=shape, message=message)
    except BaseException:
        store.datasets.delete(made.dataset_id)
        raise


def delete_dataset(name: str | None = None, dataset_id: str | None = None) -> None:
    """Delete a dataset with all its versions."""
    dataset = get_dataset(name, dataset_id)
    get_store().datasets.delete(dataset.dataset_id)


def set_dataset_tags(dataset_id: str, tags: Mapping[str, object]) -> None:
    """Set labels of a dataset; a value of None removes one."""
    store = get_store()
    kept = {key: value for key, value in tags.items() if value is not None}
    store.datasets.set_tags(dataset_id, _words(kept), by=user_name())
    for key in tags.keys() - kept.keys():
        store.datasets.delete_tag(dataset_id, key, by=user_name())


def delete_dataset_tag(dataset_id: str, key: str) -> None:
    """Remove a label of a dataset."""
    get_store().datasets.delete_tag(dataset_id, key, by=user_name())


def add_dataset_to_experiments(dataset_id: str, experiment_ids: str | Sequence[str]) -> EvaluationDataset:
    """Say that a dataset is used in further experiments; return it."""
    store = get_store()
    return EvaluationDataset(store.datasets.add_to_experiments(dataset_id, _ids(experiment_ids)), store)


def remove_dataset_from_experiments(dataset_id: str, experiment_ids: str | Sequence[str]) -> EvaluationDataset:
    """Say that a dataset is no longer used in some experiments; return it."""
    store = get_store()
    return EvaluationDataset(store.datasets.remove_from_experiments(dataset_id, _ids(experiment_ids)), store)


def _ids(experiments: str | Sequence[str]) -> list[str]:
    return [experiments] if isinstance(experiments, str) else [str(one) for one in experiments]


def _words(tags: Mapping[str, object]) -> dict[str, str]:
    return {str(key): value if isinstance(value, str) else str(value) for key, value in tags.items()}
