"""OTLP over HTTP: ``POST /v1/traces``, protobuf or JSON, answered in the form that was sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from starlette.routing import Route

from steelyard.tracing.otlp import encode_answer, encode_status
from steelyard.wires.otlp.inflating import check_encoding
from steelyard.wires.otlp.intake import Intake
from steelyard.wires.otlp.jobs import Taken
from steelyard.wires.otlp.reading import Body
from steelyard.wires.otlp.refusals import Refusal, Why

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

PATHS = ("/v1/traces", "/otel/v1/traces", "/api/public/otel/v1/traces")
"""Where traces are taken; the latter two are what people have configured for other servers."""

_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_TYPES = {_PROTOBUF: False, "application/protobuf": False, _JSON: True}


def routes(intake: Intake) -> list[BaseRoute]:
    """Return the routes that take traces."""
    endpoint = TracesEndpoint(intake)
    return [Route(path, endpoint) for path in PATHS]


class TracesEndpoint:
    """An ASGI app that takes one request of traces. It is quick because it builds nothing that it does not need."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): _text(value) for name, value in scope["headers"]}
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        json = _TYPES.get(kind, True)
        body = Body(receive, headers, self._intake.limits)
        try:
            try:
                taken = await self._take(scope["method"], kind, headers, body)
            except Refusal as refusal:
                heard = refusal.why is not Why.SLOW and await body.hear_out()
                await _refuse(send, refusal, json=json, cut=not heard)
            else:
                await _send(send, 200, encode_answer(taken.rejected, json=json), json=json)
        except ConnectionResetError:  # the sender went away; nobody is left to answer
            return

    async def _take(self, method: str, kind: str, headers: dict[str, str], body: Body) -> Taken:
        if method != "POST":
            raise Refusal(Why.METHOD, "Traces are sent here by POST.")
        if kind not in _TYPES:
            raise Refusal(Why.UNSUPPORTED, f"Content-Type {kind[:80]!r} is not read here; use {_PROTOBUF} or {_JSON}.")
        encoding = check_encoding(headers.get("content-encoding", ""))
        admission = self._intake.admit(body.length())
        try:
            content = await body.read(admission)
        except BaseException:
            admission.release()
            raise
        return await self._intake.take(content, admission, json=_TYPES[kind], encoding=encoding, headers=headers)


def _text(value: bytes) -> str:
    """Read a header as people mean it: names of experiments come in UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


async def _refuse(send: Send, refusal: Refusal, *, json: bool, cut: bool) -> None:
    more = [(b"connection", b"close")] if cut else []
    if refusal.retry_after is not None:
        more.append((b"retry-after", str(refusal.retry_after).encode()))
    if refusal.why is Why.METHOD:
        more.append((b"allow", b"POST"))
    body = encode_status(refusal.why.code, refusal.message, json=json, retry_after_s=refusal.retry_after)
    await _send(send, refusal.why.status, body, json=json, more=more)


async def _send(send: Send, status: int, body: bytes, *, json: bool, more: Iterable[tuple[bytes, bytes]] = ()) -> None:
    headers = [
        (b"content-type", (_JSON if json else _PROTOBUF).encode()),
        (b"content-length", str(len(body)).encode()),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
