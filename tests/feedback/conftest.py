"""A store with a queue in it, and people who answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from steelyard.records import (
    AnswerDraft,
    ItemDraft,
    LabelAnswer,
    LabelInput,
    LabelSchema,
    ReviewItem,
    ReviewQueue,
    Store,
    Trace,
    TraceInfo,
)
from steelyard.store import open_store


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue under test: its schemas by name, its items in order."""

    store: Store
    queue: ReviewQueue
    schemas: dict[str, LabelSchema]
    items: tuple[ReviewItem, ...]

    @property
    def queue_id(self) -> str:
        return self.queue.queue_id

    def say(self, place: int, reviewer: str, values: dict[str, Any] | str, **draft: Any) -> None:
        """Answer the item at a place; a text is a preference."""
        said = {"preference": values} if isinstance(values, str) else values
        now = {name: self.store.label_schemas.get(schema.schema_id) for name, schema in self.schemas.items()}
        labels = tuple(
            LabelAnswer(schema_id=now[name].schema_id, value=value, version=now[name].version)
            if name in now
            else LabelAnswer(schema_id=name, value=value)
            for name, value in said.items()
        )
        self.store.reviews.answer(
            AnswerDraft(item_id=self.items[place].item_id, reviewer=reviewer, labels=labels, **draft)
        )

    def turn_away(self, place: int, reviewer: str, kind: Any) -> None:
        """Skip an item, or flag it."""
        self.store.reviews.answer(
            AnswerDraft(item_id=self.items[place].item_id, reviewer=reviewer, kind=kind, comment="why")
        )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "store.db")
    yield store
    store.close()


@pytest.fixture
def traced(store: Store) -> Callable[[int], list[str]]:
    """Keep traces, and return their ids."""

    def make(count: int) -> list[str]:
        store.traces.put([Trace(TraceInfo(trace_id=f"tr-{number:032x}")) for number in range(count)])
        return [f"tr-{number:032x}" for number in range(count)]

    return make


@pytest.fixture
def queue_of(store: Store, traced: Callable[[int], list[str]]) -> Callable[..., Queue]:
    """Make a queue of so many traces that asks some questions, or of drafts of pairs that asks which is better."""

    def make(items: int | Sequence[ItemDraft], forms: dict[str, LabelInput] | None = None, **rules: Any) -> Queue:
        schemas = {name: store.label_schemas.create("0", name, input=form) for name, form in (forms or {}).items()}
        queue = store.reviews.create(
            "0",
            "queue",
            item_type="trace" if isinstance(items, int) else "pair",
            schema_ids=[schema.schema_id for schema in schemas.values()],
            **rules,
        )
        drafts = [ItemDraft(trace_id=one) for one in traced(items)] if isinstance(items, int) else items
        return Queue(store, queue, schemas, store.reviews.add(queue.queue_id, drafts))

    return make
