"""Reading and writing transactions, whatever the database, in any thread and in any process after a fork."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import ClauseElement, Connection, Engine
from sqlalchemy.exc import DBAPIError

from steelyard.store.sql.dialect import Cursor, Dialect
from steelyard.store.sql.forks import ForkGate

T = TypeVar("T")

# Connections inherited over a fork are the parent's: never used, and kept here so that they are never closed either.
_inherited: list[object] = []
_spelt: dict[tuple[str, object], Any] = {}


@dataclass(slots=True, eq=False)
class _Work:
    """One caller's part of a shared commit."""

    work: Callable[[Cursor], Any]
    durable: bool
    done: bool = False
    result: Any = None
    error: BaseException | None = None

    def attempt(self, connection: sqlite3.Connection, cursor: Cursor) -> None:
        """Do the work behind a savepoint, so that its failure takes nobody else's work with it."""
        cursor.execute("SAVEPOINT one")
        try:
            self.result = self.work(cursor)
        except Exception as error:
            if not connection.in_transaction:  # the database gave up the whole transaction (disk full, say)
                raise
            self.error = error
            cursor.execute("ROLLBACK TO one")
        cursor.execute("RELEASE one")

    def outcome(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


class Database:
    """Transactions on one database.

    Args:
        dialect: which database, and how it spells what is not standard.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._open()
        self._gate = ForkGate(self._close_before_fork, self._begin_anew)

    def _open(self) -> None:
        self._reading: Engine | None = None
        self._writing: Engine | None = None
        self._writer: Connection | None = None
        self._writer_durable = True
        self._soft = False  # whether this process has commits that are perhaps not on disk yet
        self._queue: deque[_Work] = deque()
        self._opening = threading.RLock()
        self._turn = threading.Lock()

    def _close_before_fork(self) -> None:
        if self.dialect.one_writer:  # a server's connections may stay open, unused by the child
            self._close_connections()

    def _begin_anew(self) -> None:
        _inherited.extend((self._reading, self._writing, self._writer))
        self._open()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a reading transaction: every statement in it sees the same state."""
        with self._gate.inside(), self._explained(), self._reader().connect() as connection:
            if not self.dialect.one_writer:  # SQLite's reads are snapshots anyway
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a writing transaction, on disk when this block ends; nothing is kept if it raises."""
        if not self.dialect.one_writer:
            with self._explained(), self._pooled_writer(durable=True) as connection:
                yield connection
            return
        with self._gate.inside(), self._explained(), self._turn:
            connection = self._one_writer(durable=True)
            bare = cast("sqlite3.Connection", connection.connection.dbapi_connection)
            changes = bare.total_changes
            with connection.begin():
                yield connection
            if bare.total_changes == changes:
                self.dialect.flush(connection)

    def run(self, work: Callable[[Cursor], T], *, durable: bool = True) -> T:
        """Do ``work`` on a bare DBAPI cursor in a writing transaction: the quick way for small writes.

        On SQLite, threads that wait for the writer at the same moment share one commit.
        """
        if not self.dialect.one_writer:
            with self._explained(), self._pooled_writer(durable=durable) as connection:
                return work(connection.connection.cursor())
        ticket = _Work(work, durable)
        with self._gate.inside():
            self._queue.append(ticket)
            with self._turn:
                if not ticket.done:
                    self._commit_queue()
        with self._explained():  # an error of this work alone, while others shared the commit
            return ticket.outcome()

    def _commit_queue(self) -> None:
        batch: list[_Work] = []
        while self._queue:
            batch.append(self._queue.popleft())
        try:
            with self._explained():
                self._commit(batch)
        except BaseException as error:
            for ticket in batch:
                ticket.error = ticket.error or error
        for ticket in batch:
            ticket.done = True

    def _commit(self, batch: list[_Work]) -> None:
        durable = any(ticket.durable for ticket in batch)
        writer = self._one_writer(durable=durable)
        connection = cast("sqlite3.Connection", writer.connection.dbapi_connection)
        changes = connection.total_changes
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            if len(batch) == 1:
                batch[0].result = batch[0].work(cursor)
            else:
                for ticket in batch:
                    ticket.attempt(connection, cursor)
            cursor.execute("COMMIT")
        finally:
            if connection.in_transaction:
                cursor.execute("ROLLBACK")
        # A commit that changed nothing does not reach for the disk, but what it confirms may have been written softly.
        if durable and connection.total_changes == changes:
            self.dialect.flush(writer)

    def text(self, statement: ClauseElement) -> str:
        """Return the SQL of a statement for ``run``; its parameters are named."""
        return str(statement.compile(dialect=self._reader().dialect))

    def positional(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> str:
        """Return the SQL of a statement for ``run``; its parameters are a tuple, the quicker way for many rows.

        Args:
            statement: its parameters are counted in the order of its text, so every one has a name of its own
                (``bindparam``), and no value stands in it.
            columns: for an INSERT, its columns in the order of the table; all of them unless told.
        """
        return str(statement.compile(dialect=self.dialect.positional, column_keys=columns))

    def spelt(self, kind: Callable[[Database], T]) -> T:
        """Return the object that holds a noun's statements for ``run``: spelt once for all stores of this dialect.

        Args:
            kind: makes it; it may keep the texts of statements, and nothing of this database.
        """
        key = (self.dialect.name, kind)
        if key not in _spelt:
            _spelt[key] = kind(self)
        return _spelt[key]

    def close(self) -> None:
        """Let go of every connection. The next use opens new ones."""
        with self._turn:
            self._close_connections()

    def _close_connections(self) -> None:
        with self._opening:
            if self._writer is not None:
                self._writer.close()
            for engine in (self._reading, self._writing):
                if engine is not None:
                    engine.dispose()
            self._reading = self._writing = self._writer = None

    def _reader(self) -> Engine:
        if self._reading is None:
            with self._opening:
                self._reading = self._reading or self.dialect.reading()
        return self._reading

    def _one_writer(self, *, durable: bool) -> Connection:
        if self._writer is None:
            self._writing = self.dialect.writing()
            self._writer = self._writing.connect()
            self._writer_durable = True
        if self._writer_durable != durable:
            self.dialect.set_durable(self._writer, durable=durable)
            self._writer_durable = durable
        return self._writer

    @contextmanager
    def _pooled_writer(self, *, durable: bool) -> Iterator[Connection]:
        soft_before, self._soft = self._soft, self._soft and not durable
        try:
            with self._reader().begin() as connection:
                self.dialect.set_durable(connection, durable=durable)
                yield connection
                if durable and soft_before:
                    self.dialect.flush(connection)
        except BaseException:
            self._soft = self._soft or soft_before
            raise
        if not durable:
            self._soft = True

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            known = self.dialect.explain(cause) if cause is not None else None
            if known is None:
                raise
            raise known from error
