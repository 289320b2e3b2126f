"""Step 2: call the model. A row on which it fails is a row with an outcome, not a missing one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from steelyard.errors import ColumnNotFound, DataError, InvalidArgument, MissingDependency, ModelError
from steelyard.evaluation.textual import is_text_model, text_column

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from steelyard.data import Table
    from steelyard.evaluation.inputs import Inputs


@dataclass(frozen=True, slots=True)
class Predicted:
    """A model's answers on a batch: values of any kind, probabilities of shape (n, K) or None, rows that failed."""

    values: Sequence[Any]
    probabilities: np.ndarray | None = None
    failed: np.ndarray | None = None


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

    def predict(self, batch: pa.RecordBatch) -> Predicted:
        """Predict a batch; if that raises, halve it until the rows that raise are found.

        Raises:
            ModelError: the model failed on every row.
        """
        given = self.cut(batch)
        try:
            return self._whole(given, batch.num_rows)
        except Exception as problem:
            return self._halved(batch, problem)

    def _whole(self, given: Any, n: int) -> Predicted:
        values = _values(self.call(given), n, self.output)
        if self.probability is None:
            return Predicted(values)
        probabilities = np.asarray(self.probability(given), dtype=np.float64)
        return Predicted(values, probabilities if probabilities.ndim == 2 else None)

    def _halved(self, batch: pa.RecordBatch, problem: Exception) -> Predicted:
        if batch.num_rows == 1:
            return Predicted([None], None, np.array([True]))
        middle = batch.num_rows // 2
        parts = []
        for half in (batch.slice(0, middle), batch.slice(middle)):
            try:
                parts.append(self._whole(self.cut(half), half.num_rows))
            except Exception as again:
                parts.append(self._halved(half, again))
        joined = _joined(parts, (middle, batch.num_rows - middle))
        if joined.failed is not None and joined.failed.all() and batch.num_rows > 1:
            raise ModelError(f"The model failed on every row: {type(problem).__name__}: {problem}") from problem
        return joined


def _joined(parts: list[Predicted], sizes: tuple[int, int]) -> Predicted:
    values = [v for part in parts for v in part.values]
    failed = np.concatenate(
        [np.zeros(n, bool) if p.failed is None else p.failed for p, n in zip(parts, sizes, strict=True)]
    )
    widths = {p.probabilities.shape[1] for p in parts if p.probabilities is not None}
    if len(widths) != 1:
        return Predicted(values, None, failed)
    (width,) = widths
    blocks = [
        np.full((n, width), np.nan) if p.probabilities is None else p.probabilities
        for p, n in zip(parts, sizes, strict=True)
    ]  # fmt: skip
    return Predicted(values, np.concatenate(blocks), failed)


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
        )
    raise InvalidArgument(
        f"model={model!r} cannot be called: give a fitted estimator with a predict method, a function of a DataFrame, "
        "the URI of a saved model such as 'runs:/<run_id>/<name>', or None with predictions=…."
    )


def _estimator(model: Any, inputs: Inputs, output: str | None, description: str, wanted: bool) -> Predictor:
    probability = getattr(model, "predict_proba", None)
    classes = getattr(model, "classes_", None) if wanted else None
    known = classes is not None and not isinstance(classes, list)
    return _Model(
        description=description,
        classes=list(classes) if known and classes is not None else None,
        estimator=model,
        call=model.predict,
        probability=probability if known else None,
        cut=_cut_for(model, inputs),
        output=output,
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


def _values(answer: Any, n: int, output: str | None) -> Sequence[Any]:
    """Return a model's answer as a sequence of one value per row."""
    if hasattr(answer, "columns") and hasattr(answer, "iloc"):
        columns = list(answer.columns)
        if output is not None and output in columns:
            answer = answer[output]
        elif len(columns) == 1:
            answer = answer[columns[0]]
        else:
            raise InvalidArgument(
                f"The model returned the columns {columns}; name the one to score with predictions=…."
            )
    if hasattr(answer, "to_numpy"):
        answer = answer.to_numpy()
    values: Any = np.asarray(answer) if isinstance(answer, np.ndarray) else list(answer)
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if len(values) != n:
        raise ModelError(f"The model returned {len(values):,} predictions for {n:,} rows.")
    return values
