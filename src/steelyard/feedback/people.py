"""What people said, of what, and when: labels out of review queues and out of the assessments of traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from steelyard.records import (
    PREFERENCE,
    Assessment,
    Feedback,
    LabelSchema,
    ReviewAnswer,
    ReviewedItem,
    ReviewItem,
    ReviewItemType,
    ReviewQueue,
    Store,
)
from steelyard.tracking.review_queues import questions_of

ITEM_KEY = "steelyard.review.item"
QUEUE_KEY = "steelyard.review.queue"
SCHEMA_KEY = "steelyard.review.schema"
VERSION_KEY = "steelyard.review.version"
DECIDES_KEY = "steelyard.review.decides"
COMMENT_KEY = "steelyard.review.comment"
"""Metadata of the assessments that answers become."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLabel:
    """What one person says of one thing to one question.

    Args:
        person: who says it.
        name: of the question; ``preference`` of a pair.
        value: the answer.
        trace_id: of what; of a pair, the first.
        item_id, queue_id: where it was asked; empty if it was said outside of a queue.
        version: of the question; 0 if that is not known.
        comment: the reasons.
        decides: whether it is an adjudicator's last word.
        time_ms: when, milliseconds since 1970.
    """

    person: str
    name: str
    value: Any
    trace_id: str
    item_id: str = ""
    queue_id: str = ""
    version: int = 0
    comment: str = ""
    decides: bool = False
    time_ms: int = 0

    @property
    def subject(self) -> str:
        """What it is said of: the item of a queue, else the trace."""
        return self.item_id or self.trace_id


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLabels:
    """What was said in a queue.

    Args:
        queue: the queue.
        questions: what it asks, in order; nothing but which is better, if it has pairs.
        reviewed: its items with all that was said to them, in order.
        labels: the answers to the questions as they are asked now, an adjudicator's among them.
        outdated: answers to an earlier version of a question, or to one that is no longer asked: they count nowhere.
    """

    queue: ReviewQueue
    questions: tuple[LabelSchema, ...] = ()
    reviewed: tuple[ReviewedItem, ...] = ()
    labels: tuple[PersonLabel, ...] = ()
    outdated: tuple[PersonLabel, ...] = ()

    @property
    def items(self) -> dict[str, ReviewItem]:
        """The items that somebody said something to, by id, in order."""
        return {one.item.item_id: one.item for one in self.reviewed}

    def of(self, name: str) -> tuple[PersonLabel, ...]:
        """Return the labels of one question."""
        return tuple(label for label in self.labels if label.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLabels:
    """What people said of traces under one name; ``outdated`` as in :class:`QueueLabels`."""

    labels: tuple[PersonLabel, ...] = ()
    outdated: tuple[PersonLabel, ...] = field(default=())


def labels_of_queue(store: Store, queue_id: str) -> QueueLabels:
    """Return what was said in a queue.

    Raises:
        NotFound: there is no such queue.
    """
    queue = store.reviews.get(queue_id)
    questions = questions_of(store, queue)
    reviewed = store.reviews.reviewed(queue_id)
    now = {schema.schema_id: (schema.name, schema.version) for schema in questions}
    if queue.item_type == ReviewItemType.PAIR:
        now = {PREFERENCE: (PREFERENCE, 1)}
    current: list[PersonLabel] = []
    outdated: list[PersonLabel] = []
    for one in reviewed:
        for answer in one.answers:
            for label, holds in _labels(one.item, answer, now):
                (current if holds else outdated).append(label)
    return QueueLabels(
        queue=queue, questions=questions, reviewed=reviewed, labels=tuple(current), outdated=tuple(outdated)
    )


def labels_of_traces(
    store: Store, trace_ids: Sequence[str], name: str, *, schema: LabelSchema | None = None
) -> TraceLabels:
    """Return what people said of whole traces under a name: of each person the latest that is valid.

    Args:
        store: where the traces are.
        trace_ids: which; those that are gone are passed over.
        name: of the feedback or expectation.
        schema: the question as it is asked now; answers that a queue took to an earlier version are set apart, and
            those that it took when the question had another name are found.
    """
    latest: dict[tuple[str, str, bool], PersonLabel] = {}
    for start in range(0, len(trace_ids), _AT_ONCE):
        said = store.assessments.list(trace_ids[start : start + _AT_ONCE])
        for trace_id in trace_ids[start : start + _AT_ONCE]:
            for label in _of_people(said.get(trace_id, ()), trace_id, name, schema):
                key = (trace_id, label.person, label.decides)
                if key not in latest or label.time_ms >= latest[key].time_ms:
                    latest[key] = label
    outdated = tuple(one for one in latest.values() if _is_outdated(one, schema))
    gone = {id(one) for one in outdated}
    return TraceLabels(labels=tuple(one for one in latest.values() if id(one) not in gone), outdated=outdated)


def without_deciders(labels: Iterable[PersonLabel]) -> Iterator[PersonLabel]:
    """Yield what reviewers said, without adjudicators: an adjudicator has seen the others' answers."""
    return (label for label in labels if not label.decides)


def _labels(
    item: ReviewItem, answer: ReviewAnswer, now: dict[str, tuple[str, int]]
) -> Iterator[tuple[PersonLabel, bool]]:
    """Yield an answer's labels, and whether each is to a question as it is asked now."""
    for label in answer.labels:
        name, version = now.get(label.schema_id, (label.schema_id, 0))
        yield (
            PersonLabel(
                person=answer.reviewer,
                name=name,
                value=label.value,
                trace_id=item.trace_id,
                item_id=item.item_id,
                queue_id=item.queue_id,
                version=label.version,
                comment=label.comment,
                decides=answer.decides,
                time_ms=answer.time_ms,
            ),
            label.version == version,
        )


def _of_people(
    said: Iterable[Assessment], trace_id: str, name: str, schema: LabelSchema | None
) -> Iterator[PersonLabel]:
    for one in said:
        if not one.valid or one.source.source_type != "HUMAN" or one.span_id is not None:
            continue
        asked = None if schema is None else one.metadata.get(SCHEMA_KEY)
        if (asked != schema.schema_id) if schema is not None and asked else (one.name != name):
            continue
        if one.value is None:
            continue
        version = str(one.metadata.get(VERSION_KEY, ""))
        yield PersonLabel(
            person=one.source.source_id,
            name=name,
            value=one.value,
            trace_id=trace_id,
            item_id=str(one.metadata.get(ITEM_KEY, "")),
            queue_id=str(one.metadata.get(QUEUE_KEY, "")),
            version=int(version) if version.isdecimal() else 0,
            comment=(one.rationale if isinstance(one, Feedback) else one.metadata.get(COMMENT_KEY)) or "",
            decides=str(one.metadata.get(DECIDES_KEY, "")) == "true",
            time_ms=one.last_update_time_ms or one.create_time_ms,
        )


def _is_outdated(label: PersonLabel, schema: LabelSchema | None) -> bool:
    return schema is not None and label.version not in (0, schema.version)
