"""Traces that had to be given up: counted, said once in the log, and told to their store as soon as it answers."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable

from steelyard.records.arrival import Loss
from steelyard.tracking.trace_spool import host

_KINDS = 100
_REASON = 300
_OTHER = "several reasons"

_log = logging.getLogger("steelyard.tracing")
_Kind = tuple[str, str, str, str]


class Losses:
    """What this process has lost, and what of it no store knows yet."""

    def __init__(self) -> None:
        self.total = 0
        self.reasons: dict[str, int] = {}
        self._untold: dict[_Kind, tuple[int, int]] = {}
        self._changing = threading.RLock()  # a signal's handler may come in while this thread is here

    @property
    def untold(self) -> bool:
        """Whether some store does not know all that was lost for it."""
        return bool(self._untold)

    def add(self, number: int, reason: str, *, address: str, experiment_id: str, source: str = "") -> None:
        """Count traces that are lost.

        Args:
            number: how many.
            reason: why, for people.
            address: the store that they were for.
            experiment_id: where they would have gone.
            source: whose they were, ``host:pid``; this process's unless told.
        """
        with self._changing:
            if not self.total:
                _log.warning("A trace is lost (said once; steelyard.tracing.dropped() counts them): %s", reason)
            self.total += number
            short = reason[:_REASON] if len(self.reasons) < _KINDS or reason[:_REASON] in self.reasons else _OTHER
            self.reasons[short] = self.reasons.get(short, 0) + number
            self._note((address, experiment_id, source or own_source(), short), number, time.time_ns() // 1_000_000)

    def take(self, address: str) -> list[Loss]:
        """Return what the store there does not know yet; the caller tells it, or gives it back."""
        with self._changing:
            mine = [kind for kind in self._untold if kind[0] == address]
            return [_loss(kind, *self._untold.pop(kind)) for kind in mine]

    def give_back(self, address: str, losses: Iterable[Loss]) -> None:
        """Keep what the store could not be told."""
        with self._changing:
            for loss in losses:
                self._note((address, loss.experiment_id, loss.source, loss.reason), loss.n, loss.time_ms)

    def _note(self, kind: _Kind, number: int, time_ms: int) -> None:
        before, last = self._untold.get(kind, (0, 0))
        self._untold[kind] = (before + number, max(last, time_ms))


def own_source() -> str:
    """Return the name of this process among those that send traces."""
    return f"{host()}:{os.getpid()}"


def _loss(kind: _Kind, number: int, time_ms: int) -> Loss:
    _, experiment_id, source, reason = kind
    return Loss(experiment_id=experiment_id, source=source, n=number, reason=reason, time_ms=time_ms)
