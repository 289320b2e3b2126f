"""Writing what was read gives the same, in both formats; and spans of our own are told so that they are read again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.tracing.otlp.sent import START, TRACE_ID, only
from tests.tracing.told_in_every_dialect import ANSWER, ASKED, DIALECTS, USAGE

from steelyard.errors import InvalidArgument
from steelyard.records import Span, SpanEvent, SpanStatus, Usage
from steelyard.records.trace import SpanLink, SpanOrigin
from steelyard.tracing.otlp import Decoded, decode, encode_json, encode_protobuf

_texts = st.text(st.characters(codec="utf-8"), max_size=12)
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | _texts
    | st.just({"$bytes": "c3RlZWw="})
    | st.just({"$bytes": "not base64"}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_told = [
    {key: list(value) if isinstance(value, tuple) else value for key, value in attributes.items()}
    for attributes, _ in DIALECTS.values()
]
_attributes = st.dictionaries(_texts | st.sampled_from([key for told in _told for key in told]), _values, max_size=6)
_times = st.integers(0, 2**63 - 1)
_origins = st.builds(
    SpanOrigin,
    resource=_attributes,
    scope=_texts,
    version=_texts,
    scope_attributes=_attributes,
    resource_schema=_texts,
    scope_schema=_texts,
)
_ids = st.integers(1, 2**64 - 1).map(lambda n: f"{n:016x}")
_spans = st.builds(
    Span,
    trace_id=st.integers(1, 2**128 - 1).map(lambda n: f"tr-{n:032x}"),
    span_id=_ids,
    parent_id=st.none() | _ids,
    name=_texts,
    start_time_ns=_times,
    end_time_ns=st.none() | st.integers(1, 2**63 - 1),
    status=st.builds(SpanStatus, st.sampled_from(["UNSET", "OK", "ERROR"]), _texts),
    attributes=_attributes | st.sampled_from(_told),
    events=st.lists(st.builds(SpanEvent, _texts, _times, _attributes), max_size=2).map(tuple),
    kind=st.sampled_from(["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]),
    links=st.lists(
        st.builds(SpanLink, st.just(TRACE_ID), _ids, _attributes, trace_state=_texts),
        max_size=2,
    ).map(tuple),
    origin=_origins,
    trace_state=_texts,
    dropped=st.tuples(*[st.integers(0, 2**32 - 1)] * 3),
)


def _spans_of(decoded: Decoded) -> dict[tuple[str, str], Span]:
    assert not decoded.rejected
    return {(span.trace_id, span.span_id): span for part in decoded.parts for span in part.spans}


@settings(max_examples=40)
@given(st.lists(_spans, max_size=3))
def test_decoding_what_was_encoded_gives_the_same(spans: list[Span]) -> None:
    read = _spans_of(decode(encode_protobuf(spans), json=False))
    assert _spans_of(decode(encode_json(spans), json=True)) == read
    assert _spans_of(decode(encode_protobuf(read.values()), json=False)) == read
    assert _spans_of(decode(encode_json(read.values()), json=True)) == read


@settings(max_examples=50)
@given(_spans)
def test_everything_that_a_span_was_sent_with_is_kept(span: Span) -> None:
    neutral = {f"app.{key}": value for key, value in span.attributes.items()}
    given_ = replace(span, attributes=neutral)
    assert only(decode(encode_protobuf([given_]), json=False)) == given_


def test_bytes_are_bytes_on_the_wire() -> None:
    span = Span(
        trace_id=TRACE_ID,
        span_id="0" * 15 + "1",
        parent_id=None,
        name="",
        start_time_ns=0,
        attributes={"b": {"$bytes": "AP8="}, "not": {"$bytes": "%"}},
    )
    sent = ExportTraceServiceRequest.FromString(encode_protobuf([span]))
    values = {pair.key: pair.value for pair in sent.resource_spans[0].scope_spans[0].spans[0].attributes}
    assert values["b"].bytes_value == b"\x00\xff"
    assert values["not"].WhichOneof("value") == "kvlist_value"


def test_spans_are_grouped_by_what_made_them() -> None:
    shop = SpanOrigin(resource={"service.name": "shop"}, scope="a")
    origins = [shop, SpanOrigin(resource={"service.name": "shop"}, scope="b"), SpanOrigin(scope="a"), replace(shop)]
    spans = [
        Span(trace_id=TRACE_ID, span_id=f"{n:016x}", parent_id=None, name="", start_time_ns=n, origin=origin)
        for n, origin in enumerate(origins, start=1)
    ]
    sent = ExportTraceServiceRequest.FromString(encode_protobuf(spans))
    shape = [[(scope.scope.name, len(scope.spans)) for scope in each.scope_spans] for each in sent.resource_spans]
    assert shape == [[("a", 2), ("b", 1)], [("a", 1)]]


_USAGE = replace(USAGE, cost=0.5)
_OWN: dict[str, dict[str, Any]] = {
    "a chat": {
        "span_type": "CHAT_MODEL",
        "inputs": {"messages": ASKED, "tools": [{"type": "function"}]},
        "outputs": {"messages": [ANSWER]},
        "model": "gpt-4o-mini",
        "usage": _USAGE,
    },
    "a chat in another form": {
        "span_type": "CHAT_MODEL",
        "inputs": {"messages": ASKED, "temperature": 0.5},
        "outputs": {"choices": []},
        "model": "unheard-of",
        "usage": Usage(input_tokens=1),
    },
    "a tool": {"span_type": "TOOL", "inputs": {"query": "a"}, "outputs": "text"},
    "a retriever": {
        "span_type": "RETRIEVER",
        "inputs": "why?",
        "outputs": [{"page_content": "text", "id": "d", "score": 0.5}],
    },
    "a function": {"span_type": "CHAIN", "inputs": {"k": [1, None]}, "outputs": "3", "attributes": {"mine": "1"}},
    "a word of its own": {"span_type": "weighing", "inputs": 3, "outputs": None},
    "nothing": {},
}


@pytest.mark.parametrize("case", list(_OWN))
def test_our_own_spans_are_read_as_they_were(case: str) -> None:
    span = Span(
        trace_id=TRACE_ID,
        span_id="00000000000000aa",
        parent_id=None,
        name=case,
        start_time_ns=START,
        end_time_ns=START + 1,
        status=SpanStatus("OK"),
        **_OWN[case],
    )
    for read in (decode(encode_protobuf([span]), json=False), decode(encode_json([span]), json=True)):
        found = only(read)
        assert replace(found, attributes=span.attributes, origin=None) == span
        assert span.attributes.items() <= found.attributes.items()


def test_our_own_chats_are_told_in_the_newest_names() -> None:
    span = Span(
        trace_id=TRACE_ID, span_id="00000000000000aa", parent_id=None, name="", start_time_ns=1, **_OWN["a chat"]
    )
    told = only(decode(encode_protobuf([replace(span, usage=USAGE)]), json=False)).attributes
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.usage.cache_write.input_tokens"] == USAGE.cache_write_tokens
    assert not [key for key in told if key.startswith("mlflow.")]


def test_what_json_or_protobuf_cannot_say_is_said_as_text() -> None:
    span = Span(
        trace_id=TRACE_ID,
        span_id="00000000000000aa",
        parent_id=None,
        name="cut \ud83d",
        start_time_ns=1,
        attributes={"big": 2**70, "half": "\ud83d", "nan": math.nan, "set": {1}},
    )
    for read in (decode(encode_protobuf([span]), json=False), decode(encode_json([span]), json=True)):
        found = only(read)
        assert found.name == "cut ?"
        nan = found.attributes["nan"]
        assert math.isnan(nan)
        assert found.attributes == {"big": str(2**70), "half": "?", "nan": nan, "set": "[1]"}


def test_an_id_that_is_none_of_opentelemetrys_is_refused() -> None:
    span = Span(trace_id="tr-of-mine", span_id="1", parent_id=None, name="", start_time_ns=1)
    for encode in (encode_json, encode_protobuf):
        with pytest.raises(InvalidArgument, match="tr-of-mine"):
            encode([span])
