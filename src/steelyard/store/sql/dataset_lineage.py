"""What became of a record, who said what about it, and which runs used its dataset."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from steelyard.errors import NotFound
from steelyard.records.dataset import DatasetUse, DatasetVersion, RecordStep, Statement
from steelyard.store.limits import check_max_results
from steelyard.store.sql.dataset_records import records_of
from steelyard.store.sql.dataset_rows import record_from_row
from steelyard.store.sql.dataset_schema import (
    OPEN,
    dataset_contents,
    dataset_members,
    dataset_statements,
    dataset_versions,
)
from steelyard.store.sql.json_text import from_json, from_text
from steelyard.store.sql.schema import datasets, experiments, inputs, runs

_SOURCE = "evaluation_dataset"


def statements(connection: Connection, number: int, record_id: str) -> tuple[Statement, ...]:
    """Return who said what is expected of a record."""
    s = dataset_statements.c
    found = connection.execute(
        select(dataset_statements)
        .where(s.dataset == number, s.record_id == record_id)
        .order_by(s.version, s.time, s.name, s.digest)
    )
    return tuple(
        Statement(
            name=from_text(row.name),
            value=from_json(row.value),
            by=row.by,
            source_type=row.source_type,
            time=row.time,
            trace_id=row.trace_id,
            version=row.version,
        )
        for row in found
    )


def history(connection: Connection, dataset: tuple[int, str], record_id: str) -> tuple[RecordStep, ...]:
    """Return each version in which a record came, changed or went."""
    number, dataset_id = dataset
    m, c = dataset_members.c, dataset_contents.c
    rows = connection.execute(
        records_of(number).add_columns(m.until).where(c.record_id == record_id).order_by(m.since)
    ).all()
    if not rows:
        raise NotFound(f"No version of the dataset {dataset_id!r} has a record {record_id!r}.")
    spans = [(record_from_row(dataset_id, row[:-1]), row[-1]) for row in rows]
    said: dict[int, list[str]] = {}
    for one in statements(connection, number, record_id):
        if one.trace_id:
            said.setdefault(one.version, []).append(one.trace_id)
    bounds = {one.updated_in for one, _ in spans} | {until for _, until in spans if until != OPEN}
    versions = _versions(connection, number, bounds)
    steps = []
    for at in sorted(bounds):
        before = next((one for one, until in spans if until == at), None)
        after = next((one for one, _ in spans if one.updated_in == at), None)
        if before is not None and after is not None and before.digest == after.digest:
            continue  # it only took another place
        own = [after.source_id] if after is not None and before is None and after.source_id else []
        traces = tuple(dict.fromkeys([*own, *said.get(at, ())]))
        steps.append(RecordStep(version=versions[at], before=before, after=after, trace_ids=traces))
    return tuple(steps)


def uses(connection: Connection, dataset_id: str, max_results: int) -> tuple[DatasetUse, ...]:
    """Return the runs that say that they used a dataset, the newest first."""
    check_max_results(max_results)
    begins = json.dumps({"dataset_id": dataset_id})[:-1]
    found = connection.execute(
        select(
            runs.c.run_id, runs.c.name, runs.c.experiment, runs.c.status, runs.c.start_time,
            datasets.c.source, datasets.c.digest, inputs.c.context,
        )
        .join(inputs, inputs.c.dataset == datasets.c.id)
        .join(runs, runs.c.id == inputs.c.run)
        .join(experiments, experiments.c.id == runs.c.experiment)
        .where(
            datasets.c.source_type == _SOURCE,
            datasets.c.source.startswith(begins, autoescape=True),
            runs.c.lifecycle == "active",
        )
        .order_by(runs.c.start_time.desc(), runs.c.id.desc(), inputs.c.position)
        .limit(max_results)
    )  # fmt: skip
    return tuple(use for use in (_use(row, dataset_id) for row in found) if use is not None)


def _use(row: Any, dataset_id: str) -> DatasetUse | None:
    try:
        told = json.loads(row.source)
    except ValueError:  # a client may say anything
        return None
    if told.get("dataset_id") != dataset_id or not isinstance(told.get("version"), int):
        return None
    return DatasetUse(
        run_id=row.run_id,
        run_name=row.name,
        experiment_id=str(row.experiment),
        status=row.status,
        start_time=row.start_time,
        version=told["version"],
        digest=str(told.get("digest", row.digest)),
        context=row.context,
        subset=told.get("subset"),
    )


def _versions(connection: Connection, number: int, wanted: set[int]) -> dict[int, DatasetVersion]:
    v = dataset_versions.c
    names = tuple(DatasetVersion.__dataclass_fields__)
    found = connection.execute(select(*(v[name] for name in names)).where(v.dataset == number, v.number.in_(wanted)))
    return {row.number: DatasetVersion(**dict(zip(names, row, strict=True))) for row in found}
