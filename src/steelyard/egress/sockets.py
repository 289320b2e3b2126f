"""A connection that gives up at one moment, however slowly the other side drips, and reads no more than it should."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable

from steelyard.egress.addresses import Address
from steelyard.egress.targets import Target

Connector = Callable[[str, int, float], socket.socket]
"""Connects to an address and a port within so many seconds."""


def system_connector(address: str, port: int, seconds: float) -> socket.socket:
    """Connect by the operating system; never through a proxy."""
    return socket.create_connection((address, port), timeout=seconds)


class Deadline:
    """A moment by which all is done.

    Args:
        seconds: from now.
        silence: seconds without a byte after which it is enough too.
    """

    def __init__(self, seconds: float, *, silence: float) -> None:
        self._end = time.monotonic() + seconds
        self._silence = silence

    def left(self) -> float:
        """Return for how many seconds the next step may wait.

        Raises:
            TimeoutError: none are left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is up")
        return min(left, self._silence)


class PinnedConnection(http.client.HTTPConnection):
    """HTTP to an address that was found and checked before; the name is only what is asked for there.

    Args:
        target: scheme, host and port.
        address: where it is.
        deadline: until when.
        connect: makes the connection.
        context: of TLS; the certificate is checked for the host's name.
    """

    def __init__(
        self,
        target: Target,
        address: Address,
        deadline: Deadline,
        *,
        connect: Connector,
        context: ssl.SSLContext | None,
    ) -> None:
        super().__init__(target.host, target.port)
        self._target = target
        self._address = address
        self._deadline = deadline
        self._connector = connect
        self._context = context

    def connect(self) -> None:
        """Connect to the address, and to nothing else."""
        plain = self._connector(str(self._address), self._target.port, self._deadline.left())
        try:
            plain.settimeout(self._deadline.left())
            if self._context is not None:
                plain = self._context.wrap_socket(plain, server_hostname=self._target.host)
        except BaseException:
            plain.close()
            raise
        self.sock = self._timed = _Timed(plain, self._deadline)

    def take_time(self, deadline: Deadline) -> None:
        """Have what follows done until then."""
        self._timed.deadline = deadline


class _Timed:
    """The part of a socket that HTTP needs; each step has what is left of the time.

    Like a socket, it stays open as long as something reads from it.
    """

    def __init__(self, inner: socket.socket, deadline: Deadline) -> None:
        self.deadline = deadline
        self._inner = inner
        self._readers = 0
        self._closed = False

    def sendall(self, data: bytes) -> None:
        self._inner.settimeout(self.deadline.left())
        self._inner.sendall(data)

    def makefile(self, mode: str, buffering: int | None = None) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_Reading(self))

    def recv_into(self, buffer: memoryview) -> int:
        self._inner.settimeout(self.deadline.left())
        return self._inner.recv_into(buffer)

    def close(self) -> None:
        self._closed = True
        self._close_if_unused()

    def reader_closed(self) -> None:
        self._readers -= 1
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self._closed and self._readers <= 0:
            self._inner.close()


class _Reading(io.RawIOBase):
    def __init__(self, source: _Timed) -> None:
        super().__init__()
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyrefly: ignore[bad-override]
        return self._source.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            self._source.reader_closed()
        super().close()
