"""Workers of monitors: any number of them, in servers and in processes of their own, on one store."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading

from steelyard.llm import Patience
from steelyard.monitor.clocks import Clock
from steelyard.monitor.scoring_desk import PATIENCE, Desk, Report
from steelyard.records import Store

__all__ = ["Report", "Workers", "work_once", "worker_name"]

_log = logging.getLogger("steelyard.monitor")
_REST = 1.0
_IDLE_REST = 2.0
_REST_AFTER_ERROR = 2.0
_MOST_PLANNED = 5_000


def worker_name() -> str:
    """Return a name that no other worker has."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def work_once(
    store: Store,
    *,
    worker: str = "",
    clock: Clock | None = None,
    allow_code: bool | None = None,
    patience: Patience = PATIENCE,
    seconds: float = 600.0,
) -> Report:
    """Plan, take the work that is due, score it and commit it; return when all that was taken has ended.

    Args:
        store: where monitors and traces are.
        worker: names the worker; a name of its own unless told.
        clock: what time it is.
        allow_code: whether code of the store may be run, in processes of its own; None asks
            ``STEELYARD_ALLOW_CODE_SCORERS``.
        patience: how often a judge that fails is asked again before its monitor is held.
        seconds: how long to wait for what was taken.
    """
    desk = Desk(store, worker=worker or worker_name(), clock=clock, allow_code=allow_code, patience=patience)
    try:
        begun = desk.step()
        ended = desk.finish(seconds)
    finally:
        desk.close()
    return Report(
        monitors=begun.monitors,
        planned=begun.planned,
        claimed=begun.claimed,
        done=begun.done + ended.done,
        put_back=begun.put_back + ended.put_back,
    )


class Workers:
    """One worker, in a thread or in the caller's: it looks every second while monitors are active.

    Args:
        store: where monitors and traces are.
        worker: names it; a name of its own unless told.
        clock: what time it is.
        allow_code: whether code of the store may be run; None asks ``STEELYARD_ALLOW_CODE_SCORERS``.
        patience: how often a judge that fails is asked again before its monitor is held.
    """

    def __init__(
        self,
        store: Store,
        *,
        worker: str = "",
        clock: Clock | None = None,
        allow_code: bool | None = None,
        patience: Patience = PATIENCE,
    ) -> None:
        self._woken = threading.Event()
        self._ending = threading.Event()
        self._told: set[str] = set()
        self._failed_last = False
        self._desk = Desk(
            store,
            worker=worker or worker_name(),
            clock=clock,
            allow_code=allow_code,
            patience=patience,
            woken=self._woken,
        )
        self._finish_seconds = 20.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Work in a thread until stopped."""
        self._thread = threading.Thread(target=self.run, name="monitors", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 20.0) -> None:
        """Take nothing more, and wait so long for what is in hand; the rest is put back."""
        self.end_soon(seconds)
        if self._thread is not None:
            self._thread.join(seconds + 10)

    def end_soon(self, seconds: float = 20.0) -> None:
        """Let ``run`` end after what is in hand, which may take so long. It may be called by a signal's handler."""
        self._finish_seconds = seconds
        self._ending.set()
        self._woken.set()

    def run(self) -> None:
        """Work until ``end_soon`` is called."""
        try:
            while not self._ending.is_set():
                rest = self.round()
                if rest and not self._ending.is_set():
                    self._woken.wait(rest)
                self._woken.clear()
            self._finish()
        finally:
            self._desk.close()

    def round(self) -> float:
        """Work once; return how many seconds to rest.

        An error is logged once for each kind, and the next round goes on.
        """
        try:
            report = self._desk.step()
        except Exception as problem:
            self._tell(problem)
            return _REST_AFTER_ERROR
        if report.claimed or report.planned >= _MOST_PLANNED:
            return 0.0
        return _REST if report.monitors or report.in_hand else _IDLE_REST

    def _finish(self) -> None:
        try:
            self._desk.finish(self._finish_seconds)
        except Exception as problem:
            self._tell(problem)

    def _tell(self, problem: Exception) -> None:
        kind = type(problem).__name__
        if kind not in self._told:
            self._told.add(kind)
            _log.exception("A worker of monitors failed; it goes on, and this kind of error is not told again")
