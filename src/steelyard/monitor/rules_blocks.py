"""The rows of a stretch of time as sums, by aligned block and group: what a sequential test is fed."""

from __future__ import annotations

from collections.abc import Mapping

from steelyard.metrics.sequential import SufficientCounts
from steelyard.monitor.conditions_anytime import Block, sums_of
from steelyard.monitor.rules_memory import Watched
from steelyard.monitor.series import history
from steelyard.monitor.series_traces import QUANTILES
from steelyard.records import AlarmRule, Store, TraceWindow
from steelyard.records.filters import condition


def blocks_of(
    store: Store, rule: AlarmRule, tests: Mapping[str, Watched], *, start_ms: int, end_ms: int, step_ms: int
) -> list[Block]:
    """Return the blocks of groups that are tested, by time.

    Args:
        store: where the rows are.
        rule: whose series it is.
        tests: the groups, with the limits of quantiles.
        start_ms, end_ms, step_ms: the stretch and the length of a block.
    """
    series = rule.draft.series
    if start_ms >= end_ms:
        return []
    if series.kind == "traces" and series.what in QUANTILES:
        found = _beyond(store, rule, tests, (start_ms, end_ms, step_ms))
    else:
        readings = history(store, rule.experiment_id, series, start_ms=start_ms, end_ms=end_ms, step_ms=step_ms)
        found = [
            Block(reading.start_ms, reading.group, sums_of(reading))
            for reading in readings
            if not reading.empty and reading.group in tests and tests[reading.group].shape == reading.shape
        ]
    return sorted(found, key=lambda block: block.start_ms)


def share_beyond(
    store: Store, rule: AlarmRule, *, group: str, limit: float, start_ms: int, end_ms: int
) -> SufficientCounts:
    """Return how many durations of a group lie beyond a limit, and how many there are."""
    tests = {group: Watched(limit=limit, shape="quantile")}
    found = _beyond(store, rule, tests, (start_ms, end_ms, end_ms - start_ms))
    return found[0].rows if found else SufficientCounts(0, 0.0, 0.0)


def _beyond(store: Store, rule: AlarmRule, tests: Mapping[str, Watched], stretch: tuple[int, int, int]) -> list[Block]:
    """Return the rows beyond each group's limit as verdicts, counted over those that have ended."""
    ended = {(window.start_ms, window.group): window.ended for window in _windows(store, rule, "", stretch)}
    beyond: dict[tuple[int, str], int] = {}
    for limit in sorted({test.limit for test in tests.values() if test.shape == "quantile"}):
        for window in _windows(store, rule, condition("execution_time_ms", ">", limit), stretch):
            if window.group in tests and tests[window.group].limit == limit:
                beyond[window.start_ms, window.group] = window.n
    return [
        Block(at, group, SufficientCounts.of_verdicts(far, max(n - far, 0)))
        for (at, group), n in ended.items()
        if group in tests and tests[group].shape == "quantile"
        for far in (beyond.get((at, group), 0),)
    ]


def _windows(store: Store, rule: AlarmRule, also: str, stretch: tuple[int, int, int]) -> tuple[TraceWindow, ...]:
    series = rule.draft.series
    parts = [f"({series.filter_string})"] if series.filter_string.strip() else []
    start, end, step = stretch
    return store.overview.windows(
        [rule.experiment_id],
        " AND ".join([*parts, *([also] if also else [])]),
        start_ms=start,
        end_ms=end,
        step_ms=step,
        by=series.by,
        origin_ms=start,
    )
