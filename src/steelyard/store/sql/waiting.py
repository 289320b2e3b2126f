"""Marks of what upkeep has to do, made in the transaction that makes it necessary."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BigInteger, ColumnElement, Connection, Table, bindparam, insert, literal_column, select
from sqlalchemy.sql.dml import Insert

from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor, Dialect
from steelyard.store.sql.monitor_schema import monitor_arrivals, monitors
from steelyard.store.sql.score_schema import scores_waiting
from steelyard.store.sql.trace_schema import traces, traces_waiting, windows_waiting

WINDOW_MS = 300_000
"""The finest window of time in which traces are counted, in milliseconds."""

_WIDTH = literal_column(str(WINDOW_MS), BigInteger)


def window_of(request_time: int) -> int:
    """Return when the window began that a moment lies in."""
    return request_time - request_time % WINDOW_MS


def window_of_column(time: ColumnElement[int]) -> ColumnElement[int]:
    """Return the same in SQL. Before 1970 remainders are negative there, so it is taken twice."""
    return time - (time % _WIDTH + _WIDTH) % _WIDTH


class Marks:
    """Writes marks on a bare cursor.

    Args:
        database: where; its statements are spelt once.
    """

    def __init__(self, database: Database) -> None:
        self._trace = database.positional(_again(database.dialect, traces_waiting))
        self._window = database.positional(_again(database.dialect, windows_waiting))
        self._pack = database.dialect.pack
        self._watched = database.positional(_arrived(database.dialect))

    def traces(self, cursor: Cursor, numbers: Iterable[int]) -> None:
        """Say that traces have changed: to the index of texts, and to monitors, as far as there are any."""
        changed = sorted(set(numbers))
        if changed:
            cursor.executemany(self._trace, [(number, 1) for number in changed])
            cursor.execute(self._watched, (now_ms(), self._pack(changed)))

    def windows(self, cursor: Cursor, moments: Iterable[tuple[int, int]]) -> None:
        """Say that traces have changed: (experiment, request_time) as it was and as it is."""
        rows = sorted({(experiment, window_of(time), 1) for experiment, time in moments})
        if rows:
            cursor.executemany(self._window, rows)


class FeedbackMarks:
    """Writes marks of feedback on a bare cursor; see ``score_waiting``.

    Args:
        database: where; its statement is spelt once.
    """

    def __init__(self, database: Database) -> None:
        self._pack = database.dialect.pack
        # Locked, so that no other writer moves one of them to another window meanwhile.
        locked = (
            select(traces.c.experiment, traces.c.request_time)
            .where(database.dialect.listed(traces.c.id))
            .order_by(traces.c.id)
            .with_for_update(read=True)
            .subquery()
        )
        found = select(locked.c.experiment, window_of_column(locked.c.request_time)).distinct()
        self._traces = database.positional(insert(scores_waiting).from_select(["experiment", "start"], found))

    def of(self, cursor: Cursor, numbers: Iterable[int]) -> None:
        """Say that what is said of traces, by their row ids, has changed."""
        chosen = sorted(set(numbers))
        if chosen:
            cursor.execute(self._traces, (self._pack(chosen),))


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


def mark_arrivals(connection: Connection, dialect: Dialect, numbers: Iterable[int]) -> None:
    """Say to monitors, as far as there are any, that traces have changed."""
    connection.execute(_arrived(dialect), {"now": now_ms(), "listed": dialect.pack(sorted(set(numbers)))})


def _arrived(dialect: Dialect) -> Insert:
    """Mark traces of experiments that a monitor watches."""
    upsert = dialect.insert(monitor_arrivals)
    watched = select(monitors.c.id).where(
        monitors.c.experiment == traces.c.experiment, monitors.c.state != literal_column("'stopped'")
    )
    numbers = select(traces.c.id, bindparam("now", type_=BigInteger)).where(
        dialect.listed(traces.c.id), watched.exists()
    )
    upsert = upsert.from_select(["trace", "changed_ms"], numbers)
    return upsert.on_conflict_do_update(index_elements=["trace"], set_={"changed_ms": upsert.excluded.changed_ms})


def _again(dialect: Dialect, table: Table) -> Insert:
    """A mark that is there already gets another version, so that what was read before is known to be old."""
    upsert = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    return upsert.on_conflict_do_update(index_elements=keys, set_={"version": table.c.version + literal_column("1")})
