"""Finding datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, select

from steelyard.records import Page
from steelyard.records.dataset import Dataset
from steelyard.store.limits import check_max_results
from steelyard.store.sql.database import Database
from steelyard.store.sql.dataset_schema import (
    dataset_tables,
    dataset_versions,
    evaluation_dataset_experiments,
    evaluation_dataset_tags,
    evaluation_datasets,
)
from steelyard.store.sql.experiments import experiment_numbers
from steelyard.store.sql.filter import Comparison, Vocabulary, compare, compile_condition, parse_filter, parse_order
from steelyard.store.sql.paging import SortKey, after, fingerprint, make_token, read_token

DATASETS = Vocabulary(
    noun="datasets",
    attributes={
        "name": "text",
        "dataset_id": "text",
        "created_by": "text",
        "last_updated_by": "text",
        "created_time": "number",
        "last_update_time": "number",
    },
    kinds={
        **dict.fromkeys(("tag", "tags"), "tags"),
        **dict.fromkeys(("attr", "attribute", "attributes", "dataset"), "attributes"),
    },
    types={"tags": "text"},
)


def search(
    database: Database,
    experiment_ids: Sequence[str],
    filter_string: str,
    *,
    order_by: Sequence[str],
    max_results: int,
    page_token: str | None,
) -> Page[Dataset]:
    """Return a page of datasets; see ``DatasetStore.search``."""
    check_max_results(max_results)
    d = evaluation_datasets.c
    condition = parse_filter(filter_string or "", DATASETS)
    conditions: list[ColumnElement[bool]] = []
    if condition is not None:
        conditions.append(compile_condition(condition, lambda one: _comparison(database, one)))
    keys = [_sort_key(o.key.kind, o.key.name, descending=o.descending) for o in parse_order(order_by, DATASETS)]
    keys += [SortKey(d.created_time, descending=True), SortKey(d.id, descending=True)]
    query = fingerprint(sorted(experiment_ids), filter_string, list(order_by))
    if page_token:
        conditions.append(after(keys, read_token(page_token, query, keys)))
    with database.read() as connection:
        if experiment_ids:
            e = evaluation_dataset_experiments.c
            numbers = experiment_numbers(connection, experiment_ids)
            conditions.append(exists().where(e.dataset == d.id, e.experiment.in_(numbers)))
        statement = select(evaluation_datasets, *(k.expression.label(f"key{i}") for i, k in enumerate(keys)))
        statement = statement.where(*conditions).order_by(*(k.order for k in keys)).limit(max_results + 1)
        rows = connection.execute(statement).mappings().all()
        found = datasets_from_rows(connection, rows[:max_results])
    if len(rows) <= max_results:
        return Page(found)
    return Page(found, make_token(query, [rows[max_results - 1][f"key{i}"] for i in range(len(keys))]))


def datasets_from_rows(connection: Connection, rows: Sequence[RowMapping]) -> tuple[Dataset, ...]:
    """Return datasets with their tags, experiments and newest versions."""
    ids = [row["id"] for row in rows]
    tags: dict[int, dict[str, str]] = {number: {} for number in ids}
    t = evaluation_dataset_tags.c
    for number, key, value in connection.execute(
        select(t.dataset, t.key, t.value).where(t.dataset.in_(ids)).order_by(t.key)
    ):
        tags[number][key] = value
    experiments: dict[int, list[str]] = {number: [] for number in ids}
    e = evaluation_dataset_experiments.c
    for number, experiment in connection.execute(
        select(e.dataset, e.experiment).where(e.dataset.in_(ids)).order_by(e.experiment)
    ):
        experiments[number].append(str(experiment))
    t = dataset_tables.c
    tables = set(connection.execute(select(t.dataset).where(t.dataset.in_(ids)).distinct()).scalars())
    v, d = dataset_versions.c, evaluation_datasets.c
    newest = select(v.dataset, v.digest, v.n_records).join(evaluation_datasets, d.id == v.dataset)
    versions = {row[0]: row for row in connection.execute(newest.where(v.number == d.version, d.id.in_(ids)))}
    return tuple(
        Dataset(
            dataset_id=row["dataset_id"],
            name=row["name"],
            tags=tags[row["id"]],
            experiment_ids=tuple(experiments[row["id"]]),
            version=row["version"],
            digest=versions[row["id"]].digest,
            n_records=versions[row["id"]].n_records,
            created_by=row["created_by"],
            created_time=row["created_time"],
            last_updated_by=row["last_updated_by"],
            last_update_time=row["last_update_time"],
            kind="table" if row["id"] in tables else "records",
        )
        for row in rows
    )


def _sort_key(kind: str, name: str, *, descending: bool) -> SortKey:
    if kind == "attributes":
        return SortKey(evaluation_datasets.c[name], descending)
    t = evaluation_dataset_tags.c
    value = select(t.value).where(t.dataset == evaluation_datasets.c.id, t.key == name).scalar_subquery()
    return SortKey(value, descending)


def _comparison(database: Database, comparison: Comparison) -> ColumnElement[bool]:
    if comparison.key.kind == "attributes":
        column: ColumnElement[Any] = evaluation_datasets.c[comparison.key.name]
        if comparison.operator in {"IS NULL", "IS NOT NULL"}:
            return column.is_(None) if comparison.operator == "IS NULL" else column.is_not(None)
        return compare(column, comparison, database.dialect)
    t = evaluation_dataset_tags.c
    there = exists().where(t.dataset == evaluation_datasets.c.id, t.key == comparison.key.name)
    if comparison.operator in {"IS NULL", "IS NOT NULL"}:
        return ~there if comparison.operator == "IS NULL" else there
    return there.where(compare(t.value, comparison, database.dialect))
