"""``/traces/{id}/spans/{id}/value``: one value of a span in full, as text that no browser takes for a page."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Span
from steelyard.web.messages import clean
from steelyard.web.pages import store_of

PARTS = ("inputs", "outputs", "attributes", "events", "span")


def show(request: Request) -> Response:
    """Answer with what ``of`` names (inputs, outputs, attributes, events, span), or what that has under ``key``."""
    query = request.query_params
    part = query.get("of", "span")
    if part not in PARTS:
        raise InvalidArgument(f"A span has {', '.join(PARTS[:-1])}, not {part!r}.")
    span = store_of(request).traces.span(request.path_params["trace_id"], request.path_params["span_id"])
    value = _value(span, part, query.get("key", ""))
    headers = {"Cache-Control": "no-cache", "Content-Disposition": "inline"}
    if isinstance(value, str):
        return Response(clean(value), 200, headers, "text/plain; charset=utf-8")
    return Response(_json(value), 200, headers, "application/json")


def _value(span: Span, part: str, key: str) -> Any:
    if part == "span":
        return span
    value = getattr(span, part)
    if not key:
        return value
    if not isinstance(value, Mapping) or key not in value:
        raise NotFound(f"The {part} of this span have nothing under {key!r}.")
    return value[key]


def _json(value: Any) -> bytes:
    try:
        return msgspec.json.format(msgspec.json.encode(value), indent=2)
    except UnicodeEncodeError:  # half a character, which only JSON's own escapes can write
        import json

        plain = dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value
        return json.dumps(plain, indent=2, default=str).encode()
