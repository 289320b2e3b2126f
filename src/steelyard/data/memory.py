"""Rows held in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from steelyard.data.table import resized

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class InMemory:
    """An Arrow table, and the pandas frame that it was made from if it was."""

    table: pa.Table
    frame: pd.DataFrame | None = None

    @property
    def schema(self) -> pa.Schema:
        return self.table.schema

    @property
    def n_rows(self) -> int:
        return self.table.num_rows

    @property
    def in_memory(self) -> bool:
        return True

    def read(self, columns: Sequence[str], size: int) -> Iterator[pa.RecordBatch]:
        return resized(self.table.select(list(columns)).to_batches(max_chunksize=size), size)

    def to_pandas(self) -> pd.DataFrame | None:
        return self.frame
