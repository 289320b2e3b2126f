"""Records as a request of OTLP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from steelyard.records import Span
from steelyard.records.trace import SpanOrigin
from steelyard.tracing.otlp.gathering import CODES, KINDS
from steelyard.tracing.otlp.telling import told
from steelyard.tracing.otlp.written import json_value, octets_of_id, text, wire_value

_NO_ORIGIN = SpanOrigin()


def encode_json(spans: Iterable[Span]) -> bytes:
    """Write spans as an OTLP request of traces in JSON; see :func:`encode_protobuf`.

    Examples:
        >>> span = Span(trace_id="tr-" + "1" * 32, span_id="2" * 16, parent_id=None, name="step", start_time_ns=1)
        >>> import json; json.loads(encode_json([span]))["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"]
        'step'
    """
    resources: list[dict[str, Any]] = []
    for origins in _by_origin(spans):
        first = origins[0][0]
        resources.append(
            _filled(
                resource={"attributes": _json_pairs(first.resource)},
                scopeSpans=[
                    _filled(
                        scope=_filled(
                            name=text(origin.scope),
                            version=text(origin.version),
                            attributes=_json_pairs(origin.scope_attributes),
                        ),
                        spans=[_json_span(span) for span in members],
                        schemaUrl=text(origin.scope_schema),
                    )
                    for origin, members in origins
                ],
                schemaUrl=text(first.resource_schema),
            )
        )
    return msgspec.json.encode({"resourceSpans": resources})


def encode_protobuf(spans: Iterable[Span]) -> bytes:
    """Write spans as an OTLP request of traces (``ExportTraceServiceRequest``), grouped by what made them.

    A span that came over OTLP goes out as it came. One of our own is told in OpenTelemetry's ``gen_ai`` attributes
    where they can say the same, else in MLflow's (``mlflow.spanType``, ``mlflow.spanInputs`` …).

    Args:
        spans: of any traces, in any order.

    Raises:
        InvalidArgument: an id is not written in hexadecimal digits.
    """
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    for origins in _by_origin(spans):
        first = origins[0][0]
        resource_spans = request.resource_spans.add(schema_url=text(first.resource_schema))
        resource_spans.resource.SetInParent()
        _add_pairs(resource_spans.resource.attributes, first.resource)
        for origin, members in origins:
            scope_spans = resource_spans.scope_spans.add(schema_url=text(origin.scope_schema))
            scope_spans.scope.name = text(origin.scope)
            scope_spans.scope.version = text(origin.version)
            _add_pairs(scope_spans.scope.attributes, origin.scope_attributes)
            for span in members:
                _fill(scope_spans.spans.add(), span)
    return request.SerializeToString()


def _by_origin(spans: Iterable[Span]) -> Iterator[list[tuple[SpanOrigin, list[Span]]]]:
    """Yield for each resource its scopes, with their spans."""
    seen: dict[int, list[Span]] = {}
    resources: dict[str, dict[str, tuple[SpanOrigin, list[Span]]]] = {}
    for span in spans:
        origin = span.origin or _NO_ORIGIN
        members = seen.get(id(origin))
        if members is None:
            scopes = resources.setdefault(repr((origin.resource, origin.resource_schema)), {})
            members = seen[id(origin)] = scopes.setdefault(repr(origin), (origin, []))[1]
        members.append(span)
    for scopes in resources.values():
        yield list(scopes.values())


def _json_span(span: Span) -> dict[str, Any]:
    attributes, events, links = span.dropped
    status = span.status
    return _filled(
        traceId=octets_of_id(span.trace_id).hex(),
        spanId=octets_of_id(span.span_id).hex(),
        parentSpanId=octets_of_id(span.parent_id or "").hex(),
        name=text(span.name),
        kind=_kind(span),
        startTimeUnixNano=str(span.start_time_ns),
        endTimeUnixNano=None if span.end_time_ns is None else str(span.end_time_ns),
        attributes=_json_pairs(told(span)),
        events=[
            _filled(name=text(event.name), timeUnixNano=str(event.timestamp), attributes=_json_pairs(event.attributes))
            for event in span.events
        ],
        links=[
            _filled(
                traceId=octets_of_id(link.trace_id).hex(),
                spanId=octets_of_id(link.span_id).hex(),
                traceState=text(link.trace_state),
                attributes=_json_pairs(link.attributes),
            )
            for link in span.links
        ],
        status=_filled(code=CODES.index(status.status_code), message=text(status.description)),
        traceState=text(span.trace_state),
        droppedAttributesCount=attributes,
        droppedEventsCount=events,
        droppedLinksCount=links,
    )


def _json_pairs(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": text(str(key)), "value": json_value(value)} for key, value in attributes.items()]


def _filled(**fields: Any) -> dict[str, Any]:
    """Return fields without those that are empty: to a reader of protobuf they are the same."""
    return {name: value for name, value in fields.items() if value}


def _fill(wire: Any, span: Span) -> None:
    wire.trace_id = octets_of_id(span.trace_id)
    wire.span_id = octets_of_id(span.span_id)
    wire.parent_span_id = octets_of_id(span.parent_id or "")
    wire.name = text(span.name)
    wire.kind = _kind(span)
    wire.start_time_unix_nano = span.start_time_ns
    wire.end_time_unix_nano = span.end_time_ns or 0
    wire.trace_state = text(span.trace_state)
    wire.dropped_attributes_count, wire.dropped_events_count, wire.dropped_links_count = span.dropped
    wire.status.code = CODES.index(span.status.status_code)
    wire.status.message = text(span.status.description)
    _add_pairs(wire.attributes, told(span))
    for event in span.events:
        added = wire.events.add(name=text(event.name), time_unix_nano=event.timestamp)
        _add_pairs(added.attributes, event.attributes)
    for link in span.links:
        added = wire.links.add(
            trace_id=octets_of_id(link.trace_id),
            span_id=octets_of_id(link.span_id),
            trace_state=text(link.trace_state),
        )
        _add_pairs(added.attributes, link.attributes)


def _add_pairs(pairs: Any, attributes: Mapping[str, Any]) -> None:
    for key, value in attributes.items():
        wire_value(pairs.add(key=text(str(key))).value, value)


def _kind(span: Span) -> int:
    return KINDS.index(span.kind) if span.kind in KINDS else 0
