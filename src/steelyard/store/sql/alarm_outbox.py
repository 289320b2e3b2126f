"""The outbox: messages are put here in the transaction that makes them due, and handed out to whoever sends them.

Messages of one rule to one channel are handed out one after the other, so that nobody hears of a recovery first.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, insert, or_, select, update

from steelyard.egress.redacting import redact
from steelyard.records.alarm import AlarmRule, Channel, Delivery
from steelyard.store.sql.alarm_messages import about_alarms, about_nothing, about_rule
from steelyard.store.sql.alarm_reading import (
    channels_of,
    covered_until,
    load_deliveries,
    rules_of,
    silences_that_hold,
)
from steelyard.store.sql.alarm_rules import FREE, is_free, new_lease
from steelyard.store.sql.alarm_schema import (
    alarm_channels,
    alarm_deliveries,
    alarm_delivery_alarms,
    alarm_rules,
    alarms,
)
from steelyard.store.sql.alarm_story import write_event
from steelyard.store.sql.json_text import to_text
from steelyard.store.sql.schema import experiments

FARTHEST_MS = 2 * 3_600_000
"""No delivery is due later than that from now, unless the clock jumped back."""
_MINUTE = 60_000
_MOST_AT_ONCE = 500
_MAX_ERROR = 1_000
_a, _d, _k, _m = alarms.c, alarm_deliveries.c, alarm_channels.c, alarm_delivery_alarms.c


def put(connection: Connection, experiment: int, rule: AlarmRule, what: Mapping[int, str], *, now_ms: int) -> None:
    """Put one message for each channel of a rule in the outbox.

    Args:
        connection: of a writing transaction.
        experiment: its number.
        rule: whose alarms they are.
        what: by an alarm's number, why it is told: opened, again or recovered.
        now_ms: when.
    """
    if not what:
        return
    numbers = list(what)
    if rule.draft.channels:
        again = now_ms + rule.draft.again_ms if rule.draft.again_ms else None
        lasting = (_a.id.in_(numbers), _a.ended_ms == 0)
        connection.execute(update(alarms).where(_a.id.in_(numbers)).values(told_ms=now_ms, tell_ms=None))
        connection.execute(update(alarms).where(*lasting, _a.state == "open").values(tell_ms=again))
        rows = connection.execute(select(alarms).where(_a.id.in_(numbers)).order_by(_a.id)).mappings().all()
        body = about_alarms(rule, _experiment_name(connection, experiment), rows, what, now_ms=now_ms)
        _put_body(connection, experiment, rule, body, numbers, now_ms=now_ms)
    else:
        connection.execute(update(alarms).where(_a.id.in_(numbers)).values(tell_ms=None))


def put_pause(connection: Connection, experiment: int, rule: AlarmRule, *, now_ms: int) -> None:
    """Put in the outbox that a rule is not looked at any more."""
    body = about_rule(rule, _experiment_name(connection, experiment), now_ms=now_ms)
    silences = silences_that_hold(connection, experiment, now_ms=now_ms)
    if not any(s.rule_id in ("", rule.rule_id) and s.group is None for s in silences):
        _put_body(connection, experiment, rule, body, [], now_ms=now_ms)


def put_test(connection: Connection, experiment: int, channel: Channel, *, now_ms: int, by: str) -> Delivery:
    """Put a message about nothing in the outbox, for whoever claims it by its id; for anybody in a minute."""
    body = about_nothing(str(experiment), _experiment_name(connection, experiment), by=by, now_ms=now_ms)
    number = _insert(connection, experiment, "", channel, body, now_ms=now_ms, due_ms=now_ms + _MINUTE)
    return load_deliveries(connection, [number])[0]


def put_what_is_due(connection: Connection, *, now_ms: int) -> None:
    """Put in the outbox what is to be told now of alarms that last: a silence ended, or nobody acknowledged them."""
    due = select(alarms).where(*is_to_be_told(now_ms)).order_by(_a.id).limit(_MOST_AT_ONCE)
    by_rule: dict[tuple[int, str], list[RowMapping]] = {}
    for row in connection.execute(due.with_for_update(skip_locked=True)).mappings().all():
        by_rule.setdefault((row["experiment"], row["rule_id"]), []).append(row)
    for (experiment, rule_id), rows in by_rule.items():
        rule = next(iter(rules_of(connection, alarm_rules.c.rule_id == rule_id, alarm_rules.c.enabled)), None)
        silences = silences_that_hold(connection, experiment, now_ms=now_ms)
        what: dict[int, str] = {}
        for row in rows:
            quiet_until = covered_until(silences, rule_id, row["group"])
            if rule is not None and not quiet_until:
                what[row["id"]] = "again" if row["told_ms"] else "opened"
            else:
                connection.execute(update(alarms).where(_a.id == row["id"]).values(tell_ms=quiet_until or None))
        if rule is not None:
            put(connection, experiment, rule, what, now_ms=now_ms)


def is_to_be_told(now_ms: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on an alarm that is to be told at a moment."""
    return (_a.tell_ms.is_not(None), _a.tell_ms <= now_ms, _a.ended_ms == 0)


def is_due(now_ms: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on a delivery that may be handed out at a moment."""
    due = or_(_d.due_ms <= now_ms, _d.due_ms > now_ms + FARTHEST_MS)
    return (_d.state == "waiting", due, is_free(alarm_deliveries, now_ms))


def claim(
    connection: Connection, *, now_ms: int, most: int, lease_ms: int, delivery_ids: Sequence[str]
) -> tuple[Delivery, ...]:
    """Hand out deliveries that are due, with their secrets; no two workers get the same one."""
    earlier = alarm_deliveries.alias("earlier")
    e = earlier.c
    goes_first = exists().where(e.rule_id == _d.rule_id, e.channel == _d.channel, e.experiment == _d.experiment)
    goes_first = goes_first.where(e.state == "waiting", e.id < _d.id, _d.rule_id != "")
    found = select(alarm_deliveries).order_by(_d.due_ms, _d.id).limit(most)
    if delivery_ids:
        found = found.where(_d.delivery_id.in_(list(delivery_ids)), _d.state == "waiting")
        found = found.where(is_free(alarm_deliveries, now_ms))
    else:
        found = found.where(*is_due(now_ms), ~goes_first)
    claimed: list[int] = []
    leases: dict[str, tuple[str, str]] = {}
    for row in connection.execute(found.with_for_update(skip_locked=True)).mappings().all():
        lease = _hand_out(connection, row, now_ms=now_ms, lease_ms=lease_ms)
        if lease is not None:
            claimed.append(row["id"])
            leases[row["delivery_id"]] = lease
    return tuple(
        replace(delivery, lease=leases[delivery.delivery_id][0], secret=leases[delivery.delivery_id][1])
        for delivery in load_deliveries(connection, claimed)
    )


def delivered(connection: Connection, delivery: Delivery, *, now_ms: int, error: str, retry_ms: int | None) -> None:
    """Keep how a delivery ended. That it was told counts whoever says so; all else only from whoever has it in hand."""
    found = select(alarm_deliveries).where(_d.delivery_id == delivery.delivery_id, _d.state == "waiting")
    row = connection.execute(found.with_for_update()).mappings().first()
    if row is None or (error and (not delivery.lease or row["lease"] != delivery.lease)):
        return
    said = _shown(connection, row, error)
    if not error:
        _settle(connection, row, "told", "told", now_ms=now_ms, text=_named(row))
    elif retry_ms is None:
        _settle(connection, row, "given_up", "not_told", now_ms=now_ms, text=f"{_named(row)}: {said}", error=said)
    else:
        due = min(max(retry_ms, now_ms), now_ms + FARTHEST_MS)
        values = {"due_ms": due, "error": to_text(said), **FREE}
        connection.execute(update(alarm_deliveries).where(_d.id == row["id"]).values(values))


def give_up_channel(connection: Connection, experiment: int, name: str, *, now_ms: int) -> None:
    """Give up what waits for a channel that goes."""
    waiting = (_d.experiment == experiment, _d.channel == name, _d.state == "waiting")
    for row in connection.execute(select(alarm_deliveries).where(*waiting).with_for_update()).mappings().all():
        _give_up_gone(connection, row, now_ms=now_ms)


def _hand_out(connection: Connection, row: RowMapping, *, now_ms: int, lease_ms: int) -> tuple[str, str] | None:
    """Lease a delivery; return its lease and its channel's secret, the only time that it leaves the store."""
    k = _k.experiment == row["experiment"], _k.name == row["channel"]
    channel = connection.execute(select(_k.kind, _k.target, _k.secret).where(*k)).first()
    if channel is None:
        _give_up_gone(connection, row, now_ms=now_ms)
        return None
    lease = new_lease(now_ms=now_ms, lease_ms=lease_ms)
    values = {**lease, "attempt": row["attempt"] + 1, "kind": channel.kind, "target": channel.target}
    connection.execute(update(alarm_deliveries).where(_d.id == row["id"]).values(values))
    return lease["lease"], channel.secret


def _settle(
    connection: Connection, row: RowMapping, state: str, action: str, *, now_ms: int, text: str, error: str = ""
) -> None:
    values = {"state": state, "error": to_text(error), **FREE}
    connection.execute(update(alarm_deliveries).where(_d.id == row["id"]).values(values))
    for (alarm,) in connection.execute(select(_m.alarm).where(_m.delivery == row["id"]).order_by(_m.alarm)).all():
        write_event(connection, alarm, action, time_ms=now_ms, text=text)


def _give_up_gone(connection: Connection, row: RowMapping, *, now_ms: int) -> None:
    gone = "the channel was deleted"
    _settle(connection, row, "given_up", "not_told", now_ms=now_ms, text=f"{_named(row)}: {gone}", error=gone)


def _put_body(
    connection: Connection, experiment: int, rule: AlarmRule, body: str, numbers: Sequence[int], *, now_ms: int
) -> None:
    there = {channel.name: channel for channel in channels_of(connection, experiment)}
    for name in rule.draft.channels:
        if name in there:
            delivery = _insert(connection, experiment, rule.rule_id, there[name], body, now_ms=now_ms, due_ms=now_ms)
            links = [{"delivery": delivery, "alarm": alarm} for alarm in numbers]
            if links:
                connection.execute(insert(alarm_delivery_alarms), links)
            continue
        for alarm in numbers:
            write_event(
                connection, alarm, "not_told", time_ms=now_ms, text=f"{name}: there is no such channel any more"
            )


def _insert(
    connection: Connection, experiment: int, rule_id: str, channel: Channel, body: str, *, now_ms: int, due_ms: int
) -> int:
    row: dict[str, Any] = {
        "delivery_id": f"de-{uuid.uuid4().hex}",
        "experiment": experiment,
        "rule_id": rule_id,
        "channel": channel.name,
        "kind": channel.kind,
        "target": channel.target,
        "body": body,
        "state": "waiting",
        "attempt": 0,
        "due_ms": due_ms,
        "error": "",
        **FREE,
        "created_time": now_ms,
    }
    (number,) = connection.execute(insert(alarm_deliveries).values(row)).inserted_primary_key or (0,)
    return number


def _shown(connection: Connection, row: RowMapping, error: str) -> str:
    """Return an error without the secret of its channel, in one line."""
    secret = select(_k.secret).where(_k.experiment == row["experiment"], _k.name == row["channel"])
    kept = connection.execute(secret).scalar() or ""
    return " ".join(redact(str(error).replace("\x00", ""), kept).split())[:_MAX_ERROR]


def _named(row: RowMapping) -> str:
    return f"{row['channel']} ({row['kind']})"


def _experiment_name(connection: Connection, experiment: int) -> str:
    return connection.execute(select(experiments.c.name).where(experiments.c.id == experiment)).scalar() or ""
