"""Questions to the spans of a trace, each answered in one pass.

Spans come from anywhere, so nothing is taken for granted: ids may repeat, a parent may be missing or be its own
descendant, and a tree may be ten thousand deep. Every span is visited once.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from steelyard.records.trace import Span, SpanType, Trace, Usage
from steelyard.scorers.chat import tool_calls_in

TOOL = (SpanType.TOOL,)
MODEL = (SpanType.LLM, SpanType.CHAT_MODEL)
_TOOL_NAMES = ("gen_ai.tool.name", "tool.name")
_AGENT_NAMES = ("gen_ai.agent.name", "agent.name")
_TOOL_ARGUMENTS = ("gen_ai.tool.call.arguments", "tool.parameters", "input.value")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One use of a tool.

    Args:
        name: of the tool.
        arguments: as a mapping where they can be read as one; None if they are not known.
        result: what it gave back.
        error: why it failed; empty if it did not.
        span_id: the span of the call; None if only a model's message tells of it.
        call_id: what the model named the call.
    """

    name: str
    arguments: Any = None
    result: Any = None
    error: str = ""
    span_id: str | None = None
    call_id: str = ""


def walk(trace: Trace) -> Iterator[tuple[Span, int]]:
    """Yield every span once with its depth, parents before children, siblings by the time they began.

    A span whose parent is not there is a root; so is the first of a circle.
    """
    spans = sorted(trace.data.spans, key=lambda span: span.start_time_ns)
    known = {span.span_id for span in spans}
    below: defaultdict[str, list[int]] = defaultdict(list)
    roots: list[int] = []
    for index, span in enumerate(spans):
        if span.parent_id is None or span.parent_id not in known or span.parent_id == span.span_id:
            roots.append(index)
        else:
            below[span.parent_id].append(index)
    seen: set[int] = set()
    for start in chain(roots, range(len(spans))):
        stack = [(start, 0)]
        while stack:
            index, depth = stack.pop()
            if index in seen:
                continue
            seen.add(index)
            yield spans[index], depth
            children = below.pop(spans[index].span_id, [])  # of two spans with one id, the first has the children
            stack.extend((child, depth + 1) for child in reversed(children))


def spans_of(trace: Trace, span_types: Collection[str]) -> list[Span]:
    """Return the spans of these types, in the order of :func:`walk`."""
    return [span for span, _ in walk(trace) if span.span_type.upper() in span_types]


def outermost(trace: Trace, span_types: Collection[str]) -> list[Span]:
    """Return the spans of these types that are not inside another of them.

    Frameworks and client libraries often both record a span for one call; the outer one stands for it.
    """
    found: list[Span] = []
    inside: int | None = None  # the depth of the outer span that the walk is in
    for span, depth in walk(trace):
        if inside is not None and depth <= inside:
            inside = None
        if inside is None and span.span_type.upper() in span_types:
            found.append(span)
            inside = depth
    return found


def tool_calls(trace: Trace) -> list[ToolCall]:
    """Return the tools that were used, in order: the TOOL spans, or what the models asked for where there are none."""
    spans = spans_of(trace, TOOL)
    if spans:
        return [_call_of(span) for span in spans]
    models = spans_of(trace, MODEL)
    answers = [span.outputs for span in models] if models else [trace.outputs]
    calls: list[ToolCall] = []
    seen: set[str] = set()
    for asked in (each for answer in answers for each in tool_calls_in(answer)):
        if asked.call_id and asked.call_id in seen:
            continue  # the same answer, recorded by two layers
        seen.add(asked.call_id)
        calls.append(ToolCall(name=asked.name, arguments=asked.arguments, call_id=asked.call_id))
    return calls


def trajectory(trace: Trace, span_types: Collection[str] = (SpanType.TOOL, SpanType.AGENT)) -> list[str]:
    """Return the names of the tools and agents at work, in the order they began.

    Where no tool has a span, the tools that the models asked for are named.
    """
    spans = spans_of(trace, span_types)
    if SpanType.TOOL in span_types and not any(span.span_type.upper() == SpanType.TOOL for span in spans):
        return [name_of_span(span) for span in spans] + [call.name for call in tool_calls(trace)]
    return [name_of_span(span) for span in spans]


def failed_spans(trace: Trace) -> list[Span]:
    """Return the spans that ended in an error."""
    return [span for span, _ in walk(trace) if span.status.status_code == "ERROR"]


def error_of(span: Span) -> str:
    """Return what went wrong in a span; empty if nothing did."""
    if span.status.status_code != "ERROR":
        return ""
    if span.status.description:
        return span.status.description
    raised = [event.attributes.get("exception.message") for event in span.events if event.name == "exception"]
    return next((str(message) for message in raised if message), "error")


def usage_of(trace: Trace) -> Usage | None:
    """Return the tokens and cost of all model calls; None if there was none that says."""
    if trace.info.usage is not None:
        return trace.info.usage
    total: Usage | None = None
    for span in trace.data.spans:
        if span.usage is not None:
            total = span.usage if total is None else total + span.usage
    return total


def latency_of(trace: Trace) -> float | None:
    """Return how long it took, in seconds; None while it runs."""
    if trace.info.execution_duration is not None:
        return trace.info.execution_duration / 1000
    root = trace.data.root
    if root is None or root.end_time_ns is None:
        return None
    return max(root.end_time_ns - root.start_time_ns, 0) / 1e9


def name_of_span(span: Span) -> str:
    """Return the tool's or the agent's own name where the span has one, else the span's."""
    keys = _AGENT_NAMES if span.span_type.upper() == SpanType.AGENT else _TOOL_NAMES
    named = (span.attributes.get(key) for key in keys)
    return next((name for name in named if isinstance(name, str) and name), span.name)


def _call_of(span: Span) -> ToolCall:
    arguments = span.inputs
    if arguments is None:
        given = (span.attributes.get(key) for key in _TOOL_ARGUMENTS)
        arguments = next((each for each in given if each is not None), None)
    return ToolCall(
        name=name_of_span(span),
        arguments=_parsed(arguments),
        result=span.outputs,
        error=error_of(span),
        span_id=span.span_id,
        call_id=str(span.attributes.get("gen_ai.tool.call.id") or ""),
    )


def _parsed(arguments: Any) -> Any:
    """Return a JSON object as a mapping; anything else as it is."""
    if not isinstance(arguments, str):
        return arguments
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    return value if isinstance(value, Mapping) else arguments
