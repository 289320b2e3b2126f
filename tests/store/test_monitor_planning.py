"""What becomes work: what arrives is sampled once it has settled, and past windows are gone through."""

from __future__ import annotations

import pytest
from back_ends import AT_HAND
from monitoring import HOUR, NOON, SETTLED, Clock, arrive, claim, plan, put, scored, standing, subjects, watch

from steelyard.records import Store
from steelyard.records.monitor import sampled
from steelyard.records.trace import RUN_KEY
from steelyard.store.sql.monitor_schema import monitor_arrivals


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which traces arrive."""
    clock = Clock()
    monkeypatch.setattr("steelyard.store.sql.waiting.now_ms", clock)
    return clock


def test_a_trace_is_due_once_it_has_settled(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    assert claim(store, SETTLED - 1) == ()
    assert standing(store, monitor, SETTLED - 1).waiting == 1
    assert standing(store, monitor, SETTLED).due == 1
    (work,) = claim(store, SETTLED)
    assert (work.subject, work.attempt, work.settled_ms) == ("tr-1", 1, SETTLED)


def test_late_spans_push_the_settling_forward(store: Store, clock: Clock) -> None:
    watch(store)
    arrive(store, ["tr-1"])
    plan(store, NOON)
    clock.now += 9_000
    arrive(store, ["tr-1"], span=2)
    assert claim(store, SETTLED) == ()
    assert subjects(claim(store, SETTLED + 9_000)) == ["tr-1"]


def test_spans_that_come_after_the_score_change_nothing(store: Store, clock: Clock) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    assert store.monitors.commit([scored(one) for one in claim(store, SETTLED)], now_ms=SETTLED) == 1
    clock.now += HOUR
    arrive(store, ["tr-1"], span=2)
    assert claim(store, clock.now + HOUR) == ()
    assert standing(store, monitor).done == {"scored": 1}


def test_traces_are_work_however_they_came(store: Store) -> None:
    watch(store)
    put(store, "tr-put")
    arrive(store, ["tr-arrived"])
    assert subjects(claim(store, SETTLED)) == ["tr-arrived", "tr-put"]


def test_a_trace_that_is_tagged_has_changed(store: Store, clock: Clock) -> None:
    watch(store)
    put(store, "tr-1", tags={"a": "1"})
    for change in (lambda: store.traces.update("tr-1", tags={"b": "2"}), lambda: store.traces.delete_tag("tr-1", "a")):
        clock.now += 9_000
        change()
        assert claim(store, clock.now + 9_999) == ()
    assert subjects(claim(store, clock.now + 10_000)) == ["tr-1"]


def test_a_mark_from_the_future_is_of_now(store: Store, clock: Clock) -> None:
    watch(store)
    clock.now += 24 * HOUR
    arrive(store, ["tr-1"])
    plan(store, NOON)
    assert subjects(claim(store, SETTLED)) == ["tr-1"]


@AT_HAND
def test_nothing_is_marked_where_nobody_watches(store: Store) -> None:
    monitor = watch(store)
    elsewhere = store.experiments.create("elsewhere").experiment_id
    arrive(store, ["tr-1"], experiment_id=elsewhere)
    put(store, "tr-2", experiment_id=elsewhere)
    store.monitors.update(monitor.monitor_id, state="stopped")
    arrive(store, ["tr-3"])
    assert _marks(store) == 0
    store.monitors.update(monitor.monitor_id, state="active")
    arrive(store, ["tr-4"])
    put(store, "tr-5")
    assert _marks(store) == 2
    store.monitors.delete(monitor.monitor_id)
    arrive(store, ["tr-6"])
    assert _marks(store) == 2
    assert plan(store, NOON) == 2
    assert _marks(store) == 0


def _marks(store: Store) -> int:
    with store.monitors._database.read() as connection:
        return len(connection.execute(monitor_arrivals.select()).all())


def test_a_paused_monitor_keeps_its_backlog_and_a_stopped_one_gets_none(store: Store) -> None:
    paused, stopped = watch(store, "paused"), watch(store, "stopped")
    store.monitors.update(paused.monitor_id, state="paused", reason="it failed")
    store.monitors.update(stopped.monitor_id, state="stopped")
    arrive(store, ["tr-1"])
    assert claim(store, SETTLED) == ()
    assert [standing(store, one).waiting for one in (paused, stopped)] == [1, 0]
    for one in (paused, stopped):
        store.monitors.update(one.monitor_id, state="active")
    assert [one.monitor_id for one in claim(store, SETTLED)] == [paused.monitor_id]


def test_what_waits_when_a_monitor_is_stopped_is_kept(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    plan(store, NOON)
    store.monitors.update(monitor.monitor_id, state="stopped")
    assert claim(store, SETTLED) == ()
    store.monitors.update(monitor.monitor_id, state="active")
    assert subjects(claim(store, SETTLED)) == ["tr-1"]


def test_traces_of_an_evaluation_are_left_out(store: Store, run_id: str) -> None:
    watch(store)
    put(store, "tr-evaluated", trace_metadata={RUN_KEY: run_id})
    arrive(store, ["tr-live"])
    assert subjects(claim(store, SETTLED)) == ["tr-live"]


def test_a_trace_that_turns_out_to_be_of_an_evaluation_waits_no_longer(store: Store, run_id: str) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    plan(store, NOON)
    put(store, "tr-1", trace_metadata={RUN_KEY: run_id})
    assert claim(store, SETTLED + HOUR) == ()
    assert standing(store, monitor).waiting == 0


def test_a_smaller_sample_lies_within_a_larger_one(store: Store) -> None:
    small, large = watch(store, "small", sample_rate=0.1), watch(store, "large", sample_rate=0.3)
    trace_ids = [f"tr-{i}" for i in range(200)]
    arrive(store, trace_ids)
    work = claim(store, SETTLED, most=1000)
    found = {one.monitor_id: {w.subject for w in work if w.monitor_id == one.monitor_id} for one in (small, large)}
    assert found[small.monitor_id] == {one for one in trace_ids if sampled(one, 0.1)}
    assert found[small.monitor_id] < found[large.monitor_id] == {one for one in trace_ids if sampled(one, 0.3)}


def test_nothing_of_a_share_of_nothing_is_work(store: Store) -> None:
    monitor = watch(store, sample_rate=0.0)
    arrive(store, ["tr-1", "tr-2"])
    assert plan(store, NOON) == 2
    assert standing(store, monitor).waiting == 0


def test_a_session_is_one_piece_of_work_that_settles_with_its_last_trace(store: Store, clock: Clock) -> None:
    watch(store, level="session", settle_seconds=10)
    arrive(store, ["tr-1", "tr-2", "tr-alone"])
    arrive(store, ["tr-3"], session="talk")
    plan(store, NOON)
    clock.now += 5_000
    arrive(store, ["tr-4"], session="talk")
    assert claim(store, SETTLED) == ()
    assert subjects(claim(store, SETTLED + 5_000)) == ["talk"]


def test_a_backfill_scores_a_past_window_and_nothing_twice(store: Store) -> None:
    put(store, "tr-before", at_ms=NOON - 3 * HOUR)
    put(store, "tr-first", at_ms=NOON - 2 * HOUR)
    put(store, "tr-last", at_ms=NOON - HOUR - 1)
    put(store, "tr-after", at_ms=NOON - HOUR)
    monitor = watch(store)
    for planned, found in ((2, ["tr-first", "tr-last"]), (0, [])):
        backfill = store.monitors.backfill(monitor.monitor_id, NOON - 2 * HOUR, NOON - HOUR, by="eva")
        assert (backfill.state, backfill.planned, backfill.created_by) == ("planning", 0, "eva")
        work = claim(store, NOON)
        assert subjects(work) == found
        done = store.monitors.backfills(monitor.monitor_id)[0]
        assert (done.backfill_id, done.state, done.planned) == (backfill.backfill_id, "planned", planned)
        assert store.monitors.commit([scored(one) for one in work], now_ms=NOON) == planned


def test_a_backfill_goes_on_where_it_was(store: Store) -> None:
    for i in range(7):
        put(store, f"tr-{i}", at_ms=NOON - HOUR + i // 3)  # some began in the same millisecond
    monitor = watch(store)
    store.monitors.backfill(monitor.monitor_id, 0, NOON)
    seen = [store.monitors.plan(now_ms=NOON, most=2) for _ in range(5)]
    assert seen == [2, 2, 2, 1, 0]
    assert standing(store, monitor).waiting == 7
    assert store.monitors.backfills(monitor.monitor_id)[0].planned == 7
    assert subjects(claim(store, NOON)) == [f"tr-{i}" for i in range(7)]


def test_a_cancelled_backfill_plans_no_more(store: Store) -> None:
    for i in range(4):
        put(store, f"tr-{i}", at_ms=NOON - HOUR)
    monitor = watch(store)
    backfill = store.monitors.backfill(monitor.monitor_id, 0, NOON)
    store.monitors.plan(now_ms=NOON, most=2)
    assert store.monitors.cancel_backfill(backfill.backfill_id).state == "cancelled"
    assert plan(store, NOON) == 0
    assert len(claim(store, NOON)) == 2
    assert store.monitors.backfills(monitor.monitor_id)[0].planned == 2


def test_an_evaluation_is_left_out_of_a_backfill_too(store: Store, run_id: str) -> None:
    put(store, "tr-evaluated", trace_metadata={RUN_KEY: run_id}, at_ms=NOON - HOUR)
    monitor = watch(store)
    store.monitors.backfill(monitor.monitor_id, 0, NOON)
    assert claim(store, NOON) == ()


def test_what_is_new_goes_before_a_backfill(store: Store) -> None:
    put(store, "tr-old", at_ms=NOON - HOUR)
    monitor = watch(store)
    store.monitors.backfill(monitor.monitor_id, 0, NOON - 1)
    plan(store, NOON)
    arrive(store, ["tr-new"])
    assert [claim(store, SETTLED, most=1)[0].subject for _ in range(2)] == ["tr-new", "tr-old"]


def test_sessions_are_filled_back_whole(store: Store) -> None:
    arrive(store, ["tr-1", "tr-2"], session="talk", at_ms=NOON - HOUR)
    monitor = watch(store, level="session")
    store.monitors.backfill(monitor.monitor_id, 0, NOON)
    assert subjects(claim(store, NOON)) == ["talk"]
    assert store.monitors.backfills(monitor.monitor_id)[0].planned == 1
