"""Row ids: a 64-bit name for each row, by which the rows of two runs are paired."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steelyard.data.cells import cell_words
from steelyard.data.digest import row_sums
from steelyard.data.mixing import GOLDEN, Words, mixed, salt_of
from steelyard.data.ordinals import Ordinals
from steelyard.data.unique import UniqueIds
from steelyard.errors import ColumnNotFound

_ID_SALT = salt_of("row id")


class RowIds:
    """Makes the ids of a table's rows, batch after batch in order.

    With an id column, a row's id is the hash of its value there. Without one it is the hash of the row's content, and
    of an ordinal (0, 1, 2 …) among rows of the same content; how far ordinals are exact is told in `Ordinals`. The
    content is every column but those excluded, so that two models' predictions over one table share their ids. The
    order of the columns does not matter; their names do.

    Args:
        id_column: the column that names each row.
        exclude: columns that are not part of a row's content, such as predictions and probabilities.

    Examples:
        >>> ids = RowIds(exclude={"prediction"})
        >>> one, two = ids.of(pa.record_batch({"x": [1, 1], "prediction": [0.1, 0.9]}))
        >>> one == two, len(row_id_text(np.array([one]))[0].as_py())
        (np.False_, 16)
    """

    def __init__(self, *, id_column: str | None = None, exclude: Collection[str] = frozenset()) -> None:
        self._id_column = id_column
        self._exclude = frozenset(exclude)
        self._ordinals = Ordinals()
        self._unique = UniqueIds(id_column or "")

    def of(self, batch: pa.RecordBatch) -> Words:
        """Return the ids of the next rows, uint64, shape (n,).

        Raises:
            ColumnNotFound: the id column is not in the batch.
            DataError: an id is missing, or is the same as an earlier one.
        """
        if self._id_column is not None:
            return self.of_column(batch)
        return self.of_hashes(mixed(row_sums(batch, [n for n in batch.schema.names if n not in self._exclude])))

    def of_column(self, batch: pa.RecordBatch) -> Words:
        """Return the ids of the next rows by their id column."""
        name = self._id_column or ""
        if name not in batch.schema.names:
            raise ColumnNotFound(name, batch.schema.names, argument="id_column")
        column = batch.column(name)
        ids = mixed(cell_words(column), _ID_SALT)
        self._unique.check(column, ids)
        return ids

    def of_hashes(self, hashes: Words) -> Words:
        """Return the ids of the next rows by the hashes of their content."""
        ordinals = self._ordinals.of(hashes)
        if not ordinals.any():
            return hashes
        return np.where(ordinals > 0, mixed(hashes + ordinals * np.uint64(GOLDEN), _ID_SALT), hashes)

    def text(self, batch: pa.RecordBatch, ids: Words) -> pa.Array:
        """Return the ids as people see them: the id column's own values, or 16 hexadecimal digits."""
        if self._id_column is not None:
            column = batch.column(self._id_column)
            decoded = column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column
            return pc.cast(decoded, pa.string())
        return row_id_text(ids)


def row_id_text(ids: Words) -> pa.StringArray:
    """Return ids as text of 16 hexadecimal digits each.

    Examples:
        >>> row_id_text(np.array([1, 2**64 - 1], dtype=np.uint64)).to_pylist()
        ['0000000000000001', 'ffffffffffffffff']
    """
    digits = np.ascontiguousarray(ids).astype(">u8").tobytes().hex().encode("ascii")
    offsets = np.arange(0, 16 * len(ids) + 1, 16, dtype=np.int32)
    return pa.StringArray.from_buffers(len(ids), pa.py_buffer(offsets), pa.py_buffer(digits))
