"""Rules, alarms, their events, silences and deliveries as records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, case, func, or_, select

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Page
from steelyard.records.alarm import (
    Alarm,
    AlarmEvent,
    AlarmRule,
    Channel,
    Delivery,
    Finding,
    RuleChange,
    RuleDraft,
    Silence,
)
from steelyard.store.limits import check_max_results
from steelyard.store.sql.alarm_schema import (
    alarm_channels,
    alarm_deliveries,
    alarm_delivery_alarms,
    alarm_events,
    alarm_rule_changes,
    alarm_rules,
    alarm_silences,
    alarms,
)
from steelyard.store.sql.experiments import experiment_numbers
from steelyard.store.sql.json_text import from_json_as, from_text
from steelyard.store.sql.paging import SortKey, after, fingerprint, make_token, read_token

STATES = ("open", "acknowledged", "recovered", "closed")
_r, _a, _s, _d = alarm_rules.c, alarms.c, alarm_silences.c, alarm_deliveries.c
_RULE = tuple(name for name in AlarmRule.__dataclass_fields__ if name not in ("experiment_id", "draft"))
_ALARM = (
    *("alarm_id", "rule_id", "rule_name", "group", "state", "severity", "opened_ms", "ended_ms"),
    "acknowledged_by",
)
CHANNEL_COLUMNS = tuple(alarm_channels.c[name] for name in ("name", "kind", "target", "created_by", "created_time"))
"""All of a channel but its secret."""
HAS_SECRET = (alarm_channels.c.secret != "").label("has_secret")
_FROM_ENVIRONMENT = alarm_channels.c.secret.like("env:%")
SECRET_FROM = case((_FROM_ENVIRONMENT, func.substr(alarm_channels.c.secret, 5)), else_="").label("secret_from")


def rules_of(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[AlarmRule, ...]:
    """Return rules that meet some conditions, by name."""
    found = select(alarm_rules).where(*conditions).order_by(_r.name, _r.id)
    return tuple(rule_from(row) for row in connection.execute(found).mappings())


def load_rule(connection: Connection, rule_id: str) -> AlarmRule:
    """Return a rule."""
    found = rules_of(connection, _r.rule_id == rule_id)
    if not found:
        raise no_rule(rule_id)
    return found[0]


def rule_from(row: RowMapping) -> AlarmRule:
    """Return a row as a rule."""
    fields: dict[str, Any] = {name: row[name] for name in _RULE}
    fields["enabled"], fields["memory"] = bool(fields["enabled"]), bytes(fields["memory"])
    draft = from_json_as(row["draft"], RuleDraft)
    return AlarmRule(experiment_id=str(row["experiment"]), draft=draft, **fields)


def changes_of(connection: Connection, rule_id: str) -> tuple[RuleChange, ...]:
    """Return how a rule came to be what it is (or was), the newest first."""
    c = alarm_rule_changes.c
    found = select(alarm_rule_changes).where(c.rule_id == rule_id).order_by(c.id.desc())
    changes = tuple(
        RuleChange(
            rule_id=rule_id,
            draft=from_json_as(row["draft"], RuleDraft),
            version=row["version"],
            enabled=bool(row["enabled"]),
            reason=row["reason"],
            time_ms=row["time_ms"],
            action=row["action"],
            by=row["by"],
        )
        for row in connection.execute(found).mappings()
    )
    if not changes:
        raise no_rule(rule_id)
    return changes


def page_of_alarms(
    connection: Connection,
    experiment_ids: Sequence[str],
    *,
    states: Sequence[str],
    rule_id: str,
    max_results: int,
    page_token: str | None,
    now_ms: int,
) -> Page[Alarm]:
    """Return a page of alarms, the newest first; see ``AlarmStore.alarms``."""
    check_max_results(max_results)
    for name, given in (("experiment_ids", experiment_ids), ("states", states)):
        if isinstance(given, str):
            raise InvalidArgument(f"{name} is a list: put a single one in brackets.")
    for state in states:
        if state not in STATES:
            raise InvalidArgument(f"There is no state {state!r} of alarms. Ask for some of: {', '.join(STATES)}.")
    conditions: list[ColumnElement[bool]] = []
    if experiment_ids:
        conditions.append(_a.experiment.in_(experiment_numbers(connection, list(experiment_ids))))
    if states:
        conditions.append(_a.state.in_(list(states)))
    if rule_id:
        conditions.append(_a.rule_id == rule_id)
    keys = [SortKey(_a.id, descending=True, never_null=True)]
    query = fingerprint(list(experiment_ids), list(states), rule_id)
    if page_token:
        conditions.append(after(keys, read_token(page_token, query, keys)))
    found = select(alarms).where(*conditions).order_by(_a.id.desc()).limit(max_results + 1)
    rows = connection.execute(found).mappings().all()
    page = alarms_from(connection, rows[:max_results], now_ms=now_ms)
    return Page(page, make_token(query, [rows[max_results - 1]["id"]]) if len(rows) > max_results else None)


def load_alarm(connection: Connection, alarm_id: str, *, now_ms: int) -> Alarm:
    """Return an alarm as it is at a moment."""
    rows = connection.execute(select(alarms).where(_a.alarm_id == alarm_id)).mappings().all()
    if not rows:
        raise no_alarm(alarm_id)
    return alarms_from(connection, rows, now_ms=now_ms)[0]


def alarms_from(connection: Connection, rows: Sequence[RowMapping], *, now_ms: int) -> tuple[Alarm, ...]:
    """Return rows as alarms."""
    live = sorted({row["experiment"] for row in rows if not row["ended_ms"]})
    held = {number: silences_that_hold(connection, number, now_ms=now_ms) for number in live}
    return tuple(
        Alarm(
            experiment_id=str(row["experiment"]),
            first=from_json_as(row["first"], Finding),
            last=from_json_as(row["last"], Finding),
            silenced=not row["ended_ms"] and covered_until(held[row["experiment"]], row["rule_id"], row["group"]) > 0,
            **{name: row[name] for name in _ALARM},
        )
        for row in rows
    )


def silences_that_hold(connection: Connection, experiment: int, *, now_ms: int) -> tuple[Silence, ...]:
    """Return the silences of an experiment that hold at a moment, the newest first."""
    holds = (_s.experiment == experiment, _s.until_ms > now_ms, _s.ended.is_(False))
    found = select(alarm_silences).where(*holds).order_by(_s.id.desc())
    return tuple(silence_from(row) for row in connection.execute(found).mappings())


def silence_from(row: RowMapping) -> Silence:
    """Return a row as a silence."""
    names = (name for name in Silence.__dataclass_fields__ if name != "experiment_id")
    return Silence(experiment_id=str(row["experiment"]), **{name: row[name] for name in names})


def covered_until(silences: Iterable[Silence], rule_id: str, group: str) -> int:
    """Return until when some silences cover a group of a rule; 0 if they do not.

    Examples:
        >>> quiet = Silence(silence_id="si-1", experiment_id="0", until_ms=500, rule_id="ar-1")
        >>> covered_until([quiet], "ar-1", "de"), covered_until([quiet], "ar-2", "de")
        (500, 0)
    """
    covering = (s.until_ms for s in silences if s.rule_id in ("", rule_id) and s.group in (None, group))
    return max(covering, default=0)


def events_of(connection: Connection, alarm_id: str) -> tuple[AlarmEvent, ...]:
    """Return what happened to an alarm, the first first."""
    number = alarm_number(connection, alarm_id)
    e = alarm_events.c
    found = select(alarm_events).where(e.alarm == number).order_by(e.id)
    return tuple(
        AlarmEvent(
            alarm_id=alarm_id,
            time_ms=row["time_ms"],
            action=row["action"],
            text=from_text(row["text"]),
            by=row["by"],
            link=row["link"],
        )
        for row in connection.execute(found).mappings()
    )


def deliveries_of(connection: Connection, alarm_id: str) -> tuple[Delivery, ...]:
    """Return the messages about an alarm, the newest first."""
    number = alarm_number(connection, alarm_id)
    mine = select(alarm_delivery_alarms.c.delivery).where(alarm_delivery_alarms.c.alarm == number)
    rows = connection.execute(_deliveries().where(_d.id.in_(mine)).order_by(_d.id.desc())).mappings().all()
    return deliveries_from(connection, rows)


def deliveries_from(connection: Connection, rows: Sequence[RowMapping]) -> tuple[Delivery, ...]:
    """Return rows as deliveries, without secrets."""
    m = alarm_delivery_alarms.c
    numbers = [row["id"] for row in rows]
    about: dict[int, list[str]] = {number: [] for number in numbers}
    named = (
        select(m.delivery, _a.alarm_id).join(alarms, _a.id == m.alarm).where(m.delivery.in_(numbers)).order_by(_a.id)
    )
    for delivery, alarm_id in connection.execute(named):
        about[delivery].append(alarm_id)
    return tuple(
        Delivery(
            delivery_id=row["delivery_id"],
            experiment_id=str(row["experiment"]),
            rule_id=row["rule_id"],
            alarm_ids=tuple(about[row["id"]]),
            channel=Channel(
                name=row["channel"],
                kind=row["kind"],
                target=row["target"],
                has_secret=bool(row["has_secret"]),
                secret_from=row["secret_from"] or "",
            ),
            body=row["body"],
            state=row["state"],
            attempt=row["attempt"],
            due_ms=row["due_ms"],
            error=from_text(row["error"]),
            lease=row["lease"],
            created_time=row["created_time"],
        )
        for row in rows
    )


def load_deliveries(connection: Connection, numbers: Sequence[int]) -> tuple[Delivery, ...]:
    """Return deliveries by their numbers, in that order, without secrets."""
    rows = {row["id"]: row for row in connection.execute(_deliveries().where(_d.id.in_(list(numbers)))).mappings()}
    return deliveries_from(connection, [rows[number] for number in numbers])


def _deliveries() -> Select[Any]:
    k = alarm_channels.c
    there = (k.experiment == _d.experiment) & (k.name == _d.channel)
    return select(alarm_deliveries, HAS_SECRET, SECRET_FROM).outerjoin(alarm_channels, there)


def channels_of(connection: Connection, experiment: int, *names: str) -> tuple[Channel, ...]:
    """Return the channels of an experiment by name, or those named, without secrets."""
    k = alarm_channels.c
    found = select(*CHANNEL_COLUMNS, HAS_SECRET, SECRET_FROM).where(k.experiment == experiment).order_by(k.name)
    if names:
        found = found.where(or_(*(k.name == name for name in names)))
    return tuple(
        Channel(
            name=row["name"],
            kind=row["kind"],
            target=row["target"],
            has_secret=bool(row["has_secret"]),
            secret_from=row["secret_from"],
            created_by=row["created_by"],
            created_time=row["created_time"],
        )
        for row in connection.execute(found).mappings()
    )


def alarm_number(connection: Connection, alarm_id: str) -> int:
    """Return an alarm's row id."""
    number = connection.execute(select(_a.id).where(_a.alarm_id == alarm_id)).scalar()
    if number is None:
        raise no_alarm(alarm_id)
    return number


def no_rule(rule_id: str) -> NotFound:
    """Return the error for a rule that is not there."""
    return NotFound(f"There is no alarm rule with id {rule_id!r}.")


def no_alarm(alarm_id: str) -> NotFound:
    """Return the error for an alarm that is not there."""
    return NotFound(f"There is no alarm with id {alarm_id!r}.")
