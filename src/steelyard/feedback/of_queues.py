"""What the people of a queue of the current store say together: agreement, ranking, decisions, progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.errors import InvalidArgument
from steelyard.records import PREFERENCE, ReviewItemType, ReviewQueue
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.review_queues import find_queue
from steelyard.tracking.stores import get_store

if TYPE_CHECKING:
    from steelyard.feedback.boards import AgreementBoard
    from steelyard.feedback.decisions import Decision
    from steelyard.feedback.finishing import Progress
    from steelyard.feedback.ranking import QueueRanking


def queue_agreement(queue_id: str | ReviewQueue, *, confidence: float = 0.95) -> AgreementBoard:
    """Return how far the people of a queue agree, and what each of them did.

    Args:
        queue_id: the queue, its id or its name.
        confidence: nominal coverage of all intervals.
    """
    from steelyard.feedback.boards import agreement_board

    return agreement_board(get_store(), _id(queue_id), confidence=confidence)


def queue_ranking(queue_id: str | ReviewQueue, *, confidence: float = 0.95) -> QueueRanking:
    """Rank the contestants of a queue of pairs by what people prefer.

    Args:
        queue_id: the queue, its id or its name.
        confidence: nominal coverage of the intervals.
    """
    from steelyard.feedback.ranking import rank_queue

    return rank_queue(get_store(), _id(queue_id), confidence=confidence)


def queue_progress(queue_id: str | ReviewQueue) -> Progress:
    """Return how far a queue is, and how many minutes of work are left."""
    from steelyard.feedback.finishing import progress

    return progress(get_store(), _id(queue_id))


def queue_decisions(queue_id: str | ReviewQueue, name: str = "") -> dict[str, Decision]:
    """Return what the items of a queue come to: an adjudicator's word, else what more than half of the people say.

    Args:
        queue_id: the queue, its id or its name.
        name: of the question; it may be left out if there is but one.

    Returns:
        A decision by trace; of a queue of pairs, by item.

    Raises:
        InvalidArgument: the queue asks no such question, or several and none is named.
    """
    from steelyard.feedback.decisions import decide_each
    from steelyard.feedback.people import labels_of_queue

    told = labels_of_queue(get_store(), _id(queue_id))
    is_pair = told.queue.item_type == ReviewItemType.PAIR
    names = [PREFERENCE] if is_pair else [schema.name for schema in told.questions]
    wanted = name or (names[0] if len(names) == 1 else "")
    if wanted not in names:
        asked = ", ".join(map(repr, names)) or "nothing"
        raise InvalidArgument(f"The queue {told.queue.name!r} asks {asked}: name one of these, not {wanted!r}.")
    found = decide_each(told.of(wanted))
    if is_pair:
        return found
    items = told.items
    return {items[item_id].trace_id: decision for item_id, decision in found.items()}


def _id(queue_id: str | ReviewQueue) -> str:
    return find_queue(get_store(), queue_id, active_experiment_id()).queue_id
