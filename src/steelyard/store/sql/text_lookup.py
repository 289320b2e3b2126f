"""Asking the text index which traces perhaps hold something. A trace that waits to be indexed always does, perhaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, func, select

from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.text_schema import text_bits, text_blocks, text_docs, text_open
from steelyard.store.sql.text_signature import BITS, DOCS_IN_BLOCK, bitmap_of
from steelyard.store.sql.trace_schema import traces_waiting

_MOST_WAITING = 200_000
_LIST = 10_000


class TextLookup:
    """Reads the index within one transaction.

    Args:
        connection: whose transaction sees the index and the traces in the same state.
        dialect: spells lists.
    """

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        self._open: tuple[np.ndarray, np.ndarray] | None = None
        self._blocks: list[int] | None = None

    def waiting(self) -> np.ndarray | None:
        """Return the traces that wait; None if they are too many to be worth it."""
        found = self._connection.execute(select(traces_waiting.c.trace).limit(_MOST_WAITING + 1)).scalars().all()
        return None if len(found) > _MOST_WAITING else np.array(sorted(found), np.int64)

    def most(self) -> int:
        """Return from how many traces on it is quicker to look into them than to list them."""
        last = self._connection.execute(select(func.max(text_docs.c.doc))).scalar() or 0
        return max(_LIST, int((_LIST * last / 5) ** 0.5))

    def traces(self, bits: Sequence[int], *, most: int) -> np.ndarray | None:
        """Return the indexed traces that have all the bits in one document, in order; None if they are too many."""
        docs = np.concatenate([self._docs_of_blocks(bits), self._open_docs(bits)])
        if len(docs) > most:
            return None
        chosen = select(text_docs.c.trace).where(self._dialect.among(text_docs.c.doc, docs.tolist()))
        return np.unique(np.array(self._connection.execute(chosen).scalars().all(), np.int64))

    def _docs_of_blocks(self, bits: Sequence[int]) -> np.ndarray:
        if self._blocks is None:
            self._blocks = list(self._connection.execute(select(text_blocks.c.block)).scalars())
        rows: dict[int, list[bytes]] = {block: [] for block in self._blocks}
        if rows:
            b = text_bits.c
            statement = select(b.block, b.bitmap).where(b.block.in_(self._blocks), b.bit.in_(bits))
            for block, bitmap in self._connection.execute(statement):
                rows[block].append(bitmap)
        whole = [block for block, bitmaps in rows.items() if len(bitmaps) == len(bits)]
        found = [np.zeros(0, np.int64)]
        for block in whole:
            both = np.bitwise_and.reduce([bitmap_of(bitmap) for bitmap in rows[block]])
            if both.any():
                found.append(np.flatnonzero(np.unpackbits(both)) + block * DOCS_IN_BLOCK)
        return np.concatenate(found)

    def _open_docs(self, bits: Sequence[int]) -> np.ndarray:
        if self._open is None:
            rows = self._connection.execute(select(text_open.c.doc, text_open.c.signature)).all()
            docs = np.array([doc for doc, _ in rows], np.int64)
            whole = np.frombuffer(b"".join(signature for _, signature in rows), np.uint8).reshape(len(rows), BITS // 8)
            self._open = docs, whole
        docs, whole = self._open
        has = np.ones(len(docs), bool)
        for bit in bits:
            has &= (whole[:, bit // 8] & (128 >> bit % 8)) != 0
        return docs[has]
