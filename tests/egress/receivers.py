"""Receivers on loopback, resolvers that say what they are told, and a record of every connection that is tried."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PUBLIC = "93.184.215.14"
"""A public address, at which nothing is ever called: connections to it are made to a receiver on loopback."""

_watched: list[list[tuple[Any, ...]]] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto") and _watched:
        for record in _watched:
            record.append((event, *args))


sys.addaudithook(_audit)  # cannot be taken away again, and does nothing unless somebody watches


@contextmanager
def watched() -> Iterator[list[tuple[Any, ...]]]:
    """Every connection, look-up and datagram of this process meanwhile."""
    record: list[tuple[Any, ...]] = []
    _watched.append(record)
    try:
        yield record
    finally:
        _watched.remove(record)


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answering = Callable[[Request], tuple[int, dict[str, str], bytes]]


@dataclass
class Receiver:
    """An HTTP server on loopback that keeps what it was sent and answers as it is told."""

    answer: Answering = lambda request: (200, {}, b"ok")
    requests: list[Request] = field(default_factory=list)
    certificate: Path | None = None

    def __enter__(self) -> Receiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.command, self.path, dict(self.headers.items()), body)
                receiver.requests.append(request)
                status, headers, said = receiver.answer(request)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = do_HEAD = _serve

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that goes away is none of the server's trouble."""

        self._server = Server(("127.0.0.1", 0), Handler)
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connector(self, record: list[tuple[str, int]] | None = None) -> Callable[[str, int, float], socket.socket]:
        """A connector that reaches this receiver for public addresses, writes down where it was sent, and no more."""

        def connect(address: str, port: int, seconds: float) -> socket.socket:
            if record is not None:
                record.append((address, port))
            assert address == PUBLIC, f"a connection to {address}"
            return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

        return connect


def resolver(**names: Sequence[str]) -> Callable[[str, int], Sequence[str]]:
    """A resolver of some names (with _ for the dots); spellings of addresses are read as the system reads them."""

    def resolve(host: str, port: int) -> Sequence[str]:
        known = names.get(host.replace(".", "_").replace("-", "_"))
        if known is not None:
            return known
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [str(one[4][0]) for one in found]

    return resolve


def no_connection(address: str, port: int, seconds: float) -> socket.socket:
    """A connector that is never called."""
    raise AssertionError(f"a connection to {address}:{port}")
