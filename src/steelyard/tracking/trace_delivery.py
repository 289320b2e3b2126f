"""The way of traces to one store: straight while it answers, over files on disk while it is away.

In the order they were made: as long as something waits, what comes later waits behind it.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from steelyard.errors import (
    AlreadyExists,
    SteelyardError,
    StoreError,
    StoreTooNew,
    StoreUnavailable,
    UnreadableFile,
)
from steelyard.records import Trace
from steelyard.records.arrival import Loss
from steelyard.tracking.experiments import DEFAULT_EXPERIMENT_ID
from steelyard.tracking.trace_losses import Losses
from steelyard.tracking.trace_origins import NAMED
from steelyard.tracking.trace_packing import pack_trace, unpack_trace
from steelyard.tracking.trace_spool import LOSSES, Busy, Claim, Spool, count_in, source_of

if TYPE_CHECKING:
    from steelyard.records import Store

BATCH = 500

_KEPT = 10_000  # traces that wait in memory, when the disk cannot take them
_BACKOFF = (0.5, 30.0)  # seconds between two tries, at first and at most
_LOOK_AGAIN = 60.0  # seconds after which files of other processes are looked for again
_BUSY = 1.0  # seconds after which a file that another process delivers is looked at again
_FILE = 16 * 2**20  # characters of one file
_STUBBORN = 3  # tries after which another file has its turn

_log = logging.getLogger("steelyard.tracing")


class Delivery:
    """What this process has for one store.

    Args:
        address: opens the store.
        open_store: opens it.
        losses: counts what has to be given up.
        shown: the address without its password.
    """

    def __init__(self, address: str, open_store: Callable[[str], Store], losses: Losses, *, shown: str) -> None:
        self.address, self.shown = address, shown
        self.waiting = False  # whether anything of this process waits
        self.is_behind = False  # whether something of another process is known to wait
        self.closing = False  # whether the process is ending: then no trace is given up that the disk can keep
        self.try_again_at = 0.0
        self._open, self._losses = open_store, losses
        self._spool = Spool(shown)
        self._own: deque[str] = deque()
        self._left: deque[str] = deque()  # of processes that ended before
        self._kept: deque[Trace] = deque()
        self._on_its_way: list[Trace] = []  # out of what is kept
        self.look_at = 0.0
        self._backoff, self._failures = _BACKOFF[0], 0
        self._sent: Sequence[Trace] = ()
        self._experiments: dict[str, str] = {}
        self._saving = threading.RLock()  # a signal's handler may come in while this thread is here

    def send(self, traces: Sequence[Trace]) -> None:
        """Put traces into the store, or on disk behind those that wait."""
        self._sent = traces
        if self.waiting:
            self.catch_up()
        is_away = self.waiting or time.monotonic() < self.try_again_at
        rest = traces if is_away else self._put(traces)
        with self._saving:
            is_safe, self._sent = self._sent is not traces, ()
            if rest and not is_safe:
                self.save(rest)
        if not rest and self._losses.untold:
            self.tell_losses()

    def save_what_is_sent(self) -> Sequence[Trace]:
        """Keep on disk what the store is being given at this moment, and return it.

        The store may get it twice then, and has it once.
        """
        with self._saving:
            sent, self._sent = self._sent, ()
            self.save(sent)
            return sent

    def catch_up(self, *, now: bool = False, seconds: float = 1.0, stop: Callable[[], object] = lambda: False) -> None:
        """Deliver what waits, the oldest first, as long as the store answers.

        Args:
            now: do not wait for the moment of the next try.
            seconds: stop after so many.
            stop: stop when this becomes true.
        """
        until = time.monotonic() + seconds
        due = now or time.monotonic() >= self.try_again_at or (self.closing and self._kept)
        while due and (self._own or self._kept) and self._deliver_own():
            if time.monotonic() >= until or stop():
                break
        self._note_waiting()

    def look(self, *, now: bool = False, seconds: float = 1.0, stop: Callable[[], object] = lambda: False) -> None:
        """Deliver what processes left that ended before, and tell what was lost, if the store answers."""
        start = time.monotonic()
        if start < self.try_again_at or not (now or start >= self.look_at):
            return
        if not self._left:
            own = set(self._own)
            self._left.extend(name for name in self._spool.waiting() if name not in own)
            self._take_left_losses()
        while self._left and not stop() and time.monotonic() < start + seconds:
            if not self._deliver_files(self._left):
                break
        self.is_behind = bool(self._left)
        self.look_at = time.monotonic() + (0.0 if self.is_behind else _LOOK_AGAIN)
        self.tell_losses()

    def save(self, traces: Sequence[Trace]) -> None:
        """Keep traces on disk; in memory if the disk refuses, the oldest giving way when there are too many."""
        with self._saving:
            size, lines, batch = 0, list[str](), list[Trace]()
            for trace in traces:
                line = self._packed(trace)
                if line is None:
                    continue
                lines.append(line)
                batch.append(trace)
                size += len(line)
                if size >= _FILE or len(lines) == BATCH:
                    self._save_file(lines, batch)
                    size, lines, batch = 0, [], []
            if lines:
                self._save_file(lines, batch)
            self._note_waiting()

    def close(self) -> int:
        """Put on disk what is in memory, count what finds no place there as lost; return how many wait on disk."""
        with self._saving:
            kept, self._kept = [*self._on_its_way, *self._kept], deque()
            self.save(kept)
            lost = list(self._kept)
            self._kept.clear()
            self._give_up(lost, "the process ended while the store was away and the disk could take no more")
            self._save_losses()
            self._note_waiting()
            return sum(count_in(name) for name in list(self._own) if self._spool.has(name))

    def _deliver_own(self) -> bool:
        if self._own:
            return self._deliver_files(self._own)
        self._on_its_way = [self._kept.popleft() for _ in range(min(BATCH, len(self._kept)))]
        rest = self._put(self._on_its_way)
        self._kept.extendleft(reversed(rest))
        self._on_its_way = []
        return not rest

    def _deliver_files(self, names: deque[str]) -> bool:
        """Deliver the first of some files, as many as one transaction takes; return whether to go on."""
        claims, traces = self._claim_some(names)
        if not claims:
            return bool(names) and time.monotonic() >= self.try_again_at
        try:
            rest = self._put(traces)
            if len(rest) == len(traces):
                if self._failures >= _STUBBORN and self._answers():  # then it may be what this file holds
                    names.rotate(-1)
                return False
            if rest:  # some are in the store, some refused for good: only the rest waits on
                self._save_first(rest)
            for claim in claims:
                names.remove(claim.path.name)
                claim.path.unlink(missing_ok=True)
            return not rest
        finally:
            for claim in claims:
                claim.release()

    def _save_first(self, traces: list[Trace]) -> None:
        try:
            self._own.appendleft(self._spool.save([pack_trace(trace) for trace in traces]))
        except (OSError, SteelyardError):
            self._kept.extendleft(reversed(traces))

    def _claim_some(self, names: deque[str]) -> tuple[list[Claim], list[Trace]]:
        claims: list[Claim] = []
        traces: list[Trace] = []
        most = 1 if self._failures >= _STUBBORN else BATCH
        for name in list(names):
            if claims and len(traces) + count_in(name) > most:
                break
            try:
                claim = self._spool.claim(name)
            except Busy:
                if not claims:
                    self.try_again_at = time.monotonic() + _BUSY
                break
            except UnreadableFile as error:
                names.remove(name)
                self._lose(count_in(name), f"a file that waited on disk is damaged: {error}", source=source_of(name))
                continue
            if claim is None:  # another process has delivered it
                names.remove(name)
                continue
            claims.append(claim)
            traces.extend(self._unpacked(claim))
        return claims, traces

    def _unpacked(self, claim: Claim) -> list[Trace]:
        found, source = [], source_of(claim.path.name)
        for line in claim.lines:
            try:
                found.append(unpack_trace(line))
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                self._lose(1, f"it waited on disk and cannot be read again: {error!r}", source=source)
        return found

    def _put(self, traces: Sequence[Trace]) -> list[Trace]:
        """Put traces into the store; return those that must wait. What the store refuses is given up alone."""
        store = None
        try:
            store = self._open(self.address)
            store.traces.put(self._with_experiments(store, traces))
        except Exception as error:
            if store is None or self._is_away(error):  # a store that does not open has not looked at any trace
                self._note_away(error)
                return list(traces)
            if len(traces) <= 1:
                self._give_up(traces, f"the store refuses it: {error}")
                return []
            half = len(traces) // 2
            rest = self._put(traces[:half])
            return [*rest, *traces[half:]] if rest else self._put(traces[half:])
        self._note_answer()
        return []

    def _with_experiments(self, store: Store, traces: Sequence[Trace]) -> list[Trace]:
        """Return traces with the ids of their experiments, where only names were known so far."""
        found = []
        for trace in traces:
            named = trace.info.experiment_id
            if named.startswith(NAMED):
                trace = replace(trace, info=replace(trace.info, experiment_id=self._experiment(store, named)))
            found.append(trace)
        return found

    def _experiment(self, store: Store, named: str) -> str:
        if named not in self._experiments:
            name = named.removeprefix(NAMED)
            found = store.experiments.find(name)
            try:
                self._experiments[named] = (found or store.experiments.create(name)).experiment_id
            except AlreadyExists:  # another process was faster
                found = store.experiments.find(name)
                if found is None:
                    raise
                self._experiments[named] = found.experiment_id
        return self._experiments[named]

    def _is_away(self, error: Exception) -> bool:
        """Say whether another time the store may take what it did not take now."""
        if isinstance(error, (StoreUnavailable, StoreTooNew)) or type(error) is StoreError:
            return True
        if isinstance(error, SteelyardError):
            return False
        return self.closing or isinstance(error, (OSError, MemoryError))

    def _answers(self) -> bool:
        try:
            self._open(self.address).experiments.find("Default")
        except Exception:  # whatever it is, the store is no better than it was
            return False
        return True

    def _note_away(self, error: Exception) -> None:
        if not self._failures:
            _log.warning("Traces wait for %s, for it cannot take them: %s", self.shown, error)
        self._failures += 1
        self.try_again_at = time.monotonic() + self._backoff
        self._backoff = min(self._backoff * 2, _BACKOFF[1])

    def _note_answer(self) -> None:
        if self._failures:
            _log.info("%s takes traces again.", self.shown)
            self.look_at = 0.0  # other processes may have ended meanwhile
        self._failures, self._backoff, self.try_again_at = 0, _BACKOFF[0], 0.0

    def _note_waiting(self) -> None:
        self.waiting = bool(self._own or self._kept)

    def _packed(self, trace: Trace) -> str | None:
        try:
            return pack_trace(trace)
        except (TypeError, ValueError, RecursionError) as error:
            self._give_up([trace], f"it cannot be written down: {error}")
            return None

    def _save_file(self, lines: list[str], traces: list[Trace]) -> None:
        try:
            self._own.append(self._spool.save(lines))
        except (OSError, SteelyardError) as error:
            self._keep(traces, error)

    def _keep(self, traces: list[Trace], error: Exception) -> None:
        if not self._kept:
            _log.warning("Traces for %s wait in memory, for they cannot wait on disk: %s", self.shown, error)
        self._kept.extend(traces)
        over = [self._kept.popleft() for _ in range(len(self._kept) - _KEPT)]
        self._give_up(over, f"too many wait for a store that is away, and the disk takes no more: {error}")

    def _give_up(self, traces: Sequence[Trace], reason: str) -> None:
        for trace in traces:
            self._lose(1, reason, experiment_id=trace.info.experiment_id)

    def _lose(self, number: int, reason: str, *, experiment_id: str = DEFAULT_EXPERIMENT_ID, source: str = "") -> None:
        self._losses.add(number, reason, address=self.address, experiment_id=experiment_id, source=source)

    def tell_losses(self) -> None:
        """Tell the store what was lost and not told yet, unless it is away."""
        if time.monotonic() < self.try_again_at:
            return
        losses = self._losses.take(self.address)
        while losses:
            try:
                store = self._open(self.address)
                store.traces.lost([self._placed(store, loss) for loss in losses])
                return
            except Exception as error:
                if self._is_away(error):
                    self._losses.give_back(self.address, losses)
                    return
                if all(loss.experiment_id == DEFAULT_EXPERIMENT_ID for loss in losses):
                    _log.warning("%s cannot be told how many traces are lost: %r", self.shown, error)
                    return
            # perhaps the reason of the loss: an experiment that is not there
            losses = [replace(loss, experiment_id=DEFAULT_EXPERIMENT_ID) for loss in losses]

    def _placed(self, store: Store, loss: Loss) -> Loss:
        if not loss.experiment_id.startswith(NAMED):
            return loss
        return replace(loss, experiment_id=self._experiment(store, loss.experiment_id))

    def _save_losses(self) -> None:
        losses = self._losses.take(self.address)
        if losses:
            try:
                self._spool.save([json.dumps(asdict(loss)) for loss in losses], LOSSES)
            except (OSError, SteelyardError) as error:
                _log.warning("%s will not learn how many traces are lost: %s", self.shown, error)

    def _take_left_losses(self) -> None:
        for name in self._spool.waiting(LOSSES):
            try:
                claim = self._spool.claim(name)
            except (Busy, UnreadableFile):
                continue
            if claim is not None:
                self._losses.give_back(self.address, [Loss(**json.loads(line)) for line in claim.lines])
                claim.done()
