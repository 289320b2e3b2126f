"""Requests as others write them: OpenTelemetry's own encoder, and plain JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status

from steelyard.records import Span
from steelyard.tracing.otlp import Decoded, decode

TRACE = 0x0AF7651916CD43DD8448EB211C80319C
TRACE_ID = f"tr-{TRACE:032x}"
START = 1_767_225_600_000_000_000


def context(span_id: int, trace_id: int = TRACE) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(1))


def sdk_span(
    span_id: int = 1,
    *,
    attributes: Mapping[str, Any] | None = None,
    resource: Mapping[str, Any] | None = None,
    parent: int | None = None,
    trace_id: int = TRACE,
    name: str = "step",
    events: Sequence[Event] = (),
    links: Sequence[Link] = (),
    kind: SpanKind = SpanKind.INTERNAL,
    status: Status | None = None,
) -> ReadableSpan:
    """Return a finished span of OpenTelemetry's SDK."""
    return ReadableSpan(
        name=name,
        context=context(span_id, trace_id),
        parent=None if parent is None else context(parent, trace_id),
        resource=Resource(dict(resource or {})),
        attributes=attributes,
        events=events,
        links=links,
        kind=kind,
        instrumentation_scope=InstrumentationScope("the.scope", "1.2", "https://schema/scope"),
        status=status or Status(),
        start_time=START + span_id,
        end_time=START + span_id + 5_000_000,
    )


def received(*spans: ReadableSpan) -> Decoded:
    """Send spans by OpenTelemetry's encoder, and read them."""
    return decode(encode_spans(spans).SerializeToString(), json=False)


def only(decoded: Decoded) -> Span:
    ((span,),) = [part.spans for part in decoded.parts]
    assert not decoded.rejected
    return span


def request(*spans: Mapping[str, Any], resource: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """Return a request in JSON."""
    scopes = [{"scope": {"name": "s"}, "spans": list(spans)}]
    return json.dumps({"resourceSpans": [{"resource": {"attributes": list(resource)}, "scopeSpans": scopes}]}).encode()


def json_span(span_id: str = "0000000000000001", **fields: Any) -> dict[str, Any]:
    """Return a span as OTLP's JSON has it."""
    return {
        "traceId": f"{TRACE:032x}",
        "spanId": span_id,
        "name": "step",
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(START + 1),
        **fields,
    }


def attribute(key: str, **value: Any) -> dict[str, Any]:
    return {"key": key, "value": value}
