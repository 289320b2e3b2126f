"""Writes finished traces to the store in the background, many in one transaction.

Nothing is lost in silence: a full queue makes the application wait for a moment, a store that is away is tried again,
and what had to be given up after all is counted.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from steelyard.errors import StoreUnavailable
from steelyard.records import RUN_KEY, Trace
from steelyard.tracing import Finished, Origin, set_sink
from steelyard.tracking.environment import setting
from steelyard.tracking.experiments import active_experiment_id, chosen_experiment
from steelyard.tracking.runs import active_run
from steelyard.tracking.stores import get_store, get_tracking_uri, store_address

if TYPE_CHECKING:
    from collections.abc import Iterable

_QUEUE = 20_000  # traces that wait to be written
_PATIENCE = 2.0  # seconds that the application waits for a full queue
_LINGER = 0.1  # seconds in which traces gather for one transaction
_BATCH = 500
_KEPT = 10_000  # traces that wait for a store that is away
_BACKOFF = (0.5, 30.0)  # seconds between two tries, at first and at most
_AT_EXIT = 30.0

_log = logging.getLogger("steelyard.tracing")
_Addressed = tuple[str, Trace]


class TraceWriter:
    """The sink of this process; see ``steelyard.tracing.Sink``."""

    def __init__(self) -> None:
        self.dropped = 0
        self._queue: deque[Finished | _Flush] = deque()
        self._kept: deque[_Addressed] = deque()
        self._try_again_at = 0.0
        self._backoff = _BACKOFF[0]
        self._idle = True
        self._work = threading.Event()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._addresses: dict[tuple[str, str], str] = {}
        self._origins: dict[tuple[str, object], Origin] = {}

    def origin(self) -> Origin:
        """Return the experiment, the run and the store that are active here and now."""
        run = active_run()
        here = self._origin_without_run()
        if run is None:
            return here
        return Origin(run.info.experiment_id, {RUN_KEY: run.info.run_id}, run.store_uri or here.address)

    def _origin_without_run(self) -> Origin:
        """Return the active experiment; it is worked out once for each tracking URI, folder and setting."""
        chosen = chosen_experiment()
        place = (get_tracking_uri(), os.getcwd())  # noqa: PTH109 - only compared
        address = self._addresses.get(place)
        if address is None:
            address = self._addresses[place] = store_address()
        named: object = chosen
        if chosen is None or chosen[0] != address:
            named = (setting("EXPERIMENT_NAME"), setting("EXPERIMENT_ID"))
        found = self._origins.get((address, named))
        if found is None:
            found = self._origins[address, named] = Origin(active_experiment_id(), {}, address)
        return found

    def accept(self, finished: Finished) -> None:
        """Take a trace; wait a moment if too many are waiting already."""
        if len(self._queue) >= _QUEUE and not self._room_again():
            self._give_up(1, "the store is too slow for the traces of this process")
            return
        self._queue.append(finished)
        if self._idle:
            self._idle = False  # before the thread can say so itself: one call to wake it is enough
            self._wake()

    def flush(self, timeout: float = _AT_EXIT) -> bool:
        """Write everything accepted so far; return whether all of it is in the store."""
        flush = _Flush()
        self._queue.append(flush)
        self._hurry.set()
        self._wake()
        return flush.done.wait(timeout) and flush.everything

    def finish(self) -> None:
        """Write what is left when the process ends."""
        if self._thread is not None or self._queue:  # it may hold traces that it is writing just now
            self.flush()
        left = len(self._kept) + sum(isinstance(each, Finished) for each in self._queue)
        if left:
            self.dropped += left
            sys.stderr.write(f"steelyard: {left} traces could not be written before the process ended\n")

    def begin_anew(self) -> None:
        """Leave to the parent what is the parent's, in a child made by a fork."""
        self.__init__()

    def _room_again(self) -> bool:
        until = time.monotonic() + _PATIENCE
        self._wake()
        while len(self._queue) >= _QUEUE and time.monotonic() < until:
            time.sleep(0.005)
        return len(self._queue) < _QUEUE

    def _wake(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="steelyard-traces", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # the interpreter is ending and starts no more threads
                    while self._queue:
                        self._write_some()
        self._work.set()

    def _run(self) -> None:
        while True:
            self._idle = True
            if not self._queue:
                self._work.wait(self._time_to_try_again())
            self._idle = False
            self._work.clear()
            while self._queue:
                if len(self._queue) < _BATCH:
                    self._hurry.wait(_LINGER)
                self._write_some()
            if self._kept and time.monotonic() >= self._try_again_at:
                self._write(self._take_kept())

    def _time_to_try_again(self) -> float | None:
        return max(self._try_again_at - time.monotonic(), 0.01) if self._kept else None

    def _write_some(self) -> None:
        """Write the next traces of the queue, up to the next flush."""
        flush = None
        batch: list[Finished] = []
        while self._queue and len(batch) < _BATCH and flush is None:
            next_one = self._queue.popleft()
            if isinstance(next_one, Finished):
                batch.append(next_one)
            else:
                flush = next_one
        if flush is not None:
            self._hurry.clear()
        self._write(self._take_kept() if flush is not None else [], batch)
        if flush is not None:
            flush.everything = not self._kept
            flush.done.set()

    def _write(self, again: Sequence[_Addressed], batch: Sequence[Finished] = ()) -> None:
        """Turn traces into records and put them into their stores; keep those whose store is away."""
        ready = list(again)
        for finished in batch:
            try:
                ready.append((finished.facts.address, finished.build()))
            except Exception as error:  # one trace that cannot be read must not take others with it
                self._give_up(1, f"it could not be read: {error!r}")
        by_store: dict[str, list[Trace]] = {}
        for address, trace in ready:
            by_store.setdefault(address, []).append(trace)
        for address, traces in by_store.items():
            self._put(address, traces)

    def _put(self, address: str, traces: list[Trace]) -> None:
        try:
            get_store(address or None).traces.put(traces)
            self._backoff = _BACKOFF[0]
        except StoreUnavailable as error:
            self._keep(((address, trace) for trace in traces), error)
        except Exception as error:  # a trace that the store refuses must not take others with it
            if len(traces) == 1:
                self._give_up(1, f"the store refuses it: {error}")
                return
            for trace in traces:
                self._put(address, [trace])

    def _keep(self, traces: Iterable[_Addressed], error: Exception) -> None:
        if not self._kept:
            _log.warning("Traces wait in memory, for the store cannot take them: %s", error)
        self._kept.extend(traces)
        over = len(self._kept) - _KEPT
        for _ in range(over):
            self._kept.popleft()
        if over > 0:
            self._give_up(over, f"too many wait for a store that is away: {error}")
        self._try_again_at = time.monotonic() + self._backoff
        self._backoff = min(self._backoff * 2, _BACKOFF[1])

    def _take_kept(self) -> list[_Addressed]:
        taken = list(self._kept)
        self._kept.clear()
        return taken

    def _give_up(self, number: int, reason: str) -> None:
        if not self.dropped:
            _log.warning("A trace is lost (said once; steelyard.tracing.dropped() counts them): %s", reason)
        self.dropped += number


class _Flush:
    """A mark in the queue: when the writer comes to it, everything before it has been tried."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.everything = False


writer = TraceWriter()
set_sink(writer)
atexit.register(writer.finish)


def _before_fork() -> None:
    """Let children of multiprocessing, which end without the functions of atexit, write what they have."""
    global _told_multiprocessing
    util = sys.modules.get("multiprocessing.util")
    if util is not None and not _told_multiprocessing:
        _told_multiprocessing = True
        util.register_after_fork(writer, lambda _: util.Finalize(writer, writer.finish, exitpriority=0))


_told_multiprocessing = False
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=writer.begin_anew)
