"""From rows to runs: a handful of statements however many the runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from steelyard.records import DatasetInput, Run, RunData, RunInfo, RunInputs
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.schema import datasets, inputs, latest_metrics, params, runs, tags

_NAN = float("nan")
_NO_INPUTS = RunInputs()

RUN_COLUMNS = (
    runs.c.id,
    runs.c.run_id,
    runs.c.name,
    runs.c.experiment,
    runs.c.status,
    runs.c.start_time,
    runs.c.end_time,
    runs.c.user_id,
    runs.c.lifecycle,
)


def artifact_uri(run_id: str) -> str:
    """Return the address of a run's artifacts: opaque, and the same wherever they lie."""
    return f"runs:/{run_id}"


def load_runs(connection: Connection, dialect: Dialect, numbers: Sequence[int]) -> tuple[Run, ...]:
    """Return runs with all that was logged to them, in the order of their row ids in ``numbers``."""
    rows = connection.execute(select(*RUN_COLUMNS).where(dialect.among(runs.c.id, numbers))).all()
    by_number = {row[0]: row for row in rows}
    return runs_from_rows(connection, dialect, [by_number[number] for number in numbers])


def runs_from_rows(connection: Connection, dialect: Dialect, rows: Sequence[Any]) -> tuple[Run, ...]:
    """Return runs from rows that begin with ``RUN_COLUMNS``, with all that was logged to them."""
    if not rows:
        return ()
    numbers = [row[0] for row in rows]
    values: dict[int, dict[str, float]] = {number: {} for number in numbers}
    for run, key, value in _fetch(connection, dialect, latest_metrics, numbers):
        values[run][key] = _NAN if value is None else value
    words = _words(connection, dialect, params, numbers)
    labels = _words(connection, dialect, tags, numbers)
    used = _inputs(connection, dialect, numbers)
    return tuple(
        Run(
            RunInfo(
                run_id=run_id,
                run_name=name,
                experiment_id=str(experiment),
                status=status,
                start_time=start_time,
                end_time=end_time,
                user_id=user_id,
                lifecycle_stage=lifecycle,
                artifact_uri=artifact_uri(run_id),
            ),
            RunData(values[number], words[number], labels[number]),
            used.get(number, _NO_INPUTS),
        )
        for number, run_id, name, experiment, status, start_time, end_time, user_id, lifecycle, *_ in rows
    )


def _words(connection: Connection, dialect: Dialect, table: Table, numbers: list[int]) -> dict[int, dict[str, str]]:
    words: dict[int, dict[str, str]] = {number: {} for number in numbers}
    for run, key, value in _fetch(connection, dialect, table, numbers):
        words[run][key] = value
    return words


def _fetch(connection: Connection, dialect: Dialect, table: Table, numbers: list[int]) -> list[tuple[int, str, Any]]:
    c = table.c
    statement = select(c.run, c.key, c.value).where(dialect.among(c.run, numbers)).order_by(c.run, c.key)
    return connection.execute(statement).cursor.fetchall()  # type: ignore[union-attr]  # bare tuples: a third of the time


def _inputs(connection: Connection, dialect: Dialect, numbers: list[int]) -> dict[int, RunInputs]:
    links = connection.execute(
        select(inputs.c.run, inputs.c.dataset, inputs.c.context)
        .where(dialect.among(inputs.c.run, numbers))
        .order_by(inputs.c.run, inputs.c.position)
    ).all()
    if not links:
        return {}
    wanted = sorted({dataset for _, dataset, _ in links})
    d = datasets.c
    columns = (d.id, d.name, d.digest, d.source_type, d.source, d.schema, d.profile)
    by_id = {row[0]: row[1:] for row in connection.execute(select(*columns).where(dialect.among(d.id, wanted)))}
    used: dict[int, list[DatasetInput]] = {}
    for run, dataset, context in links:
        name, digest, source_type, source, schema, profile = by_id[dataset]
        used.setdefault(run, []).append(
            DatasetInput(
                name=name,
                digest=digest,
                source_type=source_type,
                source=source,
                schema=schema,
                profile=profile,
                context=context,
            )
        )
    return {run: RunInputs(tuple(found)) for run, found in used.items()}
