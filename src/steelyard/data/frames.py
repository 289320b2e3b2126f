"""pandas, polars and numpy to Arrow, keeping NaN as NaN and null as null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from steelyard.data.columns import arrow_column, table_of
from steelyard.errors import DataError, InvalidArgument

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


def pandas_table(frame: pd.DataFrame) -> pa.Table:
    """Return a pandas frame's columns; its index is not one of them. Names that are not text become text.

    NaN stays NaN in a numpy float column. In an object column NaN is pandas' way of saying nothing, so it is null.
    """
    names = [str(c) for c in frame.columns]
    refuse_duplicates(names)
    arrays = [_pandas_column(name, frame.iloc[:, i]) for i, name in enumerate(names)]
    return pa.Table.from_arrays(arrays, names=names)


def _pandas_column(name: str, series: pd.Series) -> pa.Array:
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iufb":
        return arrow_column(name, series.to_numpy())
    return arrow_column(name, series, nan_is_null=True)


def polars_table(frame: pl.DataFrame) -> pa.Table:
    """Return a polars frame as Arrow, with the long-standing layout of strings that every kernel knows."""
    import polars as pl

    return plain(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))


def array_table(data: Any, feature_names: Sequence[str] | None = None) -> pa.Table:
    """Return the columns of a 1-D or 2-D array or of a list of rows, named ``feature_1`` … unless told.

    Raises:
        DataError: the array has other dimensions, or the rows differ in length.
        InvalidArgument: there are not as many names as columns.
    """
    if isinstance(data, np.ndarray) and data.dtype.names:
        return table_of({name: data[name] for name in data.dtype.names})
    columns = _array_columns(data) if isinstance(data, np.ndarray) else _list_columns(data)
    names = [f"feature_{i + 1}" for i in range(len(columns))] if feature_names is None else list(feature_names)
    if len(names) != len(columns):
        message = (
            f"feature_names has {len(names)} names and the data has {len(columns)} columns: give one name a column."
        )
        raise InvalidArgument(message)
    refuse_duplicates(names)
    return table_of(dict(zip(names, columns, strict=True)))


def _array_columns(data: np.ndarray) -> list[Any]:
    if data.ndim == 1:
        return [data]
    if data.ndim != 2:
        message = f"The array has shape {data.shape}: data must have one dimension (a column) or two (rows, columns)."
        raise DataError(message)
    return [np.ascontiguousarray(data[:, j]) for j in range(data.shape[1])]


def _list_columns(rows: Sequence[Any]) -> list[Any]:
    if not _is_row(rows[0]):
        return [rows]
    width = len(rows[0])
    for number, row in enumerate(rows):
        if not _is_row(row) or len(row) != width:
            size = f"{len(row)} values" if _is_row(row) else f"the single value {row!r}"
            message = f"Row {number} has {size} and row 0 has {width}: give every row the same number of values."
            raise DataError(message)
    return [list(column) for column in zip(*rows, strict=True)]


def _is_row(value: object) -> bool:
    return isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value[:0] if len(value) else value) >= 1


def plain(table: pa.Table) -> pa.Table:
    """Return the table without the notes that other libraries leave in its schema."""
    fields = [f.remove_metadata() for f in table.schema]
    return pa.Table.from_arrays(table.columns, schema=pa.schema(fields))


def refuse_duplicates(names: Sequence[str], where: str = "The data") -> None:
    """Raise a DataError that names the columns that occur twice.

    Raises:
        DataError: a name occurs more than once.
    """
    twice = [name for name in dict.fromkeys(names) if list(names).count(name) > 1]
    if twice:
        shown = ", ".join(repr(n) for n in twice[:10])
        message = f"{where} has more than one column named {shown}: rename or drop all but one of each."
        raise DataError(message)
