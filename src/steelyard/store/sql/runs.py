"""Runs in SQL: making, changing and reading them. What is logged to them is in ``run_log``."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from sqlalchemy import Connection, delete, func, insert, select, update

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import DatasetInput, Metric, Run, RunData, RunInfo, RunStatus
from steelyard.store.limits import (
    MAX_DATASET_DIGEST,
    MAX_DATASET_NAME,
    MAX_RUN_NAME,
    MAX_TAG_VALUE,
    check_integer,
    check_name,
    check_value,
    check_words,
)
from steelyard.store.run_names import new_run_name
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.experiments import load_experiment
from steelyard.store.sql.run_log import RunLog
from steelyard.store.sql.run_rows import artifact_uri, load_runs
from steelyard.store.sql.schema import datasets, inputs, metrics, runs, tags

_STATUSES: tuple[str, ...] = get_args(RunStatus)


class SqlRuns:
    """See ``RunStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._log = RunLog(database)

    def create(
        self,
        experiment_id: str,
        *,
        run_name: str = "",
        start_time: int | None = None,
        user_id: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> Run:
        words = check_words(tags or {}, "tag", limit=MAX_TAG_VALUE)
        name = check_name(run_name, "run name", limit=MAX_RUN_NAME) if run_name else new_run_name()
        check_value(user_id, "user_id", limit=MAX_RUN_NAME)
        start = now_ms() if start_time is None else check_integer(start_time, "start_time")
        run_id = uuid.uuid4().hex
        with self._database.write() as connection:
            experiment = load_experiment(connection, experiment_id)
            if experiment.lifecycle_stage != "active":
                msg = f"The experiment {experiment.name!r} is deleted. Restore it, or use another one."
                raise InvalidArgument(msg)
            row = {
                "run_id": run_id,
                "experiment": int(experiment.experiment_id),
                "name": name,
                "status": "RUNNING",
                "start_time": start,
                "user_id": user_id,
            }
            (number,) = connection.execute(insert(runs).values(row)).inserted_primary_key or (0,)
            _insert_tags(connection, number, words)
        info = RunInfo(
            run_id=run_id,
            run_name=name,
            experiment_id=experiment.experiment_id,
            start_time=start,
            user_id=user_id,
            artifact_uri=artifact_uri(run_id),
        )
        return Run(info, RunData(tags=words))

    def get(self, run_id: str) -> Run:
        with self._database.read() as connection:
            return load_runs(connection, self._database.dialect, [run_number(connection, run_id)])[0]

    def update(
        self, run_id: str, *, status: RunStatus | None = None, end_time: int | None = None, run_name: str | None = None
    ) -> None:
        changes: dict[str, Any] = {}
        if status is not None:
            if status not in _STATUSES:
                msg = f"status={status!r} is none of {', '.join(_STATUSES)}."
                raise InvalidArgument(msg)
            changes["status"] = status
        if end_time is not None:
            changes["end_time"] = check_integer(end_time, "end_time")
        if run_name is not None:
            changes["name"] = check_name(run_name, "run name", limit=MAX_RUN_NAME)
        with self._database.write() as connection:
            number = active_run_number(connection, run_id)
            if changes:
                connection.execute(update(runs).where(runs.c.id == number).values(**changes))

    def delete(self, run_id: str) -> None:
        """Delete a run softly: it can be restored."""
        with self._database.write() as connection:
            number = run_number(connection, run_id)
            active = (runs.c.id == number, runs.c.lifecycle == "active")
            connection.execute(update(runs).where(*active).values(lifecycle="deleted", deleted_time=now_ms()))

    def restore(self, run_id: str) -> None:
        with self._database.write() as connection:
            number = run_number(connection, run_id)
            connection.execute(update(runs).where(runs.c.id == number).values(lifecycle="active", deleted_time=None))

    def log_batch(
        self,
        run_id: str,
        *,
        metrics: Sequence[Metric] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        durable: bool = True,
    ) -> None:
        self._log.write(run_id, metrics=metrics, params=params or {}, tags=tags or {}, durable=durable)

    def delete_tag(self, run_id: str, key: str) -> None:
        with self._database.write() as connection:
            number = active_run_number(connection, run_id)
            gone = connection.execute(delete(tags).where(tags.c.run == number, tags.c.key == key))
            if gone.rowcount == 0:
                msg = f"The run {run_id!r} has no tag {key!r}."
                raise NotFound(msg)

    def log_inputs(self, run_id: str, datasets: Sequence[DatasetInput]) -> None:
        for dataset in datasets:
            check_name(dataset.name, "dataset name", limit=MAX_DATASET_NAME)
            check_name(dataset.digest, "dataset digest", limit=MAX_DATASET_DIGEST)
        with self._database.write() as connection:
            number = active_run_number(connection, run_id)
            last = connection.execute(select(func.max(inputs.c.position)).where(inputs.c.run == number)).scalar()
            for position, dataset in enumerate(datasets, start=0 if last is None else last + 1):
                row = {"run": number, "dataset": self._dataset(connection, dataset), "context": dataset.context}
                link = self._database.dialect.insert(inputs).on_conflict_do_nothing()
                connection.execute(link.values(**row, position=position))

    def _dataset(self, connection: Connection, dataset: DatasetInput) -> int:
        row = {
            column: getattr(dataset, column)
            for column in ("name", "digest", "source_type", "source", "schema", "profile")
        }
        content = hashlib.sha256("\x00".join(row.values()).encode()).hexdigest()
        keep = self._database.dialect.insert(datasets).on_conflict_do_nothing()
        connection.execute(keep.values(**row, content=content))
        return connection.execute(select(datasets.c.id).where(datasets.c.content == content)).scalar_one()

    def metric_history(self, run_id: str, key: str) -> Sequence[Metric]:
        """Return every point of a metric by step and time; empty if the run has no such metric."""
        m = metrics.c
        chosen = (
            select(m.value, m.timestamp, m.step, m.is_nan).where(m.key == key).order_by(m.step, m.timestamp, m.value)
        )
        with self._database.read() as connection:
            rows = connection.execute(chosen.where(m.run == run_number(connection, run_id)))
            return tuple(
                Metric(key, float("nan") if is_nan else value, timestamp, step)
                for value, timestamp, step, is_nan in rows
            )


def run_number(connection: Connection, run_id: str) -> int:
    """Return a run's row id, deleted or not."""
    return _find_run(connection, run_id)[0]


def locked_run_number(connection: Connection, run_id: str) -> int:
    """Return a run's row id, deleted or not, and hold off its other writers until this transaction ends."""
    return _find_run(connection, run_id, lock=True)[0]


def active_run_number(connection: Connection, run_id: str) -> int:
    """Return the row id of a run that may still be written to, and hold off its other writers."""
    number, lifecycle = _find_run(connection, run_id, lock=True)
    if lifecycle != "active":
        msg = f"The run {run_id!r} is deleted. Restore it before writing to it."
        raise InvalidArgument(msg)
    return number


def _find_run(connection: Connection, run_id: str, *, lock: bool = False) -> tuple[int, str]:
    statement = select(runs.c.id, runs.c.lifecycle).where(runs.c.run_id == run_id)
    row = connection.execute(statement.with_for_update(key_share=True) if lock else statement).first()
    if row is None:
        msg = f"There is no run with id {run_id!r}."
        raise NotFound(msg)
    return row[0], row[1]


def _insert_tags(connection: Connection, number: int, words: Mapping[str, str]) -> None:
    if words:
        connection.execute(insert(tags), [{"run": number, "key": k, "value": v} for k, v in words.items()])
