"""Alarms in SQL: rules, what they found, who was told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from steelyard.errors import AlreadyExists, Conflict, InvalidArgument, NotFound
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
from steelyard.store.limits import MAX_KEY, MAX_TAG_VALUE, check_integer, check_name, check_value
from steelyard.store.sql import alarm_channels as channels_sql
from steelyard.store.sql import alarm_finding, alarm_outbox, alarm_reading, alarm_rules
from steelyard.store.sql.alarm_drafts import check_draft
from steelyard.store.sql.alarm_schema import alarm_deliveries, alarm_silences, alarms
from steelyard.store.sql.alarm_schema import alarm_rules as rules_table
from steelyard.store.sql.alarm_story import end, write_event
from steelyard.store.sql.clock import now_ms as clock_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.experiments import experiment_number, experiment_numbers

_a, _r, _s = alarms.c, rules_table.c, alarm_silences.c


class SqlAlarms:
    """See ``AlarmStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_rule(self, experiment_id: str, draft: RuleDraft, *, by: str = "") -> AlarmRule:
        check_draft(draft)
        try:
            with self._database.write() as connection:
                return alarm_rules.create(connection, experiment_id, draft, by=by)
        except IntegrityError as error:
            raise _taken(draft.name) from error

    def rule(self, rule_id: str) -> AlarmRule:
        with self._database.read() as connection:
            return alarm_reading.load_rule(connection, rule_id)

    def find_rule(self, experiment_id: str, name: str) -> AlarmRule | None:
        with self._database.read() as connection:
            number = experiment_number(connection, experiment_id)
            return next(iter(alarm_reading.rules_of(connection, _r.experiment == number, _r.name == name)), None)

    def rules(self, experiment_ids: Sequence[str] = ()) -> tuple[AlarmRule, ...]:
        if isinstance(experiment_ids, str):
            raise InvalidArgument("experiment_ids is a list: put the id in brackets.")
        with self._database.read() as connection:
            chosen = [_r.experiment.in_(experiment_numbers(connection, list(experiment_ids)))] if experiment_ids else []
            return alarm_reading.rules_of(connection, *chosen)

    def update_rule(
        self, rule_id: str, draft: RuleDraft | None = None, *, enabled: bool | None = None, by: str = ""
    ) -> AlarmRule:
        if draft is not None:
            check_draft(draft)
        try:
            with self._database.write() as connection:
                before = alarm_reading.load_rule(connection, rule_id)
                rule = alarm_rules.change(connection, rule_id, draft, enabled=enabled, by=by)
                if before.draft.series != rule.draft.series:
                    self._close_all(connection, rule_id, "The rule watches something else now.", by=by)
                return rule
        except IntegrityError as error:
            raise _taken(draft.name if draft else "") from error

    def delete_rule(self, rule_id: str, *, by: str = "") -> None:
        with self._database.write() as connection:
            alarm_rules.remove(connection, rule_id, by=by)
            self._close_all(connection, rule_id, "The rule was deleted.", by=by)

    def history(self, rule_id: str) -> tuple[RuleChange, ...]:
        with self._database.read() as connection:
            return alarm_reading.changes_of(connection, rule_id)

    def claim_rules(self, worker: str, *, now_ms: int, most: int = 10, lease_ms: int = 60_000) -> tuple[AlarmRule, ...]:
        _check_claim(worker, now_ms=now_ms, most=most, lease_ms=lease_ms)
        due = exists().where(*alarm_rules.is_due(now_ms))
        with self._database.read() as connection:  # mostly nothing is due, and nobody has to wait for that
            if not connection.execute(select(due)).scalar():
                return ()
        with self._database.write() as connection:
            return alarm_rules.claim(connection, now_ms=now_ms, most=most, lease_ms=lease_ms)

    def found(
        self, rule: AlarmRule, findings: Sequence[Finding], *, memory: bytes, looked_until_ms: int, now_ms: int
    ) -> tuple[Alarm, ...]:
        check_integer(now_ms, "now_ms")
        with self._database.write() as connection:
            row = alarm_rules.locked_look(connection, rule)
            if row is None:
                return ()
            kept = alarm_reading.rule_from(row)
            changed = alarm_finding.keep(connection, row["experiment"], kept, findings, now_ms=now_ms)
            alarm_rules.looked(connection, row, memory=memory, looked_until_ms=looked_until_ms, now_ms=now_ms)
            rows = connection.execute(select(alarms).where(_a.id.in_(changed)).order_by(_a.id)).mappings().all()
            return alarm_reading.alarms_from(connection, rows, now_ms=now_ms)

    def failed(self, rule: AlarmRule, reason: str, *, now_ms: int) -> AlarmRule:
        check_integer(now_ms, "now_ms")
        with self._database.write() as connection:
            row = alarm_rules.locked_look(connection, rule)
            if row is None:
                return alarm_reading.load_rule(connection, rule.rule_id)
            failed = alarm_rules.failed(connection, row, reason, now_ms=now_ms)
            if not failed.enabled:
                alarm_outbox.put_pause(connection, row["experiment"], failed, now_ms=now_ms)
            return failed

    def alarm(self, alarm_id: str) -> Alarm:
        with self._database.read() as connection:
            return alarm_reading.load_alarm(connection, alarm_id, now_ms=clock_ms())

    def alarms(
        self,
        experiment_ids: Sequence[str] = (),
        *,
        states: Sequence[str] = (),
        rule_id: str = "",
        max_results: int = 50,
        page_token: str | None = None,
    ) -> Page[Alarm]:
        with self._database.read() as connection:
            return alarm_reading.page_of_alarms(
                connection,
                experiment_ids,
                states=states,
                rule_id=rule_id,
                max_results=max_results,
                page_token=page_token,
                now_ms=clock_ms(),
            )

    def events(self, alarm_id: str) -> tuple[AlarmEvent, ...]:
        with self._database.read() as connection:
            return alarm_reading.events_of(connection, alarm_id)

    def acknowledge(self, alarm_id: str, *, by: str, note: str = "") -> Alarm:
        who, said = _who(by), check_value(note or "", "note", limit=MAX_TAG_VALUE)
        with self._database.write() as connection:
            row = _lasting(connection, alarm_id)
            values = {"state": "acknowledged", "acknowledged_by": who, "tell_ms": None}
            connection.execute(update(alarms).where(_a.id == row["id"]).values(values))
            write_event(connection, row["id"], "acknowledged", time_ms=clock_ms(), text=said, by=who)
            return alarm_reading.load_alarm(connection, alarm_id, now_ms=clock_ms())

    def note(self, alarm_id: str, text: str, *, by: str, link: str = "") -> AlarmEvent:
        who, said = _who(by), check_name(text, "note", limit=MAX_TAG_VALUE)
        where = check_value(link or "", "link", limit=MAX_TAG_VALUE)
        if where and (not where.startswith("/") or where.startswith(("//", "/\\"))):
            raise InvalidArgument(
                f"The link {where[:60]!r} leads elsewhere. Give a path of this server, such as /runs/…"
            )
        with self._database.write() as connection:
            number = alarm_reading.alarm_number(connection, alarm_id)
            write_event(connection, number, "noted", time_ms=clock_ms(), text=said, by=who, link=where)
            return alarm_reading.events_of(connection, alarm_id)[-1]

    def close(self, alarm_id: str, *, by: str, note: str = "") -> Alarm:
        who, said = _who(by), check_value(note or "", "note", limit=MAX_TAG_VALUE)
        with self._database.write() as connection:
            end(connection, _lasting(connection, alarm_id), "closed", now_ms=clock_ms(), text=said, by=who)
            return alarm_reading.load_alarm(connection, alarm_id, now_ms=clock_ms())

    def silence(
        self,
        experiment_id: str,
        *,
        until_ms: int,
        rule_id: str = "",
        group: str | None = None,
        reason: str = "",
        by: str = "",
    ) -> Silence:
        if not check_integer(until_ms, "until_ms") > 0:
            raise InvalidArgument(f"until_ms={until_ms} is no moment: give milliseconds since 1970.")
        if group is not None:
            check_value(group, "group", limit=MAX_TAG_VALUE)
        row = {
            "silence_id": f"si-{uuid.uuid4().hex}",
            "until_ms": until_ms,
            "group": group,
            "reason": check_value(reason or "", "reason", limit=MAX_TAG_VALUE),
            "created_by": check_value(by or "", "user's name", limit=MAX_KEY),
            "created_time": clock_ms(),
            "ended_by": "",
            "ended": False,
        }
        with self._database.write() as connection:
            number = experiment_number(connection, experiment_id)
            if rule_id and alarm_reading.load_rule(connection, rule_id).experiment_id != str(number):
                raise InvalidArgument(f"The rule {rule_id!r} belongs to another experiment.")
            connection.execute(insert(alarm_silences).values(**row, experiment=number, rule_id=rule_id))
            made = select(alarm_silences).where(_s.silence_id == row["silence_id"])
            return alarm_reading.silence_from(connection.execute(made).mappings().one())

    def silences(self, experiment_id: str, *, now_ms: int) -> tuple[Silence, ...]:
        check_integer(now_ms, "now_ms")
        with self._database.read() as connection:
            number = experiment_number(connection, experiment_id)
            return alarm_reading.silences_that_hold(connection, number, now_ms=now_ms)

    def end_silence(self, silence_id: str, *, by: str) -> None:
        who = _who(by)
        chosen = _s.silence_id == silence_id
        with self._database.write() as connection:
            row = connection.execute(select(alarm_silences).where(chosen).with_for_update()).mappings().first()
            if row is None:
                raise NotFound(f"There is no silence with id {silence_id!r}.")
            if row["ended"]:
                return
            connection.execute(update(alarm_silences).where(chosen).values(ended=True, ended_by=who))
            # What waited for its end is looked at anew: told, or held back by another silence.
            waited = (_a.experiment == row["experiment"], _a.ended_ms == 0, _a.tell_ms == row["until_ms"])
            found = select(_a.id).where(*waited).order_by(_a.id).with_for_update()
            numbers = connection.execute(found).scalars().all()
            connection.execute(update(alarms).where(_a.id.in_(numbers)).values(tell_ms=0))

    def put_channel(self, experiment_id: str, channel: Channel, *, secret: str | None = None, by: str = "") -> Channel:
        with self._database.write() as connection:
            number = experiment_number(connection, experiment_id)
            return channels_sql.put(connection, self._database.dialect, number, channel, secret=secret, by=by)

    def channels(self, experiment_id: str) -> tuple[Channel, ...]:
        with self._database.read() as connection:
            return alarm_reading.channels_of(connection, experiment_number(connection, experiment_id))

    def delete_channel(self, experiment_id: str, name: str) -> None:
        with self._database.write() as connection:
            channels_sql.remove(connection, experiment_number(connection, experiment_id), name)

    def test_delivery(self, experiment_id: str, name: str, *, now_ms: int, by: str = "") -> Delivery:
        check_integer(now_ms, "now_ms")
        with self._database.write() as connection:
            number = experiment_number(connection, experiment_id)
            there = alarm_reading.channels_of(connection, number, name)
            if not there:
                raise channels_sql.no_channel(name)
            who = check_value(by or "", "user's name", limit=MAX_KEY)
            return alarm_outbox.put_test(connection, number, there[0], now_ms=now_ms, by=who)

    def claim_deliveries(
        self, worker: str, *, now_ms: int, most: int = 10, lease_ms: int = 60_000, delivery_ids: Sequence[str] = ()
    ) -> tuple[Delivery, ...]:
        _check_claim(worker, now_ms=now_ms, most=most, lease_ms=lease_ms)
        waits = exists().where(*alarm_outbox.is_due(now_ms)).select_from(alarm_deliveries)
        told = exists().where(*alarm_outbox.is_to_be_told(now_ms)).select_from(alarms)
        with self._database.read() as connection:
            if not delivery_ids and not connection.execute(select(or_(waits, told))).scalar():
                return ()
        with self._database.write() as connection:
            if not delivery_ids:
                alarm_outbox.put_what_is_due(connection, now_ms=now_ms)
            return alarm_outbox.claim(
                connection, now_ms=now_ms, most=most, lease_ms=lease_ms, delivery_ids=delivery_ids
            )

    def delivered(self, delivery: Delivery, *, now_ms: int, error: str = "", retry_ms: int | None = None) -> None:
        check_integer(now_ms, "now_ms")
        with self._database.write() as connection:
            alarm_outbox.delivered(connection, delivery, now_ms=now_ms, error=error, retry_ms=retry_ms)

    def deliveries(self, alarm_id: str) -> tuple[Delivery, ...]:
        with self._database.read() as connection:
            return alarm_reading.deliveries_of(connection, alarm_id)

    def _close_all(self, connection: Connection, rule_id: str, text: str, *, by: str) -> None:
        for row in alarm_finding.live_alarms(connection, rule_id).values():
            end(connection, row, "closed", now_ms=clock_ms(), text=text, by=by)


def _lasting(connection: Connection, alarm_id: str) -> RowMapping:
    """Return the row of an alarm that has not ended, held until the end of the transaction."""
    row = connection.execute(select(alarms).where(_a.alarm_id == alarm_id).with_for_update()).mappings().first()
    if row is None:
        raise alarm_reading.no_alarm(alarm_id)
    if row["ended_ms"]:
        raise Conflict(f"The alarm {alarm_id!r} is {row['state']}: it has ended already.")
    return row


def _check_claim(worker: str, *, now_ms: int, most: int, lease_ms: int) -> None:
    check_value(worker, "worker's name", limit=MAX_KEY)
    check_integer(now_ms, "now_ms")
    if not 1 <= check_integer(most, "most") <= 1_000:
        raise InvalidArgument(f"most={most} is out of range: ask for 1 to 1,000.")
    if not 1 <= check_integer(lease_ms, "lease_ms") <= 86_400_000:
        raise InvalidArgument(f"lease_ms={lease_ms} is out of range: give 1 ms to a day.")


def _who(by: str) -> str:
    return check_name(by, "user's name", limit=MAX_KEY)


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"The experiment has a rule named {name!r} already. Update it, or choose another name.")
