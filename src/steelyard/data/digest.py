"""The digest of a table: one name for its full content, whatever holds it and however it is cut into batches."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from steelyard.data.cells import cell_words
from steelyard.data.families import family
from steelyard.data.mixing import GOLDEN, Words, mixed, salt_of, total

if TYPE_CHECKING:
    from steelyard.data.table import Table

_SECOND_SUM = salt_of("second sum")
_WORD = (1 << 64) - 1


class Digest:
    """Takes in a table's batches in order and gives 32 hexadecimal digits.

    Covers every value of every column, the columns' names and families of type (`steelyard.data.families`), the order
    of the rows and their number. It does not depend on the batches, the order of the columns, or what leaves a value
    alone: integer and float widths, layouts of text, dictionary encoding, units of time, or whether a missing value is
    a null or a NaN. Row hashes of 64 bits are mixed with the row's place and summed twice, 128 bits in all.

    Args:
        schema: the table's columns.

    Examples:
        >>> whole, parts = Digest(pa.schema([("x", pa.int64())])), Digest(pa.schema([("x", pa.int32())]))
        >>> whole.update(pa.record_batch({"x": pa.array([1, 2, 3])}))
        >>> parts.update(pa.record_batch({"x": pa.array([1], pa.int32())}))
        >>> parts.update(pa.record_batch({"x": pa.array([2, 3], pa.int32())}))
        >>> whole.hexdigest() == parts.hexdigest()
        True
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._columns = sorted((f.name, family(f.type)) for f in schema)
        self._row = 0
        self._sums = [0, 0]

    def update(self, batch: pa.RecordBatch) -> None:
        """Take in the next rows."""
        self.update_hashes(mixed(row_sums(batch, batch.schema.names)))

    def update_hashes(self, hashes: Words) -> None:
        """Take in the next rows by their hashes, when somebody has made these already."""
        places = np.arange(self._row + 1, self._row + 1 + len(hashes), dtype=np.uint64)
        places *= np.uint64(GOLDEN)
        places += hashes
        first = mixed(places)
        self._sums[0] = (self._sums[0] + total(first)) & _WORD
        self._sums[1] = (self._sums[1] + total(mixed(first ^ hashes, _SECOND_SUM))) & _WORD
        self._row += len(hashes)

    def hexdigest(self) -> str:
        """Return the digest of the rows so far, 32 hexadecimal digits."""
        content = repr((self._columns, self._row, self._sums)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, digest_size=16, person=b"steelyard-data-1").hexdigest()


def row_sums(batch: pa.RecordBatch, columns: list[str]) -> Words:
    """Return, for each row, the sum of its mixed cells over these columns; mix it for the row's hash."""
    sums = np.zeros(batch.num_rows, np.uint64)
    for name in columns:
        sums += mixed(cell_words(batch.column(name)), salt_of(name))
    return sums


def digest_of(table: Table) -> str:
    """Return the digest of a table, reading it through once.

    Examples:
        >>> from steelyard.data import open_data
        >>> digest_of(open_data({"x": [1, 2]})) == digest_of(open_data([{"x": 1}, {"x": 2}]))
        True
    """
    digest = Digest(table.schema)
    for batch in table.batches():
        digest.update(batch)
    return digest.hexdigest()
