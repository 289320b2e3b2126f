"""Bringing a database to this version's tables: numbered plain functions, each applied once; a table says which.

An empty database gets the newest tables at once, with every migration marked as applied. An older one gets those that
it lacks, in order. All of it is one transaction: a migration that dies half-way has not happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, insert, inspect, select

from steelyard.errors import StoreTooNew
from steelyard.store.sql import schema
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database


@dataclass(frozen=True, slots=True)
class Migration:
    """A step from the tables of one version to those of the next."""

    number: int
    name: str
    apply: Callable[[Connection], None]


def _first_tables(connection: Connection) -> None:
    """Nothing to do: whoever has a table of migrations has these."""


def _traces_assessments_ledgers(connection: Connection) -> None:
    """Create the tables of traces and ledgers as they are now, for a database that has none of them."""
    schema.metadata.create_all(connection, tables=list(_later_tables()))


def _finding_and_counting(connection: Connection) -> None:
    """Bring the spans of version 2 into their new form, and have every trace indexed and counted."""
    from steelyard.store.sql.trace_migration import rebuild_spans, wait_for_upkeep

    if not inspect(connection).has_table("span_origins"):
        schema.metadata.create_all(connection, tables=list(_later_tables()))
        rebuild_spans(connection)
        wait_for_upkeep(connection)


def _datasets_and_people(connection: Connection) -> None:
    """Create the tables of review queues and registered scorers, and those that datasets gained."""
    schema.metadata.create_all(connection, tables=list(_later_tables()))


def _watching(connection: Connection) -> None:
    """Create the tables of monitors, scores over time, alarms, predictions and anchor sets; have feedback counted."""
    from steelyard.store.sql.score_waiting import mark_all_feedback

    schema.metadata.create_all(connection, tables=list(_later_tables()))
    mark_all_feedback(connection)


def _later_tables() -> tuple[Table, ...]:
    """Return the tables that are loaded only when they are made or used."""
    from steelyard.store.sql.alarm_schema import ALARM_TABLES
    from steelyard.store.sql.anchor_schema import ANCHOR_TABLES
    from steelyard.store.sql.dataset_schema import DATASET_TABLES
    from steelyard.store.sql.ledger_triggers import LEDGER_TABLES
    from steelyard.store.sql.monitor_schema import MONITOR_TABLES
    from steelyard.store.sql.prediction_schema import PREDICTION_TABLES
    from steelyard.store.sql.review_schema import REVIEW_TABLES
    from steelyard.store.sql.score_schema import SCORE_TABLES
    from steelyard.store.sql.scorer_schema import SCORER_TABLES
    from steelyard.store.sql.text_schema import TEXT_TABLES
    from steelyard.store.sql.trace_schema import TRACE_TABLES
    from steelyard.store.sql.window_schema import WINDOW_TABLES

    return (
        *TRACE_TABLES,
        *TEXT_TABLES,
        *WINDOW_TABLES,
        *LEDGER_TABLES,
        *DATASET_TABLES,
        *REVIEW_TABLES,
        *SCORER_TABLES,
        *MONITOR_TABLES,
        *SCORE_TABLES,
        *ALARM_TABLES,
        *PREDICTION_TABLES,
        *ANCHOR_TABLES,
    )


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "first tables", _first_tables),
    Migration(2, "traces, assessments, ledgers", _traces_assessments_ledgers),
    Migration(3, "finding traces and counting them", _finding_and_counting),
    Migration(4, "datasets and people", _datasets_and_people),
    Migration(5, "watching", _watching),
)


def migrate(database: Database, *, where: str) -> None:
    """Create or update the tables if they are not this version's.

    Args:
        database: where.
        where: its name for people.

    Raises:
        StoreTooNew: a newer version wrote it; nothing was touched.
    """
    newest = MIGRATIONS[-1].number
    with database.read() as connection:
        if _applied(connection, where) == newest:
            return
    with database.write() as connection:
        database.dialect.lock_schema(connection)
        applied = _applied(connection, where)
        if applied == 0:
            _later_tables()  # known to the metadata from here on
            schema.metadata.create_all(connection)
            _first_rows(connection)
        for migration in MIGRATIONS:
            if migration.number > applied:
                if applied:
                    migration.apply(connection)
                row = {"number": migration.number, "name": migration.name, "applied_at": now_ms()}
                connection.execute(insert(schema.migrations), row)


def _applied(connection: Connection, where: str) -> int:
    if not inspect(connection).has_table(schema.migrations.name):
        return 0
    number = connection.execute(select(func.max(schema.migrations.c.number))).scalar() or 0
    known = MIGRATIONS[-1].number
    if number > known:
        msg = (
            f"The store {where} was written by a newer Steelyard: its tables are at version {number} and this one "
            f"knows up to {known}. Nothing was touched. Update with: pip install --upgrade steelyard"
        )
        raise StoreTooNew(msg)
    return number


def _first_rows(connection: Connection) -> None:
    now = now_ms()
    row = {"id": 0, "name": "Default", "creation_time": now, "last_update_time": now}
    connection.execute(insert(schema.experiments), row)
