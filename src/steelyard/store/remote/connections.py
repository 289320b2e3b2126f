"""Connections to one server that are kept open and used again, by any number of threads, also after a fork."""

from __future__ import annotations

import gzip
import http.client
import os
import select
import socket
import ssl
import time
import weakref
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from functools import partial
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from steelyard.store.remote.place import Place

_CONNECT_SECONDS = 10.0
_MOST_IDLE = 16
_IDLE_SECONDS = 60.0
_BLOCK = 1 << 18


class NotReached(Exception):
    """No connection was made: the request has surely not been seen."""


class Lost(Exception):
    """The connection broke or fell silent: the request may have been done."""


@dataclass(slots=True)
class Answer:
    """What came back: its body, or, where a stream was asked for, the stream, which must be closed."""

    status: int
    reason: str
    headers: Message
    body: bytes
    stream: http.client.HTTPResponse
    close: Callable[[], None]


class Connections:
    """Keeps connections to a server.

    Args:
        place: the server.
        silence: seconds without a byte after which a request counts as lost.
    """

    def __init__(self, place: Place, *, silence: float) -> None:
        self._place = place
        self._silence = silence
        self._proxy = _proxy_for(place)
        self._tls = ssl.create_default_context() if place.scheme == "https" else None
        self._idle: deque[tuple[http.client.HTTPConnection, float]] = deque()  # taking and giving back are atomic
        self._pid = os.getpid()
        weakref.finalize(self, _close_all, self._idle)

    def ask(
        self, verb: str, target: str, body: bytes | BinaryIO | None, headers: Mapping[str, str], *, stream: bool = False
    ) -> Answer:
        """Send a request and return its answer; with ``stream``, a good one's body is left unread.

        Raises:
            NotReached: nobody has seen it.
            Lost: somebody may have.
        """
        connection = self._take()
        close = partial(self._release, connection)
        try:
            with explained():
                response = self._exchange(connection, verb, target, body, headers)
                answer = Answer(
                    response.status, response.reason, response.headers, b"", response, partial(close, response)
                )
                if not stream or answer.status != http.HTTPStatus.OK:
                    answer.body = _inflated(response.read(), response.headers)
                    answer.close()
                return answer
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close what is idle."""
        _close_all(self._idle)

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        verb: str,
        target: str,
        body: bytes | BinaryIO | None,
        headers: Mapping[str, str],
    ) -> http.client.HTTPResponse:
        try:
            connection.request(verb, target if self._absolute is None else self._absolute + target, body, dict(headers))
        except (BrokenPipeError, ConnectionResetError):  # it may have answered before it had read all
            return _early_answer(connection)
        return connection.getresponse()

    @property
    def _absolute(self) -> str | None:
        """What stands before a path when a proxy is asked."""
        if self._proxy is None or self._tls is not None:
            return None
        return f"{self._place.scheme}://{self._place.netloc}"

    def _take(self) -> http.client.HTTPConnection:
        if self._pid != os.getpid():  # what is idle is the parent's of this fork: closed here, it stays open there
            self.close()
            self._pid = os.getpid()
        while self._idle:
            try:
                connection, since = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if time.monotonic() - since < _IDLE_SECONDS and not _has_news(connection.sock):
                return connection
            connection.close()
        return self._connect()

    def _release(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        """Keep a connection for the next request if its answer was read to the end."""
        reusable = response.isclosed() and not response.will_close and connection.sock is not None
        if reusable and self._pid == os.getpid() and len(self._idle) < _MOST_IDLE:
            self._idle.append((connection, time.monotonic()))
        else:
            response.close()
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        host, port = (self._place.host, self._place.port) if self._proxy is None else self._proxy
        if self._tls is None:
            connection = http.client.HTTPConnection(host, port, timeout=_CONNECT_SECONDS, blocksize=_BLOCK)
        else:
            connection = http.client.HTTPSConnection(
                host, port, timeout=_CONNECT_SECONDS, blocksize=_BLOCK, context=self._tls
            )
            if self._proxy is not None:
                connection.set_tunnel(self._place.host, self._place.port)
        try:
            connection.connect()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NotReached(_reason(error)) from error
        connection.sock.settimeout(self._silence)
        return connection


def _close_all(idle: deque[tuple[http.client.HTTPConnection, float]]) -> None:
    while True:
        try:
            connection, _ = idle.pop()
        except IndexError:
            return
        connection.close()


@contextmanager
def explained() -> Iterator[None]:
    """Tell what goes wrong on a connection as ``Lost``."""
    try:
        yield
    except TimeoutError as error:
        raise Lost("it did not answer in time") from error
    except (OSError, http.client.HTTPException, zlib.error) as error:
        raise Lost(_reason(error)) from error


def _early_answer(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    try:
        return connection.getresponse()
    except http.client.HTTPException as error:
        raise Lost("it closed the connection while it was written to") from error


def _inflated(body: bytes, headers: Message) -> bytes:
    return gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body


def _has_news(sock: socket.socket | None) -> bool:
    """Whether an idle connection was closed by the other side, or speaks out of turn."""
    if sock is None:
        return True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])


def _proxy_for(place: Place) -> tuple[str, int] | None:
    """Return the proxy that the environment (or the system) names; this machine itself is never behind one."""
    if place.is_loopback:
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    url = proxies.get(place.scheme) or proxies.get("all")
    if not url or proxy_bypass(place.netloc):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return (unquote(parts.hostname), parts.port or 8080) if parts.hostname else None


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, socket.gaierror):
        return "there is no such host"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, http.client.RemoteDisconnected):
        return "it closed the connection without an answer"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
