"""A judge, three reviewers and a drawn queue: what the pages of judges are made from, from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from steelyard.feedback import plan_labels
from steelyard.judges import make_judge
from steelyard.judges.registering import define
from steelyard.records import (
    AnswerDraft,
    AssessmentSource,
    Feedback,
    InputPassFail,
    ItemDraft,
    LabelAnswer,
    LabelSchema,
    QueueRules,
    ReviewQueue,
    Store,
    Trace,
)

from .sample_traces import MINUTE, NOON, QUESTIONS, made_trace

JUDGE = AssessmentSource("LLM_JUDGE", "openai:/gpt-4.1-mini")
PEOPLE = (("Ada", 0.95), ("Grace", 0.9), ("Linus", 0.88))
ANSWERS = (
    "Open the account page, choose “Security”, and press “Reset password”. A link comes by mail.",
    "I have refunded one of the two lines, 89.00. It reaches your account within three working days.",
    "Your parcel left our warehouse on Tuesday; the carrier expects to bring it on Friday.",
)
WORDS = "Is {{ outputs }} a correct answer to {{ inputs }}? Say no if a policy is wrong or a fact is made up."
BETTER = WORDS + " A refund takes three working days; a reset link comes by mail."


@dataclass(frozen=True)
class Judged:
    """An experiment with a run, a judge, and what people said."""

    experiment_id: str
    run_id: str
    trace_ids: tuple[str, ...]
    schema: LabelSchema
    drawn: ReviewQueue
    together: ReviewQueue


def fill(
    store: Store,
    *,
    traces: int = 300,
    drawn: int = 60,
    labelled: int = 45,
    shared: int = 45,
    hostile: str = "",
    name: str = "support-agent",
) -> Judged:
    """Keep traces of a run with a judge's verdicts, right 17 times in 20, and what people said of some of them.

    Args:
        store: where.
        traces: how many.
        drawn: into a queue, at random.
        labelled: of these, by one person each.
        shared: further traces, by all three people.
        hostile: what the judge says of the first trace, and people comment.
        name: of the experiment.
    """
    experiment_id = store.experiments.create(name).experiment_id
    run_id = store.runs.create(experiment_id, run_name="prompt v7", start_time=NOON).info.run_id
    made = [_judged_trace(number, experiment_id, run_id, hostile if number == 0 else "") for number in range(traces)]
    store.traces.put(made)
    ids = tuple(trace.info.trace_id for trace in made)
    schema = store.label_schemas.create(
        experiment_id, "correctness", input=InputPassFail("Correct", "Wrong"), enable_comment=True,
        instruction="Is the answer right, and does it follow the refund policy?",
    )  # fmt: skip
    together = store.reviews.create(
        experiment_id, "Everybody", schema_ids=[schema.schema_id], rules=QueueRules(overlap=3)
    )
    queue = store.reviews.create(experiment_id, "Random sample", schema_ids=[schema.schema_id])
    plan = plan_labels(drawn, name="correctness", experiment_ids=[experiment_id], target_width=0.06, store=store)
    plan.add_to(queue)
    _answer(store, schema, queue, labelled, people=1, hostile=hostile)
    taken = {item.trace_id for item in store.reviews.items(queue.queue_id, max_results=1000).items}
    free = [one for one in ids if one not in taken][:shared]
    store.reviews.add(together.queue_id, [ItemDraft(trace_id=one) for one in free])
    _answer(store, schema, together, shared, people=3, hostile="")
    register(store, experiment_id)
    return Judged(experiment_id, run_id, ids, schema, store.reviews.get(queue.queue_id), together)


def register(store: Store, experiment_id: str) -> None:
    """Register two versions of the judge, the second aligned with people."""
    for number, words in enumerate((WORDS, BETTER), start=1):
        judge = make_judge("correctness", words, model="openai:/gpt-4.1-mini", feedback_value_type=bool)
        found = define(judge)
        store.scorers.register(
            experiment_id, found.name, definition=found.text, digest=found.digest, kind=found.kind, by="Ada"
        )
        if number == 2:
            store.scorers.note(experiment_id, "correctness", 2, {"align": ALIGNED})


ALIGNED = {
    "optimizer": "gepa", "n_train": 40, "n_held_out": 41, "verdict": "better", "warning": "", "recommended": "aligned",
    "before": {"value": 0.71, "n": 41, "low": 0.56, "high": 0.825},
    "after": {"value": 0.85, "n": 41, "low": 0.715, "high": 0.93},
    "difference": {"value": 0.14, "n": 41, "low": 0.02, "high": 0.26},
    "p_value": 0.03, "instructions_before": WORDS, "instructions_after": BETTER, "held_out_ids": ["tr-1", "tr-2"],
}  # fmt: skip


def truth(number: int) -> bool:
    """Whether the answer of a trace is right."""
    return random.Random(f"truth {number}").random() < 0.72


def _judged_trace(number: int, experiment_id: str, run_id: str, hostile: str) -> Trace:
    drawn = random.Random(f"judge {number}")
    short = number % 3 == 0
    right = drawn.random() < (0.78 if short else 0.89)
    value = truth(number) if right else not truth(number)
    answer = ANSWERS[number % 3] * (1 + number % 4)
    made = made_trace(
        number, experiment_id, at=NOON - number * MINUTE, question=QUESTIONS[number % 3], answer=answer,
        run_id=run_id, tags={"topic": ("password", "refund", "delivery")[number % 3]},
    )  # fmt: skip
    why = "It says what the policy says." if value else "The policy says five days, and the answer says three."
    said = Feedback(
        name="correctness", value="yes" if value else "no", source=JUDGE, rationale=hostile or why,
        trace_id=made.info.trace_id, metadata={"confidence": round(0.6 + 0.4 * drawn.random(), 2)},
    )  # fmt: skip
    length = Feedback(
        name="length", value=len(answer), source=AssessmentSource("CODE", "length"), trace_id=made.info.trace_id
    )
    return replace(made, info=replace(made.info, assessments=(said, length)))


def _answer(store: Store, schema: LabelSchema, queue: ReviewQueue, n: int, *, people: int, hostile: str) -> None:
    items = store.reviews.items(queue.queue_id, max_results=1000).items[:n]
    for place, item in enumerate(items):
        for person, skill in PEOPLE[:people]:
            drawn = random.Random(f"{person} {item.trace_id}")
            true = truth(int(item.trace_id[3:], 16))
            value = true if drawn.random() < skill else not true
            told = "" if value else "It names no date."
            label = LabelAnswer(
                schema_id=schema.schema_id, value=value, comment=hostile if place == 0 and hostile else told
            )
            store.reviews.answer(
                AnswerDraft(
                    item_id=item.item_id, reviewer=person, labels=(label,), seconds=5 + 5 * drawn.random(),
                    submission_id=f"{person}-{item.item_id}",
                )
            )  # fmt: skip
