"""The datasets that a run used."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument
from steelyard.records import DatasetInput
from steelyard.tracking.jsonable import to_json
from steelyard.tracking.logging import target_run

if TYPE_CHECKING:
    from steelyard.records import Store


def log_input(
    dataset: object,
    context: str | None = None,
    tags: Mapping[str, str] | None = None,
    model: object = None,
) -> None:
    """Record that the active run used a dataset.

    Args:
        dataset: what ``steelyard.data.from_pandas`` and its like return, a ``DatasetInput``, or anything that
            ``open_data`` reads, whose full content is then digested.
        context: what it was used for, such as ``training``.
        tags: accepted for MLflow's callers; ``mlflow.data.context`` in it serves as the context.
        model: accepted for MLflow's callers.

    Raises:
        InvalidArgument: if it is no dataset.
    """
    said = context or (tags or {}).get("mlflow.data.context", "")
    record = dataset_input(dataset, said)
    store, run_id = target_run(None)
    store.runs.log_inputs(run_id, [record])


def log_inputs(
    datasets: Sequence[object] | None = None,
    contexts: Sequence[str | None] | None = None,
    tags_list: Sequence[Mapping[str, str] | None] | None = None,
    models: object = None,
) -> None:
    """Record that the active run used several datasets, all of them or none. See ``log_input``."""
    given = list(datasets or ())
    said = list(contexts or [None] * len(given))
    if len(said) != len(given):
        raise InvalidArgument(f"There are {len(given)} datasets and {len(said)} contexts. Give one for each.")
    records = [dataset_input(dataset, context or "") for dataset, context in zip(given, said, strict=True)]
    if records:
        store, run_id = target_run(None)
        store.runs.log_inputs(run_id, records)


def put_inputs(store: Store, run_id: str, datasets: Sequence[object]) -> None:
    """Record the datasets of a named run."""
    store.runs.log_inputs(run_id, [dataset_input(dataset, "") for dataset in datasets])


def dataset_input(dataset: Any, context: str) -> DatasetInput:
    """Return the record of a dataset.

    Raises:
        InvalidArgument: if it has neither a name and digest nor rows that can be read.
    """
    if isinstance(dataset, DatasetInput):
        return replace(dataset, context=context) if context else dataset
    inner = getattr(dataset, "dataset", None)
    if inner is not None and hasattr(inner, "digest"):  # MLflow's DatasetInput holds its dataset
        dataset = inner
    if isinstance(getattr(dataset, "name", None), str) and isinstance(getattr(dataset, "digest", None), str):
        source = getattr(dataset, "source", "")
        return DatasetInput(
            name=dataset.name,
            digest=dataset.digest,
            source_type=_source_type(source, getattr(dataset, "source_type", None)),
            source=_text(source),
            schema=_text(getattr(dataset, "schema", "")),
            profile=_text(getattr(dataset, "profile", "")),
            context=context,
        )
    return _digested(dataset, context)


def _digested(data: Any, context: str) -> DatasetInput:
    from steelyard.data import Table, digest_of, open_data

    if isinstance(data, (str, bytes)) and not data:
        raise InvalidArgument("log_input needs a dataset, not an empty text.")
    table = data if isinstance(data, Table) else open_data(data)
    return DatasetInput(
        name=table.name,
        digest=digest_of(table),
        source_type="local" if isinstance(data, str) else "code",
        source=table.source,
        schema=json.dumps({field.name: str(field.type) for field in table.schema}),
        context=context,
    )


def _source_type(source: Any, told: object) -> str:
    if isinstance(told, str) and told:
        return told
    kind = getattr(source, "_get_source_type", None)
    return str(kind()) if callable(kind) else "code"


def _text(value: Any) -> str:
    """Return a schema, profile or source as a text: as it is, by its own JSON, or by ours."""
    if value is None or isinstance(value, str):
        return value or ""
    for convert in ("to_json", "to_dict"):
        method = getattr(value, convert, None)
        if callable(method):
            return _text(method())
    if isinstance(value, (Mapping, list, tuple)):
        return to_json(value, what="a dataset's description")
    names = getattr(value, "names", None)
    types = getattr(value, "types", None)
    if names is not None and types is not None:  # an Arrow schema
        return json.dumps({str(name): str(kind) for name, kind in zip(names, types, strict=True)})
    return str(value)
