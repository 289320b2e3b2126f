"""Which contestants people prefer: the answers of a queue of pairs as a ranking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from steelyard.errors import InvalidArgument
from steelyard.feedback.people import QueueLabels, labels_of_queue
from steelyard.metrics.preferences import Preference, Ranking, bradley_terry
from steelyard.records import PREFERENCE, ReviewAnswer, ReviewedItem, ReviewItem, ReviewItemType, Store

_OUTCOMES = {"first": 1.0, "tie": 0.5, "second": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRanking:
    """A ranking out of a queue.

    Args:
        ranking: the contestants, strongest first, with rank intervals and the effect of being shown first.
        unnamed: answers to pairs whose contestants have no names: they rank nothing.
        alike: answers to pairs of one contestant with itself: they rank nothing either.
    """

    ranking: Ranking
    unnamed: int = 0
    alike: int = 0


def rank_queue(store: Store, queue_id: str, *, confidence: float = 0.95) -> QueueRanking:
    """Rank the contestants of a queue of pairs by what people prefer.

    Every reviewer's answer is a comparison; those to one item are not taken to be independent. Where an adjudicator
    has decided, that answer stands for the item. An effect of being shown first is estimated if any pair was swapped.

    Args:
        store: where the queue is.
        queue_id: a queue of pairs.
        confidence: nominal coverage of the intervals.

    Raises:
        InvalidArgument: the queue has traces, not pairs.
        NotFound: there is no such queue.
    """
    return ranking_of(labels_of_queue(store, queue_id), confidence=confidence)


def ranking_of(told: QueueLabels, *, confidence: float = 0.95) -> QueueRanking:
    """Rank the contestants of a queue of pairs, from what was said in it; see ``rank_queue``."""
    if told.queue.item_type != ReviewItemType.PAIR:
        raise InvalidArgument(f"The queue {told.queue.name!r} has traces, not pairs: there is nothing to rank.")
    counted = [(one.item, answer) for one in told.reviewed for answer in _counted(one)]
    unnamed = [item for item, _ in counted if not item.name or not item.other_name]
    alike = [item for item, _ in counted if item.name and item.name == item.other_name]
    orders = any(answer.swapped for _, answer in counted)
    preferences = [_preference(item, answer, orders) for item, answer in counted if _is_told_apart(item)]
    found = bradley_terry(preferences, confidence=confidence)
    return QueueRanking(ranking=found, unnamed=len(unnamed), alike=len(alike))


def _counted(one: ReviewedItem) -> Iterable[ReviewAnswer]:
    """Return the answers that stand for an item: the adjudicator's, else everybody's."""
    answers = [answer for answer in one.answers if _preferred(answer)]
    words = [answer for answer in answers if answer.decides]
    return [max(words, key=lambda answer: answer.time_ms)] if words else answers


def _preferred(answer: ReviewAnswer) -> str:
    return next((str(label.value) for label in answer.labels if label.schema_id == PREFERENCE), "")


def _is_told_apart(item: ReviewItem) -> bool:
    return bool(item.name and item.other_name and item.name != item.other_name)


def _preference(item: ReviewItem, answer: ReviewAnswer, orders: bool) -> Preference:
    """Return a comparison; where nothing was ever swapped, nobody kept or varied what was shown first."""
    return Preference(
        first=item.name,
        second=item.other_name,
        outcome=_OUTCOMES[_preferred(answer)],
        swapped=answer.swapped if orders else None,
        item=item.item_id,
    )
