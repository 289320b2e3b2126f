"""Every kind of series is read as readings: a number with what it was made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.monitor.alarm_traffic import DAY, HOUR, MINUTE, START, put, trace, verdicts

from steelyard.errors import InvalidArgument, NotFound
from steelyard.monitor.series import Reading, history, read
from steelyard.records import (
    LabelBatch,
    PredictionBatch,
    ScorerSamplingConfig,
    Series,
    Store,
    Usage,
)


@pytest.fixture
def store(alarm_store: Store) -> Store:
    return alarm_store


def whole(store: Store, kind: Any, what: str, *, hours: int = 1, **more: Any) -> tuple[Reading, ...]:
    series = Series(kind=kind, what=what, **more)
    return read(store, "0", series, start_ms=START, end_ms=START + hours * HOUR)


def test_traffic_is_counted_and_its_errors_are_a_rate(store: Store) -> None:
    put(store, [trace(START + i * MINUTE, state="ERROR" if i % 4 == 0 else "OK") for i in range(40)])
    (count,) = whole(store, "traces", "count")
    assert (count.shape, count.value, count.n) == ("count", 40.0, 40)
    (rate,) = whole(store, "traces", "error_rate")
    assert (rate.shape, rate.value, rate.total, rate.n) == ("rate", 0.25, 10, 40)
    assert rate.low is not None
    assert 0.1 < rate.low < 0.25


def test_no_traffic_at_all_is_a_reading_of_its_count_and_of_nothing_else(store: Store) -> None:
    (count,) = whole(store, "traces", "count")
    assert (count.value, count.low) == (0.0, 0.0)
    assert count.high == pytest.approx(3.689, abs=0.001)
    assert whole(store, "traces", "error_rate") == ()


def test_traffic_that_comes_in_bursts_varies_more_than_a_poisson_count(store: Store) -> None:
    put(store, [trace(START + burst * 20 * MINUTE + i) for burst in range(3) for i in range(40)])
    (bursts,) = whole(store, "traces", "count")
    per_part = np.array([40, 0, 0, 0] * 3)
    assert bursts.dispersion == pytest.approx(per_part.var(ddof=1) / per_part.mean())
    put(store, [trace(START + HOUR + i * 30_000) for i in range(120)])
    (even,) = read(store, "0", Series(kind="traces", what="count"), start_ms=START + HOUR, end_ms=START + 2 * HOUR)
    assert even.dispersion == 1.0


def test_durations_have_quantiles_with_intervals(store: Store) -> None:
    durations = np.random.default_rng(3).lognormal(5, 1, 400)
    put(store, [trace(START + i * 1000, duration=float(d)) for i, d in enumerate(durations)])
    (p95,) = whole(store, "traces", "duration_p95")
    assert p95.value == pytest.approx(np.quantile(durations, 0.95), rel=0.03)
    assert p95.low is not None
    assert p95.high is not None
    assert p95.low < p95.value < p95.high
    assert (p95.n, p95.unit) == (400, "ms")


def test_tokens_and_money_are_sums(store: Store) -> None:
    from dataclasses import replace

    given = [trace(START + i * MINUTE) for i in range(10)]
    usage = Usage(input_tokens=100, output_tokens=20, cost=0.5)
    store.traces.put([replace(one, info=replace(one.info, usage=usage)) for one in given])
    put(store, [trace(START + 30 * MINUTE)])
    (cost,) = whole(store, "traces", "cost")
    assert (cost.value, cost.n, cost.unit) == (5.0, 10, "USD")
    assert cost.note == "the price of 1 more is not known"
    assert whole(store, "traces", "input_tokens")[0].value == 1000.0


def test_verdicts_are_a_rate_and_numbers_a_mean(store: Store) -> None:
    put(store, verdicts(START, START + HOUR, n=50, passed=40))
    put(store, [trace(START + i * MINUTE, scores={"length": float(i)}) for i in range(20)])
    (rate,) = whole(store, "score", "correctness")
    assert (rate.shape, rate.value, rate.n) == ("rate", 0.8, 50)
    (mean,) = whole(store, "score", "length")
    assert (mean.shape, mean.value, mean.n, mean.squares) == ("mean", 9.5, 20, 2470.0)


def test_groups_are_read_apart_and_filters_hold(store: Store) -> None:
    put(store, verdicts(START, START + HOUR, n=40, passed=10, tags={"topic": "billing"}))
    put(store, verdicts(START, START + HOUR, n=40, passed=40, tags={"topic": "travel"}))
    found = whole(store, "score", "correctness", by="tag.topic")
    assert [(one.group, one.value) for one in found] == [("billing", 0.25), ("travel", 1.0)]
    (only,) = whole(store, "score", "correctness", filter_string="tag.topic = 'billing'")
    assert only.value == 0.25
    series = Series(kind="score", what="correctness", by="tag.topic")
    (one,) = read(store, "0", series, start_ms=START, end_ms=START + HOUR, groups=["travel"])
    assert one.group == "travel"


def test_a_history_has_a_reading_for_each_window(store: Store) -> None:
    put(store, verdicts(START, START + HOUR, n=30, passed=30))
    put(store, verdicts(START + 2 * HOUR, START + 3 * HOUR, n=30, passed=15))
    series = Series(kind="score", what="correctness")
    found = history(store, "0", series, start_ms=START, end_ms=START + 3 * HOUR, step_ms=HOUR)
    assert [(one.start_ms - START, one.value) for one in found] == [(0, 1.0), (2 * HOUR, 0.5)]
    counts = history(
        store, "0", Series(kind="traces", what="count"), start_ms=START, end_ms=START + 3 * HOUR, step_ms=HOUR
    )
    assert [one.value for one in counts] == [30.0, 0.0, 30.0]


def test_a_monitor_tells_its_backlog_delay_and_failures(store: Store) -> None:
    store.scorers.register("0", "correctness", definition="{}", digest="d", kind="code")
    store.monitors.start("0", "correctness", config=ScorerSamplingConfig(sample_rate=1.0))
    put(store, [trace(START + i) for i in range(5)])
    later = 2**41  # long after the store's own clock
    while store.monitors.plan(now_ms=later):
        pass
    series = [Series(kind="monitor", what=f"{what}:correctness") for what in ("backlog", "delay", "failures")]
    end = later // 1000 * 1000 + HOUR
    backlog, delay, failures = (read(store, "0", one, start_ms=end - HOUR, end_ms=end)[0] for one in series)
    assert (backlog.value, failures.value) == (5.0, 0.0)
    assert delay.value is not None
    assert delay.value > HOUR / 2  # nothing was scored, and the oldest waits
    with pytest.raises(NotFound, match="no monitor named 'other'"):
        whole(store, "monitor", "backlog:other")
    with pytest.raises(InvalidArgument, match="backlog:correctness"):
        whole(store, "monitor", "speed:correctness")


def test_a_model_tells_a_metric_of_the_days_that_are_over(store: Store) -> None:
    model = store.predictions.open("0", "churn", model_type="classifier", slices=["country"])
    ids = tuple(f"r{i}" for i in range(60))
    labels = tuple(int(i % 3 == 0) for i in range(60))
    said = tuple(label if i % 10 else 1 - label for i, label in enumerate(labels))
    batch = PredictionBatch(
        ids=ids,
        predictions=said,
        times=tuple(START + i * MINUTE for i in range(60)),
        slices={"country": tuple("DE" if i % 2 else "FR" for i in range(60))},
    )
    store.predictions.log(model.key, batch)
    store.predictions.label(model.key, LabelBatch(ids=ids[:50], labels=labels[:50]))
    while store.predictions.settle("test", now_ms=START + 2 * DAY, at_once=True):
        pass
    series = Series(kind="model", what="churn/accuracy_score")
    end = START + DAY + 12 * HOUR
    (reading,) = read(store, "0", series, start_ms=end - DAY, end_ms=end)
    assert (reading.start_ms, reading.end_ms, reading.n) == (START, START + DAY, 50)
    assert reading.value == pytest.approx(0.9)
    assert reading.note == "10 of 60 predictions have no label yet"
    by = Series(kind="model", what="churn/accuracy_score", by="tag.country")
    assert [one.group for one in read(store, "0", by, start_ms=end - DAY, end_ms=end)] == ["DE", "FR"]
    with pytest.raises(NotFound, match="no model named 'other'"):
        read(store, "0", Series(kind="model", what="other/auc"), start_ms=START, end_ms=end)


def test_drift_is_a_distance_with_a_noise_floor(store: Store) -> None:
    draws = np.random.default_rng(8)
    put(store, [trace(START + i * 10_000, duration=float(d)) for i, d in enumerate(draws.normal(100, 10, 300))])
    put(store, [trace(START + HOUR + i * 10_000, duration=float(d)) for i, d in enumerate(draws.normal(140, 10, 300))])
    series = Series(kind="drift", what="duration", method="js")
    (moved,) = read(store, "0", series, start_ms=START + HOUR, end_ms=START + 2 * HOUR, reference=(START, START + HOUR))
    assert moved.shape == "distance"
    assert moved.value is not None
    assert moved.floor is not None
    assert moved.value > 2 * moved.floor
    assert moved.rows
    (same,) = read(
        store, "0", series, start_ms=START + HOUR, end_ms=START + 2 * HOUR, reference=(START + HOUR, START + 2 * HOUR)
    )
    assert same.value == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (Series(kind="traces", what="speed"), "error_rate"),
        (Series(kind="model", what="churn"), "<model>/<metric>"),
    ],
    ids=["traces", "model"],
)
def test_what_there_is_not_is_refused_with_what_there_is(store: Store, series: Series, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        read(store, "0", series, start_ms=START, end_ms=START + HOUR)


def test_a_stretch_is_whole_seconds(store: Store) -> None:
    with pytest.raises(InvalidArgument, match="whole second"):
        read(store, "0", Series(kind="traces", what="count"), start_ms=START + 1, end_ms=START + HOUR)
