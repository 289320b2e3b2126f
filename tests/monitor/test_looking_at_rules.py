"""Rules are looked at when they are due, each look once, and what was found is kept with what is remembered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import pytest
from tests.monitor.alarm_traffic import DAY, HOUR, MINUTE, START, only, put, rule, verdicts

from steelyard.monitor.looking import look_once
from steelyard.monitor.rules import look_at
from steelyard.monitor.rules_memory import remembered
from steelyard.records import Alarm, AlarmRule, Condition, Finding, NoData, Series, Store

WEEK_BEFORE = Condition(method="anytime", baseline=f"window:{START - 7 * DAY}:{START - HOUR}", margin=0.02)


@pytest.fixture
def store(alarm_store: Store) -> Store:
    return alarm_store


def look(store: Store, at: int) -> int:
    return look_once(store, worker="test", now_ms=at)


def test_a_bad_window_opens_an_alarm_that_recovers_after_two_fine_looks(store: Store) -> None:
    store.alarms.create_rule("0", rule())
    put(store, verdicts(START, START + HOUR, n=200, passed=120))
    put(store, verdicts(START + HOUR, START + 3 * HOUR, n=400, passed=380))
    assert look(store, START + HOUR) == 1
    alarm = only(store)
    assert (alarm.state, alarm.first.n, alarm.first.value) == ("open", 200, 0.6)
    look(store, START + 2 * HOUR)
    assert only(store).state == "open"
    look(store, START + 2 * HOUR + 5 * MINUTE)
    assert (only(store).state, only(store).ended_ms) == ("recovered", START + 2 * HOUR + 5 * MINUTE)


def test_a_small_sample_wakes_nobody(store: Store) -> None:
    store.alarms.create_rule("0", rule(condition=Condition(value=0.8, min_n=5)))
    put(store, verdicts(START, START + HOUR, n=12, passed=8))
    look(store, START + HOUR)
    assert store.alarms.alarms().items == ()


def test_a_rule_is_due_again_after_its_time(store: Store) -> None:
    store.alarms.create_rule("0", rule(every_ms=HOUR))
    assert look(store, START) == 1
    assert look(store, START + HOUR - 1) == 0
    assert look(store, START + HOUR) == 1


@pytest.mark.parametrize(("mode", "opens"), [("ignore", False), ("alarm", True), ("recover", False)])
def test_a_window_without_rows_means_what_the_rule_says(store: Store, mode: NoData, opens: bool) -> None:
    store.alarms.create_rule("0", rule(no_data=mode))
    look(store, START)
    assert bool(store.alarms.alarms().items) is opens


@pytest.mark.parametrize(("mode", "state"), [("ignore", "open"), ("recover", "recovered")])
def test_an_alarm_lasts_through_silence_unless_silence_means_recovery(store: Store, mode: NoData, state: str) -> None:
    store.alarms.create_rule("0", rule(no_data=mode, recover_after=1))
    put(store, verdicts(START, START + HOUR, n=200, passed=120))
    look(store, START + HOUR)
    look(store, START + 4 * HOUR)
    assert only(store).state == state


def test_a_group_that_stops_coming_is_missed_for_a_week(store: Store) -> None:
    by_topic = Series(kind="score", what="correctness", by="tag.topic")
    store.alarms.create_rule("0", rule(by_topic, no_data="alarm"))
    put(store, verdicts(START, START + HOUR, n=100, passed=95, tags={"topic": "billing"}))
    put(store, verdicts(START, START + 2 * HOUR, n=200, passed=190, tags={"topic": "travel"}))
    look(store, START + HOUR)
    assert store.alarms.alarms().items == ()
    look(store, START + 2 * HOUR)
    assert (only(store).group, only(store).first.kind) == ("billing", "no_data")
    kept = store.alarms.rules()[0]
    later = look_at(store, kept, now_ms=START + 9 * DAY)
    assert later.findings == ()


def test_a_rule_that_cannot_be_looked_at_says_why_and_holds_up_no_other(store: Store) -> None:
    store.alarms.create_rule("0", rule(Series(kind="monitor", what="backlog:gone"), name="a"))
    store.alarms.create_rule("0", rule(name="b"))
    put(store, verdicts(START, START + HOUR, n=200, passed=120))
    assert look(store, START + HOUR) == 2
    failed = store.alarms.find_rule("0", "a")
    assert failed is not None
    assert failed.failures == 1
    assert only(store).rule_name == "b"
    for again in range(1, 10):
        look(store, START + HOUR + again * DAY)
    paused = store.alarms.find_rule("0", "a")
    assert paused is not None
    assert not paused.enabled
    assert "no monitor named 'gone'" in paused.reason


def test_two_lookers_at_once_look_at_each_rule_once(store: Store) -> None:
    names = [f"rule {i}" for i in range(6)]
    for name in names:
        store.alarms.create_rule("0", rule(name=name))
    put(store, verdicts(START, START + HOUR, n=200, passed=120))

    def work(worker: str) -> int:
        return sum(look_once(store, worker=worker, now_ms=START + HOUR, most=1) for _ in names)

    with ThreadPoolExecutor(2) as pool:
        looked = sum(pool.map(work, ["one", "other"]))
    assert looked == len(names)
    assert sorted(alarm.rule_name for alarm in store.alarms.alarms().items) == names


class Killed(BaseException):
    """What no ``except Exception`` sees, as a kill is not seen."""


class KilledBeforeFound:
    """A store whose process dies when a look is about to be kept."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return self if name == "alarms" else getattr(self._store, name)

    def claim_rules(self, worker: str, **how: int) -> tuple[AlarmRule, ...]:
        return self._store.alarms.claim_rules(worker, **how)

    def found(self, rule: AlarmRule, findings: tuple[Finding, ...], **what: Any) -> tuple[Alarm, ...]:
        raise Killed


def test_a_look_that_is_killed_before_it_is_kept_is_done_again_and_counts_once(store: Store) -> None:
    store.alarms.create_rule("0", rule(condition=WEEK_BEFORE))
    put(store, verdicts(START - 7 * DAY, START - HOUR, n=1000, passed=900))
    look(store, START)
    put(store, verdicts(START, START + HOUR, n=100, passed=90))
    before = store.alarms.rules()[0].memory
    with pytest.raises(Killed):
        look_once(cast("Store", KilledBeforeFound(store)), worker="dies", now_ms=START + HOUR)
    assert store.alarms.rules()[0].memory == before
    at = START + HOUR + 4 * MINUTE  # the lease has run out
    assert look(store, at) == 1
    # Until the hour less the minutes that spans may be late, each row once.
    assert remembered(store.alarms.rules()[0].memory).tests[""].fed == 84


def test_a_look_that_was_handed_to_another_worker_counts_for_nothing(store: Store) -> None:
    store.alarms.create_rule("0", rule())
    put(store, verdicts(START, START + HOUR, n=200, passed=120))
    (slow,) = store.alarms.claim_rules("slow", now_ms=START + HOUR, lease_ms=1000)
    assert look(store, START + HOUR + 2000) == 1
    kept = look_at(store, slow, now_ms=START + HOUR)
    told = store.alarms.found(
        slow, kept.findings, memory=b"", looked_until_ms=kept.until_ms, now_ms=START + HOUR + 3000
    )
    assert told == ()
    assert only(store).opened_ms == START + HOUR + 2000


def test_an_unforeseen_error_is_told_as_the_reason_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.alarms.create_rule("0", rule())

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("steelyard.monitor.looking.look_at", broken)
    for again in range(10):
        look(store, START + again * DAY)
    assert store.alarms.rules()[0].reason.endswith("ZeroDivisionError: by nothing")


def test_a_clock_that_goes_back_strands_no_rule(store: Store) -> None:
    store.alarms.create_rule("0", rule(condition=replace(WEEK_BEFORE, baseline="previous")))
    put(store, verdicts(START - HOUR, START, n=500, passed=450))
    look(store, START + DAY)
    look(store, START)
    assert remembered(store.alarms.rules()[0].memory).fed_until_ms <= START
