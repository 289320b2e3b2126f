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


def check_finite(values: np.ndarray, name: str, argument: str, offset: int, *, where: np.ndarray) -> None:
    """Refuse infinities."""
    bad = np.flatnonzero(np.isinf(values) & where)
    if bad.size:
        row = offset + int(bad[0])
        raise DataError(
            f"{name!r} ({argument}) is {values[bad[0]]} in row {row}; errors and squares of it mean nothing. "
            "Cap such values, or set them to missing."
        )


def check_probabilities(probabilities: np.ndarray, name: str, offset: int, *, where: np.ndarray) -> None:
    """Refuse probabilities that are none.

    Args:
        probabilities: shape (n, K).
        name: the column's or method's name.
        offset: number of the batch's first row.
        where: rows to look at, shape (n,).
    """
    rows = probabilities[where]
    numbers = np.flatnonzero(where)
    bad = ~((rows >= -_SLACK) & (rows <= 1 + _SLACK)).all(axis=1)
    if bad.any():
        i = int(np.argmax(bad))
        shown = ", ".join(f"{v:g}" for v in rows[i][:5])
        raise DataError(
            f"{name}: row {offset + int(numbers[i])} has the probability {shown}; probabilities lie between 0 and 1. "
            "Scores of another kind must be turned into probabilities first (for example by a logistic function)."
        )
    if probabilities.shape[1] < 2:
        return
    off = np.abs(rows.sum(axis=1) - 1) > _SUM_SLACK
    if off.any():
        i = int(np.argmax(off))
        total = rows[i].sum()
        raise DataError(f"{name}: the probabilities of row {offset + int(numbers[i])} add up to {total:.4g}, not to 1.")
