"""Reading the records of a version, and what differs between two."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from steelyard.records import Page
from steelyard.records.dataset import DatasetDiff, DatasetRecord, RecordChange
from steelyard.store.limits import check_max_results
from steelyard.store.sql.database import Database
from steelyard.store.sql.dataset_rows import ContentRow, record_from_row
from steelyard.store.sql.dataset_schema import dataset_contents, dataset_members, dataset_versions
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.paging import SortKey, fingerprint, make_token, read_token

_m, _c = dataset_members.c, dataset_contents.c
_born, _since = dataset_versions.alias("born_in"), dataset_versions.alias("since_in")
_POSITION = (SortKey(_m.since, never_null=True), SortKey(_m.position, never_null=True))
_ESCAPED = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


def page_of_records(
    connection: Connection,
    database: Database,
    dataset: tuple[int, str, int],
    *,
    version: int | None,
    text: str,
    max_results: int,
    page_token: str | None,
) -> Page[DatasetRecord]:
    """Return a page of records; see ``DatasetStore.records``.

    Args:
        connection: a reading transaction.
        database: spells the search.
        dataset: its number, its id and its newest version.
        version, text, max_results, page_token: what is asked for.
    """
    check_max_results(max_results)
    number, dataset_id, newest = dataset
    query = fingerprint(dataset_id, version, text)
    at, position = newest if version is None else version, -1
    if page_token:
        at, position = read_token(page_token, query, _POSITION)
    statement = records_of(number)
    if text:
        statement = statement.where(standing(at), *holding(text, database.dialect), _m.position > position)
        statement = statement.order_by(_m.position).limit(max_results + 1)
    else:  # the page is cut before anything is joined to it
        cut = select(_m.position, _m.since).where(_m.dataset == number, standing(at), _m.position > position)
        page = cut.order_by(_m.position).limit(max_results + 1).subquery("page")
        here = and_(page.c.position == _m.position, page.c.since == _m.since)
        statement = statement.join(page, here).order_by(_m.position)
    rows = connection.execute(statement).all()
    found = tuple(record_from_row(dataset_id, row) for row in rows[:max_results])
    token = make_token(query, [at, found[-1].position]) if len(rows) > max_results else None
    return Page(found, token)


def one_record(connection: Connection, dataset: tuple[int, str], record_id: str, version: int) -> DatasetRecord | None:
    """Return a record of a version, or None if it has none of this id."""
    number, dataset_id = dataset
    row = connection.execute(records_of(number).where(standing(version), _c.record_id == record_id)).first()
    return None if row is None else record_from_row(dataset_id, row)


def count_records(connection: Connection, database: Database, number: int, version: int, text: str) -> int:
    """Return how many records of a version hold a text."""
    statement = select(func.count()).select_from(dataset_members).join(dataset_contents, _same()).where(
        _m.dataset == number, standing(version), *holding(text, database.dialect)
    )  # fmt: skip
    return connection.execute(statement).scalar_one()


def difference(
    connection: Connection, database: Database, dataset: tuple[int, str], before: int, after_: int, max_results: int
) -> DatasetDiff:
    """Return what differs between two versions; see ``DatasetStore.diff``."""
    check_max_results(max_results)
    number, _ = dataset
    light = (
        select(_m.position, _m.content, _c.record_id, _c.digest, standing(before).label("was"))
        .join(dataset_contents, _same())
        .where(_m.dataset == number, or_(*_in_one_only(before, after_)))
        .order_by(_m.position)
    )
    was: dict[str, Any] = {}
    now: dict[str, Any] = {}
    for row in connection.execute(light):
        (was if row.was else now)[row.record_id] = row
    moved = {key for key in was.keys() & now.keys() if was[key].digest == now[key].digest}
    removed = [key for key in was if key not in now]
    kept = [key for key in now if key not in moved]  # in the order of the positions
    added = sum(key not in was for key in kept)
    shown = sorted([*kept, *removed], key=lambda key: (now.get(key) or was[key]).position)[:max_results]
    pairs = [(was.get(key), now.get(key)) for key in shown]
    whole = _whole(connection, database, dataset, [before, after_], [one for pair in pairs for one in pair if one])
    return DatasetDiff(
        added=added,
        removed=len(removed),
        changed=len(kept) - added,
        changes=tuple(
            RecordChange(
                before=None if one is None else whole[before, one.record_id],
                after=None if other is None else whole[after_, other.record_id],
            )
            for one, other in pairs
        ),
    )


def contents_of(connection: Connection, number: int, version: int) -> Iterator[ContentRow]:
    """Yield what the records of a version are, in order."""
    wanted = (_c.record_id, _c.digest, _c.inputs, _c.outputs, _c.expectations, _c.tags, _c.source)
    found = connection.execute(
        select(*wanted).select_from(dataset_members).join(dataset_contents, _same())
        .where(_m.dataset == number, standing(version)).order_by(_m.position)
    )  # fmt: skip
    for row in found:
        yield ContentRow(*row)


def standing(version: int) -> ColumnElement[bool]:
    """Return "the member stands in this version"."""
    return and_(_m.since <= version, _m.until > version)


def holding(text: str, dialect: Dialect) -> list[ColumnElement[bool]]:
    """Return "the record holds this text", in its inputs, outputs, expectations or tags."""
    if not text:
        return []
    inner = json.dumps(text, ensure_ascii=False)[1:-1]  # as it stands in a JSON text
    pattern = f"%{inner.translate(_ESCAPED)}%"
    columns = (_c.inputs, _c.outputs, _c.expectations, _c.tags)
    return [or_(*(dialect.like(column, pattern, fold_case=True) for column in columns))]


def records_of(number: int) -> Select[*tuple[Any, ...]]:
    """Return the columns of a dataset's records, in every version; see ``record_from_row``."""
    columns: list[Any] = [_c.record_id, _c.digest, _c.inputs, _c.outputs, _c.expectations, _c.tags, _c.source]
    columns += [_m.position, _m.born, _m.since]
    columns += [_born.c.created_by, _born.c.created_time, _since.c.created_by, _since.c.created_time]
    return (
        select(*columns)
        .join(dataset_contents, _same())
        .join(_born, (_born.c.dataset == _m.dataset) & (_born.c.number == _m.born))
        .join(_since, (_since.c.dataset == _m.dataset) & (_since.c.number == _m.since))
        .where(_m.dataset == number)
    )


def _same() -> ColumnElement[bool]:
    return and_(_c.dataset == _m.dataset, _c.number == _m.content)


def _in_one_only(before: int, after_: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return and_(standing(before), ~standing(after_)), and_(standing(after_), ~standing(before))


def _whole(
    connection: Connection, database: Database, dataset: tuple[int, str], versions: Sequence[int], light: Sequence[Any]
) -> dict[tuple[int, str], DatasetRecord]:
    number, dataset_id = dataset
    contents = [row.content for row in light]
    found: dict[tuple[int, str], DatasetRecord] = {}
    for version in versions:
        statement = records_of(number).where(standing(version), database.dialect.among(_m.content, contents))
        for row in connection.execute(statement):
            record = record_from_row(dataset_id, row)
            found[version, record.dataset_record_id] = record
    return found
