"""Tools with which an agent judge reads one trace, under MLflow's names. They see that trace alone, page by page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.judges.blocks import plain_text
from steelyard.llm import Tool
from steelyard.records.trace import Span, Trace

PAGE_CHARACTERS = 12_000
PAGE_SPANS = 100
MAX_MATCHES = 50
_SURROUNDINGS = 100
_MAX_PATTERN = 500


class _ToolMisuse(Exception):
    """What the model asked for cannot be done; it is told so and may try again."""


def call_trace_tool(trace: Trace, name: str, arguments: Mapping[str, Any]) -> str:
    """Run one tool and return what the model is to read.

    A tool that does not exist, or arguments that make no sense, give a text that begins with ``error:``: they are the
    model's mistakes, for it to put right.
    """
    tool = _TOOLS.get(name)
    if tool is None:
        return f"error: there is no tool {name!r}; the tools are {', '.join(_TOOLS)}"
    try:
        return tool.run(trace, arguments)
    except _ToolMisuse as misuse:
        return f"error: {misuse}"


def trace_tools() -> tuple[Tool, ...]:
    """Return the tools' descriptions for the model. They do not depend on the trace."""
    return tuple(Tool(name=name, description=each.description, schema=each.schema) for name, each in _TOOLS.items())


def _get_trace_info(trace: Trace, arguments: Mapping[str, Any]) -> str:
    del arguments
    info = trace.info
    return plain_text(
        {
            "trace_id": info.trace_id,
            "name": info.name,
            "state": info.state,
            "request_time_ms": info.request_time,
            "execution_duration_ms": info.execution_duration,
            "spans": len(trace.data.spans),
            "token_usage": info.token_usage,
            "cost": info.cost,
            "tags": _clipped_values(info.tags),
            "trace_metadata": _clipped_values(info.trace_metadata),
        }
    )


def _get_root_span(trace: Trace, arguments: Mapping[str, Any]) -> str:
    if trace.data.root is None:
        return "error: the trace has no spans"
    return _page(_whole(trace.data.root), arguments)


def _get_span(trace: Trace, arguments: Mapping[str, Any]) -> str:
    span_id = _text(arguments, "span_id")
    found = trace.search_spans(span_id=span_id)
    if not found:
        raise _ToolMisuse(f"there is no span {span_id[:64]!r}; list_spans gives their ids")
    return _page(_whole(found[0]), arguments)


def _list_spans(trace: Trace, arguments: Mapping[str, Any]) -> str:
    page, spans = _number(arguments, "page"), trace.data.spans
    shown = spans[page * PAGE_SPANS : (page + 1) * PAGE_SPANS]
    if not shown and page:
        raise _ToolMisuse(f"there is no page {page}; the last is {max(0, (len(spans) - 1) // PAGE_SPANS)}")
    lines = [plain_text(_outline(span)) for span in shown]
    more = (page + 1) * PAGE_SPANS < len(spans)
    head = f"{len(spans)} spans, page {page}" + (f"; more with page={page + 1}" if more else "; no more pages")
    return "\n".join([head, *lines])


def _search_trace_regex(trace: Trace, arguments: Mapping[str, Any]) -> str:
    """Search with RE2, whose time grows with the text alone: no pattern can make it hang."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pattern = _text(arguments, "pattern")
    if len(pattern) > _MAX_PATTERN:
        raise _ToolMisuse(f"a pattern may have {_MAX_PATTERN} characters")
    ignore_case = arguments.get("case_sensitive") is not True
    places = [(span, part, text) for span in trace.data.spans for part, text in _parts(span)]
    texts = pa.array([text for _, _, text in places], pa.large_string())
    try:
        found = pc.find_substring_regex(texts, pattern, ignore_case=ignore_case).to_pylist()
    except (pa.ArrowInvalid, UnicodeEncodeError) as error:
        raise _ToolMisuse(
            f"the pattern cannot be used (no look-around, no back references): {str(error)[:200]}"
        ) from None
    hits = [(place, start) for place, start in zip(places, found, strict=True) if start >= 0]
    lines = [_match_line(span, part, text, start) for (span, part, text), start in hits[:MAX_MATCHES]]
    head = f"{len(hits)} texts match" + (f", the first {MAX_MATCHES} of them" if len(hits) > MAX_MATCHES else "")
    return "\n".join([head, *lines])


def _get_span_performance_and_timing_report(trace: Trace, arguments: Mapping[str, Any]) -> str:
    del arguments
    timed = [(span.end_time_ns - span.start_time_ns, span) for span in trace.data.spans if span.end_time_ns]
    slowest = sorted(timed, key=lambda each: -each[0])[:25]
    by_type: dict[str, tuple[int, int]] = {}
    for nanoseconds, span in timed:
        count, total = by_type.get(span.span_type, (0, 0))
        by_type[span.span_type] = (count + 1, total + nanoseconds)
    types = {kind: {"spans": n, "total_ms": total / 1e6} for kind, (n, total) in sorted(by_type.items())[:50]}
    failed = [_outline(span) for span in trace.data.spans if span.status.status_code == "ERROR"][:25]
    return plain_text(
        {
            "execution_duration_ms": trace.info.execution_duration,
            "by_type": types,
            "slowest": [_outline(span) for _, span in slowest],
            "failed": failed,
        }
    )


def _outline(span: Span) -> dict[str, Any]:
    duration = None if span.end_time_ns is None else (span.end_time_ns - span.start_time_ns) / 1e6
    return {
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "name": _clipped(span.name),
        "type": _clipped(span.span_type),
        "status": span.status.status_code,
        "duration_ms": duration,
    }


def _whole(span: Span) -> str:
    return plain_text(
        {
            **_outline(span),
            "status_description": span.status.description,
            "model": span.model,
            "inputs": span.inputs,
            "outputs": span.outputs,
            "attributes": dict(span.attributes),
            "events": [{"name": event.name, "attributes": dict(event.attributes)} for event in span.events],
        }
    )


def _parts(span: Span) -> list[tuple[str, str]]:
    parts = [("name", span.name), ("inputs", plain_text(span.inputs)), ("outputs", plain_text(span.outputs))]
    parts += [(f"attributes.{key}", plain_text(value)) for key, value in span.attributes.items()]
    parts += [(f"events.{event.name}", plain_text(dict(event.attributes))) for event in span.events]
    return [(part, text.encode("utf-8", "replace").decode()) for part, text in parts]


def _match_line(span: Span, part: str, text: str, start: int) -> str:
    at = len(text.encode()[:start].decode("utf-8", "ignore"))  # RE2 counts bytes
    around = text[max(0, at - _SURROUNDINGS) : at + _SURROUNDINGS]
    return json.dumps({"span_id": span.span_id, "in": _clipped(part), "text": around}, ensure_ascii=False)


def _page(text: str, arguments: Mapping[str, Any]) -> str:
    page = _number(arguments, "page")
    pages = max(1, -(-len(text) // PAGE_CHARACTERS))
    if page >= pages:
        raise _ToolMisuse(f"there is no page {page}; the last is {pages - 1}")
    head = f"page {page} of 0 to {pages - 1}\n" if pages > 1 else ""
    return head + text[page * PAGE_CHARACTERS : (page + 1) * PAGE_CHARACTERS]


def _text(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise _ToolMisuse(f"{name} must be a text")
    return value


def _number(arguments: Mapping[str, Any], name: str) -> int:
    value = arguments.get(name)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1_000_000:
        raise _ToolMisuse(f"{name} must be a whole number from 0")
    return value


def _clipped(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "…"


def _clipped_values(labels: Mapping[str, str]) -> dict[str, str]:
    return {_clipped(str(key)): _clipped(str(value)) for key, value in list(labels.items())[:30]}


@dataclass(frozen=True, slots=True)
class _TraceTool:
    description: str
    run: Callable[[Trace, Mapping[str, Any]], str]
    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {name: dict(each) for name, each in self.properties.items()},
            "required": list(self.required),
            "additionalProperties": False,
        }


_PAGE = {"page": {"type": "integer", "description": "Which page of the result, from 0."}}
_TOOLS: dict[str, _TraceTool] = {
    "get_trace_info": _TraceTool("Facts about the whole trace: state, duration, tokens, tags.", _get_trace_info, {}),
    "get_root_span": _TraceTool("The root span with its inputs, outputs and attributes.", _get_root_span, _PAGE),
    "get_span": _TraceTool(
        "One span with its inputs, outputs and attributes.",
        _get_span,
        {"span_id": {"type": "string", "description": "The span's id, from list_spans."}, **_PAGE},
        ("span_id",),
    ),
    "list_spans": _TraceTool(
        f"The spans in order, {PAGE_SPANS} a page: id, parent, name, type, status, duration.", _list_spans, _PAGE
    ),
    "search_trace_regex": _TraceTool(
        "Where a regular expression (RE2) matches in the names, inputs, outputs, attributes and events of all spans.",
        _search_trace_regex,
        {
            "pattern": {"type": "string", "description": "The regular expression."},
            "case_sensitive": {"type": "boolean", "description": "Whether case matters; false unless told."},
        },
        ("pattern",),
    ),
    "get_span_performance_and_timing_report": _TraceTool(
        "Where the time went: the slowest spans, time by type of span, and the spans that failed.",
        _get_span_performance_and_timing_report,
        {},
    ),
}
