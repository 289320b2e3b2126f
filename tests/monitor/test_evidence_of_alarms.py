"""An alarm names the rows that caused it, a filter that finds all of them, and the slice that explains the change."""

from __future__ import annotations

import numpy as np
import pytest
from tests.monitor.alarm_traffic import DAY, HOUR, MINUTE, START, counted, only, put, rule, trace, verdicts

from steelyard.monitor.evidence_rows import window_filter
from steelyard.monitor.looking import look_once
from steelyard.records import Condition, Finding, Series, Store

LAST_DAY = Condition(method="change", baseline="previous", margin=0.02)


@pytest.fixture
def store(alarm_store: Store) -> Store:
    return alarm_store


def look(store: Store, at: int) -> None:
    look_once(store, worker="test", now_ms=at)


def test_the_failing_rows_of_a_score_are_named_and_found_again(store: Store) -> None:
    store.alarms.create_rule("0", rule())
    put(store, verdicts(START, START + HOUR, n=200, passed=100))
    put(store, verdicts(START - HOUR, START, n=10, passed=0))
    wrong = put(store, [trace(START + i * MINUTE, scores={"correctness": "no"}) for i in range(5)])
    look(store, START + HOUR)
    evidence = only(store).first.evidence
    assert evidence["matching"] == 105
    assert len(evidence["trace_ids"]) == 50
    assert store.traces.count(["0"], evidence["filter_string"]) == 105
    page = store.traces.search(["0"], evidence["filter_string"], max_results=200)
    assert set(wrong) <= {info.trace_id for info in page.items}


def test_of_numbers_the_lowest_come_first(store: Store) -> None:
    series = Series(kind="score", what="rated quality")
    store.alarms.create_rule("0", rule(series, Condition(value=0.6, min_n=10)))
    ids = put(store, [trace(START + i * MINUTE, scores={"rated quality": i / 60}) for i in range(30)])
    look(store, START + HOUR)
    evidence = only(store).first.evidence
    assert evidence["trace_ids"] == ids
    assert store.traces.count(["0"], evidence["filter_string"]) == 30


def test_of_durations_the_slowest_come_first(store: Store) -> None:
    series = Series(kind="traces", what="duration_p90")
    store.alarms.create_rule("0", rule(series, Condition(value=500.0, direction="above")))
    ids = put(store, [trace(START + i * 10_000, duration=float(i * 10)) for i in range(200)])
    look(store, START + HOUR)
    evidence = only(store).first.evidence
    assert evidence["trace_ids"] == ids[:149:-1]
    assert evidence["matching"] == 149


def test_of_errors_the_traces_that_failed(store: Store) -> None:
    series = Series(kind="traces", what="error_rate")
    store.alarms.create_rule("0", rule(series, Condition(value=0.1, direction="above")))
    put(store, [trace(START + i * 10_000) for i in range(100)])
    failed = put(store, [trace(START + i * 10_000, state="ERROR") for i in range(40)])
    look(store, START + HOUR)
    assert set(only(store).first.evidence["trace_ids"]) == set(failed)


def test_the_slice_that_got_worse_is_named_with_its_numbers(store: Store) -> None:
    store.alarms.create_rule("0", rule(condition=LAST_DAY, window_ms=DAY))
    draws = np.random.default_rng(6)
    for day, billing in ((0, 0.9), (1, 0.6)):
        for topic, share in (("billing", billing), ("travel", 0.9), ("food", 0.9)):
            begin = START + day * DAY
            put(store, verdicts(begin, begin + DAY, n=200, passed=draws.binomial(200, share), tags={"topic": topic}))
    counted(store)
    look(store, START + 2 * DAY)
    evidence = only(store).first.evidence
    first = evidence["slices"][0]
    assert first["slice"] == "tag.topic = billing"
    assert first["worse"]
    assert (first["n"], first["baseline_n"]) == (200, 200)
    assert first["high"] < 0
    assert [one["worse"] for one in evidence["slices"][1:]] == [False] * (len(evidence["slices"]) - 1)
    assert evidence["slices_before"] == [START, START + DAY]


def test_a_drop_in_one_slice_is_found_row_by_row_and_the_slice_named(store: Store) -> None:
    baseline = Condition(method="anytime", baseline=f"window:{START}:{START + DAY - HOUR}")
    store.alarms.create_rule("0", rule(condition=baseline, every_ms=HOUR))
    draws, drop = np.random.default_rng(12), START + DAY
    for begin, end, billing in ((START, drop, 0.9), (drop, drop + 12 * HOUR, 0.5)):
        n = (end - begin) // HOUR * 20
        for topic, share in (("billing", billing), ("travel", 0.9), ("food", 0.9)):
            put(store, verdicts(begin, end, n=n, passed=draws.binomial(n, share), tags={"topic": topic}))
    counted(store)
    for hour in range(11):
        look(store, drop + hour * HOUR)
    alarm = only(store)
    assert drop < alarm.opened_ms <= drop + 6 * HOUR
    assert alarm.first.evidence["slices"][0]["slice"] == "tag.topic = billing"
    assert alarm.first.evidence["slices"][0]["worse"]


def test_slices_of_an_alarm_that_lasts_are_looked_for_by_the_hour(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.alarms.create_rule("0", rule())
    put(store, verdicts(START, START + 3 * HOUR, n=600, passed=300))
    asked: list[int] = []
    monkeypatch.setattr(
        "steelyard.monitor.evidence.slices_of_change", lambda *_, **__: asked.append(1) or [{"slice": "a"}]
    )
    for minutes in range(60, 180, 5):
        look(store, START + minutes * MINUTE)
    assert len(asked) == 2
    assert only(store).last.evidence["slices"] == [{"slice": "a"}]


def test_rows_of_drift_are_those_from_where_it_moved_to(store: Store) -> None:
    series = Series(kind="drift", what="duration", method="js")
    store.alarms.create_rule("0", rule(series, Condition(direction="above"), every_ms=HOUR))
    draws = np.random.default_rng(8)
    put(store, [trace(START + i * 10_000, duration=float(d)) for i, d in enumerate(draws.normal(100, 10, 300))])
    moved = [trace(START + HOUR + i * 10_000, duration=float(d)) for i, d in enumerate(draws.normal(140, 10, 300))]
    ids = put(store, moved)
    look(store, START + 2 * HOUR)
    alarm = only(store)
    assert alarm.first.evidence["trace_ids"]
    assert set(alarm.first.evidence["trace_ids"]) <= set(ids)
    assert "above its noise floor of 0." in alarm.first.sentence


def test_a_group_is_part_of_the_filter_whatever_its_name() -> None:
    finding = Finding(group="it's", start_ms=0, end_ms=1000)
    series = Series(kind="traces", what="error_rate", by="model", filter_string="user = 'a' OR user = 'b'")
    assert window_filter(series, finding) == (
        "timestamp_ms >= 0 AND timestamp_ms < 1000 AND span.model = 'it''s' AND (user = 'a' OR user = 'b')"
    )
