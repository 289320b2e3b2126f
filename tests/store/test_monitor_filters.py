"""Filters of monitors are asked once a trace has settled."""

from __future__ import annotations

import pytest
from back_ends import AT_HAND
from monitoring import NOON, SETTLED, Clock, arrive, claim, plan, put, standing, subjects, watch
from sqlalchemy import update

from steelyard.records import Store
from steelyard.records.monitor import ScorerSamplingConfig
from steelyard.records.trace import SESSION_KEY
from steelyard.store.sql.monitor_schema import monitors


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which traces arrive."""
    clock = Clock()
    monkeypatch.setattr("steelyard.store.sql.waiting.now_ms", clock)
    return clock


def test_what_does_not_match_is_done_with(store: Store) -> None:
    monitor = watch(store, filter_string="tag.env = 'live' AND status = 'OK'")
    put(store, "tr-live", tags={"env": "live"}, state="OK")
    put(store, "tr-test", tags={"env": "test"}, state="OK")
    put(store, "tr-bad", tags={"env": "live"}, state="ERROR")
    assert subjects(claim(store, SETTLED)) == ["tr-live"]
    told = standing(store, monitor, SETTLED)
    assert (told.waiting, told.in_hand, told.done) == (0, 1, {"filtered": 2})


def test_a_trace_is_judged_as_it_is_when_it_has_settled(store: Store) -> None:
    watch(store, filter_string="tag.env = 'live'")
    arrive(store, ["tr-1"])
    plan(store, NOON)
    store.traces.update("tr-1", tags={"env": "live"})
    assert subjects(claim(store, SETTLED)) == ["tr-1"]


def test_what_waits_is_judged_by_the_new_filter(store: Store) -> None:
    monitor = watch(store, filter_string="trace_id = 'tr-1'")
    arrive(store, ["tr-1", "tr-2"])
    plan(store, NOON)
    store.monitors.update(monitor.monitor_id, config=ScorerSamplingConfig(filter_string="trace_id = 'tr-2'"))
    assert subjects(claim(store, SETTLED)) == ["tr-2"]


def test_the_few_that_match_are_found_among_many(store: Store) -> None:
    monitor = watch(store, filter_string="trace_id LIKE 'tr-%77'")
    arrive(store, [f"tr-{i:03}" for i in range(400)])
    assert subjects(claim(store, SETTLED, most=3)) == ["tr-077", "tr-177", "tr-277"]
    assert subjects(claim(store, SETTLED, most=3)) == ["tr-377"]
    assert standing(store, monitor, SETTLED).done == {"filtered": 396}


def test_a_session_counts_if_any_of_its_traces_matches(store: Store) -> None:
    monitor = watch(store, level="session", filter_string="status = 'ERROR'")
    for session, states in (("bad", ("OK", "ERROR")), ("good", ("OK", "OK"))):
        for i, state in enumerate(states):
            put(store, f"tr-{session}-{i}", state=state, trace_metadata={SESSION_KEY: session})
    assert subjects(claim(store, NOON + 300_000)) == ["bad"]
    assert standing(store, monitor).done == {"filtered": 1}


@AT_HAND
def test_a_filter_that_no_longer_parses_pauses_its_monitor_and_keeps_the_work(store: Store) -> None:
    monitor, other = watch(store, filter_string="status = 'OK'"), watch(store, "other")
    with store.monitors._database.write() as connection:
        this = monitors.c.monitor_id == monitor.monitor_id
        connection.execute(update(monitors).where(this).values(filter_string="mood = 'good'"))
    put(store, "tr-1", state="OK")
    assert [one.monitor_id for one in claim(store, SETTLED)] == [other.monitor_id]
    paused = store.monitors.get(monitor.monitor_id)
    assert paused.state == "paused"
    assert "mood" in paused.reason
    assert store.monitors.history(monitor.monitor_id)[0].action == "paused"
    assert standing(store, monitor, SETTLED).due == 1
    store.monitors.update(
        monitor.monitor_id, config=ScorerSamplingConfig(filter_string="status = 'OK'"), state="active"
    )
    assert [one.monitor_id for one in claim(store, SETTLED)] == [monitor.monitor_id]
