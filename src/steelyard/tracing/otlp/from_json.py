"""Reading an OTLP request written in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from steelyard.errors import InvalidArgument
from steelyard.records import SpanEvent
from steelyard.records.trace import SpanLink, SpanOrigin
from steelyard.tracing.otlp.bulk import check_bulk_of_json
from steelyard.tracing.otlp.gathering import Gathering
from steelyard.tracing.otlp.limits import DEEPEST, MOST_ATTRIBUTES, MOST_UNUSUAL_OBJECTS, Unreadable
from steelyard.tracing.otlp.mending import mended
from steelyard.tracing.otlp.numbers import double, enum_number, integer
from steelyard.tracing.otlp.octets import from_octets, octets_of_base64

_Number: TypeAlias = int | float | str


class _Values(msgspec.Struct, gc=False):
    values: list[_Value] | None = None


class _Pairs(msgspec.Struct, gc=False):
    values: list[_Pair] | None = None


class _Value(msgspec.Struct, rename="camel", gc=False):
    string_value: str | None = None
    int_value: _Number | None = None
    double_value: _Number | None = None
    bool_value: bool | None = None
    array_value: _Values | None = None
    kvlist_value: _Pairs | None = None
    bytes_value: str | None = None


class _Pair(msgspec.Struct, gc=False):
    key: str = ""
    value: _Value | None = None


class _Event(msgspec.Struct, rename="camel", gc=False):
    name: str = ""
    time_unix_nano: _Number = 0
    attributes: list[_Pair] | None = None


class _Link(msgspec.Struct, rename="camel", gc=False):
    trace_id: str = ""
    span_id: str = ""
    trace_state: str = ""
    attributes: list[_Pair] | None = None


class _Status(msgspec.Struct, gc=False):
    code: int | str = 0
    message: str = ""


class _Span(msgspec.Struct, rename="camel", gc=False):
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    name: str = ""
    start_time_unix_nano: _Number = 0
    end_time_unix_nano: _Number = 0
    kind: int | str = 0
    status: _Status | None = None
    attributes: list[_Pair] | None = None
    events: list[_Event] | None = None
    links: list[_Link] | None = None
    trace_state: str = ""
    dropped_attributes_count: int = 0
    dropped_events_count: int = 0
    dropped_links_count: int = 0


class _Scope(msgspec.Struct, gc=False):
    name: str = ""
    version: str = ""
    attributes: list[_Pair] | None = None


class _Resource(msgspec.Struct, gc=False):
    attributes: list[_Pair] | None = None


class _ScopeSpans(msgspec.Struct, rename="camel", gc=False):
    scope: _Scope | None = None
    spans: list[_Span] | None = None
    schema_url: str = ""


class _ResourceSpans(msgspec.Struct, rename="camel", gc=False):
    resource: _Resource | None = None
    scope_spans: list[_ScopeSpans] | None = None
    schema_url: str = ""


class _Request(msgspec.Struct, rename="camel", gc=False):
    resource_spans: list[_ResourceSpans] | None = None
    resource_logs: msgspec.Raw | None = None
    resource_metrics: msgspec.Raw | None = None


class _LooseScopeSpans(msgspec.Struct, rename="camel"):
    scope: Any = None
    spans: list[Any] | None = None
    schema_url: str = ""


class _LooseResourceSpans(msgspec.Struct, rename="camel"):
    resource: Any = None
    scope_spans: list[_LooseScopeSpans] | None = None
    schema_url: str = ""


class _LooseRequest(msgspec.Struct, rename="camel"):
    resource_spans: list[_LooseResourceSpans] | None = None
    resource_logs: Any = None
    resource_metrics: Any = None


_decoder = msgspec.json.Decoder(_Request)
_SNAKE = (b'"resource_spans"', b'"scope_spans"', b'"trace_id"', b'"string_value"')


def read_json(body: bytes, gathering: Gathering) -> None:
    """Take a request's spans.

    Raises:
        InvalidArgument: it is not a request of OTLP in JSON.
    """
    check_bulk_of_json(body)
    if any(name in body for name in _SNAKE):
        _read_singly(body, gathering)
        return
    try:
        request = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        _read_singly(body, gathering)
        return
    _check_signal(request.resource_logs, request.resource_metrics)
    for resource_spans in request.resource_spans or ():
        for scope_spans in resource_spans.scope_spans or ():
            spans = scope_spans.spans or ()
            gathering.expect(len(spans))
            try:
                gathering.enter(
                    _origin(
                        resource_spans.resource, scope_spans.scope, resource_spans.schema_url, scope_spans.schema_url
                    )
                )
            except Unreadable as error:
                for span in spans:
                    gathering.reject(span.name or span.span_id, f"Its resource or scope cannot be read. {error}")
                continue
            for span in spans:
                try:
                    _take(span, gathering)
                except Unreadable as error:
                    gathering.reject(span.name or span.span_id, str(error))


def _check_signal(logs: object, metrics: object) -> None:
    for what, found in (("logs", logs), ("metrics", metrics)):
        if found is not None:
            raise InvalidArgument(f"The body holds {what}, not traces. Send only traces to this address.")


def _origin(resource: _Resource | None, scope: _Scope | None, resource_schema: str, scope_schema: str) -> SpanOrigin:
    scope = scope or _Scope()
    return SpanOrigin(
        resource=_attributes(resource.attributes) if resource is not None else {},
        scope=scope.name,
        version=scope.version,
        scope_attributes=_attributes(scope.attributes),
        resource_schema=resource_schema,
        scope_schema=scope_schema,
    )


def _take(span: _Span, gathering: Gathering) -> None:
    status = span.status
    gathering.add(
        (_id(span.trace_id), _id(span.span_id), _id(span.parent_span_id)),
        span.name,
        (integer(span.start_time_unix_nano), integer(span.end_time_unix_nano)),
        enum_number(span.kind, "SPAN_KIND_"),
        (0, "") if status is None else (enum_number(status.code, "STATUS_CODE_"), status.message),
        _attributes(span.attributes),
        tuple([_event(event) for event in span.events]) if span.events else (),
        tuple([_link(link) for link in span.links]) if span.links else (),
        span.trace_state,
        (span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count),
    )


def _id(text: str) -> str:
    try:
        return bytes.fromhex(text).hex()
    except ValueError as error:
        raise Unreadable(f"The id {text[:40]!r} is not written in hexadecimal digits.") from error


def _event(event: _Event) -> SpanEvent:
    return SpanEvent(event.name, integer(event.time_unix_nano), _attributes(event.attributes))


def _link(link: _Link) -> SpanLink:
    return SpanLink(
        f"tr-{_id(link.trace_id)}", _id(link.span_id), _attributes(link.attributes), trace_state=link.trace_state
    )


def _attributes(pairs: Sequence[_Pair] | None) -> dict[str, Any]:
    if not pairs:
        return {}
    if len(pairs) > MOST_ATTRIBUTES:
        raise Unreadable(f"It has {len(pairs)} attributes; at most {MOST_ATTRIBUTES} can be taken.")
    return {pair.key: None if pair.value is None else _value(pair.value, 0) for pair in pairs}


def _value(value: _Value, depth: int) -> Any:
    if value.string_value is not None:
        return value.string_value
    if value.int_value is not None:
        return integer(value.int_value)
    if value.double_value is not None:
        return double(value.double_value)
    if value.bool_value is not None:
        return value.bool_value
    if value.bytes_value is not None:
        return from_octets(octets_of_base64(value.bytes_value))
    if value.array_value is None and value.kvlist_value is None:
        return None
    if depth >= DEEPEST:
        raise Unreadable(f"An attribute is nested more than {DEEPEST} deep.")
    if value.array_value is not None:
        return [_value(item, depth + 1) for item in value.array_value.values or ()]
    pairs = value.kvlist_value.values or () if value.kvlist_value is not None else ()
    return {pair.key: None if pair.value is None else _value(pair.value, depth + 1) for pair in pairs}


def _read_singly(body: bytes, gathering: Gathering) -> None:
    """Read a request that is written unusually or holds something unreadable: only what is unreadable is lost."""
    check_bulk_of_json(body, most=MOST_UNUSUAL_OBJECTS)
    try:
        request = msgspec.convert(mended(body), _LooseRequest)
    except msgspec.ValidationError as error:
        raise InvalidArgument(
            f"The body is not an OTLP request of traces: {error}. Send {{'resourceSpans': […]}}."
        ) from error
    _check_signal(request.resource_logs, request.resource_metrics)
    for resource_spans in request.resource_spans or ():
        for scope_spans in resource_spans.scope_spans or ():
            spans = scope_spans.spans or ()
            gathering.expect(len(spans))
            try:
                resource = msgspec.convert(resource_spans.resource, _Resource | None)
                scope = msgspec.convert(scope_spans.scope, _Scope | None)
                gathering.enter(_origin(resource, scope, resource_spans.schema_url, scope_spans.schema_url))
            except (msgspec.ValidationError, Unreadable) as error:
                for span in spans:
                    gathering.reject(_named(span), f"Its resource or scope cannot be read. {error}")
                continue
            for span in spans:
                try:
                    _take(msgspec.convert(span, _Span), gathering)
                except (msgspec.ValidationError, Unreadable) as error:
                    gathering.reject(_named(span), str(error))


def _named(span: Any) -> str:
    return str(span.get("name") or span.get("spanId") or "") if isinstance(span, dict) else ""
