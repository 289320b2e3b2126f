"""JSON of what people log: numpy scalars, dates and paths become what JSON has; NaN becomes null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from steelyard.errors import InvalidArgument


def to_json(value: object, *, what: str, indent: int | None = None) -> str:
    """Return a value as JSON text.

    Args:
        value: dicts, lists, texts, numbers, dates, and arrays of them.
        what: what is being written, for the error.
        indent: spaces of indentation.

    Raises:
        InvalidArgument: naming the type that has no place in JSON.
    """
    try:
        return json.dumps(jsonable(value), indent=indent, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"{what} cannot be written as JSON: {error}") from error


def jsonable(value: Any) -> Any:
    """Return a value in JSON's own types."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (datetime, date, time)):
        return None if value != value else value.isoformat()  # pandas' NaT is a datetime that is not itself
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        raise TypeError("bytes are not text; decode them, or log them as a file")
    for convert in ("tolist", "to_pylist", "isoformat", "item"):  # numpy, Arrow, pandas
        method = getattr(value, convert, None)
        if callable(method):
            return jsonable(method())
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    raise TypeError(f"a value of type {type(value).__name__}")


def columns_of(data: object) -> dict[str, list[Any]]:
    """Return a table's columns as lists of JSON's own types.

    Args:
        data: a dict of lists (or of single values, which make one row), a pandas or polars frame, or an Arrow table.

    Raises:
        InvalidArgument: if it is no table, or its columns differ in length.
    """
    table: Any = data
    if isinstance(data, Mapping):
        raw = {str(key): value for key, value in data.items()}
        if not any(_is_column(value) for value in raw.values()):
            raw = {key: [value] for key, value in raw.items()}
    elif hasattr(table, "columns") and hasattr(table, "__getitem__"):
        names = getattr(table, "column_names", table.columns)
        raw = {str(name): table[name] for name in names}
    else:
        raise InvalidArgument(f"A table is a dict of lists or a frame, not {type(data).__name__}.")
    columns = {name: _cells(name, values) for name, values in raw.items()}
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidArgument(f"The columns of a table are of one length, not {lengths}.")
    return columns


def _is_column(value: object) -> bool:
    return (isinstance(value, Sequence) and not isinstance(value, (str, bytes))) or hasattr(value, "tolist")


def _cells(name: str, values: Any) -> list[Any]:
    if not _is_column(values) and not hasattr(values, "to_list") and not hasattr(values, "to_pylist"):
        raise InvalidArgument(f"Column {name!r} of the table is one value while others are lists. Make it a list.")
    for convert in ("to_list", "to_pylist", "tolist"):
        if callable(getattr(values, convert, None)):
            values = getattr(values, convert)()
            break
    try:
        return [jsonable(value) for value in values]
    except TypeError as error:
        raise InvalidArgument(f"Column {name!r} of the table cannot be written as JSON: {error}.") from error
