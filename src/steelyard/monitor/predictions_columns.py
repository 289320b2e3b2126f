"""What the caller of ``log_predictions`` gave, in columns: names of a table's, or values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steelyard.data import Table, open_data
from steelyard.data.columns import arrow_column
from steelyard.errors import DataError, InvalidArgument
from steelyard.metrics.slicing import Dimension
from steelyard.records.prediction import Label

_ALL = "all"
_SCALARS = (str, bool, int, float, np.generic)
_VALUES = "values"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows of one transaction, in columns; empty where nothing was given."""

    ids: tuple[str, ...]
    values: tuple[Any, ...]
    times: tuple[int, ...]
    scores: tuple[float | None, ...]
    probabilities: tuple[tuple[float | None, ...], ...]
    slices: Mapping[str, tuple[str | None, ...]]
    features: Mapping[str, tuple[Any, ...]]
    first_row: int


@dataclass(frozen=True, slots=True)
class Given:
    """A table, and which of its columns says what.

    Args:
        table: all of it.
        columns: for ``ids``, ``values``, ``times`` and ``scores`` the column, if there is one.
        labels: the classes of ``chances``.
        chances: the columns of their probabilities.
        slices, features: columns.
    """

    table: Table
    columns: Mapping[str, str]
    labels: tuple[Label, ...] = ()
    chances: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    features: tuple[str, ...] = field(default=())

    def parts(self, size: int) -> Iterator[Part]:
        """Yield the rows in parts; every id is looked at before the first."""
        self._check_ids(size)
        names = [*self.columns.values(), *self.chances, *self.slices, *self.features]
        row = 0
        for batch in self.table.batches(names, size=size):
            yield self._part(batch, row)
            row += batch.num_rows

    def _check_ids(self, size: int) -> None:
        name = self.columns.get("ids")
        if name is None:
            return
        seen: dict[str, int] = {}
        row = 0
        for batch in self.table.batches([name], size=size):
            for key in _texts(batch.column(0), name, row):
                if key in seen:
                    raise InvalidArgument(
                        f"Rows {seen[key]} and {row} have the same id {key[:60]!r} (column {name!r}). Which of them "
                        "holds? Give each id once; a correction is logged by a call of its own."
                    )
                seen[key] = row
                row += 1

    def _part(self, batch: pa.RecordBatch, row: int) -> Part:
        def column(what: str) -> Any:
            return batch.column(self.columns[what]) if what in self.columns else None

        ids, times, scores = column("ids"), column("times"), column("scores")
        chances = tuple(_numbers(batch.column(name), name) for name in self.chances)
        return Part(
            ids=() if ids is None else tuple(_texts(ids, self.columns["ids"], row)),
            values=self._values(column(_VALUES), chances),
            times=() if times is None else _times(times, self.columns["times"], row),
            scores=() if scores is None else _numbers(scores, self.columns["scores"]),
            probabilities=chances,
            slices={name: _words(batch, name) for name in self.slices},
            features={name: tuple(batch.column(name).to_pylist()) for name in self.features},
            first_row=row,
        )

    def _values(self, column: Any, chances: Sequence[tuple[float | None, ...]]) -> tuple[Any, ...]:
        if column is not None:
            return tuple(column.to_pylist())
        told = [[-1.0 if share is None else share for share in shares] for shares in zip(*chances, strict=True)]
        return tuple(None if max(one) < 0 else self.labels[one.index(max(one))] for one in told)


def given(
    data: Any, *, ids: Any = None, predictions: Any = None, scores: Any = None, probabilities: Any = None,
    features: Sequence[str] | str = (), slices: Sequence[str] | str = (), timestamps: Any = None,
    what: str = "predictions",
) -> Given:  # fmt: skip
    """Return what was given as columns of one table.

    Args:
        data, ids, predictions, scores, probabilities, features, slices, timestamps: as for ``log_predictions``.
        what: what the argument of the values is called, for errors.
    """
    if probabilities is not None and not isinstance(probabilities, Mapping):
        if scores is not None:
            raise InvalidArgument("scores and probabilities are both one column. Give one of them.")
        scores, probabilities = probabilities, None
    if _is_values(data):
        if predictions is not None:
            raise InvalidArgument(f"data is a list of values, and {what} are given besides. Which of them holds?")
        data, predictions = None, data
    table = None if data is None else open_data(_one_row(data))
    if predictions is None and table is not None and "prediction" in table.columns:
        predictions = "prediction"
    if predictions is None and not probabilities:
        raise InvalidArgument(f"There are no {what}: name their column, such as {what}='prediction', or give them.")
    made: dict[str, pa.Array] = {}
    if isinstance(ids, str) and table is not None and _one_row(data) is not data and ids not in table.columns:
        ids = [ids]  # of the one row
    asked = {"ids": ids, _VALUES: predictions, "times": timestamps, "scores": scores}
    argument = {"ids": "ids", _VALUES: what, "times": "timestamps", "scores": "scores"}
    columns = {
        name: _column(table, value, name, argument[name], made) for name, value in asked.items() if value is not None
    }
    chances = {
        label: _column(table, value, f"probability {i}", "probabilities", made)
        for i, (label, value) in enumerate((probabilities or {}).items())
    }
    whole = _joined(table, made)
    return Given(
        whole, columns, tuple(chances), tuple(chances.values()), _named(whole, slices, "slices"),
        _features(whole, features, {*columns.values(), *chances.values(), *made}),
    )  # fmt: skip


def _one_row(data: Any) -> Any:
    """Return a dict of single values as a list of one row."""
    single = isinstance(data, Mapping) and data and all(v is None or isinstance(v, _SCALARS) for v in data.values())
    return [data] if single else data


def _is_values(data: Any) -> bool:
    """Whether data are values rather than rows."""
    if data is None or (isinstance(data, str) and data):
        return False  # a path
    if isinstance(data, _SCALARS):
        return True
    if isinstance(data, (list, tuple)):
        return bool(data) and all(one is None or isinstance(one, _SCALARS) for one in data)
    one_column = type(data).__name__ == "Series" or isinstance(data, (pa.Array, pa.ChunkedArray))
    return one_column or (isinstance(data, np.ndarray) and data.ndim == 1)


def _column(table: Table | None, value: Any, name: str, argument: str, made: dict[str, pa.Array]) -> str:
    """Return the name of a column: the table's own, or one made of values."""
    if isinstance(value, str) and table is not None:
        return table.column(value, argument).name
    values = [value] if isinstance(value, (*_SCALARS, date)) else value
    key = f"{argument} (values)"
    made[key] = arrow_column(argument, values, nan_is_null=False)
    return key


def _joined(table: Table | None, made: Mapping[str, pa.Array]) -> Table:
    """Return the table with columns made of values beside its own."""
    if not made and table is not None:
        return table
    columns: dict[str, Any] = {}
    if table is not None:
        batches = list(table.batches())
        whole = pa.Table.from_batches(batches, schema=batches[0].schema)
        columns = {name: whole.column(name) for name in whole.column_names}
    rows = {name: len(column) for name, column in {**columns, **made}.items()}
    if len(set(rows.values())) > 1:
        first = next(iter(rows))
        other = next(name for name, n in rows.items() if n != rows[first])
        raise InvalidArgument(f"{first} has {rows[first]} rows and {other} has {rows[other]}: give one for each row.")
    return open_data(pa.table({**columns, **made}))


def _named(table: Table, names: Sequence[str] | str, argument: str) -> tuple[str, ...]:
    listed = (names,) if isinstance(names, str) else tuple(names)
    return tuple(table.column(name, argument).name for name in listed)


def _features(table: Table, names: Sequence[str] | str, others: set[str]) -> tuple[str, ...]:
    if names == _ALL and _ALL not in table.columns:
        return tuple(name for name in table.columns if name not in others)
    return _named(table, names, "features")


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column


def _texts(column: pa.Array, name: str, row: int) -> list[str]:
    """Return ids as text."""
    column = _plain(column)
    if column.null_count:
        first = column.is_null().index(pa.scalar(True)).as_py()
        raise DataError(f"Row {row + first} has no id (column {name!r}). Give every row one, or none.")
    kinds = (pa.types.is_integer, pa.types.is_string, pa.types.is_large_string)
    if not any(kind(column.type) for kind in kinds):
        raise DataError(f"The ids (column {name!r}) are of type {column.type}. Give text or whole numbers.")
    return pc.cast(column, pa.string()).to_pylist()


def _numbers(column: pa.Array, name: str) -> tuple[float | None, ...]:
    try:
        return tuple(_plain(column).cast(pa.float64()).to_pylist())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(f"Column {name!r} must hold probabilities; it is {column.type} ({error}).") from error


def _times(column: pa.Array, name: str, row: int) -> tuple[int, ...]:
    """Return times as milliseconds since 1970; those that name no zone are UTC."""
    if column.null_count:
        first = column.is_null().index(pa.scalar(True)).as_py()
        raise DataError(f"Row {row + first} has no time (column {name!r}). Give every row one, or none.")
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms", getattr(column.type, "tz", None)), safe=False).cast(pa.int64())
    if not pa.types.is_integer(column.type):
        raise DataError(
            f"The times (column {name!r}) are of type {column.type}. Give times, or whole milliseconds since 1970."
        )
    return tuple(column.to_pylist())


def _words(batch: pa.RecordBatch, name: str) -> tuple[str | None, ...]:
    coded = Dimension(parts=(name,)).code(batch)
    return tuple(coded.words[code][0] for code in coded.codes)
