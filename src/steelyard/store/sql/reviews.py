"""Review queues in SQL."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records.review import (
    AnswerDraft,
    ItemDraft,
    QueueRules,
    ReviewAnswer,
    ReviewedItem,
    ReviewItem,
    ReviewQueue,
)
from steelyard.records.run import Page
from steelyard.store.limits import MAX_EXPERIMENT_NAME, MAX_KEY, MAX_TAG_VALUE, check_name, check_value
from steelyard.store.sql import review_reading
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.experiments import experiment_number, experiment_numbers
from steelyard.store.sql.review_filling import Filling
from steelyard.store.sql.review_handing import Handing
from steelyard.store.sql.review_items import ItemWriter, no_queue
from steelyard.store.sql.review_rows import check_answer, check_queue, check_reviewer, check_users, rules_row
from steelyard.store.sql.review_schema import (
    label_schemas,
    review_queue_schemas,
    review_queue_users,
    review_queues,
)
from steelyard.store.sql.review_writer import AnswerWriter


class SqlReviews:
    """See ``ReviewStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        experiment_id: str,
        name: str,
        *,
        queue_type: str = "custom",
        item_type: str = "trace",
        users: Sequence[str] = (),
        schema_ids: Sequence[str] = (),
        rules: QueueRules | None = None,
        instruction: str = "",
        by: str = "",
    ) -> ReviewQueue:
        who, now = check_value(by or "", "user's name", limit=MAX_KEY), now_ms()
        reviewers, said = check_users(users), rules or QueueRules()
        row: dict[str, Any] = {
            "queue_id": f"rq-{uuid.uuid4().hex}",
            "name": check_name(name, "review queue's name", limit=MAX_EXPERIMENT_NAME),
            "queue_type": queue_type,
            "item_type": item_type,
            "instruction": check_value(instruction or "", "instruction", limit=MAX_TAG_VALUE),
            **rules_row(said),
            **dict.fromkeys(("next_position", "pending", "complete", "declined", "flagged", "disputed", "answers"), 0),
            "created_by": who,
            "created_time": now,
            "last_updated_by": who,
            "last_update_time": now,
        }
        check_queue(queue_type=queue_type, item_type=item_type, users=reviewers, schemas=len(schema_ids), rules=said)
        try:
            with self._database.write() as connection:
                experiment = row["experiment"] = experiment_number(connection, experiment_id)
                (number,) = connection.execute(insert(review_queues).values(row)).inserted_primary_key or (0,)
                _put_users(connection, number, reviewers)
                _put_schemas(connection, number, experiment, schema_ids)
                return review_reading.load_queue(connection, row["queue_id"])
        except IntegrityError as error:
            raise _taken(name) from error

    def get(self, queue_id: str) -> ReviewQueue:
        with self._database.read() as connection:
            return review_reading.load_queue(connection, queue_id)

    def find(self, experiment_id: str, name: str) -> ReviewQueue | None:
        q = review_queues.c
        with self._database.read() as connection:
            number = experiment_number(connection, experiment_id)
            return next(iter(review_reading.queues(connection, q.experiment == number, q.name == name)), None)

    def list(self, experiment_ids: Sequence[str] = (), *, user: str = "") -> tuple[ReviewQueue, ...]:
        if isinstance(experiment_ids, str):
            raise InvalidArgument("experiment_ids is a list: put the id in brackets.")
        conditions = [review_reading.may_review(user)] if user else []
        with self._database.read() as connection:
            if experiment_ids:
                conditions.append(review_queues.c.experiment.in_(experiment_numbers(connection, list(experiment_ids))))
            return review_reading.queues(connection, *conditions)

    def update(
        self,
        queue_id: str,
        *,
        name: str | None = None,
        users: Sequence[str] | None = None,
        schema_ids: Sequence[str] | None = None,
        rules: QueueRules | None = None,
        instruction: str | None = None,
        by: str = "",
    ) -> ReviewQueue:
        who = check_value(by or "", "user's name", limit=MAX_KEY)
        changes: dict[str, Any] = {"last_updated_by": who, "last_update_time": now_ms()}
        if name is not None:
            changes["name"] = check_name(name, "review queue's name", limit=MAX_EXPERIMENT_NAME)
        if instruction is not None:
            changes["instruction"] = check_value(instruction, "instruction", limit=MAX_TAG_VALUE)
        if rules is not None:
            changes |= rules_row(rules)
        q = review_queues.c
        try:
            with self._database.write() as connection:
                locked = select(q.id, q.experiment).where(q.queue_id == queue_id).with_for_update()
                row = connection.execute(locked).first()
                if row is None:
                    raise no_queue(queue_id)
                connection.execute(update(review_queues).where(q.id == row.id).values(changes))
                if users is not None:
                    _put_users(connection, row.id, check_users(users))
                if schema_ids is not None:
                    _put_schemas(connection, row.id, row.experiment, schema_ids)
                queue = review_reading.load_queue(connection, queue_id)
                check_queue(
                    queue_type=queue.queue_type,
                    item_type=queue.item_type,
                    users=queue.users,
                    schemas=len(queue.schema_ids),
                    rules=queue.rules,
                )
                if users is not None or rules is not None:
                    self._resettle(connection, queue_id)
                return review_reading.load_queue(connection, queue_id)
        except IntegrityError as error:
            raise _taken(str(name)) from error

    def delete(self, queue_id: str) -> None:
        with self._database.write() as connection:
            gone = delete(review_queues).where(review_queues.c.queue_id == queue_id)
            if not connection.execute(gone).rowcount:  # its items and answers go with it
                raise no_queue(queue_id)

    def add(self, queue_id: str, items: Sequence[ItemDraft]) -> tuple[ReviewItem, ...]:
        filling = self._database.spelt(Filling)
        return self._database.run(lambda cursor: filling.add(cursor, queue_id, items))

    def remove(self, queue_id: str, item_ids: Sequence[str]) -> int:
        ids, filling = _listed(item_ids), self._database.spelt(Filling)
        return self._database.run(lambda cursor: filling.remove(cursor, queue_id, ids))

    def assign(self, queue_id: str, item_ids: Sequence[str], user: str) -> None:
        ids, filling = _listed(item_ids), self._database.spelt(Filling)
        who = check_reviewer(user) if user else ""
        self._database.run(lambda cursor: filling.assign(cursor, queue_id, ids, who))

    def items(
        self,
        queue_id: str,
        *,
        status: str = "",
        only: str = "",
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[ReviewItem]:
        return review_reading.page_of_items(
            self._database, queue_id, status=status, only=only, max_results=max_results, page_token=page_token
        )

    def item(self, item_id: str) -> ReviewItem:
        with self._database.read() as connection:
            return review_reading.load_item(connection, item_id)[1]

    def reviewed(self, queue_id: str) -> tuple[ReviewedItem, ...]:
        with self._database.read() as connection:
            return review_reading.reviewed(connection, queue_id)

    def answers(self, item_id: str) -> tuple[ReviewAnswer, ...]:
        with self._database.read() as connection:
            return review_reading.answers_to(connection, item_id)

    def next(self, queue_id: str, reviewer: str, *, not_these: Sequence[str] = ()) -> ReviewItem | None:
        check_reviewer(reviewer)
        others, items = _listed(not_these), self._database.spelt(ItemWriter)
        handing = self._database.spelt(Handing)

        def work(cursor: Cursor) -> ReviewItem | None:
            return handing.next(cursor, items.lock(cursor, queue_id), reviewer, others)

        return self._database.run(work, durable=False)  # after a power cut, an item is handed out again

    def answer(self, answer: AnswerDraft) -> ReviewAnswer:
        check_answer(answer)
        writer = self._database.spelt(AnswerWriter)
        said = self._database.run(lambda cursor: writer.answer(cursor, answer))
        if isinstance(said, NotFound):  # raised only now: that its item was declined is kept
            raise said
        return said

    def withdraw(self, item_id: str, reviewer: str) -> ReviewItem:
        check_reviewer(reviewer)
        writer = self._database.spelt(AnswerWriter)
        return self._database.run(lambda cursor: writer.withdraw(cursor, item_id, reviewer))

    def set_status(self, item_id: str, status: str, *, reason: str = "", by: str = "") -> ReviewItem:
        filling = self._database.spelt(Filling)
        return self._database.run(
            lambda cursor: filling.set_status(cursor, item_id, status, reason=reason or "", by=by or "")
        )

    def _resettle(self, connection: Connection, queue_id: str) -> None:
        items, cursor = self._database.spelt(ItemWriter), cast("Cursor", connection.connection.cursor())
        items.resettle(cursor, items.lock(cursor, queue_id))


def _put_users(connection: Connection, queue: int, users: Sequence[str]) -> None:
    u = review_queue_users.c
    connection.execute(delete(review_queue_users).where(u.queue == queue))
    rows = [{"queue": queue, "position": place, "reviewer": user} for place, user in enumerate(users)]
    if rows:
        connection.execute(insert(review_queue_users), rows)


def _put_schemas(connection: Connection, queue: int, experiment: int, schema_ids: Sequence[str]) -> None:
    asked, s = review_queue_schemas.c, label_schemas.c
    ids = list(dict.fromkeys(_listed(schema_ids)))
    locked = (
        select(s.schema_id, s.id, s.experiment)
        .where(s.schema_id.in_(ids))
        .order_by(s.id)
        .with_for_update(key_share=True)
    )
    found = {row.schema_id: row for row in connection.execute(locked)}
    for schema_id in ids:
        if schema_id not in found:
            raise NotFound(f"There is no label schema with id {schema_id!r}.")
        if found[schema_id].experiment != experiment:
            raise InvalidArgument(
                f"The label schema {schema_id!r} belongs to another experiment than the queue. Create one in it."
            )
    connection.execute(delete(review_queue_schemas).where(asked.queue == queue))
    rows = [{"queue": queue, "position": place, "schema": found[one].id} for place, one in enumerate(ids)]
    if rows:
        connection.execute(insert(review_queue_schemas), rows)


def _listed(ids: Sequence[str]) -> list[str]:
    if isinstance(ids, str):
        raise InvalidArgument("Several ids are a list: put a single one in brackets.")
    return [str(one) for one in ids]


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"The experiment has a review queue named {name!r} already. Get it, or choose another name.")
