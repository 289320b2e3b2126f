"""What is done to traces beside the requests, a little at a time: indexing, counting, retention, space."""

from __future__ import annotations

import time
from functools import cached_property

from steelyard.records.overview import Retention, TraceSize, UpkeepReport
from steelyard.store.sql.database import Database
from steelyard.store.sql.experiments import experiment_number
from steelyard.store.sql.retention import retain, retention_of, set_retention
from steelyard.store.sql.score_recount import ScoreRecount
from steelyard.store.sql.space import compact, free_pages, shorten_log, size_of
from steelyard.store.sql.text_index import TextIndex
from steelyard.store.sql.windows_recount import WindowRecount

_SECONDS_BETWEEN_RETENTIONS = 60.0


class SqlUpkeep:
    """See ``TraceUpkeep``. Several processes may do it at once: what one has done the others need not."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._retain_from = 0.0

    @cached_property
    def _texts(self) -> TextIndex:
        return TextIndex(self._database)

    @cached_property
    def _windows(self) -> WindowRecount:
        return WindowRecount(self._database)

    @cached_property
    def _scores(self) -> ScoreRecount:
        return ScoreRecount(self._database)

    def work(self, max_seconds: float = 1.0) -> UpkeepReport:
        begun = time.monotonic()
        shorten_log(self._database)
        deleted = self._retain(until=begun + 0.3 * max_seconds)
        windows = self._windows.recount(0.4 * max_seconds)
        windows += self._scores.recount(0.2 * max_seconds)
        indexed = self._texts.index_some(max(0.0, begun + 0.9 * max_seconds - time.monotonic()))
        freed = free_pages(self._database, until=begun + max_seconds)
        return UpkeepReport(indexed=indexed, windows=windows, deleted=deleted, freed_bytes=freed, left=self.backlog())

    def backlog(self) -> int:
        return self._texts.waiting() + self._windows.waiting() + self._scores.waiting()

    def retention(self, experiment_id: str) -> Retention:
        return retention_of(self._database, experiment_id)

    def set_retention(self, experiment_id: str, retention: Retention) -> None:
        """Say how long traces are kept. The next round of upkeep begins to delete the others.

        Raises:
            InvalidArgument: for an age or a size that is none.
        """
        set_retention(self._database, experiment_id, retention)
        self._retain_from = 0.0

    def size(self, experiment_id: str) -> TraceSize:
        """Return what an experiment's traces take; of more than a thousand, spans and bytes are told by a sample."""
        with self._database.read() as connection:
            size = size_of(connection, self._database.dialect, experiment_number(connection, experiment_id))
        return TraceSize(traces=size.traces, spans=size.spans, bytes=size.bytes)

    def compact(self) -> int:
        return compact(self._database)

    def _retain(self, *, until: float) -> int:
        if time.monotonic() < self._retain_from:
            return 0
        deleted, done = retain(self._database, until=until)
        if done:
            self._retain_from = time.monotonic() + _SECONDS_BETWEEN_RETENTIONS
        return deleted
