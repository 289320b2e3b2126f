"""The tables of the text index: which traces perhaps hold a text, said by one bit for each three letters of it.

A document is the text of one trace, or a part of it, and has a signature of bits (see ``text_signature``). The newest
documents keep theirs whole (``text_open``). Once a block of documents is full, it is turned over: a row for each bit
that holds the bit of every document, so that a search reads a few short rows a block. A document whose trace is deleted
goes with it, and a block without documents is dropped.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table

from steelyard.store.sql.schema import SqlId, metadata

text_state = Table(
    "text_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # there is one row
    Column("next_doc", SqlId, nullable=False),
)

text_docs = Table(
    "text_docs",
    metadata,
    Column("doc", SqlId, primary_key=True, autoincrement=False),  # block × DOCS_IN_BLOCK + its place in the block
    Column("trace", SqlId, ForeignKey("traces.id", ondelete="CASCADE"), nullable=False),
)
Index("text_docs_by_trace", text_docs.c.trace)

text_open = Table(
    "text_open",
    metadata,
    Column("doc", SqlId, ForeignKey("text_docs.doc", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("signature", LargeBinary, nullable=False),
)

text_blocks = Table(
    "text_blocks",
    metadata,
    Column("block", SqlId, primary_key=True, autoincrement=False),  # one that is turned over
)

text_bits = Table(
    "text_bits",
    metadata,
    Column("block", SqlId, primary_key=True, autoincrement=False),
    Column("bit", Integer, primary_key=True, autoincrement=False),
    Column(
        "bitmap", LargeBinary, nullable=False
    ),  # deflated if that is shorter; a bit that no document has is left out
    sqlite_with_rowid=False,
)

TEXT_TABLES = (text_state, text_docs, text_open, text_blocks, text_bits)
