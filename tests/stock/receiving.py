"""Our server, live on loopback, over HTTP and gRPC."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from steelyard.records import Store
from steelyard.server import create_app
from steelyard.store import open_store


@dataclass(frozen=True)
class Receiver:
    """A server, and the store that it writes.

    Args:
        url: of HTTP.
        grpc: of gRPC.
        store: where what it takes goes.
        app: what answers.
        answers: the status of every answer to traces over HTTP, as they are given.
    """

    url: str
    grpc: str
    store: Store
    app: Any
    answers: queue.SimpleQueue[int]


@contextmanager
def receiving(folder: Path, **settings: Any) -> Iterator[Receiver]:
    """Serve a new store in a folder; settings are those of ``create_app``. All is stored when it ends."""
    store = open_store(folder)
    listener, grpc_port = socket.create_server(("127.0.0.1", 0)), _free_port()
    app = create_app(store, grpc_address=("127.0.0.1", grpc_port), **settings)
    answers: queue.SimpleQueue[int] = queue.SimpleQueue()
    server = uvicorn.Server(uvicorn.Config(_noting(app, answers), log_level="error", server_header=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.005)
    try:
        url, grpc = (f"http://127.0.0.1:{port}" for port in (listener.getsockname()[1], grpc_port))
        yield Receiver(url, grpc, store, app, answers)
    finally:
        server.should_exit = True
        thread.join(60)
        store.close()


def _noting(app: Any, answers: queue.SimpleQueue[int]) -> Any:
    async def noting(scope: Any, receive: Any, send: Any) -> None:
        async def note(message: Any) -> None:
            if message["type"] == "http.response.start" and scope["path"] == "/v1/traces":
                answers.put(message["status"])
            await send(message)

        await app(scope, receive, note)

    return noting


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
