"""Users: the traces of one person, summed up."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func

from steelyard.records import Page
from steelyard.records.overview import UserSummary
from steelyard.store.sql.database import Database
from steelyard.store.sql.trace_groups import newest, newest_of_groups, sums_of_groups
from steelyard.store.sql.trace_schema import traces


def users_of(
    database: Database,
    experiment_ids: Sequence[str],
    filter_string: str,
    *,
    max_results: int,
    page_token: str | None,
) -> Page[UserSummary]:
    """See ``TraceOverview.users``."""
    with database.read() as connection:
        page, token = newest_of_groups(
            database,
            connection,
            experiment_ids,
            filter_string,
            column="user_id",
            wanted=(newest.c.experiment, newest.c.user_id),
            max_results=max_results,
            page_token=page_token,
        )
        groups = [(row[0], row[1]) for row in page]
        n_sessions = func.count(traces.c.session.distinct()).label("sessions")
        found = sums_of_groups(connection, groups, column="user_id", further=(n_sessions,))
    users = []
    for experiment, user, last, _ in page:
        sums = found[experiment, user]
        users.append(
            UserSummary(
                user=user,
                experiment_id=str(experiment),
                n=sums.n,
                errors=sums.errors,
                first_ms=sums.first,
                last_ms=last,
                sessions=sums.sessions,
                input_tokens=sums.input_tokens,
                output_tokens=sums.output_tokens,
                cost=sums.cost,
            )
        )
    return Page(tuple(users), token)
