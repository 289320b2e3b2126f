"""Handing out work: what is due, of one monitor after the other, within their limits.

Each monitor's share is handed out in a transaction of its own that touches its rows alone. A filter is asked before
that, without holding up any writer, about the work that is due next: what does not match is done with at once.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, literal_column, null, or_, select, update

from steelyard.errors import FilterError, InvalidArgument
from steelyard.records.monitor import MonitorChange, Work
from steelyard.store.limits import check_integer
from steelyard.store.sql.clock import now_ms as clock_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.monitor_counting import Counting, Ended
from steelyard.store.sql.monitor_keeping import check_lease
from steelyard.store.sql.monitor_limits import Limits, far_ahead, left_of
from steelyard.store.sql.monitor_rows import load_monitor, monitor_from, monitors_found, remember
from steelyard.store.sql.monitor_schema import EITHER, monitor_work, monitors
from steelyard.store.sql.monitor_sieving import Sieved, sieve
from steelyard.store.sql.schema import experiments
from steelyard.store.sql.trace_schema import traces

HOLD_MS = 3_600_000
"""A monitor that is held for longer than this is held by a clock that was wrong."""
_FROM_THE_FIRST = literal_column("0")  # unless told, SQLite's spelling has one more parameter
_EVER = (-(2**62), 2**62)
_MOST_SIEVED = 1_000
_MOST_NAMED = 500  # in a statement: databases take their time over longer lists
_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class _Open:
    """A monitor that may have work due."""

    number: int
    monitor_id: str
    experiment: int
    level: str
    filter_string: str
    settle_ms: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class _Ask:
    """What somebody asked for."""

    now_ms: int
    until_ms: int
    lease: str


class Claiming:
    """Hands out work.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements = database.spelt(_Statements)
        self._turn = secrets.randbelow(2**31)
        self._turning = threading.Lock()

    def claim(self, *, now_ms: int, most: int, lease_ms: int, monitor_ids: Sequence[str]) -> tuple[Work, ...]:
        """See ``MonitorStore.claim``."""
        if most < 1:
            msg = f"most={most!r}: ask for at least one."
            raise InvalidArgument(msg)
        if isinstance(monitor_ids, str):
            msg = f"monitor_ids={monitor_ids[:50]!r} is a text: give a list of ids, also of a single one."
            raise InvalidArgument(msg)
        check_integer(now_ms + HOLD_MS, "now_ms")
        ask = _Ask(now_ms, now_ms + check_lease(lease_ms), secrets.token_hex(8))
        with self._database.read() as connection:
            waiting = _with_work(connection, monitor_ids, now_ms)
        found: list[Work] = []
        while waiting and len(found) < most:
            waiting, given = self._share_out(self._in_turn(waiting), ask, most - len(found))
            found += given
        return tuple(found)

    def _in_turn(self, waiting: Sequence[_Open]) -> list[_Open]:
        with self._turning:
            self._turn += 1
            first = self._turn % len(waiting)
        return [*waiting[first:], *waiting[:first]]

    def _share_out(self, waiting: Sequence[_Open], ask: _Ask, most: int) -> tuple[list[_Open], list[Work]]:
        """Give each its share; return those that may have more, and what was handed out."""
        given: list[Work] = []
        more = []
        for i, monitor in enumerate(waiting):
            share = -(-(most - len(given)) // (len(waiting) - i))
            if share <= 0:
                break
            work = self._sieved(monitor, ask, share) if _needs_sieve(monitor) else self._taken(monitor, ask, share)
            given += work
            if len(work) == share:
                more.append(monitor)
        return more, given

    def _sieved(self, monitor: _Open, ask: _Ask, share: int) -> list[Work]:
        """Hand out what matches the monitor's filter."""
        given: list[Work] = []
        at_once = 2 * share
        for _ in range(_ROUNDS):
            try:
                with self._database.read() as connection:
                    due = is_due(ask.now_ms, monitor.settle_ms)
                    sieved = sieve(connection, self._database.dialect, monitor, due=due, most=at_once)
            except FilterError as error:
                self._pause(monitor, f"Its filter can no longer be used. {error}")
                return given
            self._end(monitor, sieved, ask.now_ms)
            if sieved.good:
                given += self._taken(monitor, ask, share - len(given), among=sieved.good)
            if len(given) == share or sieved.looked < at_once:
                return given
            at_once = min(2 * at_once, _MOST_SIEVED)
        return given

    def _taken(self, monitor: _Open, ask: _Ask, share: int, *, among: Sequence[int] = ()) -> list[Work]:
        statements = self._statements
        # Need not be on disk at once: a lease that is lost was held by nobody who could commit.
        return self._database.run(lambda cursor: statements.take(cursor, monitor, ask, share, among), durable=False)

    def _end(self, monitor: _Open, sieved: Sieved, now_ms: int) -> None:
        if sieved.filtered or sieved.gone:
            statements = self._statements
            self._database.run(lambda cursor: statements.end(cursor, monitor, sieved, now_ms), durable=False)

    def _pause(self, monitor: _Open, reason: str) -> None:
        now = clock_ms()
        with self._database.write() as connection:
            number, there = load_monitor(connection, monitor.monitor_id, lock=True)
            if there.state != "active" or there.filter_string != monitor.filter_string:
                return
            paused = {"state": "paused", "reason": reason, "updated_by": "", "updated_time": now}
            connection.execute(update(monitors).where(monitors.c.id == number).values(paused))
            after = monitor_from(connection.execute(monitors_found().where(monitors.c.id == number)).one())
            remember(connection, number, MonitorChange(monitor=after, time_ms=now, action="paused"))


def is_due(now_ms: int, settle_ms: int) -> Any:
    """Return "may be handed out now"; what is due later than anything could be is due now."""
    w = monitor_work.c
    return or_(w.due_ms <= now_ms, w.due_ms > now_ms + far_ahead(settle_ms))


def _needs_sieve(monitor: _Open) -> bool:
    # A session has work though its traces were deleted.
    return bool(monitor.filter_string.strip()) or monitor.level == "session"


def _with_work(connection: Connection, monitor_ids: Sequence[str], now_ms: int) -> list[_Open]:
    """Return the monitors that may hand out work now, by number."""
    m, w = monitors.c, monitor_work.c
    far = now_ms + far_ahead(0) + m.settle_ms
    waits = select(w.id).where(w.monitor == m.id, w.outcome.is_(None), EITHER)
    due = or_(*(waits.where(then).exists() for then in (w.due_ms <= now_ms, w.due_ms > far)))
    columns = (m.id, m.monitor_id, m.experiment, m.level, m.filter_string, m.settle_ms)
    found = (
        select(*columns, m.max_scorings_per_day, m.max_cost_per_day)
        .join(experiments, experiments.c.id == m.experiment)
        .where(m.state == "active", experiments.c.lifecycle == "active", due)
        .where(or_(m.held_until_ms <= now_ms, m.held_until_ms > now_ms + HOLD_MS))
        .order_by(m.id)
    )
    wanted = set(monitor_ids)
    if wanted and len(wanted) <= _MOST_NAMED:
        found = found.where(m.monitor_id.in_(sorted(wanted)))
    rows = connection.execute(found)
    return [_Open(*row[:6], limits=Limits(*row[6:])) for row in rows if not wanted or row.monitor_id in wanted]


class _Statements:
    """What hands out and ends work, spelt once."""

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._pack = dialect.pack
        self._counting = database.spelt(Counting)
        m, w, t = monitors.c, monitor_work.c, traces.c
        # One at a time: whoever finds it locked leaves this monitor to whoever has it.
        self._lock = text(
            select(m.id).where(m.id == bindparam("number")).with_for_update(key_share=True, skip_locked=True)
        )
        self._left = left_of(database)
        chosen = (
            w.monitor == bindparam("number"),
            w.outcome.is_(None),
            w.past == bindparam("past_"),
            w.due_ms > bindparam("after"),
            w.due_ms <= bindparam("until"),
        )
        told = (w.id, w.attempt, w.settled_ms)
        of_trace = select(*told, t.trace_id).join(traces, t.id == w.trace).where(*chosen)
        of_session = select(*told, w.session).where(*chosen, w.session.is_not(None))
        self._take = {
            (level, listed): _first(database, found.where(dialect.listed(w.id)) if listed else found)
            for level, found in (("trace", of_trace), ("session", of_session))
            for listed in (False, True)
        }
        leased = {"due_ms": bindparam("until"), "attempt": w.attempt + literal_column("1"), "lease": bindparam("token")}
        self._lease = text(update(monitor_work).where(dialect.listed(w.id)).values(leased))
        idle = (
            dialect.listed(w.id),
            w.outcome.is_(None),
            or_(w.due_ms <= bindparam("now"), w.due_ms > bindparam("far")),
        )
        ended = {"due_ms": bindparam("at"), "lease": null(), "outcome": bindparam("ending")}
        self._end = text(update(monitor_work).where(*idle).values(ended))

    def take(self, cursor: Cursor, monitor: _Open, ask: _Ask, share: int, among: Sequence[int]) -> list[Work]:
        """Lease what is due of a monitor, what is new first."""
        if monitor.limits:
            cursor.execute(self._lock, (monitor.number,))
            if cursor.fetchone() is None:
                return []
            share = min(share, self._left(cursor, monitor.number, monitor.limits, ask.now_ms))
        far = ask.now_ms + far_ahead(monitor.settle_ms)
        listed = (self._pack(among),) if among else ()
        statement = self._take[monitor.level, bool(among)]
        rows: list[Any] = []
        for past in (0, 1):
            for stretch in ((_EVER[0], ask.now_ms), (far, _EVER[1])):
                if len(rows) < share:
                    cursor.execute(statement, (monitor.number, past, *stretch, *listed, share - len(rows)))
                    rows += cursor.fetchall()
        if rows:
            cursor.execute(self._lease, (ask.until_ms, ask.lease, self._pack([row[0] for row in rows])))
        return [_work(monitor, ask, *row) for row in rows]

    def end(self, cursor: Cursor, monitor: _Open, sieved: Sieved, now_ms: int) -> None:
        """Be done with what is not to be scored."""
        far = now_ms + far_ahead(monitor.settle_ms)
        ended: list[Ended] = []
        for outcome, numbers in (("filtered", sieved.filtered), ("gone", sieved.gone)):
            if numbers:
                cursor.execute(self._end, (now_ms, outcome, self._pack(numbers), now_ms, far))
                ended += [Ended(outcome)] * cursor.rowcount
        if ended:
            self._counting.count(cursor, monitor.number, ended, now_ms)


def _first(database: Database, found: Any) -> str:
    w = monitor_work.c
    ordered = found.order_by(w.due_ms).limit(bindparam("most")).offset(_FROM_THE_FIRST)
    return database.positional(ordered.with_for_update(of=monitor_work, skip_locked=True))


def _work(monitor: _Open, ask: _Ask, number: int, attempt: int, settled_ms: int, subject: str) -> Work:
    return Work(
        work_id=number,
        monitor_id=monitor.monitor_id,
        subject=subject,
        lease=ask.lease,
        lease_until_ms=ask.until_ms,
        attempt=attempt + 1,
        settled_ms=settled_ms,
    )
