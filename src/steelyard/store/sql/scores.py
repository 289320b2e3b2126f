"""Feedback over time."""

from __future__ import annotations

from collections.abc import Sequence

from steelyard.records.score_windows import ScoreName, ScoreWindow
from steelyard.store.sql.database import Database


class SqlScores:
    """See ``ScoreStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(
        self, experiment_ids: Sequence[str], *, start_ms: int | None = None, end_ms: int | None = None
    ) -> tuple[ScoreName, ...]:
        from steelyard.store.sql.score_windows_of import score_names  # brings numpy

        return score_names(self._database, experiment_ids, start_ms=start_ms, end_ms=end_ms)

    def windows(
        self,
        experiment_ids: Sequence[str],
        name: str,
        *,
        start_ms: int,
        end_ms: int,
        step_ms: int,
        source: str = "",
        by: str = "",
        filter_string: str = "",
        origin_ms: int = 0,
    ) -> tuple[ScoreWindow, ...]:
        from steelyard.store.sql.score_windows_of import score_windows_of  # brings numpy

        return score_windows_of(
            self._database,
            experiment_ids,
            name,
            stretch=(start_ms, end_ms),
            step_ms=step_ms,
            source=source,
            by=by,
            filter_string=filter_string,
            origin_ms=origin_ms,
        )
