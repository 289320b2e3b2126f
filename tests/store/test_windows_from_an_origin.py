"""Windows that begin at a moment of one's own: one of them tells of a whole period, with intervals of its quantiles."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals import quantile_interval
from steelyard.records import Store

from .traces_made import trace

HOUR = 3_600_000
BEGIN = 1_790_000_000_000 - 1_790_000_000_000 % HOUR


@pytest.fixture(params=["waiting", "counted"])
def filled(store: Store, request: pytest.FixtureRequest) -> Store:
    store.traces.put(
        [
            trace(number, request_time=BEGIN + number * 90_000, execution_duration=float(1 + (number * 37) % 400))
            for number in range(400)
        ]
    )
    while request.param == "counted" and store.upkeep.work(1.0).left:
        pass
    return store


def test_one_window_tells_of_a_whole_period(filled: Store):
    length = 7 * HOUR
    for start, condition in product((BEGIN, BEGIN + 300_000, BEGIN + 61_000), ("", "status != 'NEVER'")):
        (whole,) = filled.overview.windows(
            ["0"], condition, start_ms=start, end_ms=start + length, step_ms=length, origin_ms=start
        )
        inside = [n for n in range(400) if start <= BEGIN + n * 90_000 < start + length]
        durations = np.array([1 + (n * 37) % 400 for n in inside], float)
        assert (whole.start_ms, whole.end_ms, whole.n) == (start, start + length, len(inside))
        assert whole.ended == len(inside)
        assert whole.durations[0.9] == pytest.approx(np.quantile(durations, 0.9), rel=0.011)
        exact = quantile_interval(durations, 0.5)
        assert whole.duration_intervals[0.5] == pytest.approx((exact.low, exact.high), rel=0.04)
        low, high = whole.duration_intervals[0.9]
        assert low <= whole.durations[0.9] <= high


def test_windows_repeat_from_their_origin(filled: Store):
    found = filled.overview.windows(
        ["0"], start_ms=BEGIN, end_ms=BEGIN + 3 * HOUR, step_ms=HOUR, origin_ms=BEGIN + 600_000
    )
    assert [window.start_ms - BEGIN for window in found] == [n * HOUR + 600_000 for n in range(-1, 3)]


def test_a_quantile_beyond_which_too_few_lie_has_no_interval(store: Store):
    store.traces.put([trace(n, request_time=BEGIN + n, execution_duration=10.0 + n) for n in range(20)])
    (window,) = store.overview.windows(["0"], start_ms=BEGIN, end_ms=BEGIN + HOUR, step_ms=HOUR)
    assert set(window.durations) == {0.5, 0.9, 0.95, 0.99}
    assert set(window.duration_intervals) == {0.5}


def test_an_origin_within_a_second_is_refused(store: Store):
    with pytest.raises(InvalidArgument, match="origin_ms=1"):
        store.overview.windows(["0"], start_ms=0, end_ms=HOUR, step_ms=HOUR, origin_ms=1)
