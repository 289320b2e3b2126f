"""Finding runs: one statement for the page, then one for each kind of thing that was logged to its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Table, and_, exists, func, literal, select

from steelyard.errors import InvalidArgument
from steelyard.records import Page, Run, ViewType
from steelyard.store.limits import check_max_results
from steelyard.store.sql.database import Database
from steelyard.store.sql.experiments import experiment_numbers
from steelyard.store.sql.filter import (
    Comparison,
    Ordering,
    Vocabulary,
    compare,
    compile_condition,
    parse_filter,
    parse_order,
)
from steelyard.store.sql.paging import SortKey, after, fingerprint, make_token, read_token
from steelyard.store.sql.run_rows import RUN_COLUMNS, artifact_uri, runs_from_rows
from steelyard.store.sql.schema import datasets, inputs, latest_metrics, params, runs, tags

RUNS = Vocabulary(
    noun="runs",
    attributes={
        "run_id": "text",
        "run_name": "text",
        "status": "text",
        "user_id": "text",
        "artifact_uri": "text",
        "start_time": "number",
        "end_time": "number",
        "created": "number",
    },
    aliases={
        "run_uuid": "run_id",
        "Run ID": "run_id",
        "run name": "run_name",
        "Run name": "run_name",
        "Run Name": "run_name",
        "Created": "created",
        "created_at": "created",
        "User": "user_id",
        "user": "user_id",
    },
    kinds={
        **dict.fromkeys(("metric", "metrics"), "metrics"),
        **dict.fromkeys(("param", "params", "parameter", "parameters"), "params"),
        **dict.fromkeys(("tag", "tags"), "tags"),
        **dict.fromkeys(("attr", "attribute", "attributes", "run", "runs"), "attributes"),
        **dict.fromkeys(("dataset", "datasets"), "datasets"),
    },
    types={"metrics": "number", "params": "text", "tags": "text", "datasets": "text"},
    fixed={"datasets": ("name", "digest", "context")},
)

_TABLES: dict[str, Table] = {"metrics": latest_metrics, "params": params, "tags": tags}
_COLUMNS: dict[str, ColumnElement[Any]] = {
    "run_id": runs.c.run_id,
    "run_name": runs.c.name,
    "status": runs.c.status,
    "user_id": runs.c.user_id,
    "artifact_uri": literal(artifact_uri("")).concat(runs.c.run_id),
    "start_time": runs.c.start_time,
    "end_time": runs.c.end_time,
    "created": runs.c.start_time,
}
_LIFECYCLES: dict[ViewType, tuple[str, ...]] = {
    "ACTIVE_ONLY": ("active",),
    "DELETED_ONLY": ("deleted",),
    "ALL": ("active", "deleted"),
}


class SqlSearch:
    """See ``RunSearch``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        *,
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
        view: ViewType = "ACTIVE_ONLY",
    ) -> Page[Run]:
        check_max_results(max_results)
        where = self._filter(filter_string)
        keys, source = _sorting(parse_order(order_by, RUNS))
        query = fingerprint(sorted(set(experiment_ids)), filter_string, list(order_by), view)
        behind = after(keys, read_token(page_token, query, keys)) if page_token else None
        with self._database.read() as connection:
            chosen = _chosen(connection, experiment_ids, view)
            statement = (
                select(*RUN_COLUMNS, *(key.expression for key in keys))
                .select_from(source)
                .where(*(condition for condition in (chosen, where, behind) if condition is not None))
                .order_by(*(key.order for key in keys))
                .limit(max_results + 1)
            )
            rows = connection.execute(statement).all()
            page = rows[:max_results]
            found = runs_from_rows(connection, self._database.dialect, page)
        if len(rows) <= max_results:
            return Page(found)
        return Page(found, make_token(query, page[-1][len(RUN_COLUMNS) :]))

    def count(self, experiment_ids: Sequence[str], filter_string: str = "", *, view: ViewType = "ACTIVE_ONLY") -> int:
        where = self._filter(filter_string)
        with self._database.read() as connection:
            statement = select(func.count()).select_from(runs).where(_chosen(connection, experiment_ids, view))
            return connection.execute(statement if where is None else statement.where(where)).scalar_one()

    def keys(self, experiment_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the names in use under ``metrics``, ``params`` and ``tags`` of runs that are not deleted, sorted."""
        with self._database.read() as connection:
            chosen = _chosen(connection, experiment_ids, "ACTIVE_ONLY")
            return {
                kind: connection.execute(
                    select(table.c.key)
                    .distinct()
                    .join(runs, runs.c.id == table.c.run)
                    .where(chosen)
                    .order_by(table.c.key)
                )
                .scalars()
                .all()
                for kind, table in _TABLES.items()
            }

    def _filter(self, filter_string: str) -> ColumnElement[bool] | None:
        condition = parse_filter(filter_string or "", RUNS)
        return None if condition is None else compile_condition(condition, self._comparison)

    def _comparison(self, comparison: Comparison) -> ColumnElement[bool]:
        kind, name = comparison.key.kind, comparison.key.name
        if kind == "attributes":
            column = _COLUMNS[name]
            if comparison.operator in {"IS NULL", "IS NOT NULL"}:
                return column.is_(None) if comparison.operator == "IS NULL" else column.is_not(None)
            return compare(column, comparison, self._database.dialect)
        if kind == "datasets":
            return self._dataset(comparison)
        table = _TABLES[kind]
        there = and_(table.c.run == runs.c.id, table.c.key == name)
        if comparison.operator in {"IS NULL", "IS NOT NULL"}:
            return ~exists().where(there) if comparison.operator == "IS NULL" else exists().where(there)
        matches = compare(table.c.value, comparison, self._database.dialect, null_is_nan=kind == "metrics")
        return exists().where(there, matches)

    def _dataset(self, comparison: Comparison) -> ColumnElement[bool]:
        column = inputs.c.context if comparison.key.name == "context" else datasets.c[comparison.key.name]
        there = exists().where(inputs.c.run == runs.c.id, inputs.c.dataset == datasets.c.id)
        if comparison.operator == "IS NULL":
            return ~there
        return (
            there
            if comparison.operator == "IS NOT NULL"
            else there.where(compare(column, comparison, self._database.dialect))
        )


def _sorting(orderings: Sequence[Ordering]) -> tuple[list[SortKey], FromClause]:
    """Return the sort keys, the last of them unique, and the tables that they need."""
    keys: list[SortKey] = []
    source: FromClause = runs
    for ordering in orderings:
        kind, name = ordering.key.kind, ordering.key.name
        if kind == "attributes":
            keys.append(SortKey(_COLUMNS[name], ordering.descending))
            continue
        if kind == "datasets":
            msg = "Runs cannot be ordered by datasets (a run may have several): use metrics, params, tags."
            raise InvalidArgument(msg)
        values = _TABLES[kind].alias()
        source = source.outerjoin(values, and_(values.c.run == runs.c.id, values.c.key == name))
        keys.append(SortKey(values.c.value, ordering.descending))
    return [*keys, SortKey(runs.c.start_time, descending=True), SortKey(runs.c.run_id)], source


def _chosen(connection: Connection, experiment_ids: Sequence[str], view: ViewType) -> ColumnElement[bool]:
    if view not in _LIFECYCLES:
        msg = f"view={view!r} is none of {', '.join(_LIFECYCLES)}."
        raise InvalidArgument(msg)
    if isinstance(experiment_ids, str):
        msg = f"experiment_ids is a list of ids, not one text: write [{experiment_ids!r}]."
        raise InvalidArgument(msg)
    numbers = experiment_numbers(connection, experiment_ids)
    return and_(runs.c.experiment.in_(numbers), runs.c.lifecycle.in_(_LIFECYCLES[view]))
