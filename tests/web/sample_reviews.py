"""Queues of traces and of pairs, with people who have answered some of them, from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from steelyard.records import AssessmentSource, Expectation, Feedback, Store, Trace
from steelyard.records.review import (
    PREFERENCE,
    AnswerDraft,
    InputCategorical,
    InputNumeric,
    InputPassFail,
    InputText,
    ItemDraft,
    LabelAnswer,
    LabelSchema,
    QueueRules,
    ReviewQueue,
)

from .sample_traces import NOON, QUESTIONS, made_trace

ANSWERS = (
    "I am sorry for the double charge. The invoice holds the router twice, so I have refunded one line, 89.00.",
    "Open the account page, choose “Security”, and press “Reset password”. A link comes by mail.",
    "Your parcel left our warehouse on Tuesday; the carrier expects to bring it on Friday.",
)


@dataclass(frozen=True)
class Reviews:
    """An experiment with queues."""

    experiment_id: str
    trace_ids: tuple[str, ...]
    correct: LabelSchema
    tone: LabelSchema
    score: LabelSchema
    words: LabelSchema
    plain: ReviewQueue
    many: ReviewQueue
    pairs: ReviewQueue


def review_trace(number: int, experiment_id: str) -> Trace:
    made = made_trace(
        number, experiment_id, at=NOON - number * 60_000, question=QUESTIONS[number % 3], answer=ANSWERS[number % 3]
    )
    told = (
        Expectation(name="expected_response", value="Refund one of the two lines.", trace_id=made.info.trace_id),
        Feedback(
            name="correct",
            value=number % 4 != 0,
            source=AssessmentSource("LLM_JUDGE", "judge"),
            rationale="It names the line.",
            trace_id=made.info.trace_id,
        ),
    )
    return replace(made, info=replace(made.info, assessments=told))


def fill(store: Store, *, traces: int = 60, answered: int = 0, name: str = "support-agent") -> Reviews:
    """Keep traces and three queues; with ``answered``, two people have answered so many items of each."""
    experiment_id = store.experiments.create(name).experiment_id
    made = [review_trace(number, experiment_id) for number in range(traces)]
    store.traces.put(made)
    ids = tuple(trace.info.trace_id for trace in made)
    ask = store.label_schemas.create
    correct = ask(
        experiment_id, "correct", input=InputPassFail("Yes", "No"), enable_comment=True,
        instruction="Did the agent follow the refund policy?",
    )  # fmt: skip
    tone = ask(experiment_id, "tone", input=InputCategorical(("polite", "neutral", "rude")))
    score = ask(experiment_id, "score", input=InputNumeric(1, 5), instruction="How helpful is it, from 1 to 5?")
    words = ask(experiment_id, "note", input=InputText(), instruction="Anything else?")
    make = store.reviews.create
    plain = make(experiment_id, "Refund policy, week 47", schema_ids=[correct.schema_id], rules=QueueRules(overlap=2))
    several = [schema.schema_id for schema in (correct, tone, score, words)]
    many = make(
        experiment_id, "Tone and help", schema_ids=several,
        rules=QueueRules(overlap=2, blind=False), instruction="Read the whole answer before you judge.",
    )  # fmt: skip
    pairs = make(experiment_id, "Which prompt", item_type="pair", rules=QueueRules(overlap=2))
    for queue in (plain, many):
        store.reviews.add(queue.queue_id, [ItemDraft(trace_id=one) for one in ids[:50]])
    drafts = [
        ItemDraft(trace_id=a, other_trace_id=b, name=f"prompt {i % 3}", other_name=f"prompt {(i + 1) % 3}")
        for i, (a, b) in enumerate(zip(ids[::2], ids[1::2], strict=True))
    ]
    store.reviews.add(pairs.queue_id, drafts)
    found = Reviews(experiment_id, ids, correct, tone, score, words, plain, many, pairs)
    if answered:
        _answer(store, found, answered)
    return found


def _answer(store: Store, found: Reviews, n: int) -> None:
    for person, skill in (("Ada", 0.95), ("Grace", 0.8)):
        drawn = random.Random(person)
        for queue in (found.plain, found.many, found.pairs):
            for place, item in enumerate(store.reviews.items(queue.queue_id, max_results=n).items):
                truth = place % 3 != 0
                right = truth if drawn.random() < skill else not truth
                yes = LabelAnswer(schema_id=found.correct.schema_id, value=right, comment="" if right else "Too much.")
                labels: tuple[LabelAnswer, ...] = (yes,)
                if queue is found.many:
                    labels += (
                        LabelAnswer(schema_id=found.tone.schema_id, value="polite" if right else "neutral"),
                        LabelAnswer(schema_id=found.score.schema_id, value=4 if right else 2),
                    )
                if queue is found.pairs:
                    labels = (LabelAnswer(schema_id=PREFERENCE, value=("first", "second", "tie")[drawn.randrange(3)]),)
                flagged = place == 7 and person == "Grace"
                store.reviews.answer(
                    AnswerDraft(
                        item_id=item.item_id, reviewer=person, labels=labels, seconds=4 + 6 * drawn.random(),
                        submission_id=f"{person}-{item.item_id}", kind="flagged" if flagged else "answered",
                        comment="The customer is not ours." if flagged else "",
                    )
                )  # fmt: skip
