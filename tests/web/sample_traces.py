"""Traces as an application leaves them: sessions, users, failures, feedback, tags, from a seed and at known times."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from steelyard.records import (
    RUN_KEY,
    SESSION_KEY,
    TRACE_NAME_TAG,
    USER_KEY,
    AssessmentSource,
    Feedback,
    Span,
    SpanStatus,
    Store,
    Trace,
    TraceData,
    TraceInfo,
    Usage,
)

MINUTE = 60_000
NOON = 1_790_000_000_000 - 1_790_000_000_000 % (60 * MINUTE)
"""When the newest of the sample began: a whole hour, milliseconds since 1970."""

QUESTIONS = ("How do I reset my password?", "Please refund one payment.", "Where is my parcel?")
ANSWERS = ("Open the account page.", "The duplicate is refunded.", "It comes on Friday.")


def made_trace(
    number: int,
    experiment_id: str,
    *,
    at: int,
    question: str = QUESTIONS[0],
    answer: str = ANSWERS[0],
    name: str = "support_agent",
    failed: bool = False,
    running: bool = False,
    session: str = "",
    user: str = "",
    run_id: str = "",
    tags: dict[str, str] | None = None,
    feedback: Sequence[tuple[str, object]] = (),
    cost: float | None = 0.01,
    duration: float = 1200.0,
    model: str = "gpt-4.1",
) -> Trace:
    """Return one trace of two spans."""
    trace_id = f"tr-{number:032x}"
    answered = not (failed or running)
    usage = Usage(input_tokens=100 + number % 7, output_tokens=20, cost=cost)
    root, call = _spans(trace_id, at, duration, name=name, model=model, usage=usage)
    root = replace(
        root,
        end_time_ns=None if running else root.end_time_ns,
        inputs={"messages": [{"role": "user", "content": question}]},
        outputs={"role": "assistant", "content": answer} if answered else None,
        status=SpanStatus("ERROR", "RateLimitError: try again in 20 s") if failed else SpanStatus("OK"),
    )
    metadata = {SESSION_KEY: session, USER_KEY: user, RUN_KEY: run_id}
    info = TraceInfo(
        trace_id=trace_id,
        experiment_id=experiment_id,
        request_time=at,
        execution_duration=None if running else duration,
        state="IN_PROGRESS" if running else "ERROR" if failed else "OK",
        request_preview=question,
        response_preview=answer if answered else "",
        trace_metadata={key: value for key, value in metadata.items() if value},
        tags={TRACE_NAME_TAG: name, **(tags or {})},
        assessments=tuple(
            Feedback(name=key, value=value, source=AssessmentSource("CODE"), trace_id=trace_id)
            for key, value in feedback
        ),
        usage=usage,
        n_spans=2,
    )
    return Trace(info, TraceData((root, call)))


def _spans(trace_id: str, at: int, duration: float, *, name: str, model: str, usage: Usage) -> tuple[Span, Span]:
    """Return an agent's span that says nothing yet, and the model's call in it."""
    start, end = at * 10**6, int((at + duration) * 10**6)
    root = Span(
        trace_id=trace_id,
        span_id=f"{1:016x}",
        parent_id=None,
        name=name,
        span_type="AGENT",
        start_time_ns=start,
        end_time_ns=end,
    )
    call = Span(
        trace_id=trace_id,
        span_id=f"{2:016x}",
        parent_id=root.span_id,
        name="chat",
        span_type="CHAT_MODEL",
        start_time_ns=start,
        end_time_ns=end,
        model=model,
        usage=usage,
    )
    return root, call


def sample_trace(number: int, experiment_id: str) -> Trace:
    """Return the trace ``number`` of the sample: every seventh failed, one a minute before ``NOON``."""
    drawn = random.Random(number)
    kind = drawn.randrange(3)
    failed = number % 7 == 3
    return made_trace(
        number,
        experiment_id,
        at=NOON - number * MINUTE,
        question=QUESTIONS[kind],
        answer=ANSWERS[kind],
        name="summarise" if number % 5 == 4 else "support_agent",
        failed=failed,
        session=f"conv-{number % 20:02d}" if number % 2 else "",
        user=("ada", "grace", "o'brien")[number % 3],
        tags={"release": "2.4" if number < 60 else "2.3"},
        feedback=[("correctness", "yes" if number % 4 else "no")] if number % 3 == 0 else [],
        cost=None if number % 11 == 5 else 0.001 * (number % 9 + 1),
        duration=100.0 + 37 * (number % 23),
        model="gpt-4.1" if number % 2 else "llama-3.3-70b",
    )


def fill(store: Store, experiment_id: str, n: int = 180) -> tuple[Trace, ...]:
    """Keep ``n`` traces, and return them, the newest first."""
    made = tuple(sample_trace(number, experiment_id) for number in range(n))
    store.traces.put(made)
    return made
