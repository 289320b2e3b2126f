"""Rows of an evaluation, from its Parquet file: only the columns that a filter, an order or a page needs are read.

On 10^6 rows a page is a few column reads, a partial sort and the row groups that its fifty rows lie in. The file is
mapped, not loaded; the orders last used are kept, so that the next page costs only its rows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from steelyard.errors import InvalidArgument, NotFound, UnreadableFile
from steelyard.web.rowfilter import Condition, RowFilter, RowOrder

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KEPT_ORDERS = 8
_FEW = 1_000
_SAMPLE = 64
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    """Some rows in order: their positions in the file, their values, and how many match in all."""

    positions: tuple[int, ...]
    rows: tuple[Mapping[str, Any], ...]
    matching: int
    total: int


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where a row stands among those that match (None if it does not), and the positions around it."""

    place: int | None
    matching: int
    earlier: int | None
    later: int | None


@lru_cache(maxsize=16)
def open_rows(path: Path, digest: str) -> RowTable:
    """Return a row table; ``digest`` is that of the content, so that a file that was replaced is opened anew."""
    del digest
    return RowTable(path)


class RowTable:
    """A Parquet file of rows."""

    def __init__(self, path: Path) -> None:
        try:
            schema = pq.read_schema(path)
            self._file = pq.ParquetFile(path, memory_map=True, read_dictionary=_dictionaries(schema))
        except (pa.ArrowInvalid, OSError) as error:
            raise UnreadableFile(f"The rows cannot be read: {error}") from error
        self.schema = schema
        self.columns: tuple[str, ...] = tuple(schema.names)
        self.total: int = self._file.metadata.num_rows
        groups = [self._file.metadata.row_group(g).num_rows for g in range(self._file.num_row_groups)]
        self._starts = np.concatenate([[0], np.cumsum(groups)]).astype(np.int64)
        self._orders: OrderedDict[tuple[RowFilter, RowOrder], NDArray[np.int64]] = OrderedDict()
        self._lengths: dict[str, float] = {}
        self._lock = Lock()

    def is_number(self, column: str) -> bool:
        """Whether a column holds numbers."""
        kind = self.schema.field(column).type
        return pa.types.is_integer(kind) or pa.types.is_floating(kind)

    def is_text(self, column: str) -> bool:
        """Whether a column holds text."""
        return _is_text(self.schema.field(column).type)

    def typical_length(self, column: str) -> float:
        """Return the mean length of the first values of a text column, in characters."""
        if column not in self._lengths:
            first = next(self._file.iter_batches(batch_size=_SAMPLE, columns=[column]), None)
            words = [v for v in first.column(0).to_pylist() if v is not None] if first is not None else []
            self._lengths[column] = sum(map(len, words)) / len(words) if words else 0.0
        return self._lengths[column]

    def page(
        self,
        chosen: RowFilter,
        order: RowOrder,
        *,
        offset: int = 0,
        size: int = 50,
        columns: Sequence[str] | None = None,
    ) -> RowPage:
        """Return rows that match, in order.

        Args:
            chosen: the filter.
            order: the order; rows that tie stand in the order of the data, empty values last.
            offset: rows to leave out at the start.
            size: rows at most.
            columns: what to read of them; all unless told.

        Raises:
            InvalidArgument: if a condition's value does not fit its column.
        """
        read: dict[str, pa.ChunkedArray] = {}
        positions, matching = self._positions(chosen, order, offset, size, read)
        names = [c for c in (columns or self.columns) if c in self.columns]
        rows = self._take(positions, names, read)
        return RowPage(positions=tuple(int(i) for i in positions), rows=rows, matching=matching, total=self.total)

    def row(self, position: int) -> Mapping[str, Any]:
        """Return every column of one row.

        Raises:
            NotFound: if there is no such row.
        """
        if not 0 <= position < self.total:
            raise NotFound(f"There is no row {position:,}: the evaluation has {self.total:,} rows, counted from 0.")
        return self._take(np.array([position]), list(self.columns), {})[0]

    def rows_at(self, positions: Sequence[int] | NDArray[np.int64]) -> tuple[Mapping[str, Any], ...]:
        """Return every column of some rows, in the order asked for, reading only the row groups that hold them."""
        return self._take(np.asarray(positions, dtype=np.int64), list(self.columns), {})

    def matches(self, chosen: RowFilter) -> NDArray[np.int64]:
        """Return the positions of all rows that match, in the order of the file."""
        return np.arange(self.total) if chosen == RowFilter() else np.flatnonzero(self._mask(chosen, {}))

    def neighbours(self, chosen: RowFilter, order: RowOrder, position: int) -> Neighbours:
        """Return where a row stands among those that match, and which stand before and after it."""
        if chosen == RowFilter() and not order.column:
            later = position + 1 if position + 1 < self.total else None
            return Neighbours(position, self.total, position - 1 if position else None, later)
        listed, _ = self._positions(chosen, order, 0, max(self.total, _FEW + 1), {})
        at = np.flatnonzero(listed == position)
        if not len(at):
            return Neighbours(None, len(listed), None, None)
        place = int(at[0])
        earlier = int(listed[place - 1]) if place else None
        later = int(listed[place + 1]) if place + 1 < len(listed) else None
        return Neighbours(place, len(listed), earlier, later)

    def column(self, name: str) -> pa.ChunkedArray:
        """Return one column."""
        return self._file.read([name]).column(0)

    def _positions(
        self, chosen: RowFilter, order: RowOrder, offset: int, size: int, read: dict[str, pa.ChunkedArray]
    ) -> tuple[NDArray[np.int64], int]:
        everything = chosen == RowFilter()
        if everything and not order.column:
            return np.arange(min(offset, self.total), min(offset + size, self.total)), self.total
        key = (chosen, order)
        with self._lock:
            kept = self._orders.get(key)
            if kept is not None:
                self._orders.move_to_end(key)
        if kept is not None:
            return kept[offset : offset + size], len(kept)
        matches = np.arange(self.total) if everything else np.flatnonzero(self._mask(chosen, read))
        if order.column and offset + size <= _FEW < len(matches):
            first = self._first(matches, order, offset + size, read)
            return first[offset:], len(matches)
        ordered = self._ordered(matches, order, read) if order.column else matches
        with self._lock:
            self._orders[key] = ordered
            while len(self._orders) > _KEPT_ORDERS:
                self._orders.popitem(last=False)
        return ordered[offset : offset + size], len(ordered)

    def _read(self, name: str, read: dict[str, pa.ChunkedArray]) -> pa.ChunkedArray:
        if name not in read:
            read[name] = self.column(name)
        return read[name]

    def _sortable(self, matches: NDArray[np.int64], order: RowOrder, read: dict[str, pa.ChunkedArray]) -> pa.Table:
        values = self._read(order.column, read)
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if pa.types.is_nested(values.type):
            raise InvalidArgument(f"Rows cannot be sorted by {order.column!r}: it holds lists or structures.")
        if pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_nan(values), None, values)
        if len(matches) < self.total:
            values = values.take(pa.array(matches))
        if pa.types.is_boolean(values.type):
            values = values.cast(pa.uint8())
        return pa.table({"value": values, "position": matches})

    def _first(
        self, matches: NDArray[np.int64], order: RowOrder, k: int, read: dict[str, pa.ChunkedArray]
    ) -> NDArray[np.int64]:
        table = self._sortable(matches, order, read)
        table = table.filter(pc.is_valid(table["value"])) if table["value"].null_count else table
        if len(table) < k:  # the empty values are needed too
            return self._ordered(matches, order, read)[:k]
        keys = [("value", "descending" if order.descending else "ascending"), ("position", "ascending")]
        chosen = pc.select_k_unstable(table, k=k, sort_keys=keys)
        return table["position"].take(chosen).to_numpy()

    def _ordered(
        self, matches: NDArray[np.int64], order: RowOrder, read: dict[str, pa.ChunkedArray]
    ) -> NDArray[np.int64]:
        table = self._sortable(matches, order, read)
        keys = [("value", "descending" if order.descending else "ascending"), ("position", "ascending")]
        return matches[pc.sort_indices(table, sort_keys=keys).to_numpy()]

    def _mask(self, chosen: RowFilter, read: dict[str, pa.ChunkedArray]) -> NDArray[np.bool_]:
        mask = np.ones(self.total, dtype=bool)
        for condition in chosen.conditions:
            mask &= self._holds(condition, self._read(condition.column, read))
        if chosen.any_of:
            held = [self._holds(condition, self._read(condition.column, read)) for condition in chosen.any_of]
            mask &= np.logical_or.reduce(held)
        if chosen.contains:
            columns = [c for c in (chosen.contains_column, *chosen.or_columns) if c]
            found = [_found(self._read(c, read), chosen.contains) for c in columns]
            mask &= np.logical_or.reduce(found) if found else False
        return mask

    def _holds(self, condition: Condition, column: pa.ChunkedArray) -> NDArray[np.bool_]:
        if pa.types.is_dictionary(column.type):
            return _by_chunk(column, condition)
        return _true(_compare(condition, column))

    def _take(
        self, positions: NDArray[np.int64], names: list[str], read: Mapping[str, pa.ChunkedArray]
    ) -> tuple[Mapping[str, Any], ...]:
        if not len(positions):
            return ()
        here = {name: read[name].take(pa.array(positions)).to_pylist() for name in names if name in read}
        missing = [name for name in names if name not in here]
        if missing:
            here |= self._take_from_file(positions, missing)
        return tuple({name: here[name][i] for name in names} for i in range(len(positions)))

    def _take_from_file(self, positions: NDArray[np.int64], names: list[str]) -> dict[str, list[Any]]:
        groups = np.searchsorted(self._starts, positions, side="right") - 1
        values: dict[str, list[Any]] = {name: [None] * len(positions) for name in names}
        for group in np.unique(groups):
            where = np.flatnonzero(groups == group)
            inside = pa.array(positions[where] - self._starts[group])
            part = self._file.read_row_group(int(group), columns=names)
            for name in names:
                for at, value in zip(where, part.column(name).take(inside).to_pylist(), strict=True):
                    values[name][at] = value
        return values


def _dictionaries(schema: pa.Schema) -> list[str]:
    """Columns of few values, which are compared by their dictionary."""
    few = ("target", "prediction", "outcome")
    ends = ("slice:", "tag:")
    return [
        f.name
        for f in schema
        if _is_text(f.type) and (f.name in few or f.name.startswith(ends) or f.name.endswith("/outcome"))
    ]


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _by_chunk(column: pa.ChunkedArray, condition: Condition) -> NDArray[np.bool_]:
    """Compare each dictionary's few values, then look up its rows."""
    parts: list[NDArray[np.bool_]] = []
    for chunk in column.chunks:
        wanted = _true(_compare(condition, chunk.dictionary))
        codes = chunk.indices
        valid = np.asarray(codes.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
        filled = codes.fill_null(0).to_numpy(zero_copy_only=False)
        parts.append((wanted[filled] if len(wanted) else np.zeros(len(filled), dtype=bool)) & valid)
    return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)


def _compare(condition: Condition, column: Any) -> Any:
    functions: dict[str, Any] = {
        "=": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
    }  # fmt: skip
    return functions[condition.operator](column, _scalar(condition, column.type))


def _scalar(condition: Condition, kind: pa.DataType) -> pa.Scalar:
    """Return the condition's value in its column's type."""
    if pa.types.is_boolean(kind):
        word = condition.value.lower()
        if word not in _WORDS:
            raise InvalidArgument(f"{condition.column!r} is true or false, so it cannot be {condition.value!r}.")
        return pa.scalar(_WORDS[word])
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        try:
            return pa.scalar(float(condition.value.replace("\N{MINUS SIGN}", "-")))
        except ValueError as error:
            message = f"{condition.column!r} holds numbers, and {condition.value!r} is not one."
            raise InvalidArgument(message) from error
    if _is_text(kind):
        return pa.scalar(condition.value, type=kind)
    try:
        return pa.scalar(condition.value).cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = f"{condition.value!r} cannot be compared with {condition.column!r}, which holds {kind}."
        raise InvalidArgument(message) from error


def _found(column: pa.ChunkedArray, text: str) -> NDArray[np.bool_]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return _true(pc.match_substring(column, text, ignore_case=True))


def _true(answer: Any) -> NDArray[np.bool_]:
    """Empty values match nothing."""
    return np.asarray(pc.fill_null(answer, fill_value=False).to_numpy(zero_copy_only=False), dtype=bool)
