"""Who has which item before them: items are handed out, and kept for a while for whoever has them.

The queue's row is locked meanwhile, so that two who ask at once are answered one after the other. A reservation that
has run out holds nobody off; the answer of whoever had it is kept nevertheless.

Somebody who is far ahead of the others is the slow case: all that they answered has to be passed over. So an item's row
names who said something to it, and what is full is found by the few reservations first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, literal_column, not_, or_, select, text

from steelyard.records.review import ReviewItem, ReviewStatus
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.review_items import HeldItem, LockedQueue
from steelyard.store.sql.review_rows import ITEM_COLUMNS, item_from, not_among, said_by
from steelyard.store.sql.review_schema import (
    ASSIGNED,
    BEGUN,
    FRESH,
    review_items,
    review_reservations,
)


class Handing:
    """Hands out items of locked queues; each statement is spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        dialect, spelt = database.dialect, database.positional
        self._pack = dialect.pack
        i, r = review_items.c, review_reservations.c
        found = select(i.id, *(i[name] for name in ITEM_COLUMNS))
        mine = or_(i.assigned_to == literal_column("''"), i.assigned_to == bindparam("whom"))
        kept = (
            found.join(review_reservations, r.item == i.id)
            .where(r.queue == bindparam("queue_"), r.reviewer == bindparam("keeper"))
            .where(i.status == literal_column("'pending'"), mine)
        )
        of_queue = found.where(i.queue == bindparam("queue_"))
        self._kept = _first_open(kept, database)
        self._assigned = _first_open(of_queue.where(text(ASSIGNED), i.assigned_to == bindparam("whom")), database)
        self._begun = _first_open(of_queue.where(text(BEGUN)), database)
        self._fresh = _first_open(of_queue.where(text(FRESH)), database)
        self._expire = spelt(
            delete(review_reservations).where(r.queue == bindparam("queue_"), r.until <= bindparam("now"))
        )
        made = dialect.insert(review_reservations)
        self._reserve = spelt(
            made.on_conflict_do_update(index_elements=["item", "reviewer"], set_={"until": made.excluded.until})
        )
        own = (r.item == bindparam("item_"), r.reviewer == bindparam("reviewer_"))
        self._release = spelt(delete(review_reservations).where(*own))
        full = i.answers + func.count() >= i.needed
        self._full = spelt(
            select(i.item_id)
            .join(review_reservations, r.item == i.id)
            .where(r.queue == bindparam("queue_"), r.reviewer != bindparam("reviewer_"))
            .group_by(i.id, i.item_id, i.answers, i.needed)
            .having(full)
        )
        others = (r.item == bindparam("item_"), r.reviewer != bindparam("reviewer_"))
        self._others = spelt(select(func.count()).where(*others))

    def next(
        self, cursor: Cursor, queue: LockedQueue, reviewer: str, not_these: Sequence[str] = ()
    ) -> ReviewItem | None:
        """Return the next item for a reviewer, kept for them from now on; None if nothing is left for them.

        Raises:
            InvalidArgument: the queue has users, and this is none of them.
        """
        if queue.users and reviewer not in queue.users:
            raise not_among(reviewer, queue.users)
        cursor.execute(self._expire, (queue.id, now_ms()))
        cursor.execute(self._full, (queue.id, reviewer))
        full = (item_id for (item_id,) in cursor.fetchall())
        is_open = (said_by([reviewer]), self._pack([*not_these, *full]))
        for statement, parameters in (
            (self._kept, (queue.id, reviewer, reviewer, *is_open)),
            (self._assigned, (queue.id, reviewer, *is_open)),
            (self._begun, (queue.id, *is_open)),
            (self._fresh, (queue.id, *is_open)),
        ):
            cursor.execute(statement, parameters)
            row = cursor.fetchone()
            if row is not None:
                self._keep(cursor, queue, row[0], reviewer)
                return item_from(row[1:], queue.queue_id)
        return None

    def release(self, cursor: Cursor, number: int, reviewer: str) -> None:
        """Keep an item for somebody no longer."""
        cursor.execute(self._release, (number, reviewer))

    def keep_if_open(self, cursor: Cursor, queue: LockedQueue, held: HeldItem, item: ReviewItem, reviewer: str) -> None:
        """Keep an item for somebody if they would be handed it."""
        cursor.execute(self._expire, (queue.id, now_ms()))
        cursor.execute(self._others, (held.id, reviewer))
        (others,) = cursor.fetchone()
        if item.status == ReviewStatus.PENDING and item.answers + others < item.needed:
            self._keep(cursor, queue, held.id, reviewer)

    def _keep(self, cursor: Cursor, queue: LockedQueue, number: int, reviewer: str) -> None:
        until = now_ms() + queue.rules.reserve_seconds * 1000
        cursor.execute(self._reserve, (number, reviewer, queue.id, until))


def _first_open(items: Select[*tuple[Any, ...]], database: Database) -> str:
    """Return SQL for the first of some items that somebody has said nothing to, and that is not among some."""
    i = review_items.c
    said_nothing = func.replace(i.said_by, bindparam("reviewer"), literal_column("''")) == i.said_by
    open_ones = items.where(said_nothing, not_(database.dialect.listed(i.item_id))).order_by(i.position)
    return database.positional(open_ones) + " LIMIT 1"
