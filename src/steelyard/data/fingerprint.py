"""Row ids and the digest in one pass over the rows."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from steelyard.data.digest import Digest, row_sums
from steelyard.data.mixing import Words, mixed
from steelyard.data.row_ids import RowIds
from steelyard.errors import ColumnNotFound


class Fingerprint:
    """Takes in a table's batches in order, with all columns, and gives row ids as it goes and the digest at the end.

    Every cell is hashed once for both. See `RowIds` for what an id is and `Digest` for what the digest covers.

    Args:
        schema: the table's columns.
        id_column: the column that names each row.
        exclude: columns that are not part of a row's content for its id; the digest covers them all the same.

    Raises:
        ColumnNotFound: the id column is not in the schema.

    Examples:
        >>> batch = pa.record_batch({"x": [1, 2], "prediction": [0, 1]})
        >>> fingerprint = Fingerprint(batch.schema, exclude={"prediction"})
        >>> ids = fingerprint.update(batch)
        >>> len(ids), len(fingerprint.digest())
        (2, 32)
    """

    def __init__(
        self, schema: pa.Schema, *, id_column: str | None = None, exclude: Collection[str] = frozenset()
    ) -> None:
        if id_column is not None and id_column not in schema.names:
            raise ColumnNotFound(id_column, schema.names, argument="id_column")
        self._by_column = id_column is not None
        self._content = [name for name in schema.names if name not in exclude]
        self._rest = [name for name in schema.names if name in exclude]
        self._ids = RowIds(id_column=id_column, exclude=exclude)
        self._digest = Digest(schema)
        self._rows = 0

    def update(self, batch: pa.RecordBatch) -> Words:
        """Take in the next rows and return their ids, uint64, shape (n,).

        Raises:
            DataError: an id is missing, or is the same as an earlier one.
        """
        sums = row_sums(batch, self._content)
        hashes = mixed(sums)
        self._digest.update_hashes(mixed(sums + row_sums(batch, self._rest)) if self._rest else hashes)
        ids = self._ids.of_column(batch) if self._by_column else self._ids.of_hashes(hashes)
        self._rows += int(mixed(ids ^ mixed(hashes)).sum(dtype="uint64"))
        return ids

    def text(self, batch: pa.RecordBatch, ids: Words) -> pa.Array:
        """Return ids as people see them: the id column's own values, or 16 hexadecimal digits."""
        return self._ids.text(batch, ids)

    def rows_digest(self) -> str:
        """Return a digest of the rows so far in any order, without the excluded columns: 16 hexadecimal digits.

        Two tables with the same rows and different predictions have the same.
        """
        return f"{self._rows & 0xFFFFFFFFFFFFFFFF:016x}"

    def digest(self) -> str:
        """Return the digest of the rows so far, 32 hexadecimal digits."""
        return self._digest.hexdigest()
