"""What stands around a call: limits, a budget, a cache, prices, patience, and a count of what was used."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from steelyard.llm.budget import Budget
from steelyard.llm.limits import Limits
from steelyard.llm.prices import Prices
from steelyard.records.ports import AnswerCache
from steelyard.records.trace import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long a failing call is tried again.

    Args:
        tries: in all, where the server fails, is away, or is silent.
        refusals: tries in all, where it says that there are too many calls.
        total_wait: seconds of waiting between the tries of one call, at most.
        first_wait: seconds before the second try; each further wait is twice as long, give or take a half.
        longest_wait: seconds that one wait may last, unless the server names a time.
        longest_retry_after: the longest time of a server that is believed, in seconds.
        sleep: waits.
    """

    tries: int = 5
    refusals: int = 12
    total_wait: float = 900.0
    first_wait: float = 0.5
    longest_wait: float = 20.0
    longest_retry_after: float = 600.0
    sleep: Callable[[float], Awaitable[Any]] = field(default=asyncio.sleep, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What calls came to.

    Args:
        usage: tokens and cost that were paid, for answers that could not be used too.
        saved: tokens and cost of answers from the cache.
        calls: requests that a model answered.
        cached: questions that the cache answered.
        tries: requests that were sent, failed ones too.
    """

    usage: Usage = field(default_factory=Usage)
    saved: Usage = field(default_factory=Usage)
    calls: int = 0
    cached: int = 0
    tries: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            usage=self.usage + other.usage,
            saved=self.saved + other.saved,
            calls=self.calls + other.calls,
            cached=self.cached + other.cached,
            tries=self.tries + other.tries,
        )


_default_limits = Limits()


def _forget_parents_calls() -> None:
    """In a forked child, nothing of its parent is in flight."""
    global _default_limits
    _default_limits = Limits()


os.register_at_fork(after_in_child=_forget_parents_calls)


@dataclass(slots=True, eq=False)
class Calling:
    """What the calls within a ``with calling(...)`` share. What is counted here is counted in the enclosing one too.

    Args:
        limits: one limiter a model; the process's own unless given.
        budget: what may be spent.
        cache: where answers are kept; None asks every time.
        repeat: which repeat of an evaluation this is; the cache keeps repeats apart.
        prices: prices of models that have no public one.
        patience: how failing calls are tried again.
    """

    limits: Limits = field(default_factory=lambda: _default_limits)
    budget: Budget | None = None
    cache: AnswerCache | None = None
    repeat: int = 0
    prices: Prices = field(default_factory=Prices)
    patience: Patience = field(default_factory=Patience)
    _by_model: dict[str, Count] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _around: Calling | None = field(default=None, init=False, repr=False)

    @property
    def by_model(self) -> Mapping[str, Count]:
        """What was counted, by model URI."""
        with self._lock:
            return dict(self._by_model)

    @property
    def count(self) -> Count:
        return sum(self.by_model.values(), Count())

    @property
    def usage(self) -> Usage:
        """Tokens and cost that were paid."""
        return self.count.usage

    @property
    def saved(self) -> Usage:
        """Tokens and cost of answers that the cache gave."""
        return self.count.saved

    @property
    def calls(self) -> int:
        return self.count.calls

    @property
    def cached(self) -> int:
        return self.count.cached

    def inner(self, **changes: Any) -> Calling:
        """Return another with the same limits, budget, cache and so on, but for ``changes``; it counts anew."""
        return replace(self, **changes)

    def add(self, model: str, count: Count) -> None:
        """Count, here and around."""
        with self._lock:
            self._by_model[model] = self._by_model.get(model, Count()) + count
        if self._around is not None:
            self._around.add(model, count)


_current: ContextVar[Calling | None] = ContextVar("steelyard_calling", default=None)


@contextmanager
def calling(around: Calling) -> Iterator[Calling]:
    """Put limits, a budget and a cache around all calls in this context, and count them.

    >>> with calling(Calling(budget=Budget(max_tokens=0))) as around:
    ...     around.calls
    0
    """
    enclosing = _current.get()
    if enclosing is not around:
        around._around = enclosing  # noqa: SLF001
    token = _current.set(around)
    try:
        yield around
    finally:
        _current.reset(token)


def current_calling() -> Calling:
    """Return what stands around calls here; where nothing does, the process's limits and nothing else."""
    return _current.get() or Calling()
