"""What is done to the store beside the requests, in a thread of its own that gives way to them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from steelyard.records import Store

_log = logging.getLogger("steelyard.server")
_AT_ONCE_SECONDS = 0.25
_IDLE_SECONDS = 2.0
_SHARE_WHEN_BUSY = 4  # it rests this many times as long as it worked while requests wait
_LONGEST_REST = 5.0


class Upkeep:
    """Calls ``store.upkeep.work`` again and again until stopped.

    It goes on at once while something waits, resting at least as long as it worked, and longer while requests wait;
    every two seconds otherwise. An error is logged once for each kind, and the next round goes on.

    Args:
        store: what is kept up.
        busy: whether requests wait at this moment.
    """

    def __init__(self, store: Store, *, busy: Callable[[], bool] = lambda: False) -> None:
        self._store = store
        self._busy = busy
        self._ending = threading.Event()
        self._told: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the step that is being done, which is short."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def round(self) -> float:
        """Work once; return how many seconds to rest."""
        began = time.monotonic()
        try:
            left = self._store.upkeep.work(max_seconds=_AT_ONCE_SECONDS).left
        except Exception as problem:
            kind = type(problem).__name__
            if kind not in self._told:
                self._told.add(kind)
                _log.exception("Upkeep of the store failed; it is tried again, and this kind of error not told again")
            return _IDLE_SECONDS
        if not left:
            return _IDLE_SECONDS
        worked = time.monotonic() - began
        return min(worked * (_SHARE_WHEN_BUSY if self._busy() else 1), _LONGEST_REST)

    def _run(self) -> None:
        rest = 0.0
        while not self._ending.wait(rest):
            rest = self.round()
