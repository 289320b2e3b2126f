"""HTTP clients that read no more than an answer can be, and that tell no stranger a secret.

The size of a response is counted after decompression and while it is read. For a place that the environment's key does
not belong to, every header that the caller did not give is dropped but for a few that are harmless: client libraries
read keys, tokens and headers from many variables of the environment, and this is the one way out for all of them.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Collection

import httpx2

MAX_BODY = 16 * 2**20
_STEP = 2**16
_HARMLESS = {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "user-agent"}
_HARMLESS |= {"anthropic-version", "anthropic-beta"}


class BodyTooLarge(httpx2.TransportError):
    """A response was longer than any answer can be; the rest of it was not read."""


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, *, inflate: bool, limit: int) -> None:
        self._stream = stream
        self._inflate = zlib.decompressobj(wbits=47) if inflate else None  # 47: gzip or zlib, whichever the header says
        self._left = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            if self._inflate is None:
                yield self._counted(chunk)
                continue
            while chunk:
                try:
                    yield self._counted(self._inflate.decompress(chunk, _STEP))
                except zlib.error as error:
                    message = f"the response is not compressed as its header says ({error})"
                    raise httpx2.DecodingError(message) from error
                chunk = self._inflate.unconsumed_tail

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            message = f"the response is longer than {MAX_BODY:,} bytes"
            raise BodyTooLarge(message)
        return data

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    inflate = encoding in ("gzip", "x-gzip", "deflate")
    if not inflate and encoding != "identity":
        message = f"the response has the encoding {encoding!r}, which was not asked for"
        raise httpx2.DecodingError(message)
    stream = response.stream
    if not isinstance(stream, httpx2.AsyncByteStream):
        return
    response.headers.pop("content-encoding", None)
    response.stream = _BoundedStream(stream, inflate=inflate, limit=MAX_BODY)


def bounded_client(*, timeout: float, connect: float, only: Collection[str] | None = None) -> httpx2.AsyncClient:
    """Make a client that follows no redirect and reads no more than ``MAX_BODY`` of any response.

    Args:
        timeout: seconds between two pieces of a response.
        connect: seconds until the connection stands.
        only: the headers, in lower case, that may be sent beside the harmless ones; None lets all pass.
    """

    async def drop_headers(request: httpx2.Request) -> None:
        for name in list(request.headers):
            if only is not None and name not in only and name not in _HARMLESS:
                del request.headers[name]

    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(timeout, connect=connect),
        limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=256, keepalive_expiry=30),
        headers={"Accept-Encoding": "gzip"},
        event_hooks={"request": [drop_headers], "response": [_bound]},
        follow_redirects=False,
    )
