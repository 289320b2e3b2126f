"""The hands of a worker: scorers being asked, quick ones before all else, the others side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from functools import partial

from steelyard.engine.loop import LoopThread
from steelyard.engine.pool import DaemonPool
from steelyard.monitor.clocks import Clock
from steelyard.monitor.isolating import IsolatedScorer
from steelyard.monitor.scoring import Asking, Said
from steelyard.monitor.scoring_made import Made
from steelyard.records.monitor import Monitor, Work

_QUICK_SECONDS = 0.25
"""A scorer that takes longer than this goes on beside the others instead of before them."""

_SLOW_FOR_SECONDS = 60.0
_INLINE_SECONDS = 2.0
"""After so much of it in one step, even quick scorers go on beside the others."""

_GRACE_SECONDS = 90.0


@dataclass(slots=True, eq=False)
class InHand:
    """Work whose scorer is being asked.

    Args:
        work, monitor, made, asking: what, for whom, by whom.
        epoch: of the line to the judge when it was asked.
    """

    work: Work
    monitor: Monitor
    made: Made
    asking: Asking
    epoch: int
    future: Future[Said] = field(default_factory=Future)
    limit: float | None = None
    begun: float | None = None


class Hands:
    """What is in hand.

    Args:
        clock: tells what takes too long.
        woken: set when something has ended.
    """

    def __init__(self, clock: Clock, woken: threading.Event) -> None:
        self._clock = clock
        self._woken = woken
        self._held: list[InHand] = []
        self._pools: dict[str, DaemonPool] = {}
        self._quick = DaemonPool(2)
        self._loop: LoopThread | None = None
        self._slow_until: dict[str, float] = {}
        self._inline_until = 0.0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def works(self) -> list[Work]:
        """What is in hand, as it was handed out or renewed."""
        return [each.work for each in self._held]

    @property
    def beside(self) -> int:
        """How many of them ask models or other processes."""
        return sum(not each.made.inline for each in self._held)

    def of(self, monitor_id: str) -> int:
        """Return how many are a monitor's."""
        return sum(each.monitor.monitor_id == monitor_id for each in self._held)

    def is_quick(self, monitor_id: str) -> bool:
        """Whether a monitor's scorer has not been found slow lately."""
        return self._slow_until.get(monitor_id, 0.0) <= self._clock.seconds()

    def begin_step(self) -> None:
        """Quick scorers may hold up everything else again, for a moment."""
        self._inline_until = self._clock.seconds() + _INLINE_SECONDS

    def ask(self, each: InHand) -> Said | None:
        """Ask a scorer; return what it said if it said so at once, else it is in hand."""
        scorer = each.made.scorer
        if scorer.is_async:
            each.future = self._looping().submit(each.asking.aanswer())  # it keeps its time limit itself
        else:
            each.limit = scorer.time_limit
            if not each.made.inline:  # the process keeps the time, and has to begin first
                each.limit = _seconds_of(scorer) + _GRACE_SECONDS
            quick = each.made.inline and self.is_quick(each.monitor.monitor_id)
            if quick and self._clock.seconds() < self._inline_until:
                each.future = self._quick.submit(partial(self._answer, each))
                if (said := self._said_at_once(each)) is not None:
                    return said
            else:
                each.future = self._pool_of(each).submit(partial(self._answer, each))
        self._held.append(each)
        each.future.add_done_callback(lambda _: self._woken.set())
        return None

    def ended(self) -> Iterator[tuple[InHand, Said]]:
        """Yield what has ended, or takes too long; it is no longer in hand."""
        now = self._clock.seconds()
        for each in list(self._held):
            if each.future.done():
                self._held.remove(each)
                yield each, _result(each)
            elif each.limit is not None and each.begun is not None and now - each.begun > each.limit:
                self._held.remove(each)
                pool = self._pool_of(each)
                pool.give_up()  # its thread hangs: another takes its place
                pool.submit(_begin_another)
                yield (
                    each,
                    each.asking.failed(TimeoutError(f"no verdict after {each.limit:g} s (the scorer's timeout)")),
                )

    def keep(self, kept: Mapping[int, Work]) -> None:
        """Let go of all work but this, by number."""
        for each in list(self._held):
            if each.work.work_id in kept:
                each.work = kept[each.work.work_id]
            else:
                self._held.remove(each)
                each.future.cancel()

    def close(self) -> None:
        """Let threads and the loop end."""
        for pool in (self._quick, *self._pools.values()):
            pool.close()
        if self._loop is not None:
            self._loop.close()

    def _answer(self, each: InHand) -> Said:
        each.begun = self._clock.seconds()
        return each.asking.answer()

    def _said_at_once(self, each: InHand) -> Said | None:
        try:
            return each.future.result(_QUICK_SECONDS)
        except NotYet:
            self._slow_until[each.monitor.monitor_id] = self._clock.seconds() + _SLOW_FOR_SECONDS
            self._quick.give_up()  # that thread is another's until it comes back
            return None

    def _pool_of(self, each: InHand) -> DaemonPool:
        size = 4 if each.made.inline else 1  # a process does one thing at a time
        return self._pools.setdefault(each.monitor.monitor_id, DaemonPool(size))

    def _looping(self) -> LoopThread:
        if self._loop is None:
            self._loop = LoopThread()
        return self._loop


def _begin_another() -> None:
    """Do nothing: whatever is submitted has a pool begin a thread where it has room for one."""


def _result(each: InHand) -> Said:
    try:
        return each.future.result()
    except (CancelledError, Exception) as error:
        return each.asking.failed(error)


def _seconds_of(scorer: object) -> float:
    """Return how long a scorer's process may take, or those of an ensemble together."""
    if isinstance(scorer, IsolatedScorer):
        return scorer.seconds
    return sum(_seconds_of(each) for each in getattr(scorer, "members", ()))
