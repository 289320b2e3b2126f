"""Keeping the text index: what waits is read and turned into signatures first, then written in a short transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, literal_column, select, update

from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.text_schema import text_bits, text_blocks, text_docs, text_open, text_state
from steelyard.store.sql.text_signature import DOCS_IN_BLOCK, Documents, turned_over
from steelyard.store.sql.trace_schema import spans, traces, traces_waiting

_SPANS_AT_ONCE = 600  # some 20 ms of work, so that little is thrown away when a trace changes meanwhile
_MOST_TRACES = 200
_THIN = 4  # a block with less than a quarter of its documents is given up
_SECONDS_BETWEEN_LOOKS = 600.0
_REST = 20  # a large trace that still grows is read again after so many times the time that it takes

FACTS = ("type", "name", "status", "model")
"""The columns of spans whose values are found as facts."""
TEXTS = ("name", "inputs", "outputs", "attributes", "events")
"""The columns of spans that the full text is."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Traces that wait, as they were when their texts were read."""

    next_doc: int
    versions: dict[int, int]
    signatures: dict[int, list[bytes]]


class TextIndex:
    """Makes the texts of traces findable, beside the requests.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked = time.monotonic()
        self._resting: dict[int, float] = {}

    @property
    def _statements(self) -> _Statements:
        return self._database.spelt(_Statements)

    def waiting(self) -> int:
        """Return how many traces wait to be indexed."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(traces_waiting)).scalar_one()

    def index_some(self, max_seconds: float) -> int:
        """Index traces that wait, for about so long; at least a few of them.

        Each transaction is short and whole in itself: whoever dies in between loses nothing but the work.

        Returns:
            How many traces became findable.
        """
        end, indexed = time.monotonic() + max_seconds, 0
        while True:
            batch = self._read()
            if batch.versions:
                indexed += self._database.run(lambda cursor, batch=batch: self._write(cursor, batch), durable=False)
            turned = self._turn_over_one()
            if time.monotonic() >= end or not (batch.versions or turned):
                break
        self._look_for_thin_blocks()
        return indexed

    def _read(self) -> _Batch:
        begin = time.monotonic()
        self._resting = {number: until for number, until in self._resting.items() if until > begin}
        with self._database.read() as connection:
            next_doc = connection.execute(select(text_state.c.next_doc)).scalar() or 0
            versions, n_spans = _next_waiting(connection, list(self._resting))
            signatures = dict(self._signatures(connection, list(versions))) if versions else {}
        if n_spans > _SPANS_AT_ONCE:
            now = time.monotonic()
            self._resting |= dict.fromkeys(versions, now + _REST * (now - begin))
        return _Batch(next_doc, versions, signatures)

    def _signatures(self, connection: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, list[bytes]]]:
        among = self._database.dialect.among
        metadata = select(traces.c.id, traces.c.metadata).where(among(traces.c.id, numbers))
        told: dict[int, str] = dict(connection.execute(metadata).all())
        statement = (
            select(spans.c.trace, *(spans.c[name] for name in dict.fromkeys((*FACTS, *TEXTS))))
            .where(among(spans.c.trace, numbers))
            .order_by(spans.c.trace)
        )
        found = connection.execution_options(yield_per=200).execute(statement)
        for number, rows in groupby(found, key=itemgetter(0)):
            yield number, _documents(rows, told.pop(number))
        for number, text in told.items():
            yield number, _documents((), text)

    def _write(self, cursor: Cursor, batch: _Batch) -> int:
        do = self._statements
        pack = self._database.dialect.pack
        cursor.execute(do.begin, (1, 0))
        cursor.execute(do.lock)
        if cursor.fetchone()[0] != batch.next_doc:
            return 0  # another process has indexed meanwhile: what was read may be old
        # Never waiting for a trace that is just being written or deleted: its turn comes again.
        cursor.execute(do.lock_traces, (pack(sorted(batch.versions)),))
        there = [number for (number,) in cursor.fetchall()]
        cursor.execute(do.versions, (pack(there),))
        same = sorted(number for number, version in cursor.fetchall() if batch.versions[number] == version)
        if not same:
            return 0
        cursor.execute(do.unmark, (pack(same),))
        cursor.execute(do.forget, (pack(same),))  # what these traces were before
        docs = [(number, signature) for number in same for signature in batch.signatures[number]]
        numbered = list(enumerate(docs, start=batch.next_doc))
        cursor.executemany(do.add_doc, [(doc, number) for doc, (number, _) in numbered])
        cursor.executemany(do.add_open, [(doc, signature) for doc, (_, signature) in numbered])
        cursor.execute(do.count, (batch.next_doc + len(docs),))
        return len(same)

    def _turn_over_one(self) -> bool:
        """Turn the oldest full block over, if one is."""
        with self._database.read() as connection:
            next_doc = connection.execute(select(text_state.c.next_doc)).scalar() or 0
            first = connection.execute(select(func.min(text_open.c.doc))).scalar()
            if first is None or first // DOCS_IN_BLOCK == next_doc // DOCS_IN_BLOCK:
                return False
            block = first // DOCS_IN_BLOCK
            last = (block + 1) * DOCS_IN_BLOCK - 1
            chosen = text_open.c.doc.between(first, last)
            rows = connection.execute(select(text_open.c.doc, text_open.c.signature).where(chosen)).all()
        places = [(doc % DOCS_IN_BLOCK, signature) for doc, signature in rows]
        bits = [(block, bit, row) for bit, row in turned_over(places)]

        def write(cursor: Cursor) -> None:
            do = self._statements
            cursor.execute(do.begin, (1, 0))
            cursor.execute(do.lock)
            cursor.execute(do.add_block, (block,))
            if cursor.rowcount == 1:  # nobody else has done it
                cursor.executemany(do.add_bit, bits)
                cursor.execute(do.close, (first, last))

        self._database.run(write, durable=False)
        return True

    def _look_for_thin_blocks(self) -> None:
        """Give up blocks most of whose traces are deleted or were indexed again; the others of them wait again."""
        if time.monotonic() < self._looked + _SECONDS_BETWEEN_LOOKS:
            return
        self._looked = time.monotonic()
        self.drop_thin_blocks()

    def drop_thin_blocks(self) -> int:
        """Drop the blocks that have lost most of their documents; return how many."""
        with self._database.read() as connection:
            blocks = connection.execute(select(text_blocks.c.block)).scalars().all()
            living = {block: _living(connection, block) for block in blocks}
        thin = [block for block in blocks if living[block] * _THIN < DOCS_IN_BLOCK]
        for block in thin:
            self._database.run(lambda cursor, block=block: self._drop(cursor, block), durable=False)
        return len(thin)

    def _drop(self, cursor: Cursor, block: int) -> None:
        do = self._statements
        ends = (block * DOCS_IN_BLOCK, (block + 1) * DOCS_IN_BLOCK - 1)
        cursor.execute(do.begin, (1, 0))
        cursor.execute(do.lock)
        cursor.execute(do.traces_of, ends)
        again = [(number, 1) for (number,) in cursor.fetchall()]
        if again:
            cursor.executemany(do.mark, again)
        cursor.execute(do.forget_between, ends)
        cursor.execute(do.drop_bits, (block,))
        cursor.execute(do.drop_block, (block,))


class _Statements:
    """The statements of the index, spelt once."""

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        listed, w = dialect.listed, traces_waiting.c
        between = (text_docs.c.doc >= bindparam("first"), text_docs.c.doc <= bindparam("last"))
        still_open = (text_open.c.doc >= bindparam("first"), text_open.c.doc <= bindparam("last"))
        locked = select(traces.c.id).where(listed(traces.c.id)).order_by(traces.c.id)
        marked = select(w.trace, w.version).where(listed(w.trace)).order_by(w.trace)
        again = dialect.insert(traces_waiting).on_conflict_do_update(
            index_elements=["trace"], set_={"version": w.version + literal_column("1")}
        )
        self.begin = text(dialect.insert(text_state).on_conflict_do_nothing())
        self.lock = text(select(text_state.c.next_doc).with_for_update())
        self.lock_traces = text(locked.with_for_update(read=True, key_share=True, skip_locked=True))
        self.versions = text(marked.with_for_update(skip_locked=True))
        self.unmark = text(delete(traces_waiting).where(listed(w.trace)))
        self.forget = text(delete(text_docs).where(listed(text_docs.c.trace)))
        self.add_doc = text(insert(text_docs))
        self.add_open = text(insert(text_open))
        self.count = text(update(text_state).values(next_doc=bindparam("next")))
        self.add_block = text(dialect.insert(text_blocks).on_conflict_do_nothing())
        self.add_bit = text(insert(text_bits))
        self.close = text(delete(text_open).where(*still_open))
        self.traces_of = text(select(text_docs.c.trace).distinct().where(*between).order_by(text_docs.c.trace))
        self.mark = text(again)
        self.forget_between = text(delete(text_docs).where(*between))
        self.drop_bits = text(delete(text_bits).where(text_bits.c.block == bindparam("of")))
        self.drop_block = text(delete(text_blocks).where(text_blocks.c.block == bindparam("of")))


def _next_waiting(connection: Connection, resting: Sequence[int]) -> tuple[dict[int, int], int]:
    """Return traces that wait with the versions of their marks, as many as are indexed at once, and their spans."""
    w = traces_waiting.c
    statement = select(w.trace, w.version, traces.c.n_spans).join(traces, traces.c.id == w.trace)
    chosen: dict[int, int] = {}
    n_spans = 0
    rows = connection.execute(statement.where(w.trace.not_in(resting)).order_by(w.trace).limit(_MOST_TRACES))
    for number, version, its_spans in rows:
        if chosen and n_spans + its_spans > _SPANS_AT_ONCE:
            break
        chosen[number] = version
        n_spans += its_spans
    return chosen, n_spans


def _documents(rows: Iterable[Any], metadata: str) -> list[bytes]:
    documents = Documents()
    for key, value in msgspec.json.decode(metadata, type=dict[str, str]).items():
        documents.add_fact("metadata", key, value)
    for _, kind, name, status, model, *contents in rows:
        for fact in zip(FACTS, (kind, name, status, model), strict=True):
            documents.add_fact(*fact)
        documents.add(name)
        for content in contents:
            documents.add(content)
    return documents.signatures()


def _living(connection: Connection, block: int) -> int:
    ends = (block * DOCS_IN_BLOCK, (block + 1) * DOCS_IN_BLOCK - 1)
    counted = select(func.count()).select_from(text_docs).where(text_docs.c.doc.between(*ends))
    return connection.execute(counted).scalar_one()
