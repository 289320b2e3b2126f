"""What `open_data` returns: one table, wherever its rows lie, read in batches as often as wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from steelyard.errors import ColumnNotFound, InvalidArgument, MissingDependency

if TYPE_CHECKING:
    import pandas as pd

BATCH_ROWS = 65_536


class Source(Protocol):
    """Where a table's rows lie: memory, files, or a spooled stream."""

    @property
    def schema(self) -> pa.Schema: ...
    @property
    def n_rows(self) -> int: ...
    @property
    def in_memory(self) -> bool: ...
    def read(self, columns: Sequence[str], size: int) -> Iterator[pa.RecordBatch]:
        """Yield these columns in batches of at most ``size`` rows; every call starts from the first row."""
        ...

    def to_pandas(self) -> pd.DataFrame | None:
        """Return the frame that the caller gave, or None if it was not a pandas frame."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows to evaluate, read in batches.

    Args:
        rows: where the rows lie.
        name: the dataset's name; ``dataset`` or the file's name unless given.
        source: a path or glob, or ``pandas``, ``polars``, ``numpy`` or ``memory``.
        targets: the column of true values, if the caller named one or gave an array of them.
        predictions: the column of predictions, likewise.
        id_column: the column that names each row, if there is one.
        feature_names: the columns that a model is given; None when the caller did not say.
    """

    rows: Source
    name: str = "dataset"
    source: str = "memory"
    targets: str | None = None
    predictions: str | None = None
    id_column: str | None = None
    feature_names: tuple[str, ...] | None = None

    @property
    def schema(self) -> pa.Schema:
        return self.rows.schema

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.rows.schema.names)

    @property
    def n_rows(self) -> int:
        return self.rows.n_rows

    @property
    def in_memory(self) -> bool:
        """Whether the rows are held in memory already, so that taking them whole costs nothing more."""
        return self.rows.in_memory

    def batches(self, columns: Iterable[str] | None = None, *, size: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Read the rows in order, from the first, as often as wanted.

        Args:
            columns: the columns to read, in this order; all unless given.
            size: rows in a batch at most.

        Raises:
            ColumnNotFound: a column is not in the table.
            UnreadableFile: a file is damaged, or has changed since it was opened.
        """
        if size < 1:
            message = f"size={size} must be at least 1."
            raise InvalidArgument(message)
        wanted = self.columns if columns is None else tuple(dict.fromkeys(columns))
        if not wanted:
            raise InvalidArgument("columns=[] reads nothing: name at least one column, or leave columns out for all.")
        for name in wanted:
            self.column(name, "columns")
        return self.rows.read(wanted, size)

    def column(self, name: str, argument: str | None = None) -> pa.Field:
        """Return a column's name and type.

        Args:
            name: the column.
            argument: the caller's argument that named it, for the error.

        Raises:
            ColumnNotFound: there is no such column; the message has the nearest name.
        """
        if name not in self.rows.schema.names:
            raise ColumnNotFound(name, self.columns, argument=argument)
        return self.rows.schema.field(name)

    def head(self, n: int) -> pa.Table:
        """Return the first ``n`` rows."""
        taken: list[pa.RecordBatch] = []
        left = n
        for batch in self.batches(size=max(1, min(n, BATCH_ROWS))):
            if left <= 0:
                break
            taken.append(batch.slice(0, left))
            left -= taken[-1].num_rows
        return pa.Table.from_batches(taken, schema=self.schema)

    def to_arrow(self) -> pa.Table:
        """Return all rows at once."""
        return pa.Table.from_batches(list(self.batches()), schema=self.schema)

    def to_pandas(self) -> pd.DataFrame:
        """Return all rows at once as a pandas frame; the caller's own frame if that is what was opened.

        Raises:
            MissingDependency: pandas is not installed.
        """
        original = self.rows.to_pandas()
        if original is not None:
            return original
        try:
            import pandas as pd  # noqa: F401  pyarrow needs it, and says so less clearly
        except ImportError:
            raise MissingDependency("pandas", extra="ml", purpose="give a model its rows as a data frame") from None
        return self.to_arrow().to_pandas()


def resized(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    """Yield the same rows in batches of ``size``, the last one smaller: long ones are cut, short ones joined."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for arrived in batches:
        batch = arrived
        while count + batch.num_rows >= size:
            waiting.append(batch.slice(0, size - count))
            batch = batch.slice(size - count)
            yield joined(waiting)
            waiting, count = [], 0
        if batch.num_rows:
            waiting.append(batch)
            count += batch.num_rows
    if waiting:
        yield joined(waiting)


def joined(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Return one batch with the rows of all; a single batch is returned as it is."""
    if len(batches) == 1:
        return batches[0]
    whole = pa.Table.from_batches(batches).combine_chunks()
    chunks = whole.to_batches()
    return chunks[0] if len(chunks) == 1 else pa.concat_batches([b for b in chunks if b.num_rows])
