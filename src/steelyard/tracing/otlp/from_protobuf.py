"""Reading an OTLP request written in protobuf."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Wire

from steelyard.errors import InvalidArgument
from steelyard.records import SpanEvent
from steelyard.records.trace import SpanLink, SpanOrigin
from steelyard.tracing.otlp.bulk import check_bulk_of_protobuf
from steelyard.tracing.otlp.gathering import Gathering
from steelyard.tracing.otlp.limits import DEEPEST, MOST_ATTRIBUTES, Unreadable
from steelyard.tracing.otlp.octets import from_octets


def read_protobuf(body: bytes, gathering: Gathering) -> None:
    """Take a request's spans.

    Raises:
        InvalidArgument: it is not a request of OTLP in protobuf.
    """
    check_bulk_of_protobuf(body, ExportTraceServiceRequest.DESCRIPTOR)
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError:
        _read_singly(body, gathering)
        return
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            spans = scope_spans.spans
            gathering.expect(len(spans))
            try:
                gathering.enter(_origin(resource_spans, scope_spans))
            except Unreadable as error:
                for span in spans:
                    gathering.reject(span.name, f"Its resource or scope cannot be read. {error}")
                continue
            for span in spans:
                try:
                    _take(span, gathering)
                except Unreadable as error:
                    gathering.reject(span.name or span.span_id.hex(), str(error))


def _origin(resource_spans: Any, scope_spans: Any) -> SpanOrigin:
    scope = scope_spans.scope
    return SpanOrigin(
        resource=_attributes(resource_spans.resource.attributes),
        scope=scope.name,
        version=scope.version,
        scope_attributes=_attributes(scope.attributes),
        resource_schema=resource_spans.schema_url,
        scope_schema=scope_spans.schema_url,
    )


def _take(span: Any, gathering: Gathering) -> None:
    events, links = span.events, span.links
    status = span.status
    gathering.add(
        (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()),
        span.name,
        (span.start_time_unix_nano, span.end_time_unix_nano),
        span.kind,
        (status.code, status.message),
        _attributes(span.attributes),
        tuple([_event(event) for event in events]) if events else (),
        tuple([_link(link) for link in links]) if links else (),
        span.trace_state,
        (span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count),
    )


def _event(event: Any) -> SpanEvent:
    return SpanEvent(event.name, event.time_unix_nano, _attributes(event.attributes))


def _link(link: Any) -> SpanLink:
    return SpanLink(
        f"tr-{link.trace_id.hex()}", link.span_id.hex(), _attributes(link.attributes), trace_state=link.trace_state
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    if len(pairs) > MOST_ATTRIBUTES:
        raise Unreadable(f"It has {len(pairs)} attributes; at most {MOST_ATTRIBUTES} can be taken.")
    found: dict[str, Any] = {}
    for pair in pairs:
        value = pair.value
        found[pair.key] = value.string_value or _value(value, 0)
    return found


def _value(value: Any, depth: int) -> Any:
    kind = value.WhichOneof("value")
    if kind is None or kind == "string_value":
        return None if kind is None else value.string_value
    if kind == "array_value":
        deeper = _deeper(depth)
        return [_value(item, deeper) for item in value.array_value.values]
    if kind == "kvlist_value":
        deeper = _deeper(depth)
        return {pair.key: _value(pair.value, deeper) for pair in value.kvlist_value.values}
    if kind == "bytes_value":
        return from_octets(value.bytes_value)
    return getattr(value, kind)


def _deeper(depth: int) -> int:
    if depth >= DEEPEST:
        raise Unreadable(f"An attribute is nested more than {DEEPEST} deep.")
    return depth + 1


def _read_singly(body: bytes, gathering: Gathering) -> None:
    """Read a request that holds something unreadable, so that only the spans that are unreadable are lost."""
    request = _loose_request()()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise InvalidArgument(
            "The body is not an OTLP request of traces in protobuf: it is truncated or of another format. "
            "Send an ExportTraceServiceRequest, or JSON with the content type application/json."
        ) from error
    for resource_spans in _each(request, "resource_spans"):
        for scope_spans in _each(resource_spans, "scope_spans"):
            spans: list[bytes] = list(_each(scope_spans, "spans"))
            gathering.expect(len(spans))
            try:
                gathering.enter(_loose_origin(resource_spans, scope_spans))
            except (DecodeError, UnicodeDecodeError, Unreadable):
                for _ in spans:
                    gathering.reject("", "Its resource or scope cannot be read.")
                continue
            for place, data in enumerate(spans):
                _take_singly(data, place, gathering)


def _take_singly(data: bytes, place: int, gathering: Gathering) -> None:
    span = Wire()
    try:
        span.ParseFromString(data)
    except DecodeError:
        gathering.reject(f"span {place} of its scope", "It is not valid UTF-8, is nested too deep, or is damaged.")
        return
    try:
        _take(span, gathering)
    except Unreadable as error:
        gathering.reject(span.name or span.span_id.hex(), str(error))


def _loose_origin(resource_spans: Any, scope_spans: Any) -> SpanOrigin:
    resource, scope = Resource(), InstrumentationScope()
    resource.ParseFromString(resource_spans.resource)
    scope.ParseFromString(scope_spans.scope)
    return SpanOrigin(
        resource=_attributes(resource.attributes),
        scope=scope.name,
        version=scope.version,
        scope_attributes=_attributes(scope.attributes),
        resource_schema=resource_spans.schema_url.decode(),
        scope_schema=scope_spans.schema_url.decode(),
    )


def _each(message: Message, name: str) -> Iterable[Any]:
    return getattr(message, name)


@lru_cache(maxsize=1)
def _loose_request() -> type[Message]:
    """Return OTLP's request with what is inside left as bytes; on the wire it is the same."""
    file = descriptor_pb2.FileDescriptorProto(name="steelyard_loose.proto", package="steelyard.loose", syntax="proto3")
    octets, message = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES, descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
    once, many = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL, descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
    shapes: dict[str, tuple[tuple[str, Any, Any, str], ...]] = {
        "Request": (("resource_spans", message, many, ".steelyard.loose.ResourceSpans"),),
        "ResourceSpans": (
            ("resource", octets, once, ""),
            ("scope_spans", message, many, ".steelyard.loose.ScopeSpans"),
            ("schema_url", octets, once, ""),
        ),
        "ScopeSpans": (("scope", octets, once, ""), ("spans", octets, many, ""), ("schema_url", octets, once, "")),
    }
    for name, fields in shapes.items():
        kind = file.message_type.add(name=name)
        for number, (field, type_, label, type_name) in enumerate(fields, start=1):
            kind.field.add(name=field, number=number, type=type_, label=label, type_name=type_name or None)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("steelyard.loose.Request"))
