"""Items of a queue on a bare cursor: who locks the queue may change them, and leaves them standing as they should."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, case, func, literal_column, select, update

from steelyard.errors import NotFound
from steelyard.records.review import QueueRules, ReviewItem, ReviewItemType, ReviewStatus
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.review_rows import ITEM_COLUMNS, item_from, rules_from, said_by, said_from
from steelyard.store.sql.review_schema import review_answers, review_items, review_queue_users, review_queues
from steelyard.store.sql.review_standing import Said, needed_by, standing

_QUEUE = ("id", "queue_id", "name", "item_type", "next_position")
_RULES = ("overlap", "overlap_share", "blind", "reserve_seconds")
_OWN = ("id", "subject", "asked_for", "decreed")
_COUNTS = ("pending", "complete", "declined", "flagged", "disputed", "answers")
_CHANGING = (
    "assigned_to",
    "asked_for",
    "needed",
    "answers",
    "said_by",
    "status",
    "decreed",
    "flagged",
    "disputed",
    "reason",
)


@dataclass(frozen=True, slots=True)
class LockedQueue:
    """A queue whose items nobody else changes now."""

    id: int
    queue_id: str
    name: str
    pairs: bool
    next_position: int
    rules: QueueRules
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldItem:
    """An item of a locked queue: what people see of it, and what only its row has."""

    id: int
    subject: str
    asked_for: int | None
    decreed: str
    item: ReviewItem


class ItemWriter:
    """Reads and writes items; each statement is spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._pack = dialect.pack
        q, i, a, u = review_queues.c, review_items.c, review_answers.c, review_queue_users.c
        queue = select(*(q[name] for name in (*_QUEUE, *_RULES)))
        of_item = select(i.queue).where(i.item_id == bindparam("item_id")).scalar_subquery()
        self._lock = text(queue.where(q.queue_id == bindparam("queue_id")).with_for_update())
        self._lock_by_item = text(queue.where(q.id == of_item).with_for_update())
        self._users = text(select(u.reviewer).where(u.queue == bindparam("queue_")).order_by(u.position))
        columns = [i[name] for name in (*_OWN, *ITEM_COLUMNS)]
        of_queue = i.queue == bindparam("queue_")
        self._item = text(select(*columns).where(i.item_id == bindparam("item_id")))
        self._listed = text(select(*columns).where(of_queue, dialect.listed(i.item_id)).order_by(i.position))
        self._unfinished = text(select(*columns).where(of_queue, i.status != literal_column("'complete'")))
        said = (a.reviewer, a.kind, a.decides, a.labels)
        self._said = text(select(*said).where(a.item == bindparam("item_")).order_by(a.id))
        self._all_said = text(select(a.item, *said).where(dialect.listed(a.item)).order_by(a.id))
        values = {name: bindparam(f"{name}_") for name in (*_CHANGING, "last_update_time")}
        self._change = text(update(review_items).where(i.id == bindparam("number")).values(values))
        more = {name: q[name] + bindparam(f"{name}_") for name in _COUNTS}
        self._count = text(update(review_queues).where(q.id == bindparam("number")).values(more))
        whole = {name: bindparam(f"{name}_") for name in _COUNTS}
        self._set_counts = text(update(review_queues).where(q.id == bindparam("number")).values(whole))
        self._recount = text(select(*_sums()).where(of_queue))

    def lock(self, cursor: Cursor, queue_id: str) -> LockedQueue:
        """Return a queue, and hold off others that would change its items.

        Raises:
            NotFound: there is none with this id.
        """
        cursor.execute(self._lock, (queue_id,))
        row = cursor.fetchone()
        if row is None:
            raise no_queue(queue_id)
        return self._locked(cursor, row)

    def lock_by_item(self, cursor: Cursor, item_id: str) -> tuple[LockedQueue, HeldItem]:
        """Return an item and its queue, as ``lock`` does.

        Raises:
            NotFound: there is no item with this id.
        """
        cursor.execute(self._lock_by_item, (item_id,))
        row = cursor.fetchone()
        if row is None:
            raise no_item(item_id)
        queue = self._locked(cursor, row)
        cursor.execute(self._item, (item_id,))
        row = cursor.fetchone()
        if row is None:  # it was taken out while we waited
            raise no_item(item_id)
        return queue, _held(queue, row)

    def items(self, cursor: Cursor, queue: LockedQueue, item_ids: Sequence[str]) -> list[HeldItem]:
        """Return those of the items that the queue has, in order."""
        cursor.execute(self._listed, (queue.id, self._pack(list(item_ids))))
        return [_held(queue, row) for row in cursor.fetchall()]

    def said(self, cursor: Cursor, number: int) -> list[Said]:
        """Return what was said to an item, the first first."""
        cursor.execute(self._said, (number,))
        return [said_from(*row) for row in cursor.fetchall()]

    def settle(self, cursor: Cursor, queue: LockedQueue, held: HeldItem, *, before: ReviewItem) -> ReviewItem:
        """Write an item as it stands by its answers, and what that changes in its queue's counts.

        Args:
            cursor: of the transaction.
            queue: locked.
            held: the item, with whatever somebody changed of it.
            before: as its row has it.
        """
        said = self.said(cursor, held.id)
        after = _settled(queue, held, said)
        cursor.execute(self._change, _changed(held, after, said))
        difference = [new - old for new, old in zip(_counted(after), _counted(before), strict=True)]
        if any(difference):
            cursor.execute(self._count, (*difference, queue.id))
        return after

    def settle_all(self, cursor: Cursor, queue: LockedQueue, items: Sequence[HeldItem]) -> None:
        """Write many items as they stand by their answers, each with whatever somebody changed of it."""
        said: dict[int, list[Said]] = {held.id: [] for held in items}
        cursor.execute(self._all_said, (self._pack(list(said)),))
        for number, *row in cursor.fetchall():
            said[number].append(said_from(*row))
        rows = [_changed(held, _settled(queue, held, said[held.id]), said[held.id]) for held in items]
        if rows:
            cursor.executemany(self._change, rows)
            self.recount(cursor, queue)

    def resettle(self, cursor: Cursor, queue: LockedQueue) -> None:
        """Have all items that are not complete stand as the queue's rules and users now say."""
        cursor.execute(self._unfinished, (queue.id,))
        self.settle_all(cursor, queue, [_held(queue, row) for row in cursor.fetchall()])

    def recount(self, cursor: Cursor, queue: LockedQueue) -> None:
        """Count the queue's items anew."""
        cursor.execute(self._recount, (queue.id,))
        cursor.execute(self._set_counts, (*cursor.fetchone(), queue.id))

    def _locked(self, cursor: Cursor, row: Sequence[Any]) -> LockedQueue:
        own, rules = row[: len(_QUEUE)], row[len(_QUEUE) :]
        number, queue_id, name, item_type, next_position = own
        cursor.execute(self._users, (number,))
        users = tuple(user for (user,) in cursor.fetchall())
        pairs = item_type == ReviewItemType.PAIR
        said = rules_from(dict(zip(_RULES, rules, strict=True)))
        return LockedQueue(number, queue_id, name, pairs, next_position, said, users)


def no_queue(queue_id: str) -> NotFound:
    """Return the error for a queue that does not exist."""
    return NotFound(f"There is no review queue with id {queue_id!r}.")


def no_item(item_id: str) -> NotFound:
    """Return the error for an item that does not exist."""
    return NotFound(f"There is no review item with id {item_id!r}. It may have been taken out of its queue.")


def _held(queue: LockedQueue, row: Sequence[Any]) -> HeldItem:
    number, subject, asked_for, decreed = row[: len(_OWN)]
    return HeldItem(number, subject, asked_for, decreed, item_from(row[len(_OWN) :], queue.queue_id))


def _settled(queue: LockedQueue, held: HeldItem, said: Sequence[Said]) -> ReviewItem:
    item = held.item
    needed = item.needed
    if item.status != ReviewStatus.COMPLETE:
        needed = needed_by(
            queue.rules,
            subject=held.subject,
            asked_for=held.asked_for,
            assigned=bool(item.assigned_to),
            others=sum(one.counts and one.reviewer != item.assigned_to for one in said),
        )
    now = standing(said, needed=needed, users=queue.users, decreed=held.decreed, reason=item.reason)
    return replace(
        item,
        needed=needed,
        answers=now.answers,
        status=now.status,
        flagged=now.flagged,
        disputed=now.disputed,
        reason=now.reason,
        last_update_time=now_ms(),
    )


def _changed(held: HeldItem, after: ReviewItem, said: Sequence[Said]) -> tuple[Any, ...]:
    fields = {name: getattr(after, name) for name in _CHANGING if hasattr(after, name)}
    who = said_by([one.reviewer for one in said])
    fields |= {"asked_for": held.asked_for, "decreed": held.decreed, "said_by": who}
    return (*(fields[name] for name in _CHANGING), after.last_update_time, held.id)


def _counted(item: ReviewItem) -> tuple[int, ...]:
    """Return what an item adds to each of ``_COUNTS``."""
    statuses = (item.status == name for name in _COUNTS[:3])
    return (*map(int, statuses), int(item.flagged), int(item.disputed), item.answers)


def _sums() -> Iterable[Any]:
    i = review_items.c
    one, none = literal_column("1"), literal_column("0")
    for name in _COUNTS[:3]:
        yield func.coalesce(func.sum(case((i.status == literal_column(f"'{name}'"), one), else_=none)), none)
    for column in (i.flagged, i.disputed):
        yield func.coalesce(func.sum(case((column, one), else_=none)), none)
    yield func.coalesce(func.sum(i.answers), none)
