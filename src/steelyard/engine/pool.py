"""Threads that never keep the process alive: functions of strangers may hang, and a thread cannot be stopped."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class DaemonPool:
    """Runs functions in threads, as many as are needed up to ``size``.

    Args:
        size: threads at most; one that hangs is replaced when its caller gives up on it.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._busy = 0

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Run a function in a thread, in a copy of the caller's context."""
        future: Future[T] = Future()
        context = contextvars.copy_context()
        with self._lock:
            self._busy += 1
            grow = self._threads < min(self._size, self._busy)
            self._threads += grow
        self._queue.put((future, lambda: context.run(function)))
        if grow:
            self._start()
        return future

    def give_up(self) -> None:
        """Make room for one more thread: one of them hangs."""
        with self._lock:
            self._size += 1

    def close(self) -> None:
        """Let the threads end once they are idle."""
        for _ in range(self._threads):
            self._queue.put(None)

    def _start(self) -> None:
        threading.Thread(target=self._work, name="steelyard-scorer", daemon=True).start()

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            future, function = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)
            with self._lock:
                self._busy -= 1
