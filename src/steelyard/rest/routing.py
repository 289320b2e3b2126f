"""Which address answers what."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from steelyard.errors import StoreError
from steelyard.rest.answering import BOOT, answer_error, answer_value, version
from steelyard.rest.calling import Calls
from steelyard.rest.contents import deliver, receive
from steelyard.rest.remembering import Memory
from steelyard.store.remote.protocol import CALLS, CONTENT, PROTOCOL, ROOT


def routes() -> list[BaseRoute]:
    """Return the routes under ``/api/steelyard``. The store they answer for is ``request.app.state.store``.

    The app must let them bound their own bodies: calls at 64 MiB (inflated), artifacts by what the disk holds.
    """
    calls = Calls(Memory(BOOT))
    return [
        Route(ROOT, _greet, methods=["GET"]),
        Route(CONTENT, receive, methods=["PUT"]),
        Route(CONTENT, deliver, methods=["GET"]),
        Route(CALLS + "/{noun}/{method}", calls.answer, methods=["POST"]),
        Route(ROOT + "/{rest:path}", _miss, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
    ]


async def _greet(request: Request) -> Response:
    return answer_value(request, {"version": version(), "protocol": [PROTOCOL]})


async def _miss(request: Request) -> Response:
    path = request.url.path
    told = f"There is nothing at {request.method} {path}. Calls go to POST {CALLS}/{{noun}}/{{method}}."
    return answer_error(request, StoreError(told), status=404)
