"""Where finished traces go. The tracking room registers a sink that writes to the store; until then they wait here."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Protocol

from steelyard.tracing.origin import Origin

if TYPE_CHECKING:
    from steelyard.tracing.finishing import Finished

_WAITING_ROOM = 1000
_log = logging.getLogger("steelyard.tracing")


class Sink(Protocol):
    """What takes finished traces. ``origin`` and ``accept`` are called in the application and must be quick."""

    def origin(self) -> Origin:
        """Say what a trace that begins now belongs to."""
        ...

    def accept(self, finished: Finished) -> None:
        """Take a finished trace; ``finished.build()`` turns it into a record."""
        ...

    def flush(self, timeout: float) -> bool:
        """Return whether everything accepted was written within so many seconds."""
        ...

    @property
    def dropped(self) -> int:
        """How many traces were lost."""
        ...


class _WaitingRoom:
    """Keeps the latest traces until there is a sink."""

    def __init__(self) -> None:
        self._traces: deque[Finished] = deque(maxlen=_WAITING_ROOM)
        self.dropped = 0

    def origin(self) -> Origin:
        return Origin()

    def accept(self, finished: Finished) -> None:
        self.dropped += len(self._traces) == _WAITING_ROOM
        self._traces.append(finished)

    def flush(self, timeout: float) -> bool:
        return not self._traces

    def hand_over(self, sink: Sink) -> None:
        while self._traces:
            sink.accept(self._traces.popleft())


_waiting = _WaitingRoom()
_sink: Sink = _waiting


def set_sink(sink: Sink | None) -> Sink | None:
    """Send finished traces to a sink from now on; with None, keep them in memory. Return the sink that was there."""
    global _sink
    before = _sink
    _sink = _waiting if sink is None else sink
    if sink is not None:
        _waiting.hand_over(sink)
    return None if before is _waiting else before


def current_sink() -> Sink:
    """Return where finished traces go."""
    return _sink


def flush(timeout: float = 30.0) -> bool:
    """Wait until every finished trace is written.

    Args:
        timeout: seconds.

    Returns:
        Whether all are; False if the time ran out or some are kept for another try.
    """
    return _sink.flush(timeout)


def dropped() -> int:
    """Return how many traces of this process were lost: no store could take them, and too many had gathered."""
    return _sink.dropped + (_waiting.dropped if _sink is not _waiting else 0)


_told: set[str] = set()


def tell_once(what: str, error: BaseException) -> None:
    """Log, the first time only, that recording failed at something. The application goes on regardless."""
    if what not in _told:
        _told.add(what)
        _log.warning("Tracing could not %s (said once): %r", what, error, exc_info=error)
