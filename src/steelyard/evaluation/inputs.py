"""Step 1: open the data, and settle which column plays which part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from steelyard.data import open_data
from steelyard.errors import DataError, InvalidArgument
from steelyard.evaluation.arguments import (
    check_name,
    check_names,
    check_probabilities_argument,
    check_values_or_name,
)
from steelyard.evaluation.columns import as_numbers
from steelyard.evaluation.request import Request
from steelyard.metrics.slicing import Bins, Dimension
from steelyard.tracking.evaluation_dataset import EvaluationDataset

if TYPE_CHECKING:
    from steelyard.data import Table

EDGE_SAMPLE = 1_000_000
_PARTS = frozenset(("target", "targets", "prediction", "predictions", "probability"))
"""Names by which functions of the caller's know columns of other names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The opened data and the part that each column plays.

    Args:
        table: the rows.
        targets: columns of true values: one, several for a multilabel task, none without ground truth.
        predictions: columns of predictions given with the data, likewise.
        probabilities: columns of probabilities given with the data.
        output_probabilities: columns of probabilities of the frame that the model returns.
        probability_labels: their labels, when the caller named them.
        weight: the column of weights, or an array of them.
        cluster: the column whose rows belong together.
        dimensions: how to slice, with bins' edges settled.
        features: columns that the caller named for the model.
        stored: the stored dataset, at a version, whose table this is.
    """

    table: Table
    targets: tuple[str, ...]
    predictions: tuple[str, ...]
    probabilities: tuple[str, ...] = ()
    output_probabilities: tuple[str, ...] = ()
    probability_labels: tuple[Any, ...] | None = None
    weight: str | np.ndarray | None = None
    cluster: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    features: tuple[str, ...] | None = None
    stored: EvaluationDataset | None = None

    @property
    def answers(self) -> frozenset[str]:
        """Columns that a model must not see and that do not make a row's identity: predictions and probabilities."""
        return frozenset(self.predictions) | frozenset(self.probabilities)

    @property
    def target(self) -> str | None:
        return self.targets[0] if self.targets else None


def open_inputs(request: Request) -> Inputs:
    """Open the data of a request.

    Raises:
        ColumnNotFound: an argument names a column that is not there.
        DataError: the data cannot be read, or a column's content cannot play its part.
        InvalidArgument: arguments contradict each other.
    """
    if request.data is None:
        raise InvalidArgument("data is needed: a frame, arrays, a list of dicts, or a path or glob of files.")
    _check_arguments(request)
    stored = request.data.at(request.data.version) if isinstance(request.data, EvaluationDataset) else None
    several = isinstance(request.targets, list | tuple) and all(isinstance(t, str) for t in request.targets)
    many = several and request.model_type == "multilabel"
    table = open_data(
        request.data if stored is None else stored.table(),
        targets=None if many else request.targets,
        predictions=None if many else request.predictions,
        name=request.name,
        id_column=request.id_column,
        feature_names=request.feature_names,
    )
    targets = tuple(request.targets) if many else (table.targets,) if table.targets else ()
    predictions = _many(request.predictions) if many else (table.predictions,) if table.predictions else ()
    probabilities, labels = _probabilities(request.probabilities)
    returned: tuple[str, ...] = ()
    if request.model is not None and probabilities and not set(probabilities) & set(table.columns):
        probabilities, returned = (), probabilities
    for argument, names in (("targets", targets), ("predictions", predictions), ("probabilities", probabilities)):
        for name in names:
            table.column(name, argument)
    enough = predictions or (probabilities and request.model_type == "classifier") or request.model_type is None
    if request.model is None and not enough:
        raise InvalidArgument(
            "There is nothing to score: give model=…, or the name of a column of the data as predictions=…."
        )
    for dimension in request.dimensions:
        for name in dimension.columns:
            table.column(name, "slices")
    if request.model is None:
        for old in set(request.config.col_mapping.values()) - _PARTS:
            table.column(old, "evaluator_config['col_mapping']")
    return Inputs(
        table=table,
        targets=targets,
        predictions=predictions,
        probabilities=probabilities,
        output_probabilities=returned,
        probability_labels=labels,
        weight=_weight(request, table),
        cluster=table.column(request.clusters, "clusters").name if request.clusters else None,
        dimensions=tuple(_with_edges(d, table) for d in request.dimensions),
        features=_features(request, table),
        stored=stored,
    )


def _check_arguments(request: Request) -> None:
    check_values_or_name("targets", request.targets)
    check_values_or_name("predictions", request.predictions)
    check_probabilities_argument(request.probabilities)
    check_name("clusters", request.clusters)
    check_name("id_column", request.id_column)
    check_names("feature_names", request.feature_names)
    check_name("name", request.name, "what to call the dataset")
    for new, old in request.config.col_mapping.items():
        check_name(f"evaluator_config['col_mapping'][{new!r}]", old)


def _many(predictions: Any) -> tuple[str, ...]:
    if predictions is None:
        return ()
    return (predictions,) if isinstance(predictions, str) else tuple(predictions)


def _features(request: Request, table: Table) -> tuple[str, ...] | None:
    if request.feature_names is None:
        return None
    for name in request.feature_names:
        table.column(name, "feature_names")
    return tuple(request.feature_names)


def _probabilities(
    given: str | Sequence[str] | Mapping[Any, str] | None,
) -> tuple[tuple[str, ...], tuple[Any, ...] | None]:
    if given is None:
        return (), None
    if isinstance(given, str):
        return (given,), None
    if isinstance(given, Mapping):
        return tuple(given.values()), tuple(given)
    return tuple(given), None


def _weight(request: Request, table: Table) -> str | np.ndarray | None:
    given = request.weights if request.weights is not None else request.config.sample_weights
    if given is None or isinstance(given, str):
        return None if given is None else table.column(given, "weights").name
    try:
        weights = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise InvalidArgument("weights must be the name of a column, or one number a row.") from problem
    if weights.shape != (table.n_rows,):
        raise InvalidArgument(f"weights has shape {weights.shape}; the data has {table.n_rows:,} rows.")
    return check_weights(weights, "weights")


def check_weights(weights: np.ndarray, name: str, offset: int = 0) -> np.ndarray:
    """Return weights that are finite and not negative.

    Raises:
        DataError: the first that is not.
    """
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if bad.size:
        row = offset + int(bad[0])
        raise DataError(f"{name}: row {row} has the weight {weights[bad[0]]}; weights are finite and not negative.")
    return weights


def _with_edges(dimension: Dimension, table: Table) -> Dimension:
    if not any(isinstance(p, Bins) and p.edges is None for p in dimension.parts):
        return dimension
    return replace(dimension, parts=tuple(_settled(p, table) for p in dimension.parts))


def _settled(part: str | Bins, table: Table) -> str | Bins:
    if isinstance(part, str) or part.edges is not None:
        return part
    # Quantiles of every k-th row when there are too many rows to hold a column of.
    step = max(1, table.n_rows // EDGE_SAMPLE)
    taken = []
    offset = 0
    for batch in table.batches([part.column]):
        values = as_numbers(batch.column(0), part.column, "slices", offset=offset)
        taken.append(values[(-offset) % step :: step])
        offset += len(values)
    return part.with_edges(np.concatenate(taken))
