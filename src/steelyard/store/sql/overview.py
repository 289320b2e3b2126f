"""Traces by the many: counted over time, by value, by session and by user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select

from steelyard.records import Page
from steelyard.records.arrival import Loss
from steelyard.records.overview import Facet, SampledTrace, SessionSummary, TraceWindow, UserSummary
from steelyard.store.sql.database import Database
from steelyard.store.sql.facets import facets_of
from steelyard.store.sql.losses import losses_of
from steelyard.store.sql.sessions import sessions_of
from steelyard.store.sql.trace_choice import chosen_experiments
from steelyard.store.sql.trace_schema import traces
from steelyard.store.sql.users import users_of


class SqlOverview:
    """See ``TraceOverview``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def windows(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        *,
        start_ms: int,
        end_ms: int,
        step_ms: int,
        by: str = "",
        origin_ms: int = 0,
    ) -> tuple[TraceWindow, ...]:
        from steelyard.store.sql.windows import windows_of  # brings numpy

        return windows_of(
            self._database,
            experiment_ids,
            filter_string,
            start_ms=start_ms,
            end_ms=end_ms,
            step_ms=step_ms,
            by=by,
            origin_ms=origin_ms,
        )

    def sample(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        *,
        start_ms: int,
        end_ms: int,
        most: int = 10_000,
        contents: bool = True,
    ) -> tuple[SampledTrace, ...]:
        from steelyard.store.sql.trace_sampling import sample_of

        return sample_of(
            self._database,
            experiment_ids,
            filter_string,
            start_ms=start_ms,
            end_ms=end_ms,
            most=most,
            contents=contents,
        )

    def span_of_time(self, experiment_ids: Sequence[str]) -> tuple[int, int] | None:
        found: list[tuple[int, int]] = []
        with self._database.read() as connection:
            for number in chosen_experiments(connection, experiment_ids):
                of_experiment = traces.c.experiment == number
                # Two statements, each of which reads one end of an index.
                first = connection.execute(select(func.min(traces.c.request_time)).where(of_experiment)).scalar()
                last = connection.execute(select(func.max(traces.c.request_time)).where(of_experiment)).scalar()
                if first is not None and last is not None:
                    found.append((first, last))
        return (min(first for first, _ in found), max(last for _, last in found)) if found else None

    def facets(
        self, experiment_ids: Sequence[str], filter_string: str = "", *, most: int = 10
    ) -> Mapping[str, tuple[Facet, ...]]:
        return facets_of(self._database, experiment_ids, filter_string, most=most)

    def sessions(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        *,
        max_results: int = 50,
        page_token: str | None = None,
    ) -> Page[SessionSummary]:
        return sessions_of(
            self._database, experiment_ids, filter_string, max_results=max_results, page_token=page_token
        )

    def users(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        *,
        max_results: int = 50,
        page_token: str | None = None,
    ) -> Page[UserSummary]:
        return users_of(self._database, experiment_ids, filter_string, max_results=max_results, page_token=page_token)

    def losses(self, experiment_ids: Sequence[str]) -> tuple[Loss, ...]:
        with self._database.read() as connection:
            return losses_of(connection, experiment_ids)
