"""Commits what happens: a thread takes all that waits, commits it together, and takes what came meanwhile."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from steelyard.engine.progress import Counts, Progress
from steelyard.engine.spoiled import Spoiled, parts_of
from steelyard.errors import StoreError
from steelyard.records import LedgerEntry, LedgerStore

_BATCH = 256
_ROOM = 2048  # entries that may wait; beyond it the work waits for the disk


class LedgerWriter:
    """One writer for many workers.

    Args:
        ledger: where to.
        run_id: whose.
        counts: what is committed so far.
        progress: called after each commit, from the writer's thread.
        failed: called once if a commit fails; nothing is written after it.
    """

    def __init__(
        self,
        ledger: LedgerStore,
        run_id: str,
        *,
        counts: Counts,
        progress: Callable[[Progress], None] | None,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._ledger, self._run_id = ledger, run_id
        self.counts, self._progress, self._failed = counts, progress, failed
        self._waiting: deque[LedgerEntry] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._writing = False
        self._error: BaseException | None = None
        self._spoiled: Spoiled | None = None
        self._thread = threading.Thread(target=self._write, name="steelyard-ledger", daemon=True)
        self._thread.start()

    def put(self, entry: LedgerEntry) -> None:
        """Take an entry to commit; waits while too many others do."""
        with self._changed:
            while len(self._waiting) >= _ROOM and self._error is None:
                self._changed.wait()
            self._waiting.append(entry)
            if len(self._waiting) == 1:
                self._changed.notify_all()

    def flush(self) -> None:
        """Wait until everything that was put is committed."""
        with self._changed:
            while (self._waiting or self._writing) and self._error is None:
                self._changed.wait()

    def close(self) -> None:
        """Commit what waits and stop."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _write(self) -> None:
        while batch := self._take():
            try:
                self.counts.add(self._commit(batch))
                if self._progress is not None:
                    self._progress(self.counts.told())
            except BaseException as error:
                with self._changed:
                    self._error = error
                    self._waiting.clear()
                    self._changed.notify_all()
                self._failed(error)
                return

    def _commit(self, batch: Sequence[LedgerEntry]) -> list[LedgerEntry]:
        """Commit entries together; if one of them cannot be kept, each by itself, and that one as failed."""
        batch = [entry if self._spoiled is None else self._spoiled.fitting(entry) for entry in batch]
        try:
            self._ledger.commit(self._run_id, batch)
        except StoreError:
            raise
        except Exception as error:
            parts = [part for entry in batch for part in parts_of(entry)]
            if len(parts) > 1:
                return [kept for part in parts for kept in self._commit([part])]
            self._spoiled = self._spoiled or Spoiled()
            batch = [self._spoiled.failed(parts[0], error)]
            self._ledger.commit(self._run_id, batch)
        return batch

    def _take(self) -> list[LedgerEntry]:
        with self._changed:
            self._writing = False
            self._changed.notify_all()
            while not self._waiting and not self._closing:
                self._changed.wait()
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            self._writing = bool(batch)
            return batch
