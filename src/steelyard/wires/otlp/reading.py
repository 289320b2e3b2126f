"""The body of an HTTP request, read within bounds of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from steelyard.wires.otlp.limits import Limits
from steelyard.wires.otlp.pressure import Admission
from steelyard.wires.otlp.refusals import Refusal, Why, malformed, too_large

if TYPE_CHECKING:
    from starlette.types import Receive

_MOST_HEARD = 5  # bodies; a sender of more than so many is cut off rather than heard to the end
_PATIENCE_SECONDS = 5.0  # with the rest of a body that is refused already


class Body:
    """What a sender says after its headers.

    Args:
        receive: ASGI's.
        headers: the request's, with names in lower case.
        limits: how much, and for how long.
    """

    def __init__(self, receive: Receive, headers: Mapping[str, str], limits: Limits) -> None:
        self._receive = receive
        self._headers = headers
        self._limits = limits
        self._ended = False

    def length(self) -> int:
        """Return how long it says it is; 0 if it does not.

        Raises:
            Refusal: what it says is no number, or too many bytes.
        """
        told = self._headers.get("content-length", "0")
        if not (told.isascii() and told.isdigit() and len(told) < 20):
            raise malformed("The Content-Length is no number.")
        if int(told) > self._limits.body_bytes:
            raise too_large(self._limits.body_bytes)
        return int(told)

    async def read(self, admission: Admission) -> bytes:
        """Return it, holding a place for each byte.

        Raises:
            Refusal: it is too long, takes too long, or does not fit beside what else is inside.
            ConnectionResetError: the sender went away.
        """
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.read_seconds):
                while not self._ended:
                    part = await self._next()
                    size += len(part)
                    if size > self._limits.body_bytes:
                        raise too_large(self._limits.body_bytes)
                    admission.cover(size)
                    parts.append(part)
        except TimeoutError:
            raise Refusal(Why.SLOW, f"The body did not come within {self._limits.read_seconds:g} seconds.") from None
        return b"".join(parts)

    async def hear_out(self) -> bool:
        """Let a sender that is refused end what it says, unheard; return whether it did.

        A connection that is cut while the sender still speaks often loses the answer, and the sender would try again.
        """
        told = self._headers.get("content-length", "0")
        left = _MOST_HEARD * self._limits.body_bytes
        if "expect" in self._headers or not told.isdigit() or int(told[:20]) > left:
            return False
        try:
            async with asyncio.timeout(min(self._limits.read_seconds, _PATIENCE_SECONDS)):
                while not self._ended and left > 0:
                    left -= len(await self._next())
        except TimeoutError:
            return False
        return self._ended

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        self._ended = not message.get("more_body", False)
        return message.get("body", b"")
