"""Servers go away and come back: what is safe to repeat is repeated, and what is not is done once."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from tests.rest.running import Running

from steelyard.errors import StoreUnavailable
from steelyard.records import Metric, Store
from steelyard.rest.remembering import Kept, Memory, Restarted, StillBusy
from steelyard.store import open_store

JUST_A_LITTLE = "0.3"


class Times:
    """Does something to the first ``n`` requests that go to a path."""

    def __init__(self, n: int, path: str) -> None:
        self.left, self.path = n, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> bool:
        if not scope["path"].endswith(self.path) or self.left <= 0:
            return False
        self.left -= 1
        return await self.act(scope, receive, send)

    async def act(self, scope: Scope, receive: Receive, send: Send) -> bool:
        raise NotImplementedError


class Says(Times):
    """Answers with a status of a proxy, without asking the server."""

    def __init__(self, n: int, path: str, status: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(n, path)
        self.status, self.headers = status, headers

    async def act(self, scope: Scope, receive: Receive, send: Send) -> bool:
        await Response("away", self.status, self.headers)(scope, receive, send)
        return True


class LosesAnswers(Times):
    """Lets the server do it, and cuts the connection before it can answer."""

    def __init__(self, n: int, path: str, server: Running) -> None:
        super().__init__(n, path)
        self.server = server

    async def act(self, scope: Scope, receive: Receive, send: Send) -> bool:
        async def nowhere(message: Message) -> None:
            del message

        await self.server.app.router(scope, receive, nowhere)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b""})  # too short: uvicorn cuts the connection
        return True


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_proxy_whose_server_is_away_is_asked_again(server: Running, store: Store, status: int) -> None:
    store.experiments.get("0")
    server.before = Says(2, "runs/create", status)
    assert store.runs.create("0").info.experiment_id == "0"
    assert server.calls["runs.create"] == 3


def test_retry_after_is_honoured(server: Running, store: Store) -> None:
    server.before = Says(1, "experiments/get", 503, {"Retry-After": "1", "Steelyard-Protocol": "1"})
    began = time.monotonic()
    store.experiments.get("0")
    assert time.monotonic() - began >= 1.0
    server.before = Says(1, "experiments/get", 503, {"Retry-After": "3600"})
    with pytest.raises(StoreUnavailable, match="503"):
        store.experiments.get("0")


def test_what_the_store_itself_cannot_do_is_told_at_once(server: Running, store: Store, monkeypatch) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise StoreUnavailable("The disk is full.")

    monkeypatch.setattr(server.store.runs, "create", full)
    with pytest.raises(StoreUnavailable, match="The disk is full"):
        store.runs.create("0")
    assert server.calls["runs.create"] == 1


def test_a_write_whose_answer_was_lost_is_done_once(server: Running, store: Store) -> None:
    store.experiments.get("0")
    server.before = LosesAnswers(2, "runs/create", server)
    run = store.runs.create("0")
    assert [found.info.run_id for found in store.search.search(["0"]).items] == [run.info.run_id]
    server.before = LosesAnswers(1, "experiments/create", server)
    assert store.experiments.get(store.experiments.create("once").experiment_id).name == "once"
    server.before = LosesAnswers(1, "runs/log_batch", server)
    store.runs.log_batch(run.info.run_id, metrics=[Metric("m", 1.0, 5, 0)])
    assert len(store.runs.metric_history(run.info.run_id, "m")) == 1
    assert server.calls["runs.create"] == 3


def test_after_a_restart_nobody_pretends_to_know(server: Running, store: Store, monkeypatch) -> None:
    store.experiments.get("0")
    server.before = LosesAnswers(1, "runs/create", server)
    line = store.experiments._line  # type: ignore[attr-defined]
    line._boot = "another life"
    with pytest.raises(StoreUnavailable, match=r"restarted.*Look before you do it again"):
        store.runs.create("0")


def test_a_server_that_was_never_there_is_told_soon_and_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_HTTP_PATIENCE", JUST_A_LITTLE)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    store = open_store(f"http://ada:s3cret@127.0.0.1:{port}")
    with pytest.raises(StoreUnavailable, match=rf"http://127\.0\.0\.1:{port}.*nothing listens.*steelyard ui") as caught:
        store.runs.get("x")
    assert "s3cret" not in str(caught.value)


def test_a_server_that_comes_back_is_found_again(server: Running, store: Store) -> None:
    run = store.runs.create("0")
    server.close()
    again: list[Running] = []

    def restart() -> None:
        time.sleep(0.2)
        again.append(Running(server.store, port=server.port))

    thread = threading.Thread(target=restart)
    thread.start()
    store.runs.log_batch(run.info.run_id, metrics=[Metric("m", 1.0)])
    thread.join()
    assert store.runs.get(run.info.run_id).data.metrics == {"m": 1.0}
    again[0].close()


def test_a_connection_that_idled_out_is_replaced_without_a_word(server: Running, store: Store) -> None:
    store.experiments.get("0")
    for connection, _ in store.experiments._line._connections._idle:  # type: ignore[attr-defined]
        connection.sock.shutdown(socket.SHUT_RDWR)
    store.experiments.get("0")
    assert server.calls["experiments.get"] == 2


def test_the_same_key_is_done_once_even_at_the_same_time() -> None:
    memory, done, go = Memory("boot"), Counter[str](), threading.Event()

    def work() -> Kept:
        go.wait(10)
        done["work"] += 1
        return Kept(200, b"answer", json=False)

    answers: list[Kept] = []
    threads = [threading.Thread(target=lambda: answers.append(memory.done_once("k", work))) for _ in range(5)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert done == {"work": 1}
    assert answers == [Kept(200, b"answer", json=False)] * 5
    with pytest.raises(Restarted):
        memory.done_once("k", work, boot="another")


def test_a_failure_is_not_remembered_and_old_answers_are_forgotten() -> None:
    memory = Memory("boot", most_bytes=3_000)
    assert memory.done_once("bad", lambda: Kept(500, b"", json=False)).status == 500
    assert memory.done_once("bad", lambda: Kept(200, b"", json=False)).status == 200
    for n in range(10):
        memory.done_once(str(n), lambda: Kept(200, b"x" * 500, json=False))
    assert memory.done_once("9", lambda: Kept(200, b"new", json=False)).body == b"x" * 500
    assert memory.done_once("0", lambda: Kept(200, b"new", json=False)).body == b"new"


def test_one_does_not_wait_for_ever_for_the_same_request() -> None:
    memory, go, begun = Memory("boot", patience=0.05), threading.Event(), threading.Event()

    def work() -> Kept:
        begun.set()
        go.wait(10)
        return Kept(200, b"", json=False)

    thread = threading.Thread(target=lambda: memory.done_once("k", work))
    thread.start()
    begun.wait(10)
    with pytest.raises(StillBusy):
        memory.done_once("k", work)
    go.set()
    thread.join()
