"""Review queues, items and answers as rows, and back; and what of them can be stored."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping

from steelyard.errors import InvalidArgument
from steelyard.records.review import (
    AnswerDraft,
    ItemDraft,
    LabelAnswer,
    QueueCounts,
    QueueRules,
    ReviewAnswer,
    ReviewItem,
    ReviewItemType,
    ReviewQueue,
    ReviewQueueType,
)
from steelyard.store.limits import MAX_KEY, MAX_TAG_VALUE, check_name, check_value
from steelyard.store.sql.json_text import from_json, to_json
from steelyard.store.sql.review_standing import Said

ITEM_COLUMNS = tuple(name for name in ReviewItem.__dataclass_fields__ if name != "queue_id")
"""Columns of ``review_items`` that an item is made from; its queue's id is known where it is read."""
ANSWER_COLUMNS = (
    *("reviewer", "decides", "kind", "labels", "comment", "submission_id", "seconds", "swapped"),
    *("assessment_ids", "time"),
)
"""Columns of ``review_answers`` in the table's order, but for its number and its item."""
_BETWEEN = "\x1f"  # no reviewer's name holds it
KINDS = ("answered", "skipped", "flagged")
MAX_OVERLAP = 1_000
MAX_RESERVE = 30 * 86_400


def said_by(reviewers: Sequence[str]) -> str:
    """Return who said something to an item as its row has it: a text that holds ``said_by([one])`` of each of them."""
    return "".join(f"{_BETWEEN}{reviewer}{_BETWEEN}" for reviewer in sorted(set(reviewers)))


def check_reviewer(name: str) -> str:
    """Return a reviewer's name as it can be stored."""
    check_name(name, "reviewer's name", limit=MAX_KEY)
    if any(character < " " for character in name):
        raise InvalidArgument(f"The reviewer's name {name!r} holds a control character. Take it out.")
    return name


def item_from(row: Sequence[Any], queue_id: str) -> ReviewItem:
    """Return the item of the values of ``ITEM_COLUMNS``."""
    fields = dict(zip(ITEM_COLUMNS, row, strict=True))
    fields["flagged"], fields["disputed"] = bool(fields["flagged"]), bool(fields["disputed"])
    return ReviewItem(queue_id=queue_id, **fields)


def answer_from(row: Sequence[Any], *, item_id: str, queue_id: str) -> ReviewAnswer:
    """Return the answer of the values of ``ANSWER_COLUMNS``."""
    fields = dict(zip(ANSWER_COLUMNS, row, strict=True))
    return ReviewAnswer(
        item_id=item_id,
        queue_id=queue_id,
        reviewer=fields["reviewer"],
        kind=fields["kind"],
        labels=tuple(
            LabelAnswer(schema_id=schema_id, value=value, comment=comment, version=version)
            for schema_id, value, comment, version, _ in from_json(fields["labels"])
        ),
        comment=fields["comment"],
        submission_id=fields["submission_id"],
        seconds=fields["seconds"],
        swapped=bool(fields["swapped"]),
        decides=bool(fields["decides"]),
        assessment_ids=from_json(fields["assessment_ids"]),
        time_ms=fields["time"],
    )


def said_from(reviewer: str, kind: str, decides: bool, labels: str) -> Said:
    """Return what of an answer's row its item's standing depends on."""
    given = from_json(labels)
    compared = {(schema_id, version): value for schema_id, value, _, version, is_compared in given if is_compared}
    return Said(reviewer, kind, bool(decides), bool(given), compared)


def answer_row(answer: ReviewAnswer, compared: Collection[str]) -> tuple[Any, ...]:
    """Return the values of ``ANSWER_COLUMNS``; ``compared`` are the schemas whose answers contradict if they differ."""
    labels = [[one.schema_id, one.value, one.comment, one.version, one.schema_id in compared] for one in answer.labels]
    return (
        answer.reviewer,
        answer.decides,
        answer.kind,
        to_json(labels, "answer"),
        answer.comment,
        answer.submission_id,
        answer.seconds,
        answer.swapped,
        to_json(dict(answer.assessment_ids), "assessments"),
        answer.time_ms,
    )


def queue_from(row: RowMapping, *, users: Sequence[str], schema_ids: Sequence[str]) -> ReviewQueue:
    """Return the queue of a row."""
    same = ("queue_id", "name", "queue_type", "item_type", "instruction")
    who = ("created_by", "created_time", "last_updated_by", "last_update_time")
    return ReviewQueue(
        experiment_id=str(row["experiment"]),
        users=tuple(users),
        schema_ids=tuple(schema_ids),
        rules=rules_from(row),
        counts=QueueCounts(**{name: row[name] for name in QueueCounts.__dataclass_fields__}),
        **{name: row[name] for name in (*same, *who)},
    )


def rules_from(row: Mapping[str, Any] | RowMapping) -> QueueRules:
    """Return the rules in a queue's row."""
    return QueueRules(
        overlap=row["overlap"],
        overlap_share=row["overlap_share"],
        blind=bool(row["blind"]),
        reserve_seconds=row["reserve_seconds"],
    )


def rules_row(rules: QueueRules) -> dict[str, Any]:
    """Return a queue's rules as columns.

    Raises:
        InvalidArgument: no queue could be handed out by them.
    """
    overlap, share, seconds = rules.overlap, rules.overlap_share, rules.reserve_seconds
    if type(overlap) is not int or not 1 <= overlap <= MAX_OVERLAP:
        raise InvalidArgument(f"overlap={overlap!r} cannot be used: give how many people answer, 1 to {MAX_OVERLAP:,}.")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise InvalidArgument(f"overlap_share={share!r} is no share: give a number from 0 to 1.")
    if type(seconds) is not int or not 1 <= seconds <= MAX_RESERVE:
        raise InvalidArgument(f"reserve_seconds={seconds!r} cannot be used: give 1 to {MAX_RESERVE:,} seconds.")
    return {
        "overlap": overlap,
        "overlap_share": float(share),
        "blind": bool(rules.blind),
        "reserve_seconds": seconds,
    }


def check_queue(*, queue_type: str, item_type: str, users: Sequence[str], schemas: int, rules: QueueRules) -> None:
    """Raise InvalidArgument if the parts of a queue do not go together."""
    if queue_type not in (ReviewQueueType.USER, ReviewQueueType.CUSTOM):
        raise InvalidArgument(f"There is no queue_type {queue_type!r}. Say 'custom', or 'user' for one person's own.")
    if item_type not in (ReviewItemType.TRACE, ReviewItemType.PAIR):
        raise InvalidArgument(f"There is no item_type {item_type!r}. Say 'trace' or 'pair'.")
    if queue_type == ReviewQueueType.USER and len(users) != 1:
        raise InvalidArgument(f"A queue of type 'user' is for one person; {len(users)} are named.")
    if item_type == ReviewItemType.PAIR and schemas:
        raise InvalidArgument("A queue of pairs asks which of two is better, and nothing else: leave schema_ids out.")
    if users and rules.overlap > len(users) and rules.overlap_share > 0:
        raise InvalidArgument(
            f"With an overlap of {rules.overlap}, {rules.overlap} people must be able to answer an item, and the queue "
            f"has {len(users)}: {', '.join(users)}. Add people, or lower the overlap."
        )


def check_users(users: Sequence[str]) -> tuple[str, ...]:
    """Return reviewers' names as they can be stored, each once."""
    if isinstance(users, str):
        raise InvalidArgument("users is a list: put the name in brackets.")
    return tuple(dict.fromkeys(map(check_reviewer, users)))


def new_item_row(draft: ItemDraft, *, pairs: bool, users: Sequence[str]) -> dict[str, Any]:
    """Return what a draft says as columns.

    Raises:
        InvalidArgument: it does not fit its queue, or says what cannot be.
    """
    check_name(draft.trace_id, "trace_id", limit=MAX_KEY)
    if pairs != bool(draft.other_trace_id):
        wanted = "two traces: set other_trace_id" if pairs else "one trace: leave other_trace_id out"
        raise InvalidArgument(f"The item of the trace {draft.trace_id!r} does not fit: the queue's items are {wanted}.")
    if draft.trace_id == draft.other_trace_id:
        raise InvalidArgument(f"The trace {draft.trace_id!r} cannot be compared with itself.")
    if draft.assigned_to and users and draft.assigned_to not in users:
        raise not_among(draft.assigned_to, users)
    _check_needed(draft, users)
    if draft.propensity is not None and not (_is_number(draft.propensity) and 0 < draft.propensity <= 1):
        raise InvalidArgument(f"propensity={draft.propensity!r} is no probability: give one above 0 and at most 1.")
    if type(draft.population) is not int or not 0 <= draft.population < 2**62:
        raise InvalidArgument(f"population={draft.population!r} is no count: give a whole number, 0 or more.")
    return {
        "item_id": f"ri-{uuid.uuid4().hex}",
        "trace_id": draft.trace_id,
        "other_trace_id": check_value(draft.other_trace_id, "other_trace_id", limit=MAX_KEY),
        "name": check_value(draft.name, "name", limit=MAX_KEY),
        "other_name": check_value(draft.other_name, "other_name", limit=MAX_KEY),
        "assigned_to": check_reviewer(draft.assigned_to) if draft.assigned_to else "",
        "propensity": None if draft.propensity is None else float(draft.propensity),
        "stratum": check_value(draft.stratum, "stratum", limit=MAX_TAG_VALUE),
        "population": draft.population,
        "asked_for": draft.needed,
    }


def check_answer(answer: AnswerDraft) -> None:
    """Raise InvalidArgument if an answer says what no answer can, whatever its queue asks."""
    check_reviewer(answer.reviewer)
    check_value(answer.submission_id, "submission_id", limit=MAX_KEY)
    check_value(answer.comment, "comment", limit=MAX_TAG_VALUE)
    for label in answer.labels:
        check_value(label.comment, "comment", limit=MAX_TAG_VALUE)
    if answer.kind not in KINDS:
        raise InvalidArgument(f"There is no kind of answer {answer.kind!r}. Say one of: {', '.join(KINDS)}.")
    if answer.kind == "answered" and not answer.labels:
        raise InvalidArgument("The answer is empty. Answer at least one question, or skip the item.")
    if answer.kind == "skipped" and answer.labels:
        raise InvalidArgument("An item that is skipped gets no answers. Leave labels out, or do not skip it.")
    if answer.decides and answer.kind != "answered":
        raise InvalidArgument(f"A decision is an answer: an item cannot be {answer.kind} by one.")
    if not _is_number(answer.seconds) or answer.seconds < 0:
        raise InvalidArgument(f"seconds={answer.seconds!r} is no length of time: give 0 or more.")
    named = [label.schema_id for label in answer.labels]
    if len(set(named)) < len(named):
        raise InvalidArgument("A question is answered twice in one answer. Answer each once.")


def not_among(reviewer: str, users: Sequence[str]) -> InvalidArgument:
    """Return the error for somebody whom a queue does not ask."""
    shown = ", ".join(users[:10]) + (", …" if len(users) > 10 else "")
    return InvalidArgument(f"{reviewer!r} is not among the queue's reviewers ({shown}). Add them to its users first.")


def _check_needed(draft: ItemDraft, users: Sequence[str]) -> None:
    if draft.needed is None:
        return
    most = 1 if draft.assigned_to else len(users) or MAX_OVERLAP
    if type(draft.needed) is not int or not 1 <= draft.needed <= most:
        who = f"it is for {draft.assigned_to} alone" if draft.assigned_to else f"at most {most:,} people can answer it"
        raise InvalidArgument(f"needed={draft.needed!r} cannot be used for the trace {draft.trace_id!r}: {who}.")


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and abs(value) <= sys.float_info.max
