"""Streams that can be read only once are kept, in memory while small and then in a temporary file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import pyarrow as pa

from steelyard.data.frames import plain
from steelyard.data.memory import InMemory
from steelyard.data.table import resized

if TYPE_CHECKING:
    import pandas as pd

IN_MEMORY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Spooled:
    """A stream's rows in a nameless temporary file that vanishes with this object.

    Args:
        schema: the columns.
        n_rows: how many rows there are.
        file: the batches, each an Arrow stream of its own, so that any can be read alone.
        places: where each batch begins.
    """

    schema: pa.Schema
    n_rows: int
    file: IO[bytes]
    places: tuple[int, ...]

    def __del__(self) -> None:
        self.file.close()

    @property
    def in_memory(self) -> bool:
        return False

    def read(self, columns: Sequence[str], size: int) -> Iterator[pa.RecordBatch]:
        return resized(self._batches(list(columns)), size)

    def _batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        for place in self.places:  # the file is shared: a pass finds its own place again after every batch
            self.file.seek(place)
            with pa.ipc.open_stream(self.file) as reader:
                batch = reader.read_next_batch()
            yield batch.select(columns)

    def to_pandas(self) -> pd.DataFrame | None:
        return None


def spool(stream: pa.RecordBatchReader, *, in_memory_bytes: int = IN_MEMORY_BYTES) -> InMemory | Spooled:
    """Keep a stream's rows so that they can be read again.

    Args:
        stream: the rows, which are read to their end.
        in_memory_bytes: rows up to this size stay in memory.
    """
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in stream:
        held.append(batch)
        size += batch.nbytes
        if size > in_memory_bytes:
            return _to_file(stream, held)
    return InMemory(plain(pa.Table.from_batches(held, schema=stream.schema)))


def _to_file(stream: pa.RecordBatchReader, held: list[pa.RecordBatch]) -> Spooled:
    schema = pa.schema([f.remove_metadata() for f in stream.schema])
    file = tempfile.TemporaryFile(prefix="steelyard-")  # noqa: SIM115  closed when the table is let go
    places: list[int] = []
    rows = 0

    def keep(batch: pa.RecordBatch) -> None:
        nonlocal rows
        places.append(file.tell())
        rows += batch.num_rows
        with pa.ipc.new_stream(file, schema) as writer:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))

    while held:
        keep(held.pop(0))
    for batch in stream:
        keep(batch)
    return Spooled(schema=schema, n_rows=rows, file=file, places=tuple(places))
