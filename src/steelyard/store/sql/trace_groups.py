"""Traces that share a session or a user: the groups by page, the one with the newest trace first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy import cast as sql_cast

from steelyard.store.limits import check_max_results
from steelyard.store.sql.database import Database
from steelyard.store.sql.paging import SortKey, after, fingerprint, make_token, read_token
from steelyard.store.sql.trace_choice import chosen_experiments, matching
from steelyard.store.sql.trace_schema import traces

MOST_TOKENS = 2**40
MOST_COST = 1e12
"""A trace counts with at most so much: nobody's has more, and a wrong number cannot make the sums run over."""

newest = traces.alias("newest")
"""The newest trace of each group that is asked for."""


def newest_of_groups(
    database: Database,
    connection: Connection,
    experiment_ids: Sequence[str],
    filter_string: str,
    *,
    column: str,
    wanted: Sequence[ColumnElement[Any]],
    max_results: int,
    page_token: str | None,
) -> tuple[Sequence[Any], str | None]:
    """Return the newest trace of each group with a matching trace, and the token of the next page.

    Args:
        database, connection: where, and a reading transaction of it.
        experiment_ids, filter_string: which traces match.
        column: what the traces of a group share: ``session`` or ``user_id``.
        wanted: columns of ``newest``.
        max_results, page_token: which page.
    """
    check_max_results(max_results)
    keys = (SortKey(newest.c.request_time, True, True), SortKey(newest.c.id, True, True))
    query = fingerprint(column, sorted(set(experiment_ids)), filter_string)
    matches = matching(connection, database.dialect, filter_string)
    numbers = chosen_experiments(connection, experiment_ids)
    statement = select(*wanted, newest.c.request_time, newest.c.id)
    if matches.conditions:
        # Spelt so that no index of all groups looks like a way to the matching traces.
        there = (*matches.of(numbers), traces.c[column].concat(literal_column("''")).is_not(None))
        statement = statement.select_from(_joined(select(traces.c.experiment, traces.c[column]).where(*there), column))
    else:  # walked through from the newest on, until the page is full
        statement = statement.where(
            newest.c.experiment == numbers[0] if len(numbers) == 1 else newest.c.experiment.in_(numbers),
            newest.c[column].is_not(None),
            ~_has_newer(column),
        )
    if page_token:
        statement = statement.where(after(keys, read_token(page_token, query, keys)))
    rows = connection.execute(statement.order_by(*(key.order for key in keys)).limit(max_results + 1)).all()
    page = rows[:max_results]
    return page, make_token(query, page[-1][-2:]) if len(rows) > max_results else None


def _joined(groups: Select[*tuple[Any, ...]], column: str) -> FromClause:
    """Return the newest trace of each of these groups."""
    group, of_group = groups.distinct().subquery("grouped"), traces.alias("of_group")
    last = (
        select(of_group.c.id)
        .where(of_group.c.experiment == group.c.experiment, of_group.c[column] == group.c[column])
        .order_by(of_group.c.request_time.desc(), of_group.c.id.desc())
        .limit(1)
    )
    return group.join(newest, newest.c.id == last.scalar_subquery())


def _has_newer(column: str) -> ColumnElement[bool]:
    newer = traces.alias("newer")
    later = or_(
        newer.c.request_time > newest.c.request_time,
        and_(newer.c.request_time == newest.c.request_time, newer.c.id > newest.c.id),
    )
    of_group = (newer.c.experiment == newest.c.experiment, newer.c[column] == newest.c[column])
    return exists().where(*of_group, newer.c.request_time >= newest.c.request_time, later)


def sums_of_groups(
    connection: Connection, groups: Sequence[tuple[int, str]], *, column: str, further: Sequence[ColumnElement[Any]]
) -> dict[tuple[int, str], Any]:
    """Return of each group how many traces, errors, the first time, tokens in and out, the cost, and what is further.

    Args:
        connection: a reading transaction.
        groups: experiments' row ids, and sessions or users.
        column: as for ``newest_of_groups``.
        further: aggregates over ``traces``.
    """
    group = (traces.c.experiment, traces.c[column])
    wanted: list[ColumnElement[Any]] = [
        *group,
        func.count().label("n"),
        func.sum(case((traces.c.state == "ERROR", 1), else_=0)).label("errors"),
        func.min(traces.c.request_time).label("first"),
        _tokens(traces.c.input_tokens).label("input_tokens"),
        _tokens(traces.c.output_tokens).label("output_tokens"),
        func.sum(case((traces.c.cost > MOST_COST, MOST_COST), else_=traces.c.cost)).label("cost"),
        *further,
    ]
    members: dict[int, list[str]] = {}
    for experiment, value in groups:
        members.setdefault(experiment, []).append(value)
    found = {}
    for experiment, values in members.items():
        chosen = (traces.c.experiment == experiment, traces.c[column].in_(values), traces.c[column].is_not(None))
        for row in connection.execute(select(*wanted).where(*chosen).group_by(*group)):
            found[row[0], row[1]] = row
    return found


def _tokens(column: ColumnElement[int]) -> ColumnElement[int]:
    bounded = case((column > MOST_TOKENS, MOST_TOKENS), (column < 0, 0), else_=column)
    return sql_cast(func.coalesce(func.sum(bounded), 0), BigInteger)
