"""Items of review queues: put in, handed out, answered, skipped, flagged."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import (
    PREFERENCE,
    AnswerDraft,
    ItemDraft,
    LabelAnswer,
    ReviewAnswer,
    ReviewItem,
    ReviewItemType,
    ReviewQueue,
    Store,
    Trace,
)
from steelyard.records.review import STATUSES, AnswerKind
from steelyard.tracing import flush
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.origin import user_name
from steelyard.tracking.paged import PagedList
from steelyard.tracking.review_drafts import item_drafts
from steelyard.tracking.review_queues import find_queue, questions_of
from steelyard.tracking.stores import get_store

_PAGE = 1000


def add_items_to_review_queue(
    queue_id: str | ReviewQueue, items: Any = None, *, item_ids: Any = None
) -> list[ReviewItem]:
    """Put items behind those that a queue has, all of them or none, and return them in the order they were given.

    What is in the queue already is left as it is.

    Args:
        queue_id: the queue, its id or its name.
        items: trace ids, traces, a frame of ``search_traces``, ``ItemDraft``; for a queue of pairs: pairs of traces or
            of their ids, or mappings of two names to them, such as ``{"small": trace, "large": other}``.
        item_ids: MLflow's name of ``items``.

    Raises:
        NotFound: there is no such queue, or no such trace.
        InvalidArgument: something cannot be put into this queue; the message says what.
    """
    store = get_store()
    queue = _queue(store, queue_id)
    drafts = item_drafts(_given(items, item_ids), queue.item_type)
    flush()
    there = {_subject(one): one for one in store.reviews.add(queue.queue_id, drafts)}
    wanted = [_subject(one) for one in drafts]
    if any(subject not in there for subject in wanted):
        there |= {_subject(one): one for one in _all(store, queue)}
    return [there[subject] for subject in wanted]


def remove_items_from_review_queue(queue_id: str | ReviewQueue, items: Any = None, *, item_ids: Any = None) -> int:
    """Take items out of a queue, and return how many there were. Assessments stay on their traces.

    Args:
        queue_id: the queue, its id or its name.
        items: items or their ids, traces or their ids. What is not in the queue is passed over.
        item_ids: MLflow's name of ``items``.
    """
    store = get_store()
    queue = _queue(store, queue_id)
    return store.reviews.remove(queue.queue_id, list(_found(store, queue, _given(items, item_ids)).values()))


def list_review_queue_items(
    queue_id: str | ReviewQueue,
    *,
    status: str | None = None,
    only: str | None = None,
    max_results: int | None = None,
    page_token: str | None = None,
) -> PagedList[ReviewItem]:
    """Return the items of a queue in the order in which they are asked.

    Args:
        queue_id: the queue, its id or its name.
        status: only those that are ``pending``, ``complete`` or ``declined``.
        only: only those that are ``flagged``, or ``disputed``: whose answers differ with nobody having decided.
        max_results: at most so many; all unless told.
        page_token: goes on where an earlier part ended.
    """
    store = get_store()
    queue, words = _queue(store, queue_id), _status(status) if status else ""
    if max_results is None:
        return PagedList(tuple(_all(store, queue, status=words, only=only or "", token=page_token)))
    page = store.reviews.items(
        queue.queue_id, status=words, only=only or "", max_results=max_results, page_token=page_token
    )
    return PagedList(page.items, page.token)


def set_review_queue_item_status(
    queue_id: str | ReviewQueue,
    *,
    item_id: str | ReviewItem,
    status: str,
    completed_by: str | None = None,
    reason: str = "",
) -> ReviewItem:
    """Say that an item is ``complete`` or ``declined``, or ``pending`` again, whatever answers it has.

    Args:
        queue_id: the queue, its id or its name.
        item_id: the item or its id; the trace's id does as well, as with MLflow.
        status: see above.
        completed_by: who says so; whoever runs this unless told.
        reason: why it is declined.
    """
    store = get_store()
    queue = _queue(store, queue_id)
    (found,) = _all_found(store, queue, [item_id])
    if store.reviews.item(found).queue_id != queue.queue_id:
        raise _not_in(queue, found)
    return store.reviews.set_status(found, _status(status), reason=reason, by=completed_by or user_name())


def assign_review_items(queue_id: str | ReviewQueue, items: Any, *, user: str) -> None:
    """Say for whom items of a queue are; an empty name is anybody.

    Args:
        queue_id: the queue, its id or its name.
        items: items or their ids, traces or their ids.
        user: a reviewer of the queue.

    Raises:
        NotFound: one of the items is not in the queue.
    """
    store = get_store()
    queue = _queue(store, queue_id)
    store.reviews.assign(queue.queue_id, _all_found(store, queue, _listed(items)), user)


def next_review_item(
    queue_id: str | ReviewQueue, *, reviewer: str | None = None, not_these: Iterable[str | ReviewItem] = ()
) -> ReviewItem | None:
    """Hand a reviewer the next item, and keep it for them for a while; None if nothing is left for them.

    Args:
        queue_id: the queue, its id or its name.
        reviewer: whoever runs this unless told.
        not_these: items that are passed over.

    Raises:
        InvalidArgument: the queue has users, and this is none of them.
    """
    store = get_store()
    passed = [one.item_id if isinstance(one, ReviewItem) else one for one in not_these]
    return store.reviews.next(_queue(store, queue_id).queue_id, reviewer or user_name(), not_these=passed)


def answer_review_item(
    item: ReviewItem | str,
    values: Mapping[str, Any] | str,
    *,
    comments: Mapping[str, str] | str = "",
    reviewer: str | None = None,
    seconds: float = 0.0,
    swapped: bool = False,
    decides: bool = False,
    submission_id: str = "",
) -> ReviewAnswer:
    """Answer an item: each value becomes an assessment of the trace, by the reviewer.

    Args:
        item: the item or its id.
        values: the answer to each question by its name; NumPy's numbers and bools will do. Of a pair ``first``,
            ``second`` or ``tie``: the item's first and second, in whatever order they were shown.
        comments: the reasons by question; a text is the reason of every answer.
        reviewer: whoever runs this unless told.
        seconds: how long it took; 0 if unknown.
        swapped: of a pair, whether the second was shown first.
        decides: whether this is an adjudicator's last word.
        submission_id: what makes a repeated answer the same one; new for each call unless told.

    Raises:
        InvalidArgument: the queue does not ask this, or a value is not of the form that is asked for.
        NotFound: the item, or its trace, is no longer there.
    """
    store = get_store()
    found = _item(store, item)
    queue = store.reviews.get(found.queue_id)
    draft = AnswerDraft(
        item_id=found.item_id,
        reviewer=reviewer or user_name(),
        labels=_preferred(values, comments) if _is_pair(queue) else _labels(store, queue, values, comments),
        submission_id=submission_id or uuid.uuid4().hex,
        seconds=seconds,
        swapped=swapped,
        decides=decides,
    )
    return store.reviews.answer(draft)


def skip_review_item(
    item: ReviewItem | str, *, reviewer: str | None = None, comment: str = "", seconds: float = 0.0
) -> ReviewAnswer:
    """Leave an item to others."""
    return _without_labels(item, "skipped", reviewer, comment, seconds)


def flag_review_item(
    item: ReviewItem | str, *, comment: str, reviewer: str | None = None, seconds: float = 0.0
) -> ReviewAnswer:
    """Say that something is wrong with an item, and what."""
    return _without_labels(item, "flagged", reviewer, comment, seconds)


def withdraw_review_answer(item: ReviewItem | str, *, reviewer: str | None = None) -> ReviewItem:
    """Take an answer back, with its assessments; the item is kept for its reviewer, to be answered anew."""
    store = get_store()
    return store.reviews.withdraw(_item(store, item).item_id, reviewer or user_name())


def _without_labels(
    item: ReviewItem | str, kind: AnswerKind, reviewer: str | None, comment: str, seconds: float
) -> ReviewAnswer:
    store = get_store()
    return store.reviews.answer(
        AnswerDraft(
            item_id=_item(store, item).item_id,
            reviewer=reviewer or user_name(),
            kind=kind,
            comment=comment,
            submission_id=uuid.uuid4().hex,
            seconds=seconds,
        )
    )


def _labels(
    store: Store, queue: ReviewQueue, values: Mapping[str, Any] | str, comments: Mapping[str, str] | str
) -> tuple[LabelAnswer, ...]:
    asked = {schema.name: schema for schema in questions_of(store, queue)}
    if not isinstance(values, Mapping):
        raise InvalidArgument(f"values are answers by question, such as {{{next(iter(asked), 'name')!r}: …}}.")
    said = dict.fromkeys(values, comments) if isinstance(comments, str) else comments
    odd = next((name for name in (*values, *said) if name not in asked), None)
    if odd is None:
        odd = next((name for name in said if name not in values), None)
    if odd is not None:
        names = ", ".join(map(repr, asked)) or "nothing"
        raise InvalidArgument(f"The queue {queue.name!r} asks {names}; {odd!r} is not answered there.")
    return tuple(
        LabelAnswer(
            schema_id=asked[name].schema_id,
            value=_plain(value),
            comment=said.get(name, ""),
            version=asked[name].version,
        )
        for name, value in values.items()
    )


def _plain(value: Any) -> Any:
    """Return what a NumPy scalar stands for; anything else as it is."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value.item() if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0 else value


def _preferred(values: Mapping[str, Any] | str, comments: Mapping[str, str] | str) -> tuple[LabelAnswer, ...]:
    value = values.get(PREFERENCE) if isinstance(values, Mapping) and len(values) == 1 else values
    if value not in ("first", "second", "tie"):
        raise InvalidArgument(f"Of a pair the answer is 'first', 'second' or 'tie', not {values!r}.")
    comment = comments if isinstance(comments, str) else comments.get(PREFERENCE, "")
    return (LabelAnswer(schema_id=PREFERENCE, value=value, comment=comment),)


def _subject(one: ItemDraft | ReviewItem) -> frozenset[str]:
    """Return what is reviewed: two traces are the same pair in whichever order."""
    return frozenset((one.trace_id, one.other_trace_id))


def _is_pair(queue: ReviewQueue) -> bool:
    return queue.item_type == ReviewItemType.PAIR


def _queue(store: Store, given: str | ReviewQueue) -> ReviewQueue:
    return find_queue(store, given, active_experiment_id())


def _item(store: Store, given: ReviewItem | str) -> ReviewItem:
    return given if isinstance(given, ReviewItem) else store.reviews.item(given)


def _all(
    store: Store, queue: ReviewQueue, *, status: str = "", only: str = "", token: str | None = None
) -> Iterable[ReviewItem]:
    while True:
        page = store.reviews.items(queue.queue_id, status=status, only=only, max_results=_PAGE, page_token=token)
        yield from page.items
        token = page.token
        if token is None:
            return


def _given(items: Any, item_ids: Any) -> Any:
    if (items is None) == (item_ids is None):
        raise InvalidArgument("Name the items once: as items, or with MLflow's name item_ids.")
    return items if item_ids is None else item_ids


def _listed(items: Any) -> list[Any]:
    return [items] if isinstance(items, (str, ReviewItem, Trace)) else list(items)


def _found(store: Store, queue: ReviewQueue, items: Any) -> dict[str, str]:
    """Return the ids of those items that are in a queue, by how they were given."""
    given = [_word(one) for one in _listed(items)]
    own = {one: one for one in given if one.startswith("ri-")}
    if len(own) == len(given):
        return own
    by_trace: dict[str, str] = {}
    for one in _all(store, queue):
        by_trace.setdefault(one.trace_id, one.item_id)
    return own | {one: by_trace[one] for one in given if one in by_trace}


def _all_found(store: Store, queue: ReviewQueue, items: Sequence[Any]) -> list[str]:
    found = _found(store, queue, items)
    gone = next((word for word in map(_word, items) if word not in found), None)
    if gone is not None:
        raise _not_in(queue, gone)
    return list(found.values())


def _not_in(queue: ReviewQueue, item_id: str) -> NotFound:
    return NotFound(f"The queue {queue.name!r} has no item {item_id!r}.")


def _word(one: Any) -> str:
    if isinstance(one, ReviewItem):
        return one.item_id
    if isinstance(one, Trace):
        return one.info.trace_id
    if isinstance(one, str):
        return one
    raise InvalidArgument(f"{one!r:.80} is no item of a queue: give items or their ids, traces or their ids.")


def _status(given: str) -> str:
    if given not in STATUSES:
        raise InvalidArgument(f"A status is one of {', '.join(STATUSES)}, not {given!r}.")
    return given


__all__ = [
    "add_items_to_review_queue",
    "answer_review_item",
    "assign_review_items",
    "flag_review_item",
    "list_review_queue_items",
    "next_review_item",
    "remove_items_from_review_queue",
    "set_review_queue_item_status",
    "skip_review_item",
    "withdraw_review_answer",
]
