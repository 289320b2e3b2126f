"""Answers that are lists of any length: sent item by item, never held whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from steelyard.errors import SteelyardError, StoreError
from steelyard.rest.answering import headers, wants_json
from steelyard.store.remote import values
from steelyard.store.remote.failures import error_to_wire
from steelyard.store.remote.protocol import END_OF_STREAM, ERROR_IN_STREAM, STREAM, Method

_LOG = logging.getLogger(__name__)
_BLOCK = 1 << 17
_JSON_LINES = "application/jsonl"


def answer_stream(request: Request, method: Method, call: Callable[[], Iterable[object]]) -> Response:
    """Answer with the items that a call yields: frames of MessagePack, or JSON Lines.

    What goes wrong before the first item is raised; what goes wrong later is the last thing in the stream.
    """
    items = iter(call())
    first = list(zip((None,), items, strict=False))  # one item, or none
    plain = (method.result.plain(item) for item in chain((one for _, one in first), items))
    json = wants_json(request)
    parts = _lines(plain, method) if json else _frames(plain, method)
    return StreamingResponse(_blocks(parts), media_type=_JSON_LINES if json else STREAM, headers=headers())


def _frames(plain: Iterator[object], method: Method) -> Iterator[bytes]:
    try:
        for item in plain:
            packed = values.to_msgpack(item, "answer")
            yield len(packed).to_bytes(4) + packed
    except Exception as error:
        yield ERROR_IN_STREAM.to_bytes(4) + values.to_msgpack(error_to_wire(_told(error, method)), "error")
    else:
        yield END_OF_STREAM.to_bytes(4)


def _lines(plain: Iterator[object], method: Method) -> Iterator[bytes]:
    try:
        for item in plain:
            yield values.to_json(item) + b"\n"
    except Exception as error:
        yield values.to_json(error_to_wire(_told(error, method))) + b"\n"


def _told(error: Exception, method: Method) -> SteelyardError:
    if isinstance(error, SteelyardError):
        return error
    _LOG.error("%s failed", method.full_name, exc_info=error)
    return StoreError("An unexpected error happened on the server; its log has the details.")


def _blocks(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield parts together, so that a short item is no packet of its own."""
    block = bytearray()
    for part in parts:
        block += part
        if len(block) >= _BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)
