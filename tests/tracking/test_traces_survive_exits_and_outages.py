"""A finished trace is not lost: not when the process ends, not in a forked child, not when the store is away."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import steelyard
from steelyard import tracing
from steelyard.errors import InvalidArgument, StoreUnavailable
from steelyard.records import Trace
from steelyard.tracking import trace_delivery, trace_writing
from steelyard.tracking.trace_writing import TraceWriter

_MAKE = """
import os, sys, steelyard
steelyard.set_tracking_uri(sys.argv[1])
@steelyard.trace
def work(n): return n
for n in range(50): work(n)
"""
_EXITS = {
    "the end of the script": "",
    "sys.exit": "sys.exit(3)",
    "an exception": "raise RuntimeError('end')",
    "a thread that runs on": "import threading; threading.Thread(target=lambda: work(50)).start(); work(51)",
    "os._exit after a flush": "steelyard.flush_trace_async_logging(); os._exit(0)",
    "a fork": """
pid = os.fork()
if pid == 0:
    for n in range(5): work(100 + n)
    assert steelyard.flush_trace_async_logging()
    os._exit(0)
os.waitpid(pid, 0)
""",
    "a child of multiprocessing": """
import multiprocessing
child = multiprocessing.get_context("fork").Process(target=work, args=(200,))
child.start(); child.join()
""",
    "an interpreter that has not written yet": "os.environ.clear()",
}
_MORE = {"a thread that runs on": 2, "a fork": 5, "a child of multiprocessing": 1}


@pytest.mark.parametrize("exit_path", list(_EXITS))
def test_no_way_out_of_a_process_loses_a_trace(exit_path: str, store_uri: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _MAKE + _EXITS[exit_path], store_uri],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (exit_path not in ("sys.exit", "an exception")), done.stderr
    found = steelyard.search_traces(return_type="list", experiment_ids=["0"], include_spans=False)
    assert len(found) == 50 + _MORE.get(exit_path, 0)


class Store:
    """A store whose traces can be refused."""

    def __init__(self) -> None:
        self.kept: list[Trace] = []
        self.refuse: Any = lambda traces: None

    @property
    def traces(self) -> Store:
        return self

    def put(self, traces: list[Trace]) -> None:
        self.refuse(traces)
        self.kept.extend(traces)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    found = Store()
    monkeypatch.setattr(trace_writing, "get_store", lambda address: found)
    return found


@pytest.fixture
def writer(store: Store, store_uri: str) -> Iterator[TraceWriter]:
    made = TraceWriter()
    before = tracing.set_sink(made)
    yield made
    store.refuse = lambda traces: None
    made.flush()
    tracing.set_sink(before)
    tracing.reset()


def _away(traces: list[Trace]) -> None:
    raise StoreUnavailable("locked")


@steelyard.trace
def work(n: int) -> int:
    return n


def test_traces_wait_for_a_store_that_is_away(
    writer: TraceWriter, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.refuse = _away
    with caplog.at_level(logging.WARNING, logger="steelyard.tracing"):
        for n in range(3):
            work(n)
        assert not tracing.flush()
        work(3)
        assert not tracing.flush()
    assert [record.levelname for record in caplog.records] == ["WARNING"] * len(caplog.records)
    assert "locked" in caplog.text
    store.refuse = lambda traces: None
    assert tracing.flush()
    assert [made.inputs["n"] for made in store.kept] == [0, 1, 2, 3]
    assert tracing.dropped() == 0


def test_traces_are_tried_again_without_being_asked(
    writer: TraceWriter, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_delivery, "_BACKOFF", (0.01, 0.01))
    back, tries = threading.Event(), []

    def away_three_times(traces: list[Trace]) -> None:
        tries.append(len(traces))
        if len(tries) < 3:
            raise StoreUnavailable("locked")
        back.set()

    store.refuse = away_three_times
    work(1)
    assert back.wait(30)
    assert tracing.flush()
    assert len(store.kept) == 1


def test_what_must_be_given_up_is_counted_and_said_once(
    writer: TraceWriter, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(trace_delivery, "_KEPT", 2)
    monkeypatch.setenv("STEELYARD_SPOOL_MAX_MB", "0")
    store.refuse = _away
    with caplog.at_level(logging.WARNING, logger="steelyard.tracing"):
        for n in range(5):
            work(n)
            assert not tracing.flush()
    assert tracing.dropped() == 3
    assert sum("is lost" in record.getMessage() for record in caplog.records) == 1
    store.refuse = lambda traces: None
    assert tracing.flush()
    assert [made.inputs["n"] for made in store.kept] == [3, 4]


def test_a_trace_that_the_store_refuses_takes_no_other_with_it(writer: TraceWriter, store: Store) -> None:
    def refuse_two(traces: list[Trace]) -> None:
        if any(made.inputs["n"] == 2 for made in traces):
            raise InvalidArgument("not this one")

    store.refuse = refuse_two
    for n in range(5):
        work(n)
    assert tracing.flush()
    assert [made.inputs["n"] for made in store.kept] == [0, 1, 3, 4]
    assert tracing.dropped() == 1


def test_a_full_queue_makes_the_application_wait_rather_than_lose(
    writer: TraceWriter, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_writing, "_QUEUE", 2)
    monkeypatch.setattr(trace_writing, "_LINGER", 0.0)
    for n in range(50):
        work(n)
    assert tracing.flush()
    assert (len(store.kept), tracing.dropped()) == (50, 0)


def test_a_store_that_never_answers_makes_the_queue_flow_over_onto_the_disk(
    writer: TraceWriter, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_writing, "_QUEUE", 2)
    monkeypatch.setattr(trace_writing, "_PATIENCE", 0.0)
    stopped = threading.Event()
    store.refuse = lambda traces: stopped.wait(30)
    for n in range(20):
        work(n)
    stopped.set()
    assert tracing.flush()
    assert sorted(made.inputs["n"] for made in store.kept) == list(range(20))
    assert tracing.dropped() == 0


def test_what_a_silent_store_is_being_given_goes_on_disk_although_the_application_goes_on(
    writer: TraceWriter, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first trace is with the store; those that the application itself puts on disk behind it are no progress."""
    monkeypatch.setattr(trace_writing, "_QUEUE", 2)
    monkeypatch.setattr(trace_writing, "_PATIENCE", 0.0)
    monkeypatch.setattr(trace_writing, "_STUCK", 0.02)
    stopped, saved = threading.Event(), threading.Event()
    store.refuse = lambda traces: stopped.wait(30)
    save = trace_delivery.Delivery.save_what_is_sent

    def noted(delivery: trace_delivery.Delivery) -> Any:
        kept = save(delivery)
        saved.set()
        return kept

    monkeypatch.setattr(trace_delivery.Delivery, "save_what_is_sent", noted)
    n = 0
    while not saved.is_set():
        assert n < 4_000
        work(n)
        n += 1
    stopped.set()
    assert tracing.flush()
    assert {made.inputs["n"] for made in store.kept} == set(range(n))


def test_threads_write_at_the_same_time(writer: TraceWriter, store: Store) -> None:
    threads = [threading.Thread(target=lambda: [work(n) for n in range(100)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tracing.flush()
    assert len({made.info.trace_id for made in store.kept}) == 800


def test_what_is_left_at_the_end_is_said(
    writer: TraceWriter, store: Store, store_uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store.refuse = _away
    work(1)
    writer.finish()
    expected = f"steelyard: 1 trace waits on disk for {store_uri}; the next process that uses this store delivers it\n"
    assert capsys.readouterr().err == expected
    writer.finish()
    assert capsys.readouterr().err == ""


def test_what_neither_store_nor_disk_takes_at_the_end_is_lost_aloud(
    writer: TraceWriter, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEELYARD_SPOOL_MAX_MB", "0")
    store.refuse = _away
    work(1)
    writer.finish()
    assert "steelyard: 1 trace of this process is lost: the process ended while" in capsys.readouterr().err
    assert tracing.dropped() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_leaves_its_parents_traces_alone(writer: TraceWriter, store: Store) -> None:
    writer.begin_anew()
    assert writer.flush()
    assert store.kept == []
