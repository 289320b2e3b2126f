"""The space that traces take, and giving back what they took."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import cast as cast_type

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    LargeBinary,
    Text,
    cast,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, REGCLASS

from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor, Dialect, SqliteDialect
from steelyard.store.sql.text_schema import TEXT_TABLES
from steelyard.store.sql.trace_schema import TRACE_TABLES, spans, traces
from steelyard.store.sql.window_schema import WINDOW_TABLES

_ALL_UP_TO = 1_000  # traces that are measured one by one
_SAMPLE = 500
_ROW = 100  # bytes of a row's keys, times and numbers, with its places in indexes
_PAGES_AT_ONCE = 128
_SMALL_LOG = 32 << 20
_LARGE_LOG = 96 << 20
_INCREMENTAL = 2
_CIRCLE = 1 << 20
_GOLDEN = 648_055  # of a circle: each step lands in the widest gap that the ones before have left


@dataclass(frozen=True, slots=True)
class Size:
    """What an experiment's traces take. ``error``: the standard error of ``bytes``, 0 where all were measured."""

    traces: int
    spans: int
    bytes: int
    error: float = 0.0

    @property
    def at_least(self) -> int:
        """What they take almost certainly."""
        return max(0, self.bytes - math.ceil(2 * self.error))


def size_of(connection: Connection, dialect: Dialect, number: int) -> Size:
    """Return what an experiment's traces take, from a sample if there are many.

    Args:
        connection: a reading transaction.
        dialect: its database.
        number: the experiment's row id.
    """
    of_experiment = traces.c.experiment == number
    n = connection.execute(select(func.count()).where(of_experiment)).scalar_one()
    chosen = [of_experiment] if n <= _ALL_UP_TO else [of_experiment, _drawn(_SAMPLE / n)]
    measured = bytes_of(connection, dialect, list(connection.execute(select(traces.c.id).where(*chosen)).scalars()))
    n_spans = sum(spans for spans, _ in measured.values())
    total = sum(size for _, size in measured.values())
    k = len(measured)
    if k < 2 or k == n:
        return Size(n, n_spans, total)
    spread = math.sqrt(sum((size - total / k) ** 2 for _, size in measured.values()) / (k - 1))
    return Size(n, round(n * n_spans / k), round(n * total / k), n * spread / math.sqrt(k))


def bytes_of(connection: Connection, dialect: Dialect, numbers: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return of traces, by row id, how many spans and how many bytes they have."""
    s, t = spans.c, traces.c
    own = _bytes(dialect, t.request_preview, t.response_preview, t.metadata)
    found = {
        number: (0, _ROW + size)
        for number, size in connection.execute(select(t.id, own).where(dialect.among(t.id, numbers)))
    }
    of_span = _bytes(dialect, s.name, s.inputs, s.outputs, s.attributes, s.events)
    statement = select(s.trace, func.count(), _whole(func.sum(of_span)))
    for number, n, size in connection.execute(statement.where(dialect.among(s.trace, numbers)).group_by(s.trace)):
        found[number] = (n, found[number][1] + size + n * _ROW)
    return found


def _whole(expression: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(expression, BigInteger)  # PostgreSQL's sums are of another type


def _bytes(dialect: Dialect, *columns: ColumnElement[Any]) -> ColumnElement[int]:
    length = func.octet_length if dialect.name == "postgresql" else _sqlite_bytes
    return sum((func.coalesce(length(column), 0) for column in columns), start=literal_column("0"))


def _sqlite_bytes(column: ColumnElement[Any]) -> ColumnElement[int]:
    return func.length(cast(column, LargeBinary))


def _drawn(share: float) -> ColumnElement[bool]:
    """Draw about this share of the traces, evenly over the order in which they came; an index tells."""
    return (traces.c.id % _CIRCLE) * _GOLDEN % _CIRCLE < max(1, math.ceil(share * _CIRCLE))


def free_pages(database: Database, *, until: float) -> int:
    """Give pages that nothing uses back to the disk, a few at a time; return how many bytes that were.

    A fiftieth of the file is left for what comes next. PostgreSQL does this by itself (autovacuum).
    """
    if database.dialect.name != "sqlite":
        return 0
    freed = 0
    while time.monotonic() < until:
        with database.read() as connection:
            mode, size, pages, free = (
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("auto_vacuum", "page_size", "page_count", "freelist_count")
            )
        n = min(free - pages // 50, _PAGES_AT_ONCE)
        if mode != _INCREMENTAL or n <= 0:
            break
        given = database.run(lambda cursor, n=n: _vacuum(cursor, n), durable=False)
        if not given:
            break
        freed += given * size
    return freed


def _vacuum(cursor: Cursor, pages: int) -> int:
    before = _free(cursor)
    for _ in range(pages):  # Python's driver takes one step of this statement, which is one page
        cursor.execute("PRAGMA incremental_vacuum(1)")
    return before - _free(cursor)


def _free(cursor: Cursor) -> int:
    cursor.execute("PRAGMA freelist_count")
    return cursor.fetchone()[0]


def shorten_log(database: Database) -> None:
    """Keep SQLite's log from growing without end while there are always readers.

    A log starts again from its beginning once all of it is in the file and nobody reads it. Writers see to the first by
    themselves at every eight megabytes or so; the second may never come about on a busy server. Beyond a size we wait
    for the readers, and the next writer waits with us, half a second at most.
    """
    dialect = database.dialect
    if not isinstance(dialect, SqliteDialect):
        return
    size = _size(Path(f"{dialect.path}-wal"))
    if size < _SMALL_LOG:
        return
    with _bare(dialect) as connection:
        connection.execute("PRAGMA busy_timeout=500")
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        if size >= _LARGE_LOG:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def compact(database: Database) -> int:
    """Write the whole database anew without its gaps; see ``TraceUpkeep.compact``.

    Writers wait meanwhile, and it takes as much free space as the database is large.
    """
    dialect = database.dialect
    if not isinstance(dialect, SqliteDialect):
        return _compact_tables(dialect)
    before = _file_size(dialect.path)
    with _bare(dialect) as connection:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # of files made before this was set for new ones
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return max(0, before - _file_size(dialect.path))


def _compact_tables(dialect: Dialect) -> int:
    tables = [table.name for table in (*TRACE_TABLES, *TEXT_TABLES, *WINDOW_TABLES)]
    engine = dialect.reading()
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            sizes = select(cast(func.unnest(literal(tables, ARRAY(Text))), REGCLASS).label("name")).subquery()
            total = select(_whole(func.sum(func.pg_total_relation_size(sizes.c.name))))
            before = connection.execute(total).scalar_one()
            for table in tables:
                connection.exec_driver_sql(f'VACUUM (FULL) "{table}"')
            return max(0, before - connection.execute(total).scalar_one())
    finally:
        engine.dispose()


@contextmanager
def _bare(dialect: SqliteDialect) -> Iterator[sqlite3.Connection]:
    """A connection beside the writer's, without a transaction."""
    engine = dialect.writing()
    try:
        raw = engine.raw_connection()
        yield cast_type("sqlite3.Connection", raw.dbapi_connection)
    finally:
        engine.dispose()


def _file_size(path: Path) -> int:
    return _size(path) + _size(Path(f"{path}-wal"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
