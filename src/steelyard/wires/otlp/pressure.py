"""How much is inside, so that no more is let in than fits. Decided before a body is read."""

from __future__ import annotations

import threading

from steelyard.wires.otlp.limits import Limits
from steelyard.wires.otlp.refusals import full


class Pressure:
    """Counts the bytes and spans of requests that are not answered yet. Threads may share it."""

    def __init__(self, limits: Limits) -> None:
        self._most_bytes = max(limits.waiting_bytes, limits.body_bytes)
        self._most_spans = limits.waiting_spans
        self._lock = threading.Lock()
        self._bytes = 0
        self._spans = 0
        self._requests = 0

    @property
    def requests(self) -> int:
        """How many requests are inside."""
        return self._requests

    def admit(self, n_bytes: int) -> Admission:
        """Let a request in that told its size, or 0 if it did not.

        Raises:
            Refusal: it does not fit.
        """
        with self._lock:
            if self._spans >= self._most_spans or self._bytes + n_bytes > self._most_bytes:
                raise full()
            self._bytes += n_bytes
            self._requests += 1
        return Admission(self, n_bytes)

    def take(self, n_bytes: int, n_spans: int) -> None:
        with self._lock:
            if n_bytes and self._bytes + n_bytes > self._most_bytes:
                raise full()
            if n_spans and self._spans >= self._most_spans:
                raise full()
            self._bytes += n_bytes
            self._spans += n_spans

    def give_back(self, n_bytes: int, n_spans: int) -> None:
        with self._lock:
            self._bytes -= n_bytes
            self._spans -= n_spans
            self._requests -= 1


class Admission:
    """A request's place inside."""

    __slots__ = ("_n_bytes", "_n_spans", "_pressure")

    def __init__(self, pressure: Pressure, n_bytes: int) -> None:
        self._pressure: Pressure | None = pressure
        self._n_bytes = n_bytes
        self._n_spans = 0

    def cover(self, n_bytes: int) -> None:
        """Hold a place for so many bytes in all.

        Raises:
            Refusal: they do not fit.
        """
        more = n_bytes - self._n_bytes
        if more > 0 and self._pressure is not None:
            self._pressure.take(more, 0)
            self._n_bytes = n_bytes

    def hold_spans(self, n_spans: int) -> None:
        """Hold a place for the spans that are about to be decoded. These may go beyond the limit; the next do not.

        Raises:
            Refusal: others have filled it since this request was let in.
        """
        if self._pressure is not None:
            self._pressure.take(0, n_spans)
            self._n_spans += n_spans

    def release(self) -> None:
        """Give the place back; once is enough."""
        pressure, self._pressure = self._pressure, None
        if pressure is not None:
            pressure.give_back(self._n_bytes, self._n_spans)
