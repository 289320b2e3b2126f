"""What watches production beside the requests: scorers on live traffic, rules and their alarms, and what they tell."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

from steelyard.records import Store

_log = logging.getLogger("steelyard.server")
_REST_SECONDS = 1.0
_JOIN_SECONDS = 15.0


class Round(Protocol):
    """One round of something that is done again and again; returns how much there was to do."""

    def __call__(self, store: Store, *, worker: str, now_ms: int) -> int: ...


class Watching:
    """Workers of monitors, and the rounds of alarms, in threads of their own, until stopped.

    Any number of servers, and of ``steelyard monitors work``, may watch one store: what one has in hand, the others
    leave alone.

    Args:
        store: what is watched.
        rounds: what is done every second, by name; ``usual_rounds`` unless told.
        rest_seconds: between two rounds of which the first found nothing to do; five times that after an error.
    """

    def __init__(
        self, store: Store, *, rounds: dict[str, Round] | None = None, rest_seconds: float = _REST_SECONDS
    ) -> None:
        from steelyard.monitor.workers import Workers, worker_name

        self._store = store
        self._rest_seconds = rest_seconds
        self._worker = worker_name()
        self._workers = Workers(store, worker=self._worker)
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._again_and_again, args=(name, once), name=name, daemon=True)
            for name, once in (usual_rounds(store) if rounds is None else rounds).items()
        ]

    def start(self) -> None:
        self._workers.start()
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = _JOIN_SECONDS) -> None:
        """End after what is in hand, and wait so long for it."""
        self._ending.set()
        self._workers.stop(seconds)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(seconds)

    def _again_and_again(self, name: str, once: Round) -> None:
        told: set[str] = set()
        rest = self._rest_seconds
        while not self._ending.wait(rest):
            rest = self._one_round(name, once, told)

    def _one_round(self, name: str, once: Round, told: set[str]) -> float:
        """Do a round; return how many seconds to rest. An error is logged once for each kind."""
        try:
            done = once(self._store, worker=self._worker, now_ms=time.time_ns() // 1_000_000)
        except Exception as problem:
            kind = type(problem).__name__
            if kind not in told:
                told.add(kind)
                _log.exception("A round of %s failed; it is tried again, and this kind of error not told again", name)
            return 5 * self._rest_seconds
        return 0.0 if done else self._rest_seconds


def watch_once(store: Store) -> None:
    """Score what is due, look at rules, tell what is to be told and count what has changed, until nothing is left."""
    from steelyard.monitor.workers import work_once, worker_name

    while work_once(store).claimed:
        continue
    for once in usual_rounds(store).values():
        while once(store, worker=worker_name(), now_ms=time.time_ns() // 1_000_000):
            continue


def usual_rounds(store: Store) -> dict[str, Round]:
    """Return what is done beside scoring, by name."""
    from steelyard.monitor.anchors import judge_due
    from steelyard.monitor.late_labels import settle_once
    from steelyard.monitor.looking import look_once
    from steelyard.monitor.telling import tell_once

    rounds: dict[str, Round] = {"alarms": look_once, "anchors": judge_due, "late labels": settle_once}
    if hasattr(store.alarms, "claim_deliveries"):  # a server gives nobody the secrets of its channels
        rounds["deliveries"] = tell_once
    return rounds
