"""Work in hand: who has it, for how long, in which turn, and within which limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from back_ends import AT_HAND
from monitoring import DAY, HOUR, NOON, SETTLED, Clock, arrive, claim, failed, plan, scored, standing, subjects, watch

from steelyard.errors import InvalidArgument
from steelyard.records import Store
from steelyard.records.monitor import WorkDone

LEASE = 120_000


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which traces arrive."""
    clock = Clock()
    monkeypatch.setattr("steelyard.store.sql.waiting.now_ms", clock)
    return clock


def test_work_in_hand_is_handed_to_nobody_else_until_its_lease_ends(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    (first,) = claim(store, SETTLED)
    assert first.lease_until_ms == SETTLED + LEASE
    assert claim(store, SETTLED + LEASE - 1) == ()
    assert standing(store, monitor, SETTLED).in_hand == 1
    (second,) = claim(store, SETTLED + LEASE)
    assert (second.work_id, second.attempt) == (first.work_id, 2)
    assert second.lease != first.lease


def test_work_that_is_renewed_stays_in_hand(store: Store) -> None:
    watch(store)
    arrive(store, ["tr-1", "tr-2"])
    mine = claim(store, SETTLED, most=1)
    (renewed,) = store.monitors.renew(mine, now_ms=SETTLED + 100_000)
    assert renewed.lease_until_ms == SETTLED + 100_000 + LEASE
    assert subjects(claim(store, SETTLED + LEASE)) != subjects(mine)
    (others,) = claim(store, SETTLED + 100_000 + LEASE)
    assert store.monitors.renew([renewed], now_ms=SETTLED + 300_000) == ()
    assert store.monitors.renew([others], now_ms=SETTLED + 300_000) != ()


def test_work_that_is_put_back_is_handed_out_again_later(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    work = claim(store, SETTLED)
    assert store.monitors.put_back(work, due_ms=SETTLED + 5_000, error="no route to the judge") == 1
    assert store.monitors.put_back(work, due_ms=SETTLED + 5_000) == 0
    told = standing(store, monitor, SETTLED)
    assert (told.waiting, told.due, told.in_hand, told.last_error) == (1, 0, 0, "no route to the judge")
    assert told.done == {}
    assert claim(store, SETTLED + 4_999) == ()
    (again,) = claim(store, SETTLED + 5_000)
    assert (again.attempt, again.settled_ms) == (2, work[0].settled_ms)


def test_the_longest_due_goes_first(store: Store, clock: Clock) -> None:
    watch(store)
    for trace_id in ("tr-b", "tr-c", "tr-a"):
        clock.now += 1
        arrive(store, [trace_id])
    assert [claim(store, SETTLED + HOUR // 10, most=1)[0].subject for _ in range(3)] == ["tr-b", "tr-c", "tr-a"]


def test_monitors_take_turns(store: Store) -> None:
    many, few = watch(store, "many"), watch(store, "few", filter_string="trace_id = 'tr-07'")
    arrive(store, [f"tr-{i:02}" for i in range(40)], at_ms=NOON - HOUR)
    work = claim(store, SETTLED, most=10)
    assert len(work) == 10
    assert [one.subject for one in work if one.monitor_id == few.monitor_id] == ["tr-07"]
    third = watch(store, "third")
    store.monitors.backfill(third.monitor_id, 0, NOON)
    later = SETTLED + 30_000
    shares = [one.monitor_id for one in claim(store, later, most=10)]
    assert (shares.count(many.monitor_id), shares.count(third.monitor_id)) == (5, 5)
    # With one at a time, each has its turn as well.
    assert {claim(store, later, most=1)[0].monitor_id for _ in range(2)} == {many.monitor_id, third.monitor_id}


def test_only_the_named_monitors_are_served(store: Store) -> None:
    one, other = watch(store, "one"), watch(store, "other")
    arrive(store, ["tr-1"])
    assert [w.monitor_id for w in claim(store, SETTLED, monitor_ids=[other.monitor_id])] == [other.monitor_id]
    assert [w.monitor_id for w in claim(store, SETTLED)] == [one.monitor_id]


def test_nothing_of_a_held_monitor_is_handed_out(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    store.monitors.hold(monitor.monitor_id, until_ms=SETTLED + 60_000, reason="503")
    assert claim(store, SETTLED + 59_999) == ()
    assert subjects(claim(store, SETTLED + 60_000)) == ["tr-1"]


def test_a_resumed_monitor_is_held_no_longer(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    store.monitors.hold(monitor.monitor_id, until_ms=SETTLED + 60_000, reason="503")
    store.monitors.update(monitor.monitor_id, state="active")
    assert subjects(claim(store, SETTLED)) == ["tr-1"]


def test_nothing_of_a_deleted_experiment_is_handed_out(store: Store) -> None:
    experiment_id = store.experiments.create("short-lived").experiment_id
    watch(store, experiment_id=experiment_id)
    arrive(store, ["tr-1"], experiment_id=experiment_id)
    store.experiments.delete(experiment_id)
    assert claim(store, SETTLED) == ()
    store.experiments.restore(experiment_id)
    assert subjects(claim(store, SETTLED)) == ["tr-1"]


def test_a_clock_that_goes_back_a_day_strands_nothing(store: Store, clock: Clock) -> None:
    monitor = watch(store)
    clock.now += DAY
    arrive(store, ["tr-waits", "tr-held"])
    plan(store, NOON + DAY)
    assert len(claim(store, SETTLED + DAY, most=1)) == 1
    store.monitors.hold(monitor.monitor_id, until_ms=NOON + DAY + 900_000, reason="503")
    assert standing(store, monitor, NOON).due == 2
    assert subjects(claim(store, NOON)) == ["tr-held", "tr-waits"]


def test_a_clock_that_jumps_ahead_a_day_and_back_scores_nothing_twice(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    (first,) = claim(store, SETTLED)
    (second,) = claim(store, SETTLED + DAY)
    assert store.monitors.commit([scored(first)], now_ms=SETTLED) == 0
    assert store.monitors.commit([scored(second)], now_ms=SETTLED) == 1
    assert claim(store, SETTLED + 2 * DAY) == ()
    assert standing(store, monitor).done == {"scored": 1}


def test_a_day_has_so_many_scorings_and_the_rest_waits_for_the_next(store: Store) -> None:
    monitor = watch(store, max_scorings_per_day=3)
    arrive(store, [f"tr-{i}" for i in range(6)])
    first = claim(store, SETTLED, most=2)
    second = claim(store, SETTLED, most=5)
    assert (len(first), len(second)) == (2, 1)  # what is in hand counts
    store.monitors.commit([failed(first[0]), *(scored(one) for one in (first[1], *second))], now_ms=SETTLED)
    told = standing(store, monitor, SETTLED)
    assert (told.today, told.spent, told.waiting) == (3, True, 3)
    assert claim(store, SETTLED + HOUR) == ()
    assert not standing(store, monitor, SETTLED + DAY).spent
    assert len(claim(store, SETTLED + DAY)) == 3


def test_what_is_filtered_out_costs_no_scoring(store: Store) -> None:
    monitor = watch(store, max_scorings_per_day=1, filter_string="trace_id != 'tr-0'")
    arrive(store, ["tr-0", "tr-1"])
    assert subjects(claim(store, SETTLED)) == ["tr-1"]
    assert standing(store, monitor, SETTLED).today == 0


def test_a_day_has_so_much_money(store: Store) -> None:
    monitor = watch(store, max_cost_per_day=1.0)
    arrive(store, [f"tr-{i}" for i in range(20)])
    first = claim(store, SETTLED, most=2)
    store.monitors.commit([scored(one, cost=0.2) for one in first], now_ms=SETTLED)
    second = claim(store, SETTLED, most=20)
    assert len(second) == 3  # at 0.2 each they spend what is left
    store.monitors.commit([scored(one, cost=0.2) for one in second], now_ms=SETTLED)
    told = standing(store, monitor, SETTLED)
    assert (told.spent, told.cost_today) == (True, pytest.approx(1.0))
    assert claim(store, SETTLED + HOUR) == ()
    assert len(claim(store, SETTLED + DAY, most=1)) == 1


def test_a_higher_limit_lets_the_rest_go_on(store: Store) -> None:
    monitor = watch(store, max_scorings_per_day=0)
    arrive(store, ["tr-1"])
    assert claim(store, SETTLED) == ()
    watch(store)
    assert standing(store, monitor).spent is False
    assert subjects(claim(store, SETTLED)) == ["tr-1"]


def test_a_lease_has_a_longest_time(store: Store) -> None:
    with pytest.raises(InvalidArgument, match="lease_ms"):
        store.monitors.claim("worker", now_ms=NOON, most=1, lease_ms=3_600_000)
    with pytest.raises(InvalidArgument, match="most"):
        store.monitors.claim("worker", now_ms=NOON, most=0)
    assert store.monitors.claim("worker", now_ms=NOON, most=1) == ()


def test_an_outcome_that_is_none_is_refused(store: Store) -> None:
    watch(store)
    arrive(store, ["tr-1"])
    (work,) = claim(store, SETTLED)
    with pytest.raises(InvalidArgument):
        store.monitors.commit([WorkDone(work=work, outcome="splendid")], now_ms=SETTLED)  # pyrefly: ignore


def test_numbers_that_no_database_holds_and_what_is_no_work_are_refused_by_name(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    (work,) = claim(store, SETTLED)
    monitors, far = store.monitors, 2**63 - 1
    for name, call in {
        "now_ms": lambda: claim(store, far),
        "now_ms ": lambda: monitors.renew([work], now_ms=far),
        "now_ms  ": lambda: monitors.standing([monitor.monitor_id], now_ms=far),
        "start_ms": lambda: monitors.days(monitor.monitor_id, start_ms=-far, end_ms=0),
        "monitor_ids": lambda: monitors.claim("w", now_ms=SETTLED, most=1, monitor_ids=monitor.monitor_id),
    }.items():
        with pytest.raises(InvalidArgument, match=name.strip()):
            call()
    for what in (10**400, float("inf"), float("nan")):
        with pytest.raises(InvalidArgument, match="max_cost_per_day"):
            watch(store, max_cost_per_day=what)


@AT_HAND
def test_what_is_no_work_is_refused(store: Store) -> None:
    watch(store)
    arrive(store, ["tr-1"])
    (work,) = claim(store, SETTLED)
    for what in ("text", [replace(work, work_id=2**63)]):
        with pytest.raises(InvalidArgument, match="work"):
            store.monitors.renew(what, now_ms=SETTLED)  # pyrefly: ignore
        with pytest.raises(InvalidArgument, match="work"):
            store.monitors.put_back(what, due_ms=SETTLED)  # pyrefly: ignore
    with pytest.raises(InvalidArgument, match="work_id"):
        store.monitors.commit([WorkDone(work=replace(work, work_id=2**63), outcome="scored")], now_ms=SETTLED)


def test_however_many_monitors_are_named_their_work_is_handed_out(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1"])
    plan(store, SETTLED)
    others = [f"mo-{number}" for number in range(50_000)]
    assert store.monitors.claim("w", now_ms=SETTLED, most=9, monitor_ids=others) == ()
    (work,) = store.monitors.claim("w", now_ms=SETTLED, most=9, monitor_ids=[*others, monitor.monitor_id])
    assert work.subject == "tr-1"
