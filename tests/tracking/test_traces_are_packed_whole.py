"""A trace that waits in a file is written as a line, and comes back as it was."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import (
    AssessmentError,
    AssessmentSource,
    Expectation,
    Feedback,
    Span,
    SpanEvent,
    SpanStatus,
    Trace,
    TraceData,
    TraceInfo,
    Usage,
)
from steelyard.records.trace import SpanLink, SpanOrigin
from steelyard.tracking.trace_packing import pack_trace, unpack_trace

HARD = {
    "not a number": [math.inf, -math.inf],
    "big": [2**63, 2**64, -(10**40)],
    "NUL": "a\x00b",
    "half a pair": "\ud83d",
    "lines": "a\nb\r\u2028c",
    "float": 0.1 + 0.2,
    "nested": {"a": [None, True, {"": []}]},
}


WORK = Span(trace_id="tr-1", span_id="1", parent_id=None, name="work", start_time_ns=1)
SMALL = Trace(TraceInfo(trace_id="tr-1", request_time=1), TraceData((WORK,)))


def test_a_trace_with_everything_in_it_returns_as_it_was() -> None:
    span = Span(
        trace_id="tr-1",
        span_id="1",
        parent_id="0",
        name="all",
        start_time_ns=2**62,
        end_time_ns=2**62 + 1,
        span_type="LLM",
        status=SpanStatus("ERROR", "a\x00b"),
        inputs=HARD,
        outputs=[HARD],
        attributes=HARD,
        events=(SpanEvent("exception", 5, {"a": 1}),),
        model="m",
        usage=Usage(input_tokens=1, cost=0.1),
        kind="CLIENT",
        links=(SpanLink("a", "b", {"c": [1]}),),
        origin=SpanOrigin(resource={"service.name": "x"}, scope="s"),
        trace_state="a=b",
        dropped=(1, 2, 3),
    )
    said = (
        Feedback("good", value=HARD, error=AssessmentError("E", "m"), source=AssessmentSource("HUMAN", "anna")),
        Expectation("answer", {"text": "42"}, trace_id="tr-1"),
    )
    info = TraceInfo(trace_id="tr-1", assessments=said, usage=Usage(), tags={"a": "\x00"}, state="OK")
    whole = Trace(info, TraceData((span,)))
    assert unpack_trace(pack_trace(whole)) == whole
    assert "\n" not in pack_trace(whole)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)


@given(JSON)
def test_values_return_as_they_were(value: Any) -> None:
    one = Trace(SMALL.info, TraceData((replace(WORK, inputs=value),)))
    assert unpack_trace(pack_trace(one)) == one


def test_a_line_of_another_version_is_read() -> None:
    line = pack_trace(SMALL).replace('"name":"work"', '"name":"work","colour":"blue"').replace('"kind":"INTERNAL",', "")
    assert unpack_trace(line) == SMALL
