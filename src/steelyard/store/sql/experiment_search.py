"""Finding experiments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, select

from steelyard.errors import InvalidArgument
from steelyard.records import Experiment, Page, ViewType
from steelyard.store.limits import check_max_results
from steelyard.store.sql.database import Database
from steelyard.store.sql.filter import Comparison, Vocabulary, compare, compile_condition, parse_filter, parse_order
from steelyard.store.sql.paging import SortKey, after, fingerprint, make_token, read_token
from steelyard.store.sql.schema import experiment_tags, experiments

EXPERIMENTS = Vocabulary(
    noun="experiments",
    attributes={"name": "text", "experiment_id": "number", "creation_time": "number", "last_update_time": "number"},
    kinds={
        **dict.fromkeys(("tag", "tags"), "tags"),
        **dict.fromkeys(("attr", "attribute", "attributes", "experiment"), "attributes"),
    },
    types={"tags": "text"},
)
_COLUMNS: dict[str, ColumnElement[Any]] = {
    "name": experiments.c.name,
    "experiment_id": experiments.c.id,
    "creation_time": experiments.c.creation_time,
    "last_update_time": experiments.c.last_update_time,
}
_VIEWS: dict[ViewType, tuple[str, ...]] = {
    "ACTIVE_ONLY": ("active",),
    "DELETED_ONLY": ("deleted",),
    "ALL": ("active", "deleted"),
}


def search(
    database: Database,
    filter_string: str,
    *,
    order_by: Sequence[str],
    max_results: int,
    page_token: str | None,
    view: ViewType,
) -> Page[Experiment]:
    """Return a page of experiments, the newest first unless told; see ``ExperimentStore.search``."""
    check_max_results(max_results)
    if view not in _VIEWS:
        msg = f"view={view!r} is none of {', '.join(_VIEWS)}."
        raise InvalidArgument(msg)
    conditions: list[ColumnElement[bool]] = [experiments.c.lifecycle.in_(_VIEWS[view])]
    condition = parse_filter(filter_string or "", EXPERIMENTS)
    if condition is not None:
        conditions.append(compile_condition(condition, lambda one: _comparison(database, one)))
    keys = [_sort_key(o.key.kind, o.key.name, descending=o.descending) for o in parse_order(order_by, EXPERIMENTS)]
    keys += [SortKey(experiments.c.creation_time, descending=True), SortKey(experiments.c.id, descending=True)]
    query = fingerprint(filter_string, list(order_by), view)
    if page_token:
        conditions.append(after(keys, read_token(page_token, query, keys)))
    statement = select(experiments, *(k.expression.label(f"key{i}") for i, k in enumerate(keys)))
    statement = statement.where(*conditions).order_by(*(k.order for k in keys)).limit(max_results + 1)
    with database.read() as connection:
        rows = connection.execute(statement).mappings().all()
        found = experiments_from_rows(connection, rows[:max_results])
    if len(rows) <= max_results:
        return Page(found)
    return Page(found, make_token(query, [rows[max_results - 1][f"key{i}"] for i in range(len(keys))]))


def experiments_from_rows(connection: Connection, rows: Sequence[RowMapping]) -> tuple[Experiment, ...]:
    """Return experiments with their tags."""
    tags: dict[int, dict[str, str]] = {row["id"]: {} for row in rows}
    t = experiment_tags.c
    for number, key, value in connection.execute(
        select(t.experiment, t.key, t.value).where(t.experiment.in_(list(tags))).order_by(t.key)
    ):
        tags[number][key] = value
    return tuple(
        Experiment(
            experiment_id=str(row["id"]),
            name=row["name"],
            lifecycle_stage=row["lifecycle"],
            creation_time=row["creation_time"],
            last_update_time=row["last_update_time"],
            tags=tags[row["id"]],
        )
        for row in rows
    )


def _sort_key(kind: str, name: str, *, descending: bool) -> SortKey:
    if kind == "attributes":
        return SortKey(_COLUMNS[name], descending)
    t = experiment_tags.c
    value = select(t.value).where(t.experiment == experiments.c.id, t.key == name).scalar_subquery()
    return SortKey(value, descending)


def _comparison(database: Database, comparison: Comparison) -> ColumnElement[bool]:
    if comparison.key.kind == "attributes":
        column = _COLUMNS[comparison.key.name]
        if comparison.operator in {"IS NULL", "IS NOT NULL"}:
            return column.is_(None) if comparison.operator == "IS NULL" else column.is_not(None)
        return compare(column, comparison, database.dialect)
    t = experiment_tags.c
    there = exists().where(t.experiment == experiments.c.id, t.key == comparison.key.name)
    if comparison.operator in {"IS NULL", "IS NOT NULL"}:
        return ~there if comparison.operator == "IS NULL" else there
    return there.where(compare(t.value, comparison, database.dialect))
