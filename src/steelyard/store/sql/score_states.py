"""Feedback that is kept counted, so that nobody counts a month of it again: by window of five minutes, hour and day.

A window that waits in ``scores_waiting``, or whose traces wait in ``windows_waiting``, is not read from here, nor are
the wider ones that hold it: a reader goes down to finer windows and at last to the rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection, select

from steelyard.store.sql.bare_rows import fetched
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.score_counts import ScoreCounts, kept_words, no_counts
from steelyard.store.sql.score_entries import Entries, from_bytes
from steelyard.store.sql.score_reading import ALL_TAGS, count_feedback
from steelyard.store.sql.score_schema import score_windows, scores_waiting
from steelyard.store.sql.trace_schema import traces, windows_waiting
from steelyard.store.sql.windows_reading import stretches
from steelyard.store.sql.windows_states import NOT_KEPT, WIDTHS, between

STATE_COLUMNS = (
    *("start", "name", "source", "value", "n", "errors", "verdicts", "passed", "numbers", "texts", "low", "high"),
    *("quantiles", "total", "squares", "words"),
)

_MOST_VALUES = 100
_MOST_ROWS = 2_000
_MOST_KEYS = 32
_LONGEST_VALUE = 250  # bytes
_NO_WORDS = msgspec.msgpack.encode({})

Stretch = tuple[int, int]
"""A stretch of time, [begin, end), milliseconds."""


def kept_or_counted(
    connection: Connection,
    dialect: Dialect,
    experiment: int,
    stretch: Stretch,
    *,
    by: str = "",
    name: str = "",
    step: int | None = None,
) -> list[ScoreCounts]:
    """Return the counts of feedback on an experiment's traces of a stretch of time, in windows that add up.

    Args:
        connection: a reading transaction.
        dialect: its database.
        experiment: its row id.
        stretch: of time; its ends need not be those of windows.
        by: as from ``check_score_dimension``.
        name: only feedback of this name.
        step: the windows add up to those of this width, milliseconds; to the stretch as a whole unless told.
    """
    widths = [width for width in WIDTHS if step is None or step % width == 0]
    todo = [stretch]
    parts: list[ScoreCounts] = []
    waiting = _waiting(connection, experiment, stretch) if widths else np.zeros(0, np.int64)
    for width in reversed(widths):
        finer: list[Stretch] = []
        for one in todo:
            whole, rest = _whole(one, width)
            finer += rest
            if whole is None:
                continue
            counts, unknown = _states(connection, experiment, (by, name, width), whole)
            unknown |= set((waiting // width * width).tolist())
            parts.append(counts.taken(np.flatnonzero(~np.isin(counts.starts, list(unknown)))))
            finer += stretches((start for start in unknown if whole[0] <= start < whole[1]), width)
        todo = finer
    for first, last in sorted(todo):
        chosen = [traces.c.experiment == experiment, *between(first, last)]
        found = count_feedback(
            connection, dialect, chosen, by=by, name=name, width=min(widths) if widths else int(step or 1)
        )
        parts += found.values()
    return parts


def _whole(stretch: Stretch, width: int) -> tuple[Stretch | None, list[Stretch]]:
    """Return the whole windows of a stretch, and what stands out before and behind them."""
    begin, end = -(-stretch[0] // width) * width, stretch[1] // width * width
    if begin >= end:
        return None, [stretch]
    return (begin, end), [one for one in ((stretch[0], begin), (end, stretch[1])) if one[0] < one[1]]


def _waiting(connection: Connection, experiment: int, stretch: Stretch) -> np.ndarray:
    found: list[int] = []
    for table in (scores_waiting, windows_waiting):
        w = table.c
        # A window may begin before the stretch; then it is of no use to it anyway.
        chosen = (w.experiment == experiment, w.start >= stretch[0], w.start < stretch[1])
        found += connection.execute(select(w.start).where(*chosen).distinct()).scalars().all()
    return np.array(found, np.int64)


def _states(
    connection: Connection, experiment: int, asked: tuple[str, str, int], stretch: Stretch
) -> tuple[ScoreCounts, set[int]]:
    """Return what is kept, and the windows for which it says that nothing is."""
    w = score_windows.c
    by, name, width = asked
    dimensions = [by, ALL_TAGS] if by.startswith(ALL_TAGS) else [by]
    chosen = [w.experiment == experiment, w.width == width, w.dimension.in_(dimensions)]
    chosen += [w.start >= stretch[0], w.start < stretch[1]]
    if name:
        chosen.append(w.name.in_([name, ""]))
    rows = list(fetched(connection, select(*(w[column] for column in STATE_COLUMNS)).where(*chosen)))
    unknown = {row[0] for row in rows if row[4] == NOT_KEPT}
    return kept_counts([row for row in rows if row[4] != NOT_KEPT]), unknown


def kept_counts(rows: Sequence[Sequence[Any]]) -> ScoreCounts:
    """Return counts from rows of ``STATE_COLUMNS``."""
    if not rows:
        return no_counts()
    columns = list(zip(*rows, strict=True))
    keys = list(zip(*columns[1:4], strict=True))
    coded = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    ends = np.array(columns[10:12], np.float64).T.copy()  # None becomes NaN
    empty = np.isnan(ends[:, 0])
    ends[empty, 0], ends[empty, 1] = np.inf, -np.inf
    words, vocabulary = _words_of(columns[15])
    return ScoreCounts(
        np.array(columns[0], np.int64),
        np.array([coded[key] for key in keys], np.int64),
        tuple(coded),
        np.array(columns[4:10], np.int64).T.copy(),
        ends,
        from_bytes(columns[12]),
        from_bytes(columns[13]),
        from_bytes(columns[14]),
        words,
        vocabulary,
    )


def _words_of(states: Sequence[bytes]) -> tuple[Entries, tuple[str, ...]]:
    places: dict[str, int] = {}
    owners, keys, counts = [], [], []
    for row, state in enumerate(states):
        if state == _NO_WORDS:
            continue
        for word, n in msgspec.msgpack.decode(state, type=dict[str, int]).items():
            owners.append(row)
            keys.append(places.setdefault(word, len(places)))
            counts.append(n)
    return Entries(*(np.array(column, np.int64) for column in (owners, keys, counts))), tuple(places)


def state_rows(found: Mapping[str, ScoreCounts]) -> list[tuple[Any, ...]]:
    """Return counts by dimension as rows: dimension, then ``STATE_COLUMNS``."""
    rows = [(by, *row) for by, counts in found.items() for row in rows_of(counts)]
    keys: dict[int, set[str]] = defaultdict(set)
    for by, start, *_ in rows:
        if by.startswith(ALL_TAGS):
            keys[start].add(by)
    crowded = {start for start, known in keys.items() if len(known) > _MOST_KEYS}
    rows = [row for row in rows if row[1] not in crowded or not row[0].startswith(ALL_TAGS)]
    return rows + [(ALL_TAGS, *not_kept(start)) for start in sorted(crowded)]


def rows_of(counts: ScoreCounts) -> list[tuple[Any, ...]]:
    """Return counts as rows of ``STATE_COLUMNS``; a window with too many values, or too long ones, is one row."""
    n = len(counts)
    starts, sums, ends = counts.starts.tolist(), counts.sums.tolist(), counts.ends.tolist()
    states = [part.to_bytes(n) for part in (counts.spread, counts.totals, counts.squares)]
    words = [msgspec.msgpack.encode(of_row) if of_row else _NO_WORDS for of_row in kept_words(counts)]
    by_start: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for i, (start, code) in enumerate(zip(starts, counts.codes.tolist(), strict=True)):
        least, most = ends[i] if sums[i][4] else (None, None)
        row = (start, *counts.keys[code], *sums[i], least, most, *(state[i] for state in states), words[i])
        by_start[start].append(row)
    rows: list[tuple[Any, ...]] = []
    for start, of_window in by_start.items():
        rows += of_window if _small(of_window) else [not_kept(start)]
    return rows


def _small(rows: Sequence[tuple[Any, ...]]) -> bool:
    values = {row[3] for row in rows}
    return (
        len(rows) <= _MOST_ROWS
        and len(values) <= _MOST_VALUES
        and all(len(value.encode()) <= _LONGEST_VALUE for value in values)
    )


def not_kept(start: int) -> tuple[Any, ...]:
    """Return the row that says of a window that it is not kept."""
    return (start, "", "", "", NOT_KEPT, 0, 0, 0, 0, 0, None, None, b"", b"", b"", _NO_WORDS)
