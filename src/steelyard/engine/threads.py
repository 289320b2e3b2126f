"""Units in threads: as many as wait for something at the same time, never more than the evaluation's concurrency."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterator

from steelyard.engine.stages import Bench, ThreadedUnit
from steelyard.engine.units import Unit

_BLOCKED = 0.001  # seconds: a step that has lasted as long waits for something, so another thread may work meanwhile
_QUICK_LOOK = 0.001
_SLOW_LOOK = 0.02


class ThreadDriver:
    """Works through units with threads that are started only when those there are wait.

    A function that answers at once is served best by one thread; one that waits for a network by many.

    Args:
        bench: what units work with.
        units: what is to do; read by one thread at a time.
        failed: called with an error that is not the function's nor a scorer's.
    """

    def __init__(self, bench: Bench, units: Iterator[Unit], *, failed: Callable[[BaseException], None]) -> None:
        self._bench, self._units, self._failed = bench, units, failed
        self._size = bench.work.rows_in_flight
        self._context = contextvars.copy_context()
        self._taking = threading.Lock()
        self._running: dict[threading.Thread, tuple[ThreadedUnit, float]] = {}
        self._live = 0
        self._counting = threading.Lock()
        self._wake = threading.Event()
        self._stopped = False
        self._exhausted = False

    def run(self, stop: threading.Event) -> None:
        """Work until there is nothing left, or ``stop`` is set; what is in flight then is left behind."""
        self._start()
        while self._live:
            self._wake.wait(_QUICK_LOOK if self._live < self._size and not self._exhausted else _SLOW_LOOK)
            if stop.is_set():
                self._stopped = True
                return
            now = time.monotonic()
            running = list(self._running.items())
            for thread, (unit, _since) in running:
                turn = unit.expire(now)
                if turn is not None:  # that thread hangs: another one goes on with its unit, in its place
                    self._running.pop(thread, None)
                    self._spawn(unit, turn)
            waiting = all(now - since > _BLOCKED for _, (_, since) in running)
            if waiting and len(running) >= self._live and self._live < self._size and not self._exhausted:
                self._start()

    def _start(self) -> None:
        with self._counting:
            self._live += 1
        self._spawn(None, 0)

    def _spawn(self, unit: ThreadedUnit | None, turn: int) -> None:
        threading.Thread(target=self._work, args=(unit, turn), name="steelyard-unit", daemon=True).start()

    def _work(self, unit: ThreadedUnit | None, turn: int) -> None:
        me = threading.current_thread()
        try:
            while unit is not None or (unit := self._take()) is not None:
                self._running[me] = unit, time.monotonic()
                if not self._context.copy().run(unit.go, turn):
                    return  # another thread has taken this one's place
                unit, turn = None, 0
        except BaseException as error:
            if not self._stopped:
                self._failed(error)
        self._running.pop(me, None)
        with self._counting:
            self._live -= 1
            if not self._live:
                self._wake.set()

    def _take(self) -> ThreadedUnit | None:
        with self._taking:
            if self._stopped or self._exhausted:
                return None
            unit = next(self._units, None)
            if unit is None:
                self._exhausted = True
                return None
            return ThreadedUnit(self._bench, unit)
