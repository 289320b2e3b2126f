"""Traces that a judge and people have spoken of, made by the dozen; and answers of people to queues."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steelyard.records import (
    AnswerDraft,
    AssessmentSource,
    Feedback,
    LabelAnswer,
    ReviewItem,
    Span,
    Store,
    Trace,
    TraceData,
    TraceInfo,
)

JUDGE = AssessmentSource("LLM_JUDGE", "openai:/gpt-4.1-mini")
SECOND = 1_000


def trace_id(number: int) -> str:
    return f"tr-{number:032x}"


def verdict(number: int, value: Any, **facts: Any) -> Feedback:
    return Feedback(
        **{"name": "ok", "value": value, "source": JUDGE, "trace_id": trace_id(number), "create_time_ms": SECOND}
        | facts
    )


def label(number: int, value: Any, person: str = "ann", **facts: Any) -> Feedback:
    source = AssessmentSource("HUMAN", person)
    return Feedback(
        **{"name": "ok", "value": value, "source": source, "trace_id": trace_id(number), "create_time_ms": 2 * SECOND}
        | facts
    )


def keep(
    store: Store,
    said: Mapping[int, Sequence[Feedback]],
    *,
    output: Callable[[int], str] = lambda number: f"answer {number}",
    tags: Callable[[int], dict[str, str]] = lambda number: {},
    experiment_id: str = "0",
) -> list[str]:
    """Keep traces with what was said of each; return their ids."""
    store.traces.put([_trace(number, output(number), tags(number), experiment_id) for number in said])
    store.assessments.add([one for some in said.values() for one in some])
    return [trace_id(number) for number in said]


def answer(store: Store, item: ReviewItem, value: Any, reviewer: str = "ann") -> None:
    """Answer an item's first question."""
    (schema_id, *_) = store.reviews.get(item.queue_id).schema_ids
    store.reviews.answer(
        AnswerDraft(
            item_id=item.item_id,
            reviewer=reviewer,
            labels=(LabelAnswer(schema_id=schema_id, value=value),),
        )
    )


def _trace(number: int, output: str, tags: dict[str, str], experiment_id: str) -> Trace:
    span = Span(
        trace_id=trace_id(number),
        span_id=f"{number:016x}",
        parent_id=None,
        name="assistant",
        start_time_ns=number,
        end_time_ns=number + 1,
        inputs={"question": f"question {number}", "language": "en" if number % 2 else "de"},
        outputs=output,
    )
    info = TraceInfo(trace_id=trace_id(number), experiment_id=experiment_id, request_time=number, tags=tags)
    return Trace(info, TraceData((span,)))
