"""Sessions: the traces of one conversation, summed up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ScalarSelect, select

from steelyard.records import Page
from steelyard.records.overview import SessionSummary
from steelyard.store.sql.database import Database
from steelyard.store.sql.json_text import from_text
from steelyard.store.sql.trace_groups import newest, newest_of_groups, sums_of_groups
from steelyard.store.sql.trace_schema import traces


def sessions_of(
    database: Database,
    experiment_ids: Sequence[str],
    filter_string: str,
    *,
    max_results: int,
    page_token: str | None,
) -> Page[SessionSummary]:
    """See ``TraceOverview.sessions``."""
    wanted = (newest.c.experiment, newest.c.session, _user(), _first_request(), newest.c.response_preview)
    with database.read() as connection:
        page, token = newest_of_groups(
            database,
            connection,
            experiment_ids,
            filter_string,
            column="session",
            wanted=wanted,
            max_results=max_results,
            page_token=page_token,
        )
        sums = sums_of_groups(connection, [(row[0], row[1]) for row in page], column="session", further=())
    return Page(tuple(_summary(row, sums[row[0], row[1]]) for row in page), token)


def _summary(row: Any, sums: Any) -> SessionSummary:
    experiment, session, user, request, response, last, _ = row
    return SessionSummary(
        session=session,
        experiment_id=str(experiment),
        n=sums.n,
        errors=sums.errors,
        first_ms=sums.first,
        last_ms=last,
        user=user,
        input_tokens=sums.input_tokens,
        output_tokens=sums.output_tokens,
        cost=sums.cost,
        request_preview=from_text(request or ""),
        response_preview=from_text(response),
    )


def _user() -> ScalarSelect[Any]:
    t = traces.alias("of_user")
    same = (t.c.experiment == newest.c.experiment, t.c.session == newest.c.session, t.c.user_id.is_not(None))
    return select(t.c.user_id).where(*same).order_by(t.c.request_time.desc(), t.c.id.desc()).limit(1).scalar_subquery()


def _first_request() -> ScalarSelect[Any]:
    t = traces.alias("oldest")
    same = (t.c.experiment == newest.c.experiment, t.c.session == newest.c.session)
    return select(t.c.request_preview).where(*same).order_by(t.c.request_time, t.c.id).limit(1).scalar_subquery()
