"""Readings of traffic: how much of it, how much of it failed, how long it took, what it used."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from steelyard.errors import InvalidArgument
from steelyard.monitor.series_reading import Reading, finished
from steelyard.records import Series, Store, TraceWindow

QUANTILES = {"duration_p50": 0.5, "duration_p90": 0.9, "duration_p95": 0.95, "duration_p99": 0.99}
SUMS = {"input_tokens": "tokens", "output_tokens": "tokens", "cost": "USD"}
WHAT = ("count", "error_rate", *QUANTILES, *SUMS)
PARTS = 12
"""Into how many parts a stretch is cut to see how much its counts and sums vary by themselves."""


def check_traces(series: Series) -> None:
    """Raise unless a series of traffic can be read."""
    if series.what not in WHAT:
        raise InvalidArgument(f"Of traces there is {', '.join(WHAT)}, not {series.what!r}.")


def read_traces(
    store: Store,
    experiment_id: str,
    series: Series,
    *,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    reference: tuple[int, int] | None = None,
) -> tuple[Reading, ...]:
    """Return a reading for each window of ``step_ms`` and each group that has traces; of counts also for an empty one.

    A whole stretch (a step as long as it) is also read in ``PARTS``, where its length allows, so that a count or a sum
    knows how much it varies.
    """
    check_traces(series)
    whole = step_ms >= end_ms - start_ms
    step = _part_of(step_ms) if whole and (series.what == "count" or series.what in SUMS) else step_ms
    windows = store.overview.windows(
        [experiment_id],
        series.filter_string,
        start_ms=start_ms,
        end_ms=end_ms,
        step_ms=step,
        by=series.by,
        origin_ms=start_ms,
    )
    if step != step_ms:
        return _of_parts(series, windows, start_ms, end_ms, step)
    found = [_reading(series, window, end_ms) for window in windows]
    return tuple(found if series.by else _with_empty(series, found, start_ms, end_ms, step_ms))


def _part_of(step_ms: int) -> int:
    """Return the length of a part, whole seconds, or the step itself where it cannot be cut evenly."""
    part = step_ms // PARTS
    return part if part * PARTS == step_ms and part % 1000 == 0 else step_ms


def _reading(series: Series, window: TraceWindow, end_ms: int) -> Reading:
    at = Reading(group=window.group, start_ms=window.start_ms, end_ms=min(window.end_ms, end_ms))
    return _filled(series, at, window)


def _filled(series: Series, at: Reading, window: TraceWindow) -> Reading:
    what, place = series.what, {"group": at.group, "start_ms": at.start_ms, "end_ms": at.end_ms}
    if what == "count":
        return finished(Reading(**place, shape="count", value=float(window.n), n=window.n))
    if what == "error_rate":
        rate = window.error_rate
        return finished(Reading(**place, shape="rate", value=rate, n=window.n, total=window.errors, unit="share"))
    if what in QUANTILES:
        q = QUANTILES[what]
        low, high = window.duration_intervals.get(q, (None, None))
        value = window.durations.get(q)
        return Reading(**place, shape="quantile", value=value, low=low, high=high, n=window.ended, unit="ms")
    if what == "cost":
        note = _unpriced(window.n - window.priced)
        return Reading(**place, shape="total", value=window.cost, n=window.priced, unit="USD", note=note)
    tokens = float(window.input_tokens if what == "input_tokens" else window.output_tokens)
    return Reading(**place, shape="total", value=tokens if window.n else None, n=window.n, unit="tokens")


def _of_parts(
    series: Series, windows: Sequence[TraceWindow], start_ms: int, end_ms: int, step: int
) -> tuple[Reading, ...]:
    by_group: dict[str, list[TraceWindow]] = defaultdict(list)
    for window in windows:
        by_group[window.group].append(window)
    if not series.by:
        by_group.setdefault("", [])
    parts = (end_ms - start_ms) // step
    return tuple(_of_group(series, group, own, start_ms, end_ms, parts) for group, own in by_group.items())


def _of_group(
    series: Series, group: str, windows: Sequence[TraceWindow], start_ms: int, end_ms: int, parts: int
) -> Reading:
    n = sum(window.n for window in windows)
    if series.what == "count":
        counts = [float(window.n) for window in windows]
        return finished(
            Reading(
                group=group,
                start_ms=start_ms,
                end_ms=end_ms,
                shape="count",
                value=float(n),
                n=n,
                dispersion=_dispersion(counts, parts),
            )
        )
    values = [reading.value or 0.0 for reading in (_reading(series, window, end_ms) for window in windows)]
    rows = sum(window.priced for window in windows) if series.what == "cost" else n
    return Reading(
        group=group,
        start_ms=start_ms,
        end_ms=end_ms,
        shape="total",
        value=math.fsum(values) if rows else None,
        n=rows,
        se=_se_of_sum(values, parts),
        unit=SUMS[series.what],
        note=_unpriced(n - rows),
    )


def _dispersion(counts: Sequence[float], parts: int) -> float:
    """Return the variance of the parts over their mean, 1 or more; parts without traces count as 0."""
    mean = math.fsum(counts) / parts
    return max(_variance(counts, parts) / mean, 1.0) if mean > 0 else 1.0


def _se_of_sum(values: Sequence[float], parts: int) -> float:
    """Return the standard error of a sum of so many independent parts: √(parts · s²)."""
    return math.sqrt(parts * _variance(values, parts))


def _variance(values: Sequence[float], parts: int) -> float:
    mean = math.fsum(values) / parts
    squares = math.fsum((value - mean) ** 2 for value in values) + (parts - len(values)) * mean**2
    return squares / (parts - 1)


def _unpriced(rows: int) -> str:
    return f"the price of {rows:,} more is not known" if rows else ""


def _with_empty(series: Series, found: Sequence[Reading], start_ms: int, end_ms: int, step_ms: int) -> list[Reading]:
    """Return readings with a 0 for windows without traffic, where traffic is what is counted."""
    if series.what != "count":
        return list(found)
    there = {reading.start_ms: reading for reading in found}
    return [
        there.get(at) or finished(Reading(start_ms=at, end_ms=min(at + step_ms, end_ms), shape="count", value=0.0))
        for at in range(start_ms, end_ms, step_ms)
    ]
