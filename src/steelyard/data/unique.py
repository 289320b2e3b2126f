"""Ids in a column must be there and be different: the first that is not is named, with its rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from steelyard.data.columns import shown
from steelyard.data.mixing import Words
from steelyard.data.ordinals import EXACT_ROWS
from steelyard.data.seen import Filter, Runs
from steelyard.errors import DataError

_LARGE_FILTER_BITS = 26
_SMALL_FILTER_BITS = 20


class UniqueIds:
    """Checks a column of ids, batch after batch.

    Every id is compared with the first 4,194,304 ids of the table and with those of its own batch (48 MB at most);
    further ids are not remembered, because 10**8 of them would need 800 MB.

    Args:
        column: the id column's name.
        exact_rows: ids that are remembered.
    """

    def __init__(self, column: str, *, exact_rows: int = EXACT_ROWS) -> None:
        self._column = column
        self._exact_rows = exact_rows
        self._row = 0
        self._filter = Filter(_SMALL_FILTER_BITS)
        self._runs = Runs()  # id hash to row number + 1

    def check(self, column: pa.Array, ids: Words) -> None:
        """Take in the next ids.

        Raises:
            DataError: an id is missing, or is the same as an earlier one.
        """
        self._refuse_missing(column)
        order = np.argsort(ids, kind="stable")
        keys = ids[order]
        rows = (order + self._row + 1).astype(np.uint32)
        self._refuse_duplicates(column, keys, rows)
        self._row += len(ids)
        if self._runs.size < self._exact_rows:
            self._runs.insert(keys, rows)
            self._filter.add(keys)
            if self._filter.bits < _LARGE_FILTER_BITS and self._runs.size * 16 > 1 << self._filter.bits:
                self._filter = Filter(_LARGE_FILTER_BITS)
                for known in self._runs.keys:
                    self._filter.add(known)

    def _refuse_missing(self, column: pa.Array) -> None:
        missing = column.is_null(nan_is_null=True)
        if not missing.true_count:
            return
        row = self._row + missing.index(True).as_py()
        message = (
            f"The id column {self._column!r} has no value in row {row} (counting from 0): give every row an id, "
            f"or leave id_column out and rows are named by their content."
        )
        raise DataError(message)

    def _refuse_duplicates(self, column: pa.Array, keys: Words, rows: np.ndarray) -> None:
        """Name the duplicate whose second row comes first."""
        again = np.zeros(len(keys), np.uint32)  # the earlier row + 1 of each id that has one
        same = keys[1:] == keys[:-1]
        again[1:][same] = rows[:-1][same]
        suspect = self._filter.maybe(keys)
        if suspect.any():
            earlier = self._runs.get(keys[suspect])
            again[suspect] = np.where(earlier > 0, earlier, again[suspect])
        if not again.any():
            return
        twice = np.flatnonzero(again)
        worst = twice[np.argmin(rows[twice])]
        second, first = int(rows[worst]) - 1, int(again[worst]) - 1
        message = (
            f"The id column {self._column!r} has {shown(column[second - self._row].as_py())} in row {first} and again "
            f"in row {second} (counting from 0): ids must differ. Drop the duplicates, name another id_column, or "
            f"leave it out and rows are named by their content."
        )
        raise DataError(message)
