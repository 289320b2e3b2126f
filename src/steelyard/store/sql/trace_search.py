"""Finding traces: the rows of a page by the shortest way, then their infos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from steelyard.records import Page
from steelyard.records.trace import TraceInfo
from steelyard.store.limits import check_max_results
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.filter import parse_order
from steelyard.store.sql.paging import after, fingerprint, make_token, read_token
from steelyard.store.sql.runs import run_number
from steelyard.store.sql.trace_choice import chosen_experiments, matching
from steelyard.store.sql.trace_filter import TRACES, unindexed
from steelyard.store.sql.trace_infos import INFO_COLUMNS, infos_from_rows
from steelyard.store.sql.trace_order import Leg, legs_of
from steelyard.store.sql.trace_schema import trace_runs, traces

_FEW = 10_000  # traces that are sorted sooner than they are found among a million


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which traces a search is about.

    Args:
        conditions: all but the experiments.
        experiments: their numbers; None for any.
        few: whether the conditions begin with so few traces that these are simply looked up and sorted.
    """

    conditions: tuple[ColumnElement[bool], ...]
    experiments: list[int] | None
    few: bool

    def where(self, dialect: Dialect, *, in_time: bool = True) -> list[ColumnElement[bool]]:
        """Return the conditions, spelt so that the database begins with the experiment's traces in time, or not."""
        if self.experiments is None:
            return [*self.conditions]
        number: ColumnElement[int] = traces.c.experiment
        if self.few or not in_time:
            number = unindexed(number, dialect)
        one = len(self.experiments) == 1
        return [number == self.experiments[0] if one else number.in_(self.experiments), *self.conditions]


class TraceSearch:
    """The searching half of ``TraceStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str,
        *,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
        run_id: str | None,
    ) -> Page[TraceInfo]:
        """See ``TraceStore.search``."""
        check_max_results(max_results)
        orderings = parse_order(order_by, TRACES)
        query = fingerprint(sorted(set(experiment_ids)), filter_string, list(order_by), run_id)
        with self._database.read() as connection:
            chosen = self._choose(connection, experiment_ids, run_id, filter_string)
            legs = legs_of(orderings, self._database.dialect, few=chosen.few)
            behind = read_token(page_token, query, legs[0].keys) if page_token else None
            rows = _rows(connection, self._database.dialect, legs, chosen, behind=behind, limit=max_results + 1)
            found = self._infos(connection, [number for number, *_ in rows[:max_results]])
        if len(rows) <= max_results:
            return Page(found)
        return Page(found, make_token(query, rows[max_results - 1][1:]))

    def count(self, experiment_ids: Sequence[str], filter_string: str, *, run_id: str | None) -> int:
        """See ``TraceStore.count``."""
        with self._database.read() as connection:
            chosen = self._choose(connection, experiment_ids, run_id, filter_string)
            counted = select(func.count()).select_from(traces).where(*chosen.where(self._database.dialect))
            return connection.execute(counted).scalar_one()

    def _choose(
        self, connection: Connection, experiment_ids: Sequence[str], run_id: str | None, filter_string: str
    ) -> _Chosen:
        match = matching(connection, self._database.dialect, filter_string)
        conditions, few = match.conditions, match.few
        if run_id is not None:
            of_run = select(trace_runs.c.trace).where(trace_runs.c.run == run_number(connection, run_id))
            conditions = (traces.c.id.in_(of_run), *conditions)
            few = few or len(connection.execute(of_run.limit(_FEW + 1)).all()) <= _FEW
        experiments = chosen_experiments(connection, experiment_ids)
        return _Chosen(conditions, experiments if experiments or run_id is None else None, few)

    def _infos(self, connection: Connection, numbers: Sequence[int]) -> tuple[TraceInfo, ...]:
        chosen = self._database.dialect.among(traces.c.id, numbers)
        rows = {row[0]: row for row in connection.execute(select(*INFO_COLUMNS).where(chosen))}
        return infos_from_rows(connection, self._database.dialect, [rows[number] for number in numbers])


def _rows(
    connection: Connection,
    dialect: Dialect,
    legs: Sequence[Leg],
    chosen: _Chosen,
    *,
    behind: Sequence[Any] | None,
    limit: int,
) -> list[tuple[Any, ...]]:
    """Return the numbers of traces, each with its sort values, from one leg after the other."""
    rows: list[tuple[Any, ...]] = []
    for leg in legs:
        if behind is not None and _is_past(leg, legs, behind):
            continue
        where = [*leg.conditions, *chosen.where(dialect, in_time=leg.in_time)]
        if behind is not None:
            where.append(after(leg.keys, behind[leg.nulls :]))
            behind = None
        statement = (
            select(traces.c.id, *(key.expression for key in leg.keys))
            .select_from(leg.source)
            .where(*where)
            .order_by(*(key.order for key in leg.keys))
            .limit(limit - len(rows))
        )
        nothing = (None,) * leg.nulls
        rows += [(row[0], *nothing, *row[1:]) for row in connection.execute(statement)]
        if len(rows) == limit:
            break
    return rows


def _is_past(leg: Leg, legs: Sequence[Leg], behind: Sequence[Any]) -> bool:
    """Return whether a list has come further than a leg: the next one begins with one more missing value."""
    following = [other.nulls for other in legs if other.nulls > leg.nulls]
    return bool(following) and all(value is None for value in behind[: following[0]])
