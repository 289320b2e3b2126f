"""Spans of OpenTelemetry's SDK alone, sent by the exporter that the first argument names, as many as the second."""

from __future__ import annotations

import json
import logging
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

EXPORTERS = {
    "http/protobuf": "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "http/json": "opentelemetry.exporter.otlp.json.http.trace_exporter",
    "grpc": "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
}


def request(tracer: Any, number: int) -> None:
    """Make one trace of three spans with all that a span of OpenTelemetry may hold."""
    with tracer.start_as_current_span(f"request {number}", kind=SpanKind.SERVER, attributes={"number": number}) as root:
        with tracer.start_as_current_span("work", links=[Link(root.get_span_context(), {"why": "same"})]) as work:
            work.set_attributes({"text": "naïve ✓", "whole": 2**62, "real": 0.1, "yes": True, "many": ("a", "b")})
            work.add_event("half way", {"at": 0.5})
        with tracer.start_as_current_span("fails") as failing:
            failing.record_exception(ValueError("no such thing"))
            failing.set_status(Status(StatusCode.ERROR, "no such thing"))


def main(wire: str, n_requests: int) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    exporter = import_module(EXPORTERS[wire]).OTLPSpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    # Few at a time and a long queue: many requests, and none given up by the sender itself.
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=10_000, max_export_batch_size=64))
    tracer = provider.get_tracer("shop.tracing", "7.1")
    for number in range(n_requests):
        request(tracer, number)
    flushed = provider.force_flush(60_000)
    provider.shutdown()
    print(json.dumps({"sdk": version("opentelemetry-sdk"), "flushed": flushed}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
