"""People who answer a review queue without pause, over HTTP, and whose journals say what was acknowledged."""

from __future__ import annotations

import random
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from steelyard.errors import NotFound, StoreUnavailable
from steelyard.records import (
    AnswerDraft,
    InputPassFail,
    ItemDraft,
    LabelAnswer,
    QueueRules,
    ReviewAnswer,
    ReviewItem,
    ReviewQueue,
    Store,
    Trace,
    TraceData,
    TraceInfo,
)
from steelyard.store import open_store


@dataclass(slots=True)
class Entry:
    """What somebody has been told is kept of what they said to an item; ``changes`` counts the values it has had."""

    said: AnswerDraft
    changes: int = 1


def filled(store: Store, *, items: int, users: tuple[str, ...] = ()) -> ReviewQueue:
    """A queue that asks one question of many traces, half of which two people answer."""
    ids = [f"tr-{n:032x}" for n in range(1, items + 1)]
    store.traces.put(
        [Trace(TraceInfo(trace_id=one, request_time=1, state="OK", n_spans=0), TraceData(())) for one in ids]
    )
    asked = store.label_schemas.create("0", "helpful", input=InputPassFail(), enable_comment=True, by="lead")
    queue = store.reviews.create(
        "0", "to do", schema_ids=[asked.schema_id], users=users, rules=QueueRules(overlap=2, overlap_share=0.5)
    )
    store.reviews.add(queue.queue_id, [ItemDraft(trace_id=one) for one in ids])
    return queue


class Annotator(threading.Thread):
    """Answers, changes their mind, skips, flags, takes back and sends things twice, until asked to stop."""

    def __init__(self, url: str, queue: ReviewQueue, name: str, *, seed: int) -> None:
        super().__init__()
        self.url, self.queue, self.reviewer = url, queue, name
        self.chance = random.Random(seed)
        self.journal: dict[str, Entry] = {}
        self.told = 0
        self.away = 0
        self.stop = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            with open_store(self.url) as store:
                self.store = store
                while not self.stop.is_set():
                    self._one()
        except BaseException as error:
            self.failure = error

    def _one(self) -> None:
        item = self._until_done(lambda: self.store.reviews.next(self.queue.queue_id, self.reviewer))
        if item is None:
            item = self._an_old_one()
            if item is None:
                self.stop.wait(0.01)
                return
        else:
            assert item.item_id not in self.journal, "handed out although it was answered"
        draft = self._draft(item)
        told = self._tell(draft)
        if self.chance.random() < 0.2:
            assert self._tell(draft) == told
        if self.chance.random() < 0.2:
            other = self._draft(item)
            now = self._tell(other)
            assert self._tell(draft) == now, "an old answer came back"
        if self.chance.random() < 0.1:
            self._withdraw(item.item_id)

    def _an_old_one(self) -> ReviewItem | None:
        if not self.journal:
            return None
        item_id = self.chance.choice(sorted(self.journal))
        return self._until_done(lambda: self.store.reviews.item(item_id))

    def _draft(self, item: ReviewItem) -> AnswerDraft:
        draft = AnswerDraft(item_id=item.item_id, reviewer=self.reviewer, submission_id=uuid.uuid4().hex, seconds=1.0)
        kind = self.chance.choice(["answered"] * 8 + ["skipped", "flagged"])
        if kind != "answered":
            return replace(draft, kind=kind, comment=f"{kind} by {self.reviewer}")  # type: ignore[arg-type]
        value = self.chance.random() < 0.7
        label = LabelAnswer(schema_id=self.queue.schema_ids[0], value=value, comment=f"because {value}")
        return replace(draft, labels=(label,))

    def _tell(self, draft: AnswerDraft) -> ReviewAnswer:
        told = self._until_done(lambda: self.store.reviews.answer(draft))
        if told.submission_id != draft.submission_id and draft.item_id in self.journal:
            kept = self.journal[draft.item_id].said  # it repeats an older one, or says what was said already
            assert (told.kind, told.labels) == (kept.kind, kept.labels)
            return told
        before = self.journal.get(draft.item_id)
        changes = 1
        if before is not None and before.said.labels and draft.labels:
            changes = before.changes + (before.said.labels != draft.labels)
        self.journal[draft.item_id] = Entry(draft, changes)
        self.told += 1
        return told

    def _withdraw(self, item_id: str) -> None:
        def withdraw() -> None:
            try:
                self.store.reviews.withdraw(item_id, self.reviewer)
            except NotFound:  # it was done, and its answer was lost
                assert self.away

        self._until_done(withdraw)
        del self.journal[item_id]

    def _until_done(self, call: Any) -> Any:
        while True:
            try:
                return call()
            except StoreUnavailable:
                self.away += 1
                self.stop.wait(0.05)  # others on this machine want to start a server


def adds_up(store: Store, queue: ReviewQueue, annotators: list[Annotator]) -> None:
    """Everything that was acknowledged is there once, and what is counted follows from it."""
    counts: Counter[str] = Counter()
    items = store.reviews.items(queue.queue_id, max_results=10_000).items
    there = store.assessments.list([item.trace_id for item in items])
    for item in items:
        answers = store.reviews.answers(item.item_id)
        wanted = {one.reviewer: one.journal[item.item_id] for one in annotators if item.item_id in one.journal}
        assert sorted(one.reviewer for one in answers) == sorted(wanted)
        for one in answers:
            said = wanted[one.reviewer].said
            assert (one.kind, one.labels, one.comment) == (said.kind, said.labels, said.comment)
        labelled = [one for one in answers if one.labels]
        assessments = {said.assessment_id: said for said in there.get(item.trace_id, ())}
        assert assessments.keys() == {made for one in labelled for made in one.assessment_ids.values()}
        for one in labelled:
            (assessment_id,) = one.assessment_ids.values()
            said = assessments[assessment_id]
            assert (said.source.source_id, said.value) == (one.reviewer, one.labels[0].value)
            history = store.assessments.history(item.trace_id, assessment_id)
            assert len(history) == wanted[one.reviewer].changes
        values = {one.labels[0].value for one in labelled}
        assert item.answers == len(labelled)  # more than needed where somebody who skipped it answers after all
        assert item.status == ("complete" if len(labelled) >= item.needed else "pending")
        assert item.disputed == (len(values) > 1)
        assert item.flagged == any(one.kind == "flagged" for one in answers)
        counts.update({item.status: 1, "answers": item.answers, "flagged": item.flagged, "disputed": item.disputed})
    now = store.reviews.get(queue.queue_id).counts
    found = {name: getattr(now, name) for name in ("pending", "complete", "declined", "answers", "flagged", "disputed")}
    assert found == {name: counts[name] for name in found}
