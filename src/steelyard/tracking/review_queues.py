"""Review queues: what people are asked, of what, and how the work is handed out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records import (
    LabelSchema,
    QueueRules,
    ReviewQueue,
    ReviewQueueType,
    Store,
)
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.label_schemas import find_schema, part_of
from steelyard.tracking.origin import user_name
from steelyard.tracking.paged import PagedList
from steelyard.tracking.stores import get_store


def create_review_queue(
    name: str,
    *,
    queue_type: str = "custom",
    users: Sequence[str] | None = None,
    schema_ids: Sequence[str | LabelSchema] | None = None,
    experiment_id: str | None = None,
    item_type: str = "trace",
    overlap: int | None = None,
    overlap_share: float | None = None,
    blind: bool | None = None,
    reserve_seconds: int | None = None,
    instruction: str | None = None,
) -> ReviewQueue:
    """Create an empty review queue.

    Args:
        name: no other queue of the experiment has it; of a ``user`` queue it is the user.
        queue_type: ``custom``, or ``user`` for what one person has to do: it asks all that the experiment has.
        users: who reviews; anybody unless given.
        schema_ids: what is asked, in order: label schemas, their names or their ids.
        experiment_id: whose traces and schemas it has; the active experiment's unless told.
        item_type: ``trace``, or ``pair`` for a queue that asks which of two traces is better.
        overlap: how many people answer an item that overlaps; 1 unless told.
        overlap_share: share of the items that overlap, 0 to 1; all unless told. The others need one answer.
        blind: whether scores of judges, and others' answers before one's own, are hidden; they are unless told.
        reserve_seconds: how long an item is kept for the person it was handed to; 600 unless told.
        instruction: told to reviewers above every item.

    Raises:
        AlreadyExists: the experiment has a queue of this name.
        NotFound: there is no such schema.
        InvalidArgument: something cannot be used; the message says what.

    Examples:
        >>> import steelyard
        >>> steelyard.set_tracking_uri(tmp_folder)
        >>> queue = create_review_queue("support, week 34", users=["ann", "ben"], overlap=2, overlap_share=0.25)
        >>> queue.rules.overlap, queue.users
        (2, ('ann', 'ben'))
    """
    store = get_store()
    experiment = _experiment(experiment_id)
    reviewers = _names(users or ())
    schemas = _schemas(store, schema_ids or (), experiment)
    if queue_type == ReviewQueueType.USER:
        reviewers = _of_one(name, reviewers, schemas)
        schemas = _all_schemas(store, experiment)
    return store.reviews.create(
        experiment,
        name,
        queue_type=queue_type,
        item_type=item_type,
        users=reviewers,
        schema_ids=schemas,
        rules=_rules(QueueRules(), overlap, overlap_share, blind, reserve_seconds),
        instruction=instruction or "",
        by=user_name(),
    )


def get_or_create_user_queue(user: str, *, experiment_id: str | None = None) -> ReviewQueue:
    """Return the queue of what one person has to do, creating it if there is none.

    It asks all questions that the experiment has when this is called.

    Raises:
        InvalidArgument: a queue of this name is not the queue of one person.
    """
    store, experiment = get_store(), _experiment(experiment_id)
    found = store.reviews.find(experiment, user)
    if found is None:
        try:
            return create_review_queue(user, queue_type=ReviewQueueType.USER, experiment_id=experiment)
        except AlreadyExists:  # another process was faster
            found = find_queue(store, user, experiment)
    if found.queue_type != ReviewQueueType.USER:
        raise InvalidArgument(f"The queue {user!r} is not the queue of one person: give it another name.")
    asked = tuple(dict.fromkeys((*found.schema_ids, *_all_schemas(store, experiment))))
    return found if asked == found.schema_ids else store.reviews.update(found.queue_id, schema_ids=asked)


def get_review_queue(
    queue_id: str | None = None, *, name: str | None = None, experiment_id: str | None = None
) -> ReviewQueue:
    """Return a review queue.

    Args:
        queue_id: its id; its name does as well.
        name: its name within the experiment; give this or ``queue_id``.
        experiment_id: whose it is; the active experiment's unless told.

    Raises:
        InvalidArgument: unless exactly one of ``queue_id`` and ``name`` is given.
        NotFound: there is no such queue.
    """
    if (queue_id is None) == (name is None):
        raise InvalidArgument("get_review_queue needs a queue_id or a name, and not both.")
    return find_queue(get_store(), str(queue_id if name is None else name), _experiment(experiment_id))


def list_review_queues(
    *,
    user: str | None = None,
    experiment_id: str | None = None,
    max_results: int | None = None,
    page_token: str | None = None,
) -> PagedList[ReviewQueue]:
    """Return the review queues of an experiment, the newest first.

    Args:
        user: only those that this person may review.
        experiment_id: the active experiment's unless told.
        max_results: at most so many; all unless told.
        page_token: goes on where an earlier part ended.
    """
    found = get_store().reviews.list([_experiment(experiment_id)], user=user or "")
    return part_of(found, max_results, page_token)


def update_review_queue(
    queue_id: str | ReviewQueue,
    *,
    name: str | None = None,
    users: Sequence[str] | None = None,
    schema_ids: Sequence[str | LabelSchema] | None = None,
    overlap: int | None = None,
    overlap_share: float | None = None,
    blind: bool | None = None,
    reserve_seconds: int | None = None,
    instruction: str | None = None,
    experiment_id: str | None = None,
) -> ReviewQueue:
    """Change a review queue. What is None stays; a list takes the place of what is there.

    Args:
        queue_id: its id, its name or the queue.
        experiment_id: where a name is looked up; the active experiment unless told.
        name, users, schema_ids, overlap, overlap_share, blind, reserve_seconds, instruction: as for
            ``create_review_queue``.

    Raises:
        InvalidArgument: something cannot be used; the message says what.
        NotFound: there is no such queue or schema.
    """
    store = get_store()
    queue = find_queue(store, queue_id, _experiment(experiment_id))
    rules = _rules(queue.rules, overlap, overlap_share, blind, reserve_seconds)
    return store.reviews.update(
        queue.queue_id,
        name=name,
        users=None if users is None else _names(users),
        schema_ids=None if schema_ids is None else _schemas(store, schema_ids, queue.experiment_id),
        rules=None if rules == queue.rules else rules,
        instruction=instruction,
        by=user_name(),
    )


def delete_review_queue(queue_id: str | ReviewQueue) -> None:
    """Delete a queue with its items. The assessments that answers became stay on their traces.

    As with MLflow, a queue that is gone is no mistake.
    """
    store = get_store()
    try:
        store.reviews.delete(find_queue(store, queue_id, active_experiment_id()).queue_id)
    except NotFound:
        return


def questions_of(store: Store, queue: ReviewQueue) -> tuple[LabelSchema, ...]:
    """Return what a queue asks, in order; nothing, if it has pairs."""
    return tuple(store.label_schemas.get(schema_id) for schema_id in queue.schema_ids)


def find_queue(store: Store, given: str | ReviewQueue, experiment_id: str) -> ReviewQueue:
    """Return a queue as it is now, by its name in an experiment, by its id, or by an earlier state of it.

    Raises:
        NotFound: there is none.
    """
    if isinstance(given, ReviewQueue):
        return store.reviews.get(given.queue_id)
    found = store.reviews.find(experiment_id, given)
    return store.reviews.get(given) if found is None else found


def _experiment(experiment_id: str | None) -> str:
    return active_experiment_id() if experiment_id is None else str(experiment_id)


def _of_one(name: str, users: tuple[str, ...], schemas: tuple[str, ...]) -> tuple[str, ...]:
    """Return the user of a queue of one person."""
    if users not in ((), (name,)):
        raise InvalidArgument(f"A queue of one person is named like it: users must be [{name!r}], not {list(users)}.")
    if schemas:
        raise InvalidArgument("A queue of one person asks all questions of its experiment: leave schema_ids out.")
    return (name,)


def _names(users: Sequence[str]) -> tuple[str, ...]:
    given = (users,) if isinstance(users, str) else tuple(users)
    return tuple(dict.fromkeys(given))


def _schemas(store: Store, given: Sequence[str | LabelSchema], experiment_id: str) -> tuple[str, ...]:
    wanted = (given,) if isinstance(given, (str, LabelSchema)) else tuple(given)
    return tuple(dict.fromkeys(find_schema(store, one, experiment_id).schema_id for one in wanted))


def _all_schemas(store: Store, experiment_id: str) -> tuple[str, ...]:
    return tuple(schema.schema_id for schema in store.label_schemas.list(experiment_id))


def _rules(
    now: QueueRules, overlap: int | None, share: float | None, blind: bool | None, seconds: int | None
) -> QueueRules:
    """Return the rules with what is not None in the place of what is there."""
    return replace(
        now,
        overlap=now.overlap if overlap is None else overlap,
        overlap_share=now.overlap_share if share is None else float(share),
        blind=now.blind if blind is None else blind,
        reserve_seconds=now.reserve_seconds if seconds is None else seconds,
    )
