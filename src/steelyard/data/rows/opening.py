"""One door for rows, whatever holds them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from steelyard.data.rows.sources import (
    HOLDERS,
    Columns,
    Listed,
    Named,
    Source,
    Tabled,
    in_mapping,
    is_rows,
)
from steelyard.errors import DataError, InvalidArgument


def open_source(data: Any) -> Source:
    """Find the rows in whatever holds them.

    Raises:
        InvalidArgument: the object holds no rows that can be read twice.
        DataError: a file is missing.
        UnreadableFile: a file is damaged, or of a format that is not read.
    """
    library, kind = type(data).__module__.partition(".")[0], type(data).__name__
    if isinstance(data, (str, os.PathLike)) or _is_paths(data):
        from steelyard.data.rows.files import open_paths

        return open_paths(data)
    if library == "pandas" and kind == "DataFrame":
        return _pandas(data)
    if library == "polars" and kind == "DataFrame":
        return Columns(tuple(data.columns), lambda: [column.to_list() for column in data.iter_columns()])
    if library in {"pyarrow", "polars"} or _is_table(data):
        return _arrow(data)
    if isinstance(data, Mapping):
        return in_mapping(data)
    if isinstance(data, (list, tuple)):
        return Listed(data)
    return _held(data)


def _is_paths(data: Any) -> bool:
    return isinstance(data, (list, tuple)) and bool(data) and all(isinstance(p, (str, os.PathLike)) for p in data)


def _is_table(data: Any) -> bool:
    return hasattr(data, "batches") and hasattr(data, "n_rows") and hasattr(data, "columns")


def _pandas(frame: Any) -> Source:
    names = tuple(str(name) for name in frame.columns)
    if len(set(names)) < len(names):
        message = f"The frame has more than one column of a name: {sorted({n for n in names if names.count(n) > 1})}."
        raise DataError(message)
    return Columns(names, lambda: [frame.iloc[:, place].array for place in range(len(names))])


def _arrow(data: Any) -> Source:
    from steelyard.data.opening import open_data

    table = open_data(data)
    return Tabled(table, table.name)


def _held(data: Any) -> Source:
    """Open an object that holds rows."""
    for attribute in ("df", "to_df"):  # datasets of ours and of MLflow
        found = getattr(data, attribute, None)
        if found is not None:
            source = open_source(found() if callable(found) else found)
            name = getattr(data, "name", None)
            return Named(source, name) if isinstance(name, str) and name else source
    for holder in HOLDERS:
        found = getattr(data, holder, None)
        if found is not None and is_rows(found):
            name = getattr(data, "name", None)
            return Listed(found, name if isinstance(name, str) and name else "dataset")
    if hasattr(data, "__len__") and (hasattr(data, "__iter__") or hasattr(data, "__getitem__")):
        return Listed(data)
    if hasattr(data, "__arrow_c_stream__"):
        return _arrow(data)
    message = (
        f"data is a {type(data).__module__}.{type(data).__qualname__}, which cannot be read as rows. Give a list of "
        "dicts, a pandas or polars frame, an Arrow table, a list of traces, or a path of JSONL, JSON, CSV, Parquet or "
        "YAML files; a generator must be made a list first, because its rows are read more than once."
    )
    raise InvalidArgument(message)
