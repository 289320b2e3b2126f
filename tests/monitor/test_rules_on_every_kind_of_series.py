"""A rule on each kind of series, from its rows to its alarm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.monitor.alarm_traffic import DAY, HOUR, MINUTE, START, only, put, rule, trace, verdicts

from steelyard.monitor.looking import look_once
from steelyard.monitor.rules import look_at
from steelyard.monitor.rules_blocks import share_beyond
from steelyard.monitor.rules_memory import remembered
from steelyard.records import (
    AlarmRule,
    AnchorVerdict,
    Condition,
    LabelBatch,
    PredictionBatch,
    RecordDraft,
    ScorerSamplingConfig,
    Series,
    Store,
    Usage,
)

ABOVE = Condition(direction="above")


@pytest.fixture
def store(alarm_store: Store) -> Store:
    return alarm_store


def watch(store: Store, series: Series, condition: Condition, *, times: list[int], **more: Any) -> AlarmRule:
    kept = store.alarms.create_rule("0", rule(series, condition, **more))
    for now in times:
        look_once(store, worker="test", now_ms=now)
    return store.alarms.rule(kept.rule_id)


def test_traffic_that_stops(store: Store) -> None:
    put(store, [trace(START - HOUR + i * 30_000) for i in range(240)])
    series = Series(kind="traces", what="count")
    watch(store, series, Condition(method="change", baseline="previous"), times=[START + HOUR, START + 2 * HOUR])
    assert only(store).opened_ms == START + 2 * HOUR
    assert only(store).first.sentence.startswith("The number of traces fell to 0 [0, 4] in the last hour; it was 120")


def test_money_that_is_spent_faster(store: Store) -> None:
    for hour, cost in ((0, 0.01), (1, 0.05)):
        given = [trace(START + hour * HOUR + i * MINUTE) for i in range(60)]
        put(store, [replace(one, info=replace(one.info, usage=Usage(cost=cost))) for one in given])
    condition = Condition(method="change", baseline="previous", direction="above", margin=0.5)
    watch(store, Series(kind="traces", what="cost"), condition, times=[START + 2 * HOUR])
    assert only(store).first.sentence == (
        "The cost rose to $3.00 (n=60) in the last hour; it was $0.60 (n=60) in the hour before."
    )


def test_answers_that_become_slow_row_by_row(store: Store) -> None:
    draws = np.random.default_rng(2)
    put(store, [trace(START + i * 60_000, duration=float(d)) for i, d in enumerate(draws.lognormal(5, 0.5, 1440))])
    later = START + DAY
    put(store, [trace(later + i * 60_000, duration=float(d)) for i, d in enumerate(draws.lognormal(5.6, 0.5, 600))])
    series = Series(kind="traces", what="duration_p95")
    condition = Condition(method="anytime", baseline=f"window:{START}:{later - HOUR}", direction="above")
    times = [later + hour * HOUR for hour in range(10)]
    kept = watch(store, series, condition, times=times, every_ms=HOUR, window_ms=HOUR)
    alarm = only(store)
    assert alarm.opened_ms <= later + 4 * HOUR
    assert alarm.first.limit is not None
    beyond = share_beyond(store, kept, group="", limit=alarm.first.limit, start_ms=START, end_ms=later)
    assert 0 < beyond.total / beyond.n < 0.05  # the limit is the far end of the baseline's interval


def test_errors_row_by_row_against_a_known_rate(store: Store) -> None:
    put(store, [trace(START + i * 20_000, state="ERROR" if i % 50 == 0 else "OK") for i in range(1080)])
    bad = START + 6 * HOUR
    put(store, [trace(bad + i * 20_000, state="ERROR" if i % 5 == 0 else "OK") for i in range(1080)])
    condition = Condition(method="anytime", value=0.05, direction="above")
    times = list(range(START + HOUR, bad + 2 * HOUR, 15 * MINUTE))
    watch(store, Series(kind="traces", what="error_rate"), condition, times=times, every_ms=15 * MINUTE)
    alarm = only(store)
    assert bad < alarm.opened_ms < bad + 2 * HOUR
    assert abs(alarm.first.start_ms - bad) <= 30 * MINUTE


def test_numbers_row_by_row_need_their_range(store: Store) -> None:
    stars = np.random.default_rng(9).choice([3, 4, 5], 800, p=[0.2, 0.3, 0.5])
    worse = np.random.default_rng(10).choice([1, 2, 3, 4], 400)
    for begin, values in ((START, stars), (START + 800 * MINUTE, worse)):
        put(store, [trace(begin + i * MINUTE, scores={"stars": float(v)}) for i, v in enumerate(values)])
    series, times = Series(kind="score", what="stars"), [START + hour * HOUR for hour in (9, 10, 15, 16, 17)]
    for low, high in ((1.0, 5.0), (0.0, 1.0)):
        condition = Condition(method="anytime", baseline=f"window:{START}:{START + 8 * HOUR}", low=low, high=high)
        kept = watch(store, series, condition, times=times, every_ms=HOUR, name=f"stars in {low:g} to {high:g}")
        times = [now + DAY for now in times]
    assert only(store).rule_name == "stars in 1 to 5"
    assert remembered(kept.memory).tests == {}
    look = look_at(store, kept, now_ms=START + 10 * HOUR)
    assert "must lie in [0, 1]" in look.findings[0].sentence


def test_drift_from_the_window_before(store: Store) -> None:
    draws = np.random.default_rng(8)
    for hour, size in ((0, 100), (1, 100), (2, 160)):
        given = draws.normal(size, 10, 200)
        put(store, [trace(START + hour * HOUR + i * 15_000, duration=float(d)) for i, d in enumerate(given)])
    times = [START + 2 * HOUR, START + 3 * HOUR]
    watch(store, Series(kind="drift", what="duration"), ABOVE, times=times, every_ms=HOUR)
    assert only(store).opened_ms == START + 3 * HOUR
    assert only(store).first.limit is not None


def test_a_model_whose_accuracy_falls(store: Store) -> None:
    model = store.predictions.open("0", "churn", model_type="classifier")
    for day, right in ((0, 190), (1, 150)):
        ids = tuple(f"{day}-{i}" for i in range(200))
        truth = tuple(i % 2 for i in range(200))
        said = tuple(t if i < right else 1 - t for i, t in enumerate(truth))
        times = tuple(START + day * DAY + i * MINUTE for i in range(200))
        store.predictions.log(model.key, PredictionBatch(ids=ids, predictions=said, times=times))
        store.predictions.label(model.key, LabelBatch(ids=ids, labels=truth))
    while store.predictions.settle("test", now_ms=START + 3 * DAY, at_once=True):
        pass
    series = Series(kind="model", what="churn/accuracy_score")
    condition = Condition(method="change", baseline="previous", margin=0.05)
    watch(store, series, condition, times=[START + 2 * DAY + HOUR], window_ms=DAY)
    alarm = only(store)
    assert (alarm.first.value, alarm.first.n) == (0.75, 200)
    assert "accuracy_score of churn fell to 0.75" in alarm.first.sentence
    assert "in the day before" in alarm.first.sentence


def test_a_judge_that_moves_on_its_anchors(store: Store) -> None:
    store.scorers.register("0", "polite", definition="{}", digest="d", kind="judge")
    dataset = store.datasets.create("anchors", experiment_ids=["0"])
    store.datasets.merge(dataset.dataset_id, [RecordDraft(inputs={"q": i}) for i in range(60)])
    anchors = store.anchors.create("0", "polite", dataset_id=dataset.dataset_id)
    records = [one.dataset_record_id for one in store.datasets.records(dataset.dataset_id).items]
    for at, good in ((START, 55), (START + HOUR, 30)):
        store.anchors.ask(anchors.anchor_id)
        reading = store.anchors.claim("w", now_ms=at)
        assert reading is not None
        said = [AnchorVerdict(record_id=record, value=i < good) for i, record in enumerate(records)]
        store.anchors.put(reading, said, now_ms=at)
        store.anchors.finish(replace(reading, state="done", n=60), now_ms=at)
    watch(
        store,
        Series(kind="judge", what="polite"),
        replace(ABOVE, value=0.0),
        times=[START + 30 * MINUTE, START + 2 * HOUR],
    )
    alarm = only(store)
    assert alarm.first.value == pytest.approx(25 / 60)
    assert alarm.opened_ms == START + 2 * HOUR


def test_a_monitor_whose_backlog_grows(store: Store) -> None:
    store.scorers.register("0", "correctness", definition="{}", digest="d", kind="code")
    store.monitors.start("0", "correctness", config=ScorerSamplingConfig(sample_rate=1.0))
    put(store, verdicts(START, START + HOUR, n=30, passed=30))
    later = 2**41
    while store.monitors.plan(now_ms=later):
        pass
    condition = Condition(value=20.0, direction="above")
    watch(store, Series(kind="monitor", what="backlog:correctness"), condition, times=[later])
    assert only(store).first.sentence == "The backlog of correctness is 30 now: above 20."
