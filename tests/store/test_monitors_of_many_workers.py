"""Many workers on one database: nobody waits for another's work, and nothing is passed over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from back_ends import AT_HAND
from monitoring import NOON, SETTLED, Clock, arrive, claim, plan, scored, standing, subjects, values, watch
from sqlalchemy import Connection, text

from steelyard.records import Store
from steelyard.records.monitor import Work
from steelyard.store import open_store

ON_POSTGRES = pytest.mark.parametrize(
    "store_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
PATIENT = 30  # seconds until a test gives up waiting; nothing here takes nearly as long


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which traces arrive."""
    clock = Clock()
    monkeypatch.setattr("steelyard.store.sql.waiting.now_ms", clock)
    return clock


@contextmanager
def _open_transaction(store: Store) -> Iterator[Connection]:
    """Give somebody's transaction that goes on and on; what would wait for it gives up."""
    with store.monitors._database.write() as connection:  # pyrefly: ignore
        yield connection


@AT_HAND
def test_workers_at_once_score_each_trace_once(store: Store, store_url: str) -> None:
    monitor = watch(store)
    trace_ids = [f"tr-{i:03}" for i in range(120)]

    def work(name: str) -> int:
        counted, idle = 0, 0
        with closing(open_store(store_url)) as mine:
            while idle < 50 and counted < len(trace_ids):
                mine.monitors.plan(now_ms=SETTLED, most=10)
                claimed = mine.monitors.claim(name, now_ms=SETTLED, most=5)
                counted += mine.monitors.commit([scored(one) for one in claimed], now_ms=SETTLED)
                idle = 0 if claimed else idle + 1
        return counted

    def send() -> None:
        for i in range(0, len(trace_ids), 10):
            arrive(store, trace_ids[i : i + 10])

    with ThreadPoolExecutor(4) as pool:
        sending = pool.submit(send)
        counts = list(pool.map(work, ["a", "b", "c"]))
        sending.result()
    counts.append(work("last"))
    assert sum(counts) == len(trace_ids)
    assert all(len(said) == 1 for said in store.assessments.list(trace_ids).values())
    assert standing(store, monitor).done == {"scored": len(trace_ids)}


@ON_POSTGRES
def test_a_worker_does_not_wait_for_work_that_another_is_taking(store: Store) -> None:
    watch(store)
    arrive(store, ["tr-1", "tr-2"])
    plan(store, NOON)
    with _open_transaction(store) as connection:
        connection.execute(text("SELECT id FROM monitor_work ORDER BY id LIMIT 1 FOR UPDATE"))
        found = _within_patience(lambda: store.monitors.claim("w", now_ms=SETTLED, most=2))
    assert subjects(found) == ["tr-2"]
    assert subjects(claim(store, SETTLED)) == ["tr-1"]


@ON_POSTGRES
def test_a_planner_does_not_wait_for_marks_that_another_is_taking(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1", "tr-2"])
    with _open_transaction(store) as connection:
        connection.execute(text("SELECT trace FROM monitor_arrivals ORDER BY trace LIMIT 1 FOR UPDATE"))
        assert _within_patience(lambda: store.monitors.plan(now_ms=NOON)) == 1
    assert store.monitors.plan(now_ms=NOON) == 1
    assert standing(store, monitor).waiting == 2


@ON_POSTGRES
def test_a_planner_leaves_a_trace_that_is_being_deleted(store: Store) -> None:
    monitor = watch(store)
    arrive(store, ["tr-1", "tr-2"])
    with _open_transaction(store) as connection:
        connection.execute(text("SELECT id FROM traces WHERE trace_id = 'tr-1' FOR UPDATE"))
        assert _within_patience(lambda: store.monitors.plan(now_ms=NOON)) == 1
        connection.execute(text("DELETE FROM traces WHERE trace_id = 'tr-1'"))
    assert store.monitors.plan(now_ms=NOON) == 0
    assert standing(store, monitor).waiting == 1


@ON_POSTGRES
def test_what_is_being_written_when_a_monitor_starts_is_watched_or_was_there_before(store: Store) -> None:
    store.scorers.register("0", "ok", definition="{}", digest="d", kind="builtin")
    started = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with _open_transaction(store) as connection:
            connection.execute(text("SELECT id FROM experiments WHERE id = 0 FOR KEY SHARE"))  # as a new trace does
            starting = pool.submit(lambda: (watch(store), started.set()))
            assert not started.wait(0.05)
        starting.result(PATIENT)
    arrive(store, ["tr-1"])
    assert subjects(claim(store, SETTLED)) == ["tr-1"]


@ON_POSTGRES
def test_one_worker_at_a_time_spends_what_a_limit_leaves(store: Store) -> None:
    monitor = watch(store, max_scorings_per_day=1)
    arrive(store, ["tr-1", "tr-2"])
    plan(store, NOON)
    with _open_transaction(store) as connection:
        connection.execute(text("SELECT id FROM monitors FOR NO KEY UPDATE"))
        assert _within_patience(lambda: store.monitors.claim("w", now_ms=SETTLED, most=2)) == ()
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda _: store.monitors.claim("w", now_ms=SETTLED, most=2), range(8))
        taken = [one for some in found for one in some]
    assert len(taken) == 1
    assert standing(store, monitor, SETTLED).in_hand == 1


@AT_HAND
def test_traces_that_are_deleted_while_they_are_scored_end_nothing_else(store: Store) -> None:
    watch(store)
    trace_ids = [f"tr-{i:02}" for i in range(40)]
    arrive(store, trace_ids)
    work = claim(store, SETTLED)
    parts = [work[i::4] for i in range(4)]

    def commit(part: tuple[Work, ...]) -> None:
        store.monitors.commit([scored(one) for one in part], now_ms=SETTLED)

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(commit, part) for part in parts]
        done += [pool.submit(store.traces.delete, trace_ids[i::8][::-1]) for i in range(4)]
        done += [pool.submit(arrive, store, trace_ids, span=2), pool.submit(plan, store, NOON)]
        for one in done:
            one.result(PATIENT)
    left = store.traces.infos(trace_ids)
    assert all(values(store, one) in ([1.0], []) for one in left)
    store.traces.delete(trace_ids)
    assert claim(store, SETTLED + 10_000_000) == ()


def _within_patience(ask):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result(PATIENT)
