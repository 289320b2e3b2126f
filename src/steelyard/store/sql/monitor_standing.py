"""How monitors stand: from what commits counted, and from the work that still waits."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, func, or_, select

from steelyard.records.monitor import MonitorDay, MonitorStanding
from steelyard.store.limits import check_integer
from steelyard.store.sql.json_text import from_text
from steelyard.store.sql.monitor_counting import DAY_MS
from steelyard.store.sql.monitor_limits import Limits, far_ahead
from steelyard.store.sql.monitor_rows import load_monitor
from steelyard.store.sql.monitor_schema import EITHER, OUTCOMES, monitor_days, monitor_tallies, monitor_work, monitors
from steelyard.store.sql.monitor_settings import MAX_SETTLE_MS

_DAY_COLUMNS = ("scored", "failed", "filtered", "calls", "input_tokens", "output_tokens", "cost")
_MOST_MONITORS = 500  # of one statement
_OLDEST_AMONG = 10_000


def standings(connection: Connection, monitor_ids: Sequence[str], *, now_ms: int) -> dict[str, MonitorStanding]:
    """See ``MonitorStore.standing``."""
    check_integer(now_ms + far_ahead(MAX_SETTLE_MS), "now_ms")
    t, m, d = monitor_tallies.c, monitors.c, monitor_days.c
    told = (t.last_scored_ms, t.last_error, t.last_error_ms, t.delays)
    today = monitors.join(monitor_tallies, t.monitor == m.id).outerjoin(
        monitor_days, (d.monitor == m.id) & (d.day == now_ms - now_ms % DAY_MS)
    )
    columns = (m.id, m.monitor_id, m.settle_ms, m.max_scorings_per_day, m.max_cost_per_day, d.scored + d.failed, d.cost)
    wanted = list(dict.fromkeys(monitor_ids))
    found: dict[str, MonitorStanding] = {}
    for i in range(0, len(wanted), _MOST_MONITORS):
        some = m.monitor_id.in_(wanted[i : i + _MOST_MONITORS])
        for row in connection.execute(
            select(*columns, *told, *(t[o] for o in OUTCOMES)).select_from(today).where(some)
        ):
            found[row[1]] = _standing(connection, row, now_ms)
    for monitor_id in wanted:
        if monitor_id not in found:
            load_monitor(connection, monitor_id)  # says that there is none
    return {monitor_id: found[monitor_id] for monitor_id in wanted}


def days_of(connection: Connection, number: int, *, start_ms: int, end_ms: int) -> tuple[MonitorDay, ...]:
    """See ``MonitorStore.days``: those that begin in [start, end), and the one that start lies in."""
    d = monitor_days.c
    before = check_integer(start_ms - DAY_MS, "start_ms")
    found = select(d.day, *(d[name] for name in _DAY_COLUMNS)).where(
        d.monitor == number, d.day > before, d.day < check_integer(end_ms, "end_ms")
    )
    return tuple(
        MonitorDay(day_ms=day, **dict(zip(_DAY_COLUMNS, counts, strict=True)))
        for day, *counts in connection.execute(found.order_by(d.day))
    )


def _standing(connection: Connection, row: Any, now_ms: int) -> MonitorStanding:
    number, _, settle_ms, most, max_cost, today, cost = row[:7]
    last_scored, error, error_ms, delays = row[7:11]
    far = now_ms + far_ahead(settle_ms)
    backlog = _backlog(connection, number, now_ms, far)
    limits = Limits(most, max_cost)
    # Of what is in hand some is given back: only what is done has spent anything.
    spent = limits.left(done=today or 0, cost=cost or 0.0, in_hand=0) == 0
    taken = msgspec.json.decode(delays, type=list[int])
    return MonitorStanding(
        waiting=backlog.all - backlog.in_hand,
        due=backlog.all - backlog.later,
        in_hand=backlog.in_hand,
        oldest_due_ms=backlog.oldest_ms,
        done={name: count for name, count in zip(OUTCOMES, row[11:], strict=True) if count},
        today=today or 0,
        cost_today=cost or 0.0,
        spent=spent,
        delay_ms=median(taken) if taken else None,
        last_scored_ms=last_scored,
        last_error=from_text(error),
        last_error_ms=error_ms,
    )


class _Backlog(NamedTuple):
    """What is not done: in all, due later (in hand or not), in hand, and when the oldest that is due had settled."""

    all: int
    later: int
    in_hand: int
    oldest_ms: int


def _backlog(connection: Connection, number: int, now_ms: int, far: int) -> _Backlog:
    w = monitor_work.c
    waits = (w.monitor == number, w.outcome.is_(None))
    later = (w.due_ms > now_ms, w.due_ms <= far, EITHER)
    counted = select(func.count()).select_from(monitor_work)
    total, n_later, in_hand = (
        connection.execute(counted.where(*conditions)).scalar_one()
        for conditions in (waits, (*waits, *later), (w.monitor == number, w.lease.is_not(None), *later))
    )
    # What was put back is due later than it settled; but not so much that it is not among these.
    first = select(w.settled_ms).where(*waits, or_(w.due_ms <= now_ms, w.due_ms > far))
    first = first.order_by(w.past, w.due_ms).limit(_OLDEST_AMONG).subquery()
    oldest = connection.execute(select(func.min(first.c.settled_ms))).scalar()
    return _Backlog(total, n_later, in_hand, oldest or 0)
