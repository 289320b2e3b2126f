"""Changing datasets: whatever the change, it ends one version and begins the next, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, select, update

from steelyard.errors import AlreadyExists, Conflict, InvalidArgument, NotFound
from steelyard.records.dataset import DatasetChange, DatasetVersion, MergePreview
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dataset_changes import Change, LockedDataset, Member, Merge, Said, SchemaChanged
from steelyard.store.sql.dataset_checking import Checker, refuse
from steelyard.store.sql.dataset_rows import (
    ContentRow,
    MergeRows,
    StatementRow,
    digest_of_version,
    merged,
    statement_digest,
    takes_effect,
    with_source_of,
)
from steelyard.store.sql.dataset_schema import (
    OPEN,
    dataset_contents,
    dataset_members,
    dataset_schemas,
    dataset_statements,
    dataset_tables,
    dataset_versions,
    evaluation_datasets,
)
from steelyard.store.sql.dialect import Cursor

_MOST_PROBLEMS = 1000
_VERSION = ("number", "digest", "n_records", "parent", "inserted", "updated", "deleted", "message", "restored")
_Told = tuple[str, str, StatementRow]  # of which record, by which digest, what


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
        s, t = dataset_schemas.c, dataset_tables.c
        self._schema = text(select(func.max(s.number)).where(s.dataset == bindparam("dataset")))
        self._tables = text(select(func.count()).select_from(dataset_tables).where(t.dataset == bindparam("dataset")))
        e = dataset_statements.c
        self._said = text(
            select(e.record_id, e.digest).where(e.dataset == bindparam("dataset"), dialect.listed(e.record_id))
        )
        self._insert_statement = text(dialect.insert(dataset_statements).on_conflict_do_nothing())
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

    def merge(self, cursor: Cursor, dataset_id: str, rows: MergeRows, said: Said, checker: Checker) -> DatasetChange:
        """Merge records by their ids.

        Raises:
            InvalidArgument: the dataset holds a table, or a record does not conform to the dataset's schema.
            SchemaChanged: the schema is not the checker's any more.
        """
        dataset = self._locked(cursor, dataset_id)
        self._refuse_table(cursor, dataset)
        self._same_schema(cursor, dataset, checker)
        merge = self._merged(cursor, dataset, rows.by_id)
        refuse(checker.problems(rows.placed(merge.changed.values())))
        change = self._write(cursor, dataset, merge.change, said)
        self._state(cursor, dataset, [*self._told(cursor, dataset, rows, merge), *_overruled(rows, said)], change)
        return replace(change, repeated=rows.repeated)

    def preview(self, cursor: Cursor, dataset_id: str, rows: MergeRows, checker: Checker) -> MergePreview:
        """Say what a merge would do."""
        dataset = self._locked(cursor, dataset_id)
        self._refuse_table(cursor, dataset)
        merge = self._merged(cursor, dataset, rows.by_id)
        kinds = dict.fromkeys(rows.by_id, "same")
        there = merge.there
        kinds.update({key: "changed" if key in there else "new" for key in merge.changed})
        problems = checker.problems(rows.placed(merge.changed.values()))
        return MergePreview(
            version=dataset.version,
            record_ids=tuple(rows.record_ids),
            kinds=tuple(kinds[one] for one in rows.record_ids),
            inserted=merge.change.inserted,
            updated=merge.change.updated,
            unchanged=merge.change.unchanged,
            problems=tuple(problems[:_MOST_PROBLEMS]),
            n_problems=len(problems),
            repeated=rows.repeated,
        )

    def _merged(self, cursor: Cursor, dataset: LockedDataset, rows: Mapping[str, ContentRow]) -> Merge:
        members = self._read_members(cursor, dataset, dataset.version)
        places = {one.record_id: place for place, one in enumerate(members)}
        differing = {
            record_id
            for record_id, row in rows.items()
            if record_id in places and members[places[record_id]].digest != row.digest
        }
        before = self._read_contents(cursor, dataset, [members[places[one]].content for one in differing])
        there = {one: before[members[places[one]].content] for one in differing}
        wanted = {
            record_id: merged(there[record_id], row) if record_id in there else row
            for record_id, row in rows.items()
            if record_id in there or record_id not in places
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
                one = Member(dataset.next_position, numbers[row.digest], dataset.version + 1, record_id, row.digest)
                dataset.next_position += 1
                members.append(one)
            else:
                one = replace(members[place], content=numbers[row.digest], digest=row.digest)
                closes.append(one.position)
                members[place] = one
            opens.append(one)
        change = Change(
            members=members,
            closes=closes,
            opens=opens,
            contents=contents,
            inserted=len(opens) - len(closes),
            updated=len(closes),
            unchanged=len(rows) - len(opens),
        )
        return Merge(change, changed, there)

    def _same_schema(self, cursor: Cursor, dataset: LockedDataset, checker: Checker) -> None:
        cursor.execute(self._schema, (dataset.id,))
        if (cursor.fetchone()[0] or 0) != checker.number:
            raise SchemaChanged

    def _refuse_table(self, cursor: Cursor, dataset: LockedDataset) -> None:
        cursor.execute(self._tables, (dataset.id,))
        if cursor.fetchone()[0]:
            raise InvalidArgument(
                f"The dataset {dataset.dataset_id!r} holds a table: put_table makes its next version. Records go into "
                "a dataset of their own."
            )

    def _told(self, cursor: Cursor, dataset: LockedDataset, rows: MergeRows, merge: Merge) -> list[_Told]:
        """Return who said what; what was said before is said again where it takes effect again."""
        again = {
            key
            for key, one in rows.said.items()
            if key[0] in merge.changed and takes_effect(one, merge.there.get(key[0]), merge.changed[key[0]])
        }
        if again:
            cursor.execute(self._said, (dataset.id, self._pack(sorted({record_id for record_id, _ in again}))))
            again.intersection_update((record_id, digest) for record_id, digest in cursor.fetchall())
        number = dataset.version + 1  # what takes effect makes a version
        return [
            (key[0], statement_digest(one, again_in=number) if key in again else key[1], one)
            for key, one in rows.said.items()
        ]

    def _state(self, cursor: Cursor, dataset: LockedDataset, told: Sequence[_Told], change: DatasetChange) -> None:
        """Keep who said what."""
        made = [
            (dataset.id, record_id, digest, one.name, one.value, one.by, one.source_type, one.trace_id, one.time,
             change.version.number)
            for record_id, digest, one in told
        ]  # fmt: skip
        if made:
            cursor.executemany(self._insert_statement, made)

    def remove(self, cursor: Cursor, dataset_id: str, record_ids: Sequence[str], said: Said) -> DatasetChange:
        """Remove records by their ids."""
        dataset = self._locked(cursor, dataset_id)
        gone = set(record_ids)
        members = self._read_members(cursor, dataset, dataset.version)
        kept = [one for one in members if one.record_id not in gone]
        closes = [one.position for one in members if one.record_id in gone]
        change = Change(
            members=kept,
            closes=closes,
            opens=(),
            contents={},
            deleted=len(closes),
            unchanged=len(gone) - len(closes),
        )
        return self._write(cursor, dataset, change, said)

    def revise(
        self,
        cursor: Cursor,
        dataset_id: str,
        seen: tuple[str, str],
        row: ContentRow,
        said: Said,
        checker: Checker,
    ) -> DatasetChange:
        """Put a record in place of what it was; ``seen`` is its id, and the digest it must have unless empty."""
        record_id, digest = seen
        dataset = self._locked(cursor, dataset_id)
        self._same_schema(cursor, dataset, checker)
        members = self._read_members(cursor, dataset, dataset.version)
        place = next((n for n, one in enumerate(members) if one.record_id == record_id), None)
        if place is None:
            raise NotFound(f"The newest version of the dataset {dataset_id!r} has no record {record_id!r}.")
        if digest and members[place].digest != digest:
            raise Conflict(f"The record {record_id!r} has been changed meanwhile. Look at it again, then change it.")
        if row.record_id != record_id and any(one.record_id == row.record_id for one in members):
            raise AlreadyExists(f"Another record of the dataset has these inputs: {row.record_id!r}. Change that one.")
        before = members[place]
        row = with_source_of(self._read_contents(cursor, dataset, [before.content])[before.content], row)
        refuse(checker.problems([(0, row)]), "Nothing was changed")
        if row.digest == before.digest:
            return self._write(
                cursor, dataset, Change(members=members, closes=(), opens=(), contents={}, unchanged=1), said
            )
        numbers, contents = self._numbered(cursor, dataset, [row])
        born = before.born if row.record_id == record_id else dataset.version + 1
        one = Member(before.position, numbers[row.digest], born, row.record_id, row.digest)
        members[place] = one
        change = Change(members=members, closes=[one.position], opens=[one], contents=contents, updated=1)
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
        change = Change(
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

    def _locked(self, cursor: Cursor, dataset_id: str) -> LockedDataset:
        cursor.execute(self._lock, (dataset_id,))
        row = cursor.fetchone()
        if row is None:
            raise NotFound(f"There is no dataset with id {dataset_id!r}.")
        return LockedDataset(*row)

    def _read_members(self, cursor: Cursor, dataset: LockedDataset, version: int) -> list[Member]:
        cursor.execute(self._members, (dataset.id, version, version))
        return [Member(*row) for row in cursor.fetchall()]

    def _read_contents(self, cursor: Cursor, dataset: LockedDataset, numbers: Sequence[int]) -> dict[int, ContentRow]:
        if not numbers:
            return {}
        cursor.execute(self._contents, (dataset.id, self._pack(numbers)))
        return {number: ContentRow(*row) for number, *row in cursor.fetchall()}

    def _numbered(
        self, cursor: Cursor, dataset: LockedDataset, rows: Iterable[ContentRow]
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

    def _write(self, cursor: Cursor, dataset: LockedDataset, change: Change, said: Said) -> DatasetChange:
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

    def _read_version(self, cursor: Cursor, dataset: LockedDataset) -> DatasetVersion:
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


def _overruled(rows: MergeRows, said: Said) -> Iterator[_Told]:
    """Yield what somebody merges and overrules in the same call: whoever merges it says it."""
    now = now_ms()
    for record_id, one in rows.overruled:
        stated = replace(one, by=said.by, time=now)
        yield record_id, statement_digest(stated), stated
