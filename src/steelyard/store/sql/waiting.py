"""Marks of what upkeep has to do, made in the transaction that makes it necessary."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Table, literal_column, select
from sqlalchemy.sql.dml import Insert

from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor, Dialect
from steelyard.store.sql.trace_schema import traces, traces_waiting, windows_waiting

WINDOW_MS = 300_000
"""The finest window of time in which traces are counted, in milliseconds."""


def window_of(request_time: int) -> int:
    """Return when the window began that a moment lies in."""
    return request_time - request_time % WINDOW_MS


class Marks:
    """Writes marks on a bare cursor.

    Args:
        database: where; its statements are spelt once.
    """

    def __init__(self, database: Database) -> None:
        self._trace = database.positional(_again(database.dialect, traces_waiting))
        self._window = database.positional(_again(database.dialect, windows_waiting))

    def traces(self, cursor: Cursor, numbers: Iterable[int]) -> None:
        """Say that the texts of traces have changed."""
        rows = [(number, 1) for number in sorted(set(numbers))]
        if rows:
            cursor.executemany(self._trace, rows)

    def windows(self, cursor: Cursor, moments: Iterable[tuple[int, int]]) -> None:
        """Say that traces have changed: (experiment, request_time) as it was and as it is."""
        rows = sorted({(experiment, window_of(time), 1) for experiment, time in moments})
        if rows:
            cursor.executemany(self._window, rows)


def mark_windows(connection: Connection, dialect: Dialect, numbers: Iterable[int]) -> None:
    """Say that traces are about to change, or to go."""
    chosen = dialect.among(traces.c.id, sorted(set(numbers)))
    # Locked, so that no other writer moves one of them to another window meanwhile.
    found = connection.execute(
        select(traces.c.experiment, traces.c.request_time).where(chosen).order_by(traces.c.id).with_for_update()
    )
    rows = sorted({(experiment, window_of(time)) for experiment, time in found})
    if rows:
        named = [{"experiment": experiment, "start": start, "version": 1} for experiment, start in rows]
        connection.execute(_again(dialect, windows_waiting), named)


def _again(dialect: Dialect, table: Table) -> Insert:
    """A mark that is there already gets another version, so that what was read before is known to be old."""
    upsert = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    return upsert.on_conflict_do_update(index_elements=keys, set_={"version": table.c.version + literal_column("1")})
