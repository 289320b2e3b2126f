"""Changing datasets: whatever the change, it ends one version and begins the next, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records.dataset import DatasetChange, DatasetVersion
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dataset_rows import ContentRow, digest_of_version, merged
from steelyard.store.sql.dataset_schema import (
    OPEN,
    dataset_contents,
    dataset_members,
    dataset_versions,
    evaluation_datasets,
)
from steelyard.store.sql.dialect import Cursor

_VERSION = ("number", "digest", "n_records", "parent", "inserted", "updated", "deleted", "message", "restored")


@dataclass(frozen=True, slots=True)
class Said:
    """Who makes a change, and why."""

    by: str
    message: str


@dataclass(frozen=True, slots=True)
class _Member:
    """A record of a version without its content."""

    position: int
    content: int
    born: int
    record_id: str
    digest: str


@dataclass(slots=True)
class _Dataset:
    """A dataset that is locked, as it stands and as it becomes."""

    id: int
    dataset_id: str
    version: int
    next_position: int
    next_content: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What is to become of a version.

    Args:
        members: all records of the next version, in order.
        closes: positions whose members end.
        opens: members that begin; each is among ``members``.
        contents: contents that are not there yet, by number.
        inserted, updated, unchanged, deleted: how many records.
        restored: the version that is brought back.
    """

    members: Sequence[_Member]
    closes: Sequence[int]
    opens: Sequence[_Member]
    contents: Mapping[int, ContentRow]
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    restored: int | None = None


class DatasetWriter:
    """Writes changes; each statement is spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._pack: Callable[[Sequence[Any]], Any] = dialect.pack
        self._copies = not dialect.one_writer  # a server takes a stream of rows far quicker than statements
        d, v, m, c = evaluation_datasets.c, dataset_versions.c, dataset_members.c, dataset_contents.c
        own = (d.id, d.dataset_id, d.version, d.next_position, d.next_content)
        self._lock = text(select(*own).where(d.dataset_id == bindparam("dataset_id")).with_for_update())
        self._version = text(
            select(*(v[name] for name in _VERSION), v.created_by, v.created_time).where(
                v.dataset == bindparam("dataset"), v.number == bindparam("number_")
            )
        )
        self._members = text(
            select(m.position, m.content, m.born, c.record_id, c.digest)
            .join(dataset_contents, (c.dataset == m.dataset) & (c.number == m.content))
            .where(m.dataset == bindparam("dataset"), m.since <= bindparam("at"), m.until > bindparam("at_"))
            .order_by(m.position)
        )
        wanted = (c.record_id, c.digest, c.inputs, c.outputs, c.expectations, c.tags, c.source)
        self._contents = text(
            select(c.number, *wanted).where(c.dataset == bindparam("dataset"), dialect.listed(c.number))
        )
        self._numbers = text(
            select(c.digest, c.number).where(c.dataset == bindparam("dataset"), dialect.listed(c.digest))
        )
        still_open = (m.dataset == bindparam("dataset_"), m.until == bindparam("open"))
        self._close = text(
            update(dataset_members).where(*still_open, dialect.listed(m.position)).values(until=bindparam("ends"))
        )
        self._inserts = {table.name: text(dialect.insert(table)) for table in (dataset_contents, dataset_members)}
        self._insert_version = text(dialect.insert(dataset_versions))
        self._update = text(
            update(evaluation_datasets)
            .where(d.id == bindparam("id_"))
            .values(
                {
                    "version": bindparam("version_"),
                    "next_position": bindparam("next_position_"),
                    "next_content": bindparam("next_content_"),
                    "last_updated_by": bindparam("by"),
                    "last_update_time": bindparam("time"),
                }
            )
        )

    def merge(self, cursor: Cursor, dataset_id: str, rows: Mapping[str, ContentRow], said: Said) -> DatasetChange:
        """Merge records by their ids."""
        dataset = self._locked(cursor, dataset_id)
        members = self._read_members(cursor, dataset, dataset.version)
        places = {one.record_id: place for place, one in enumerate(members)}
        differing = [
            members[places[record_id]].content
            for record_id, row in rows.items()
            if record_id in places and members[places[record_id]].digest != row.digest
        ]
        before = self._read_contents(cursor, dataset, differing)
        wanted = {
            record_id: merged(before[members[places[record_id]].content], row) if record_id in places else row
            for record_id, row in rows.items()
            if record_id not in places or members[places[record_id]].digest != row.digest
        }
        changed = {
            record_id: row
            for record_id, row in wanted.items()
            if record_id not in places or members[places[record_id]].digest != row.digest
        }
        numbers, contents = self._numbered(cursor, dataset, changed.values())
        opens, closes = [], []
        for record_id, row in changed.items():
            place = places.get(record_id)
            if place is None:
                one = _Member(dataset.next_position, numbers[row.digest], dataset.version + 1, record_id, row.digest)
                dataset.next_position += 1
                members.append(one)
            else:
                one = replace(members[place], content=numbers[row.digest], digest=row.digest)
                closes.append(one.position)
                members[place] = one
            opens.append(one)
        change = _Change(
            members=members,
            closes=closes,
            opens=opens,
            contents=contents,
            inserted=len(opens) - len(closes),
            updated=len(closes),
            unchanged=len(rows) - len(opens),
        )
        return self._write(cursor, dataset, change, said)

    def remove(self, cursor: Cursor, dataset_id: str, record_ids: Sequence[str], said: Said) -> DatasetChange:
        """Remove records by their ids."""
        dataset = self._locked(cursor, dataset_id)
        gone = set(record_ids)
        members = self._read_members(cursor, dataset, dataset.version)
        kept = [one for one in members if one.record_id not in gone]
        closes = [one.position for one in members if one.record_id in gone]
        change = _Change(
            members=kept,
            closes=closes,
            opens=(),
            contents={},
            deleted=len(closes),
            unchanged=len(gone) - len(closes),
        )
        return self._write(cursor, dataset, change, said)

    def restore(self, cursor: Cursor, dataset_id: str, version: int, said: Said) -> DatasetChange:
        """Bring an older version back."""
        dataset = self._locked(cursor, dataset_id)
        if not 0 <= version <= dataset.version:
            raise NotFound(f"The dataset {dataset_id!r} has no version {version}; its newest is {dataset.version}.")
        now = self._read_members(cursor, dataset, dataset.version)
        then = self._read_members(cursor, dataset, version)
        at_now = {one.position: one for one in now}
        at_then = {one.position: one for one in then}
        opens = [one for one in then if at_now.get(one.position) != one]
        closes = [one.position for one in now if at_then.get(one.position) != one]
        digests = {one.record_id: one.digest for one in now}
        inserted = sum(one.record_id not in digests for one in then)
        unchanged = sum(digests.get(one.record_id) == one.digest for one in then)
        change = _Change(
            members=then,
            closes=closes,
            opens=opens,
            contents={},
            inserted=inserted,
            updated=len(then) - inserted - unchanged,
            unchanged=unchanged,
            deleted=len(now) - (len(then) - inserted),
            restored=version,
        )
        return self._write(cursor, dataset, change, said)

    def _locked(self, cursor: Cursor, dataset_id: str) -> _Dataset:
        cursor.execute(self._lock, (dataset_id,))
        row = cursor.fetchone()
        if row is None:
            raise NotFound(f"There is no dataset with id {dataset_id!r}.")
        return _Dataset(*row)

    def _read_members(self, cursor: Cursor, dataset: _Dataset, version: int) -> list[_Member]:
        cursor.execute(self._members, (dataset.id, version, version))
        return [_Member(*row) for row in cursor.fetchall()]

    def _read_contents(self, cursor: Cursor, dataset: _Dataset, numbers: Sequence[int]) -> dict[int, ContentRow]:
        if not numbers:
            return {}
        cursor.execute(self._contents, (dataset.id, self._pack(numbers)))
        return {number: ContentRow(*row) for number, *row in cursor.fetchall()}

    def _numbered(
        self, cursor: Cursor, dataset: _Dataset, rows: Iterable[ContentRow]
    ) -> tuple[dict[str, int], dict[int, ContentRow]]:
        """Return the numbers of contents by digest, those of an older version's too, and the new ones by number."""
        by_digest = {row.digest: row for row in rows}
        if not by_digest:
            return {}, {}
        cursor.execute(self._numbers, (dataset.id, self._pack(list(by_digest))))
        numbers: dict[str, int] = dict(cursor.fetchall())
        new: dict[int, ContentRow] = {}
        for digest, row in by_digest.items():
            if digest not in numbers:
                numbers[digest] = dataset.next_content
                new[dataset.next_content] = row
                dataset.next_content += 1
        return numbers, new

    def _write(self, cursor: Cursor, dataset: _Dataset, change: _Change, said: Said) -> DatasetChange:
        counts = {
            "inserted": change.inserted,
            "updated": change.updated,
            "deleted": change.deleted,
        }
        if not change.opens and not change.closes:
            return DatasetChange(version=self._read_version(cursor, dataset), unchanged=change.unchanged, **counts)
        number, now = dataset.version + 1, now_ms()
        if number >= OPEN:
            raise InvalidArgument(f"The dataset {dataset.dataset_id!r} has too many versions.")
        version = DatasetVersion(
            number=number,
            digest=digest_of_version(one.digest for one in change.members),
            n_records=len(change.members),
            parent=dataset.version,
            message=said.message,
            restored=change.restored,
            created_by=said.by,
            created_time=now,
            **counts,
        )
        cursor.execute(self._insert_version, (dataset.id, *astuple(version)))
        if change.closes:
            cursor.execute(self._close, (number, dataset.id, OPEN, self._pack(change.closes)))
        self._insert(cursor, dataset_contents, [(dataset.id, n, *astuple(row)) for n, row in change.contents.items()])
        self._insert(
            cursor,
            dataset_members,
            [(dataset.id, one.position, number, OPEN, one.content, one.born) for one in change.opens],
        )
        cursor.execute(self._update, (number, dataset.next_position, dataset.next_content, said.by, now, dataset.id))
        return DatasetChange(version=version, unchanged=change.unchanged, **counts)

    def _read_version(self, cursor: Cursor, dataset: _Dataset) -> DatasetVersion:
        cursor.execute(self._version, (dataset.id, dataset.version))
        return DatasetVersion(**dict(zip((*_VERSION, "created_by", "created_time"), cursor.fetchone(), strict=True)))

    def _insert(self, cursor: Cursor, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows of all columns of a table, in their order."""
        if not rows:
            return
        if not self._copies:
            cursor.executemany(self._inserts[table.name], rows)
            return
        with cast("Any", cursor).copy(f"COPY {table.name} ({', '.join(table.columns.keys())}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
