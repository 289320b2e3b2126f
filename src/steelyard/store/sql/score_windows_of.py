"""What was said over time: from the states that are kept, or from the rows where a filter is asked."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

import numpy as np
from sqlalchemy import Connection, func, select

from steelyard.errors import InvalidArgument
from steelyard.records.score_windows import ScoreName, ScoreWindow
from steelyard.store.limits import MAX_KEY, check_name
from steelyard.store.sql.database import Database
from steelyard.store.sql.json_text import from_text
from steelyard.store.sql.score_counts import ERRORS, N, ScoreCounts, together
from steelyard.store.sql.score_reading import check_score_dimension, count_feedback
from steelyard.store.sql.score_states import kept_or_counted
from steelyard.store.sql.trace_choice import chosen_experiments, matching
from steelyard.store.sql.trace_schema import traces
from steelyard.store.sql.windows import whole_windows
from steelyard.store.sql.windows_states import DAY_MS, between

_SOURCES = ("LLM_JUDGE", "CODE", "HUMAN")
_ENCODED = ("model", "version")  # dimensions whose values stand in the database as ``to_text`` has them


def score_windows_of(
    database: Database,
    experiment_ids: Sequence[str],
    name: str,
    *,
    stretch: tuple[int, int],
    step_ms: int,
    source: str = "",
    by: str = "",
    filter_string: str = "",
    origin_ms: int = 0,
) -> tuple[ScoreWindow, ...]:
    """See ``ScoreStore.windows``: windows are whole, so the last one may end behind the stretch."""
    begin, end = whole_windows(*stretch, step_ms, origin_ms)
    by, name = check_score_dimension(by), check_name(name, "name of feedback", limit=MAX_KEY)
    source = _check_source(source)
    dialect, fine = database.dialect, gcd(step_ms, origin_ms)
    parts: list[ScoreCounts] = []
    with database.read() as connection:
        found = matching(connection, dialect, filter_string)
        for experiment in chosen_experiments(connection, experiment_ids):
            if found.conditions:
                chosen = [*found.of([experiment]), *between(begin, end)]
                parts += count_feedback(connection, dialect, chosen, by=by, name=name, width=fine).values()
            else:
                parts += kept_or_counted(connection, dialect, experiment, (begin, end), by=by, name=name, step=fine)
    counts = _of_source(together(parts), source)
    values = [from_text(value) if by in _ENCODED else value for _, _, value in counts.keys]
    counts = counts.renamed([(name, "", value) for value in values])
    return counts.regrouped(step_ms, origin_ms).frequent().regrouped(step_ms, origin_ms).windows(step_ms)


def score_names(
    database: Database, experiment_ids: Sequence[str], *, start_ms: int | None, end_ms: int | None
) -> tuple[ScoreName, ...]:
    """See ``ScoreStore.names``."""
    totals: dict[tuple[str, str], int] = {}
    with database.read() as connection:
        for experiment in chosen_experiments(connection, experiment_ids):
            stretch = _stretch(connection, experiment, start_ms, end_ms)
            if stretch[0] >= stretch[1]:
                continue
            counts = together(kept_or_counted(connection, database.dialect, experiment, stretch))
            n = np.bincount(counts.codes, counts.sums[:, N] + counts.sums[:, ERRORS], minlength=len(counts.keys))
            for (name, source, _), count in zip(counts.keys, n.tolist(), strict=True):
                totals[name, source] = totals.get((name, source), 0) + int(count)
    return tuple(ScoreName(name, from_text(source), n) for (name, source), n in sorted(totals.items()) if n)


def _stretch(connection: Connection, experiment: int, start_ms: int | None, end_ms: int | None) -> tuple[int, int]:
    """Return what was asked of the time in which there are traces."""
    of_experiment = traces.c.experiment == experiment
    # Two statements, each of which reads one end of an index.
    first = connection.execute(select(func.min(traces.c.request_time)).where(of_experiment)).scalar()
    last = connection.execute(select(func.max(traces.c.request_time)).where(of_experiment)).scalar()
    if first is None or last is None:
        return 0, 0
    begin, end = first // DAY_MS * DAY_MS, (last // DAY_MS + 1) * DAY_MS
    return begin if start_ms is None else max(begin, start_ms), end if end_ms is None else min(end, end_ms)


def _check_source(source: str) -> str:
    if source in ("", *_SOURCES):
        return source
    msg = f"source={source!r} is none of {', '.join(_SOURCES)}; leave it out for all of them together."
    raise InvalidArgument(msg)


def _of_source(counts: ScoreCounts, source: str) -> ScoreCounts:
    if not source:
        return counts
    wanted = np.array([key[1] == source for key in counts.keys], bool)
    return counts.taken(np.flatnonzero(wanted[counts.codes])) if len(counts) else counts
