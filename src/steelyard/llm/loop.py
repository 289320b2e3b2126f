"""One event loop, on a thread of its own, that holds every connection of the process.

Connections belong to the loop that opened them. Callers come from threads, from loops that live for one call, and from
notebooks; the connections stay here, are shared by all of them, and are closed once, when the process ends.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_CLOSING_SECONDS = 2.0


class LoopThread:
    """An event loop that runs for as long as the process does."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.workers = ThreadPoolExecutor(16, thread_name_prefix="steelyard-llm")
        self._owned: dict[Any, Any] = {}
        self._at_exit: list[Callable[[], Awaitable[None]]] = []
        self._thread = threading.Thread(target=self._run, name="steelyard-llm", daemon=True)
        self._thread.start()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine there, in the caller's context."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def own(self, kind: Callable[[LoopThread], T]) -> T:
        """Return the one object of a kind that belongs to this loop; to be called on it."""
        if kind not in self._owned:
            self._owned[kind] = kind(self)
        return self._owned[kind]

    def on_close(self, close: Callable[[], Awaitable[None]]) -> None:
        self._at_exit.append(close)

    def close(self) -> None:
        """Close what is open and end the thread."""
        if self.loop.is_closed():
            return
        closing = self.submit(self._close_all())
        try:
            closing.result(_CLOSING_SECONDS)
        except TimeoutError:
            closing.cancel()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_CLOSING_SECONDS)
        self.workers.shutdown(wait=False)
        if not self._thread.is_alive():
            self.loop.close()

    async def _close_all(self) -> None:
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for close in self._at_exit:
            await close()
        await self.loop.shutdown_asyncgens()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


_lock = threading.Lock()
_current: LoopThread | None = None
_before_forks: list[LoopThread] = []  # kept, so that a child does not close its parent's connections by forgetting them


def loop_thread() -> LoopThread:
    """Return the process's loop, starting it on first use."""
    global _current
    if _current is None:
        with _lock:
            if _current is None:
                _current = LoopThread()
    return _current


def is_here() -> bool:
    """Whether the caller runs on that loop already."""
    return _current is not None and threading.current_thread() is _current._thread  # noqa: SLF001


async def on_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine on the process's loop, from whatever loop."""
    if is_here():
        return await coroutine
    return await asyncio.wrap_future(loop_thread().submit(coroutine))


def from_thread(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the process's loop and wait for it, blocking this thread."""
    if is_here():
        coroutine.close()
        message = "a call that blocks cannot be made from the loop that would answer it; await ask() instead"
        raise RuntimeError(message)
    future = loop_thread().submit(coroutine)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def close_loop() -> None:
    """Close the process's loop and its connections; the next call opens another."""
    global _current
    with _lock:
        current, _current = _current, None
    if current is not None:
        current.close()


def _forget_after_fork() -> None:
    global _current, _lock
    _lock = threading.Lock()
    if _current is not None:
        _before_forks.append(_current)
        _current = None


os.register_at_fork(after_in_child=_forget_after_fork)
atexit.register(close_loop)
