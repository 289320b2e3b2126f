"""Questions to people in SQL."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records.review import LabelInput, LabelKind, LabelSchema
from steelyard.store.limits import MAX_KEY, MAX_TAG_VALUE, check_name, check_value
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.experiments import experiment_number, experiment_numbers
from steelyard.store.sql.review_inputs import check_input, input_from, input_text
from steelyard.store.sql.review_schema import label_schemas, review_queue_schemas, review_queues

_KINDS = ("feedback", "expectation")


class SqlLabelSchemas:
    """See ``LabelSchemaStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        experiment_id: str,
        name: str,
        *,
        input: LabelInput,  # noqa: A002 - MLflow's name
        kind: LabelKind = "feedback",
        instruction: str = "",
        enable_comment: bool = False,
        by: str = "",
    ) -> LabelSchema:
        if kind not in _KINDS:
            raise InvalidArgument(f"A question asks for feedback or for an expectation, not for {kind!r}.")
        who, now = check_value(by or "", "user's name", limit=MAX_KEY), now_ms()
        row = {
            "schema_id": f"ls-{uuid.uuid4().hex}",
            "name": check_name(name, "label schema's name", limit=MAX_KEY),
            "kind": kind,
            "input": input_text(check_input(input)),
            "instruction": check_value(instruction or "", "instruction", limit=MAX_TAG_VALUE),
            "enable_comment": bool(enable_comment),
            "version": 1,
            "version_by": who,
            "created_by": who,
            "created_time": now,
            "last_updated_by": who,
            "last_update_time": now,
        }
        try:
            with self._database.write() as connection:
                row["experiment"] = experiment_number(connection, experiment_id)
                connection.execute(insert(label_schemas).values(row))
                return load_schema(connection, row["schema_id"])
        except IntegrityError as error:
            raise _taken(name) from error

    def get(self, schema_id: str) -> LabelSchema:
        with self._database.read() as connection:
            return load_schema(connection, schema_id)

    def find(self, experiment_id: str, name: str) -> LabelSchema | None:
        s = label_schemas.c
        with self._database.read() as connection:
            numbers = experiment_numbers(connection, [experiment_id])
            statement = select(label_schemas).where(s.experiment.in_(numbers), s.name == name)
            row = connection.execute(statement).mappings().first()
        return None if row is None else schema_from_row(row)

    def list(self, experiment_id: str) -> tuple[LabelSchema, ...]:
        s = label_schemas.c
        with self._database.read() as connection:
            numbers = experiment_numbers(connection, [experiment_id])
            statement = select(label_schemas).where(s.experiment.in_(numbers)).order_by(s.name)
            return tuple(schema_from_row(row) for row in connection.execute(statement).mappings())

    def update(
        self,
        schema_id: str,
        *,
        name: str | None = None,
        input: LabelInput | None = None,  # noqa: A002 - MLflow's name
        instruction: str | None = None,
        enable_comment: bool | None = None,
        by: str = "",
    ) -> LabelSchema:
        who = check_value(by or "", "user's name", limit=MAX_KEY)
        changes: dict[str, Any] = {"last_updated_by": who, "last_update_time": now_ms()}
        if name is not None:
            changes["name"] = check_name(name, "label schema's name", limit=MAX_KEY)
        if instruction is not None:
            changes["instruction"] = check_value(instruction, "instruction", limit=MAX_TAG_VALUE)
        if enable_comment is not None:
            changes["enable_comment"] = bool(enable_comment)
        form = None if input is None else check_input(input)
        s = label_schemas.c
        chosen = s.schema_id == schema_id
        try:
            with self._database.write() as connection:
                before = connection.execute(select(s.input, s.version).where(chosen).with_for_update()).first()
                if before is None:
                    raise _missing(schema_id)
                if form is not None and form != input_from(before.input):
                    changes |= {"input": input_text(form), "version": before.version + 1, "version_by": who}
                connection.execute(update(label_schemas).where(chosen).values(changes))
                return load_schema(connection, schema_id)
        except IntegrityError as error:
            raise _taken(str(name)) from error

    def delete(self, schema_id: str) -> None:
        s, asked = label_schemas.c, review_queue_schemas.c
        with self._database.write() as connection:
            number = connection.execute(select(s.id).where(s.schema_id == schema_id).with_for_update()).scalar()
            if number is None:
                raise _missing(schema_id)
            by = select(review_queues.c.name).join(review_queue_schemas, asked.queue == review_queues.c.id)
            queues = connection.execute(by.where(asked.schema == number).order_by(review_queues.c.name)).scalars().all()
            if queues:
                raise InvalidArgument(
                    f"The label schema {schema_id!r} is asked by {', '.join(map(repr, queues[:5]))}"
                    f"{' and others' if len(queues) > 5 else ''}. Take it out of the queue first."
                )
            connection.execute(delete(label_schemas).where(s.id == number))


def load_schema(connection: Connection, schema_id: str) -> LabelSchema:
    """Return a schema.

    Raises:
        NotFound: there is none with this id.
    """
    row = connection.execute(select(label_schemas).where(label_schemas.c.schema_id == schema_id)).mappings().first()
    if row is None:
        raise _missing(schema_id)
    return schema_from_row(row)


def schema_from_row(row: RowMapping) -> LabelSchema:
    """Return the schema of a row."""
    return LabelSchema(
        schema_id=row["schema_id"],
        experiment_id=str(row["experiment"]),
        name=row["name"],
        input=input_from(row["input"]),
        kind=row["kind"],
        instruction=row["instruction"],
        enable_comment=row["enable_comment"],
        version=row["version"],
        created_by=row["created_by"],
        created_time=row["created_time"],
        last_updated_by=row["last_updated_by"],
        last_update_time=row["last_update_time"],
    )


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists(
        f"The experiment has a label schema named {name!r} already. Update it, or choose another name."
    )


def _missing(schema_id: str) -> NotFound:
    return NotFound(f"There is no label schema with id {schema_id!r}.")
