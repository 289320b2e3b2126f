"""``/compare``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response


def show(request: Request) -> Response:
    return Response("soon")
