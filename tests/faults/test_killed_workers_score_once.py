"""Workers of monitors that are killed at any instant: each sampled trace is scored exactly once."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Self

import pytest

from steelyard.genai.scorers import ResponseLength, ScorerSamplingConfig
from steelyard.monitor.workers import work_once
from steelyard.records import Arrival, Span, Store
from steelyard.records.monitor import sampled
from steelyard.tracking import get_store

RATE = 0.5
LEASE_MS = 120_000


class Workers:
    """Forks of a process that has loaded everything, each a worker until it is killed."""

    def __init__(self, address: str) -> None:
        script = Path(__file__).with_name("watching.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out, self._address = self._process.stdin, self._process.stdout, address
        assert self._out.readline() == "ready\n"

    def live_and_die(self, seconds: float, how: int = signal.SIGKILL) -> int:
        """Start a worker, send it a signal after so long, and return its exit status."""
        self._in.write(f"{self._address}\n")
        self._in.flush()
        pid = int(self._out.readline())
        threading.Event().wait(seconds)
        os.kill(pid, how)
        return int(self._out.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._in.close()
        self._out.close()
        self._process.wait(20)


class Later:
    """The machine's clock, so far ahead that what the dead had in hand is free."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + LEASE_MS

    def seconds(self) -> float:
        return time.monotonic()


class Traffic:
    """Traces that go on arriving until told to stop."""

    def __init__(self, store: Store, *, per_second: float) -> None:
        self.sent: list[str] = []
        self._store = store
        self._pause = 10 / per_second
        self._ending = threading.Event()
        self._numbers = itertools.count(1)
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._ending.wait(self._pause):
            now = time.time_ns()
            spans = [
                Span(
                    trace_id=f"tr-{number:032x}",
                    span_id=f"{number:016x}",
                    parent_id=None,
                    name="answer",
                    start_time_ns=now,
                    end_time_ns=now + 1_000_000,
                    inputs="What is a steelyard?",
                    outputs="A balance.",
                )
                for number in itertools.islice(self._numbers, 10)
            ]
            self._store.traces.arrive([Arrival(trace_id=s.trace_id, experiment_id="0", spans=(s,)) for s in spans])
            self.sent += [span.trace_id for span in spans]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()


@pytest.fixture
def watched() -> Store:
    config = ScorerSamplingConfig(sample_rate=RATE, settle_seconds=0)
    ResponseLength(name="brief", max_length=100).start(sampling_config=config)
    return get_store()


def check_scored_once(store: Store, sent: list[str]) -> int:
    """Do what is left, and see that each sampled trace has one feedback, and the others none."""
    while work_once(store, clock=Later()).claimed:
        pass
    said: Counter[str] = Counter()
    for start in range(0, len(sent), 500):
        for trace_id, some in store.assessments.list(sent[start : start + 500]).items():
            said[trace_id] += len(some)
    expected = {trace_id for trace_id in sent if sampled(trace_id, RATE)}
    assert {trace_id: said[trace_id] for trace_id in sent if said[trace_id]} == dict.fromkeys(expected, 1)
    (monitor,) = store.monitors.list()
    standing = store.monitors.standing([monitor.monitor_id], now_ms=Later().now_ms())[monitor.monitor_id]
    assert (standing.done["scored"], standing.waiting, standing.in_hand) == (len(expected), 0, 0)
    assert (monitor.state, monitor.failures) == ("active", 0)
    return len(expected)


def killed_under_load(store: Store, address: str, *, kills: int, seed: int, per_second: float) -> int:
    """Kill two workers again and again at moments that nobody chose, while traces arrive; check all."""
    draws = [random.Random(seed), random.Random(seed + 1)]
    with Traffic(store, per_second=per_second) as traffic, Workers(address) as one, Workers(address) as other:
        lives = [
            threading.Thread(target=_lives, args=(workers, draw, kills // 2))
            for workers, draw in zip((one, other), draws, strict=True)
        ]
        for life in lives:
            life.start()
        for life in lives:
            life.join()
    assert len(traffic.sent) > 0
    return check_scored_once(store, traffic.sent)


def _lives(workers: Workers, draw: random.Random, kills: int) -> None:
    for _ in range(kills):
        assert workers.live_and_die(draw.uniform(0.02, 0.9)) == -signal.SIGKILL


def test_a_few_kills_repeat_nothing_and_miss_nothing(watched: Store, store_uri: str) -> None:
    killed_under_load(watched, store_uri, kills=6, seed=7, per_second=150)


@pytest.mark.slow
def test_two_hundred_kills_repeat_nothing_and_miss_nothing(watched: Store, store_uri: str) -> None:
    assert killed_under_load(watched, store_uri, kills=200, seed=11, per_second=150) > 1_000


def test_one_that_is_told_to_end_finishes_what_it_has_in_hand(watched: Store, store_uri: str) -> None:
    with Traffic(watched, per_second=300) as traffic, Workers(store_uri) as workers:
        assert workers.live_and_die(1.5, signal.SIGTERM) == 0
    (monitor,) = watched.monitors.list()
    standing = watched.monitors.standing([monitor.monitor_id], now_ms=time.time_ns() // 1_000_000)
    assert standing[monitor.monitor_id].in_hand == 0
    check_scored_once(watched, traffic.sent)


@pytest.mark.postgres
def test_workers_on_one_postgresql_share_the_work_and_repeat_none(postgres_uri: str) -> None:
    ResponseLength(name="brief", max_length=100).start(
        sampling_config=ScorerSamplingConfig(sample_rate=RATE, settle_seconds=0)
    )
    killed_under_load(get_store(), postgres_uri, kills=6, seed=13, per_second=150)
