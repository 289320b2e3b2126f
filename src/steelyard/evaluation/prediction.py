"""Step 2: call the model. A row on which it fails is a row with an outcome, not a missing one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from steelyard.errors import ColumnNotFound, DataError, InvalidArgument, MissingDependency
from steelyard.evaluation import answers
from steelyard.evaluation.answers import Predicted
from steelyard.evaluation.textual import is_text_model, text_column

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from steelyard.data import Table
    from steelyard.evaluation.inputs import Inputs


_SEARCHED = 1024
"""Batches up to this many rows are searched for the rows that make a model raise without asking whether any works."""
_TRIED = 64


class Predictor(Protocol):
    """A model, ready to be called on batches."""

    @property
    def description(self) -> str: ...
    @property
    def classes(self) -> Sequence[Any] | None: ...
    @property
    def estimator(self) -> Any: ...
    def predict(self, batch: pa.RecordBatch) -> Predicted: ...


@dataclass(frozen=True, slots=True)
class _Model:
    """A fitted estimator or a function, and how its input is cut from a batch."""

    description: str
    classes: Sequence[Any] | None
    estimator: Any
    call: Callable[[Any], Any]
    probability: Callable[[Any], Any] | None
    cut: Callable[[pa.RecordBatch], Any]
    output: str | None = None
    returned: tuple[str, ...] = ()

    def predict(self, batch: pa.RecordBatch) -> Predicted:
        """Predict a batch; if the model raises, halve it until the rows that make it raise are found.

        Raises:
            ModelError: the model returned something that is not one prediction a row.
        """
        given = self.cut(batch)
        try:
            answer = self.call(given)
            chance = None if self.probability is None else self.probability(given)
        except Exception as problem:
            return self._halved(batch, problem)
        return answers.read(answer, chance, batch.num_rows, output=self.output, returned=self.returned)

    def _halved(self, batch: pa.RecordBatch, problem: Exception) -> Predicted:
        n = batch.num_rows
        if n == 1 or (n > _SEARCHED and self._hopeless(batch)):
            return Predicted([None] * n, None, np.ones(n, dtype=bool), problem)
        halves = (batch.slice(0, n // 2), batch.slice(n // 2))
        return _joined([self.predict(half) for half in halves], [half.num_rows for half in halves])

    def _hopeless(self, batch: pa.RecordBatch) -> bool:
        """Whether the model raises on each of some rows spread over a long batch, so that a search would never end."""
        for row in np.linspace(0, batch.num_rows - 1, _TRIED).astype(int).tolist():
            try:
                self.call(self.cut(batch.slice(row, 1)))
            except Exception:  # noqa: S112  what it raised on the whole batch is what is told
                continue
            return False
        return True


def _joined(parts: Sequence[Predicted], sizes: Sequence[int]) -> Predicted:
    values = [v for part in parts for v in part.values]
    failed = np.concatenate(
        [np.zeros(n, bool) if p.failed is None else p.failed for p, n in zip(parts, sizes, strict=True)]
    )
    problem = next((p.problem for p in parts if p.problem is not None), None)
    names = dict.fromkeys(name for p in parts for name in p.outputs)
    outputs = {
        name: [v for p, n in zip(parts, sizes, strict=True) for v in p.outputs.get(name, [None] * n)] for name in names
    }
    widths = {p.probabilities.shape[1] for p in parts if p.probabilities is not None}
    if len(widths) != 1:
        return Predicted(values, None, failed, problem, outputs)
    (width,) = widths
    blocks = [
        np.full((n, width), np.nan) if p.probabilities is None else p.probabilities
        for p, n in zip(parts, sizes, strict=True)
    ]  # fmt: skip
    return Predicted(values, np.concatenate(blocks), failed, problem, outputs)


def make_predictor(
    model: Any, inputs: Inputs, *, output: str | None = None, probabilities: bool = True
) -> Predictor:  # fmt: skip
    """Return a predictor for a fitted estimator, a function or the URI of a saved model.

    Args:
        model: an object with ``predict``; a function of a DataFrame; or a URI such as ``runs:/<run_id>/<name>``.
        inputs: the data, to settle what the model is given.
        output: which column to take when the model returns a frame of several.
        probabilities: also ask for the labels' probabilities, if the model has any.

    Raises:
        InvalidArgument: ``model`` is none of these.
        DataError: what the model was fitted on is not in the data, or it is not clear which column it reads.
    """
    if isinstance(model, str):
        from steelyard import flavors

        uri, model = model, flavors.load(model)
        return _estimator(model, inputs, output, uri, probabilities)
    if hasattr(model, "predict") and not isinstance(model, type):
        return _estimator(model, inputs, output, type(model).__name__, probabilities)
    if callable(model) and not isinstance(model, type):
        columns = inputs.features or _allowed(inputs)
        return _Model(
            description=getattr(model, "__name__", type(model).__name__),
            classes=None,
            estimator=None,
            call=model,
            probability=None,
            cut=lambda batch: _frame(batch, columns),
            output=output,
            returned=inputs.output_probabilities,
        )
    if isinstance(model, type):
        raise InvalidArgument(f"model={model.__name__} is a class: give a fitted object of it.")
    raise InvalidArgument(
        f"model={model!r} cannot be called: give a fitted estimator with a predict method, a function of a DataFrame, "
        "the URI of a saved model such as 'runs:/<run_id>/<name>', or None with predictions=…."
    )


def _estimator(model: Any, inputs: Inputs, output: str | None, description: str, wanted: bool) -> Predictor:
    probability = getattr(model, "predict_proba", None)
    classes = getattr(model, "classes_", None) if wanted else None
    known = classes is not None and not isinstance(classes, list)
    given = (*inputs.probabilities, *inputs.output_probabilities)
    if given and probability is not None:
        raise InvalidArgument(
            f"probabilities={given[0]!r} is given, and the model has predict_proba: leave one of the two out."
        )
    return _Model(
        description=description,
        classes=list(classes) if known and classes is not None else None,
        estimator=model,
        call=model.predict,
        probability=probability if known else None,
        cut=_cut_for(model, inputs),
        output=output,
        returned=inputs.output_probabilities,
    )


def _cut_for(model: Any, inputs: Inputs) -> Callable[[pa.RecordBatch], Any]:
    """Decide what an estimator is given: the columns it was fitted on, its one text column, or an array."""
    if is_text_model(model):
        name = text_column(model, inputs)
        return lambda batch: _series(batch, name)
    fitted = getattr(model, "feature_names_in_", None)
    if fitted is not None:
        names = tuple(str(n) for n in fitted)
        missing = next((n for n in names if n not in inputs.table.columns), None)
        if missing is not None:
            raise ColumnNotFound(missing, inputs.table.columns, argument="a feature that the model was fitted on")
        return lambda batch: _frame(batch, names)
    columns = inputs.features or _allowed(inputs)
    width = getattr(model, "n_features_in_", None)
    if width is None:
        return lambda batch: _frame(batch, columns)
    if inputs.features is None and width != len(columns):
        columns = _numeric(inputs.table, columns)
    if width != len(columns):
        raise DataError(
            f"The model was fitted on {width} features and the data has {len(columns)} that it could be: "
            f"{', '.join(columns)}. Name them with feature_names=[…]."
        )
    # Fitted on an array without names: scikit-learn warns when such a model is given a frame.
    return lambda batch: _array(batch, columns)


def _allowed(inputs: Inputs) -> tuple[str, ...]:
    """Every column that a model may see."""
    hidden = {*inputs.targets, *inputs.answers, inputs.table.id_column, inputs.cluster}
    if isinstance(inputs.weight, str):
        hidden.add(inputs.weight)
    return tuple(c for c in inputs.table.columns if c not in hidden)


def _numeric(table: Table, columns: Sequence[str]) -> tuple[str, ...]:
    import pyarrow.types as types

    def is_number(name: str) -> bool:
        kind = table.schema.field(name).type
        return types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)

    return tuple(c for c in columns if is_number(c))


def _frame(batch: pa.RecordBatch, columns: Sequence[str]) -> pd.DataFrame:
    try:
        import pandas as pd  # noqa: F401
    except ImportError:
        raise MissingDependency("pandas", extra="ml", purpose="give a model its rows as a data frame") from None
    return batch.select(list(columns)).to_pandas()


def _series(batch: pa.RecordBatch, name: str) -> Any:
    column = batch.column(name)
    if column.null_count:
        column = column.fill_null("")
    return _frame(batch.select([name]).set_column(0, name, column), [name])[name].astype(object)


def _array(batch: pa.RecordBatch, columns: Sequence[str]) -> np.ndarray:
    return np.column_stack([batch.column(c).to_numpy(zero_copy_only=False) for c in columns])
