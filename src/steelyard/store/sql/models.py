"""Models that were logged."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import RowMapping, Select, insert, select
from sqlalchemy.exc import IntegrityError

from steelyard.errors import AlreadyExists, NotFound
from steelyard.records import LoggedModel
from steelyard.store.artifact_names import check_artifact_path
from steelyard.store.limits import MAX_PARAM_VALUE, MAX_RUN_NAME, MAX_TAG_VALUE, check_integer, check_name, check_words
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.experiments import experiment_number, experiment_numbers
from steelyard.store.sql.runs import active_run_number, run_number
from steelyard.store.sql.schema import models, runs


class SqlModels:
    """See ``ModelStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, model: LoggedModel) -> LoggedModel:
        """Keep a model; an empty id and a zero time are filled in."""
        kept = replace(
            model,
            model_id=model.model_id or f"m-{uuid.uuid4().hex}",
            name=check_name(model.name, "model name", limit=MAX_RUN_NAME),
            artifact_path=check_artifact_path(model.artifact_path),
            creation_timestamp=check_integer(model.creation_timestamp, "creation_timestamp") or now_ms(),
            params=check_words(model.params, "param", limit=MAX_PARAM_VALUE),
            tags=check_words(model.tags, "tag", limit=MAX_TAG_VALUE),
        )
        check_name(kept.model_id, "model id", limit=MAX_RUN_NAME)
        try:
            with self._database.write() as connection:
                row = {
                    "model_id": kept.model_id,
                    "name": kept.name,
                    "run": active_run_number(connection, kept.source_run_id),
                    "experiment": experiment_number(connection, kept.experiment_id),
                    "artifact_path": kept.artifact_path,
                    "flavor": kept.flavor,
                    "status": kept.status,
                    "creation_timestamp": kept.creation_timestamp,
                    "params": msgspec.json.encode(kept.params).decode(),
                    "tags": msgspec.json.encode(kept.tags).decode(),
                }
                connection.execute(insert(models).values(row))
        except IntegrityError as error:
            msg = f"There is already a model with id {kept.model_id!r}."
            raise AlreadyExists(msg) from error
        return kept

    def get(self, model_id: str) -> LoggedModel:
        with self._database.read() as connection:
            row = connection.execute(_models().where(models.c.model_id == model_id)).mappings().first()
        if row is None:
            msg = f"There is no model with id {model_id!r}."
            raise NotFound(msg)
        return _model(row)

    def list(self, *, run_id: str | None = None, experiment_ids: Sequence[str] = ()) -> Sequence[LoggedModel]:
        """Return the models of a run or of experiments (all models unless told), the newest first."""
        with self._database.read() as connection:
            statement = _models().order_by(models.c.creation_timestamp.desc(), models.c.id.desc())
            if run_id is not None:
                statement = statement.where(models.c.run == run_number(connection, run_id))
            if experiment_ids:
                statement = statement.where(models.c.experiment.in_(experiment_numbers(connection, experiment_ids)))
            return tuple(_model(row) for row in connection.execute(statement).mappings())


def _models() -> Select[tuple[object, ...]]:
    return select(models, runs.c.run_id).join(runs, runs.c.id == models.c.run)


def _model(row: RowMapping) -> LoggedModel:
    return LoggedModel(
        model_id=row["model_id"],
        name=row["name"],
        experiment_id=str(row["experiment"]),
        source_run_id=row["run_id"],
        artifact_path=row["artifact_path"],
        flavor=row["flavor"],
        status=row["status"],
        creation_timestamp=row["creation_timestamp"],
        params=msgspec.json.decode(row["params"], type=dict[str, str]),
        tags=msgspec.json.decode(row["tags"], type=dict[str, str]),
    )
