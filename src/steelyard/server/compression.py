"""Answers are compressed, except those of addresses that answer briefly and often."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from starlette.middleware.gzip import GZipMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Compression:
    """ASGI middleware: gzip for clients that read it.

    Args:
        app: what answers.
        never: paths whose answers stay as they are.
    """

    def __init__(self, app: ASGIApp, never: Iterable[str] = ()) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, minimum_size=600, compresslevel=5)
        self._never = frozenset(never)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._plain if scope.get("path") in self._never else self._compressed
        await app(scope, receive, send)
