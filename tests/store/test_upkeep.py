"""Upkeep: what waits is done a little at a time, by one process or several, and writers are not held up."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from windows_made import Fact, assert_same, counted, keep, made

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Store
from steelyard.records.arrival import Loss
from steelyard.store import open_store

HOUR = 3_600_000


def test_a_round_does_what_waits_and_says_what_is_left(store: Store) -> None:
    assert store.upkeep.backlog() == 0
    keep(store, [Fact(n * HOUR) for n in range(5)])
    assert store.upkeep.backlog() == 10
    report = store.upkeep.work(30)
    assert (report.indexed, report.windows, report.deleted, report.left) == (5, 5, 0, 0)
    assert store.upkeep.work().windows == 0


def test_a_round_without_time_still_gets_on(store: Store) -> None:
    keep(store, [Fact(n * HOUR) for n in range(3)])
    rounds = 0
    while store.upkeep.backlog():
        store.upkeep.work(0.001)
        rounds += 1
        assert rounds < 50


def test_several_at_once_while_traces_come_and_go_count_right(store_url: str) -> None:
    facts = [Fact(n % 7 * HOUR + n * 1000, float(n), name=f"n{n % 3}") for n in range(120)]
    stop = threading.Event()

    def keep_up() -> None:
        with open_store(store_url) as own:
            while not stop.is_set():
                own.upkeep.work(0.05)

    def write(part: int) -> None:
        with open_store(store_url) as own:
            for i in range(part, len(facts), 3):
                own.traces.put([made(i + 1, facts[i])], durable=False)

    with ThreadPoolExecutor(5) as pool:
        keepers = [pool.submit(keep_up) for _ in range(2)]
        for writer in [pool.submit(write, part) for part in range(3)]:
            writer.result()
        with open_store(store_url) as store:
            asked = {"start_ms": 0, "end_ms": 8 * HOUR, "step_ms": HOUR, "by": "name"}
            assert_same(store.overview.windows(["0"], **asked), counted(facts, step=HOUR, by="name"))
            while store.upkeep.backlog():
                pass
            assert_same(store.overview.windows(["0"], **asked), counted(facts, step=HOUR, by="name"))
        stop.set()
        for keeper in keepers:
            keeper.result()


def test_losses_add_up_by_experiment_source_and_reason(store: Store) -> None:
    other = store.experiments.create("other").experiment_id
    full, gone = "the queue was full", "the disk was full"
    store.traces.lost(
        [
            Loss(experiment_id="0", source="web:1", n=3, reason=full, time_ms=100),
            Loss(experiment_id="0", source="web:1", n=4, reason=full, time_ms=50),
            Loss(experiment_id="0", source="web:2", n=1, reason=gone, time_ms=200),
            Loss(experiment_id=other, source="web:1", n=9, reason=full, time_ms=300),
        ]
    )
    store.traces.lost([Loss(experiment_id="0", source="web:1", n=2, reason=full, time_ms=150)])
    assert store.overview.losses(["0"]) == (
        Loss(experiment_id="0", source="web:2", n=1, reason=gone, time_ms=200),
        Loss(experiment_id="0", source="web:1", n=9, reason=full, time_ms=150),
    )
    assert [loss.n for loss in store.overview.losses(["0", other])] == [9, 1, 9]


def test_a_loss_that_makes_no_sense_is_refused(store: Store) -> None:
    with pytest.raises(InvalidArgument, match="from 1 to"):
        store.traces.lost([Loss(experiment_id="0", source="s", n=0, reason="r", time_ms=1)])
    with pytest.raises(NotFound, match="99"):
        store.traces.lost([Loss(experiment_id="99", source="s", n=1, reason="r", time_ms=1)])
    assert store.overview.losses(["0"]) == ()
