"""The agreement board of a queue: how far its people agree, what each of them did, and how much is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from steelyard.feedback.agreeing import QuestionAgreement, question_agreement
from steelyard.feedback.finishing import Progress, median_seconds, pending_items, progress_of
from steelyard.feedback.people import PersonLabel, QueueLabels, labels_of_queue
from steelyard.feedback.ranking import QueueRanking, ranking_of
from steelyard.records import (
    PREFERENCE,
    Estimate,
    InputCategorical,
    LabelSchema,
    ReviewAnswer,
    ReviewItem,
    ReviewItemType,
    ReviewQueue,
    Store,
)

PREFERENCES = LabelSchema(
    schema_id=PREFERENCE, experiment_id="", name=PREFERENCE, input=InputCategorical(("first", "second", "tie"))
)
"""What a queue of pairs asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewerWork:
    """What one person did in a queue.

    Args:
        reviewer: who.
        answers: items answered, those that were flagged with answers too among them; an adjudicator's last words not.
        skips: items left to others.
        flags: items with which something is wrong.
        decided: last words as an adjudicator.
        median_seconds: of the answers; None where no time is known.
        others: by question, the share of the others that said the same; see ``QuestionAgreement``.
        last_time: of the last thing said, milliseconds since 1970.
    """

    reviewer: str
    answers: int = 0
    skips: int = 0
    flags: int = 0
    decided: int = 0
    median_seconds: float | None = None
    others: Mapping[str, Estimate] = field(default_factory=dict)
    last_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementBoard:
    """How far the people of a queue agree.

    Args:
        queue: the queue.
        progress: how far it is, and how many minutes are left.
        questions: agreement on each question, in order; of a queue of pairs, on which is better.
        reviewers: what each person did, by name.
        disputed: items whose answers differ and that nobody has decided, in order.
        outdated: answers to an earlier version of a question, or to one that is no longer asked: they count nowhere.
        ranking: of a queue of pairs, the contestants by preference.
    """

    queue: ReviewQueue
    progress: Progress
    questions: tuple[QuestionAgreement, ...] = ()
    reviewers: tuple[ReviewerWork, ...] = ()
    disputed: tuple[ReviewItem, ...] = ()
    outdated: int = 0
    ranking: QueueRanking | None = None


def agreement_board(store: Store, queue_id: str, *, confidence: float = 0.95) -> AgreementBoard:
    """Return how far the people of a queue agree.

    Args:
        store: where the queue is.
        queue_id: its id.
        confidence: nominal coverage of all intervals.

    Raises:
        NotFound: there is no such queue.
    """
    told = labels_of_queue(store, queue_id)
    questions = _questions(told, confidence)
    answers = [answer for one in told.reviewed for answer in one.answers]
    is_pair = told.queue.item_type == ReviewItemType.PAIR
    return AgreementBoard(
        queue=told.queue,
        progress=progress_of(told.queue.counts, answers, pending_items(store, queue_id)),
        questions=questions,
        reviewers=_reviewers(answers, questions),
        disputed=tuple(one.item for one in told.reviewed if one.item.disputed),
        outdated=len(told.outdated),
        ranking=ranking_of(told, confidence=confidence) if is_pair else None,
    )


def _questions(told: QueueLabels, confidence: float) -> tuple[QuestionAgreement, ...]:
    is_pair = told.queue.item_type == ReviewItemType.PAIR
    return tuple(
        question_agreement(
            schema, told.of(schema.name), outdated=_number(told.outdated, schema.name), confidence=confidence
        )
        for schema in ((PREFERENCES,) if is_pair else told.questions)
    )


def _number(labels: Iterable[PersonLabel], name: str) -> int:
    return sum(label.name == name for label in labels)


def _reviewers(answers: list[ReviewAnswer], questions: tuple[QuestionAgreement, ...]) -> tuple[ReviewerWork, ...]:
    by_person: dict[str, list[ReviewAnswer]] = {}
    for answer in answers:
        by_person.setdefault(answer.reviewer, []).append(answer)
    return tuple(_work(person, by_person[person], questions) for person in sorted(by_person))


def _work(person: str, said: list[ReviewAnswer], questions: tuple[QuestionAgreement, ...]) -> ReviewerWork:
    own = [answer for answer in said if not answer.decides]
    return ReviewerWork(
        reviewer=person,
        answers=sum(bool(answer.labels) for answer in own),
        skips=sum(answer.kind == "skipped" for answer in own),
        flags=sum(answer.kind == "flagged" for answer in own),
        decided=len(said) - len(own),
        median_seconds=median_seconds(own),
        others={one.name: one.others[person] for one in questions if person in one.others},
        last_time=max(answer.time_ms for answer in said),
    )
