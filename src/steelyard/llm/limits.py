"""How many calls of a model may be in flight: raised slowly while they succeed, halved when there are too many.

Additive increase, multiplicative decrease (Chiu & Jain 1989), as TCP does it: a full window of successes raises the
limit by one, and a refusal (429, 503) halves it, once for all calls that were in flight together. A refusal also
stops all calls of that model until the time that the provider names or, where it names none, for a time that doubles
with each refusal in a row.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from steelyard.errors import InvalidArgument

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0

Schedule = Callable[[float, Callable[[], None]], None]


@dataclass(slots=True, eq=False)
class Slot:
    """The right to one call. ``ok`` and ``refused`` tell the limiter how it went."""

    limiter: Limiter
    epoch: int

    def ok(self) -> None:
        """The call went through."""
        self.limiter._succeeded()  # noqa: SLF001

    def refused(self, retry_after: float | None = None) -> float:
        """There were too many calls; return how many seconds all of them now wait."""
        return self.limiter._refused(self, retry_after)  # noqa: SLF001


@dataclass(slots=True, eq=False)
class _Waiter:
    grant: Callable[[Slot], bool]


class Limiter:
    """The limit of one model, shared by threads and event loops; whoever has waited longest goes first.

    Args:
        start: how many calls may be in flight at first.
        maximum: how many at most.
        clock: seconds that never go back.
        schedule: ``schedule(seconds, function)`` calls a function later.

    >>> limiter = Limiter(start=2)
    >>> with limiter.slot() as slot:
    ...     slot.ok()
    >>> limiter.limit
    2
    """

    def __init__(
        self,
        *,
        start: int = 10,
        maximum: int = 64,
        clock: Callable[[], float] = time.monotonic,
        schedule: Schedule | None = None,
    ) -> None:
        if start < 1 or maximum < 1:
            message = f"At least 1 call must be allowed in flight, not start={start}, maximum={maximum}."
            raise InvalidArgument(message)
        self._maximum = maximum
        self._limit = float(min(start, maximum))
        self._clock = clock
        self._schedule = schedule or _later
        self._lock = threading.Lock()
        self._waiting: deque[_Waiter] = deque()
        self._in_flight = 0
        self._epoch = 0
        self._refusals = 0
        self._paused_until = -1.0

    @property
    def limit(self) -> int:
        return int(self._limit)

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def paused_for(self) -> float:
        """Seconds until calls may start again; 0 if they may now."""
        return max(0.0, self._paused_until - self._clock())

    @contextmanager
    def slot(self, *, first: bool = False) -> Iterator[Slot]:
        """Hold a slot in a thread, waiting for it if need be. ``first`` goes before those that wait: a second try."""
        ready = threading.Event()
        held: list[Slot] = []

        def grant(slot: Slot) -> bool:
            held.append(slot)
            ready.set()
            return True

        waiter = self._enter(grant, first=first)
        try:
            ready.wait()
            yield held[0]
        finally:
            self._leave(waiter, held)

    @asynccontextmanager
    async def aslot(self, *, first: bool = False) -> AsyncIterator[Slot]:
        """Hold a slot in a coroutine, of whatever event loop."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        held: list[Slot] = []

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        def grant(slot: Slot) -> bool:
            held.append(slot)
            try:
                loop.call_soon_threadsafe(wake)
            except RuntimeError:  # the loop was closed over it
                held.clear()
                return False
            return True

        waiter = self._enter(grant, first=first)
        try:
            if not held:
                await ready
            yield held[0]
        finally:
            self._leave(waiter, held)

    def _enter(self, grant: Callable[[Slot], bool], *, first: bool) -> _Waiter:
        waiter = _Waiter(grant)
        with self._lock:
            (self._waiting.appendleft if first else self._waiting.append)(waiter)
            self._let_in()
        return waiter

    def _leave(self, waiter: _Waiter, held: list[Slot]) -> None:
        with self._lock:
            if held:
                self._in_flight -= 1
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
            self._let_in()

    def _let_in(self) -> None:
        """Let in as many as may go; the lock is held."""
        if self._clock() < self._paused_until:
            return
        while self._waiting and self._in_flight < self.limit:
            waiter = self._waiting.popleft()
            if waiter.grant(Slot(self, self._epoch)):
                self._in_flight += 1

    def _succeeded(self) -> None:
        with self._lock:
            self._refusals = 0
            if self._in_flight >= self.limit:  # only a limit that is in use has been tried
                self._limit = min(float(self._maximum), self._limit + 1 / self._limit)
                self._let_in()

    def _refused(self, slot: Slot, retry_after: float | None) -> float:
        with self._lock:
            now = self._clock()
            if slot.epoch == self._epoch:
                self._epoch += 1
                self._refusals += 1
                self._limit = max(1.0, float(int(self._limit / 2)))
                if retry_after is None:
                    retry_after = _pause(self._refusals)
                elif self._refusals > 1:  # a server that names too short a time, again and again, is not believed
                    retry_after = max(retry_after, _pause(self._refusals - 1))
            if retry_after is not None:
                self._paused_until = max(self._paused_until, now + retry_after)
            wait = max(0.0, self._paused_until - now)
        if wait:
            self._schedule(wait, self._wake)
        return wait

    def _wake(self) -> None:
        with self._lock:
            left = self._paused_until - self._clock()
            self._let_in()
        if left > 0:  # a timer may come a little early
            self._schedule(left, self._wake)


@dataclass(slots=True)
class Limits:
    """A limiter for each model, made when first asked for.

    Args:
        start, maximum: of every limiter that ``bounds`` does not name.
        bounds: ``(start, maximum)`` by key: a model's URI, or ``predict`` for the function under evaluation.
        clock, schedule: as in :class:`Limiter`.
    """

    start: int = 10
    maximum: int = 64
    bounds: dict[str, tuple[int, int]] = field(default_factory=dict)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    schedule: Schedule | None = field(default=None, repr=False)
    _limiters: dict[str, Limiter] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def of(self, key: str) -> Limiter:
        """Return the limiter of a model, or of ``predict``."""
        with self._lock:
            if key not in self._limiters:
                start, maximum = self.bounds.get(key, (self.start, self.maximum))
                self._limiters[key] = Limiter(start=start, maximum=maximum, clock=self.clock, schedule=self.schedule)
            return self._limiters[key]

    def all(self) -> dict[str, Limiter]:
        """Return the limiters by key, for progress displays."""
        with self._lock:
            return dict(self._limiters)


def _pause(refusals: int) -> float:
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (refusals - 1))


def _later(seconds: float, function: Callable[[], None]) -> None:
    from steelyard.llm.loop import loop_thread

    loop = loop_thread().loop
    loop.call_soon_threadsafe(lambda: loop.call_later(seconds, function))
