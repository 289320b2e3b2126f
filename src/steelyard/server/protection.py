"""What holds on every address: who may ask by which name and from where, and what a browser may do with the answer."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
ANY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104 - what stands for every address, not one to listen on
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_SAFE = ("GET", "HEAD", "OPTIONS")
_MOST_BYTES = 1_000_000


class Protection:
    """ASGI middleware.

    The Host header must be a name of ours (DNS rebinding). A request that changes something must come from a page of
    ours, by ``Sec-Fetch-Site`` or ``Origin``; a program sends neither and may. The loopback is no boundary of trust:
    any page in the user's browser can send requests to it, so that these checks hold there too.

    Args:
        app: what answers.
        allowed_hosts: names of ours, besides the loopback's. ``0.0.0.0`` or ``::`` stands for every IP address: no web
            page can point a name of its own at us by one.
        own_bounds: beginnings of paths that bound the bodies they read themselves; elsewhere a body is a form.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: tuple[str, ...] = (), own_bounds: tuple[str, ...] = ()) -> None:
        self.app = app
        self.own_bounds = own_bounds
        self.hosts = {_as_sent(name) for name in (*LOOPBACK, *allowed_hosts) if name not in ANY_ADDRESS}
        self.any_address = not ANY_ADDRESS.isdisjoint(allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send))
            return
        bounded = receive if self._bounds_itself(scope) else _bounded(receive)
        await self.app(scope, bounded, _with_headers(send))

    def _bounds_itself(self, scope: Scope) -> bool:
        return scope["path"].startswith(self.own_bounds)

    def _is_ours(self, name: str) -> bool:
        return name in self.hosts or (self.any_address and _is_address(name))

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(_name(host)):
            told = (
                f"This server does not answer to the name {host!r}. Start it with that name among its allowed hosts.\n"
            )
            return PlainTextResponse(told, 421)
        if scope["method"] in _SAFE:
            return None
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        ours = site in ("same-origin", "none") if site else origin in (None, f"{scope['scheme']}://{host}")
        if not ours:
            return PlainTextResponse("A page of another site may not change anything here.\n", 403)
        if self._bounds_itself(scope):
            return None
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            return PlainTextResponse(f"A form may have {_MOST_BYTES:,} bytes.\n", 413)
        return None


def _name(host: str) -> str:
    """Return a Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()


def _as_sent(name: str) -> str:
    """Return a name as a Host header has it: an IPv6 address stands in brackets."""
    return f"[{name.lower()}]" if ":" in name and not name.startswith("[") else name.lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _bounded(receive: Receive) -> Receive:
    """Cut a body that is longer than its sender said, or that did not say."""
    seen = 0

    async def count() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > _MOST_BYTES else message

    return count


def _with_headers(send: Send) -> Send:
    async def add(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return add
