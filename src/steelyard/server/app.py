"""The ASGI app, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from steelyard import __version__

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from steelyard.records import Store


def create_app(store: Store, *, allowed_hosts: Iterable[str] = (), close_store: bool = False) -> Starlette:
    """Return the ASGI app that shows a store.

    Args:
        store: what is shown. Pages read it; what they write is which run is a baseline, and what people answer to
            verdicts.
        allowed_hosts: names by which the server may be addressed, besides those of this machine's loopback. A request
            for any other name is refused, so that no web page can reach the server by pointing a name of its own at it.
        close_store: whether to close the store when the app ends.

    Returns:
        An app for uvicorn or any other ASGI server.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.routing import Route

    from steelyard.errors import SteelyardError
    from steelyard.server.protection import Protection
    from steelyard.web import routes
    from steelyard.web.problems import show_http_error, show_steelyard_error, show_unexpected

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        if close_store:
            store.close()

    app = Starlette(
        routes=[Route("/health", _health), Route("/version", _version), *routes()],
        middleware=[
            Middleware(Protection, allowed_hosts=tuple(allowed_hosts)),
            Middleware(GZipMiddleware, minimum_size=600, compresslevel=5),
        ],
        exception_handlers={
            SteelyardError: show_steelyard_error,
            HTTPException: show_http_error,
            Exception: show_unexpected,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.store = store
    return app


async def _health(_: Request) -> Response:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("OK")


async def _version(_: Request) -> Response:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse(__version__)
