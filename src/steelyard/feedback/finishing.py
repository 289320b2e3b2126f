"""How far a queue is, and how much work is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from steelyard.records import QueueCounts, ReviewAnswer, ReviewItem, ReviewStatus, Store

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a queue is.

    Args:
        counts: its items by status.
        answers_left: how many answers its pending items still need.
        median_seconds: of the answers whose time is known; None if there are none.
        minutes_left: median seconds times answers left, in minutes of work, of all people together; None if no time is
            known.
    """

    counts: QueueCounts
    answers_left: int
    median_seconds: float | None
    minutes_left: float | None

    @property
    def share_done(self) -> float:
        """The share of the items that are complete or declined; 1 of an empty queue."""
        done = self.counts.complete + self.counts.declined
        return done / self.counts.items if self.counts.items else 1.0


def progress(store: Store, queue_id: str) -> Progress:
    """Return how far a queue is.

    Raises:
        NotFound: there is no such queue.
    """
    said = (answer for one in store.reviews.reviewed(queue_id) for answer in one.answers)
    return progress_of(store.reviews.get(queue_id).counts, said, pending_items(store, queue_id))


def progress_of(counts: QueueCounts, answers: Iterable[ReviewAnswer], pending: Iterable[ReviewItem]) -> Progress:
    """Return how far a queue is, from what was said and what is pending."""
    typical = median_seconds(answers)
    left = sum(max(item.needed - item.answers, 0) for item in pending)
    return Progress(
        counts=counts,
        answers_left=left,
        median_seconds=typical,
        minutes_left=None if typical is None else typical * left / 60.0,
    )


def median_seconds(answers: Iterable[ReviewAnswer]) -> float | None:
    """Return the median time of answers, skipped items not among them; None where no time is known."""
    times = [answer.seconds for answer in answers if answer.kind == "answered" and answer.seconds > 0]
    return median(times) if times else None


def pending_items(store: Store, queue_id: str) -> Iterable[ReviewItem]:
    """Yield the pending items of a queue, page by page."""
    token: str | None = None
    while True:
        page = store.reviews.items(queue_id, status=ReviewStatus.PENDING, max_results=_PAGE, page_token=token)
        yield from page.items
        token = page.token
        if token is None:
            return
