"""An event loop in a thread of its own: for coroutine functions, whether or not the caller has a loop already."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs coroutines until it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._loop.run_forever, name="steelyard-engine", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin a coroutine; once the loop is being closed, what is returned is cancelled."""
        with self._lock:
            if not self._closing:
                return asyncio.run_coroutine_threadsafe(work, self._loop)
        work.close()
        cancelled: Future[T] = Future()
        cancelled.cancel()
        return cancelled

    def close(self, seconds: float = 10.0) -> None:
        """Cancel what still runs and end the loop; one that is held by a call that blocks is left behind.

        Args:
            seconds: how long to wait for that.
        """
        with self._lock:
            self._closing = True
        try:
            asyncio.run_coroutine_threadsafe(self._cancel(seconds / 2), self._loop).result(seconds)
        except TimeoutError:
            seconds = 0.0
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(seconds)
        if not self._thread.is_alive():
            self._loop.close()

    async def _cancel(self, seconds: float) -> None:
        mine = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        await self._loop.shutdown_asyncgens()
