"""Monitors in SQL: who watches what. Their work is in the files beside this one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import Connection, delete, insert, or_, select, update

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records.monitor import (
    Backfill,
    Monitor,
    MonitorChange,
    MonitorDay,
    MonitorLevel,
    MonitorStanding,
    MonitorState,
    ScorerSamplingConfig,
    Work,
    WorkDone,
)
from steelyard.store.limits import check_integer, check_value
from steelyard.store.sql.clock import now_ms as clock_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.experiments import experiment_number
from steelyard.store.sql.json_text import to_text
from steelyard.store.sql.monitor_claiming import Claiming
from steelyard.store.sql.monitor_committing import commit_work
from steelyard.store.sql.monitor_keeping import put_back, renew
from steelyard.store.sql.monitor_planning import Planning
from steelyard.store.sql.monitor_rows import (
    backfill_from,
    backfills_found,
    change_from,
    load_monitor,
    monitor_from,
    monitors_found,
    remember,
)
from steelyard.store.sql.monitor_schema import (
    OUTCOMES,
    monitor_backfills,
    monitor_changes,
    monitor_tallies,
    monitor_work,
    monitors,
)
from steelyard.store.sql.monitor_settings import MAX_REASON, check_monitor_state, first_settings, settings_of
from steelyard.store.sql.monitor_standing import days_of, standings
from steelyard.store.sql.schema import experiments
from steelyard.store.sql.scorers import SqlScorers

_MAX_WORD = 250
_DELETED_AT_ONCE = 10_000
_NEVER = {"last_scored_ms": 0, "last_error": "", "last_error_ms": 0, "delays": "[]"}

Action = Literal["started", "updated", "stopped", "paused", "resumed"]
_ACTIONS: dict[MonitorState, Action] = {"active": "resumed", "stopped": "stopped", "paused": "paused"}


class SqlMonitors:
    """See ``MonitorStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @cached_property
    def _planning(self) -> Planning:
        return Planning(self._database)

    @cached_property
    def _claiming(self) -> Claiming:
        return Claiming(self._database)

    def start(
        self,
        experiment_id: str,
        name: str,
        *,
        config: ScorerSamplingConfig,
        level: MonitorLevel = "trace",
        version: int | None = None,
        by: str = "",
    ) -> Monitor:
        settings = first_settings(_checked(config), level, self._database.dialect)
        by, now = check_value(by, "user", limit=_MAX_WORD), clock_ms()
        SqlScorers(self._database).get(experiment_id, name, version=version)
        started = {
            **settings,
            "version": version,
            "state": "active",
            "reason": "",
            "held_until_ms": 0,
            "held_reason": "",
            "updated_by": by,
            "updated_time": now,
        }
        first = {"monitor_id": f"mo-{uuid.uuid4().hex}", "created_by": by, "created_time": now}
        made = self._database.dialect.insert(monitors).on_conflict_do_nothing()
        m = monitors.c
        with self._database.write() as connection:
            experiment = _hold_arrivals(connection, experiment_number(connection, experiment_id))
            connection.execute(made.values(experiment=experiment, name=name, **first, **started))
            of_name = (m.experiment == experiment, m.name == name)
            number, old = connection.execute(
                select(m.id, m.level).where(*of_name).with_for_update(key_share=True)
            ).one()
            connection.execute(update(monitors).where(m.id == number).values(started))
            if old != level:
                _drop_waiting(connection, number)
            self._forget_failures(connection, number)
            return _changed(connection, number, "started", by, now)

    def get(self, monitor_id: str) -> Monitor:
        with self._database.read() as connection:
            return load_monitor(connection, monitor_id)[1]

    def find(self, experiment_id: str, name: str) -> Monitor | None:
        """Return the monitor of a scorer, or None."""
        with self._database.read() as connection:
            experiment = experiment_number(connection, experiment_id)
            found = monitors_found().where(monitors.c.experiment == experiment, monitors.c.name == name)
            row = connection.execute(found).first()
        return None if row is None else monitor_from(row)

    def list(self, experiment_ids: Sequence[str] = ()) -> tuple[Monitor, ...]:
        found = monitors_found().order_by(monitors.c.name, monitors.c.id)
        with self._database.read() as connection:
            if experiment_ids:
                numbers = [experiment_number(connection, one) for one in experiment_ids]
                found = found.where(monitors.c.experiment.in_(numbers))
            return tuple(monitor_from(row) for row in connection.execute(found))

    def update(
        self,
        monitor_id: str,
        *,
        config: ScorerSamplingConfig | None = None,
        state: MonitorState | None = None,
        reason: str = "",
        by: str = "",
    ) -> Monitor:
        wanted: dict[str, Any] = {} if config is None else settings_of(_checked(config), self._database.dialect)
        if state is not None:
            reason = "" if state == "active" else str(reason)[:MAX_REASON]
            wanted |= {"state": check_monitor_state(state), "reason": reason}
        if state == "active":
            wanted |= {"held_until_ms": 0, "held_reason": ""}
        by, now = check_value(by, "user", limit=_MAX_WORD), clock_ms()
        with self._database.write() as connection:
            _, before = load_monitor(connection, monitor_id)
            if state is not None and before.state == "stopped":
                _hold_arrivals(connection, int(before.experiment_id))
            number, before = load_monitor(connection, monitor_id, lock=True)
            if state == "active":
                self._forget_failures(connection, number)
            if all(getattr(before, name) == value for name, value in wanted.items()):
                return load_monitor(connection, monitor_id)[1]
            values = {**wanted, "updated_by": by, "updated_time": now}
            if state is not None:
                values["reason"] = to_text(reason)
            connection.execute(update(monitors).where(monitors.c.id == number).values(values))
            action = "updated" if state is None or state == before.state else _ACTIONS[state]
            return _changed(connection, number, action, by, now)

    def delete(self, monitor_id: str) -> None:
        # Its work goes first, a part at a time, so that nobody waits long for the row of a trace.
        with self._database.write() as connection:
            number, _ = load_monitor(connection, monitor_id, lock=True)
            connection.execute(update(monitors).where(monitors.c.id == number).values(state="stopped"))
        w = monitor_work.c
        part = select(w.id).where(w.monitor == number).limit(_DELETED_AT_ONCE)
        while True:
            with self._database.write() as connection:
                if connection.execute(delete(monitor_work).where(w.id.in_(part))).rowcount < _DELETED_AT_ONCE:
                    connection.execute(delete(monitors).where(monitors.c.id == number))
                    return

    def history(self, monitor_id: str) -> tuple[MonitorChange, ...]:
        c = monitor_changes.c
        found = select(c.content, c.time, c.action, c.by).order_by(c.id.desc())
        with self._database.read() as connection:
            number, _ = load_monitor(connection, monitor_id)
            return tuple(change_from(row) for row in connection.execute(found.where(c.monitor == number)))

    def backfill(self, monitor_id: str, start_ms: int, end_ms: int, *, by: str = "") -> Backfill:
        start, end = check_integer(start_ms, "start_ms"), check_integer(end_ms, "end_ms")
        if end <= start:
            msg = f"The window from {start} to {end} is empty: end_ms must be later than start_ms."
            raise InvalidArgument(msg)
        row = {
            "backfill_id": f"bf-{uuid.uuid4().hex}",
            "start_ms": start,
            "end_ms": end,
            "planned": 0,
            "state": "planning",
            "at_time": start,
            "at_trace": 0,
            "created_by": check_value(by, "user", limit=_MAX_WORD),
            "created_time": clock_ms(),
        }
        with self._database.write() as connection:
            number, _ = load_monitor(connection, monitor_id)
            connection.execute(insert(monitor_backfills).values(**row, monitor=number))
            return _backfill(connection, row["backfill_id"])

    def backfills(self, monitor_id: str) -> tuple[Backfill, ...]:
        with self._database.read() as connection:
            number, _ = load_monitor(connection, monitor_id)
            b = monitor_backfills.c
            found = backfills_found().where(b.monitor == number).order_by(b.id.desc())
            return tuple(backfill_from(row) for row in connection.execute(found))

    def cancel_backfill(self, backfill_id: str) -> Backfill:
        b = monitor_backfills.c
        with self._database.write() as connection:
            planning = (b.backfill_id == backfill_id, b.state == "planning")
            connection.execute(update(monitor_backfills).where(*planning).values(state="cancelled"))
            return _backfill(connection, backfill_id)

    def plan(self, *, now_ms: int, most: int = 5000) -> int:
        return self._planning.plan(now_ms=now_ms, most=most)

    def claim(
        self, worker: str, *, now_ms: int, most: int, lease_ms: int = 120_000, monitor_ids: Sequence[str] = ()
    ) -> tuple[Work, ...]:
        """Hand out work; ``worker`` tells nobody apart: the lease does."""
        return self._claiming.claim(now_ms=now_ms, most=most, lease_ms=lease_ms, monitor_ids=monitor_ids)

    def renew(self, work: Sequence[Work], *, now_ms: int, lease_ms: int = 120_000) -> tuple[Work, ...]:
        return renew(self._database, work, now_ms=now_ms, lease_ms=lease_ms)

    def commit(self, done: Sequence[WorkDone], *, now_ms: int) -> int:
        return commit_work(self._database, done, now_ms=now_ms)

    def put_back(self, work: Sequence[Work], *, due_ms: int, error: str = "") -> int:
        return put_back(self._database, work, due_ms=due_ms, error=error)

    def hold(self, monitor_id: str, *, until_ms: int, reason: str) -> None:
        until = check_integer(until_ms, "until_ms")
        held = {"held_until_ms": until, "held_reason": to_text(str(reason)[:MAX_REASON]) if until else ""}
        with self._database.write() as connection:
            number, _ = load_monitor(connection, monitor_id)
            connection.execute(update(monitors).where(monitors.c.id == number).values(held))

    def standing(self, monitor_ids: Sequence[str], *, now_ms: int) -> Mapping[str, MonitorStanding]:
        with self._database.read() as connection:
            return standings(connection, monitor_ids, now_ms=now_ms)

    def days(self, monitor_id: str, *, start_ms: int, end_ms: int) -> tuple[MonitorDay, ...]:
        with self._database.read() as connection:
            number, _ = load_monitor(connection, monitor_id)
            return days_of(connection, number, start_ms=start_ms, end_ms=end_ms)

    def _forget_failures(self, connection: Connection, number: int) -> None:
        """Count the failures of a monitor from here; make its tally if it has none."""
        upsert = self._database.dialect.insert(monitor_tallies)
        upsert = upsert.on_conflict_do_update(index_elements=["monitor"], set_={"failures": 0})
        connection.execute(upsert.values(monitor=number, failures=0, **dict.fromkeys(OUTCOMES, 0), **_NEVER))


def _checked(config: ScorerSamplingConfig) -> ScorerSamplingConfig:
    if isinstance(config, ScorerSamplingConfig):
        return config
    told = ", ".join(one.name for one in fields(ScorerSamplingConfig))
    msg = f"config is a {type(config).__name__}, not a ScorerSamplingConfig (of {told})."
    raise InvalidArgument(msg)


def _hold_arrivals(connection: Connection, experiment: int) -> int:
    """Wait for the traces of an experiment that are being written, and hold off others until this commit.

    A new trace locks the row of its experiment, being a reference to it, before it asks who watches.
    """
    connection.execute(select(experiments.c.id).where(experiments.c.id == experiment).with_for_update())
    return experiment


def _drop_waiting(connection: Connection, number: int) -> None:
    """Forget work of another level than the monitor now has."""
    w = monitor_work.c
    connection.execute(delete(monitor_work).where(w.monitor == number, or_(w.outcome.is_(None), w.lease.is_not(None))))


def _changed(connection: Connection, number: int, action: Action, by: str, now: int) -> Monitor:
    monitor = monitor_from(connection.execute(monitors_found().where(monitors.c.id == number)).one())
    remember(connection, number, MonitorChange(monitor=monitor, time_ms=now, action=action, by=by))
    return monitor


def _backfill(connection: Connection, backfill_id: str) -> Backfill:
    row = connection.execute(backfills_found().where(monitor_backfills.c.backfill_id == backfill_id)).first()
    if row is None:
        msg = f"There is no backfill with id {backfill_id!r}."
        raise NotFound(msg)
    return backfill_from(row)
