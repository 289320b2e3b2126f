"""Evaluation datasets in SQL."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records import Page
from steelyard.records.dataset import (
    Dataset,
    DatasetChange,
    DatasetDiff,
    DatasetRecord,
    DatasetSchema,
    DatasetTable,
    DatasetUse,
    DatasetVersion,
    MergePreview,
    RecordDraft,
    RecordStep,
    Statement,
)
from steelyard.store.blobs import Blobs
from steelyard.store.limits import (
    MAX_DATASET_NAME,
    MAX_KEY,
    MAX_TAG_VALUE,
    check_name,
    check_value,
    check_words,
)
from steelyard.store.sql import dataset_lineage, dataset_records, dataset_search
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dataset_changes import Said, SchemaChanged
from steelyard.store.sql.dataset_checking import Checker, check_schema
from steelyard.store.sql.dataset_rows import ContentRow, digest_of_version, merge_rows, revised_row
from steelyard.store.sql.dataset_schema import (
    DATASET_TABLES,
    dataset_versions,
    evaluation_dataset_experiments,
    evaluation_dataset_tags,
    evaluation_datasets,
)
from steelyard.store.sql.dataset_schemas import put_schema, schema_of
from steelyard.store.sql.dataset_tables import TableVersions
from steelyard.store.sql.dataset_writer import DatasetWriter
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.experiments import experiment_numbers

T = TypeVar("T")

_MAX_MESSAGE = 2000


class SqlDatasets:
    """See ``DatasetStore``."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._tables = TableVersions(database, blobs)

    def create(
        self,
        name: str,
        *,
        experiment_ids: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        by: str = "",
    ) -> Dataset:
        check_name(name, "dataset name", limit=MAX_DATASET_NAME)
        words = check_words(tags or {}, "dataset tag", limit=MAX_TAG_VALUE)
        said, now = _said(by, ""), now_ms()
        dataset_id = f"d-{uuid.uuid4().hex}"
        row = {
            "dataset_id": dataset_id,
            "name": name,
            "version": 0,
            "next_position": 0,
            "next_content": 0,
            "created_by": said.by,
            "created_time": now,
            "last_updated_by": said.by,
            "last_update_time": now,
        }
        empty = {"number": 0, "digest": digest_of_version(()), "n_records": 0, "message": ""}
        counts = dict.fromkeys(("inserted", "updated", "deleted"), 0)
        try:
            with self._database.write() as connection:
                (number,) = connection.execute(insert(evaluation_datasets).values(row)).inserted_primary_key or (0,)
                first = {"dataset": number, **empty, **counts, "created_by": said.by, "created_time": now}
                connection.execute(insert(dataset_versions), first)
                self._put_tags(connection, number, words)
                self._link(connection, number, experiment_ids)
                return _load(connection, number)
        except IntegrityError as error:
            raise AlreadyExists(
                f"There is already a dataset named {name!r}. Get it, or choose another name."
            ) from error

    def get(self, dataset_id: str) -> Dataset:
        with self._database.read() as connection:
            return _load(connection, _number(connection, dataset_id))

    def find(self, name: str) -> Dataset | None:
        d = evaluation_datasets.c
        with self._database.read() as connection:
            number = connection.execute(select(d.id).where(d.name == name)).scalar()
            return None if number is None else _load(connection, number)

    def search(
        self,
        experiment_ids: Sequence[str] = (),
        filter_string: str = "",
        *,
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[Dataset]:
        return dataset_search.search(
            self._database,
            experiment_ids,
            filter_string,
            order_by=order_by,
            max_results=max_results,
            page_token=page_token,
        )

    def set_tags(self, dataset_id: str, tags: Mapping[str, str], *, by: str = "") -> None:
        words = check_words(tags, "dataset tag", limit=MAX_TAG_VALUE)
        with self._database.write() as connection:
            number = _touched(connection, dataset_id, _said(by, "").by)
            self._put_tags(connection, number, words)

    def delete_tag(self, dataset_id: str, key: str, *, by: str = "") -> None:
        t = evaluation_dataset_tags.c
        with self._database.write() as connection:
            number = _touched(connection, dataset_id, _said(by, "").by)
            connection.execute(delete(evaluation_dataset_tags).where(t.dataset == number, t.key == key))

    def add_to_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> Dataset:
        with self._database.write() as connection:
            number = _number(connection, dataset_id)
            self._link(connection, number, experiment_ids)
            return _load(connection, number)

    def remove_from_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> Dataset:
        e = evaluation_dataset_experiments.c
        with self._database.write() as connection:
            number = _number(connection, dataset_id)
            numbers = experiment_numbers(connection, list(experiment_ids))
            connection.execute(
                delete(evaluation_dataset_experiments).where(e.dataset == number, e.experiment.in_(numbers))
            )
            return _load(connection, number)

    def delete(self, dataset_id: str) -> None:
        d = evaluation_datasets.c
        with self._database.write() as connection:
            locked = select(d.id).where(d.dataset_id == dataset_id).with_for_update()
            number = connection.execute(locked).scalar()
            if number is None:
                raise _missing(dataset_id)
            parts = self._tables.parts_of(connection, number)
            for table in reversed(DATASET_TABLES):
                own = d.id if table is evaluation_datasets else table.c.dataset
                connection.execute(delete(table).where(own == number))
        self._tables.free(parts)

    def merge(
        self, dataset_id: str, records: Sequence[RecordDraft], *, by: str = "", message: str = ""
    ) -> DatasetChange:
        rows, said = merge_rows(dataset_id, records), _said(by, message)
        return self._checked(
            dataset_id,
            rows.by_id.values(),
            lambda writer, cursor, checker: writer.merge(cursor, dataset_id, rows, said, checker),
        )

    def preview(self, dataset_id: str, records: Sequence[RecordDraft]) -> MergePreview:
        rows, checker = merge_rows(dataset_id, records), self._checker(dataset_id)
        return self._run(lambda writer, cursor: writer.preview(cursor, dataset_id, rows, checker))

    def remove(self, dataset_id: str, record_ids: Sequence[str], *, by: str = "", message: str = "") -> DatasetChange:
        if isinstance(record_ids, str):
            raise InvalidArgument("record_ids is a list: put the id in brackets.")
        ids, said = [str(one) for one in record_ids], _said(by, message)
        return self._run(lambda writer, cursor: writer.remove(cursor, dataset_id, ids, said))

    def revise(
        self, dataset_id: str, record_id: str, draft: RecordDraft, *, digest: str = "", by: str = "", message: str = ""
    ) -> DatasetChange:
        row, said = revised_row(dataset_id, draft), _said(by, message)
        seen = (record_id, digest)
        return self._checked(
            dataset_id,
            (),
            lambda writer, cursor, checker: writer.revise(cursor, dataset_id, seen, row, said, checker),
        )

    def restore(self, dataset_id: str, version: int, *, by: str = "", message: str = "") -> DatasetChange:
        said = _said(by, message)
        there = self._tables.get(dataset_id, version)
        if there is not None:
            return self._tables.put(dataset_id, there, said, restored=version)
        return self._run(lambda writer, cursor: writer.restore(cursor, dataset_id, version, said))

    def versions(self, dataset_id: str) -> tuple[DatasetVersion, ...]:
        v = dataset_versions.c
        names = tuple(DatasetVersion.__dataclass_fields__)
        with self._database.read() as connection:
            number = _number(connection, dataset_id)
            statement = select(*(v[name] for name in names)).where(v.dataset == number).order_by(v.number.desc())
            return tuple(DatasetVersion(**dict(zip(names, row, strict=True))) for row in connection.execute(statement))

    def records(
        self,
        dataset_id: str,
        *,
        version: int | None = None,
        text: str = "",
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[DatasetRecord]:
        with self._database.read() as connection:
            number, newest = _at(connection, dataset_id, version)
            return dataset_records.page_of_records(
                connection,
                self._database,
                (number, dataset_id, newest),
                version=version,
                text=text,
                max_results=max_results,
                page_token=page_token,
            )

    def record(self, dataset_id: str, record_id: str, *, version: int | None = None) -> DatasetRecord:
        with self._database.read() as connection:
            number, newest = _at(connection, dataset_id, version)
            at = newest if version is None else version
            found = dataset_records.one_record(connection, (number, dataset_id), record_id, at)
        if found is None:
            raise NotFound(f"Version {at} of the dataset {dataset_id!r} has no record {record_id!r}.")
        return found

    def count(self, dataset_id: str, *, version: int | None = None, text: str = "") -> int:
        v = dataset_versions.c
        with self._database.read() as connection:
            number, newest = _at(connection, dataset_id, version)
            at = newest if version is None else version
            if not text:
                return connection.execute(select(v.n_records).where(v.dataset == number, v.number == at)).scalar_one()
            return dataset_records.count_records(connection, self._database, number, at, text)

    def diff(self, dataset_id: str, before: int, after: int, *, max_results: int = 1000) -> DatasetDiff:
        with self._database.read() as connection:
            number, _ = _at(connection, dataset_id, before)
            _at(connection, dataset_id, after)
            return dataset_records.difference(
                connection, self._database, (number, dataset_id), before, after, max_results
            )

    def set_schema(self, dataset_id: str, schema: DatasetSchema, *, by: str = "") -> DatasetSchema:
        said = _said(by, "")
        check_schema(schema)
        with self._database.write() as connection:
            number = _touched(connection, dataset_id, said.by)
            return put_schema(connection, (number, _at(connection, dataset_id, None)[1]), schema, said)

    def schema(self, dataset_id: str) -> DatasetSchema | None:
        with self._database.read() as connection:
            return schema_of(connection, _number(connection, dataset_id))

    def history(self, dataset_id: str, record_id: str) -> tuple[RecordStep, ...]:
        with self._database.read() as connection:
            return dataset_lineage.history(connection, (_number(connection, dataset_id), dataset_id), record_id)

    def statements(self, dataset_id: str, record_id: str) -> tuple[Statement, ...]:
        with self._database.read() as connection:
            return dataset_lineage.statements(connection, _number(connection, dataset_id), record_id)

    def runs(self, dataset_id: str, *, max_results: int = 1000) -> tuple[DatasetUse, ...]:
        with self._database.read() as connection:
            _number(connection, dataset_id)
            return dataset_lineage.uses(connection, dataset_id, max_results)

    def put_part(self, dataset_id: str, content: bytes) -> str:
        return self._tables.put_part(dataset_id, content)

    def part(self, dataset_id: str, sha256: str) -> bytes:
        return self._tables.part(dataset_id, sha256)

    def put_table(self, dataset_id: str, table: DatasetTable, *, by: str = "", message: str = "") -> DatasetChange:
        return self._tables.put(dataset_id, table, _said(by, message))

    def table(self, dataset_id: str, *, version: int | None = None) -> DatasetTable | None:
        return self._tables.get(dataset_id, version)

    def _checker(self, dataset_id: str) -> Checker:
        return Checker(self.schema(dataset_id))

    def _checked(
        self,
        dataset_id: str,
        rows: Iterable[ContentRow],
        work: Callable[[DatasetWriter, Cursor, Checker], DatasetChange],
    ) -> DatasetChange:
        """Do work that holds records against the schema, again if another schema was set meanwhile."""
        while True:
            checker = self._checker(dataset_id)
            checker.look(rows)  # most of the looking, before anything is locked
            with suppress(SchemaChanged):
                return self._run(partial(_with, work, checker))

    def _run(self, work: Callable[[DatasetWriter, Cursor], T]) -> T:
        writer = self._database.spelt(DatasetWriter)
        return self._database.run(lambda cursor: work(writer, cursor))

    def _put_tags(self, connection: Connection, number: int, words: Mapping[str, str]) -> None:
        if not words:
            return
        made = self._database.dialect.insert(evaluation_dataset_tags)
        upsert = made.on_conflict_do_update(
            index_elements=["dataset", "key"], set_={"value": made.excluded.value}
        )  # fmt: skip
        connection.execute(upsert, [{"dataset": number, "key": key, "value": value} for key, value in words.items()])

    def _link(self, connection: Connection, number: int, experiment_ids: Sequence[str]) -> None:
        if isinstance(experiment_ids, str):
            raise InvalidArgument("experiment_ids is a list: put the id in brackets.")
        if not experiment_ids:
            return
        numbers = dict.fromkeys(experiment_numbers(connection, [str(one) for one in experiment_ids]))
        made = self._database.dialect.insert(evaluation_dataset_experiments).on_conflict_do_nothing()
        connection.execute(made, [{"dataset": number, "experiment": one} for one in numbers])


def _with(
    work: Callable[[DatasetWriter, Cursor, Checker], T], checker: Checker, writer: DatasetWriter, cursor: Cursor
) -> T:
    return work(writer, cursor, checker)


def _said(by: str, message: str) -> Said:
    return Said(
        check_value(by or "", "user's name", limit=MAX_KEY), check_value(message or "", "message", limit=_MAX_MESSAGE)
    )


def _number(connection: Connection, dataset_id: str) -> int:
    return _at(connection, dataset_id, None)[0]


def _at(connection: Connection, dataset_id: str, version: int | None) -> tuple[int, int]:
    """Return a dataset's number and newest version, if it has the version that is asked for."""
    d = evaluation_datasets.c
    row = connection.execute(select(d.id, d.version).where(d.dataset_id == dataset_id)).first()
    if row is None:
        raise _missing(dataset_id)
    if version is not None and not 0 <= version <= row.version:
        raise NotFound(f"The dataset {dataset_id!r} has no version {version}; its newest is {row.version}.")
    return row.id, row.version


def _load(connection: Connection, number: int) -> Dataset:
    rows = connection.execute(select(evaluation_datasets).where(evaluation_datasets.c.id == number)).mappings().all()
    return dataset_search.datasets_from_rows(connection, rows)[0]


def _touched(connection: Connection, dataset_id: str, by: str) -> int:
    """Say that somebody changes a dataset now."""
    d = evaluation_datasets.c
    number = _number(connection, dataset_id)
    said = {"last_updated_by": by, "last_update_time": now_ms()}
    connection.execute(update(evaluation_datasets).where(d.id == number).values(said))
    return number


def _missing(dataset_id: str) -> NotFound:
    return NotFound(f"There is no dataset with id {dataset_id!r}.")
