"""The rows of one run, read from Parquet column by column, and page by page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from steelyard.errors import UnreadableFile

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

RIGHT, WRONG, FAILED, NO_TARGET = 2, 1, 0, -1
"""How a row ended: the model was right, was wrong, gave nothing; or nobody knows what was right."""

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


class RowTable:
    """Row-level results on disk.

    Args:
        path: a Parquet file with the columns of a run's ``rows.parquet``.

    Raises:
        UnreadableFile: the file is damaged (when first read).
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def file(self) -> pq.ParquetFile:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.ParquetFile(self.path, memory_map=True)
        except (pa.ArrowInvalid, OSError) as error:
            message = f"The rows of a run cannot be read ({error}). Evaluate again to write them anew."
            raise UnreadableFile(message) from error

    def __len__(self) -> int:
        return self.file.metadata.num_rows

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.file.schema_arrow.names)

    def column(self, name: str) -> pa.ChunkedArray:
        """Return one column, read anew: a comparison may be kept for long, its rows need not."""
        return self.file.read(columns=[name]).column(name)

    def numbers(self, name: str) -> Floats:
        """Return a column as float64, NaN where it is empty."""
        import pyarrow as pa

        return np.asarray(self.column(name).cast(pa.float64()).to_numpy(), dtype=np.float64)

    def codes(self, name: str) -> tuple[Codes, list[str]]:
        """Return a column of words as codes (−1 where empty) and the words they stand for."""
        import pyarrow as pa
        import pyarrow.compute as pc

        encoded = self.column(name).cast(pa.string()).combine_chunks().dictionary_encode()
        codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
        return codes.astype(np.int32), encoded.dictionary.to_pylist()

    @cached_property
    def failed(self) -> npt.NDArray[np.bool_]:
        """Which rows the model gave nothing for."""
        return self._ended("missing_prediction", "predict_failed")

    def ids(self) -> pa.Array:
        """Return what names each line: its row's id, and after a # its repeat where lines have one."""
        import pyarrow as pa
        import pyarrow.compute as pc

        ids = self.column("row_id").combine_chunks()
        if "repeat" not in self.names:
            return ids
        repeats = self.column("repeat").cast(pa.int64()).cast(pa.string()).combine_chunks()
        return pc.binary_join_element_wise(ids.cast(pa.string()), repeats, "#")

    def verdicts(self, metric: str) -> str:
        """Return the column that says how each row ended with the scorer of a metric; empty if there is none."""
        column = f"{metric.rpartition('/')[0]}/outcome"
        return column if column in self.names else ""

    def unscored(self, column: str) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return which rows a scorer looked at, and which of these have no value from it."""
        codes, words = self.codes(column)
        scored = np.isin(codes, [code for code, word in enumerate(words) if word == "scored"])
        value = column.removesuffix("/outcome") + "/value"
        if value in self.names:
            scored &= ~np.asarray(self.column(value).is_null().to_numpy(), dtype=bool)
        return codes >= 0, (codes >= 0) & ~scored

    @cached_property
    def unanswered(self) -> npt.NDArray[np.bool_]:
        """Which rows have no target."""
        return self._ended("missing_target")

    @cached_property
    def ends(self) -> npt.NDArray[np.int8] | None:
        """Return how each row ended (RIGHT, WRONG, FAILED, NO_TARGET), or None if rows are not right or wrong."""
        import pyarrow.compute as pc

        if "correct" not in self.names:
            return None
        right = np.asarray(pc.fill_null(self.column("correct"), fill_value=False).to_numpy(), dtype=bool)
        ends = np.where(right, RIGHT, WRONG).astype(np.int8)
        ends[self.failed] = FAILED
        ends[self.unanswered] = NO_TARGET
        return ends

    def take(self, indices: Sequence[int] | Ints, columns: Sequence[str] | None = None) -> pa.Table:
        """Return some rows in the order asked for, reading only the row groups that hold them.

        Args:
            indices: positions in the file, 0 first.
            columns: names to read; all unless given.
        """
        import pyarrow as pa

        wanted = np.asarray(indices, dtype=np.int64)
        metadata = self.file.metadata
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        group = np.searchsorted(starts, wanted, side="right") - 1
        parts, places = [], []
        names = None if columns is None else list(columns)
        for number in np.unique(group):
            here = np.flatnonzero(group == number)
            part = self.file.read_row_group(int(number), columns=names)
            parts.append(part.take(pa.array(wanted[here] - starts[number])))
            places.append(here)
        if not parts:
            return self.file.schema_arrow.empty_table() if names is None else self.file.read(columns=names).slice(0, 0)
        back = np.argsort(np.concatenate(places), kind="stable")
        return pa.concat_tables(parts).take(pa.array(back))

    def _ended(self, *outcomes: str) -> npt.NDArray[np.bool_]:
        if "outcome" not in self.names:
            return np.zeros(len(self), dtype=bool)
        codes, words = self.codes("outcome")
        return np.isin(codes, [code for code, word in enumerate(words) if word in outcomes])
