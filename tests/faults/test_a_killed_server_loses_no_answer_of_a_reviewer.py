"""People answer while their server is killed and started again: nothing acknowledged is missing or doubled."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from tests.faults.annotating import Annotator, adds_up, filled
from tests.faults.test_a_killed_server_keeps_what_it_acknowledged import Servers

from steelyard.store import open_store


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    running = Servers(tmp_path)
    yield running
    running.close()


def rounds(servers: Servers, *, items: int, trials: int, seed: int) -> list[Annotator]:
    """Kill the server again and again under people who answer; return them, done."""
    with open_store(servers.store) as store:
        queue = filled(store, items=items)
    chance, url = random.Random(seed), f"http://127.0.0.1:{servers.port}"
    annotators = [Annotator(url, queue, name, seed=n) for n, name in enumerate(("ada", "bob", "cyd"))]
    pid = servers.start()
    for annotator in annotators:
        annotator.start()
    for _ in range(trials):
        told = sum(one.told for one in annotators)
        while sum(one.told for one in annotators) == told and all(one.is_alive() for one in annotators):
            threading.Event().wait(0.01)
        threading.Event().wait(chance.uniform(0.01, 0.4))
        servers.end(pid, signal.SIGKILL)
        pid = servers.start()
    for annotator in annotators:
        annotator.stop.set()
    for annotator in annotators:
        annotator.join()
    servers.end(pid, signal.SIGKILL)
    for annotator in annotators:
        if annotator.failure is not None:
            raise annotator.failure
    with open_store(servers.store) as store:
        adds_up(store, queue, annotators)
    engine = sqlalchemy.create_engine(f"sqlite:///{servers.store}/steelyard.db")
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("PRAGMA integrity_check")).scalar() == "ok"
        assert connection.execute(sqlalchemy.text("PRAGMA foreign_key_check")).all() == []
    engine.dispose()
    return annotators


def test_a_few_kills_lose_no_answer(servers: Servers) -> None:
    assert sum(one.told for one in rounds(servers, items=60, trials=2, seed=1)) >= 3


def test_whoever_does_not_wait_sends_it_again(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_HTTP_PATIENCE", "0.001")
    assert any(one.away for one in rounds(servers, items=60, trials=1, seed=2))


@pytest.mark.slow
@pytest.mark.parametrize("patience", ["", "0.001"])
def test_thirty_kills_lose_no_answer(servers: Servers, monkeypatch: pytest.MonkeyPatch, patience: str) -> None:
    monkeypatch.setenv("STEELYARD_HTTP_PATIENCE", patience)
    annotators = rounds(servers, items=2_000, trials=30, seed=3)
    assert sum(one.told for one in annotators) > 100
