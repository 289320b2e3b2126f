from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from steelyard.errors import StoreUnavailable
from steelyard.records.overview import UpkeepReport
from steelyard.server import upkeep as module
from steelyard.server.upkeep import Upkeep


class Clock:
    """A clock that only work moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def _store(clock: Clock, *, seconds: float, left: int) -> Any:
    def work(*, max_seconds: float) -> UpkeepReport:
        assert max_seconds <= 0.25
        clock.now += seconds
        return UpkeepReport(left=left)

    return SimpleNamespace(upkeep=SimpleNamespace(work=work))


@pytest.mark.parametrize(
    ("left", "busy", "rest"),
    [(0, False, 2.0), (0, True, 2.0), (9, False, 0.2), (9, True, 0.8)],
    ids=["idle", "idle-while-busy", "behind", "behind-while-busy"],
)
def test_it_rests_as_long_as_it_worked_and_longer_while_requests_wait(clock: Clock, left: int, busy: bool, rest: float):
    upkeep = Upkeep(_store(clock, seconds=0.2, left=left), busy=lambda: busy)
    assert upkeep.round() == pytest.approx(rest)


def test_however_long_it_worked_it_comes_back(clock: Clock):
    assert Upkeep(_store(clock, seconds=60, left=1), busy=lambda: True).round() <= 5


def test_an_error_is_told_once_of_its_kind_and_the_work_goes_on(caplog: pytest.LogCaptureFixture):
    problems: Iterator[Exception] = iter([StoreUnavailable("full")] * 3 + [ValueError("bug")] * 2)

    def work(*, max_seconds: float) -> UpkeepReport:
        raise next(problems)

    upkeep = Upkeep(SimpleNamespace(upkeep=SimpleNamespace(work=work)))
    with caplog.at_level(logging.ERROR, logger="steelyard.server"):
        rests = [upkeep.round() for _ in range(5)]
    assert rests == [2.0] * 5
    assert len(caplog.records) == 2


def test_it_works_from_the_start_and_ends_at_once():
    rounds = threading.Semaphore(0)

    def work(*, max_seconds: float) -> UpkeepReport:
        rounds.release()
        return UpkeepReport()

    upkeep = Upkeep(SimpleNamespace(upkeep=SimpleNamespace(work=work)))
    upkeep.start()
    assert rounds.acquire(timeout=30)
    upkeep.stop()
    assert not upkeep._thread.is_alive()
