"""Scoring that pages have ordered, done one after the other in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections import deque

from steelyard.errors import InvalidArgument, SteelyardError
from steelyard.records import Store

_log = logging.getLogger("steelyard.server")
_MOST_WAITING = 20


class Scoring:
    """Works on one run at a time; the others wait in the order they came.

    The thread begins with the first order. What waits when the server stops stays a scheduled run, and what is being
    done a killed one: both go on when somebody says so on their page.

    Args:
        store: where runs and traces are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[str] = deque()
        self._current = ""
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def check_room(self) -> None:
        """Raise if no more may wait.

        Raises:
            InvalidArgument: so many wait that nobody could say when another would begin.
        """
        with self._changed:
            if self._stopping or len(self._waiting) >= _MOST_WAITING:
                waiting = "The server is stopping." if self._stopping else f"{_MOST_WAITING} scorings wait already."
                raise InvalidArgument(f"{waiting} Nothing was begun. Try again later.")

    def submit(self, run_id: str) -> None:
        """Take a run's order; one that is here already stays where it is.

        Raises:
            InvalidArgument: too many wait.
        """
        self.check_room()
        with self._changed:
            if run_id != self._current and run_id not in self._waiting:
                self._waiting.append(run_id)
                self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="scoring", daemon=True)
                self._thread.start()

    def place_of(self, run_id: str) -> int | None:
        """Return how many are before a run: 0 if it is being worked on; None if it is not here."""
        with self._changed:
            if run_id == self._current:
                return 0
            return self._waiting.index(run_id) + 1 if run_id in self._waiting else None

    def stop(self, seconds: float = 15.0) -> None:
        """End after the next commit, and wait so long for it; what no judge has answered by then is asked again."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        from steelyard.evaluation.genai.stored_scoring import ScoringStopped, score_stored

        while run_id := self._next():
            try:
                score_stored(self._store, run_id, stopped=lambda: self._stopping)
            except ScoringStopped:
                _log.info("Scoring run %s stopped with the server; its page offers to go on", run_id)
            except SteelyardError as error:
                _log.warning("Scoring run %s failed: %s", run_id, error)
            except Exception:
                _log.exception("Scoring run %s failed", run_id)
            finally:
                with self._changed:
                    self._current = ""

    def _next(self) -> str:
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            if self._stopping:
                return ""
            self._current = self._waiting.popleft()
            return self._current
