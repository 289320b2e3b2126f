"""Reading review queues, their items, and what was said to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, literal_column, or_, select

from steelyard.errors import InvalidArgument
from steelyard.records.review import STATUSES, ReviewAnswer, ReviewedItem, ReviewItem, ReviewQueue
from steelyard.records.run import Page
from steelyard.store.limits import check_max_results
from steelyard.store.sql.database import Database
from steelyard.store.sql.paging import SortKey, after, fingerprint, make_token, read_token
from steelyard.store.sql.review_items import no_item, no_queue
from steelyard.store.sql.review_rows import ANSWER_COLUMNS, ITEM_COLUMNS, answer_from, item_from, queue_from
from steelyard.store.sql.review_schema import (
    label_schemas,
    review_answers,
    review_items,
    review_queue_schemas,
    review_queue_users,
    review_queues,
)

_ONE = literal_column("1")


def queue_number(connection: Connection, queue_id: str) -> int:
    """Return a queue's number.

    Raises:
        NotFound: there is none with this id.
    """
    number = connection.execute(select(review_queues.c.id).where(review_queues.c.queue_id == queue_id)).scalar()
    if number is None:
        raise no_queue(queue_id)
    return number


def load_queue(connection: Connection, queue_id: str) -> ReviewQueue:
    """Return a queue."""
    found = queues(connection, review_queues.c.queue_id == queue_id)
    if not found:
        raise no_queue(queue_id)
    return found[0]


def queues(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[ReviewQueue, ...]:
    """Return queues with their users and questions, the newest first."""
    q, u, s, asked = review_queues.c, review_queue_users.c, label_schemas.c, review_queue_schemas.c
    statement = select(review_queues).where(*conditions).order_by(q.created_time.desc(), q.id.desc())
    rows = connection.execute(statement).mappings().all()
    chosen = select(q.id).where(*conditions)
    users = select(u.queue, u.reviewer).where(u.queue.in_(chosen)).order_by(u.queue, u.position)
    schemas = (
        select(asked.queue, s.schema_id)
        .join(label_schemas, s.id == asked.schema)
        .where(asked.queue.in_(chosen))
        .order_by(asked.queue, asked.position)
    )
    named, questions = _grouped(connection, users), _grouped(connection, schemas)
    return tuple(
        queue_from(row, users=named.get(row["id"], ()), schema_ids=questions.get(row["id"], ())) for row in rows
    )


def may_review(user: str) -> ColumnElement[bool]:
    """Return the condition that somebody is among a queue's users, or that it has none."""
    u = review_queue_users.c
    of_queue = exists(_ONE).where(u.queue == review_queues.c.id)
    return or_(~of_queue, of_queue.where(u.reviewer == user))


def page_of_items(
    database: Database, queue_id: str, *, status: str, only: str, max_results: int, page_token: str | None
) -> Page[ReviewItem]:
    """Return a page of a queue's items; see ``ReviewStore.items``."""
    check_max_results(max_results)
    i = review_items.c
    conditions: list[ColumnElement[bool]] = []
    if status:
        if status not in STATUSES:
            raise InvalidArgument(f"There is no status {status!r}. Say one of: {', '.join(STATUSES)}.")
        conditions.append(i.status == status)
    if only:
        if only not in ("flagged", "disputed"):
            raise InvalidArgument(f"only={only!r} cannot be used: say 'flagged' or 'disputed'.")
        conditions.append(i[only])
    key, query = SortKey(i.position, never_null=True), fingerprint("review items", queue_id, status, only)
    if page_token:
        conditions.append(after([key], read_token(page_token, query, [key])))
    columns = [i[name] for name in ITEM_COLUMNS]
    with database.read() as connection:
        conditions.append(i.queue == queue_number(connection, queue_id))
        statement = select(*columns).where(*conditions).order_by(key.order).limit(max_results + 1)
        found = tuple(item_from(row, queue_id) for row in connection.execute(statement))
    if len(found) <= max_results:
        return Page(found)
    return Page(found[:max_results], make_token(query, [found[max_results - 1].position]))


def load_item(connection: Connection, item_id: str) -> tuple[int, ReviewItem]:
    """Return an item with its number.

    Raises:
        NotFound: there is none with this id.
    """
    i, q = review_items.c, review_queues.c
    columns = (q.queue_id, i.id, *(i[name] for name in ITEM_COLUMNS))
    statement = select(*columns).join(review_queues, q.id == i.queue).where(i.item_id == item_id)
    row = connection.execute(statement).first()
    if row is None:
        raise no_item(item_id)
    return row[1], item_from(row[2:], row[0])


def answers_to(connection: Connection, item_id: str) -> tuple[ReviewAnswer, ...]:
    """Return what was said to an item, the first first."""
    number, item = load_item(connection, item_id)
    a = review_answers.c
    statement = select(*(a[name] for name in ANSWER_COLUMNS)).where(a.item == number).order_by(a.id)
    return tuple(answer_from(row, item_id=item_id, queue_id=item.queue_id) for row in connection.execute(statement))


def reviewed(connection: Connection, queue_id: str) -> tuple[ReviewedItem, ...]:
    """Return every item that somebody said something to, with all of it, in order."""
    number = queue_number(connection, queue_id)
    i, a = review_items.c, review_answers.c
    columns = [i[name] for name in ITEM_COLUMNS]
    items = select(i.id, *columns).where(i.queue == number).order_by(i.position)
    answers = (
        select(a.item, *(a[name] for name in ANSWER_COLUMNS))
        .join(review_items, i.id == a.item)
        .where(i.queue == number)
        .order_by(a.id)
    )
    said: dict[int, list[Any]] = {}
    for of_item, *row in connection.execute(answers):
        said.setdefault(of_item, []).append(row)
    found = []
    for of_item, *row in connection.execute(items.where(exists(_ONE).where(a.item == i.id))):
        item = item_from(row, queue_id)
        ids = {"item_id": item.item_id, "queue_id": queue_id}
        found.append(ReviewedItem(item=item, answers=tuple(answer_from(one, **ids) for one in said[of_item])))
    return tuple(found)


def _grouped(connection: Connection, statement: Select[int, str]) -> dict[int, Sequence[str]]:
    found: dict[int, list[str]] = {}
    for number, name in connection.execute(statement):
        found.setdefault(number, []).append(name)
    return dict(found)
