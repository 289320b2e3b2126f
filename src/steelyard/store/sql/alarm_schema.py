"""The tables of rules, alarms, channels and the outbox.

Alarms name their rule by its id and do not point at it: they stay when it goes. A channel's secret is in a column of
its own, which leaves the store only with what ``alarm_outbox.claim`` hands out.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    text,
)

from steelyard.store.sql.schema import SqlId, SqlText, metadata


def _id() -> Column[int]:
    return Column("id", SqlId, primary_key=True, autoincrement=True)


def _experiment(*, primary_key: bool = False) -> Column[int]:
    return Column("experiment", SqlId, ForeignKey("experiments.id"), primary_key=primary_key, nullable=False)


def _lease() -> list[Column[str] | Column[int]]:
    return [
        Column("lease", SqlText, nullable=False),  # empty: nobody has it in hand
        Column("leased_ms", BigInteger, nullable=False),
        Column("lease_until_ms", BigInteger, nullable=False),
    ]


alarm_rules = Table(
    "alarm_rules",
    metadata,
    _id(),
    Column("rule_id", SqlText, nullable=False, unique=True),
    _experiment(),
    Column("name", SqlText, nullable=False),
    Column("draft", SqlText, nullable=False),  # JSON
    Column("every_ms", BigInteger, nullable=False),  # of the draft
    Column("version", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("reason", SqlText, nullable=False),
    Column("memory", LargeBinary, nullable=False),
    Column("looked_until_ms", BigInteger, nullable=False),
    Column("next_look_ms", BigInteger, nullable=False),
    *_lease(),
    Column("failures", Integer, nullable=False),
    Column("created_by", SqlText, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    Column("updated_by", SqlText, nullable=False),
    Column("updated_time", BigInteger, nullable=False),
    UniqueConstraint("experiment", "name"),
    sqlite_autoincrement=True,
)
Index(
    "alarm_rules_due",
    alarm_rules.c.next_look_ms,
    sqlite_where=text("enabled"),
    postgresql_where=text("enabled"),
)

alarm_rule_changes = Table(
    "alarm_rule_changes",
    metadata,
    _id(),
    Column("rule_id", SqlText, nullable=False),  # stays when the rule goes
    Column("time_ms", BigInteger, nullable=False),
    Column("action", SqlText, nullable=False),
    Column("by", SqlText, nullable=False),
    Column("version", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("reason", SqlText, nullable=False),
    Column("draft", SqlText, nullable=False),  # JSON
    sqlite_autoincrement=True,
)
Index("alarm_rule_changes_by_rule", alarm_rule_changes.c.rule_id)

alarms = Table(
    "alarms",
    metadata,
    _id(),
    Column("alarm_id", SqlText, nullable=False, unique=True),
    _experiment(),
    Column("rule_id", SqlText, nullable=False),
    Column("rule_name", SqlText, nullable=False),
    Column("group", SqlText, nullable=False),
    Column("state", SqlText, nullable=False),
    Column("severity", SqlText, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, nullable=False),  # 0: it lasts
    Column("first", SqlText, nullable=False),  # JSON of a finding
    Column("last", SqlText, nullable=False),
    Column("worst", SqlText, nullable=False),
    Column("acknowledged_by", SqlText, nullable=False),
    Column("fine_looks", Integer, nullable=False),  # in a row
    Column("told_ms", BigInteger, nullable=False),  # when a message about it was last put in the outbox; 0 never
    Column("tell_ms", BigInteger),  # when it is to be told: a silence ends, or it is said again
    sqlite_autoincrement=True,
)
_LIVE = "ended_ms = 0"
Index(
    "alarms_one_live",
    alarms.c.rule_id,
    alarms.c.group,
    unique=True,
    sqlite_where=text(_LIVE),
    postgresql_where=text(_LIVE),
)
Index(
    "alarms_to_tell",
    alarms.c.tell_ms,
    sqlite_where=text("tell_ms IS NOT NULL"),
    postgresql_where=text("tell_ms IS NOT NULL"),
)
Index("alarms_by_experiment", alarms.c.experiment, alarms.c.state, alarms.c.id)
Index("alarms_by_rule", alarms.c.rule_id, alarms.c.id)

alarm_events = Table(
    "alarm_events",
    metadata,
    _id(),
    Column("alarm", SqlId, ForeignKey("alarms.id", ondelete="CASCADE"), nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("action", SqlText, nullable=False),
    Column("text", SqlText, nullable=False),
    Column("by", SqlText, nullable=False),
    Column("link", SqlText, nullable=False),
    sqlite_autoincrement=True,
)
Index("alarm_events_by_alarm", alarm_events.c.alarm)

alarm_silences = Table(
    "alarm_silences",
    metadata,
    _id(),
    Column("silence_id", SqlText, nullable=False, unique=True),
    _experiment(),
    Column("until_ms", BigInteger, nullable=False),
    Column("rule_id", SqlText, nullable=False),  # empty: all
    Column("group", SqlText),  # NULL: all
    Column("reason", SqlText, nullable=False),
    Column("created_by", SqlText, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    Column("ended_by", SqlText, nullable=False),
    Column("ended", Boolean, nullable=False),  # by somebody, before its time
    sqlite_autoincrement=True,
)
Index("alarm_silences_by_time", alarm_silences.c.experiment, alarm_silences.c.until_ms)

alarm_channels = Table(
    "alarm_channels",
    metadata,
    _experiment(primary_key=True),
    Column("name", SqlText, primary_key=True),
    Column("kind", SqlText, nullable=False),
    Column("target", SqlText, nullable=False),
    Column("secret", SqlText, nullable=False),  # empty: none; or env: and the name of a variable
    Column("created_by", SqlText, nullable=False),
    Column("created_time", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

alarm_deliveries = Table(
    "alarm_deliveries",
    metadata,
    _id(),
    Column("delivery_id", SqlText, nullable=False, unique=True),
    _experiment(),
    Column("rule_id", SqlText, nullable=False),
    Column("channel", SqlText, nullable=False),  # by name: what it is called may change its target
    Column("kind", SqlText, nullable=False),  # of the channel, as it was when the message was made or tried last
    Column("target", SqlText, nullable=False),
    Column("body", SqlText, nullable=False),  # JSON
    Column("state", SqlText, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("error", SqlText, nullable=False),
    *_lease(),
    Column("created_time", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
_WAITING = "state = 'waiting'"
Index(
    "alarm_deliveries_due",
    alarm_deliveries.c.due_ms,
    sqlite_where=text(_WAITING),
    postgresql_where=text(_WAITING),
)

alarm_delivery_alarms = Table(
    "alarm_delivery_alarms",
    metadata,
    Column("delivery", SqlId, ForeignKey("alarm_deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("alarm", SqlId, ForeignKey("alarms.id", ondelete="CASCADE"), primary_key=True),
    sqlite_with_rowid=False,
)
Index("alarm_delivery_alarms_by_alarm", alarm_delivery_alarms.c.alarm)

ALARM_TABLES: tuple[Table, ...] = (
    alarm_rules,
    alarm_rule_changes,
    alarms,
    alarm_events,
    alarm_silences,
    alarm_channels,
    alarm_deliveries,
    alarm_delivery_alarms,
)
"""See ``AlarmStore``."""
