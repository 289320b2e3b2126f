"""Classic models in production: logging what they predict, and the labels that come days later."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from steelyard.errors import InvalidArgument, NotFound
from steelyard.monitor.predictions_columns import Given, given
from steelyard.records.ports import Store
from steelyard.records.prediction import (
    MODEL_SLICE,
    Label,
    LabelBatch,
    LabelsLogged,
    PredictedType,
    PredictionBatch,
    ProductionModel,
)
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.origin import user_name
from steelyard.tracking.stores import get_store

CHUNK_ROWS = 10_000
"""Rows of one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedPredictions:
    """What ``log_predictions`` did: the counts add up to the rows.

    Args:
        model: the model's key.
        ids: of the rows, in their order: the caller's own, or those that were given.
        new: kept for the first time.
        corrected: were there with another content, which is in the history now.
        unchanged: were there just so.
        joined: of the new ones, those whose label had come before.
    """

    model: str
    ids: tuple[str, ...]
    new: int = 0
    corrected: int = 0
    unchanged: int = 0
    joined: int = 0


def log_predictions(
    model: str,
    data: Any = None,
    *,
    ids: Any = None,
    predictions: Any = None,
    scores: Any = None,
    probabilities: Any = None,
    features: Sequence[str] | str = (),
    slices: Sequence[str] | str = (),
    timestamps: Any = None,
    model_type: PredictedType | None = None,
    pos_label: Label | None = None,
    model_id: str | None = None,
    hourly: bool = False,
    experiment_id: str | None = None,
    store: Store | None = None,
) -> LoggedPredictions:
    """Keep what a model predicted in production, of many rows or of one. Labels may come whenever they do.

    Rows are written 10,000 at a time, each such part wholly or not at all. With ids of the caller's own, a call that
    was interrupted can be repeated: what is there already stays as it is, and what is there with another content is
    corrected, the old going into the row's history.

    Args:
        model: its name in the experiment; made on the first call.
        data: a frame (pandas, polars, Arrow), a list of dicts, one dict, or a path of files, with the columns named
            below; or the predictions themselves (one text alone is a path). None if all is given as values.
        ids: the column of the caller's keys, or the keys (of one dict: its key, unless that is a column). Given out at
            random and returned unless told.
        predictions: the column of classes or numbers, or the values; ``prediction`` unless told. A row without one
            (None, NaN) is kept, and counted as failed.
        scores: the column of the positive class's probabilities, or the values.
        probabilities: the same; or for each class a column: ``{"cat": "p_cat", "dog": "p_dog"}``. Without predictions
            the most probable class is taken.
        features: columns that are kept with each row, for drift and for looking at rows; ``"all"`` keeps every column
            that is nothing else here.
        slices: columns by whose values every number is told besides.
        timestamps: when each prediction was made: a column or values, times (UTC where they name no zone) or
            milliseconds since 1970. Now unless told.
        model_type: ``classifier`` or ``regressor``; must be told on the first call.
        pos_label: the positive class of two; the greater one unless told.
        model_id: the logged model that predicted; numbers are told by it then, as the slice ``model_id``.
        hourly: keep numbers by hour rather than by day; told on the first call.
        experiment_id: where; the active experiment unless told.
        store: the current one unless told.

    Raises:
        InvalidArgument, DataError: a column or row cannot be used; the message names it. Parts before it are kept.
        ColumnNotFound: a column is not in the data.

    Examples:
        >>> import steelyard
        >>> steelyard.set_tracking_uri(tmp_folder)
        >>> rows = [{"id": "a", "prediction": "spam"}, {"id": "b", "prediction": "ham"}]
        >>> log_predictions("mail", rows, ids="id", model_type="classifier").new
        2
        >>> log_predictions("mail", rows, ids="id").unchanged  # the same again changes nothing
        2
        >>> log_labels("mail", ["a", "c"], ["ham", "spam"])
        LabelsLogged(joined=1, corrected=0, superseded=0, unchanged=0, waiting=1, empty=0)
    """
    whole = given(
        data, ids=ids, predictions=predictions, scores=scores, probabilities=probabilities, features=features,
        slices=slices, timestamps=timestamps,
    )  # fmt: skip
    store = get_store() if store is None else store
    dimensions = [*whole.slices, *([MODEL_SLICE] if model_id else [])]
    about = _opened(store, model, experiment_id, model_type, pos_label, dimensions, hourly=hourly)
    told = {"new": 0, "corrected": 0, "unchanged": 0, "joined": 0}
    logged: list[str] = []
    by = user_name()
    for batch in _prediction_batches(whole, model_id):
        counts = store.predictions.log(about.key, batch, by=by)
        told = {name: n + getattr(counts, name) for name, n in told.items()}
        logged += batch.ids
    return LoggedPredictions(model=about.key, ids=tuple(logged), **told)


def log_labels(
    model: str,
    ids: Any,
    labels: Any,
    *,
    timestamps: Any = None,
    data: Any = None,
    experiment_id: str | None = None,
    store: Store | None = None,
) -> LabelsLogged:
    """Keep what was true of predictions, whenever it is known: before the prediction comes, days later, or again.

    Of two labels for one id the one that is known later holds; the other is in the row's history. A label whose
    prediction has not come is kept, counted as ``waiting``, and joined when it does. Numbers follow when the windows
    are counted again, see ``settle_once``.

    Args:
        model: its name in the experiment, or its key.
        ids: the predictions' ids, or one id; or a column of ``data``.
        labels: what was true, likewise. None and NaN say that it is not known: they are left out, and counted.
        timestamps: as of when each is known; now unless told.
        data: a frame, a list of dicts or a path that the names above are columns of.
        experiment_id: where; the active experiment unless told.
        store: the current one unless told.

    Raises:
        NotFound: there is no such model.
        InvalidArgument, DataError: a column or row cannot be used; the message names it. Parts before it are kept.
    """
    store = get_store() if store is None else store
    about = find_production_model(model, experiment_id=experiment_id, store=store)
    if ids is None:
        raise InvalidArgument("Labels need ids: the same that the predictions were logged with.")
    whole = given(data, ids=ids, predictions=labels, timestamps=timestamps, what="labels")
    told = dict.fromkeys(("joined", "corrected", "superseded", "unchanged", "waiting", "empty"), 0)
    by = user_name()
    for batch, empty in _label_batches(whole):
        counts = store.predictions.label(about.key, batch, by=by)
        told = {name: n + getattr(counts, name) for name, n in told.items()}
        told["empty"] += empty
    return LabelsLogged(**told)


def find_production_model(
    model: str, *, experiment_id: str | None = None, store: Store | None = None
) -> ProductionModel:
    """Return a model whose predictions are logged.

    Args:
        model: its name in the experiment, or its key.
        experiment_id: where; the active experiment unless told.
        store: the current one unless told.

    Raises:
        NotFound: there is none; the message names those that there are.
    """
    store = get_store() if store is None else store
    experiment = active_experiment_id() if experiment_id is None else experiment_id
    found = store.predictions.find(experiment, model)
    if found is not None:
        return found
    if model.startswith("pm-"):
        return store.predictions.get(model)
    names = ", ".join(repr(one.name) for one in store.predictions.models([experiment])) or "none"
    raise NotFound(
        f"No predictions of a model {model!r} are logged in the experiment {experiment}. Those of these are: {names}."
    )


def list_production_models(
    experiment_ids: Sequence[str] = (), *, store: Store | None = None
) -> tuple[ProductionModel, ...]:
    """Return the models whose predictions are logged, of some experiments if any are named, by name."""
    return (get_store() if store is None else store).predictions.models(experiment_ids)


def _opened(
    store: Store, model: str, experiment_id: str | None, model_type: PredictedType | None, pos_label: Label | None,
    slices: Sequence[str], *, hourly: bool,
) -> ProductionModel:  # fmt: skip
    experiment = active_experiment_id() if experiment_id is None else experiment_id
    found = store.predictions.find(experiment, model)
    if found is None and model_type is None:
        raise InvalidArgument(
            f"{model!r} is new: say what it predicts, model_type='classifier' (classes) or 'regressor' (numbers)."
        )
    positive = "" if pos_label is None else _label_text(pos_label)
    if found is not None:
        same = model_type in (None, found.model_type) and positive in ("", found.pos_label)
        if same and set(slices) <= set(found.slices) and (not hourly or found.window_ms < 86_400_000):
            return found
        model_type, positive = model_type or found.model_type, positive or found.pos_label
        hourly = hourly or found.window_ms < 86_400_000
    return store.predictions.open(
        experiment, model, model_type=model_type or "classifier", pos_label=positive, slices=slices, hourly=hourly
    )


def _label_text(label: Label) -> str:
    """Return a class as the store names it: 1, 1.0 and True are one."""
    if isinstance(label, str):
        return label
    return str(int(label)) if float(label).is_integer() else repr(float(label))


def _prediction_batches(whole: Given, model_id: str | None) -> Iterator[PredictionBatch]:
    for part in whole.parts(CHUNK_ROWS):
        n = len(part.values)
        slices = dict(part.slices) | ({MODEL_SLICE: (model_id,) * n} if model_id else {})
        yield PredictionBatch(
            ids=part.ids or tuple(uuid.uuid4().hex for _ in range(n)),
            predictions=part.values, times=part.times, scores=part.scores, labels=whole.labels,
            probabilities=part.probabilities, slices=slices, features=part.features, first_row=part.first_row,
        )  # fmt: skip


def _label_batches(whole: Given) -> Iterator[tuple[LabelBatch, int]]:
    for part in whole.parts(CHUNK_ROWS):
        known = [i for i, value in enumerate(part.values) if value is not None and value == value]
        if len(known) == len(part.values):
            yield LabelBatch(ids=part.ids, labels=part.values, times=part.times, first_row=part.first_row), 0
            continue
        yield (
            LabelBatch(
                ids=tuple(part.ids[i] for i in known),
                labels=tuple(part.values[i] for i in known),
                times=tuple(part.times[i] for i in known) if part.times else (),
                first_row=part.first_row,
            ),
            len(part.values) - len(known),
        )
