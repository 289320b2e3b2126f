"""What is kept of work that is done: its outcome and feedback together, once, and what it says of its monitor."""

from __future__ import annotations

from dataclasses import replace

import pytest
from monitoring import (
    DAY,
    NOON,
    SETTLED,
    Clock,
    arrive,
    claim,
    failed,
    scored,
    standing,
    subjects,
    values,
    watch,
)

from steelyard.records import Store
from steelyard.records.assessment import Expectation, Feedback
from steelyard.records.monitor import MONITOR_KEY, MonitorDay, WorkDone


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which traces arrive."""
    clock = Clock()
    monkeypatch.setattr("steelyard.store.sql.waiting.now_ms", clock)
    return clock


def test_feedback_stands_on_the_trace_and_names_its_monitor(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    (work,) = claim(store, SETTLED)
    said = (Feedback("ok", True, metadata={"cost": 1}), Expectation("answer", "yes"))
    assert store.monitors.commit([WorkDone(work=work, outcome="scored", assessments=said)], now_ms=SETTLED) == 1
    feedback, expectation = store.assessments.list(["tr-1"])["tr-1"]
    assert (feedback.value, dict(feedback.metadata)) == (True, {"cost": 1, MONITOR_KEY: monitor.monitor_id})
    assert (expectation.kind, expectation.value, expectation.trace_id) == ("expectation", "yes", "tr-1")
    assert [one.action for one in store.assessments.history("tr-1", str(feedback.assessment_id))] == ["created"]


def test_what_is_committed_twice_counts_once(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    (work,) = claim(store, SETTLED)
    assert store.monitors.commit([scored(work), scored(work, 0.0)], now_ms=SETTLED) == 1
    assert store.monitors.commit([scored(work)], now_ms=SETTLED) == 0
    assert values(store, "tr-1") == [1.0]
    assert standing(store, monitor).done == {"scored": 1}


def test_an_older_lease_counts_for_nothing_and_takes_nothing_else_with_it(store: Store) -> None:
    watch(store)
    arrive(store, ["tr-1", "tr-2"])
    old = claim(store, SETTLED, most=1)
    new = claim(store, SETTLED + 120_000)
    other = next(one for one in new if one.work_id != old[0].work_id)
    assert store.monitors.commit([scored(old[0], 0.0), scored(other)], now_ms=SETTLED) == 1
    assert values(store, old[0].subject) == []
    assert values(store, other.subject) == [1.0]


def test_a_trace_that_was_deleted_meanwhile_is_gone(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1", "tr-2", "tr-3"])
    work = claim(store, SETTLED, most=2)
    store.traces.delete([work[0].subject])
    assert store.monitors.commit([scored(one) for one in work], now_ms=SETTLED) == 1
    assert standing(store, monitor, SETTLED).done == {"scored": 1}
    store.traces.delete([one.subject for one in claim(store, SETTLED + 130_000)])
    assert standing(store, monitor, SETTLED).waiting == 0


def test_a_session_whose_traces_were_deleted_is_gone(store: Store) -> None:
    monitor = watch(store, level="session")
    arrive(store, ["tr-1"], session="a")
    arrive(store, ["tr-2"], session="b")
    work = claim(store, NOON + 300_000)
    assert subjects(work) == ["a", "b"]
    store.traces.delete(["tr-1"])
    done = [scored(one, trace_id="tr-1" if one.subject == "a" else "tr-2") for one in work]
    assert store.monitors.commit(done, now_ms=NOON) == 2
    assert standing(store, monitor).done == {"scored": 1, "gone": 1}


def test_a_session_without_traces_is_not_handed_out(store: Store) -> None:
    monitor = watch(store, level="session")
    arrive(store, ["tr-1"], session="a")
    assert claim(store, NOON) == ()
    store.traces.delete(["tr-1"])
    assert claim(store, NOON + 300_000) == ()
    told = standing(store, monitor, NOON + 300_000)
    assert (told.waiting, told.done) == (0, {"gone": 1})


def test_a_session_that_went_on_is_scored_again_in_place_of_the_old(store: Store, clock: Clock) -> None:
    watch(store, level="session", settle_seconds=10)
    arrive(store, ["tr-1"], session="talk")
    for value in (0.0, 1.0):
        (work,) = claim(store, clock.now + 10_000)
        assert work.attempt == 1
        store.monitors.commit([scored(work, value, trace_id="tr-1")], now_ms=clock.now + 10_000)
        assert claim(store, clock.now + 60_000) == ()
        clock.now += 60_000
        arrive(store, ["tr-2"], session="talk", span=int(value) + 1)
    assert values(store, "tr-1") == [1.0]
    old, new = store.assessments.list(["tr-1"])["tr-1"]
    assert (old.value, old.valid, getattr(new, "overrides", None)) == (0.0, False, old.assessment_id)


def test_what_a_session_no_longer_says_goes(store: Store, clock: Clock) -> None:
    watch(store, level="session", settle_seconds=10)
    arrive(store, ["tr-1"], session="talk")
    (work,) = claim(store, SETTLED)
    said = (Feedback("ok", 1.0, trace_id="tr-1"), Feedback("rude", True, trace_id="tr-1"))
    store.monitors.commit([WorkDone(work=work, outcome="scored", assessments=said)], now_ms=SETTLED)
    clock.now += 60_000
    arrive(store, ["tr-2"], session="talk")
    (work,) = claim(store, clock.now + 10_000)
    store.monitors.commit([scored(work, 0.5, trace_id="tr-2")], now_ms=clock.now)
    assert (values(store, "tr-1"), values(store, "tr-2")) == ([], [0.5])


def test_a_scoring_that_failed_leaves_what_a_session_said_before(store: Store, clock: Clock) -> None:
    watch(store, level="session", settle_seconds=10)
    arrive(store, ["tr-1"], session="talk")
    store.monitors.commit([scored(one, trace_id="tr-1") for one in claim(store, SETTLED)], now_ms=SETTLED)
    clock.now += 60_000
    arrive(store, ["tr-2"], session="talk")
    store.monitors.commit([failed(one) for one in claim(store, clock.now + 10_000)], now_ms=clock.now)
    assert values(store, "tr-1") == [1.0]


def test_a_session_that_goes_on_while_it_is_in_hand_is_scored_again(store: Store, clock: Clock) -> None:
    watch(store, level="session", settle_seconds=10)
    arrive(store, ["tr-1"], session="talk")
    (work,) = claim(store, SETTLED)
    clock.now = SETTLED
    arrive(store, ["tr-2"], session="talk")
    assert claim(store, SETTLED + 10_000) == ()
    assert store.monitors.commit([scored(work, 0.0, trace_id="tr-1")], now_ms=SETTLED) == 1
    assert claim(store, SETTLED + 9_999) == ()
    (again,) = claim(store, SETTLED + 10_000)
    store.monitors.commit([scored(again, 1.0, trace_id="tr-1")], now_ms=SETTLED + 10_000)
    assert values(store, "tr-1") == [1.0]
    assert claim(store, SETTLED + DAY) == ()


def test_a_session_that_goes_on_in_the_very_millisecond_is_scored_again(store: Store) -> None:
    watch(store, level="session", settle_seconds=0)
    arrive(store, ["tr-1"], session="talk")
    (work,) = claim(store, NOON)
    arrive(store, ["tr-2"], session="talk")
    assert claim(store, NOON) == ()
    store.monitors.commit([scored(work, trace_id="tr-1")], now_ms=NOON)
    assert subjects(claim(store, NOON + 1)) == ["talk"]


def test_feedback_on_a_session_that_names_no_trace_is_an_error_of_the_scorer(store: Store) -> None:
    monitor = watch(store, level="session")
    arrive(store, ["tr-1"], session="talk")
    store.monitors.commit([scored(one) for one in claim(store, NOON + 300_000)], now_ms=NOON)
    told = standing(store, monitor)
    assert told.done == {"scorer_error": 1}
    assert "names none of its traces" in told.last_error


@pytest.mark.parametrize(
    "feedback",
    [Feedback("", 1.0), Feedback("ok", 1.0, overrides="a-nothing")],
    ids=["a name that is none", "in place of nothing"],
)
def test_feedback_that_cannot_be_kept_is_an_error_of_the_scorer_and_holds_up_nothing(
    store: Store, feedback: Feedback
) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1", "tr-2"])
    bad, good = claim(store, SETTLED)
    done = [WorkDone(work=bad, outcome="scored", assessments=(Feedback("half", 1), feedback)), scored(good)]
    assert store.monitors.commit(done, now_ms=SETTLED) == 2
    assert values(store, bad.subject) == []  # all or nothing
    assert values(store, good.subject) == [1.0]
    told = standing(store, monitor)
    assert told.done == {"scorer_error": 1, "scored": 1}
    assert "cannot be kept" in told.last_error


def test_failures_in_a_row_are_counted_until_one_is_scored(store: Store) -> None:
    monitor = watch(store, filter_string="trace_id != 'tr-9'")
    arrive(store, [f"tr-{i}" for i in range(5)])
    work = claim(store, SETTLED)
    ends = [
        (failed(work[0]), 1),
        (replace(failed(work[1]), outcome="parse_error"), 2),
        (WorkDone(work=work[2], outcome="refused"), 2),
    ]
    for done, failures in ends:
        store.monitors.commit([done], now_ms=SETTLED)
        assert store.monitors.get(monitor.monitor_id).failures == failures
    arrive(store, ["tr-9"])
    assert claim(store, SETTLED) == ()  # what a filter leaves out says nothing of the scorer
    assert store.monitors.get(monitor.monitor_id).failures == 2
    store.monitors.commit([failed(work[3]), scored(work[4])], now_ms=SETTLED)
    assert store.monitors.get(monitor.monitor_id).failures == 0
    told = standing(store, monitor, SETTLED)
    assert told.done == {"scored": 1, "scorer_error": 2, "parse_error": 1, "refused": 1, "filtered": 1}
    assert (told.last_error, told.last_error_ms, told.last_scored_ms) == ("it broke", SETTLED, SETTLED)


def test_a_resumed_monitor_forgets_its_failures(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    store.monitors.commit([failed(one) for one in claim(store, SETTLED)], now_ms=SETTLED)
    assert store.monitors.update(monitor.monitor_id, state="active").failures == 0


def test_an_error_of_any_text_is_kept(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    (work,) = claim(store, SETTLED)
    store.monitors.commit([failed(work, "a \x00 and more" + "x" * 5_000)], now_ms=SETTLED)
    assert standing(store, monitor).last_error.startswith("a \x00 and more")


def test_days_tell_what_was_done_and_what_it_took(store: Store) -> None:
    monitor = watch(store)
    arrive(store, [f"tr-{i}" for i in range(3)])
    work = claim(store, SETTLED)
    told = {"calls": 2, "input_tokens": 30, "output_tokens": 4, "cost": 0.5}
    store.monitors.commit([scored(work[0], **told), replace(failed(work[1]), cost=0.25, calls=1)], now_ms=SETTLED)
    store.monitors.commit([scored(work[2])], now_ms=SETTLED + DAY)
    today = NOON // DAY * DAY
    assert store.monitors.days(monitor.monitor_id, start_ms=today, end_ms=today + 2 * DAY) == (
        MonitorDay(day_ms=today, scored=1, failed=1, calls=3, input_tokens=30, output_tokens=4, cost=0.75),
        MonitorDay(day_ms=today + DAY, scored=1),
    )
    assert len(store.monitors.days(monitor.monitor_id, start_ms=today, end_ms=today + DAY)) == 1


def test_the_delay_is_the_median_of_the_last_scored(store: Store) -> None:
    monitor = watch(store)
    assert standing(store, monitor).delay_ms is None
    arrive(store, [f"tr-{i}" for i in range(3)])
    for i, one in enumerate(claim(store, SETTLED)):
        store.monitors.commit([scored(one)], now_ms=SETTLED + (100, 900, 300)[i])
    assert standing(store, monitor).delay_ms == 300


def test_the_oldest_that_is_due_tells_how_long_it_waits(store: Store, clock: Clock) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    clock.now += 1_000
    arrive(store, ["tr-2"])
    work = claim(store, SETTLED, most=1)
    assert standing(store, monitor, SETTLED + 1_000).oldest_due_ms == SETTLED + 1_000
    store.monitors.put_back(work, due_ms=SETTLED)
    assert standing(store, monitor, SETTLED + 1_000).oldest_due_ms == SETTLED
