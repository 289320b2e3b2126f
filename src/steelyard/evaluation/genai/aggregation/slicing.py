"""Which slice each line is in: by tags, fields of the inputs, metadata and expectations, as lines come."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.errors import ColumnNotFound, DataError, InvalidArgument
from steelyard.metrics.slicing import MOST_SLICES, Bins, Dimension, SliceIndex, SliceSpec, dimensions, too_many
from steelyard.records import Row, SliceKey


@dataclass(frozen=True, slots=True)
class CodedDimension:
    """One dimension: its name, its slices in order, and the number of each line's slice, shape (lines,)."""

    name: str
    keys: tuple[SliceKey, ...]
    codes: np.ndarray

    def column(self) -> Any:
        """Return each line's slice as an Arrow column of words, as ``rows.parquet`` has it."""
        import pyarrow as pa

        labels = [" × ".join(value for _, value in key) for key in self.keys]
        return pa.DictionaryArray.from_arrays(pa.array(self.codes, pa.int32()), pa.array(labels, pa.string()))


class SliceColumns:
    """The fields that slices are made of, one value a line, held as codes and numbers.

    Args:
        slices: names of tags or fields, lists of them to cross, and ``by_bins``.

    Raises:
        InvalidArgument: something that is none of these.
    """

    def __init__(self, slices: Sequence[SliceSpec] | None) -> None:
        self.dimensions = dimensions(slices)
        predicate = next((d for d in self.dimensions if d.predicate is not None), None)
        if predicate is not None:
            message = (
                f"slices: {predicate.title!r} is a function. Rows of an application are sliced by the names of their "
                "tags or fields: give the rows a tag that says what the function would."
            )
            raise InvalidArgument(message)
        parts = [part for d in self.dimensions for part in d.parts]
        self._texts = {part: _Words(part) for part in parts if isinstance(part, str)}
        self._numbers = {part.column: _Numbers(part.column) for part in parts if isinstance(part, Bins)}
        self._columns = [*self._texts.values(), *self._numbers.values()]
        self._seen: dict[str, None] = {}

    def add(self, row: Row) -> None:
        """Take a line's fields.

        Raises:
            DataError: a field has more values than anyone reads, or no number where bins are wanted.
        """
        for column in self._columns:
            column.add(self._value(row, column))

    def check(self) -> None:
        """Raise if a field is in no row at all."""
        for column in self._columns:
            if column and not column.found:
                raise ColumnNotFound(column.name, self._seen, argument="slices")

    def coded(self, order: np.ndarray) -> list[CodedDimension]:
        """Return each dimension's slices, and each line's place among them, lines in the order given."""
        import pyarrow as pa

        self.check()
        columns = {name: column.arrow(order) for name, column in (*self._texts.items(), *self._numbers.items())}
        clash = next((name for name in self._texts if name in self._numbers), None)
        if clash is not None:
            raise InvalidArgument(f"slices has {clash!r} both as it is and in bins; give one of them.")
        found = []
        for dimension in self.dimensions if len(order) else ():
            settled = Dimension(tuple(self._settled(part) for part in dimension.parts))
            index = SliceIndex(settled)
            first = index.add(pa.RecordBatch.from_pydict({n: columns[n] for n in dict.fromkeys(settled.columns)}))
            words, place = index.sorted()
            keys = tuple(tuple(zip(settled.names, word, strict=True)) for word in words)
            found.append(CodedDimension(settled.name, keys, place[first]))
        return found

    def _settled(self, part: str | Bins) -> str | Bins:
        if isinstance(part, str) or part.edges is not None:
            return part
        return part.with_edges(np.asarray(self._numbers[part.column].values))

    def _value(self, row: Row, column: _Words | _Numbers) -> Any:
        name = column.name
        for place in (row.tags, row.inputs, row.metadata, row.expectations):
            if isinstance(place, Mapping):
                if name in place:
                    column.found = True
                    return place[name]
                if not column.found:
                    self._seen.update(dict.fromkeys(map(str, place)))
        return None


def check_slices(slices: Sequence[SliceSpec] | None, rows: Iterable[Row]) -> None:
    """Raise what aggregating would raise about ``slices``, before anything is spent.

    Args:
        slices: names of tags or of fields, lists of them to cross, and ``by_bins``.
        rows: the test data, read once; not at all if there are no slices.

    Raises:
        InvalidArgument: a slicing that cannot be read.
        ColumnNotFound: no row has a field of that name.
        DataError: it has too many values.
    """
    columns = SliceColumns(slices)
    if not columns.dimensions:
        return
    n = 0
    for row in rows:
        columns.add(row)
        n += 1
    columns.coded(np.arange(n))


class _Words:
    """A field's values as codes: −1 for none."""

    def __init__(self, name: str) -> None:
        self.name, self.found = name, False
        self._codes = array("i")
        self._words: dict[str, int] = {}

    def __bool__(self) -> bool:
        return len(self._codes) > 0

    def add(self, value: Any) -> None:
        if value is None or value != value:
            self._codes.append(-1)
            return
        word = value if type(value) is str else _word(value)
        code = self._words.setdefault(word, len(self._words))
        if code >= MOST_SLICES:
            raise too_many(self.name)
        self._codes.append(code)

    def arrow(self, order: np.ndarray) -> Any:
        import pyarrow as pa

        codes = np.asarray(self._codes, dtype=np.int32)[order]
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(list(self._words), pa.string()))


class _Numbers:
    """A field's values as numbers: NaN for none."""

    def __init__(self, name: str) -> None:
        self.name, self.found = name, False
        self.values = array("d")

    def __bool__(self) -> bool:
        return len(self.values) > 0

    def add(self, value: Any) -> None:
        try:
            self.values.append(float("nan") if value is None else float(value))
        except (TypeError, ValueError):
            message = f"slices: {self.name!r} must hold numbers to be cut into bins; a row has {str(value)[:80]!r}."
            raise DataError(message) from None

    def arrow(self, order: np.ndarray) -> Any:
        import pyarrow as pa

        return pa.array(np.asarray(self.values, dtype=np.float64)[order])


def _word(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
