"""Parquet, a batch at a time: never a whole file, nor a whole row group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from steelyard.errors import UnreadableFile

READ_AHEAD = 1 << 20  # bytes that each column's stream holds: without it a row group's columns are held whole


@dataclass(frozen=True, slots=True)
class ParquetData:
    """A Parquet file, known by its footer."""

    path: Path
    schema: pa.Schema
    n_rows: int
    group_ends: tuple[int, ...]

    @classmethod
    def open(cls, path: Path) -> ParquetData:
        """Read the footer.

        Raises:
            UnreadableFile: the footer is missing or damaged, as when a write was cut short.
        """
        try:
            with pq.ParquetFile(path) as file:
                meta = file.metadata
                schema = pa.schema([f.remove_metadata() for f in file.schema_arrow])
                ends = tuple(accumulate(meta.row_group(i).num_rows for i in range(meta.num_row_groups)))
                return cls(path, schema, meta.num_rows, ends)
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            message = (
                f"{path} is not a whole Parquet file: {_first_line(error)} It was probably cut short while being "
                f"written or copied: write or copy it again."
            )
            raise UnreadableFile(message) from error

    def read(self, columns: Sequence[str], schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        done = 0
        try:
            with pq.ParquetFile(self.path, pre_buffer=False, buffer_size=READ_AHEAD) as file:
                # One thread: others would each hold their own buffers, and the work is seldom here.
                for batch in file.iter_batches(batch_size=size, columns=list(columns), use_threads=False):
                    yield conformed(batch, schema)
                    done += batch.num_rows
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            group = next((i for i, end in enumerate(self.group_ends) if done < end), 0)
            message = (
                f"{self.path} is damaged in row group {group} of {len(self.group_ends)}, after row {done}: "
                f"{_first_line(error)} Write or copy the file again."
            )
            raise UnreadableFile(message) from error


def conformed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the batch's columns in the order and types of the schema."""
    arrays = []
    for field in schema:
        array = batch.column(field.name)
        arrays.append(array if array.type.equals(field.type) else array.cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return text if text.endswith(".") else text + "."
