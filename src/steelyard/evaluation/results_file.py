"""Row-level results go to a Parquet file while rows are being counted, on a thread of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from steelyard.errors import MissingDependency

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.parquet as pq

_DONE = None
_ROW_GROUP = 65_536


class ResultsFile:
    """A Parquet file that takes batches without making the caller wait for the disk.

    Args:
        path: the file to write.
        keep: also hold the batches in memory, for those who need the rows again.
    """

    def __init__(self, path: Path, *, keep: bool) -> None:
        self.path = path
        self.batches: list[pa.RecordBatch] = []
        self._keep = keep
        self._queue: Queue[pa.RecordBatch | None] = Queue(maxsize=4)
        self._problem: BaseException | None = None
        self._thread = Thread(target=self._work, name="steelyard-rows", daemon=True)
        self._thread.start()

    def write(self, batch: pa.RecordBatch) -> None:
        """Take a batch; an error of an earlier write is raised here."""
        if self._problem is not None:
            raise self._problem
        if self._keep:
            self.batches.append(batch)
        self._queue.put(batch)

    def close(self) -> None:
        """Finish the file."""
        self._queue.put(_DONE)
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def read(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows again, in order, after ``close``."""
        if self._keep:
            yield from self.batches
            return
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            yield from file.iter_batches(batch_size=65_536)

    def add(self, columns: Mapping[str, np.ndarray | Sequence[str | None]], rows: np.ndarray) -> None:
        """Write the file again with further columns, after ``close``.

        Args:
            columns: one value for each of ``rows``, by the column's name.
            rows: numbers of the rows that have values, shape (k,), ascending; the others get none.
        """
        arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
        wider = ResultsFile(self.path.with_suffix(".wider"), keep=self._keep)
        try:
            done = 0
            for batch in self.read():
                first, last = np.searchsorted(rows, (done, done + batch.num_rows))
                place = np.full(batch.num_rows, -1)
                place[rows[first:last] - done] = np.arange(first, last)
                picked = pa.array(place, mask=place < 0)
                added = [array.take(picked) for array in arrays.values()]
                names = [*batch.schema.names, *arrays]
                wider.write(pa.RecordBatch.from_arrays([*batch.columns, *added], names=names))
                done += batch.num_rows
        finally:
            wider.close()
        wider.path.replace(self.path)
        self.batches = wider.batches

    def frame(self) -> pd.DataFrame:
        """Return all rows as a pandas frame, for functions of the caller's."""
        try:
            import pandas as pd  # noqa: F401
        except ImportError:
            raise MissingDependency("pandas", extra="ml", purpose="give your own metrics a data frame") from None
        return pa.Table.from_batches(list(self.read())).to_pandas()

    def _work(self) -> None:
        writer: pq.ParquetWriter | None = None
        while (batch := self._queue.get()) is not _DONE:
            if self._problem is not None:
                continue  # drain, so that the caller never waits for a queue that nobody empties
            try:
                if writer is None:
                    writer = _open(self.path, batch.schema)
                writer.write_batch(batch, row_group_size=_ROW_GROUP)
            except Exception as problem:
                self._problem = problem
        if writer is not None:
            writer.close()


def _open(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    import pyarrow.parquet as pq

    # Numbers rarely repeat enough for a dictionary: the attempt costs more than the rest of the file.
    dictionary = [n for n in schema.names if n != "row_id" and _repeats(schema.field(n).type)]
    return pq.ParquetWriter(path, schema, compression="snappy", use_dictionary=dictionary)


def _repeats(kind: pa.DataType) -> bool:
    return pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)
