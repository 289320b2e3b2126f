"""Retention: what is kept no longer goes, and nothing else does, whatever the clocks say."""

from __future__ import annotations

import logging

import pytest
from traces_made import plan, trace, trace_id
from windows_made import Fact, keep, made

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import AssessmentSource, Expectation, Feedback, ItemDraft, Store
from steelyard.records.overview import Retention
from steelyard.store.sql import retention as retention_room

DAY = 86_400_000
NOW = 20_000 * DAY


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's clock stands at ``NOW``."""
    monkeypatch.setattr(retention_room, "now_ms", lambda: NOW)


def days_ago(*days: float) -> list[Fact]:
    return [Fact(NOW - int(n * DAY)) for n in days]


def kept(store: Store, experiment_id: str = "0") -> list[int]:
    """Return the numbers of the traces that are there, in order."""
    return sorted(int(info.trace_id[3:], 16) for info in store.traces.search([experiment_id]).items)


def test_it_is_kept_with_the_experiment_and_taken_back(store: Store) -> None:
    assert store.upkeep.retention("0") == Retention()
    store.upkeep.set_retention("0", Retention(max_age_days=30.5, max_bytes=10**12))
    assert store.upkeep.retention("0") == Retention(max_age_days=30.5, max_bytes=10**12)
    tags = store.experiments.get("0").tags
    assert tags["steelyard.retention.maxAgeDays"] == "30.5"
    assert tags["steelyard.retention.maxBytes"] == "1000000000000"
    store.upkeep.set_retention("0", Retention(max_age_days=7))
    assert store.upkeep.retention("0") == Retention(max_age_days=7)
    store.upkeep.set_retention("0", Retention())
    assert store.upkeep.retention("0") == Retention()


@pytest.mark.parametrize(
    "retention",
    [
        Retention(max_age_days=0),
        Retention(max_age_days=-1),
        Retention(max_age_days=float("nan")),
        Retention(max_age_days=float("inf")),
        Retention(max_bytes=0),
        Retention(max_bytes=-5),
    ],
    ids=["no age", "negative age", "nan", "endless", "no size", "negative size"],
)
def test_a_senseless_one_is_refused(store: Store, retention: Retention) -> None:
    with pytest.raises(InvalidArgument, match="or None to"):
        store.upkeep.set_retention("0", retention)
    with pytest.raises(NotFound):
        store.upkeep.set_retention("99", Retention())


def test_a_tag_that_says_nothing_sensible_deletes_nothing(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    keep(store, days_ago(100, 0))
    store.experiments.set_tag("0", "steelyard.retention.maxAgeDays", "a month")
    with pytest.raises(InvalidArgument, match="a month"):
        store.upkeep.retention("0")
    with caplog.at_level(logging.WARNING, "steelyard.store"):
        assert store.upkeep.work(60).deleted == 0
    assert "all kept" in caplog.text


def test_traces_that_are_too_old_go_and_windows_are_counted_without_them(store: Store) -> None:
    keep(store, days_ago(40, 31, 30.5, 29, 1, 0))
    store.upkeep.set_retention("0", Retention(max_age_days=30))
    while store.upkeep.backlog():
        store.upkeep.work(60)
    assert store.upkeep.work(60).left == 0
    assert kept(store) == [4, 5, 6]
    found = store.overview.windows(["0"], start_ms=NOW - 50 * DAY, end_ms=NOW + DAY, step_ms=DAY)
    assert sum(window.n for window in found) == 3


def test_other_experiments_are_left_alone(store: Store) -> None:
    other = store.experiments.create("other").experiment_id
    keep(store, days_ago(40, 0), first=1)
    keep(store, days_ago(40, 0), first=10, experiment_id=other)
    store.upkeep.set_retention("0", Retention(max_age_days=1))
    assert store.upkeep.work(60).deleted == 1
    assert kept(store, other) == [10, 11]


def test_a_clock_that_jumps_ahead_deletes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(store, days_ago(2, 1, 0))
    store.upkeep.set_retention("0", Retention(max_age_days=30))
    monkeypatch.setattr(retention_room, "now_ms", lambda: NOW + 5000 * DAY)
    assert store.upkeep.work(60).deleted == 0


def test_a_trace_from_the_future_deletes_nothing(store: Store) -> None:
    keep(store, days_ago(-5000, 2, 1, 0))
    store.upkeep.set_retention("0", Retention(max_age_days=30))
    assert store.upkeep.work(60).deleted == 0
    keep(store, days_ago(50), first=20)
    assert store.upkeep.work(60).deleted == 0


def test_a_trace_from_the_future_does_not_keep_the_old_ones_either(store: Store) -> None:
    keep(store, days_ago(-5000, 40, 1))
    store.upkeep.set_retention("0", Retention(max_age_days=30))
    assert store.upkeep.work(60).deleted == 1
    assert kept(store) == [1, 3]


def test_a_trace_that_has_just_come_stays_whatever_time_it_claims(store: Store) -> None:
    keep(store, [*days_ago(40, 20), Fact(0), *days_ago(0)])
    store.upkeep.set_retention("0", Retention(max_age_days=30))
    assert store.upkeep.work(60).deleted == 1
    assert kept(store) == [2, 3, 4]


def test_what_people_said_about_is_spared(store: Store) -> None:
    keep(store, days_ago(50, 49, 48, 47, 0))
    human, judge = AssessmentSource("HUMAN", "ann"), AssessmentSource("LLM_JUDGE", "gpt")
    store.assessments.add(
        [
            Feedback(name="good", value=True, source=human, trace_id=trace_id(1)),
            Feedback(name="good", value=True, source=judge, trace_id=trace_id(2)),
            Expectation(name="answer", value="42", trace_id=trace_id(3)),
        ]
    )
    store.upkeep.set_retention("0", Retention(max_age_days=30, max_bytes=1))
    store.upkeep.work(60)
    assert kept(store) == [1, 3]


def test_what_waits_for_people_is_spared(store: Store) -> None:
    keep(store, days_ago(50, 49, 48, 47, 0))
    queue = store.reviews.create("0", "which is better", item_type="pair")
    pair = ItemDraft(trace_id=trace_id(1), other_trace_id=trace_id(2), name="a", other_name="b")
    store.reviews.add(queue.queue_id, [pair])
    store.upkeep.set_retention("0", Retention(max_age_days=30))
    store.upkeep.work(60)
    assert kept(store) == [1, 2, 5]


def test_what_an_evaluation_is_made_of_is_spared_until_its_run_is_deleted(store: Store) -> None:
    evaluated, plain = store.runs.create("0").info.run_id, store.runs.create("0").info.run_id
    store.ledgers.open(evaluated, plan(1))
    keep(store, days_ago(50, 49, 0))
    store.traces.link(evaluated, [trace_id(1)])
    store.traces.link(plain, [trace_id(2)])
    store.upkeep.set_retention("0", Retention(max_age_days=30))
    store.upkeep.work(60)
    assert kept(store) == [1, 3]
    store.runs.delete(evaluated)
    store.upkeep.set_retention("0", Retention(max_age_days=30))
    store.upkeep.work(60)
    assert kept(store) == [3]


def test_the_oldest_go_until_the_rest_fits(store: Store) -> None:
    store.traces.put([made(i, Fact(NOW - i * DAY), request_preview="x" * 900) for i in range(1, 11)])
    size = store.upkeep.size("0")
    assert (size.traces, size.spans) == (10, 10)
    store.upkeep.set_retention("0", Retention(max_bytes=size.bytes * 4 // 10))
    assert store.upkeep.work(60).deleted == 6
    assert kept(store) == [1, 2, 3, 4]
    assert store.upkeep.size("0").bytes <= size.bytes * 4 // 10


def test_more_than_one_transaction_takes_are_deleted_over_several_rounds(store: Store) -> None:
    store.traces.put([trace(i, request_time=NOW - 90 * DAY + i) for i in range(1, 351)])
    keep(store, days_ago(0), first=1000)
    store.upkeep.set_retention("0", Retention(max_age_days=30))
    deleted = 0
    while deleted < 350:
        deleted += store.upkeep.work(0.5).deleted
    assert kept(store) == [1000]
