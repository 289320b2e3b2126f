"""The ASGI app, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from steelyard import __version__

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from steelyard.records import Store
    from steelyard.server.scoring import Scoring
    from steelyard.wires.otlp import Intake, Limits

_GRPC_GRACE = 10.0


def create_app(
    store: Store,
    *,
    allowed_hosts: Iterable[str] = (),
    close_store: bool = False,
    create_experiments: bool = True,
    limits: Limits | None = None,
    grpc_address: tuple[str, int] | None = None,
    workers: bool = False,
) -> Starlette:
    """Return the ASGI app that shows a store, and takes traces into it.

    Args:
        store: what is shown. Pages read it; what they write is which run is a baseline, and what people answer to
            verdicts.
        allowed_hosts: names by which the server may be addressed, besides those of this machine's loopback. A request
            for any other name is refused, so that no web page can reach the server by pointing a name of its own at it.
        close_store: whether to close the store when the app ends.
        create_experiments: whether traces sent to an experiment's name that is not there yet create it.
        limits: how much of traces is taken in at once; None means the usual.
        grpc_address: host and port on which traces are taken over gRPC too; None means not at all.
        workers: whether monitors and alarms are worked on here, beside the requests.

    Returns:
        An app for uvicorn or any other ASGI server.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.routing import Route

    from steelyard import rest, web
    from steelyard.errors import SteelyardError
    from steelyard.server.compression import Compression
    from steelyard.server.health import Health
    from steelyard.server.protection import Protection
    from steelyard.server.scoring import Scoring
    from steelyard.web.pages.datasetimport import UPLOAD
    from steelyard.web.problems import show_http_error, show_steelyard_error, show_unexpected
    from steelyard.wires import otlp

    intake = otlp.Intake(store, limits=limits, create_experiments=create_experiments)
    health = Health(store, intake)
    scoring = Scoring(store)

    app = Starlette(
        routes=[
            *otlp.routes(intake),
            Route("/health", health.answer),
            Route("/version", _version),
            *rest.routes(),
            *web.routes(),
        ],
        middleware=[
            Middleware(Protection, allowed_hosts=tuple(allowed_hosts), own_bounds=(*otlp.PATHS, "/api/", UPLOAD)),
            Middleware(Compression, never=otlp.PATHS),
        ],
        exception_handlers={
            SteelyardError: show_steelyard_error,
            HTTPException: show_http_error,
            Exception: show_unexpected,
        },
        lifespan=lambda _: _working(
            store, intake, scoring, grpc_address=grpc_address, close_store=close_store, workers=workers
        ),
    )
    app.router.redirect_slashes = False
    app.state.store = store
    app.state.intake = intake
    app.state.scoring = scoring
    return app


@asynccontextmanager
async def _working(
    store: Store,
    intake: Intake,
    scoring: Scoring,
    *,
    grpc_address: tuple[str, int] | None,
    close_store: bool,
    workers: bool,
) -> AsyncGenerator[None]:
    """What runs beside the requests; in the end all that was let in is written before the store is closed."""
    from steelyard.server.upkeep import Upkeep
    from steelyard.server.watching import Watching
    from steelyard.wires import otlp

    grpc = None
    if grpc_address is not None:
        grpc = otlp.start_grpc(intake, host=grpc_address[0], port=grpc_address[1])
    upkeep = Upkeep(store, busy=lambda: intake.waiting > 0)
    upkeep.start()
    watching = Watching(store) if workers else None
    if watching is not None:
        watching.start()
    yield
    intake.stop_admitting()
    if watching is not None:
        await asyncio.to_thread(watching.stop)
    if grpc is not None:
        await asyncio.to_thread(grpc.stop, _GRPC_GRACE)
    await asyncio.to_thread(intake.close)
    await asyncio.to_thread(scoring.stop)
    await asyncio.to_thread(upkeep.stop)
    if close_store:
        store.close()


async def _version(_: Request) -> Response:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse(__version__)
