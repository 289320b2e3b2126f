"""How much a monitor may still do today, and how far ahead anything of it can be due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select

from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.monitor_counting import DAY_MS
from steelyard.store.sql.monitor_schema import monitor_days, monitor_work

BACKOFF_MS = 900_000
"""Work is put back for at most so long, and leased for less."""
_NO_END = 2**31


@dataclass(frozen=True, slots=True)
class Limits:
    """A monitor's limits a day; false if there are none."""

    scorings: int | None = None
    cost: float | None = None

    def __bool__(self) -> bool:
        return self.scorings is not None or self.cost is not None

    def left(self, *, done: int, cost: float, in_hand: int) -> int:
        """Return how many more scorings may begin.

        What is in hand, and what begins, is taken to cost as much as the mean of today.
        """
        left = _NO_END
        if self.scorings is not None:
            left = min(left, self.scorings - done - in_hand)
        if self.cost is not None:
            if cost >= self.cost:
                return 0
            mean = cost / done if done else 0.0
            if mean > 0:
                left = min(left, -int(-(self.cost - cost) // mean) - in_hand)
        return max(left, 0)


def far_ahead(settle_ms: int) -> int:
    """Return how far from now nothing of a monitor is due, in milliseconds, unless a clock jumped."""
    return settle_ms + BACKOFF_MS


def left_of(database: Database) -> Callable[[Cursor, int, Limits, int], int]:
    """Return a function that says how many scorings of a monitor may begin; its statements are spelt once."""
    d, w = monitor_days.c, monitor_work.c
    today = database.positional(
        select(d.scored + d.failed, d.cost).where(d.monitor == bindparam("number"), d.day == bindparam("today"))
    )
    in_hand = database.positional(
        select(func.count())
        .select_from(monitor_work)
        .where(w.monitor == bindparam("number"), w.lease.is_not(None), w.due_ms > bindparam("now"))
    )

    def left(cursor: Cursor, monitor: int, limits: Limits, now_ms: int) -> int:
        cursor.execute(today, (monitor, now_ms - now_ms % DAY_MS))
        done, cost = cursor.fetchone() or (0, 0.0)
        cursor.execute(in_hand, (monitor, now_ms))
        (held,) = cursor.fetchone()
        return limits.left(done=done, cost=cost, in_hand=held)

    return left
