"""What differs between SQLite and PostgreSQL: how to connect, four expressions, and what their errors mean."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Double,
    Engine,
    Table,
    Text,
    bindparam,
    case,
    cast,
    create_engine,
    event,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.engine import URL
from sqlalchemy.engine import Dialect as Spelling
from sqlalchemy.pool import QueuePool, StaticPool
from sqlalchemy.sql.elements import ColumnElement

from steelyard.errors import FilterError, InvalidArgument, MissingDependency, SteelyardError, StoreUnavailable

_BUSY_SECONDS = 60
_MIGRATION_LOCK = 0x57EE1


class Cursor(Protocol):
    """The part of a DBAPI cursor that the hot path uses."""

    @property
    def rowcount(self) -> int: ...
    def execute(self, sql: Any, parameters: Any = ..., /) -> Any: ...
    def executemany(self, sql: Any, parameters: Any, /) -> Any: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> Any: ...


class Dialect(Protocol):
    """One database: its engines, and the expressions that it spells in its own way."""

    name: str
    one_writer: bool
    """Whether writers of one process should queue for one connection (the database has one writer anyway)."""
    positional: Spelling
    """How SQL is spelt for a bare cursor that takes tuples."""

    def reading(self) -> Engine: ...
    def writing(self) -> Engine: ...
    def set_durable(self, connection: Connection, *, durable: bool) -> None: ...
    def flush(self, connection: Connection) -> None:
        """Bring to disk what was committed softly, by whatever process."""
        ...

    def insert(self, table: Table) -> Any: ...
    def among(self, column: ColumnElement[Any], ids: Sequence[int]) -> ColumnElement[bool]: ...
    def listed(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return "the column is in a list", the list being the parameter ``listed``; see ``pack``."""
        ...

    def pack(self, values: Sequence[int] | Sequence[str]) -> Any:
        """Return a list as the parameter of ``listed``."""
        ...

    def like(self, column: ColumnElement[str], pattern: str, *, fold_case: bool) -> ColumnElement[bool]: ...
    def matches(self, column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
        """Return "the text holds a match of the regular expression"."""
        ...

    def member(self, column: ColumnElement[str], key: str) -> ColumnElement[str]:
        """Return what a JSON object holds under a key: a text itself, anything else as JSON, NULL for null."""
        ...

    def member_number(self, column: ColumnElement[str], key: str) -> ColumnElement[float]:
        """Return the number that a JSON object holds under a key; NULL if it is none."""
        ...

    def lock_schema(self, connection: Connection) -> None: ...
    def lock_blob(self, connection: Connection, sha256: str) -> None: ...
    def explain(self, error: BaseException) -> SteelyardError | None:
        """Return what a database error means for people, or None if it is a bug of ours."""
        ...


class SqliteDialect:
    """A file: WAL, foreign keys, one writer, commits on disk before they are acknowledged."""

    name = "sqlite"
    one_writer = True
    positional: Spelling = sqlite.dialect(paramstyle="qmark")

    def __init__(self, path: Path) -> None:
        self.path = path

    def reading(self) -> Engine:
        engine = create_engine(
            "sqlite://",
            creator=self._connect_reader,
            paramstyle="named",
            poolclass=QueuePool,
            pool_size=8,
            max_overflow=56,
        )
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return engine

    def writing(self) -> Engine:
        engine = create_engine("sqlite://", creator=self._connect_writer, paramstyle="named", poolclass=StaticPool)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=rwc",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA case_sensitive_like=ON")
        connection.execute("PRAGMA cache_size=-32000")
        connection.create_function("steelyard_matches", 2, _matches, deterministic=True)
        return connection

    def _connect_reader(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("PRAGMA query_only=ON")
        return connection

    def _connect_writer(self) -> sqlite3.Connection:
        connection = self._connect()
        # Only a new file heeds these: spans of a kilobyte want larger pages, and what is deleted gives its space back.
        connection.execute("PRAGMA page_size=8192")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def set_durable(self, connection: Connection, *, durable: bool) -> None:
        connection.connection.cursor().execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")

    def flush(self, connection: Connection) -> None:
        try:
            handle = os.open(f"{self.path}-wal", os.O_RDWR)  # never locked by SQLite: closing it drops nobody's lock
        except FileNotFoundError:
            return
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def insert(self, table: Table) -> sqlite.Insert:
        return sqlite.insert(table)

    def among(self, column: ColumnElement[Any], ids: Sequence[int]) -> ColumnElement[bool]:
        listed = func.json_each(f"[{','.join(map(str, ids))}]").table_valued("value")
        return column.in_(select(listed.c.value))

    def listed(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        each = func.json_each(bindparam("listed")).table_valued("value")
        return column.in_(select(each.c.value))

    def pack(self, values: Sequence[int] | Sequence[str]) -> Any:
        return msgspec.json.encode(values).decode()

    def like(self, column: ColumnElement[str], pattern: str, *, fold_case: bool) -> ColumnElement[bool]:
        if fold_case:
            return func.lower(column).like(func.lower(literal(pattern)), escape="\\")
        return column.like(pattern, escape="\\")

    def matches(self, column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
        return func.steelyard_matches(literal(pattern), column, type_=Boolean)

    def member(self, column: ColumnElement[str], key: str) -> ColumnElement[str]:
        path = f'$."{key}"'
        kind = func.json_type(column, path)
        whole = column.op("->")(literal(path))
        return type_coerce(case((kind == "text", func.json_extract(column, path)), (kind != "null", whole)), Text)

    def member_number(self, column: ColumnElement[str], key: str) -> ColumnElement[float]:
        path = f'$."{key}"'
        is_number = func.json_type(column, path).in_(("integer", "real"))
        return type_coerce(case((is_number, func.json_extract(column, path))), Double)

    def lock_schema(self, connection: Connection) -> None:
        """Nothing to do: BEGIN IMMEDIATE has locked the file."""

    def lock_blob(self, connection: Connection, sha256: str) -> None:
        """Nothing to do: BEGIN IMMEDIATE has locked the file."""

    def explain(self, error: BaseException) -> SteelyardError | None:
        if isinstance(error, UnicodeEncodeError):
            return _no_text()
        code = getattr(error, "sqlite_errorname", "")
        advice = next((text for start, text in _SQLITE_ADVICE if code.startswith(start)), None)
        return StoreUnavailable(f"The store {self.path} {advice} (SQLite: {error}.)") if advice else None


def _matches(pattern: str, text: object) -> bool | None:
    from steelyard.store.sql.patterns import matches

    return None if text is None else matches(pattern, str(text))


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Once in a file's life. SQLite does not wait for other connections here as it does elsewhere, so we do."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal":
                return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
        if time.monotonic() > deadline:
            path = connection.execute("PRAGMA database_list").fetchone()[2]
            message = f"The store {path} needs a file system with shared memory for its log. Move it to a local disk."
            raise StoreUnavailable(message)
        time.sleep(0.005)


_SQLITE_ADVICE = (
    ("SQLITE_FULL", "cannot be written: the disk is full. Free some space; what was acknowledged is safe."),
    ("SQLITE_READONLY", "cannot be written: the file or its folder is read-only. Give this user the right to write."),
    ("SQLITE_PERM", "cannot be used: this user may not read or write the file. Change its permissions."),
    ("SQLITE_CANTOPEN", "cannot be opened: check that its folder exists and that this user may write in it."),
    ("SQLITE_AUTH", "cannot be used: this user may not read or write the file. Change its permissions."),
    ("SQLITE_BUSY", f"is locked by another process for over {_BUSY_SECONDS} s. Find what holds it, then try again."),
    ("SQLITE_LOCKED", "is locked by another connection. Try again."),
    (
        "SQLITE_CORRUPT",
        "is damaged. Keep a copy of the file, then restore a backup or recover it with sqlite3 .recover.",
    ),
    ("SQLITE_NOTADB", "is not a SQLite database, or its beginning is damaged. Name another file or restore a backup."),
    ("SQLITE_IOERR", "cannot be read or written: the disk or its file system failed. Check its space and health."),
)


class PostgresDialect:
    """A PostgreSQL database, through psycopg 3."""

    name = "postgresql"
    one_writer = False
    positional: Spelling = psycopg.dialect(paramstyle="format")

    def __init__(self, url: URL, *, shown: str) -> None:
        self.shown = shown
        self.url = url.set(drivername="postgresql+psycopg")

    def reading(self) -> Engine:
        try:
            return create_engine(self.url, pool_size=8, max_overflow=56, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            package = "psycopg"
            raise MissingDependency(package, extra="postgres", purpose="keep runs in PostgreSQL") from error

    def writing(self) -> Engine:
        return self.reading()

    def set_durable(self, connection: Connection, *, durable: bool) -> None:
        if not durable:
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

    def flush(self, connection: Connection) -> None:
        # An empty message in the log makes this commit wait for the disk, and with it all commits before.
        connection.execute(select(func.pg_logical_emit_message(True, "steelyard", "")))

    def insert(self, table: Table) -> postgresql.Insert:
        return postgresql.insert(table)

    def among(self, column: ColumnElement[Any], ids: Sequence[int]) -> ColumnElement[bool]:
        return column == func.any(literal(list(ids), postgresql.ARRAY(BigInteger)))

    def listed(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        return column == func.any(bindparam("listed", type_=postgresql.ARRAY(column.type)))

    def pack(self, values: Sequence[int] | Sequence[str]) -> Any:
        return list(values)

    def like(self, column: ColumnElement[str], pattern: str, *, fold_case: bool) -> ColumnElement[bool]:
        if fold_case:
            return func.lower(column).like(func.lower(literal(pattern).collate("C")), escape="\\")
        return column.like(pattern, escape="\\")

    def matches(self, column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
        return column.op("~", is_comparison=True)(literal(pattern))

    def member(self, column: ColumnElement[str], key: str) -> ColumnElement[str]:
        return cast(column, postgresql.JSON).op("->>", return_type=Text(collation="C"))(literal(key)).collate("C")

    def member_number(self, column: ColumnElement[str], key: str) -> ColumnElement[float]:
        whole = cast(column, postgresql.JSON)
        is_number = func.json_typeof(whole.op("->")(literal(key))) == "number"
        return case((is_number, cast(whole.op("->>")(literal(key)), Double)))

    def lock_schema(self, connection: Connection) -> None:
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))

    def lock_blob(self, connection: Connection, sha256: str) -> None:
        key = int(sha256[:15], 16)  # 60 bits: fits a signed bigint
        connection.execute(select(func.pg_advisory_xact_lock(key)))

    def explain(self, error: BaseException) -> SteelyardError | None:
        if isinstance(error, UnicodeEncodeError) or "NUL (0x00)" in str(error):
            return _no_text()
        state = getattr(error, "sqlstate", None) or ""
        if state == "2201B":
            return FilterError(f"The filter's regular expression cannot be used here ({error}).")
        advice = next((text for start, text in _POSTGRES_ADVICE if state.startswith(start)), None)
        if advice is None and not state and type(error).__name__ in {"OperationalError", "ConnectionTimeout"}:
            advice = "cannot be reached. Check that the server runs and that the address and the password are right."
        if advice is None:
            return None
        detail = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return StoreUnavailable(f"The store {self.shown} {advice} (PostgreSQL: {detail})")


def _no_text() -> InvalidArgument:
    return InvalidArgument(
        "A text that was given holds a NUL character or half of a surrogate pair, so no database can keep or find it. "
        "Take it out."
    )


_POSTGRES_ADVICE = (
    ("08", "cannot be reached. Check that the server runs and that its address is right."),
    ("25006", "cannot be written: the database is read-only. Connect to the primary server."),
    ("28", "refuses this user. Check the user name and the password."),
    ("3D000", "does not exist. Create the database, or name another one."),
    ("40", "was too busy with other writers. Try again."),
    ("42501", "refuses this user the right to do that. Grant it, or connect as another user."),
    ("53100", "cannot be written: the server's disk is full. Free some space; what was acknowledged is safe."),
    ("53", "has no room for this now (connections or memory). Try again later."),
    ("55P03", "is locked by another connection. Try again."),
    ("57", "is shutting down or restarting. Try again in a moment."),
    ("58", "cannot be read or written: the server's disk or file system failed."),
    ("XX001", "is damaged. Restore a backup."),
    ("XX002", "is damaged. Restore a backup, or reindex."),
)
