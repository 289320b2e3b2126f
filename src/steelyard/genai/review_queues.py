"""The names of ``mlflow.genai.review_queues``, and ours beside them: people's work, and how far they agree."""

from __future__ import annotations

from steelyard.feedback.of_queues import queue_agreement, queue_decisions, queue_progress, queue_ranking
from steelyard.records import (
    ItemDraft,
    QueueRules,
    ReviewAnswer,
    ReviewItem,
    ReviewItemType,
    ReviewQueue,
    ReviewQueueType,
    ReviewStatus,
)
from steelyard.tracking.review_items import (
    add_items_to_review_queue,
    answer_review_item,
    assign_review_items,
    flag_review_item,
    list_review_queue_items,
    next_review_item,
    remove_items_from_review_queue,
    set_review_queue_item_status,
    skip_review_item,
    withdraw_review_answer,
)
from steelyard.tracking.review_pairs import pair_runs
from steelyard.tracking.review_queues import (
    create_review_queue,
    delete_review_queue,
    get_or_create_user_queue,
    get_review_queue,
    list_review_queues,
    update_review_queue,
)

ReviewQueueItem = ReviewItem

__all__ = [
    "ItemDraft",
    "QueueRules",
    "ReviewAnswer",
    "ReviewItem",
    "ReviewItemType",
    "ReviewQueue",
    "ReviewQueueItem",
    "ReviewQueueType",
    "ReviewStatus",
    "add_items_to_review_queue",
    "answer_review_item",
    "assign_review_items",
    "create_review_queue",
    "delete_review_queue",
    "flag_review_item",
    "get_or_create_user_queue",
    "get_review_queue",
    "list_review_queue_items",
    "list_review_queues",
    "next_review_item",
    "pair_runs",
    "queue_agreement",
    "queue_decisions",
    "queue_progress",
    "queue_ranking",
    "remove_items_from_review_queue",
    "set_review_queue_item_status",
    "skip_review_item",
    "update_review_queue",
    "withdraw_review_answer",
]
