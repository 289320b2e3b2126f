"""The counts that are kept, so that nobody counts a month of traces again: by window of five minutes, hour and day.

A window whose traces have changed waits in ``windows_waiting`` until upkeep has counted it again. Until then neither it
nor the wider windows that hold it are read from here: a reader goes down to finer windows and at last to the traces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from steelyard.store.sql.bare_rows import chunks
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.trace_schema import traces, windows_waiting
from steelyard.store.sql.waiting import WINDOW_MS
from steelyard.store.sql.window_schema import trace_windows
from steelyard.store.sql.windows_counts import Counts, kept_counts
from steelyard.store.sql.windows_reading import count_traces, stretches

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WIDTHS = (WINDOW_MS, HOUR_MS, DAY_MS)

KEPT = ("", "name", "status", "model")
"""The dimensions that are kept, and every tag besides. Sessions and users are too many: they are counted directly."""

ALL_TAGS = "tag."
"""The dimension that says of a window that its tags are not kept: it has too many keys."""

NOT_KEPT = -1
STATE_COLUMNS = ("start", "value", "n", "errors", "input_tokens", "output_tokens", "priced", "cost", "durations")


def kept_or_counted(
    connection: Connection, dialect: Dialect, experiment: int, *, by: str, begin: int, end: int, step: int
) -> list[Counts]:
    """Return the counts of an experiment's traces in [begin, end) in windows that add up to those of ``step``.

    Args:
        connection: a reading transaction.
        dialect: its database.
        experiment: its row id.
        by: as from ``check_dimension``.
        begin, end, step: milliseconds, both times multiples of the step.
    """
    todo = [(begin, end)]
    widths = [width for width in WIDTHS if step % width == 0]
    parts: list[Counts] = []
    if widths and (by in KEPT or by.startswith(ALL_TAGS)):
        waiting = _waiting(connection, experiment, begin, end)
        for width in reversed(widths):
            unknown = set((waiting // width * width).tolist())
            for stretch in todo:
                counts, missing = _states(connection, experiment, by, width, stretch)
                unknown |= missing
                parts.append(counts.selected(~np.isin(counts.starts, list(unknown))))
            todo = [one for stretch in todo for one in _within(stretch, unknown, width)]
    for first, last in todo:
        chosen = [traces.c.experiment == experiment, *between(first, last)]
        parts.append(count_traces(connection, dialect, chosen, by=by, width=_width(widths, step)))
    return parts


def between(begin: int, end: int) -> list[ColumnElement[bool]]:
    """Return the conditions that a trace began in [begin, end), milliseconds."""
    return [traces.c.request_time >= begin, traces.c.request_time < end]


def _width(widths: Sequence[int], step: int) -> int:
    return min(widths) if widths else step


def _within(stretch: tuple[int, int], starts: Iterable[int], width: int) -> list[tuple[int, int]]:
    return stretches((start for start in starts if stretch[0] <= start < stretch[1]), width)


def _waiting(connection: Connection, experiment: int, begin: int, end: int) -> np.ndarray:
    w = windows_waiting.c
    chosen = (w.experiment == experiment, w.start >= begin, w.start < end)
    return np.array(connection.execute(select(w.start).where(*chosen)).scalars().all(), np.int64)


def _states(
    connection: Connection, experiment: int, by: str, width: int, stretch: tuple[int, int]
) -> tuple[Counts, set[int]]:
    """Return what is kept, and the windows for which it says that nothing is."""
    w = trace_windows.c
    dimensions = [by, ALL_TAGS] if by.startswith(ALL_TAGS) else [by]
    statement = select(*(w[name] for name in STATE_COLUMNS)).where(
        w.experiment == experiment,
        w.width == width,
        w.dimension.in_(dimensions),
        w.start >= stretch[0],
        w.start < stretch[1],
    )
    rows = [row for chunk in chunks(connection, statement) for row in chunk]
    return kept_counts([row for row in rows if row[2] != NOT_KEPT]), {row[0] for row in rows if row[2] == NOT_KEPT}
