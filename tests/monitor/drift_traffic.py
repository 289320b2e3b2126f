"""Traffic for tests of drift: answers to questions about orders and bills, with what is planted in them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from steelyard.records import (
    AssessmentSource,
    Feedback,
    Span,
    Store,
    Trace,
    TraceData,
    TraceInfo,
    Usage,
)

HOUR, DAY = 3_600_000, 86_400_000
START = 1_700_006_400_000
"""A midnight, UTC."""

_TOPICS = {
    "billing": ("refund", "invoice", "card", "charge", "payment"),
    "shipping": ("order", "parcel", "late", "delivery", "address"),
}
_numbers = itertools.count(1)


def traffic(
    rng: np.random.Generator,
    n: int,
    start: int,
    end: int,
    *,
    billing: float = 0.3,
    right: dict[str, float] | None = None,
    **plant: Any,
) -> Iterator[Trace]:
    """Yield traces spread over [start, end).

    Args:
        rng: where they come from.
        n, start, end: how many, and when, milliseconds.
        billing: the share of questions about bills; the others are about orders.
        right: the share of right answers by topic; 0.9 unless told.
        plant: ``longer`` (words that answers have more), ``model``, ``failing`` (share of errors by topic).
    """
    for at in np.linspace(start, end, n, endpoint=False).astype(int).tolist():
        topic = "billing" if rng.random() < billing else "shipping"
        question = " ".join(rng.choice(_TOPICS[topic], 6).tolist())
        words = int(rng.poisson(30)) + plant.get("longer", 0)
        trace_id = f"tr-{next(_numbers):032x}"
        yes = bool(rng.random() < (right or {}).get(topic, 0.9))
        fails = rng.random() < plant.get("failing", {}).get(topic, 0.02)
        root = Span(
            trace_id=trace_id,
            span_id=f"{1:016x}",
            parent_id=None,
            name="answer",
            start_time_ns=at * 10**6,
            end_time_ns=(at + 1) * 10**6,
            inputs={"question": question, "age": int(rng.integers(18, 80))},
            outputs=" ".join(["word"] * words),
            model=plant.get("model", "small"),
        )
        info = TraceInfo(
            trace_id=trace_id,
            request_time=at,
            execution_duration=float(rng.lognormal(6, 0.5)),
            state="ERROR" if fails else "OK",
            tags={"topic": topic, "lang": str(rng.choice(["de", "en"])), "request": trace_id},
            assessments=(
                Feedback("correctness", yes, trace_id=trace_id, source=AssessmentSource("LLM_JUDGE", "judge")),
                Feedback("tone", float(rng.normal(3, 1)), trace_id=trace_id, source=AssessmentSource("CODE", "tone")),
            ),
            usage=Usage(input_tokens=int(rng.poisson(100)), output_tokens=words, cost=0.001),
        )
        yield Trace(info, TraceData((root,)))


def put(store: Store, traces: Iterator[Trace]) -> None:
    store.traces.put(list(traces))
