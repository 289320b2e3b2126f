"""One door for data, whatever holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from steelyard.data.columns import arrow_column, rows_to_table, table_of
from steelyard.data.frames import array_table, pandas_table, plain, polars_table, refuse_duplicates
from steelyard.data.memory import InMemory
from steelyard.data.table import Source, Table
from steelyard.errors import DataError, InvalidArgument


def open_data(
    data: Any,
    *,
    targets: Any = None,
    predictions: Any = None,
    name: str | None = None,
    id_column: str | None = None,
    feature_names: Sequence[str] | None = None,
) -> Table:
    """Open rows to evaluate, wherever they lie.

    Files are never held whole: they are read in batches, as often as asked. Text files (CSV, JSONL) are read through
    once on opening, because the type of a column of text is known only at its end.

    Args:
        data: a pandas or polars frame, anything that speaks Arrow, a numpy array or list of rows, a list of dicts, a
            dict of columns, a dataset from `from_pandas` and its siblings, or a path, glob, directory or list of
            paths of Parquet, CSV (.csv, .tsv) or JSONL files, gzipped or not.
        targets: the column of true values; or the values themselves, which become the column ``target``.
        predictions: the column of predictions; or the values themselves, which become the column ``prediction``.
        name: what to call the dataset; the file's name or ``dataset`` unless given.
        id_column: the column that names each row.
        feature_names: the columns that a model is given; for arrays, what to call the columns.

    Returns:
        A table, checked to have rows, columns, and the columns named here.

    Raises:
        DataError: the data is empty, has duplicate column names, or mixes types in a column.
        ColumnNotFound: a column named here is not in the data.
        UnreadableFile: a file is damaged, truncated or of another format.

    Examples:
        >>> table = open_data([{"text": "good", "label": 1}, {"text": "bad"}], targets="label")
        >>> table.columns, table.n_rows, table.targets
        (('text', 'label'), 2, 'label')
        >>> next(table.batches(["label"])).to_pylist()
        [{'label': 1}, {'label': None}]
    """
    if isinstance(data, Table):
        return _named(data, targets, predictions, name, id_column, feature_names)
    if _is_dataset(data):
        return open_data(
            data.df,
            targets=data.targets if targets is None else targets,
            predictions=getattr(data, "predictions", None) if predictions is None else predictions,
            name=name or getattr(data, "name", None),
            id_column=id_column,
            feature_names=feature_names if feature_names is not None else getattr(data, "feature_names", None),
        )
    rows, source, label = _rows(data, feature_names)
    _refuse_empty(rows, source)
    opened = Table(rows=rows, source=source, name=label)
    if _is_array(data) and feature_names is None:
        feature_names = opened.columns
    return _named(opened, targets, predictions, name, id_column, feature_names)


def _rows(data: Any, feature_names: Sequence[str] | None) -> tuple[Source, str, str]:
    """Return the rows, where they come from, and what to call them."""
    library = type(data).__module__.partition(".")[0]
    kind = type(data).__name__
    if isinstance(data, (str, os.PathLike)) or _is_paths(data):
        from steelyard.data.files import open_files

        return open_files(data)
    if library == "pandas" and kind in {"DataFrame", "Series"}:
        frame = data.to_frame(name=data.name if data.name is not None else "feature_1") if kind == "Series" else data
        return InMemory(pandas_table(frame), frame), "pandas", "dataset"
    if library == "polars" and kind in {"DataFrame", "Series"}:
        return InMemory(polars_table(data.to_frame() if kind == "Series" else data)), "polars", "dataset"
    if library == "polars" and kind == "LazyFrame":
        return _spooled(_lazy_batches(data)), "polars", "dataset"
    if isinstance(data, pa.Table):
        return _in_memory(data), "memory", "dataset"
    if isinstance(data, pa.RecordBatch):
        return _in_memory(pa.Table.from_batches([data])), "memory", "dataset"
    if isinstance(data, pa.RecordBatchReader):
        return _spooled(data), "memory", "dataset"
    if isinstance(data, np.ndarray):
        return _in_memory(array_table(data, feature_names)), "numpy", "dataset"
    if isinstance(data, Mapping):
        return _in_memory(table_of(data)), "memory", "dataset"
    if isinstance(data, (list, tuple)):
        return _in_memory(_list_table(data, feature_names)), "memory", "dataset"
    if hasattr(data, "__arrow_c_stream__"):
        return _spooled(pa.RecordBatchReader.from_stream(data)), "memory", "dataset"
    message = (
        f"data is a {type(data).__module__}.{type(data).__qualname__}, which cannot be read as rows. Give a pandas or "
        "polars frame, an Arrow table, a numpy array, a list of dicts, a dict of columns, or a path of Parquet, CSV or "
        "JSONL files; a generator must be made a list first, because its rows are read more than once."
    )
    raise InvalidArgument(message)


def _in_memory(table: pa.Table) -> InMemory:
    refuse_duplicates(table.schema.names)
    return InMemory(plain(table))


def _list_table(data: Sequence[Any], feature_names: Sequence[str] | None) -> pa.Table:
    if not data:
        return pa.table({})
    return rows_to_table(data) if isinstance(data[0], Mapping) else array_table(data, feature_names)


def _spooled(batches: pa.RecordBatchReader) -> Source:
    from steelyard.data.spool import spool

    refuse_duplicates(batches.schema.names)
    return spool(batches)


def _lazy_batches(frame: Any) -> pa.RecordBatchReader:
    """Run a polars query in its streaming engine, so that the result is not held whole by polars either."""
    schema = polars_table(frame.collect_schema().to_frame()).schema

    def stream() -> Iterator[pa.RecordBatch]:
        for part in frame.collect_batches():
            yield from polars_table(part).cast(schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, stream())


def _is_dataset(data: Any) -> bool:
    return hasattr(data, "df") and hasattr(data, "targets") and not hasattr(data, "__arrow_c_stream__")


def _is_paths(data: Any) -> bool:
    """Say whether a list is of paths: texts are, if each ends as a data file does."""
    from steelyard.data.files import names_a_file

    return isinstance(data, (list, tuple)) and bool(data) and all(names_a_file(p) for p in data)


def _is_array(data: Any) -> bool:
    if isinstance(data, np.ndarray):
        return True
    return isinstance(data, (list, tuple)) and bool(data) and not isinstance(data[0], (Mapping, Path, str))


def _refuse_empty(rows: Source, source: str) -> None:
    if not rows.schema.names:
        message = f"The data ({source}) has no columns: there is nothing to evaluate."
        raise DataError(message)
    if rows.n_rows == 0:
        message = f"The data ({source}) has no rows: there is nothing to evaluate."
        raise DataError(message)


def _named(
    table: Table, targets: Any, predictions: Any, name: str | None, id_column: str | None, features: Any
) -> Table:
    """Return the table with its columns named, after adding those given as values."""
    table, targets = _with_values(table, targets, "targets", "target")
    table, predictions = _with_values(table, predictions, "predictions", "prediction")
    named = replace(
        table,
        targets=targets or table.targets,
        predictions=predictions or table.predictions,
        name=name or table.name,
        id_column=id_column or table.id_column,
        feature_names=table.feature_names if features is None else tuple(features),
    )
    for argument in ("targets", "predictions", "id_column"):
        column = getattr(named, argument)
        if column is not None:
            named.column(column, argument)
    for column in named.feature_names or ():
        named.column(column, "feature_names")
    return named


def _with_values(table: Table, given: Any, argument: str, column: str) -> tuple[Table, str | None]:
    """Return the table with the values as a column, and the column's name; names pass as they are."""
    if given is None or isinstance(given, str):
        return table, given
    if not isinstance(table.rows, InMemory):
        message = (
            f"{argument} is a {type(given).__name__} of values, and the data is in files that are read in batches: "
            f"store the values as a column of the files and give its name."
        )
        raise InvalidArgument(message)
    nan_is_null = type(given).__module__.partition(".")[0] == "pandas" and given.dtype.kind not in "iufb"
    values = given.to_arrow() if type(given).__module__.startswith("polars") else given
    array = arrow_column(column, values, nan_is_null=nan_is_null)
    if len(array) != table.n_rows:
        message = f"{argument} has {len(array)} values and the data has {table.n_rows} rows: give one value a row."
        raise InvalidArgument(message)
    if column in table.columns:
        message = (
            f"{argument} is given as values, which become the column {column!r}, and the data has a column {column!r} "
            f"already: rename that one, or give {argument}={column!r}."
        )
        raise InvalidArgument(message)
    frame = table.rows.frame
    rows = InMemory(
        table.rows.table.append_column(column, array),
        None if frame is None else frame.assign(**{column: _as_column(given)}),
    )
    return replace(table, rows=rows), column


def _as_column(given: Any) -> Any:
    """Return values to be placed beside a frame's rows by position, whatever index they carry."""
    return given.to_numpy() if hasattr(given, "to_numpy") else list(given)
