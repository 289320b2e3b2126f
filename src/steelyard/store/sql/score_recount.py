"""Counting windows again in which something was said, changed or taken back.

The rows are read without holding up any writer, with the marks in the same snapshot. What was counted is written only
while all of these marks are there: else somebody else has counted the window meanwhile, perhaps from a later state. A
mark that came after the snapshot stays, and so the window goes on waiting.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, not_, select

from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.score_counts import ScoreCounts, no_counts, together
from steelyard.store.sql.score_reading import count_feedback
from steelyard.store.sql.score_schema import score_windows, scores_waiting
from steelyard.store.sql.score_states import STATE_COLUMNS, kept_counts, not_kept, rows_of, state_rows
from steelyard.store.sql.trace_schema import traces, windows_waiting
from steelyard.store.sql.waiting import WINDOW_MS
from steelyard.store.sql.windows_reading import stretches
from steelyard.store.sql.windows_recount import LOCK, LONG, Group
from steelyard.store.sql.windows_states import HOUR_MS, NOT_KEPT, WIDTHS, between

_MOST_WAITING = 2_000


class ScoreRecount:
    """Counts what waits.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._resting: dict[Group, float] = {}

    def waiting(self) -> int:
        """Return how many windows wait."""
        w = scores_waiting.c
        windows = select(w.experiment, w.start).distinct().subquery()
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(windows)).scalar_one()

    def recount(self, max_seconds: float) -> int:
        """Count for about so long, an hour's windows at least; return how many windows are right again."""
        deadline = time.monotonic() + max_seconds
        done = 0
        for group, starts in self._groups().items():
            done += self._recount(group, starts)
            if time.monotonic() >= deadline:
                break
        return done

    def _groups(self) -> Mapping[Group, list[int]]:
        """Windows whose traces wait are left for later: nobody would read what was counted of them now."""
        w, other = scores_waiting.c, windows_waiting.c
        unsettled = exists().where(other.experiment == w.experiment, other.start == w.start)
        chosen = select(w.experiment, w.start).where(not_(unsettled)).distinct().order_by(w.start).limit(_MOST_WAITING)
        with self._database.read() as connection:
            rows = connection.execute(chosen).all()
        now = time.monotonic()
        self._resting = {group: until for group, until in self._resting.items() if until > now}
        groups: dict[Group, list[int]] = defaultdict(list)
        for experiment, start in rows:
            groups[experiment, start // HOUR_MS * HOUR_MS].append(start)
        return {group: starts for group, starts in groups.items() if group not in self._resting}

    def _recount(self, group: Group, starts: Sequence[int]) -> int:
        begun = time.monotonic()
        experiment = group[0]
        statements = self._database.spelt(_Statements)
        with self._database.read() as connection:
            marks = _marks(connection, experiment, starts)
            found = _counted(connection, self._database, experiment, list(marks))
        rows = state_rows(found)
        done = self._database.run(lambda cursor: statements.write(cursor, group, marks, rows), durable=False)
        spent = time.monotonic() - begun
        if spent > LONG:
            self._resting[group] = begun + 20 * spent
        return done


def _marks(connection: Connection, experiment: int, starts: Sequence[int]) -> dict[int, list[int]]:
    """Return the marks of windows by their starts."""
    w = scores_waiting.c
    chosen = (w.experiment == experiment, w.start >= min(starts), w.start <= max(starts))
    wanted = set(starts)
    marks: dict[int, list[int]] = defaultdict(list)
    for start, number in connection.execute(select(w.start, w.id).where(*chosen)):
        if start in wanted:
            marks[start].append(number)
    return marks


def _counted(
    connection: Connection, database: Database, experiment: int, starts: Sequence[int]
) -> dict[str, ScoreCounts]:
    found: dict[str, ScoreCounts] = defaultdict(no_counts)
    for begin, end in stretches(starts, WINDOW_MS):
        conditions = [traces.c.experiment == experiment, *between(begin, end)]
        for by, counts in count_feedback(connection, database.dialect, conditions, width=WINDOW_MS).items():
            found[by] = together([found[by], counts])
    return found


class _Statements:
    """What is written, spelt once: windows, and in the same transaction the wider ones that they are part of."""

    def __init__(self, database: Database) -> None:
        w, waiting = score_windows.c, scores_waiting.c
        dialect, text = database.dialect, database.positional
        self._locks = dialect.name == "postgresql"
        self._pack = dialect.pack
        self._there = text(select(func.count()).select_from(scores_waiting).where(dialect.listed(waiting.id)))
        self._unmark = text(delete(scores_waiting).where(dialect.listed(waiting.id)))
        window = (w.experiment == bindparam("of"), w.width == bindparam("wide"))
        stretch = (*window, w.start >= bindparam("first"), w.start < bindparam("last"))
        self._clear = text(delete(score_windows).where(*stretch))
        self._read = text(select(w.dimension, *(w[name] for name in STATE_COLUMNS)).where(*stretch))
        self._add = text(insert(score_windows))

    def write(
        self, cursor: Cursor, group: Group, marks: Mapping[int, Sequence[int]], rows: Sequence[tuple[Any, ...]]
    ) -> int:
        """Write the windows that still have all of the marks, and what follows from them; return how many."""
        experiment, hour = group
        if self._locks:  # elsewhere there is one writer anyway
            cursor.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        right = set()
        for start, of_window in marks.items():
            packed = self._pack(of_window)
            cursor.execute(self._there, (packed,))
            if cursor.fetchone()[0] == len(of_window):
                cursor.execute(self._unmark, (packed,))
                right.add(start)
        for start in right:
            cursor.execute(self._clear, (experiment, WINDOW_MS, start, start + WINDOW_MS))
        self._insert(cursor, experiment, WINDOW_MS, [row for row in rows if row[1] in right])
        if right:
            for fine, wide in pairwise(WIDTHS):
                self._widen(cursor, experiment, hour // wide * wide, fine, wide)
        return len(right)

    def _insert(self, cursor: Cursor, experiment: int, width: int, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            cursor.executemany(self._add, [(experiment, width, *_ordered(row)) for row in rows])

    def _widen(self, cursor: Cursor, experiment: int, start: int, fine: int, wide: int) -> None:
        cursor.execute(self._read, (experiment, fine, start, start + wide))
        found: dict[str, list[Any]] = defaultdict(list)
        for dimension, *row in cursor.fetchall():
            found[dimension].append(row)
        rows: list[tuple[Any, ...]] = []
        for dimension, of_dimension in found.items():
            if any(row[4] == NOT_KEPT for row in of_dimension):
                rows.append((dimension, *not_kept(start)))
            else:
                rows += [(dimension, *row) for row in rows_of(kept_counts(of_dimension).regrouped(wide))]
        cursor.execute(self._clear, (experiment, wide, start, start + wide))
        self._insert(cursor, experiment, wide, rows)


def _ordered(row: Sequence[Any]) -> tuple[Any, ...]:
    """Return a row in the order of the table's columns."""
    dimension, start, name, *rest = row
    return (dimension, name, start, *rest)
