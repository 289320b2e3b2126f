"""Answers: values and errors in the form that was asked for, under the headers that every answer has."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import SteelyardError
from steelyard.store.remote import values
from steelyard.store.remote.failures import error_to_wire, status_of
from steelyard.store.remote.protocol import (
    BOOT_HEADER,
    JSON,
    MSGPACK,
    PROTOCOL,
    PROTOCOL_HEADER,
    VERSION_HEADER,
)

BOOT = uuid.uuid4().hex
"""Names this life of the server's process."""


def version() -> str:
    """Return the version of Steelyard that answers."""
    from steelyard import __version__

    return __version__


def headers() -> dict[str, str]:
    """Return what every answer says about the server."""
    return {
        PROTOCOL_HEADER: str(PROTOCOL),
        VERSION_HEADER: version(),
        BOOT_HEADER: BOOT,
        "Cache-Control": "no-store",
    }


def wants_json(request: Request) -> bool:
    """Whether an answer is for people: MessagePack goes to those who ask for it."""
    return MSGPACK not in request.headers.get("accept", "")


def answer_value(request: Request, value: Any, *, status: int = 200) -> Response:
    """Answer with a value that is plain already."""
    return answer_bytes(pack(request, value), json=wants_json(request), status=status)


def answer_bytes(body: bytes, *, json: bool, status: int = 200, more: Mapping[str, str] | None = None) -> Response:
    """Answer with a body that is encoded already."""
    return Response(body, status, media_type=JSON if json else MSGPACK, headers={**headers(), **(more or {})})


def answer_error(request: Request, error: SteelyardError, *, status: int | None = None) -> Response:
    """Answer with an error; its message is meant for people."""
    return answer_value(request, error_to_wire(error), status=status or status_of(error))


def pack(request: Request, value: Any) -> bytes:
    """Return a plain value as a body."""
    if wants_json(request):
        return values.to_json(value) + b"\n"
    return values.to_msgpack(value, "answer")
