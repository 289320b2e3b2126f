"""A budget that is reserved before each call and settled after it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from steelyard.errors import InvalidArgument, OverBudget
from steelyard.records.trace import Usage


@dataclass(slots=True)
class Reservation:
    """A part of a budget that a call in flight may use."""

    budget: Budget
    tokens: int
    cost: float
    open: bool = True

    def settle(self, usage: Usage) -> None:
        """Give the reservation up for what the call really used."""
        self.budget._close(self, usage)  # noqa: SLF001

    def release(self) -> None:
        """Give the reservation up: the call was not paid."""
        self.budget._close(self, None)  # noqa: SLF001


@dataclass(slots=True)
class Budget:
    """What may be spent. A call that could go beyond it is not made.

    Since each call is reserved at an estimate and settled at what it took, what is spent goes beyond a limit by no more
    than the calls in flight took beyond their reservations. Threads may share a budget.

    Args:
        max_cost: US dollars.
        max_tokens: input and output together.
        max_seconds: from when the budget is made.
        clock: seconds that never go back.

    >>> budget = Budget(max_tokens=1000)
    >>> reserved = budget.reserve(tokens=400)
    >>> reserved.settle(Usage(input_tokens=100, output_tokens=50))
    >>> budget.spent.total_tokens
    150
    >>> budget.reserve(tokens=900)
    Traceback (most recent call last):
    ...
    steelyard.errors.OverBudget: max_tokens=1000 is used up: 150 spent, and the next call may take 900.
    """

    max_cost: float | None = None
    max_tokens: int | None = None
    max_seconds: float | None = None
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _spent: Usage = field(default_factory=Usage, init=False, repr=False)
    _tokens: int = field(default=0, init=False, repr=False)
    _cost: float = field(default=0.0, init=False, repr=False)
    _in_flight: int = field(default=0, init=False, repr=False)
    _start: float = field(default=0.0, init=False, repr=False)
    _freed: list[Callable[[], None]] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("max_cost", "max_tokens", "max_seconds"):
            limit = getattr(self, name)
            if limit is not None and not limit >= 0:  # NaN too
                message = f"{name} is 0 or more, not {limit}."
                raise InvalidArgument(message)
        self._start = self.clock()

    @property
    def spent(self) -> Usage:
        """What has been used, settled calls alone."""
        return self._spent

    @property
    def reserved(self) -> tuple[int, float]:
        """Tokens and dollars that calls in flight may use."""
        return self._tokens, self._cost

    @property
    def seconds_left(self) -> float | None:
        if self.max_seconds is None:
            return None
        return self.max_seconds - (self.clock() - self._start)

    def restore(self, usage: Usage) -> None:
        """Count what was spent before, when an evaluation is resumed."""
        with self._lock:
            self._spent += usage

    def reserve(self, tokens: int = 0, cost: float | None = None) -> Reservation:
        """Set aside what one call may use.

        Args:
            tokens: the most that the call is expected to use.
            cost: US dollars; None where no price is known, which no ``max_cost`` lets pass.

        Raises:
            OverBudget: the call could go beyond a limit.
        """
        with self._lock:
            self._check(tokens, cost, taken=(self._tokens, self._cost))
            return self._open(tokens, cost)

    def reserve_or_wait(self, tokens: int, cost: float | None, wake: Callable[[], None]) -> Reservation | None:
        """Set aside what one call may use, or return None and call ``wake`` once a call in flight has settled.

        None means that the call would fit, were it not for what calls in flight may yet use.

        Raises:
            OverBudget: the call could go beyond a limit whatever those in flight will use.
        """
        with self._lock:
            self._check(tokens, cost, taken=(0, 0.0))
            try:
                self._check(tokens, cost, taken=(self._tokens, self._cost))
            except OverBudget:
                if not self._in_flight:
                    raise
                self._freed.append(wake)
                return None
            return self._open(tokens, cost)

    def check_time(self, ahead: float = 0.0) -> None:
        """Refuse to begin, or to wait ``ahead`` seconds for, what would end after the time that is left."""
        left = self.seconds_left
        if left is not None and left - ahead <= 0:
            message = f"max_seconds={self.max_seconds:g} is used up"
            message += f": the next call would have to wait {ahead:.1f} s." if ahead and left > 0 else "."
            raise OverBudget(message)

    def _open(self, tokens: int, cost: float | None) -> Reservation:
        self._tokens += tokens
        self._cost += cost or 0.0
        self._in_flight += 1
        return Reservation(self, tokens, cost or 0.0)

    def _check(self, tokens: int, cost: float | None, *, taken: tuple[int, float]) -> None:
        self.check_time()
        if self.max_tokens is not None and self._spent.total_tokens + taken[0] + tokens > self.max_tokens:
            message = (
                f"max_tokens={self.max_tokens} is used up: {self._spent.total_tokens} spent, "
                f"{f'{taken[0]} in flight, ' if taken[0] else ''}and the next call may take {tokens}."
            )
            raise OverBudget(message)
        if self.max_cost is None:
            return
        if cost is None:
            message = (
                "No price is known for this model, so max_cost cannot be kept. "
                "Give its price (prices={'provider:/model': Price(input=…, output=…)}) or limit max_tokens instead."
            )
            raise OverBudget(message)
        spent = self._spent.cost or 0.0
        if spent + taken[1] + cost > self.max_cost:
            message = (
                f"max_cost={self.max_cost:g} is used up: {spent:.4g} spent, "
                f"{f'{taken[1]:.4g} in flight, ' if taken[1] else ''}and the next call may cost {cost:.4g}."
            )
            raise OverBudget(message)

    def _close(self, reservation: Reservation, usage: Usage | None) -> None:
        with self._lock:
            if not reservation.open:
                return
            reservation.open = False
            self._tokens -= reservation.tokens
            self._cost = max(0.0, self._cost - reservation.cost)
            self._in_flight -= 1
            if not self._in_flight:
                self._cost = 0.0  # no dust of rounding is left behind
            if usage is not None:
                self._spent += usage
            freed, self._freed = self._freed, []
        for wake in freed:
            wake()
