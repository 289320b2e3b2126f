"""Spans that OpenTelemetry's own encoder wrote are read whole, in protobuf and in JSON."""

from __future__ import annotations

import json
import re
from base64 import b64decode

import pytest
from google.protobuf import json_format
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.status import Status, StatusCode
from tests.tracing.otlp.sent import START, TRACE_ID, attribute, context, json_span, only, received, request, sdk_span
from tests.tracing.told_in_every_dialect import ANSWER, ASKED, DIALECTS, USAGE

from steelyard.records import SpanEvent, SpanStatus
from steelyard.records.trace import SpanLink, SpanOrigin
from steelyard.tracing import normalise
from steelyard.tracing.otlp import Decoded, decode


def _as_json(spans: list[ReadableSpan]) -> Decoded:
    """Send spans as protobuf's own JSON writer has them, with ids in hexadecimal digits as OTLP wants them."""
    text = json_format.MessageToJson(encode_spans(spans))
    hexadecimal = re.sub(
        r'"((?:parentS|s)panId|traceId)": "([^"]+)"',
        lambda found: f'"{found[1]}": "{b64decode(found[2]).hex()}"',
        text,
    )
    return decode(hexadecimal.encode(), json=True)


@pytest.mark.parametrize("json_is_sent", [False, True], ids=["protobuf", "json"])
def test_a_span_of_the_sdk_is_read_whole(json_is_sent: bool) -> None:
    sent = sdk_span(
        2,
        parent=1,
        name="GET /größe",
        kind=SpanKind.CLIENT,
        attributes={"text": "größe", "n": -(2**63), "x": 0.25, "yes": True, "no": False, "list": [1, 2], "empty": ""},
        resource={"service.name": "shop", "host.ports": [80, 443]},
        events=[Event("exception", {"exception.type": "ValueError"}, START + 3)],
        links=[Link(context(7, 9), {"why": "retry"})],
        status=Status(StatusCode.ERROR, "too heavy"),
    )
    span = only(_as_json([sent]) if json_is_sent else received(sent))
    assert (span.trace_id, span.span_id, span.parent_id) == (TRACE_ID, "0000000000000002", "0000000000000001")
    assert (span.name, span.kind, span.status) == ("GET /größe", "CLIENT", SpanStatus("ERROR", "too heavy"))
    assert (span.start_time_ns, span.end_time_ns) == (sent.start_time, sent.end_time)
    assert span.attributes == {
        "text": "größe",
        "n": -(2**63),
        "x": 0.25,
        "yes": True,
        "no": False,
        "list": [1, 2],
        "empty": "",
    }
    assert span.events == (SpanEvent("exception", START + 3, {"exception.type": "ValueError"}),)
    assert span.links == (SpanLink(f"tr-{9:032x}", f"{7:016x}", {"why": "retry"}),)
    assert span.origin == SpanOrigin(
        resource={"service.name": "shop", "host.ports": [80, 443]},
        scope="the.scope",
        version="1.2",
        scope_schema="https://schema/scope",
    )


@pytest.mark.parametrize("dialect", list(DIALECTS))
@pytest.mark.parametrize("json_is_sent", [False, True], ids=["protobuf", "json"])
def test_a_chat_means_the_same_in_every_dialect(dialect: str, json_is_sent: bool) -> None:
    attributes, events = DIALECTS[dialect]
    plain = {key: json.dumps(value) if isinstance(value, tuple) else value for key, value in attributes.items()}
    sent = sdk_span(
        attributes=plain,
        events=[
            Event(event.name, {key: value for key, value in event.attributes.items() if value is not None}, START + 1)
            for event in events
        ],
    )
    decoded = _as_json([sent]) if json_is_sent else received(sent)
    span = only(decoded)
    assert (span.span_type, span.model) == ("CHAT_MODEL", "gpt-4o-mini-2024-07-18")
    assert (span.inputs, span.outputs) == ({"messages": ASKED}, {"messages": [ANSWER]})
    assert span.usage is not None
    assert span.usage.cost == pytest.approx(20 * 0.15e-6 - 8 * 0.075e-6 + 7 * 0.6e-6, rel=0.5)
    assert (span.usage.input_tokens, span.usage.output_tokens) == (USAGE.input_tokens, USAGE.output_tokens)
    assert span.usage.cache_read_tokens == USAGE.cache_read_tokens
    assert span.attributes == plain
    assert decoded.parts[0].metadata == {"mlflow.trace.session": "s-1"}
    assert span.inputs == normalise(plain, events=span.events).inputs


def test_spans_of_one_scope_share_their_origin() -> None:
    first, second = received(sdk_span(1), sdk_span(2, parent=1)).parts[0].spans
    assert first.origin is second.origin


def test_parents_come_before_their_children() -> None:
    part = received(sdk_span(3, parent=2), sdk_span(2, parent=1), sdk_span(1)).parts[0]
    assert [span.span_id[-1] for span in part.spans] == ["1", "2", "3"]


def test_of_a_span_that_is_there_twice_the_later_is_taken() -> None:
    decoded = received(sdk_span(1, name="first"), sdk_span(1, name="second"))
    assert (only(decoded).name, decoded.n_spans) == ("second", 2)


def test_a_request_without_a_body_has_no_spans() -> None:
    assert decode(b"", json=False) == decode(b"", json=True) == decode(b"{}", json=True) == Decoded()


def test_json_may_be_written_in_many_ways() -> None:
    usual = request(
        json_span(
            kind=3,
            status={"code": 2, "message": "m"},
            attributes=[
                attribute("n", intValue="12"),
                attribute("b", bytesValue="AP8="),
                attribute("m", kvlistValue={"values": [attribute("k", stringValue="v")]}),
                attribute("a", arrayValue={"values": [{"doubleValue": 1.5}]}),
            ],
            droppedAttributesCount=2,
        )
    )
    text = usual.decode()
    snake = re.sub(r'"(\w+)":', lambda key: '"' + re.sub("[A-Z]", lambda c: f"_{c[0].lower()}", key[1]) + '":', text)
    written = {
        "names of enumerations": text.replace('"kind": 3', '"kind": "SPAN_KIND_CLIENT"').replace(
            '"code": 2', '"code": "STATUS_CODE_ERROR"'
        ),
        "numbers": text.replace('"12"', "12").replace(f'"{START}"', str(START)),
        "snake case": snake,
        "nulls": text.replace('"name": "step"', '"name": "step", "events": null, "links": null, "traceState": null'),
        "unknown fields": text.replace('"name": "step"', '"name": "step", "flags": 256, "news": {"a": [1]}'),
        "capital ids": text.replace("0af7651916cd43dd8448eb211c80319c", "0AF7651916CD43DD8448EB211C80319C"),
    }
    expected = decode(usual, json=True)
    span = only(expected)
    assert (span.kind, span.status, span.dropped) == ("CLIENT", SpanStatus("ERROR", "m"), (2, 0, 0))
    assert span.attributes == {"n": 12, "b": {"$bytes": "AP8="}, "m": {"k": "v"}, "a": [1.5]}
    for way, body in written.items():
        assert body != text, way
        assert decode(body.encode(), json=True) == expected, way


def test_numbers_that_json_has_not_are_read() -> None:
    values = [attribute("a", doubleValue="NaN"), attribute("b", doubleValue="-Infinity"), attribute("c", doubleValue=1)]
    told = only(decode(request(json_span(attributes=values)), json=True)).attributes
    assert [str(told[key]) for key in "abc"] == ["nan", "-inf", "1.0"]
    bare = request(json_span(attributes=values)).replace(b'"NaN"', b"NaN").replace(b'"-Infinity"', b"-Infinity")
    assert [str(value) for value in only(decode(bare, json=True)).attributes.values()] == ["nan", "-inf", "1.0"]
