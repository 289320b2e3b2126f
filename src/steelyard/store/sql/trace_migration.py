"""From the traces of version 2 to those of version 3: spans in an ordinary table, with where they came from."""

from __future__ import annotations

from sqlalchemy import Connection, insert, inspect, literal, select, text
from sqlalchemy.schema import CreateIndex

from steelyard.store.sql.schema import metadata
from steelyard.store.sql.trace_schema import assessments, spans, trace_tags, traces, traces_waiting, windows_waiting
from steelyard.store.sql.waiting import WINDOW_MS


def rebuild_spans(connection: Connection) -> None:
    """Give traces and spans their new columns and indexes; on SQLite spans move into an ordinary table."""
    connection.execute(text("ALTER TABLE traces ADD COLUMN said INTEGER NOT NULL DEFAULT 0"))
    connection.execute(text("UPDATE traces SET said = 1"))  # all of them were put
    if connection.dialect.name == "sqlite":
        _move_spans(connection)
    else:
        for column in ("kind", "links", "wire"):
            connection.execute(text(f'ALTER TABLE spans ADD COLUMN {column} TEXT COLLATE "C"'))
        connection.execute(text("ALTER TABLE spans ADD COLUMN origin BIGINT REFERENCES span_origins (id)"))
    connection.execute(text("DROP INDEX IF EXISTS traces_by_time"))  # another one begins with its columns
    for table in (traces, trace_tags, spans, assessments):
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            connection.execute(CreateIndex(index, if_not_exists=True))


def _move_spans(connection: Connection) -> None:
    names = [column["name"] for column in inspect(connection).get_columns("spans")]
    connection.execute(text("ALTER TABLE spans RENAME TO spans_of_version_2"))
    metadata.create_all(connection, tables=[spans])
    listed = ", ".join(names)
    connection.execute(text(f"INSERT INTO spans ({listed}) SELECT {listed} FROM spans_of_version_2"))  # noqa: S608
    connection.execute(text("DROP TABLE spans_of_version_2"))


def wait_for_upkeep(connection: Connection) -> None:
    """Mark every trace and every window."""
    one = literal(1)
    connection.execute(insert(traces_waiting).from_select(["trace", "version"], select(traces.c.id, one)))
    time = traces.c.request_time
    # Twice the remainder, for a moment before 1970 has a negative one and its window begins before it too.
    start = time - (time % WINDOW_MS + WINDOW_MS) % WINDOW_MS
    windows = select(traces.c.experiment, start, one).distinct()
    connection.execute(insert(windows_waiting).from_select(["experiment", "start", "version"], windows))
