"""What is in a queue, on a bare cursor: items are put in, taken out, assigned, and declared done or not to be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records.review import STATUSES, ItemDraft, ReviewItem, ReviewStatus
from steelyard.store.limits import MAX_KEY, MAX_TAG_VALUE, check_value
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.review_items import ItemWriter, LockedQueue
from steelyard.store.sql.review_rows import ITEM_COLUMNS, item_from, new_item_row, not_among, said_by
from steelyard.store.sql.review_schema import review_items, review_queues
from steelyard.store.sql.review_standing import needed_by, subject_of
from steelyard.store.sql.trace_schema import traces

_COLUMNS = tuple(column.name for column in review_items.columns if column.name != "id")


class Filling:
    """Changes what is in queues; each statement is spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._items = database.spelt(ItemWriter)
        self._pack: Callable[[Sequence[Any]], Any] = dialect.pack
        i, q, t = review_items.c, review_queues.c, traces.c
        self._traces = text(select(t.trace_id).where(dialect.listed(t.trace_id)))
        of_queue = i.queue == bindparam("queue_")
        self._known = text(select(i.subject).where(of_queue, dialect.listed(i.subject)))
        self._insert = text(dialect.insert(review_items), _COLUMNS)
        self._remove = text(delete(review_items).where(of_queue, dialect.listed(i.item_id)))
        self._go_on = text(
            update(review_queues).where(q.id == bindparam("number")).values(next_position=bindparam("next_position_"))
        )

    def add(self, cursor: Cursor, queue_id: str, drafts: Sequence[ItemDraft]) -> tuple[ReviewItem, ...]:
        """Put items behind those that are there; see ``ReviewStore.add``."""
        queue = self._items.lock(cursor, queue_id)
        rows = [new_item_row(draft, pairs=queue.pairs, users=queue.users) for draft in drafts]
        self._check_traces(cursor, rows)
        by_subject: dict[str, dict[str, Any]] = {}
        for row in rows:
            by_subject.setdefault(subject_of(row["trace_id"], row["other_trace_id"]), row)
        cursor.execute(self._known, (queue.id, self._pack(list(by_subject))))
        for (subject,) in cursor.fetchall():
            del by_subject[subject]
        if not by_subject:
            return ()
        whole = [
            _whole(queue, subject, row, queue.next_position + place)
            for place, (subject, row) in enumerate(by_subject.items())
        ]
        cursor.executemany(self._insert, [tuple(row[name] for name in _COLUMNS) for row in whole])
        cursor.execute(self._go_on, (queue.next_position + len(whole), queue.id))
        self._items.recount(cursor, queue)
        return tuple(item_from([row[name] for name in ITEM_COLUMNS], queue_id) for row in whole)

    def remove(self, cursor: Cursor, queue_id: str, item_ids: Sequence[str]) -> int:
        """Take items out; return how many there were."""
        queue = self._items.lock(cursor, queue_id)
        cursor.execute(self._remove, (queue.id, self._pack(list(item_ids))))
        removed = cursor.rowcount
        self._items.recount(cursor, queue)
        return removed

    def assign(self, cursor: Cursor, queue_id: str, item_ids: Sequence[str], user: str) -> None:
        """Say for whom items are; an empty name is anybody.

        Raises:
            NotFound: one of them is not in the queue.
            InvalidArgument: the queue has users, and this is none of them.
        """
        queue = self._items.lock(cursor, queue_id)
        if user and queue.users and user not in queue.users:
            raise not_among(user, queue.users)
        found = self._items.items(cursor, queue, item_ids)
        unknown = set(item_ids).difference(held.item.item_id for held in found)
        if unknown:
            raise NotFound(f"The queue {queue.name!r} has no item {min(unknown)!r}.")
        theirs = [replace(held, item=replace(held.item, assigned_to=user)) for held in found]
        self._items.settle_all(cursor, queue, theirs)

    def set_status(self, cursor: Cursor, item_id: str, status: str, *, reason: str, by: str) -> ReviewItem:
        """Say how an item stands; pending, it is asked once more than it was answered."""
        if status not in STATUSES:
            raise InvalidArgument(f"There is no status {status!r}. Say one of: {', '.join(STATUSES)}.")
        why = check_value(reason, "reason", limit=MAX_TAG_VALUE)
        who = check_value(by, "user's name", limit=MAX_KEY)
        queue, held = self._items.lock_by_item(cursor, item_id)
        if status == held.item.status and not held.decreed and not why:
            return held.item
        if status == ReviewStatus.PENDING:
            said = self._items.said(cursor, held.id)
            decided = [one.reviewer for one in said if one.decides]
            if decided:
                raise InvalidArgument(
                    f"The item {item_id!r} was decided by {decided[0]!r}. Withdraw the decision to open it again."
                )
            answered = sum(one.counts for one in said)
            asked_for = answered + 1 if answered >= held.item.needed else held.asked_for
            opened = replace(held.item, status=status, reason="")
            after = replace(held, asked_for=asked_for, decreed="", item=opened)
        else:
            why = why or (f"{status} by {who}" if who and status == ReviewStatus.DECLINED else "")
            after = replace(held, decreed=status, item=replace(held.item, reason=why))
        item = self._items.settle(cursor, queue, after, before=held.item)
        if item.status != status:
            raise InvalidArgument(
                f"The item {item_id!r} cannot be opened again: {item.reason}. Add people to its queue."
            )
        return item

    def _check_traces(self, cursor: Cursor, rows: Sequence[dict[str, Any]]) -> None:
        wanted = {row[name]: None for row in rows for name in ("trace_id", "other_trace_id") if row[name]}
        cursor.execute(self._traces, (self._pack(list(wanted)),))
        there = {trace_id for (trace_id,) in cursor.fetchall()}
        unknown = next((trace_id for trace_id in wanted if trace_id not in there), None)
        if unknown is not None:
            raise NotFound(f"There is no trace with id {unknown!r}. Nothing was put into the queue.")


def _whole(queue: LockedQueue, subject: str, row: dict[str, Any], position: int) -> dict[str, Any]:
    """Return a new item's whole row."""
    now = now_ms()
    assigned, asked_for = bool(row["assigned_to"]), row["asked_for"]
    return {
        **row,
        "queue": queue.id,
        "position": position,
        "subject": subject,
        "needed": needed_by(queue.rules, subject=subject, asked_for=asked_for, assigned=assigned, others=0),
        "answers": 0,
        "said_by": said_by(()),
        "status": ReviewStatus.PENDING,
        "decreed": "",
        "flagged": False,
        "disputed": False,
        "reason": "",
        "created_time": now,
        "last_update_time": now,
    }
