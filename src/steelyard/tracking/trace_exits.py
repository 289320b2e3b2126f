"""The ways out of a process that Python's own ``atexit`` does not know: signals, and children of multiprocessing."""

from __future__ import annotations

import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol


class Writer(Protocol):
    """What is to be finished in time."""

    def finish(self, *, signalled: bool = False) -> None:
        """Write what is left."""
        ...

    def write_at_once(self) -> None:
        """Leave nothing for later from now on."""
        ...


def guard(writer: Writer) -> None:
    """See to it that a signal to end does not take unwritten traces with it.

    Without a handler, SIGTERM ends Python at once: ours writes what is left and lets it end the process then. With a
    handler of the application nothing changes for it; ours only takes notice first, for servers put back what was there
    before and end by the same signal again. A handler that is set later takes the place of both.
    """
    mind_multiprocessing(writer)
    if threading.current_thread() is not threading.main_thread():
        return  # only the main thread may set handlers
    before = signal.getsignal(signal.SIGTERM)
    if before is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _Last(writer))
    elif callable(before) and not isinstance(before, (_Last, _First)):
        signal.signal(signal.SIGTERM, _First(writer, before))


class _Last:
    """A handler where there was none."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._ending = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._ending == os.getpid():  # a second signal, while the first is being served
            return
        self._ending = os.getpid()
        try:
            self._writer.finish(signalled=True)
        finally:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


class _First:
    """A handler before the application's."""

    def __init__(self, writer: Writer, then: Callable[[int, FrameType | None], Any]) -> None:
        self._writer, self._then = writer, then

    def __call__(self, number: int, frame: FrameType | None) -> Any:
        self._writer.write_at_once()
        return self._then(number, frame)


def mind_multiprocessing(writer: Writer) -> None:
    """Let children of multiprocessing, which may end without the functions of ``atexit``, write what they have."""
    util: Any = sys.modules.get("multiprocessing.util")
    process: Any = sys.modules.get("multiprocessing.process")
    if util is None or process is None or writer in _minded:
        return
    _minded.add(writer)
    util.register_after_fork(writer, _finish_at_its_end)  # children that are forked from here, or still beginning here
    if process.parent_process() is not None:
        _finish_at_its_end(writer)


_minded: weakref.WeakSet[Any] = weakref.WeakSet()


def _finish_at_its_end(writer: Writer) -> None:
    sys.modules["multiprocessing.util"].Finalize(writer, writer.finish, exitpriority=0)
