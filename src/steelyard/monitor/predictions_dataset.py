"""Evaluation datasets from production: the rows that a model got wrong, or any others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from steelyard.errors import DataError, InvalidArgument
from steelyard.monitor.predictions import find_production_model
from steelyard.records.prediction import PredictedRow, PredictionsOnly
from steelyard.tracking.datasets import create_dataset, search_datasets
from steelyard.tracking.evaluation_dataset import EvaluationDataset
from steelyard.tracking.stores import get_store

_PAGE = 500


def dataset_of_predictions(
    model: str,
    name: str,
    *,
    only: PredictionsOnly = "wrong",
    start: datetime | int = 0,
    end: datetime | int | None = None,
    slice: str = "",  # noqa: A002 - the field's word
    most: int = 1000,
    experiment_id: str | None = None,
) -> EvaluationDataset:
    """Put rows of production into an evaluation dataset: what was kept of the input, and the label as what is expected.

    Rows that are there already, by their inputs, are brought up to date; so the same call may be made again.

    Args:
        model: its name in the experiment, or its key.
        name: of the dataset; made if there is none.
        only: which rows: those that are ``wrong``, ``labelled``, ``unlabelled``, or all ("").
        start, end: predictions made in [start, end): times, or milliseconds since 1970; of all time unless told.
        slice: only those, such as ``country=DE``.
        most: rows at most: the newest; of a regressor's wrong ones those of the largest error.
        experiment_id: where the model is, and the dataset will be; the active experiment unless told.

    Raises:
        DataError: no row was found, or nothing is kept of a row's input.

    Examples:
        >>> import steelyard
        >>> from steelyard.monitor.predictions import log_labels, log_predictions
        >>> steelyard.set_tracking_uri(tmp_folder)
        >>> rows = [{"id": "a", "prediction": "ham", "length": 3}, {"id": "b", "prediction": "ham", "length": 7}]
        >>> logged = log_predictions("mail", rows, ids="id", features="all", model_type="classifier")
        >>> labels = log_labels("mail", ["a", "b"], ["ham", "spam"])
        >>> wrong = dataset_of_predictions("mail", "mistakes")
        >>> wrong.records[0].inputs, wrong.records[0].expectations
        ({'length': 7}, {'label': 'spam'})
    """
    store = get_store()
    about = find_production_model(model, experiment_id=experiment_id, store=store)
    if most < 1:
        raise InvalidArgument(f"most={most}: ask for one row at least.")
    asked: dict[str, Any] = {"start_ms": _ms(start), "end_ms": about.last_ms + 1 if end is None else _ms(end)}
    rows: list[PredictedRow] = []
    token: str | None = None
    while len(rows) < most:
        page = store.predictions.rows(
            about.key, only=only, slice=slice, max_results=min(_PAGE, most - len(rows)), page_token=token, **asked
        )
        rows += page.items
        token = page.token
        if token is None:
            break
    if not rows:
        raise DataError(f"The model {about.name!r} has no such row: only={only!r}, slice={slice!r}.")
    records = [_record(row, about.key, about.name) for row in rows]
    found = list(search_datasets(experiment_ids=about.experiment_id, filter_string=f"name = {_quoted(name)}"))
    dataset = found[0] if found else create_dataset(name, experiment_id=about.experiment_id)
    return dataset.merge_records(records, message=f"{only or 'all'} predictions of {about.name}")


def _record(row: PredictedRow, model: str, name: str) -> dict[str, Any]:
    if not row.features:
        raise DataError(
            f"Nothing is kept of the input of the prediction {row.id!r}: log predictions of {name!r} with features=[…]."
        )
    return {
        "inputs": dict(row.features),
        "outputs": {"prediction": row.prediction},
        "expectations": {} if row.label is None else {"label": row.label},
        "tags": {f"slice.{dimension}": value for dimension, value in row.slices.items()},
        "source": {"source_type": "CODE", "source_data": {"model": model, "prediction_id": row.id}},
    }


def _ms(moment: datetime | int) -> int:
    return moment if isinstance(moment, int) else int(moment.timestamp() * 1000)


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
