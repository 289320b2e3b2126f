"""Python values to Arrow columns, with an error that names the column and the first row that does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from steelyard.errors import DataError

_ARROW_ERRORS = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, TypeError, ValueError)


def arrow_column(name: str, values: Any, *, nan_is_null: bool = False) -> pa.Array:
    """Return one column's values as an Arrow array; None is null, NaN stays NaN unless told.

    Args:
        name: the column, for errors.
        values: an array, a series or a sequence.
        nan_is_null: read NaN among objects as null, as pandas means it.

    Raises:
        DataError: the values are of different kinds, or of a kind that no column can hold.
    """
    if isinstance(values, pa.Array):
        return values
    if isinstance(values, pa.ChunkedArray):
        return whole(values)
    if isinstance(values, np.ndarray) and values.ndim != 1:
        values = list(values)
    try:
        made = pa.array(values, from_pandas=nan_is_null)
    except _ARROW_ERRORS as error:
        raise _unfit(name, values, nan_is_null, error) from error
    return whole(made) if isinstance(made, pa.ChunkedArray) else made


def whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column's chunks as one array."""
    if column.num_chunks == 1:
        return column.chunk(0)
    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)


def table_of(columns: Mapping[str, Any], *, nan_is_null: bool = False) -> pa.Table:
    """Return a table of named columns, which must be of one length.

    Raises:
        DataError: two columns differ in length.
    """
    arrays = {str(name): arrow_column(str(name), values, nan_is_null=nan_is_null) for name, values in columns.items()}
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        first = next(iter(lengths))
        other = next(name for name, n in lengths.items() if n != lengths[first])
        message = (
            f"The columns differ in length: {first!r} has {lengths[first]} rows and {other!r} has {lengths[other]}. "
            f"Give every column the same number of rows."
        )
        raise DataError(message)
    return pa.Table.from_arrays(list(arrays.values()), names=list(arrays))


def rows_to_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return a table of rows given as dicts; a key that a row lacks is null there.

    Raises:
        DataError: a row is not a dict, or a column holds values of different kinds.
    """
    names: dict[str, None] = {}
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            message = f"Row {number} is a {type(row).__name__}, and the first row is a dict: give every row as a dict."
            raise DataError(message)
        names.update(dict.fromkeys(row))
    return table_of({name: [row.get(name) for row in rows] for name in names})


def _unfit(name: str, values: Any, nan_is_null: bool, error: Exception) -> DataError:
    """Find the shortest prefix that fails, by halving; its last row is the one to name."""
    items = list(values)
    low, high = 0, len(items)  # items[:low] converts, items[:high] does not
    while high - low > 1:
        middle = (low + high) // 2
        try:
            pa.array(items[:middle], from_pandas=nan_is_null)
        except _ARROW_ERRORS:
            high = middle
        else:
            low = middle
    culprit = items[high - 1] if items else None
    before = next((v for v in items[: high - 1] if v is not None and v == v), None)
    if before is None:
        message = (
            f"Column {name!r}, row {high - 1} (counting from 0): {shown(culprit)} cannot be held in a column "
            f"({error}). Convert the column to numbers or text."
        )
        return DataError(message)
    message = (
        f"Column {name!r} mixes types: row {high - 1} (counting from 0) is {shown(culprit)}, and rows before it hold "
        f"values such as {shown(before)}. Make the column one type, for instance with str() or float()."
    )
    return DataError(message)


def shown(value: object) -> str:
    """Return a value and its type for an error, cut short."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '…'} ({type(value).__name__})"
