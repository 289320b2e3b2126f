"""Readings of drift: how far a feature of the traffic has moved from its reference, and how far chance moves it."""

from __future__ import annotations

from steelyard.errors import InvalidArgument
from steelyard.metrics.drift import Drift
from steelyard.monitor.drifting import drift_groups
from steelyard.monitor.series_reading import Reading
from steelyard.records import Series, Store

MOST_WINDOWS = 100
"""Each window's rows are read: a chart has so many at most."""


def read_drift(
    store: Store,
    experiment_id: str,
    series: Series,
    *,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    reference: tuple[int, int] | None = None,
) -> tuple[Reading, ...]:
    """Return how far each window is from the reference; from the stretch before all of them unless one is given."""
    starts = range(start_ms, end_ms, step_ms)
    if len(starts) > MOST_WINDOWS:
        raise InvalidArgument(f"Drift is read from the rows: at most {MOST_WINDOWS} windows, not {len(starts):,}.")
    held_against = reference or (start_ms - (end_ms - start_ms), start_ms)
    found: list[Reading] = []
    for start in starts:
        end = min(start + step_ms, end_ms)
        groups = drift_groups(store, experiment_id, series, start, end, held_against)
        found += [_reading(group, drift, start, end) for group, drift in groups.items()]
    return tuple(found)


def _reading(group: str, drift: Drift, start: int, end: int) -> Reading:
    value = drift.value if drift.floor_99 is not None else None
    return Reading(
        group=group,
        start_ms=start,
        end_ms=end,
        shape="distance",
        value=value,
        low=drift.low,
        high=drift.high,
        n=min(drift.n, drift.n_reference),
        floor=drift.floor_99,
        p_value=drift.p_value,
        rows=drift.rows,
        note="" if value is not None else drift.sentence.rstrip("."),
    )
