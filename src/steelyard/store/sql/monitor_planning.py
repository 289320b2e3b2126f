"""Putting traces among the work of the monitors that sample them.

Marks of arrivals are taken by one planner each; what a planner that dies had taken is marked still. A backfill goes
through its window by time and row, and its place is kept in the transaction that adds the work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import bindparam, case, delete, literal_column, null, select, tuple_, update

from steelyard.errors import InvalidArgument
from steelyard.records.monitor import sampled
from steelyard.records.trace import RUN_KEY
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.monitor_schema import (
    IS_SESSION,
    monitor_arrivals,
    monitor_backfills,
    monitor_work,
    monitors,
)
from steelyard.store.sql.trace_schema import traces

_AT_ONCE = 1_000  # traces of one transaction
_FROM_THE_FIRST = literal_column("0")  # unless told, SQLite's spelling has one more parameter
_FRESH_MS = 60_000  # a trace of a backfill that began within this may still be growing


@dataclass(frozen=True, slots=True)
class _Trace:
    number: int
    trace_id: str
    experiment: int
    session: str | None
    request_time: int
    of_run: bool
    """Whether an evaluation made it."""


@dataclass(frozen=True, slots=True)
class _Watching:
    """A monitor, as far as planning is concerned."""

    number: int
    experiment: int
    level: str
    rate: float
    settle_ms: int

    def takes(self, trace: _Trace) -> bool:
        """Return whether a trace, or the session that it is part of, is in the sample."""
        subject = trace.trace_id if self.level == "trace" else trace.session
        return not trace.of_run and subject is not None and sampled(subject, self.rate)

    def work(self, trace: _Trace, due_ms: int, *, past: int = 0) -> _Row:
        """Return the work that a trace is."""
        if self.level == "trace":
            return _Row(self.number, trace.number, None, past, due_ms, due_ms)
        return _Row(self.number, None, trace.session, past, due_ms, due_ms)


class _Row(NamedTuple):
    """The parameters of an INSERT of work."""

    monitor: int
    trace: int | None
    session: str | None
    past: int
    due_ms: int
    settled_ms: int
    attempt: int = 0
    lease: None = None
    outcome: None = None


class Planning:
    """Plans, a short transaction at a time.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(self, *, now_ms: int, most: int) -> int:
        """See ``MonitorStore.plan``."""
        if most < 1:
            msg = f"most={most!r}: plan at least one trace at a time."
            raise InvalidArgument(msg)
        statements = self._database.spelt(_Statements)
        looked = 0
        for waits, plan in ((_MARKED, statements.plan_arrivals), (_PLANNING, statements.plan_backfill)):
            looked += self._repeat(waits, plan, now_ms, most - looked)
        return looked

    def _repeat(self, waits: Any, plan: Callable[[Cursor, int, int], int], now_ms: int, most: int) -> int:
        done = 0
        while done < most and self._is_there(waits):
            limit = min(_AT_ONCE, most - done)
            # Need not be on disk at once: if this is lost, so is the removal of the marks.
            looked = self._database.run(lambda cursor, limit=limit: plan(cursor, now_ms, limit), durable=False)
            if not looked:
                break
            done += looked
        return done

    def _is_there(self, waits: Any) -> bool:
        with self._database.read() as connection:  # nearly always nothing is, and that should disturb no writer
            return connection.execute(waits).first() is not None


_MARKED = select(monitor_arrivals.c.trace).limit(1)
_PLANNING = select(monitor_backfills.c.id).where(monitor_backfills.c.state == "planning").limit(1)


class _Statements:
    """What is read and written, spelt once."""

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._pack: Callable[[Sequence[Any]], Any] = dialect.pack
        a, t, m, w = monitor_arrivals.c, traces.c, monitors.c, monitor_work.c
        marks = select(a.trace, a.changed_ms).order_by(a.trace).limit(bindparam("most")).offset(_FROM_THE_FIRST)
        self._marks = text(marks.with_for_update(skip_locked=True))
        self._unmark = text(delete(monitor_arrivals).where(dialect.listed(a.trace)))
        found = (
            select(t.id, t.trace_id, t.experiment, t.session, t.request_time, t.metadata)
            .where(dialect.listed(t.id))
            .order_by(t.id)
        )
        self._traces = text(found.with_for_update(read=True, key_share=True))
        # One that is locked is being deleted, which waits for our marks: it is left to whoever comes next.
        self._unlocked_traces = text(found.with_for_update(read=True, key_share=True, skip_locked=True))
        watching = select(m.id, m.experiment, m.level, m.sample_rate, m.settle_ms)
        self._watching = text(watching.where(m.state != literal_column("'stopped'")))
        columns = tuple(c.name for c in monitor_work.columns if c.name != "id")
        self._add_trace, self._add_session = (text(upsert, columns) for upsert in _upserts(database))
        self._add_new = text(dialect.insert(monitor_work).on_conflict_do_nothing(), columns)
        idle = (w.outcome.is_(None), w.lease.is_(None))
        self._forget = text(delete(monitor_work).where(dialect.listed(w.trace), *idle))
        self._spell_backfills(database)

    def _spell_backfills(self, database: Database) -> None:
        text, t, m, b = database.positional, traces.c, monitors.c, monitor_backfills.c
        watching = (m.id, m.experiment, m.level, m.sample_rate, m.settle_ms)
        planning = (
            select(b.id, b.end_ms, b.at_time, b.at_trace, *watching)
            .join(monitors, m.id == b.monitor)
            .where(b.state == literal_column("'planning'"), m.state != literal_column("'stopped'"))
            .order_by(b.id)
            .limit(literal_column("1"))
            .offset(_FROM_THE_FIRST)
        )
        self._backfill = text(planning.with_for_update(of=monitor_backfills, skip_locked=True))
        behind = tuple_(t.request_time, t.id) > tuple_(bindparam("at_time"), bindparam("at_trace"))
        self._page = text(
            select(t.request_time, t.id)
            .where(t.experiment == bindparam("of"), t.request_time < bindparam("end"), behind)
            .order_by(t.request_time, t.id)
            .limit(bindparam("most"))
            .offset(_FROM_THE_FIRST)
        )
        changes: dict[str, Any] = {name: bindparam(f"{name}_") for name in ("state", "at_time", "at_trace")}
        changes["planned"] = b.planned + bindparam("added")
        self._go_on = text(update(monitor_backfills).where(b.id == bindparam("number")).values(changes))
        self._order = tuple(c.name for c in monitor_backfills.columns if c.name in changes)

    def plan_arrivals(self, cursor: Cursor, now_ms: int, limit: int) -> int:
        """Plan traces that have changed; return how many."""
        cursor.execute(self._marks, (limit,))
        marks: dict[int, int] = dict(cursor.fetchall())
        found = self._read_traces(cursor, list(marks), self._unlocked_traces)
        watching: dict[int, list[_Watching]] = defaultdict(list)
        for monitor in self._all_watching(cursor):
            watching[monitor.experiment].append(monitor)
        rows = [
            # A mark from the future is of a clock that was wrong.
            monitor.work(trace, min(marks[trace.number], now_ms) + monitor.settle_ms)
            for trace in found
            for monitor in watching[trace.experiment]
            if monitor.takes(trace)
        ]
        _executemany(cursor, self._add_trace, [row for row in rows if row.trace is not None])
        _executemany(cursor, self._add_session, _newest_of_each([row for row in rows if row.trace is None]))
        evaluated = [trace.number for trace in found if trace.of_run]
        for statement, numbers in ((self._forget, evaluated), (self._unmark, [trace.number for trace in found])):
            if numbers:
                cursor.execute(statement, (self._pack(numbers),))
        return len(found)

    def plan_backfill(self, cursor: Cursor, now_ms: int, limit: int) -> int:
        """Plan a part of the first backfill that is not finished; return how many traces."""
        while True:
            cursor.execute(self._backfill, ())
            row = cursor.fetchone()
            if row is None:
                return 0
            number, end, *place = row[:4]
            monitor = _Watching(*row[4:])
            cursor.execute(self._page, (monitor.experiment, end, *place, limit))
            page = cursor.fetchall()
            added = self._add_past(cursor, monitor, [trace for _, trace in page], now_ms)
            at_time, at_trace = page[-1] if page else place
            state = "planned" if len(page) < limit else "planning"
            changes = {"state": state, "at_time": at_time, "at_trace": at_trace, "planned": added}
            cursor.execute(self._go_on, (*(changes[name] for name in self._order), number))
            if page:
                return len(page)

    def _add_past(self, cursor: Cursor, monitor: _Watching, numbers: Sequence[int], now_ms: int) -> int:
        fresh = now_ms - max(monitor.settle_ms, _FRESH_MS)
        rows = [
            monitor.work(trace, now_ms + (monitor.settle_ms if trace.request_time > fresh else 0), past=1)
            for trace in self._read_traces(cursor, numbers, self._traces)
            if monitor.takes(trace)
        ]
        if monitor.level == "session":
            rows = _newest_of_each(rows)
        _executemany(cursor, self._add_new, rows)
        return cursor.rowcount if rows else 0

    def _read_traces(self, cursor: Cursor, numbers: Sequence[int], statement: str) -> list[_Trace]:
        if not numbers:
            return []
        cursor.execute(statement, (self._pack(numbers),))
        return [_Trace(*row, of_run=_is_of_run(metadata)) for *row, metadata in cursor.fetchall()]

    def _all_watching(self, cursor: Cursor) -> list[_Watching]:
        cursor.execute(self._watching, ())
        return [_Watching(*row) for row in cursor.fetchall()]


def _upserts(database: Database) -> tuple[Any, Any]:
    """Return what adds a trace that has changed, and what adds a session that has."""
    w = monitor_work.c
    of_trace = database.dialect.insert(monitor_work)
    new = of_trace.excluded
    of_trace = of_trace.on_conflict_do_update(
        index_elements=["trace", "monitor"],
        set_={"due_ms": new.due_ms, "settled_ms": new.settled_ms},
        where=w.outcome.is_(None) & w.lease.is_(None),
    )
    of_session = database.dialect.insert(monitor_work)
    new = of_session.excluded
    # A session in hand that has changed is known by that, once it is committed: so this is another moment always.
    settled = case((new.settled_ms == w.settled_ms, new.settled_ms + literal_column("1")), else_=new.settled_ms)
    of_session = of_session.on_conflict_do_update(
        index_elements=["monitor", "session"],
        index_where=IS_SESSION,
        set_={
            "past": new.past,
            "due_ms": case((w.lease.is_(None), new.due_ms), else_=w.due_ms),
            "settled_ms": settled,
            "attempt": case((w.outcome.is_(None), w.attempt), else_=literal_column("0")),
            "outcome": null(),
        },
    )
    return of_trace, of_session


def _newest_of_each(rows: Iterable[_Row]) -> list[_Row]:
    """Return one row for each monitor and session, in an order that all planners keep to."""
    newest: dict[tuple[int, str | None], _Row] = {}
    for row in sorted(rows, key=lambda row: row.due_ms):
        newest[row.monitor, row.session] = row
    return [newest[key] for key in sorted(newest, key=lambda key: (key[0], key[1] or ""))]


def _is_of_run(metadata: str) -> bool:
    if RUN_KEY not in metadata:
        return False
    words: Mapping[str, Any] = msgspec.json.decode(metadata)
    return bool(words.get(RUN_KEY))


def _executemany(cursor: Cursor, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        cursor.executemany(statement, rows)
