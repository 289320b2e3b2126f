"""Counting what became of work: by monitor and day, in the transaction that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import bindparam, select, update

from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.monitor_schema import OUTCOMES, monitor_days, monitor_tallies

DAY_MS = 86_400_000
_MOST_DELAYS = 200
MAX_ERROR = 2_000
_FAILURES = ("scorer_error", "parse_error")
_DAY_OF = {"scored": "scored", "filtered": "filtered", "gone": ""}  # everything else is "failed"


@dataclass(frozen=True, slots=True)
class Ended:
    """One ending, its error in a form that can be kept.

    ``delay_ms`` is from settled to scored; None where it tells nothing of how quick the monitor is.
    """

    outcome: str
    delay_ms: int | None = None
    error: str = ""
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0


class Counting:
    """Counts; each statement is spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        text = database.positional
        t, d = monitor_tallies.c, monitor_days.c
        mine = t.monitor == bindparam("number")
        known = select(t.failures, t.last_scored_ms, t.last_error, t.last_error_ms, t.delays)
        self._tally = text(known.where(mine).with_for_update())
        sums = {name: t[name] + bindparam(f"{name}_") for name in OUTCOMES}
        told = ("failures", "last_scored_ms", "last_error", "last_error_ms", "delays")
        latest = {name: bindparam(f"{name}_") for name in told}
        self._order = tuple(c.name for c in monitor_tallies.columns if c.name != "monitor")
        self._count = text(update(monitor_tallies).where(mine).values({**sums, **latest}))
        day = database.dialect.insert(monitor_days)
        added = [c.name for c in monitor_days.columns if c.name not in ("monitor", "day")]
        self._day = text(
            day.on_conflict_do_update(
                index_elements=["monitor", "day"], set_={name: d[name] + day.excluded[name] for name in added}
            )
        )
        wrong = {name: bindparam(f"{name}_") for name in ("last_error", "last_error_ms")}
        self._error = text(update(monitor_tallies).where(mine).values(wrong))

    def count(self, cursor: Cursor, monitor: int, ended: Sequence[Ended], now_ms: int) -> None:
        """Count endings, in their order. Monitors must be counted in the order of their numbers."""
        cursor.execute(self._tally, (monitor,))
        row = cursor.fetchone()
        if row is None:
            return  # the monitor was deleted
        failures, scored_ms, error, error_ms, delays = row
        for one in ended:
            # What a filter leaves out says nothing of whether the scorer works.
            failures = 0 if one.outcome == "scored" else failures + (one.outcome in _FAILURES)
            if one.outcome == "scored":
                scored_ms = now_ms
            if one.error:
                error, error_ms = one.error, now_ms
        taken = msgspec.json.decode(delays) + [one.delay_ms for one in ended if one.delay_ms is not None]
        values = {
            **Counter(one.outcome for one in ended),
            "failures": failures,
            "delays": msgspec.json.encode(taken[-_MOST_DELAYS:]).decode(),
            "last_scored_ms": scored_ms,
            "last_error": error,
            "last_error_ms": error_ms,
        }
        cursor.execute(self._count, (*(values.get(name, 0) for name in self._order), monitor))
        self._count_day(cursor, monitor, ended, now_ms)

    def say_wrong(self, cursor: Cursor, monitor: int, error: str, now_ms: int) -> None:
        """Keep what went wrong with work that is not done."""
        cursor.execute(self._error, (error, now_ms, monitor))

    def _count_day(self, cursor: Cursor, monitor: int, ended: Sequence[Ended], now_ms: int) -> None:
        kinds = Counter(_DAY_OF.get(one.outcome, "failed") for one in ended)
        spent = (
            *(sum(getattr(one, name) for one in ended) for name in ("calls", "input_tokens", "output_tokens")),
            float(sum(one.cost for one in ended)),
        )
        if kinds.keys() - {""} or any(spent):
            numbers = (kinds["scored"], kinds["failed"], kinds["filtered"], *spent)
            cursor.execute(self._day, (monitor, now_ms - now_ms % DAY_MS, *numbers))
