"""A server that ends in order when it is told to."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.applications import Starlette

_GRACE_SECONDS = 20
_KEEP_ALIVE_SECONDS = 75  # exporters send every 5 s and keep their connection; proxies give up after 60 s
_BACKLOG = 2048


class OrderlyServer(uvicorn.Server):
    """A server that says that it is going to stop while requests are still inside.

    Args:
        config: uvicorn's.
        stopping: called once, before the requests inside are waited for.
    """

    def __init__(self, config: uvicorn.Config, *, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)


def run_in_order(app: Starlette, *, host: str, port: int, log_level: str, stopping: Callable[[], None]) -> None:
    """Serve an app until SIGTERM or Ctrl-C; what is inside by then is answered, for 20 s at most."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level=log_level,
        server_header=False,
        access_log=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = OrderlyServer(config, stopping=stopping)
    try:
        server.run()
    except KeyboardInterrupt:
        return
    if not server.started:
        sys.exit(1)  # uvicorn has told why
