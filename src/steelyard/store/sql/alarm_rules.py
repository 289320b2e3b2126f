"""Rules: kept with their history, and handed out to be looked at."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, and_, delete, insert, or_, select, update

from steelyard.errors import InvalidArgument
from steelyard.records.alarm import AlarmRule, RuleDraft
from steelyard.store.limits import MAX_KEY, check_integer, check_name, check_value
from steelyard.store.sql.alarm_reading import channels_of, load_rule, no_rule, rule_from
from steelyard.store.sql.alarm_schema import alarm_rule_changes, alarm_rules
from steelyard.store.sql.clock import now_ms as clock_ms
from steelyard.store.sql.experiments import experiment_number
from steelyard.store.sql.json_text import to_json
from steelyard.store.sql.schema import experiments

FAILURES = 10
"""Looks in a row that cannot be done, after which a rule pauses."""
MAX_MEMORY = 4_000_000
FREE: dict[str, Any] = {"lease": "", "leased_ms": 0, "lease_until_ms": 0}
"""What nobody has in hand."""
_r = alarm_rules.c


def create(connection: Connection, experiment_id: str, draft: RuleDraft, *, by: str) -> AlarmRule:
    """Keep a checked draft as a rule."""
    who, now = check_value(by or "", "user's name", limit=MAX_KEY), clock_ms()
    experiment = experiment_number(connection, experiment_id)
    _check_channels_are_there(connection, experiment, draft)
    row: dict[str, Any] = {
        "rule_id": f"ar-{uuid.uuid4().hex}",
        "experiment": experiment,
        **_draft_columns(draft),
        "version": 1,
        "enabled": True,
        "reason": "",
        "memory": b"",
        "looked_until_ms": 0,
        "next_look_ms": 0,
        **FREE,
        "failures": 0,
        **dict.fromkeys(("created_by", "updated_by"), who),
        **dict.fromkeys(("created_time", "updated_time"), now),
    }
    connection.execute(insert(alarm_rules).values(row))
    rule = load_rule(connection, row["rule_id"])
    remember_change(connection, rule, "created", by=who, time_ms=now)
    return rule


def change(
    connection: Connection, rule_id: str, draft: RuleDraft | None, *, enabled: bool | None, by: str
) -> AlarmRule:
    """Change a rule; a look that somebody has in hand counts for nothing, and the next is due at once."""
    who, now = check_value(by or "", "user's name", limit=MAX_KEY), clock_ms()
    row = locked_rule(connection, rule_id)
    if row is None:
        raise no_rule(rule_id)
    old = rule_from(row)
    values: dict[str, Any] = {"updated_by": who, "updated_time": now, "next_look_ms": 0, **FREE}
    action = "updated"
    if draft is not None and draft != old.draft:
        _check_channels_are_there(connection, row["experiment"], draft)
        values |= {**_draft_columns(draft), "version": old.version + 1}
        if begins_anew(old.draft, draft):
            values |= {"memory": b"", "looked_until_ms": 0}
    elif enabled is None or enabled == old.enabled:
        return old
    if enabled is not None and enabled != old.enabled:
        values |= {"enabled": enabled, "reason": "", "failures": 0}
        action = ("enabled" if enabled else "disabled") if "version" not in values else action
    connection.execute(update(alarm_rules).where(_r.id == row["id"]).values(values))
    rule = load_rule(connection, rule_id)
    remember_change(connection, rule, action, by=who, time_ms=now)
    return rule


def begins_anew(old: RuleDraft, new: RuleDraft) -> bool:
    """Whether what a rule remembers is of no use any more."""
    return (old.series, old.condition) != (new.series, new.condition)


def remove(connection: Connection, rule_id: str, *, by: str) -> AlarmRule:
    """Delete a rule; return what it was."""
    row = locked_rule(connection, rule_id)
    if row is None:
        raise no_rule(rule_id)
    rule = rule_from(row)
    who = check_value(by or "", "user's name", limit=MAX_KEY)
    connection.execute(delete(alarm_rules).where(_r.id == row["id"]))
    remember_change(connection, replace(rule, enabled=False), "deleted", by=who, time_ms=clock_ms())
    return rule


def claim(connection: Connection, *, now_ms: int, most: int, lease_ms: int) -> tuple[AlarmRule, ...]:
    """Hand out rules whose look is due, the longest due first; no two workers get the same one."""
    due = (
        select(alarm_rules)
        .where(*is_due(now_ms))
        .order_by(_r.next_look_ms, _r.id)
        .limit(most)
        .with_for_update(skip_locked=True, of=alarm_rules)
    )
    claimed = []
    for row in connection.execute(due).mappings().all():
        lease = new_lease(now_ms=now_ms, lease_ms=lease_ms)
        connection.execute(update(alarm_rules).where(_r.id == row["id"]).values(lease))
        claimed.append(replace(rule_from(row), lease=lease["lease"]))
    return tuple(claimed)


def is_due(now_ms: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on a rule that may be handed out at a moment."""
    active = select(experiments.c.id).where(experiments.c.lifecycle == "active")
    too_far = _r.next_look_ms > now_ms + _r.every_ms  # no rule is due later than that, unless the clock jumped back
    due = or_(_r.next_look_ms <= now_ms, too_far)
    return (_r.enabled, _r.experiment.in_(active), due, is_free(alarm_rules, now_ms))


def is_free(table: Table, now_ms: int) -> ColumnElement[bool]:
    """Return "nobody has the row in hand"; a lease from farther in the future than it lasts is the work of a clock."""
    c = table.c
    from_the_future = c.leased_ms > now_ms + (c.lease_until_ms - c.leased_ms)
    return or_(c.lease == "", c.lease_until_ms <= now_ms, and_(c.lease != "", from_the_future))


def new_lease(*, now_ms: int, lease_ms: int) -> dict[str, Any]:
    """Return the columns of a row that is handed out."""
    return {"lease": uuid.uuid4().hex, "leased_ms": now_ms, "lease_until_ms": now_ms + lease_ms}


def locked_look(connection: Connection, rule: AlarmRule) -> RowMapping | None:
    """Return a rule's row, locked, if the look is still the one that was handed out."""
    row = locked_rule(connection, rule.rule_id)
    return row if row is not None and rule.lease and row["lease"] == rule.lease else None


def looked(connection: Connection, row: RowMapping, *, memory: bytes, looked_until_ms: int, now_ms: int) -> None:
    """Keep what a rule remembers of a look that was done."""
    if not isinstance(memory, bytes) or len(memory) > MAX_MEMORY:
        raise InvalidArgument(f"A rule remembers at most {MAX_MEMORY:,} bytes between two looks.")
    values = {
        "memory": memory,
        "looked_until_ms": check_integer(looked_until_ms, "looked_until_ms"),
        "next_look_ms": _next_look(row, now_ms),
        "failures": 0,
        **FREE,
    }
    connection.execute(update(alarm_rules).where(_r.id == row["id"]).values(values))


def failed(connection: Connection, row: RowMapping, reason: str, *, now_ms: int) -> AlarmRule:
    """Count a look that could not be done; after ten in a row the rule pauses."""
    failures = row["failures"] + 1
    values: dict[str, Any] = {"failures": failures, "next_look_ms": _next_look(row, now_ms), **FREE}
    pauses = failures >= FAILURES
    if pauses:
        said = " ".join(str(reason).replace("\x00", "").split())[:1_000] or "its looks could not be done"
        values |= {"enabled": False, "reason": said, "updated_by": "", "updated_time": now_ms}
    connection.execute(update(alarm_rules).where(_r.id == row["id"]).values(values))
    rule = load_rule(connection, row["rule_id"])
    if pauses:
        remember_change(connection, rule, "paused", by="", time_ms=now_ms)
    return rule


def locked_rule(connection: Connection, rule_id: str) -> RowMapping | None:
    """Return a rule's row, held until the end of the transaction."""
    check_name(rule_id, "id of a rule", limit=MAX_KEY)
    return connection.execute(select(alarm_rules).where(_r.rule_id == rule_id).with_for_update()).mappings().first()


def remember_change(connection: Connection, rule: AlarmRule, action: str, *, by: str, time_ms: int) -> None:
    """Write an entry of a rule's history."""
    entry = {
        "rule_id": rule.rule_id,
        "time_ms": time_ms,
        "action": action,
        "by": by,
        "version": rule.version,
        "enabled": rule.enabled,
        "reason": rule.reason,
        "draft": to_json(rule.draft, "draft of a rule"),
    }
    connection.execute(insert(alarm_rule_changes).values(entry))


def _next_look(row: RowMapping, now_ms: int) -> int:
    """Return when it is due again: in step with its looks before, and not sooner than now."""
    every = row["every_ms"]
    if not row["next_look_ms"]:
        return now_ms + every
    return now_ms + every - (now_ms - row["next_look_ms"]) % every


def _draft_columns(draft: RuleDraft) -> dict[str, Any]:
    return {"name": draft.name, "draft": to_json(draft, "draft of a rule"), "every_ms": draft.every_ms}


def _check_channels_are_there(connection: Connection, experiment: int, draft: RuleDraft) -> None:
    there = {channel.name for channel in channels_of(connection, experiment)}
    missing: Sequence[str] = [name for name in draft.channels if name not in there]
    if missing:
        known = ", ".join(map(repr, sorted(there))) or "none"
        raise InvalidArgument(
            f"There is no channel {missing[0]!r} in the experiment; it has: {known}. Create it first."
        )
