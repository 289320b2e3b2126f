"""A server scores live traffic and looks at alarms beside its requests, unless that is left to others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from tests.monitor.live import AT_ONCE, monitor_of, said_of, sent

from steelyard.genai.scorers import ResponseLength
from steelyard.records import Store
from steelyard.server import create_app
from steelyard.server.watching import Watching, usual_rounds
from steelyard.tracking import get_store


@pytest.fixture
def store(store_uri: str) -> Iterator[Store]:
    yield get_store()  # noqa: PT022 - the store is closed by the fixture around it


def wait_for_scores(trace_ids: list[str], n: int) -> None:
    deadline = time.monotonic() + 60
    while len(said_of(trace_ids, "brief")) < n:
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def test_what_arrives_is_scored_while_the_server_runs(store: Store) -> None:
    with TestClient(create_app(store, workers=True)) as client:
        ResponseLength(name="brief", max_length=100).start(sampling_config=AT_ONCE)
        trace_ids = sent(3)
        wait_for_scores(trace_ids, 3)
        assert client.get("/health", headers={"host": "localhost"}).text == "OK"
    assert [one.name for one in threading.enumerate() if one.name in ("monitors", *usual_rounds(store))] == []


def test_it_may_be_left_to_others(store: Store) -> None:
    ResponseLength(name="brief", max_length=100).start(sampling_config=AT_ONCE)
    with TestClient(create_app(store)):
        assert "monitors" not in [one.name for one in threading.enumerate()]
        trace_ids = sent(1)
    assert said_of(trace_ids, "brief") == []
    assert monitor_of("brief").state == "active"


def test_a_round_that_fails_is_told_once_and_tried_again(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    called = threading.Semaphore(0)
    given: list[tuple[str, bool]] = []

    def failing(store: Store, *, worker: str, now_ms: int) -> int:
        given.append((worker, now_ms > 1_600_000_000_000))
        called.release()
        message = "no luck"
        raise LookupError(message)

    with caplog.at_level(logging.ERROR, "steelyard.server"):
        watching = Watching(store, rounds={"luck": failing}, rest_seconds=0.01)
        watching.start()
        for _ in range(3):
            assert called.acquire(timeout=60)
        watching.stop()
    assert [record.message[:24] for record in caplog.records] == ["A round of luck failed; "]
    assert len({worker for worker, _ in given}) == 1
    assert all(late for _, late in given)


def test_a_round_with_more_to_do_goes_on_at_once(store: Store) -> None:
    left = [3, 2, 1, 0]
    done = threading.Event()

    def busy(store: Store, *, worker: str, now_ms: int) -> int:
        if len(left) == 1:
            done.set()
        return left.pop(0) if left else 0

    watching = Watching(store, rounds={"busy": busy}, rest_seconds=0.01)
    watching.start()
    assert done.wait(60)
    watching.stop()
