"""Traces counted over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import gcd

from steelyard.errors import InvalidArgument
from steelyard.records.overview import TraceWindow
from steelyard.store.sql.database import Database
from steelyard.store.sql.json_text import from_text
from steelyard.store.sql.trace_choice import chosen_experiments, matching
from steelyard.store.sql.windows_counts import together
from steelyard.store.sql.windows_reading import check_dimension, count_traces
from steelyard.store.sql.windows_states import between, kept_or_counted

_MOST_WINDOWS = 2_000


def windows_of(
    database: Database,
    experiment_ids: Sequence[str],
    filter_string: str,
    *,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    by: str,
    origin_ms: int = 0,
) -> tuple[TraceWindow, ...]:
    """See ``TraceOverview.windows``: windows are whole, so the last one may end behind ``end_ms``."""
    begin, end = whole_windows(start_ms, end_ms, step_ms, origin_ms)
    by = check_dimension(by)
    dialect = database.dialect
    with database.read() as connection:
        parts = []
        found = matching(connection, dialect, filter_string)
        for experiment in chosen_experiments(connection, experiment_ids):
            if found.conditions:
                chosen = [*found.of([experiment]), *between(begin, end)]
                parts.append(count_traces(connection, dialect, chosen, by=by, width=gcd(step_ms, origin_ms)))
            else:
                parts += kept_or_counted(
                    connection, dialect, experiment, by=by, begin=begin, end=end, step=gcd(step_ms, origin_ms)
                )
    counts = together(parts)
    if by == "model":
        counts = replace(counts, values=tuple(from_text(value) for value in counts.values))
    return counts.frequent().regrouped(step_ms, origin_ms).windows(step_ms)


def whole_windows(start_ms: int, end_ms: int, step_ms: int, origin_ms: int) -> tuple[int, int]:
    """Return where the first window begins and the last one ends."""
    if not -(2**53) <= origin_ms <= 2**53 or step_ms > 2**53:
        msg = "step_ms or origin_ms is beyond any time: both are milliseconds, below 2^53."
        raise InvalidArgument(msg)
    if step_ms < 1000 or step_ms % 1000:
        msg = f"step_ms={step_ms!r} is no multiple of 1000: windows are whole seconds."
        raise InvalidArgument(msg)
    if origin_ms % 1000:
        msg = f"origin_ms={origin_ms!r} is no multiple of 1000: windows begin at whole seconds."
        raise InvalidArgument(msg)
    if not -(2**53) <= start_ms < end_ms <= 2**53:
        msg = f"start_ms={start_ms!r} and end_ms={end_ms!r} are not a stretch of time: give milliseconds since 1970."
        raise InvalidArgument(msg)
    begin, end = start_ms - (start_ms - origin_ms) % step_ms, end_ms + (origin_ms - end_ms) % step_ms
    n = (end - begin) // step_ms
    if n > _MOST_WINDOWS:
        msg = f"These are {n:,} windows, and at most {_MOST_WINDOWS:,} are counted: give a larger step_ms."
        raise InvalidArgument(msg)
    return begin, end
