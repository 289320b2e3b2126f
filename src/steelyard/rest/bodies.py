"""Bodies of requests: read and inflated up to a bound, never beyond it."""

from __future__ import annotations

import zlib

from starlette.requests import ClientDisconnect, Request

from steelyard.errors import InvalidArgument, SteelyardError
from steelyard.store.remote import values
from steelyard.store.remote.protocol import JSON, MSGPACK

MOST_BYTES = 64 << 20


class TooLarge(SteelyardError):
    """A body is larger than the server takes."""

    error_code = "REQUEST_TOO_LARGE"


class UnknownForm(SteelyardError):
    """A body is of a content type or an encoding that the server does not read."""

    error_code = "UNSUPPORTED_MEDIA_TYPE"


async def read_body(request: Request, *, most: int = MOST_BYTES) -> bytes:
    """Return a request's body, inflated.

    Raises:
        TooLarge: it has more bytes than ``most``, before or after inflating.
        InvalidArgument: it is no gzip though it says so, or it ends too early.
        UnknownForm: it is packed in another way.
    """
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in {"identity", "gzip"}:
        raise UnknownForm(f"The content encoding {encoding!r} is not known: send gzip, or nothing.")
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > most:
        raise _too_large(most)
    inflater = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    parts: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            part = chunk if inflater is None else inflater.decompress(chunk, most - size + 1)
            size += len(part)
            if size > most:
                raise _too_large(most)
            parts.append(part)
    except zlib.error as error:
        raise InvalidArgument(f"The body is no gzip: {error}.") from error
    except ClientDisconnect as error:
        raise InvalidArgument("The body ended too early.") from error
    if inflater is not None and not inflater.eof:
        raise InvalidArgument("The body is a gzip stream without its end.")
    return b"".join(parts)


def parse(request: Request, body: bytes) -> dict[str, object]:
    """Return the arguments in a body.

    Raises:
        InvalidArgument: it cannot be read, or is no object.
        UnknownForm: its content type is another.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == MSGPACK:
        told = values.from_msgpack(body)
    elif kind == JSON:
        told = values.from_json(body or b"{}")
    else:
        raise UnknownForm(f"The content type {kind!r} is not read here. Send {JSON} or {MSGPACK}.")
    if isinstance(told, dict) and all(isinstance(name, str) for name in told):
        return told
    raise InvalidArgument("The body is an object: each argument under its name.")


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"A request may have {most >> 20} MiB, inflated. Write in smaller parts.")
