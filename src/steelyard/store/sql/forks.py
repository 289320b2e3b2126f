"""Forks and SQLite. SQLite counts a process's locks in memory, and a child inherits the count but not the locks.

A child of a process that holds SQLite connections may wait for a lock that nobody will release, or believe in one that
it does not have and lose its log to the parent. New connections in the child do not help: they share the count. So
before a fork every connection is closed, as soon as the threads that use one are done; both sides open new ones.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE_SECONDS = 10  # a thread that is stuck in a transaction does not stop the whole program from forking
_gates: weakref.WeakSet[ForkGate] = weakref.WeakSet()


class ForkGate:
    """Knows which threads are using connections, and holds new ones off while the process forks.

    Args:
        close: lets go of every connection.
        after_in_child: begins anew in the child, where no lock of the parent means anything.
    """

    def __init__(self, close: Callable[[], None], after_in_child: Callable[[], None]) -> None:
        self._close = close
        self._after_in_child = after_in_child
        self._changed = threading.Condition(threading.Lock())
        self._inside: dict[int, int] = {}
        _gates.add(self)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Use connections in this block."""
        thread = threading.get_ident()
        with self._changed:
            self._inside[thread] = self._inside.get(thread, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                self._inside[thread] -= 1
                if not self._inside[thread]:
                    del self._inside[thread]
                    self._changed.notify_all()

    def shut(self) -> None:
        """Wait until no other thread is inside, let none in, and close the connections."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        own = {threading.get_ident()}
        self._changed.acquire()
        while self._inside.keys() - own and self._changed.wait(deadline - time.monotonic()):
            pass
        if not self._inside:
            self._close()

    def open_in_parent(self) -> None:
        self._changed.release()

    def open_in_child(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._inside = {}
        self._after_in_child()


_shut: list[ForkGate] = []


def _before() -> None:
    _shut[:] = list(_gates)
    for gate in _shut:
        gate.shut()


def _after_in_parent() -> None:
    while _shut:
        _shut.pop().open_in_parent()


def _after_in_child() -> None:
    while _shut:
        _shut.pop().open_in_child()


os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
