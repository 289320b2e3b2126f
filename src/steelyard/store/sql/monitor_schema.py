"""The tables of monitors and their work.

``monitor_arrivals`` says of a trace when it changed last, written in the transaction that changed it: whatever order
these commit in, nothing is passed over. ``monitor_work`` has a row for each trace (or session) that a monitor was
given, for good: a row that is done is the memory that nothing is scored twice. It goes with its trace.

One column says when work may be handed out, be it that it settles, that it was put back or that a lease runs out. So
one index finds what is due.

Who writes takes locks in this order, so that nobody waits in a ring: marks, traces, work, tallies, days.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    UniqueConstraint,
    literal_column,
    text,
)

from steelyard.store.sql.schema import SqlId, SqlText, metadata

OUTCOMES = ("scored", "scorer_error", "parse_error", "refused", "filtered", "gone", "over_limit")


def _monitor(*, primary_key: bool = False) -> Column[int]:
    key = ForeignKey("monitors.id", ondelete="CASCADE")
    return Column("monitor", SqlId, key, primary_key=primary_key, autoincrement=False, nullable=False)


def _trace(*, primary_key: bool) -> Column[int]:
    key = ForeignKey("traces.id", ondelete="CASCADE")
    return Column("trace", SqlId, key, primary_key=primary_key, autoincrement=False, nullable=not primary_key)


monitors = Table(
    "monitors",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("monitor_id", SqlText, nullable=False, unique=True),
    Column("experiment", SqlId, ForeignKey("experiments.id"), nullable=False),
    Column("name", SqlText, nullable=False),
    Column("version", Integer),
    Column("level", SqlText, nullable=False),
    Column("sample_rate", Double, nullable=False),
    Column("filter_string", SqlText, nullable=False),
    Column("settle_ms", BigInteger, nullable=False),
    Column("max_cost_per_day", Double),
    Column("max_scorings_per_day", BigInteger),
    Column("state", SqlText, nullable=False),
    Column("reason", SqlText, nullable=False),
    Column("held_until_ms", BigInteger, nullable=False),
    Column("held_reason", SqlText, nullable=False),
    Column("created_by", SqlText, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    Column("updated_by", SqlText, nullable=False),
    Column("updated_time", BigInteger, nullable=False),
    UniqueConstraint("experiment", "name"),
    sqlite_autoincrement=True,
)

monitor_changes = Table(
    "monitor_changes",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    _monitor(),
    Column("time", BigInteger, nullable=False),
    Column("action", SqlText, nullable=False),
    Column("by", SqlText, nullable=False),
    Column("content", SqlText, nullable=False),  # the whole monitor as JSON
    sqlite_autoincrement=True,
)
Index("monitor_changes_by_monitor", monitor_changes.c.monitor)

# What commits count, beside the settings that people change.
monitor_tallies = Table(
    "monitor_tallies",
    metadata,
    _monitor(primary_key=True),
    Column("failures", Integer, nullable=False),
    *(Column(outcome, BigInteger, nullable=False) for outcome in OUTCOMES),
    Column("last_scored_ms", BigInteger, nullable=False),
    Column("last_error", SqlText, nullable=False),
    Column("last_error_ms", BigInteger, nullable=False),
    Column("delays", SqlText, nullable=False),  # JSON: of the last ones scored, milliseconds
)

monitor_days = Table(
    "monitor_days",
    metadata,
    _monitor(primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),  # its first millisecond
    *(Column(name, BigInteger, nullable=False) for name in ("scored", "failed", "filtered")),
    *(Column(name, BigInteger, nullable=False) for name in ("calls", "input_tokens", "output_tokens")),
    Column("cost", Double, nullable=False),
    sqlite_with_rowid=False,
)

monitor_arrivals = Table(
    "monitor_arrivals",
    metadata,
    _trace(primary_key=True),
    Column("changed_ms", BigInteger, nullable=False),
)

monitor_work = Table(
    "monitor_work",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    _monitor(),
    _trace(primary_key=False),  # this or a session
    Column("session", SqlText),
    Column("past", SmallInteger, nullable=False),  # 1: of a backfill, which waits behind what is new
    Column("due_ms", BigInteger, nullable=False),  # may be handed out from then on; once done, when it was done
    Column("settled_ms", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("lease", SqlText),
    Column("outcome", SqlText),  # NULL until done
    UniqueConstraint("trace", "monitor"),
    sqlite_autoincrement=True,
)
IS_SESSION = text("session IS NOT NULL")
EITHER = monitor_work.c.past.in_([literal_column("0"), literal_column("1")])
"""No condition, and yet an index that has ``due_ms`` behind ``past`` is looked up by both."""
for _name, _which, _columns, _unique in (
    ("session", "session IS NOT NULL", ("monitor", "session"), True),
    ("waiting", "outcome IS NULL", ("monitor", "past", "due_ms", "settled_ms", "outcome"), False),
    ("leased", "lease IS NOT NULL", ("monitor", "due_ms"), False),
):
    Index(
        f"monitor_work_{_name}",
        *(monitor_work.c[column] for column in _columns),
        unique=_unique,
        sqlite_where=text(_which),
        postgresql_where=text(_which),
    )

monitor_backfills = Table(
    "monitor_backfills",
    metadata,
    Column("id", SqlId, primary_key=True, autoincrement=True),
    Column("backfill_id", SqlText, nullable=False, unique=True),
    _monitor(),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("planned", BigInteger, nullable=False),
    Column("state", SqlText, nullable=False),
    Column("at_time", BigInteger, nullable=False),  # these two: the last trace that was looked at
    Column("at_trace", SqlId, nullable=False),
    Column("created_by", SqlText, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
Index("monitor_backfills_by_monitor", monitor_backfills.c.monitor)

MONITOR_TABLES: tuple[Table, ...] = (
    *(monitors, monitor_changes, monitor_tallies, monitor_days),
    *(monitor_arrivals, monitor_work, monitor_backfills),
)
"""See ``MonitorStore``."""
