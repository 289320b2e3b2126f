"""Review queues for tests: traces, one question, and people who answer it."""

from __future__ import annotations

from typing import Any

from traces_made import trace, trace_id

from steelyard.records import (
    AnswerDraft,
    InputPassFail,
    ItemDraft,
    LabelAnswer,
    LabelSchema,
    ReviewAnswer,
    ReviewQueue,
    Store,
)


def question(store: Store, name: str = "helpful", **fields: Any) -> LabelSchema:
    given = {"input": InputPassFail(), "enable_comment": True, "by": "lead", **fields}
    return store.label_schemas.create("0", name, **given)


def queue(store: Store, items: int = 3, **fields: Any) -> ReviewQueue:
    """A queue that asks one question of the traces 1, 2, …"""
    store.traces.put([trace(number + 1) for number in range(items)])
    if "schema_ids" not in fields:
        fields["schema_ids"] = [question(store).schema_id]
    made = store.reviews.create("0", fields.pop("name", "to do"), **fields)
    store.reviews.add(made.queue_id, [ItemDraft(trace_id=trace_id(number + 1)) for number in range(items)])
    return store.reviews.get(made.queue_id)


def pairs(store: Store, **fields: Any) -> ReviewQueue:
    """A queue of two pairs of the traces 1, 2 and 3."""
    store.traces.put([trace(number) for number in (1, 2, 3)])
    made = store.reviews.create("0", "better", item_type="pair", **fields)
    drafts = [
        ItemDraft(trace_id=trace_id(1), other_trace_id=trace_id(other), name="a", other_name=f"b{other}")
        for other in (2, 3)
    ]
    store.reviews.add(made.queue_id, drafts)
    return store.reviews.get(made.queue_id)


def item_ids(store: Store, made: ReviewQueue) -> list[str]:
    return [item.item_id for item in store.reviews.items(made.queue_id, max_results=1000).items]


def say(store: Store, made: ReviewQueue, item_id: str, reviewer: str, value: Any = True, **fields: Any) -> ReviewAnswer:
    """Answer the queue's one question, or skip or flag the item."""
    kind = fields.get("kind", "answered")
    if "labels" not in fields and kind == "answered":
        schema_id = made.schema_ids[0] if made.schema_ids else "preference"
        fields["labels"] = (LabelAnswer(schema_id=schema_id, value=value, comment=fields.pop("because", "")),)
    return store.reviews.answer(AnswerDraft(item_id=item_id, reviewer=reviewer, **fields))
