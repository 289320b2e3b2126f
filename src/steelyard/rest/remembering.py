"""Requests that come again: done once, answered twice.

A client whose connection broke does not know whether its request was done. It sends it again under the same key, and
the answer that is remembered here is given. Answers are kept in memory, longer than any client is patient; a client
says from which life of the server it expects an answer, so that after a restart it is told that nobody remembers.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from steelyard.errors import StoreUnavailable

_MOST_BYTES = 32 << 20
_SECONDS = 900.0
_PATIENCE = 60.0
_OVERHEAD = 500  # bytes that an entry takes besides its answer


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer: its status, its body and whether that is JSON."""

    status: int
    body: bytes
    json: bool


@dataclass(slots=True)
class _Entry:
    since: float
    ready: threading.Event = field(default_factory=threading.Event)
    kept: Kept | None = None


class Restarted(StoreUnavailable):
    """Nobody remembers whether a request was done."""


class StillBusy(StoreUnavailable):
    """The same request is being done."""


class Memory:
    """Remembers answers by key.

    Args:
        boot: names this life of the server.
        most_bytes: of answers; the oldest are forgotten first.
        patience: seconds for which a request waits until the same one, which is being done, is done.
    """

    def __init__(self, boot: str, *, most_bytes: int = _MOST_BYTES, patience: float = _PATIENCE) -> None:
        self._boot = boot
        self._most = most_bytes
        self._patience = patience
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def done_once(self, key: str, work: Callable[[], Kept], *, boot: str = "") -> Kept:
        """Return what ``work`` returns, or what it has returned for this key.

        Args:
            key: of the request.
            work: does it.
            boot: the life of the server in which it may have been done; empty the first time.

        Raises:
            Restarted: it may have been done in another life.
            StillBusy: it is being done for longer than one may wait.
        """
        if boot and boot != self._boot:
            raise Restarted(
                "The server was restarted while this was being written and does not know whether it was kept. "
                "Look before you do it again."
            )
        with self._lock:
            entry = self._entries.get(key)
            mine = entry is None
            if entry is None:
                entry = self._entries[key] = _Entry(time.monotonic())
        if not mine:
            return self._awaited(entry)
        try:
            entry.kept = work()
        finally:
            self._settle(key, entry)
            entry.ready.set()
        return entry.kept

    def _awaited(self, entry: _Entry) -> Kept:
        if entry.ready.wait(self._patience) and entry.kept is not None:
            return entry.kept
        raise StillBusy("The same request is still being done. Ask again shortly.")

    def _settle(self, key: str, entry: _Entry) -> None:
        with self._lock:
            if entry.kept is None or entry.kept.status >= 500:  # nothing was kept: it may be tried anew
                self._entries.pop(key, None)
                return
            self._bytes += len(entry.kept.body) + _OVERHEAD
            self._forget()

    def _forget(self) -> None:
        """Forget the oldest answers that are too old or too many; what is being done stays."""
        now = time.monotonic()
        for key, entry in list(self._entries.items()):
            if self._bytes <= self._most and now - entry.since < _SECONDS:
                return
            if entry.kept is not None:
                del self._entries[key]
                self._bytes -= len(entry.kept.body) + _OVERHEAD
