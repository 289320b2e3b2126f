"""Writes finished traces to the store in the background, many in one transaction.

Nothing is lost in silence. A store that is away, or slower than the application, makes traces wait on disk; a process
that ends writes what it has, or leaves it on disk for the next; what had to be given up after all is counted.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import sys
import threading
import time
from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from steelyard.records import Trace
from steelyard.tracing import Finished, Origin, set_sink
from steelyard.tracking import trace_exits
from steelyard.tracking.stores import get_store, store_address
from steelyard.tracking.trace_delivery import BATCH, Delivery
from steelyard.tracking.trace_losses import Losses
from steelyard.tracking.trace_origins import Origins
from steelyard.tracking.trace_packing import with_ids
from steelyard.tracking.trace_spool import leave_to_parent

if TYPE_CHECKING:
    from steelyard.records import Store

_Held = Finished | tuple[str, Trace] | None  # first as it came, then with its store's address; None if it was lost

_QUEUE = 20_000  # traces that wait to be written
_PATIENCE = 0.5  # seconds that the application waits for a full queue before it puts a part of it on disk
_LINGER = 0.1  # seconds in which traces gather for one transaction
_FLUSH = 30.0
_AT_EXIT = 30.0
# Seconds without any progress after which a process that ends leaves the rest on disk. Another process may hold a
# database for a while; a server that has not answered by then is away.
_STALLED, _STALLED_REMOTE = 10.0, 1.5
_PATIENT_FORK = 2.0  # seconds that a fork waits for a store to be opened
_DISK = 10.0  # seconds in which another thread has put on disk what it is about to
_STUCK = 1.0  # seconds without progress after which the queue goes on disk
_LEFT = 5.0  # seconds in which a flush delivers what earlier processes left
_LEAVING = 30.0  # seconds after a signal to end in which every trace is written before its call returns


class TraceWriter:
    """The sink of this process; see ``steelyard.tracing.Sink``."""

    def __init__(self) -> None:
        self._losses = Losses()
        self._queue: deque[Finished | _Flush] = deque()
        self._flushes: deque[_Flush] = deque()  # those in the queue
        self._deliveries: dict[str, Delivery] = {}
        self._in_hand: dict[int, list[_Held]] = {}  # out of the queue, not yet in a store or on disk
        self._written = 0  # changes as long as anybody gets on
        self._sent = 0  # batches that the stores took; what the application itself puts on disk does not count
        self._full_at: int | None = None  # how many were sent when the application last waited in vain
        self._forking = False
        self._idle = True
        self._busy = threading.Event()
        self._urgent_until = 0.0
        self._said: set[str] = set()
        # A queue of the kind that a signal's handler may use while the code that it interrupts is using it.
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting, self._taking, self._opening = threading.RLock(), threading.RLock(), threading.RLock()
        self._origins = Origins()

    @property
    def dropped(self) -> int:
        """How many traces of this process were lost."""
        return self._losses.total

    def origin(self) -> Origin:
        """Return the experiment, the run and the store that are active here and now."""
        return self._origins.here()

    def accept(self, finished: Finished) -> None:
        """Take a trace; wait a moment if too many are waiting already, then put some of them on disk."""
        if len(self._queue) >= _QUEUE and not self._room_again():
            self._spill()
        self._queue.append(finished)
        if self._idle:
            self._idle = False  # before the thread can say so itself: one call to wake it is enough
            self._wake()
        if self._urgent_until and time.monotonic() < self._urgent_until:
            self._settle()

    def flush(self, timeout: float = _FLUSH) -> bool:
        """Write everything accepted so far; return whether all of it is in the store. On disk is not in the store."""
        flush = self._ask_for_flush()
        return flush.done.wait(timeout) and flush.everything

    def finish(self, *, signalled: bool = False) -> None:
        """Write what is left when the process ends, or leave it on disk for the next process.

        Args:
            signalled: a signal's handler calls, in the middle of whatever the main thread was doing.
        """
        self._urgent_until = float("inf")  # threads that run on finish further traces meanwhile, and after this
        if self._thread is not None or self._queue:
            for delivery in list(self._deliveries.values()):
                delivery.closing = True
            self._wait_for_the_rest(signalled=signalled)
            self._rescue()
        self._say_what_remains(signalled=signalled)

    def write_at_once(self) -> None:
        """Write every trace before its call returns, from now on for a while: the process may end without a word."""
        self._urgent_until = max(self._urgent_until, time.monotonic() + _LEAVING)

    def before_fork(self) -> None:
        """Prepare for children."""
        trace_exits.mind_multiprocessing(self)
        self._forking = self._opening.acquire(timeout=_PATIENT_FORK)

    def after_fork(self) -> None:
        """Go on in the parent."""
        if self._forking:
            self._opening.release()

    def begin_anew(self) -> None:
        """Leave to the parent what is the parent's, in a child made by a fork."""
        leave_to_parent()
        self.__init__()

    def _ask_for_flush(self) -> _Flush:
        flush = _Flush()
        self._flushes.append(flush)
        self._queue.append(flush)
        self._wake()
        return flush

    def _room_again(self) -> bool:
        if self._full_at == self._sent:
            return False
        until = time.monotonic() + _PATIENCE
        self._wake()
        while len(self._queue) >= _QUEUE and time.monotonic() < until:
            time.sleep(0.005)
        has_room = len(self._queue) < _QUEUE
        self._full_at = None if has_room else self._sent
        return has_room

    def _spill(self) -> bool:
        """Put the oldest part of the queue on disk, up to the next flush; return whether there was any."""
        with self._taking:
            batch, flush = self._take()
            for address, traces in self._by_store(batch).items():
                self._delivery(address).save(traces)
            del self._in_hand[id(batch)]
            if flush is not None:
                self._queue.appendleft(flush)
            return bool(batch)

    def _settle(self) -> None:
        """Return when everything accepted so far is in a store or on disk."""
        if not self._ask_for_flush().done.wait(_STALLED_REMOTE):
            self._rescue()

    def _wake(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._start()
        self._calls.put(None)

    def _start(self) -> None:
        with self._starting:
            if self._thread is not None and self._thread.is_alive():
                return
            trace_exits.guard(self)
            self._thread = threading.Thread(target=self._run, name="steelyard-traces", daemon=True)
            try:
                self._thread.start()
                threading.Thread(target=self._watch, name="steelyard-traces-watch", daemon=True).start()
            except RuntimeError:  # the interpreter is ending and starts no more threads
                while self._queue:
                    self._write_some()

    def _run(self) -> None:
        while True:
            self._idle = True
            self._busy.clear()
            if not self._queue:
                self._rest(self._seconds_to_next_try())
            self._idle = False
            self._busy.set()
            while self._queue:
                self._linger()
                self._write_some()
            for delivery in list(self._deliveries.values()):
                if delivery.waiting:
                    delivery.catch_up(stop=self._queue.__len__)
                elif time.monotonic() >= delivery.look_at:
                    delivery.look(stop=self._queue.__len__)

    def _watch(self) -> None:
        """Put on disk what waits behind a store that has not answered for a while: a kill would take it."""
        while True:
            self._busy.wait()
            seen = None
            while self._busy.is_set() and seen != self._sent:
                seen = self._sent
                time.sleep(_STUCK)
            if not self._busy.is_set():
                continue
            self._save_what_is_sent()
            while self._spill():
                pass
            time.sleep(_STUCK)

    def _save_what_is_sent(self) -> None:
        with self._taking:
            safe = {id(trace) for delivery in list(self._deliveries.values()) for trace in delivery.save_what_is_sent()}
            for batch in list(self._in_hand.values()):  # so that a rescue does not save them a second time
                batch[:] = [None if isinstance(held, tuple) and id(held[1]) in safe else held for held in batch]

    def _linger(self) -> None:
        until = time.monotonic() + _LINGER
        while len(self._queue) < BATCH and not self._flushes and (left := until - time.monotonic()) > 0:
            self._rest(left)

    def _rest(self, seconds: float | None) -> None:
        with contextlib.suppress(Empty):
            self._calls.get(timeout=seconds)
            while True:
                self._calls.get_nowait()

    def _seconds_to_next_try(self) -> float | None:
        deliveries = list(self._deliveries.values())
        due = [delivery.try_again_at for delivery in deliveries if delivery.waiting or delivery.is_behind]
        return max(min(due) - time.monotonic(), 0.01) if due else None

    def _write_some(self) -> None:
        """Write the next traces of the queue, up to the next flush."""
        with self._taking:
            batch, flush = self._take()
            ready = self._by_store(batch)
        for address, traces in ready.items():
            self._delivery(address).send(traces)
            self._written += 1
            self._sent += 1
        with self._taking:
            del self._in_hand[id(batch)]
        if flush is not None:
            self._end_flush(flush)

    def _take(self) -> tuple[list[_Held], _Flush | None]:
        """Take a batch out of the queue and into hand; also the flush behind it, if there is one."""
        batch: list[_Held] = []
        self._in_hand[id(batch)] = batch
        while self._queue and len(batch) < BATCH:
            first = self._queue[0]
            if isinstance(first, _Flush):
                if batch:
                    break
                self._queue.popleft()
                return batch, first
            batch.append(first)  # before it leaves the queue, so that a signal finds it in one of the two
            self._queue.popleft()
        return batch, None

    def _by_store(self, batch: list[_Held]) -> dict[str, list[Trace]]:
        """Turn traces into records, in place, and return them by the address of their store."""
        by_store: dict[str, list[Trace]] = {}
        for place, held in enumerate(batch):
            if isinstance(held, Finished):
                batch[place] = held = self._built(held)
            if held is not None:
                by_store.setdefault(held[0], []).append(held[1])
        return by_store

    def _built(self, finished: Finished) -> tuple[str, Trace] | None:
        self._written += 1
        address = finished.facts.address
        try:
            address = address or store_address()
            return address, with_ids(finished.build())
        except Exception as error:  # one trace that cannot be read must not take others with it
            experiment = finished.facts.experiment_id
            self._losses.add(1, f"it could not be read: {error!r}", address=address, experiment_id=experiment)
            return None

    def _delivery(self, address: str) -> Delivery:
        found = self._deliveries.get(address)
        if found is None:
            made = Delivery(address, self._open, self._losses, shown=_without_password(address))
            found = self._deliveries.setdefault(address, made)
        return found

    def _open(self, address: str) -> Store:
        """Open a store; no fork comes in between, whose child would inherit modules that are half loaded."""
        with self._opening:
            return get_store(address)

    def _end_flush(self, flush: _Flush) -> None:
        for delivery in list(self._deliveries.values()):
            if delivery.waiting:
                delivery.catch_up(now=not delivery.closing, seconds=_FLUSH)
        self._look_here()
        if self._losses.untold:
            for delivery in list(self._deliveries.values()):
                delivery.tell_losses()
        flush.everything = not any(delivery.waiting for delivery in self._deliveries.values())
        self._flushes.remove(flush)
        flush.done.set()

    def _look_here(self) -> None:
        """Deliver what earlier processes left for the store that is in use here, once."""
        address = self._origins.address_here()
        if address not in self._deliveries:
            self._delivery(address).look(seconds=_LEFT)

    def _wait_for_the_rest(self, *, signalled: bool) -> None:
        flush = self._ask_for_flush()
        begun = last = time.monotonic()
        seen = self._written
        while not flush.done.wait(0.02):
            now = time.monotonic()
            if self._written != seen:
                seen, last = self._written, now
            impatient = signalled or any(_is_remote(address) for address in list(self._deliveries))
            if now - last > (_STALLED_REMOTE if impatient else _STALLED) or now - begun > _AT_EXIT:
                return

    def _rescue(self) -> None:
        """Put on disk what is neither in a store nor there; what a store is being given at this moment, too."""
        mine = self._taking.acquire(timeout=_DISK)
        held: list[_Held] = [one for batch in list(self._in_hand.values()) for one in batch]
        self._in_hand[id(held)] = held
        flushes: list[_Flush] = []
        try:
            while self._queue:
                first = self._queue[0]
                if isinstance(first, _Flush):
                    flushes.append(first)
                else:
                    held.append(first)
                self._queue.popleft()
            for address, traces in self._by_store(held).items():
                self._delivery(address).save(traces)
            for flush in flushes:  # who waits for one goes on now
                self._flushes.remove(flush)
                flush.done.set()
        finally:
            del self._in_hand[id(held)]
            if mine:
                self._taking.release()

    def _say_what_remains(self, *, signalled: bool) -> None:
        said = []
        for delivery in list(self._deliveries.values()):
            waiting = delivery.close()
            if waiting:
                those = f"{_traces(waiting, 'waits', 'wait')} on disk for {delivery.shown}"
                them = "it" if waiting == 1 else "them"
                said.append(f"steelyard: {those}; the next process that uses this store delivers {them}\n")
        if self.dropped:
            lost = _traces(self.dropped, "of this process is lost", "of this process are lost")
            said.append(f"steelyard: {lost}: {'; '.join(self._losses.reasons)[:500]}\n")
        fresh = "".join(line for line in said if line not in self._said)
        self._said.update(said)
        if fresh and signalled:  # the handler may have interrupted somebody who is writing there
            os.write(2, fresh.encode(errors="replace"))
        elif fresh:
            sys.stderr.write(fresh)


class _Flush:
    """A mark in the queue: when the writer comes to it, everything before it has been tried."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.everything = False


def _traces(number: int, one: str, many: str) -> str:
    return f"1 trace {one}" if number == 1 else f"{number} traces {many}"


def _is_remote(address: str) -> bool:
    scheme, separator, _ = address.partition("://")
    return bool(separator) and scheme.lower() not in ("sqlite", "file")


def _without_password(address: str) -> str:
    return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:***@", re.sub(r"((?:ssl)?password=)[^&]*", r"\1***", address))


writer = TraceWriter()
set_sink(writer)
trace_exits.guard(writer)
atexit.register(writer.finish)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=writer.before_fork, after_in_parent=writer.after_fork, after_in_child=writer.begin_anew)
