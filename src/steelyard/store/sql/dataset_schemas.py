"""What the records of a dataset must look like, as rows: every schema that was set, the newest of which holds."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, insert, select

from steelyard.errors import InvalidArgument
from steelyard.records.dataset import DatasetSchema
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.dataset_changes import Said
from steelyard.store.sql.dataset_checking import Checker, refuse
from steelyard.store.sql.dataset_records import contents_of
from steelyard.store.sql.dataset_schema import dataset_schemas, dataset_tables
from steelyard.store.sql.json_text import from_json, to_json

_PARTS = ("inputs", "outputs", "expectations")


def schema_of(connection: Connection, number: int) -> DatasetSchema | None:
    """Return the schema that holds."""
    s = dataset_schemas.c
    row = connection.execute(
        select(dataset_schemas).where(s.dataset == number).order_by(s.number.desc()).limit(1)
    ).first()
    if row is None:
        return None
    return DatasetSchema(
        inputs=from_json(row.inputs),
        outputs=from_json(row.outputs),
        expectations=from_json(row.expectations),
        number=row.number,
        version=row.version,
        created_by=row.created_by,
        created_time=row.created_time,
    )


def put_schema(connection: Connection, dataset: tuple[int, int], schema: DatasetSchema, said: Said) -> DatasetSchema:
    """Set a schema, if it is another and the records conform.

    Args:
        connection: a writing transaction.
        dataset: its number and its newest version.
        schema: what to set.
        said: who sets it.

    Raises:
        InvalidArgument: the dataset holds a table, or its records do not conform.
    """
    number, version = dataset
    t = dataset_tables.c
    if connection.execute(select(t.version).where(t.dataset == number).limit(1)).first() is not None:
        raise InvalidArgument("The dataset holds a table, and a schema says what records must look like: none was set.")
    before = schema_of(connection, number)
    if before is not None and all(getattr(before, part) == getattr(schema, part) for part in _PARTS):
        return before
    made = replace(
        schema,
        number=(before.number if before else 0) + 1,
        version=version,
        created_by=said.by,
        created_time=now_ms(),
    )
    if checker := Checker(made):
        refuse(checker.problems(enumerate(contents_of(connection, number, version))), "No schema was set")
    told = {part: to_json(getattr(made, part), "schema") for part in _PARTS}
    kept = {name: getattr(made, name) for name in ("number", "version", "created_by", "created_time")}
    connection.execute(insert(dataset_schemas).values(dataset=number, **told, **kept))
    return made
