"""Questions to a trace whose spans may be anything: repeated ids, circles, chains of 10,000, rows of 100,000."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records.trace import Span, SpanEvent, SpanStatus, Trace, TraceData, TraceInfo, Usage
from steelyard.scorers.span_trees import (
    error_of,
    failed_spans,
    latency_of,
    outermost,
    tool_calls,
    trajectory,
    usage_of,
    walk,
)


def names(trace: Trace) -> list[tuple[str, int]]:
    return [(span.name, depth) for span, depth in walk(trace)]


def test_the_walk_is_parents_first_and_siblings_by_time(make: Any) -> None:
    trace = make.trace(
        make.span("late", "root", start_time_ns=5),
        make.span("leaf", "early", start_time_ns=3),
        make.span("early", "root", start_time_ns=2),
        make.span("root", start_time_ns=1),
    )
    assert names(trace) == [("root", 0), ("early", 1), ("leaf", 2), ("late", 1)]


def test_orphans_circles_and_their_own_parents_are_roots(make: Any) -> None:
    trace = make.trace(make.span("orphan", "gone"), make.span("self", "self"), make.span("a", "b"), make.span("b", "a"))
    assert names(trace) == [("orphan", 0), ("self", 0), ("a", 0), ("b", 1)]


def test_of_two_spans_with_one_id_the_first_has_the_children(make: Any) -> None:
    trace = make.trace(make.span("x", name="first"), make.span("x", name="second"), make.span("child", "x"))
    assert names(trace) == [("first", 0), ("child", 1), ("second", 0)]


@pytest.mark.parametrize("shape", ["chain", "siblings", "same id", "circle"])
def test_every_span_of_a_hostile_trace_is_visited_once(shape: str, make: Any) -> None:
    size = 10_000 if shape in ("chain", "circle") else 100_000
    parents = {
        "chain": [None, *map(str, range(size - 1))],
        "siblings": [None] + ["0"] * (size - 1),
        "same id": [None] + ["same"] * (size - 1),
        "circle": [str((place + 1) % size) for place in range(size)],
    }[shape]
    ids = ["same"] * size if shape == "same id" else [str(place) for place in range(size)]
    trace = make.trace(*(make.span(each, parent, span_type="TOOL") for each, parent in zip(ids, parents, strict=True)))
    assert sum(1 for _ in walk(trace)) == size
    assert len(tool_calls(trace)) == len(trajectory(trace)) == size
    assert outermost(trace, ("TOOL",))


IDS = st.sampled_from("abcd")
SPANS = st.lists(
    st.builds(
        Span,
        trace_id=st.just("tr-0"),
        span_id=IDS,
        parent_id=st.one_of(st.none(), IDS, st.just("gone")),
        name=IDS,
        start_time_ns=st.integers(0, 3),
        span_type=st.sampled_from(["TOOL", "AGENT", "LLM", "RETRIEVER", "UNKNOWN"]),
    ),
    max_size=8,
)


@given(SPANS)
def test_any_spans_are_walked_once_each(spans: list[Span]) -> None:
    trace = Trace(TraceInfo(trace_id="tr-0"), TraceData(tuple(spans)))
    assert sorted(map(id, (span for span, _ in walk(trace)))) == sorted(map(id, spans))
    assert {id(span) for span in outermost(trace, ("TOOL",))} <= {id(span) for span in spans}


def test_the_outermost_of_a_kind_stands_for_those_inside(make: Any) -> None:
    trace = make.trace(
        make.span("root"),
        make.span("outer", "root", span_type="LLM", start_time_ns=1),
        make.span("step", "outer"),
        make.span("inner", "step", span_type="CHAT_MODEL"),
        make.span("next", "root", span_type="LLM", start_time_ns=2),
    )
    assert [span.name for span in outermost(trace, ("LLM", "CHAT_MODEL"))] == ["outer", "next"]


def test_tool_calls_are_the_tool_spans(make: Any) -> None:
    trace = make.trace(
        make.span("agent", span_type="AGENT"),
        make.span("1", "agent", span_type="TOOL", name="search", inputs={"q": "a"}, outputs=[1], start_time_ns=1),
        make.span(
            "2",
            "agent",
            span_type="TOOL",
            name="run",
            inputs='{"b": 1}',
            attributes={"tool.name": "book"},
            start_time_ns=2,
        ),
        make.failed("3", "agent", "no room", span_type="TOOL", name="pay", start_time_ns=3),
    )
    calls = tool_calls(trace)
    assert [(call.name, call.arguments, call.error) for call in calls] == [
        ("search", {"q": "a"}, ""),
        ("book", {"b": 1}, ""),
        ("pay", None, "no room"),
    ]
    assert (calls[0].result, calls[0].span_id) == ([1], "1")
    assert trajectory(trace) == ["agent", "search", "book", "pay"]
    assert trajectory(trace, ("TOOL",)) == ["search", "book", "pay"]


PLAIN: dict[str, Any] = {"name": "search", "arguments": {"q": "a"}}
ANTHROPIC: dict[str, Any] = {"name": "search", "input": {"q": "a"}}
OPENAI = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"q": "a"}'}}
MESSAGES: dict[str, Any] = {
    "openai": {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": [OPENAI]}}]},
    "responses": {"output": [{"type": "function_call", "call_id": "c1", "name": "search", "arguments": '{"q": "a"}'}]},
    "anthropic": {"content": [{"type": "text", "text": "I see."}, {"type": "tool_use", "id": "c1", **ANTHROPIC}]},
    "opentelemetry": [{"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", **PLAIN}]}],
    "langchain": {"generations": [{"message": {"tool_calls": [{"name": "search", "args": {"q": "a"}, "id": "c1"}]}}]},
    "openinference": {"messages": [{"message": {"tool_calls": [{"tool_call": OPENAI}]}}]},
    "gemini": {"candidates": [{"content": {"parts": [{"function_call": {"id": "c1", **PLAIN}}]}}]},
}


@pytest.mark.parametrize("outputs", MESSAGES.values(), ids=MESSAGES.keys())
def test_without_tool_spans_they_are_what_the_models_asked_for(outputs: Any, make: Any) -> None:
    twice = make.trace(
        make.span("root"),
        make.span("a", "root", span_type="LLM", outputs=outputs),
        make.span("b", "a", span_type="CHAT_MODEL", outputs=outputs),
    )
    (call,) = tool_calls(twice)
    assert (call.name, call.arguments, call.call_id) == ("search", {"q": "a"}, "c1")
    assert trajectory(twice, ("TOOL",)) == ["search"]


def test_what_only_looks_like_a_tool_call_is_none(make: Any) -> None:
    outputs = {"name": "search", "arguments": {"q": 1}, "tools": [{"type": "function", "name": 3}], "tool_calls": None}
    assert tool_calls(make.trace(make.span("root", span_type="LLM", outputs=outputs))) == []


def test_failures_are_told_by_status_or_event(make: Any) -> None:
    raised = SpanEvent("exception", 1, {"exception.message": "boom"})
    trace = make.trace(
        make.span("ok"),
        make.span("a", status=SpanStatus("ERROR"), events=(raised,)),
        make.span("b", status=SpanStatus("ERROR")),
    )
    assert [error_of(span) for span in failed_spans(trace)] == ["boom", "error"]
    assert error_of(trace.data.spans[0]) == ""


def test_usage_and_latency_come_from_the_trace_or_its_spans(make: Any) -> None:
    spans = (make.span("a", end_time_ns=2_000_000_000), make.span("b", "a", usage=Usage(input_tokens=3, cost=0.5)))
    known = make.trace(*spans, usage=Usage(input_tokens=7), execution_duration=250.0)
    assert (usage_of(known), latency_of(known)) == (Usage(input_tokens=7), 0.25)
    told = make.trace(*spans)
    assert (usage_of(told), latency_of(told)) == (Usage(input_tokens=3, cost=0.5), 2.0)
    assert (usage_of(make.trace()), latency_of(make.trace())) == (None, None)
