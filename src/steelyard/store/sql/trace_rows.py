"""Traces and spans as rows, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, get_args

import msgspec

from steelyard.errors import InvalidArgument
from steelyard.records.assessment import Assessment
from steelyard.records.trace import (
    PREVIEW_LENGTH,
    SESSION_KEY,
    TRACE_NAME_TAG,
    USER_KEY,
    Span,
    SpanEvent,
    SpanLine,
    SpanLink,
    SpanOrigin,
    SpanStatus,
    TraceInfo,
    TraceState,
    Usage,
)
from steelyard.store.limits import MAX_KEY, check_integer, check_name, check_words
from steelyard.store.sql.json_text import from_json, from_json_as, from_text, to_json, to_text

MAX_TRACE_WORD = 100_000
"""How long a trace's tag or metadata may be: callers put whole inputs there."""

USAGE = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "cost")
TRACE_COLUMNS = (
    *("trace_id", "experiment", "request_time", "duration", "state", "name", "session", "user_id", "client_request_id"),
    *("request_preview", "response_preview", *USAGE, "n_spans", "metadata"),
)
LIGHT_COLUMNS = (
    *("span_id", "parent_id", "name", "type", "start_time", "end_time", "status", "description", "model", *USAGE),
)
_N_LIGHT = len(LIGHT_COLUMNS)
CONTENT_COLUMNS = ("inputs", "outputs", "attributes", "events", "kind", "links", "wire")
_NO_USAGE = (None,) * len(USAGE)
_WIRE = tuple[str, tuple[int, int, int]]
_STATES: tuple[str, ...] = get_args(TraceState)
_CODES = ("UNSET", "OK", "ERROR")
_NOTHING_DROPPED = (0, 0, 0)
_STATUSES = {code: SpanStatus(code) for code in ("UNSET", "OK", "ERROR")}


def trace_row(info: TraceInfo, experiment: int, n_spans: int) -> tuple[Any, ...]:
    """Return the values of ``TRACE_COLUMNS``; the name, which is a tag, goes into its column."""
    words = check_words(info.trace_metadata, "trace metadata", limit=MAX_TRACE_WORD)
    return (
        check_name(info.trace_id, "trace id", limit=MAX_KEY),
        experiment,
        check_integer(info.request_time, "request_time"),
        check_finite(info.execution_duration, "execution_duration"),
        check_state(info.state),
        info.tags.get(TRACE_NAME_TAG),
        words.get(SESSION_KEY),
        words.get(USER_KEY),
        check_client_id(info.client_request_id),
        to_text(info.request_preview[:PREVIEW_LENGTH]),
        to_text(info.response_preview[:PREVIEW_LENGTH]),
        *usage_row(info.usage),
        n_spans,
        msgspec.json.encode(words).decode(),
    )


def span_row(span: Span) -> tuple[Any, ...]:
    """Return the values of ``LIGHT_COLUMNS`` and ``CONTENT_COLUMNS``; its origin has a table of its own."""
    status = span.status
    if status.status_code not in _CODES:
        msg = f"The span {span.name!r} has the status {status.status_code!r}, which is none of {', '.join(_CODES)}."
        raise InvalidArgument(msg)
    return (
        check_name(span.span_id, "span id", limit=MAX_KEY),
        None if span.parent_id is None else check_name(span.parent_id, "parent id", limit=MAX_KEY),
        to_text(span.name),
        to_text(span.span_type),
        check_integer(span.start_time_ns, "start_time_ns"),
        None if span.end_time_ns is None else check_integer(span.end_time_ns, "end_time_ns"),
        status.status_code,
        to_text(status.description),
        to_text(span.model),
        *usage_row(span.usage),
        to_json(span.inputs, "span's inputs"),
        to_json(span.outputs, "span's outputs"),
        to_json(span.attributes, "span's attributes") if span.attributes else None,
        to_json([[e.name, e.timestamp, e.attributes] for e in span.events], "span's events") if span.events else None,
        None if span.kind == "INTERNAL" else to_text(span.kind),
        to_json(span.links, "span's links") if span.links else None,
        _wire(span.trace_state, span.dropped),
    )


def _wire(trace_state: str, dropped: tuple[int, int, int]) -> str | None:
    if not trace_state and dropped == _NOTHING_DROPPED:
        return None
    return to_json((trace_state, dropped), "span's trace state")


def origin_content(origin: SpanOrigin) -> str:
    """Return an origin as the text that ``whole_span`` reads."""
    return to_json(origin, "resource of a span") or ""


@lru_cache(maxsize=1024)
def _origin(content: str) -> SpanOrigin:
    return from_json_as(content, SpanOrigin)


def usage_row(usage: Usage | None) -> tuple[Any, ...]:
    """Return the values of ``USAGE``."""
    if usage is None:
        return _NO_USAGE
    return (
        check_integer(usage.input_tokens, "input_tokens"),
        check_integer(usage.output_tokens, "output_tokens"),
        check_integer(usage.cache_read_tokens, "cache_read_tokens"),
        check_integer(usage.cache_write_tokens, "cache_write_tokens"),
        check_integer(usage.reasoning_tokens, "reasoning_tokens"),
        check_finite(usage.cost, "cost"),
    )


def usage_from(row: Sequence[Any]) -> Usage | None:
    """Return what ``usage_row`` was given."""
    if row[0] is None:
        return None
    return Usage(
        input_tokens=row[0],
        output_tokens=row[1],
        cache_read_tokens=row[2],
        cache_write_tokens=row[3],
        reasoning_tokens=row[4],
        cost=row[5],
    )


def info_from(row: Sequence[Any], tags: Mapping[str, str], assessments: tuple[Assessment, ...]) -> TraceInfo:
    """Return a trace's info from the values of ``TRACE_COLUMNS``."""
    name = row[5]
    return TraceInfo(
        trace_id=row[0],
        experiment_id=str(row[1]),
        request_time=row[2],
        execution_duration=row[3],
        state=row[4],
        client_request_id=row[8],
        request_preview=from_text(row[9]),
        response_preview=from_text(row[10]),
        usage=usage_from(row[11:17]),
        n_spans=row[17],
        trace_metadata=msgspec.json.decode(row[18], type=dict[str, str]),
        tags=tags if name is None else {TRACE_NAME_TAG: name, **tags},
        assessments=assessments,
    )


def span_line(trace_id: str, row: Sequence[Any]) -> SpanLine:
    """Return a span without content from the values of ``LIGHT_COLUMNS``."""
    span_id, parent_id, name, kind, start, end, status, description, model, tokens = row[:10]
    return SpanLine(
        trace_id,
        span_id,
        parent_id,
        from_text(name),
        from_text(kind),
        start,
        end,
        SpanStatus(status, from_text(description)) if description else _STATUSES[status],
        from_text(model) if model else "",
        None if tokens is None else usage_from(row[9:_N_LIGHT]),
    )


def whole_span(trace_id: str, row: Sequence[Any]) -> Span:
    """Return a span from the values of ``LIGHT_COLUMNS`` and ``CONTENT_COLUMNS``, and the content of its origin."""
    inputs, outputs, attributes, events, kind, links, wire, origin = row[_N_LIGHT:]
    trace_state, dropped = ("", _NOTHING_DROPPED) if wire is None else from_json_as(wire, _WIRE)
    return Span(
        **span_line(trace_id, row)._asdict(),
        inputs=from_json(inputs),
        outputs=from_json(outputs),
        attributes=from_json(attributes) or {},
        events=_events(events),
        kind="INTERNAL" if kind is None else from_text(kind),
        links=() if links is None else from_json_as(links, tuple[SpanLink, ...]),
        origin=None if origin is None else _origin(origin),
        trace_state=trace_state,
        dropped=dropped,
    )


def _events(text: str | None) -> tuple[SpanEvent, ...]:
    if text is None:
        return ()
    return tuple(SpanEvent(*event) for event in from_json_as(text, list[tuple[str, int, dict[str, Any]]]))


def check_state(state: str) -> str:
    """Return a trace's state, or say which there are."""
    if state in _STATES:
        return state
    msg = f"state={state!r} is none of {', '.join(_STATES)}."
    raise InvalidArgument(msg)


def check_client_id(client_request_id: str | None) -> str | None:
    """Return a client's own id of a request, or say what is wrong with it."""
    if not client_request_id:
        return None
    return check_name(client_request_id, "client_request_id", limit=MAX_TRACE_WORD)


def check_finite(value: float | None, what: str) -> float | None:
    """Return a number that is one, or None."""
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        msg = f"The {what} {value!r} is not a number."
        raise InvalidArgument(msg) from error
    if math.isfinite(number):
        return number
    msg = f"The {what} is {value!r}. Leave it out (None) where it is not known."
    raise InvalidArgument(msg)
