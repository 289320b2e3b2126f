"""Traces and spans as rows, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
CONTENT_COLUMNS = ("inputs", "outputs", "attributes", "events")
_NO_USAGE = (None,) * len(USAGE)
_STATES: tuple[str, ...] = get_args(TraceState)
_CODES = ("UNSET", "OK", "ERROR")
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
    """Return the values of ``LIGHT_COLUMNS`` and ``CONTENT_COLUMNS``."""
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
    )


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


def light_span(trace_id: str, row: Sequence[Any]) -> Span:
    """Return a span without content from the values of ``LIGHT_COLUMNS``."""
    return Span(**_light(trace_id, row))


def whole_span(trace_id: str, row: Sequence[Any]) -> Span:
    """Return a span from the values of ``LIGHT_COLUMNS`` and ``CONTENT_COLUMNS``."""
    inputs, outputs, attributes, events = row[_N_LIGHT:]
    return Span(
        **_light(trace_id, row),
        inputs=from_json(inputs),
        outputs=from_json(outputs),
        attributes=from_json(attributes) or {},
        events=_events(events),
    )


def _light(trace_id: str, row: Sequence[Any]) -> dict[str, Any]:
    description, model = row[7], row[8]
    return {
        "trace_id": trace_id,
        "span_id": row[0],
        "parent_id": row[1],
        "name": from_text(row[2]),
        "span_type": from_text(row[3]),
        "start_time_ns": row[4],
        "end_time_ns": row[5],
        "status": SpanStatus(row[6], from_text(description)) if description else _STATUSES[row[6]],
        "model": from_text(model) if model else "",
        "usage": None if row[9] is None else usage_from(row[9:_N_LIGHT]),
    }


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
