"""Writing answers on a bare cursor: each in one transaction with its assessments and its item's status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, delete, select, update

from steelyard.errors import Conflict, InvalidArgument, NotFound
from steelyard.records.assessment import AssessmentSource, Expectation, Feedback
from steelyard.records.review import (
    PREFERENCE,
    AnswerDraft,
    LabelAnswer,
    LabelSchema,
    ReviewAnswer,
    ReviewItem,
    ReviewStatus,
)
from steelyard.store.sql.assessment_rows import content_of
from steelyard.store.sql.assessment_writer import AssessmentWriter
from steelyard.store.sql.assessments import stamped
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.review_handing import Handing
from steelyard.store.sql.review_inputs import check_label, check_preference, input_from, is_compared
from steelyard.store.sql.review_items import HeldItem, ItemWriter, LockedQueue
from steelyard.store.sql.review_rows import ANSWER_COLUMNS, answer_from, answer_row, not_among
from steelyard.store.sql.review_schema import (
    label_schemas,
    review_answers,
    review_queue_schemas,
    review_submissions,
)

GONE = "the trace was deleted"
_QUESTION = ("schema_id", "name", "kind", "input", "enable_comment", "version", "version_by")


@dataclass(frozen=True, slots=True)
class _Question:
    """A schema that a queue asks, and who changed its input last."""

    schema: LabelSchema
    version_by: str


class AnswerWriter:
    """Writes answers; each statement is spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        text = database.positional
        self._items, self._handing = database.spelt(ItemWriter), database.spelt(Handing)
        self._assessments = database.spelt(AssessmentWriter)
        s, asked, a, told = label_schemas.c, review_queue_schemas.c, review_answers.c, review_submissions.c
        self._questions = text(
            select(*(s[name] for name in _QUESTION))
            .join(review_queue_schemas, asked.schema == s.id)
            .where(asked.queue == bindparam("queue_"))
            .order_by(asked.position)
        )
        by = (a.item == bindparam("item_"), a.reviewer == bindparam("reviewer_"))
        found = select(a.id, *(a[name] for name in ANSWER_COLUMNS)).where(*by)
        self._said = text(found.order_by(a.time.desc(), a.id.desc()))
        self._insert = text(database.dialect.insert(review_answers), ("item", *ANSWER_COLUMNS))
        values = {name: bindparam(f"{name}_") for name in ANSWER_COLUMNS}
        self._replace = text(update(review_answers).where(a.id == bindparam("number")).values(values))
        self._remove = text(delete(review_answers).where(a.id == bindparam("number")))
        self._told = text(select(told.item, told.reviewer).where(told.submission_id == bindparam("submission_id_")))
        self._tell = text(database.dialect.insert(review_submissions).on_conflict_do_nothing())

    def answer(self, cursor: Cursor, draft: AnswerDraft) -> ReviewAnswer | NotFound:
        """Keep an answer; return it, or the error to raise once it is kept that the item was declined.

        Raises:
            NotFound, InvalidArgument, Conflict: see ``ReviewStore.answer``; nothing is to be kept then.
        """
        queue, held = self._items.lock_by_item(cursor, draft.item_id)
        said = self._said_by(cursor, queue, held, draft.reviewer)
        before = next(((number, one) for number, one in said if one.decides == draft.decides), None)
        if draft.submission_id and self._was_told(cursor, held, draft):
            return _answer(queue, draft, draft.labels, {}) if before is None else before[1]
        if queue.users and draft.reviewer not in queue.users and not draft.decides:
            raise not_among(draft.reviewer, queue.users)
        questions = self._asked(cursor, queue)
        labels = tuple(_checked(queue, questions, label) for label in draft.labels)
        item = held.item
        try:
            traces = self._assessments.lock(cursor, [one for one in (item.trace_id, item.other_trace_id) if one])
        except NotFound:
            return self._decline(cursor, queue, held, draft)
        if draft.submission_id:
            cursor.execute(self._tell, (draft.submission_id, held.id, draft.reviewer))
            if cursor.rowcount != 1:  # told in another queue at this instant
                raise _told_elsewhere(draft)
        if before is not None and _is_same(before[1], draft, labels):
            return before[1]
        old = {} if before is None else before[1].assessment_ids
        wanted = {
            one.schema_id: _assessment(item, draft, one, questions[one.schema_id].schema)
            for one in labels
            if not queue.pairs  # a preference says nothing about either trace
        }
        ids = self._assess(cursor, traces[item.trace_id], (old, wanted), AssessmentSource("HUMAN", draft.reviewer))
        answer = _answer(queue, draft, labels, ids)
        compared = {PREFERENCE, *(one for one, asked in questions.items() if is_compared(asked.schema))}
        row = answer_row(answer, compared)
        if before is None:
            cursor.execute(self._insert, (held.id, *row))
        else:
            cursor.execute(self._replace, (*row, before[0]))
        self._handing.release(cursor, held.id, draft.reviewer)
        mine_no_more = draft.kind == "skipped" and item.assigned_to == draft.reviewer
        after = replace(held, item=replace(item, assigned_to="")) if mine_no_more else held
        self._items.settle(cursor, queue, after, before=item)
        return answer

    def withdraw(self, cursor: Cursor, item_id: str, reviewer: str) -> ReviewItem:
        """Take back what somebody said last to an item."""
        queue, held = self._items.lock_by_item(cursor, item_id)
        said = self._said_by(cursor, queue, held, reviewer)
        if not said:
            raise NotFound(f"{reviewer!r} has said nothing to the item {item_id!r} that could be taken back.")
        number, answer = said[0]
        try:
            traces = self._assessments.lock(cursor, [held.item.trace_id])
        except NotFound:  # and with it what was said about it
            traces = {}
        if traces:
            by = AssessmentSource("HUMAN", reviewer)
            self._assess(cursor, traces[held.item.trace_id], (answer.assessment_ids, {}), by)
        cursor.execute(self._remove, (number,))
        item = self._items.settle(cursor, queue, held, before=held.item)
        if not answer.decides:
            self._handing.keep_if_open(cursor, queue, held, item, reviewer)
        return item

    def _was_told(self, cursor: Cursor, held: HeldItem, draft: AnswerDraft) -> bool:
        cursor.execute(self._told, (draft.submission_id,))
        row = cursor.fetchone()
        if row is None:
            return False
        if tuple(row) == (held.id, draft.reviewer):
            return True
        raise _told_elsewhere(draft)

    def _said_by(
        self, cursor: Cursor, queue: LockedQueue, held: HeldItem, reviewer: str
    ) -> list[tuple[int, ReviewAnswer]]:
        """Return what somebody said to an item, the last first, with the numbers of the rows."""
        cursor.execute(self._said, (held.id, reviewer))
        ids = {"item_id": held.item.item_id, "queue_id": queue.queue_id}
        return [(number, answer_from(row, **ids)) for number, *row in cursor.fetchall()]

    def _asked(self, cursor: Cursor, queue: LockedQueue) -> dict[str, _Question]:
        if queue.pairs:
            return {}
        cursor.execute(self._questions, (queue.id,))
        found = {}
        for schema_id, name, kind, form, enable_comment, version, version_by in cursor.fetchall():
            schema = LabelSchema(
                schema_id=schema_id,
                experiment_id="",
                name=name,
                input=input_from(form),
                kind=kind,
                enable_comment=bool(enable_comment),
                version=version,
            )
            found[schema_id] = _Question(schema, version_by)
        return found

    def _decline(self, cursor: Cursor, queue: LockedQueue, held: HeldItem, draft: AnswerDraft) -> NotFound:
        self._handing.release(cursor, held.id, draft.reviewer)
        traces = "Its trace was" if not queue.pairs else "One of its traces was"
        if held.item.status == ReviewStatus.COMPLETE:
            return NotFound(
                f"{traces} deleted after the item {draft.item_id!r} was complete: it takes no more answers."
            )
        gone = replace(held, decreed=ReviewStatus.DECLINED, item=replace(held.item, reason=GONE))
        self._items.settle(cursor, queue, gone, before=held.item)
        return NotFound(
            f"{traces} deleted, so nobody can answer the item {draft.item_id!r}: it is declined. Go on with the next."
        )

    def _assess(
        self,
        cursor: Cursor,
        trace: int,
        change: tuple[Mapping[str, str], Mapping[str, Feedback | Expectation]],
        by: AssessmentSource,
    ) -> dict[str, str]:
        """Have the assessments of an answer be what it says now; return their ids by schema.

        Args:
            cursor: of the transaction, in which the trace is locked.
            trace: its number.
            change: the ids of what the answer was before, and the assessments that it is to be, both by schema.
            by: the reviewer.
        """
        old, wanted = change
        kept = {schema_id: self._assessments.find(cursor, trace, one) for schema_id, one in old.items()}
        ids = {}
        for schema_id, new in wanted.items():
            was = kept.get(schema_id)
            if was is None or (was.assessment.name, was.assessment.kind) != (new.name, new.kind):
                (made,) = self._assessments.add(cursor, [stamped(new)], {str(new.trace_id): trace})
                ids[schema_id] = str(made.assessment_id)
                continue
            del kept[schema_id]
            ids[schema_id] = str(was.assessment.assessment_id)
            same = ("assessment_id", "create_time_ms", "last_update_time_ms", "overrides", "valid", "span_id")
            now = replace(new, **{name: getattr(was.assessment, name) for name in same})
            if content_of(now) != was.content:
                later = max(now_ms(), was.assessment.last_update_time_ms)
                self._assessments.change(cursor, was, replace(now, last_update_time_ms=later), "updated", by)
        for was in kept.values():
            if was is not None:
                self._assessments.remove(cursor, was, by)
        return ids


def _checked(queue: LockedQueue, questions: Mapping[str, _Question], label: LabelAnswer) -> LabelAnswer:
    """Return an answer to one question as it is kept."""
    if queue.pairs:
        if label.schema_id != PREFERENCE:
            raise InvalidArgument(
                f"The queue {queue.name!r} asks which of two is better: give one answer with schema_id={PREFERENCE!r}."
            )
        return replace(label, value=check_preference(label.value), version=1)
    asked = questions.get(label.schema_id)
    if asked is None:
        names = ", ".join(f"{one.schema.name!r} ({schema_id})" for schema_id, one in questions.items()) or "nothing yet"
        raise InvalidArgument(f"The queue {queue.name!r} does not ask {label.schema_id!r}. It asks: {names}.")
    schema = asked.schema
    if label.version != schema.version:
        raise Conflict(
            f"The question {schema.name!r} was changed by {asked.version_by or 'somebody'}: it is at version "
            f"{schema.version} now, and the answer is to version {label.version}. Look at it again, then answer."
        )
    if label.comment and not schema.enable_comment:
        raise InvalidArgument(f"The question {schema.name!r} takes no comment. Leave it out.")
    return replace(label, value=check_label(schema, label.value))


def _told_elsewhere(draft: AnswerDraft) -> InvalidArgument:
    return InvalidArgument(
        f"The submission_id {draft.submission_id!r} was that of another answer. Make a new one for each answer."
    )


def _is_same(before: ReviewAnswer, draft: AnswerDraft, labels: Sequence[LabelAnswer]) -> bool:
    said = (before.kind, before.labels, before.comment, before.swapped)
    return said == (draft.kind, tuple(labels), draft.comment, draft.swapped)


def _assessment(
    item: ReviewItem, draft: AnswerDraft, label: LabelAnswer, schema: LabelSchema
) -> Feedback | Expectation:
    metadata = {
        "steelyard.review.item": item.item_id,
        "steelyard.review.queue": item.queue_id,
        "steelyard.review.schema": schema.schema_id,
        "steelyard.review.version": str(schema.version),
    }
    if draft.decides:
        metadata["steelyard.review.decides"] = "true"
    source = AssessmentSource("HUMAN", draft.reviewer)
    if schema.kind == "feedback":
        rationale = label.comment or None
        return Feedback(schema.name, label.value, None, source, item.trace_id, metadata, rationale=rationale)
    if label.comment:  # an expectation has no rationale
        metadata["steelyard.review.comment"] = label.comment
    return Expectation(schema.name, label.value, source, item.trace_id, metadata)


def _answer(
    queue: LockedQueue, draft: AnswerDraft, labels: Sequence[LabelAnswer], ids: Mapping[str, str]
) -> ReviewAnswer:
    return ReviewAnswer(
        item_id=draft.item_id,
        queue_id=queue.queue_id,
        reviewer=draft.reviewer,
        kind=draft.kind,
        labels=tuple(labels),
        comment=draft.comment,
        submission_id=draft.submission_id,
        seconds=float(draft.seconds),
        swapped=bool(draft.swapped),
        decides=draft.decides,
        assessment_ids=dict(ids),
        time_ms=now_ms(),
    )
