"""Versions of datasets that are tables: a Parquet file in parts, each a content on disk. Parts first, then the row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records.dataset import DatasetChange, DatasetTable, DatasetVersion
from steelyard.store.blobs import Blobs
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dataset_changes import Said
from steelyard.store.sql.dataset_schema import (
    dataset_members,
    dataset_parts,
    dataset_tables,
    dataset_versions,
    evaluation_datasets,
)

MOST_BYTES = 16 << 20
"""How large a part may be."""

_WAITS = 24 * 3600 * 1000  # how long a part waits for its table, in milliseconds


class TableVersions:
    """Tables of datasets.

    Args:
        database: where the rows are.
        blobs: where the parts are; nothing else is in it.
    """

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    def put_part(self, dataset_id: str, content: bytes) -> str:
        """Keep a part and return its SHA-256."""
        if not content or len(content) > MOST_BYTES:
            raise InvalidArgument(f"A part of a file has 1 to {MOST_BYTES:,} bytes; this one has {len(content):,}.")
        with self._blobs.draft(content) as draft, self._database.write() as connection:
            number, _ = _locked(connection, dataset_id)
            self._database.dialect.lock_blob(connection, draft.sha256)
            self._blobs.keep(draft)
            row = {"size": draft.size, "put_time": now_ms()}
            made = self._database.dialect.insert(dataset_parts).values(dataset=number, sha256=draft.sha256, **row)
            connection.execute(made.on_conflict_do_update(index_elements=["dataset", "sha256"], set_=row))
            return draft.sha256

    def part(self, dataset_id: str, sha256: str) -> bytes:
        """Return a part of a dataset's own."""
        p, d = dataset_parts.c, evaluation_datasets.c
        with self._database.read() as connection:
            found = connection.execute(
                select(p.sha256)
                .join(evaluation_datasets, d.id == p.dataset)
                .where(d.dataset_id == dataset_id, p.sha256 == sha256)
            ).scalar()
        if found is None:
            raise NotFound(f"The dataset {dataset_id!r} has no part {sha256!r}.")
        return self._blobs.read(found)

    def get(self, dataset_id: str, version: int | None) -> DatasetTable | None:
        """Return the table that a version is, if it is one."""
        with self._database.read() as connection:
            d = evaluation_datasets.c
            row = connection.execute(select(d.id, d.version).where(d.dataset_id == dataset_id)).first()
            if row is None:
                raise NotFound(f"There is no dataset with id {dataset_id!r}.")
            at = row.version if version is None else version
            if not 0 <= at <= row.version:
                raise NotFound(f"The dataset {dataset_id!r} has no version {at}; its newest is {row.version}.")
            return _table(connection, row.id, at)

    def put(self, dataset_id: str, table: DatasetTable, said: Said, *, restored: int | None = None) -> DatasetChange:
        """Make a new version that is this table."""
        with self._database.write() as connection:
            number, newest = _locked(connection, dataset_id)
            self._check(connection, number, table)
            before = _table(connection, number, newest)
            if before is not None and _same(before, table):
                return DatasetChange(version=_version(connection, number, newest), unchanged=table.n_rows)
            version = _next(newest, table, said, restored)
            fields = {name: getattr(version, name) for name in DatasetVersion.__dataclass_fields__}
            connection.execute(insert(dataset_versions).values(dataset=number, **fields))
            told = msgspec.json.encode(replace(table, version=version.number)).decode()
            connection.execute(insert(dataset_tables).values(dataset=number, version=version.number, told=told))
            d = evaluation_datasets.c
            changed = {"version": version.number, "last_updated_by": said.by, "last_update_time": version.created_time}
            connection.execute(update(evaluation_datasets).where(d.id == number).values(changed))
            stale = _unused(connection, number)
        self.free(stale)
        return DatasetChange(version=version, inserted=table.n_rows)

    def parts_of(self, connection: Connection, number: int) -> list[str]:
        """Return the parts of a dataset."""
        p = dataset_parts.c
        return list(connection.execute(select(p.sha256).where(p.dataset == number)).scalars())

    def free(self, parts: Iterable[str]) -> None:
        """Remove contents that no dataset speaks of any more, each under the lock that ``put_part`` takes."""
        p = dataset_parts.c
        for sha256 in parts:
            with self._database.write() as connection:
                self._database.dialect.lock_blob(connection, sha256)
                if connection.execute(select(p.dataset).where(p.sha256 == sha256).limit(1)).first() is None:
                    self._blobs.drop(sha256)

    def _check(self, connection: Connection, number: int, table: DatasetTable) -> None:
        m, p = dataset_members.c, dataset_parts.c
        if connection.execute(select(m.position).where(m.dataset == number).limit(1)).first() is not None:
            raise InvalidArgument("The dataset holds records, and a table cannot follow them: create another dataset.")
        rows = connection.execute(select(p.sha256, p.size).where(p.dataset == number))
        sizes: dict[str, int] = {row.sha256: row.size for row in rows}
        missing = next((one for one in table.parts if one not in sizes), None)
        if missing is not None or not table.parts:
            raise InvalidArgument(f"The part {missing!r} of the table's file is not there: put all of its parts first.")
        if sum(sizes[one] for one in table.parts) != table.size:
            raise InvalidArgument(f"The parts of the table's file do not have {table.size:,} bytes together.")


def _locked(connection: Connection, dataset_id: str) -> tuple[int, int]:
    d = evaluation_datasets.c
    row = connection.execute(
        select(d.id, d.version).where(d.dataset_id == dataset_id).with_for_update()
    ).first()  # fmt: skip
    if row is None:
        raise NotFound(f"There is no dataset with id {dataset_id!r}.")
    return row.id, row.version


def _table(connection: Connection, number: int, version: int) -> DatasetTable | None:
    t = dataset_tables.c
    told = connection.execute(select(t.told).where(t.dataset == number, t.version == version)).scalar()
    return None if told is None else msgspec.json.decode(told, type=DatasetTable)


def _version(connection: Connection, number: int, at: int) -> DatasetVersion:
    v = dataset_versions.c
    names = tuple(DatasetVersion.__dataclass_fields__)
    row = connection.execute(select(*(v[name] for name in names)).where(v.dataset == number, v.number == at)).one()
    return DatasetVersion(**dict(zip(names, row, strict=True)))


def _next(newest: int, table: DatasetTable, said: Said, restored: int | None) -> DatasetVersion:
    return DatasetVersion(
        number=newest + 1,
        digest=table.digest,
        n_records=table.n_rows,
        parent=newest,
        inserted=table.n_rows,
        message=said.message,
        restored=restored,
        created_by=said.by,
        created_time=now_ms(),
    )


def _same(one: DatasetTable, other: DatasetTable) -> bool:
    """Whether two tables are the same to whoever evaluates with them."""
    return (one.digest, one.targets, one.predictions) == (other.digest, other.targets, other.predictions)


def _unused(connection: Connection, number: int) -> list[str]:
    """Let go of parts whose table never came, and return them."""
    t, p = dataset_tables.c, dataset_parts.c
    told = connection.execute(select(t.told).where(t.dataset == number)).scalars()
    used = {part for one in told for part in msgspec.json.decode(one, type=DatasetTable).parts}
    old = p.put_time < now_ms() - _WAITS
    found = connection.execute(select(p.sha256).where(p.dataset == number, old)).scalars()
    stale = [one for one in found if one not in used]
    for one in stale:
        connection.execute(delete(dataset_parts).where(p.dataset == number, p.sha256 == one))
    return stale
