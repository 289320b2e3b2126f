"""Scoring is done one after the other in a thread; what waits is told, and a server that stops leaves it for later."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest

from steelyard.errors import InvalidArgument
from steelyard.evaluation.genai import stored_scoring
from steelyard.evaluation.genai.stored_scoring import ScoringStopped
from steelyard.records import Store
from steelyard.server.scoring import Scoring

PATIENCE = 20.0


class Held:
    """Stands for the scoring of a run: it goes on when it is let, or stops when it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.entered = threading.Semaphore(0)
        self.let = threading.Semaphore(0)

    def __call__(self, store: Any, run_id: str, *, stopped: Any) -> None:
        self.begun.append(run_id)
        self.entered.release()
        assert self.let.acquire(timeout=PATIENCE)
        if stopped():
            raise ScoringStopped("stopped")
        if run_id == "broken":
            raise ZeroDivisionError(run_id)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    made = Held()
    monkeypatch.setattr(stored_scoring, "score_stored", made)
    return made


@pytest.fixture
def scoring() -> Scoring:
    return Scoring(cast("Store", None))


def refused(scoring: Scoring) -> bool:
    try:
        scoring.check_room()
    except InvalidArgument:
        return True
    return False


def test_one_is_done_at_a_time_in_the_order_they_came(scoring: Scoring, held: Held):
    for name in ("a", "b", "c", "b"):
        scoring.submit(name)
    assert held.entered.acquire(timeout=PATIENCE)
    assert [scoring.place_of(name) for name in ("a", "b", "c", "d")] == [0, 1, 2, None]
    for _ in range(2):
        held.let.release()
        assert held.entered.acquire(timeout=PATIENCE)
    assert held.begun == ["a", "b", "c"]
    assert [scoring.place_of(name) for name in ("a", "b", "c")] == [None, None, 0]
    held.let.release()
    scoring.stop(PATIENCE)


def test_one_that_breaks_does_not_hold_up_the_next(scoring: Scoring, held: Held, caplog: pytest.LogCaptureFixture):
    scoring.submit("broken")
    scoring.submit("next")
    held.let.release()
    held.let.release()
    for _ in range(2):
        assert held.entered.acquire(timeout=PATIENCE)
    scoring.stop(PATIENCE)
    assert held.begun == ["broken", "next"]
    assert "Scoring run broken failed" in caplog.text


def test_a_server_that_stops_begins_nothing_more(scoring: Scoring, held: Held):
    scoring.submit("a")
    scoring.submit("b")
    assert held.entered.acquire(timeout=PATIENCE)
    ending = threading.Thread(target=scoring.stop, args=(PATIENCE,))
    ending.start()
    while not refused(scoring):  # until it has been told
        continue
    held.let.release()
    ending.join(PATIENCE)
    assert held.begun == ["a"]
    with pytest.raises(InvalidArgument, match="stopping"):
        scoring.submit("c")


def test_no_more_wait_than_a_bound(scoring: Scoring, held: Held):
    scoring.submit("now")
    assert held.entered.acquire(timeout=PATIENCE)
    for number in range(20):
        scoring.submit(f"later {number}")
    with pytest.raises(InvalidArgument, match="20 scorings wait already"):
        scoring.submit("too many")
    held.let.release(30)
    scoring.stop(PATIENCE)


def test_a_server_that_never_scored_stops_at_once(scoring: Scoring):
    scoring.stop()
    assert scoring.place_of("a") is None
