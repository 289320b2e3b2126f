"""Laws of the limiter: never above its limit, always on its way, halved once for a burst, fair."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from steelyard.errors import InvalidArgument
from steelyard.llm import Limiter, Limits, Slot
from steelyard.llm.limits import LONGEST_PAUSE


class Alarm:
    """A clock that is set by hand, with timers."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: list[tuple[float, object]] = []

    def clock(self) -> float:
        return self.now

    def schedule(self, seconds: float, function: object) -> None:
        self.due.append((self.now + seconds, function))

    def go(self, seconds: float) -> None:
        self.now += seconds
        while ready := [entry for entry in self.due if entry[0] <= self.now]:
            for entry in ready:
                self.due.remove(entry)
                entry[1]()  # type: ignore[operator]


class LimiterMachine(RuleBasedStateMachine):
    """Calls come, succeed, are refused and leave in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.alarm = Alarm()
        self.limiter = Limiter(start=4, maximum=9, clock=self.alarm.clock, schedule=self.alarm.schedule)
        self.came = 0
        self.waiting: list[tuple[int, object, list[Slot]]] = []
        self.running: list[tuple[object, list[Slot]]] = []
        self.order: list[int] = []

    @rule()
    def come(self) -> None:
        held: list[Slot] = []
        number = self.came
        self.came += 1

        def grant(slot: Slot) -> bool:
            held.append(slot)
            self.order.append(number)
            return True

        waiter = self.limiter._enter(grant, first=False)
        self.waiting.append((number, waiter, held))
        self._move()

    @precondition(lambda self: self.running)
    @rule(data=st.data(), refused=st.booleans(), seconds=st.none() | st.floats(0, 100))
    def leave(self, data: st.DataObject, refused: bool, seconds: float | None) -> None:
        place = data.draw(st.integers(0, len(self.running) - 1))
        waiter, held = self.running.pop(place)
        before, epoch = self.limiter.limit, self.limiter._epoch
        if refused:
            wait = held[0].refused(seconds)
            fresh = held[0].epoch == epoch
            assert self.limiter.limit == (max(1, before // 2) if fresh else before)
            assert 0 <= wait <= max(100.0, LONGEST_PAUSE)
        else:
            held[0].ok()
            assert before <= self.limiter.limit <= before + 1
        self.limiter._leave(waiter, held)  # type: ignore[arg-type]
        self._move()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        _, waiter, held = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
        self.limiter._leave(waiter, held)  # type: ignore[arg-type]
        self._move()

    @rule(seconds=st.floats(0, 200))
    def time_passes(self, seconds: float) -> None:
        self.alarm.go(seconds)
        self._move()

    def _move(self) -> None:
        self.running += [(waiter, held) for _, waiter, held in self.waiting if held]
        self.waiting = [entry for entry in self.waiting if not entry[2]]

    @invariant()
    def nothing_is_let_in_above_the_limit(self) -> None:
        assert 1 <= self.limiter.limit <= 9
        assert self.limiter.in_flight == len(self.running)
        assert self.limiter.waiting == len(self.waiting)

    @invariant()
    def who_came_first_goes_first(self) -> None:
        assert self.order == sorted(self.order)

    def teardown(self) -> None:
        """Whatever happened, everyone who waits gets in once time passes and calls end."""
        for _ in range(10 * (self.came + 1)):
            if not self.waiting and not self.running:
                break
            self.alarm.go(1000)
            self._move()
            for waiter, held in self.running:
                self.limiter._leave(waiter, held)  # type: ignore[arg-type]
            self.running = []
            self._move()
        assert not self.waiting


TestLimiterMachine = LimiterMachine.TestCase


def test_no_more_threads_than_the_limit_run_at_once() -> None:
    limiter = Limiter(start=3, maximum=3)
    running, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal running, most
        for _ in range(50):
            with limiter.slot() as slot:
                with lock:
                    running += 1
                    most = max(most, running)
                with lock:
                    running -= 1
                slot.ok()

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most <= 3
    assert limiter.in_flight == limiter.waiting == 0


def test_threads_and_coroutines_share_a_limit() -> None:
    limiter = Limiter(start=1, maximum=1)
    order: list[str] = []

    async def coroutine() -> None:
        async with limiter.aslot():
            order.append("coroutine")

    with limiter.slot():
        thread = threading.Thread(target=lambda: asyncio.run(coroutine()))
        thread.start()
        while not limiter.waiting:
            pass
        order.append("thread")
    thread.join()
    assert order == ["thread", "coroutine"]


def test_a_coroutine_that_is_cancelled_leaves_its_place() -> None:
    async def main() -> None:
        limiter = Limiter(start=1, maximum=1)
        async with limiter.aslot():
            waiting = asyncio.ensure_future(limiter.aslot().__aenter__())
            await asyncio.sleep(0)
            assert limiter.waiting == 1
            waiting.cancel()
            await asyncio.wait([waiting])
            assert limiter.waiting == 0
        assert limiter.in_flight == 0

    asyncio.run(main())


def test_a_full_window_of_successes_raises_the_limit_by_about_one() -> None:
    limiter = Limiter(start=4, maximum=64)
    for window in range(3):
        with ExitStack() as held:
            slots = [held.enter_context(limiter.slot()) for _ in range(limiter.limit)]
            for slot in slots:
                slot.ok()
        assert limiter.limit in (4 + window, 5 + window)
    assert limiter.limit >= 6


def test_a_burst_of_refusals_halves_the_limit_once() -> None:
    alarm = Alarm()
    limiter = Limiter(start=8, clock=alarm.clock, schedule=alarm.schedule)
    with ExitStack() as held:
        for slot in [held.enter_context(limiter.slot()) for _ in range(8)]:
            slot.refused()
    assert limiter.limit == 4
    assert limiter.paused_for == 0.5


def test_each_model_has_its_own_limit() -> None:
    limits = Limits(start=5, maximum=50, bounds={"predict": (2, 2)})
    assert limits.of("openai:/a") is limits.of("openai:/a")
    assert limits.of("openai:/a").limit == 5
    assert limits.of("predict").limit == 2
    assert set(limits.all()) == {"openai:/a", "predict"}


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="At least 1"):
        Limiter(start=0)
