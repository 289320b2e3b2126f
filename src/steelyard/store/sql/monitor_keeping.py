"""Work that is in hand: keeping it for longer, and giving it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import bindparam, null, select, update

from steelyard.errors import InvalidArgument
from steelyard.records.monitor import Work
from steelyard.store.limits import check_integer
from steelyard.store.sql.clock import now_ms as clock_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.json_text import to_text
from steelyard.store.sql.monitor_counting import MAX_ERROR, Counting
from steelyard.store.sql.monitor_schema import monitor_work

MAX_LEASE_MS = 600_000


def check_lease(lease_ms: int) -> int:
    """Return how long work is leased for, or say that it is too long."""
    if 0 < check_integer(lease_ms, "lease_ms") <= MAX_LEASE_MS:
        return lease_ms
    msg = f"lease_ms={lease_ms!r} is out of range: lease for 1 to {MAX_LEASE_MS:,} milliseconds, and renew in time."
    raise InvalidArgument(msg)


def renew(database: Database, work: Sequence[Work], *, now_ms: int, lease_ms: int) -> tuple[Work, ...]:
    """See ``MonitorStore.renew``."""
    until = check_integer(now_ms + check_lease(lease_ms), "now_ms")
    statements = database.spelt(_Statements)

    def kept(cursor: Cursor) -> set[int]:
        return {one.work_id for one in _in_order(work) if statements.lease_until(cursor, one, until)}

    ids = database.run(kept, durable=False) if work else set()
    return tuple(replace(one, lease_until_ms=until) for one in work if one.work_id in ids)


def put_back(database: Database, work: Sequence[Work], *, due_ms: int, error: str) -> int:
    """See ``MonitorStore.put_back``."""
    due = check_integer(due_ms, "due_ms")
    statements, counting = database.spelt(_Statements), database.spelt(Counting)

    def give(cursor: Cursor) -> int:
        monitors = [statements.give_back(cursor, one, due) for one in _in_order(work)]
        given = [monitor for monitor in monitors if monitor is not None]
        if error:
            for monitor in sorted(set(given)):
                counting.say_wrong(cursor, monitor, to_text(error[:MAX_ERROR]), clock_ms())
        return len(given)

    return database.run(give, durable=False) if work else 0


class _Statements:
    """Spelt once."""

    def __init__(self, database: Database) -> None:
        text, w = database.positional, monitor_work.c
        mine = (w.id == bindparam("number"), w.lease == bindparam("token"))
        self._until = text(update(monitor_work).where(*mine).values(due_ms=bindparam("until")))
        self._find = text(select(w.monitor).where(*mine).with_for_update())
        self._give = text(update(monitor_work).where(*mine).values(due_ms=bindparam("until"), lease=null()))

    def lease_until(self, cursor: Cursor, work: Work, until: int) -> bool:
        """Lease work for longer; return whether it is still whose it was."""
        cursor.execute(self._until, (until, work.work_id, work.lease))
        return cursor.rowcount == 1

    def give_back(self, cursor: Cursor, work: Work, due_ms: int) -> int | None:
        """Give work back; return its monitor's number, None if it is another's by now."""
        cursor.execute(self._find, (work.work_id, work.lease))
        row = cursor.fetchone()
        if row is None:
            return None
        cursor.execute(self._give, (due_ms, work.work_id, work.lease))
        return row[0]


def _in_order(work: Sequence[Work]) -> list[Work]:
    for one in work:
        if not isinstance(one, Work):
            msg = f"work holds a {type(one).__name__}: give what claim() returned."
            raise InvalidArgument(msg)
        check_integer(one.work_id, "work_id")
    return sorted(work, key=lambda one: one.work_id)
