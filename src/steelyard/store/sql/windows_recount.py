"""Counting windows again whose traces have changed.

The traces are read without holding up any writer. What was counted is written only if the window's mark is still the
one that was put there before reading; otherwise somebody has changed its traces meanwhile, and it goes on waiting.
"""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from steelyard.metrics.states.quantiles import Quantiles
from steelyard.store.sql.bare_rows import chunks
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.score_waiting import PassedOn, windows_with_feedback
from steelyard.store.sql.trace_schema import trace_tags, traces, windows_waiting
from steelyard.store.sql.waiting import WINDOW_MS
from steelyard.store.sql.window_schema import trace_windows
from steelyard.store.sql.windows_counts import Counts, counts_of, kept_counts, together
from steelyard.store.sql.windows_reading import SUMS, count_traces, stretches
from steelyard.store.sql.windows_states import (
    ALL_TAGS,
    HOUR_MS,
    NOT_KEPT,
    STATE_COLUMNS,
    WIDTHS,
    between,
)

_MOST_VALUES = 100
_MOST_KEYS = 32
_LONGEST_VALUE = 250
_MOST_WAITING = 2_000
LOCK = 0x57EE1D0
LONG = 0.1  # seconds of counting, after which a window rests for twenty times as long
_NOTHING = Quantiles.of([]).to_bytes()

Group = tuple[int, int]
"""An experiment's row id and the start of an hour: the windows of an hour are counted together."""


class WindowRecount:
    """Counts what waits.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._resting: dict[Group, float] = {}

    def waiting(self) -> int:
        """Return how many windows wait."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(windows_waiting)).scalar_one()

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
        w = windows_waiting.c
        with self._database.read() as connection:
            rows = connection.execute(select(w.experiment, w.start).order_by(w.start).limit(_MOST_WAITING)).all()
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
        mark = secrets.randbelow(2**30)
        self._database.run(lambda cursor: statements.mark(cursor, experiment, starts, mark), durable=False)
        with self._database.read() as connection:
            found = _counted(connection, self._database, experiment, starts)
            spoken = windows_with_feedback(connection, experiment, starts)
        rows = _state_rows(found)
        done = self._database.run(
            lambda cursor: statements.write(cursor, group, starts, mark, rows, spoken), durable=False
        )
        spent = time.monotonic() - begun
        if spent > LONG:
            self._resting[group] = begun + 20 * spent
        return done


def _counted(
    connection: Connection, database: Database, experiment: int, starts: Sequence[int]
) -> dict[str, list[Counts]]:
    """Return the counts of windows of five minutes by dimension."""
    found: dict[str, list[Counts]] = defaultdict(list)
    for begin, end in stretches(starts, WINDOW_MS):
        conditions = [traces.c.experiment == experiment, *between(begin, end)]
        for by, counts in _plain(connection, conditions):
            found[by].append(counts)
        found["model"].append(count_traces(connection, database.dialect, conditions, by="model", width=WINDOW_MS))
        for key, counts in _tags(connection, conditions):
            found[f"tag.{key}"].append(counts)
    return found


def _plain(connection: Connection, conditions: Sequence[Any]) -> Iterator[tuple[str, Counts]]:
    """Count by what stands in the trace itself, reading it once."""
    statement = select(traces.c.request_time, traces.c.name, *SUMS).where(*conditions)
    for rows in chunks(connection, statement):
        named = [row for row in rows if row[1] is not None]
        yield "", counts_of([(row[0], "", *row[2:]) for row in rows]).regrouped(WINDOW_MS)
        yield "name", counts_of(named).regrouped(WINDOW_MS)
        yield "status", counts_of([(row[0], row[3], *row[2:]) for row in rows]).regrouped(WINDOW_MS)


def _tags(connection: Connection, conditions: Sequence[Any]) -> Iterator[tuple[str, Counts]]:
    t = trace_tags.c
    source = traces.join(trace_tags, t.trace == traces.c.id)
    statement = select(t.key, traces.c.request_time, t.value, *SUMS).select_from(source).where(*conditions)
    for rows in chunks(connection, statement):
        by_key: dict[str, list[Any]] = defaultdict(list)
        for key, *row in rows:
            by_key[key].append(row)
        for key, of_key in by_key.items():
            yield key, counts_of(of_key).regrouped(WINDOW_MS)


def _state_rows(found: Mapping[str, Sequence[Counts]]) -> list[tuple[Any, ...]]:
    """Return the rows of windows of five minutes: dimension, then ``STATE_COLUMNS``."""
    rows = [(by, *row) for by, parts in found.items() for row in rows_of(together(parts).regrouped(WINDOW_MS))]
    keys: dict[int, set[str]] = defaultdict(set)
    for by, start, *_ in rows:
        if by.startswith(ALL_TAGS):
            keys[start].add(by)
    crowded = {start for start, known in keys.items() if len(known) > _MOST_KEYS}
    rows = [row for row in rows if row[1] not in crowded or not row[0].startswith(ALL_TAGS)]
    return rows + [(ALL_TAGS, *_not_kept(start)) for start in sorted(crowded)]


def rows_of(counts: Counts) -> list[tuple[Any, ...]]:
    """Return counts as rows of ``STATE_COLUMNS``; a window with too many values, or too long ones, is one row."""
    starts, sums, costs = counts.starts.tolist(), counts.sums.tolist(), counts.costs.tolist()
    ends = np.searchsorted(counts.owners, np.arange(len(counts) + 1))
    by_start: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for i, start in enumerate(starts):
        entries = slice(ends[i], ends[i + 1])
        durations = Quantiles(counts.buckets[entries], counts.counts[entries]).to_bytes()
        by_start[start].append((start, counts.values[counts.codes[i]], *sums[i], costs[i], durations))
    rows: list[tuple[Any, ...]] = []
    for start, of_window in by_start.items():
        small = len(of_window) <= _MOST_VALUES and all(len(row[1]) <= _LONGEST_VALUE for row in of_window)
        rows += of_window if small else [_not_kept(start)]
    return rows


def _not_kept(start: int) -> tuple[Any, ...]:
    return (start, "", NOT_KEPT, 0, 0, 0, 0, 0.0, _NOTHING)


class _Statements:
    """What is written, spelt once: windows, and in the same transaction the wider ones that they are part of."""

    def __init__(self, database: Database) -> None:
        w, waiting = trace_windows.c, windows_waiting.c
        one = (waiting.experiment == bindparam("of"), waiting.start == bindparam("at"))
        text = database.positional
        self._locks = database.dialect.name == "postgresql"
        self._mark = text(update(windows_waiting).values(version=bindparam("mark")).where(*one))
        self._unmark = text(delete(windows_waiting).where(*one, waiting.version == bindparam("mark")))
        window = (w.experiment == bindparam("of"), w.width == bindparam("wide"))
        stretch = (*window, w.start >= bindparam("first"), w.start < bindparam("last"))
        self._clear = text(delete(trace_windows).where(*stretch))
        self._read = text(select(w.dimension, *(w[name] for name in STATE_COLUMNS)).where(*stretch))
        self._add = text(insert(trace_windows))
        self._scores = PassedOn(database)

    def mark(self, cursor: Cursor, experiment: int, starts: Sequence[int], mark: int) -> None:
        """Put a mark of our own on windows that wait."""
        cursor.executemany(self._mark, [(mark, experiment, start) for start in starts])

    def write(
        self,
        cursor: Cursor,
        group: Group,
        starts: Sequence[int],
        mark: int,
        rows: Sequence[tuple[Any, ...]],
        spoken: Set[int],
    ) -> int:
        """Write the windows that still have the mark, and what follows from them; return how many.

        What was said of their traces, ``spoken`` naming the windows in which there is anything, has to be counted anew.
        """
        experiment, hour = group
        if self._locks:  # elsewhere there is one writer anyway
            cursor.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        right = set()
        for start in starts:
            cursor.execute(self._unmark, (experiment, start, mark))
            if cursor.rowcount:
                right.add(start)
                self._scores.window(cursor, experiment, start, spoken=start in spoken)
        if not right:
            return 0
        for start in right:
            cursor.execute(self._clear, (experiment, WINDOW_MS, start, start + WINDOW_MS))
        self._insert(cursor, experiment, WINDOW_MS, [row for row in rows if row[1] in right])
        for fine, wide in pairwise(WIDTHS):
            self._widen(cursor, experiment, hour // wide * wide, fine, wide)
        return len(right)

    def _insert(self, cursor: Cursor, experiment: int, width: int, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            cursor.executemany(self._add, [(experiment, width, *row) for row in rows])

    def _widen(self, cursor: Cursor, experiment: int, start: int, fine: int, wide: int) -> None:
        cursor.execute(self._read, (experiment, fine, start, start + wide))
        found: dict[str, list[Any]] = defaultdict(list)
        for dimension, *row in cursor.fetchall():
            found[dimension].append(row)
        rows: list[tuple[Any, ...]] = []
        for dimension, of_dimension in found.items():
            if any(row[2] == NOT_KEPT for row in of_dimension):
                rows.append((dimension, *_not_kept(start)))
            else:
                rows += [(dimension, *row) for row in rows_of(kept_counts(of_dimension).regrouped(wide))]
        cursor.execute(self._clear, (experiment, wide, start, start + wide))
        self._insert(cursor, experiment, wide, rows)
