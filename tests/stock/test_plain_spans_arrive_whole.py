"""Spans of OpenTelemetry's SDK, today's and that of a year ago, in protobuf, in JSON and over gRPC, all compressed."""

from __future__ import annotations

import pytest

from steelyard.records import Span

from .conftest import Sent

WIRES = ("SDK", "SDK of last year", "SDK with JSON", "SDK over gRPC")
VERSIONS = {"SDK of last year": "1.38.0"}


def _spans(sent: Sent, wire: str) -> dict[str, Span]:
    traces = sent.traces(wire)
    assert sorted(traces) == ["request 0", "request 1"]
    return {span.name: span for span in traces["request 1"].data.spans}


@pytest.mark.parametrize("wire", WIRES)
def test_a_trace_is_a_tree_with_times(sent: Sent, wire: str) -> None:
    spans = _spans(sent, wire)
    root = spans["request 1"]
    assert {name: (span.parent_id, span.kind) for name, span in spans.items()} == {
        "request 1": (None, "SERVER"),
        "work": (root.span_id, "INTERNAL"),
        "fails": (root.span_id, "INTERNAL"),
    }
    for span in spans.values():
        assert span.end_time_ns is not None
        assert root.start_time_ns <= span.start_time_ns <= span.end_time_ns <= (root.end_time_ns or 0)


@pytest.mark.parametrize("wire", WIRES)
def test_attributes_events_and_links_are_what_was_set(sent: Sent, wire: str) -> None:
    work = _spans(sent, wire)["work"]
    assert dict(work.attributes) == {
        "text": "naïve ✓",
        "whole": 2**62,
        "real": 0.1,
        "yes": True,
        "many": ["a", "b"],
    }
    (event,) = work.events
    assert (event.name, dict(event.attributes)) == ("half way", {"at": 0.5})
    assert work.start_time_ns <= event.timestamp <= (work.end_time_ns or 0)
    (link,) = work.links
    assert (link.trace_id, link.span_id, dict(link.attributes)) == (work.trace_id, work.parent_id, {"why": "same"})


@pytest.mark.parametrize("wire", WIRES)
def test_an_exception_is_an_error_with_its_stack(sent: Sent, wire: str) -> None:
    failed = _spans(sent, wire)["fails"]
    assert (failed.status.status_code, failed.status.description) == ("ERROR", "no such thing")
    (event,) = failed.events
    assert (event.attributes["exception.type"], event.attributes["exception.message"]) == (
        "ValueError",
        "no such thing",
    )


@pytest.mark.parametrize("wire", WIRES)
def test_what_made_the_spans_is_known(sent: Sent, wire: str) -> None:
    origin = _spans(sent, wire)["work"].origin
    assert origin is not None
    assert (origin.scope, origin.version, origin.resource["service.name"]) == ("shop.tracing", "7.1", "shop")
    assert origin.resource["telemetry.sdk.version"] == VERSIONS.get(wire, "1.45.1")
