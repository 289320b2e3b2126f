"""Checks of single columns, each with an error that says which row is at fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steelyard.errors import DataError

_SLACK = 1e-9
_SUM_SLACK = 1e-3


def plain(column: pa.Array) -> pa.Array:
    """Return a column without dictionary encoding."""
    return column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column


def missing(column: pa.Array) -> np.ndarray:
    """Return which rows have no value: null or NaN. Shape (n,), bool."""
    if pa.types.is_floating(column.type):
        return pc.is_null(column, nan_is_null=True).to_numpy(zero_copy_only=False)
    if column.null_count == 0:
        return np.zeros(len(column), dtype=bool)
    return pc.is_null(column).to_numpy(zero_copy_only=False)


def to_array(values: Sequence[Any], argument: str) -> pa.Array:
    """Return a model's answers as a column.

    Raises:
        DataError: they are of different types, or of none that can be kept.
    """
    if isinstance(values, np.ndarray) and values.ndim == 2:
        values = values.tolist()
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError) as problem:
        kinds = sorted({type(v).__name__ for v in values})
        raise DataError(
            f"{argument} mixes types ({', '.join(kinds)}); return values of one type. {problem}"
        ) from problem


def as_numbers(column: pa.Array, name: str, argument: str, *, offset: int = 0) -> np.ndarray:
    """Return a column as float64, nulls as NaN: shape (n,).

    Raises:
        DataError: it holds something else; the message has the first such row.
    """
    column = plain(column)
    try:
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
        row, value = _first_no_number(column)
        raise DataError(
            f"{_column(name, argument)} must hold numbers; row {offset + row} holds {value!r}. "
            "Turn it into numbers first, or name another column."
        ) from problem


def _first_no_number(column: pa.Array) -> tuple[int, Any]:
    values = enumerate(column.to_pylist())
    return next((i, v) for i, v in values if v is not None and not _is_number(v))


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _column(name: str, argument: str) -> str:
    return f"Column {name!r} ({argument})" if name != argument else f"The {argument}"


def check_flat(column: pa.Array, name: str, argument: str, offset: int) -> None:
    """Refuse a column whose cells are lists, records or bytes where one label or number a row is wanted."""
    if not (pa.types.is_nested(column.type) or pa.types.is_binary(column.type)):
        return
    row, value = next(((i, v) for i, v in enumerate(column.to_pylist()) if v is not None), (0, None))
    shown = repr(value)
    raise DataError(
        f"{_column(name, argument)} must hold one label or number a row; row {offset + row} holds "
        f"{shown if len(shown) < 80 else shown[:77] + '…'}. For rows with several labels use model_type='multilabel'; "
        "for probabilities give probabilities=…, or a model with predict_proba."
    )


LARGEST = 1e150
"""Squares of anything larger are beyond what a float can hold."""


def check_finite(values: np.ndarray, name: str, argument: str, offset: int, *, where: np.ndarray) -> None:
    """Refuse infinities, and numbers whose squares would be infinite."""
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero((np.abs(values) > LARGEST) & where)
    if bad.size:
        row = offset + int(bad[0])
        raise DataError(
            f"{_column(name, argument)} is {values[bad[0]]} in row {row}, and its square is beyond any number. "
            "Cap such values, or set them to missing."
        )


def check_finite_labels(column: pa.Array, name: str, argument: str, offset: int) -> None:
    """Refuse infinities among labels that are numbers."""
    if not pa.types.is_floating(column.type):
        return
    bad = np.flatnonzero(np.isinf(column.to_numpy(zero_copy_only=False)))
    if bad.size:
        raise DataError(
            f"{_column(name, argument)} is infinite in row {offset + int(bad[0])}, which is no label. "
            "Set such values to a label, or to missing."
        )


def check_probabilities(probabilities: np.ndarray, name: str, offset: int, *, where: np.ndarray) -> None:
    """Refuse probabilities that are none.

    Args:
        probabilities: shape (n, K).
        name: the column's or method's name.
        offset: number of the batch's first row.
        where: rows to look at, shape (n,).
    """
    rows = probabilities if where.all() else probabilities[where]
    numbers = np.flatnonzero(where)
    bad = ~((rows >= -_SLACK) & (rows <= 1 + _SLACK)).all(axis=1)
    if bad.any():
        i = int(np.argmax(bad))
        row = offset + int(numbers[i])
        if np.isnan(rows[i]).any():
            raise DataError(f"{name}: row {row} has no probability (NaN). Leave such rows out, or fill them in.")
        shown = ", ".join(f"{v:g}" for v in rows[i][:5])
        raise DataError(
            f"{name}: row {row} has the probability {shown}; probabilities lie between 0 and 1. "
            "Scores of another kind must be turned into probabilities first (for example by a logistic function)."
        )
    if probabilities.shape[1] < 2:
        return
    off = np.abs(rows.sum(axis=1) - 1) > _SUM_SLACK
    if off.any():
        i = int(np.argmax(off))
        total = rows[i].sum()
        raise DataError(f"{name}: the probabilities of row {offset + int(numbers[i])} add up to {total:.4g}, not to 1.")
