"""Traces of every shape that the page of a trace must stand: an agent's, a long lesson, odd clocks, very many spans."""

from __future__ import annotations

import json
from typing import Any

from steelyard.records import Span, SpanEvent, SpanStatus, Store, Trace, TraceData, TraceInfo, Usage

START_MS = 1_790_000_000_000
_MS = 1_000_000

SYSTEM = {"role": "system", "content": "You are a support agent. Refund only what the policy allows."}
ASKED = {"role": "user", "content": "You charged me twice for the same router."}
CALL = {"id": "c1", "type": "function", "function": {"name": "get_invoice", "arguments": '{"invoice": "INV-20418"}'}}
LOOKED = {"role": "assistant", "content": "Let me look at the invoice.", "tool_calls": [CALL]}
CAME = {"role": "tool", "tool_call_id": "c1", "content": '{"paid": 178.0}'}
DECIDED = {"role": "assistant", "content": "I will refund one line, 89.00."}


def trace_id(digit: str) -> str:
    return f"tr-{digit * 32}"


def span_id(number: int) -> str:
    return f"{number:016x}"


def step(
    trace: str, number: int, parent: int | None, name: str, does: str, begin: float, took: float | None, **more: Any
) -> Span:
    """Return a span that begins and lasts so many milliseconds."""
    start = (START_MS * _MS) + int(begin * _MS)
    return Span(
        trace_id=trace,
        span_id=span_id(number),
        parent_id=None if parent is None else span_id(parent),
        name=name,
        span_type=does,
        start_time_ns=start,
        end_time_ns=None if took is None else start + int(took * _MS),
        **more,
    )


def put(store: Store, spans: tuple[Span, ...], *, name: str = "", state: str = "OK", **more: Any) -> str:
    """Keep a trace and return its id."""
    tags = {"mlflow.traceName": name, **more.pop("tags", {})}
    info: dict[str, Any] = {
        "request_time": START_MS,
        "execution_duration": None if state == "IN_PROGRESS" else 8420.0,
        **more,
    }
    made = TraceInfo(trace_id=spans[0].trace_id, state=state, n_spans=len(spans), tags=tags, **info)  # type: ignore[arg-type]
    store.traces.put([Trace(made, TraceData(spans))])
    return made.trace_id


def agent(store: Store, digit: str = "a", **more: Any) -> str:
    """An agent that looks at an invoice, fails once, and decides; its first call is told by two libraries."""
    t, tokens = trace_id(digit), Usage(input_tokens=1800, output_tokens=404, cost=0.0058)
    first = {"inputs": {"messages": [SYSTEM, ASKED]}, "outputs": {"choices": [{"message": LOOKED}]}, "usage": tokens}
    failed = SpanEvent(
        "exception",
        START_MS * _MS + 3_880 * _MS,
        {
            "exception.type": "TimeoutError",
            "exception.message": "billing did not answer",
            "exception.stacktrace": "Traceback",
        },
    )
    found = [
        {"page_content": "A duplicate charge is refunded once.", "metadata": {"source": "policy.md"}, "score": 0.913},
        {"page_content": "Refunds take three days.", "metadata": {"source": "faq.md"}, "score": 0.71},
    ]
    spans = (
        step(t, 1, None, "support_agent", "AGENT", 0, 8420, inputs={"question": "twice"}, outputs={"answer": "89.00"}),
        step(t, 2, 1, "plan", "LLM", 40, 1310, model="gpt-4.1-mini", **first),
        step(t, 3, 2, "openai.chat", "CHAT_MODEL", 60, 1250, model="gpt-4.1-mini", **first),
        step(t, 4, 1, "search_policy", "RETRIEVER", 1380, 420, inputs={"query": "double charge"}, outputs=found),
        step(
            t,
            5,
            1,
            "get_invoice",
            "TOOL",
            1860,
            2020,
            inputs={"invoice": "INV-20418"},
            status=SpanStatus("ERROR", "TimeoutError: billing did not answer"),
            events=(failed,),
        ),
        step(t, 6, 1, "get_invoice", "TOOL", 3930, 610, outputs={"paid": 178.0}),
        step(
            t,
            7,
            1,
            "decide",
            "LLM",
            4580,
            1440,
            model="gpt-4.1-mini",
            usage=Usage(
                input_tokens=4102, output_tokens=769, cache_read_tokens=2048, reasoning_tokens=300, cost=0.0121
            ),
            inputs={"messages": [SYSTEM, ASKED, LOOKED, CAME]},
            outputs={"choices": [{"message": DECIDED}]},
            attributes={
                "gen_ai.request.temperature": 0.2,
                "llm.invocation_parameters": json.dumps({"max_tokens": 800}),
                **{f"fact.{i}": f"value {i}" for i in range(12)},
            },
        ),
    )
    return put(store, spans, name="Refund for a double charge", **more)


def odd(store: Store) -> str:
    """Spans that end before they begin, live in 1970 and 2038, and whose parent is not there."""
    t = trace_id("b")
    spans = (
        step(t, 1, None, "root", "CHAIN", 0, 5000),
        step(t, 2, 1, "backwards", "TOOL", 3000, -500),
        step(t, 3, 1, "early", "TOOL", -200, 500),
        step(t, 4, 1, "late", "TOOL", 4000, 3000),
        step(t, 5, 0xDEAD, "orphan", "LLM", 1000, 500),
        Span(trace_id=t, span_id=span_id(6), parent_id=span_id(1), name="1970", start_time_ns=0, end_time_ns=5),
        Span(trace_id=t, span_id=span_id(7), parent_id=span_id(1), name="2038", start_time_ns=2**31 * 10**9),
    )
    return put(store, spans, name="odd")


def many(store: Store, n: int) -> str:
    """A tree of ``n`` spans, five under each, of which every 997th failed."""
    t = trace_id("c")
    spans = tuple(
        step(
            t,
            i + 1,
            (i - 1) // 5 + 1 if i else None,
            f"step {i}",
            ("AGENT", "LLM", "TOOL", "RETRIEVER", "CHAIN")[i % 5],
            i,
            n - i if i < 100 else 3,
            inputs={"question": f"needle {i}"} if i % 1000 == 7 else None,
            status=SpanStatus("ERROR", "boom") if i % 997 == 500 else SpanStatus(),
        )
        for i in range(n)
    )
    return put(store, spans, name="many")
