"""A server in a thread of this process, on loopback, whose store can be changed from test to test."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from steelyard.records import Store
from steelyard.rest import routes
from steelyard.server.protection import Protection

Answer = Callable[[Scope, Receive, Send], Any]


class Running:
    """Answers for ``store`` at ``url`` until closed.

    ``calls`` counts the requests by noun and method; ``before``, if set, is asked first and may answer by itself.
    """

    def __init__(self, store: Store | None = None, *, port: int = 0) -> None:
        self.calls: Counter[str] = Counter()
        self.before: Callable[[Scope, Receive, Send], Any] | None = None
        self.connections: set[tuple[str, int]] = set()
        guard = Middleware(Protection, own_bounds=("/api/",))
        self.app = Starlette(routes=routes(), middleware=[Middleware(_Counting, running=self), guard])
        self.app.router.redirect_slashes = False
        self.app.state.store = store
        self._server = uvicorn.Server(
            uvicorn.Config(
                self.app, log_level="critical", lifespan="off", access_log=False, timeout_graceful_shutdown=3
            )
        )
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # so asyncio sets NODELAY
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.002)

    @property
    def store(self) -> Store:
        return self.app.state.store

    @store.setter
    def store(self, store: Store) -> None:
        self.app.state.store = store

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()


class _Counting:
    def __init__(self, app: ASGIApp, running: Running) -> None:
        self.app = app
        self.running = running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            name = ".".join(scope["path"].split("/")[-2:])
            self.running.calls[f"{scope['method']} {name}" if name.endswith("content") else name] += 1
            self.running.connections.add(scope["client"])
            if self.running.before is not None and await self.running.before(scope, receive, send):
                return
        await self.app(scope, receive, send)
