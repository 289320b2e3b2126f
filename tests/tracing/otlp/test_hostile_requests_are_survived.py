"""Whatever is sent, the answer is a clear reason: for the one span that is meant, else for the request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Wire
from tests.tracing.otlp.sent import START, TRACE, attribute, json_span, only, request

from steelyard.errors import InvalidArgument
from steelyard.tracing.otlp import Decoded, decode, encode_json, encode_protobuf
from steelyard.tracing.otlp.limits import DEEPEST

GOOD = "00000000000000ff"


def _wire(**fields: Any) -> Wire:
    base: dict[str, Any] = {
        "trace_id": TRACE.to_bytes(16, "big"),
        "span_id": b"\0\0\0\0\0\0\0\1",
        "name": "bad",
        "start_time_unix_nano": START,
    }
    return Wire(**{**base, **fields})


def _sent(*spans: Wire | bytes) -> bytes:
    """Return a request of these spans and a good one."""
    good = _wire(span_id=bytes.fromhex(GOOD), name="good").SerializeToString()
    datas = [span if isinstance(span, bytes) else span.SerializeToString() for span in spans]
    return _message(1, _message(2, *[_message(2, data) for data in (*datas, good)]))


def _message(number: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    length, written = len(content), bytearray([number << 3 | 2])
    while length > 0x7F:
        written.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([*written, length]) + content


def _nested(depth: int) -> AnyValue:
    value = AnyValue(string_value="deep")
    for _ in range(depth):
        outer = AnyValue()
        outer.array_value.values.add().CopyFrom(value)
        value = outer
    return value


def _deep(depth: int) -> Wire:
    span = _wire()
    span.attributes.add(key="deep").value.CopyFrom(_nested(depth))
    return span


def _very_deep(depth: int) -> bytes:
    """Return a span with a value nested so deep that the usual writer does not write it."""
    value = _message(1, b"deep")
    for _ in range(depth):
        value = _message(5, _message(1, value))
    return _wire().SerializeToString() + _message(9, _message(1, b"deep"), _message(2, value))


def _reason(decoded: Decoded) -> str:
    """Return why the one bad span was rejected; the good one is there."""
    assert (decoded.n_spans, [only_.span_id for part in decoded.parts for only_ in part.spans]) == (2, [GOOD])
    (rejected,) = decoded.rejected
    assert rejected.span
    return rejected.reason


_BAD: dict[str, tuple[Wire | bytes, str]] = {
    "no trace id": (_wire(trace_id=b""), "no trace_id"),
    **{
        f"a trace id of {n} bytes": (_wire(trace_id=b"\1" * n), f"trace_id has {n} bytes instead of 16")
        for n in (1, 7, 8, 15, 17, 32)
    },
    "a trace id of zeros": (_wire(trace_id=bytes(16)), "trace_id is all zero"),
    "no span id": (_wire(span_id=b""), "no span_id"),
    **{
        f"a span id of {n} bytes": (_wire(span_id=b"\1" * n), f"span_id has {n} bytes instead of 8")
        for n in (1, 7, 16, 32)
    },
    "a span id of zeros": (_wire(span_id=bytes(8)), "span_id is all zero"),
    "a parent id of 7 bytes": (_wire(parent_span_id=b"\1" * 7), "parent_span_id has 7 bytes"),
    "a start of 2^63": (_wire(start_time_unix_nano=2**63), "start time 9223372036854775808"),
    "an end of 2^64 - 1": (_wire(end_time_unix_nano=2**64 - 1), "end time 18446744073709551615"),
    "an event at 2^63": (_wire(events=[Wire.Event(time_unix_nano=2**63)]), "event's time"),
    "a name that is not UTF-8": (
        _wire(name="xx").SerializeToString().replace(b"xx", b"\xc3\x28"),
        "not valid UTF-8",
    ),
    "an attribute that is too deep": (_deep(DEEPEST + 1), "nested more than"),
    "an attribute that is 10,000 deep": (_very_deep(10_000), "nested too deep"),
}


@pytest.mark.parametrize("case", list(_BAD))
def test_a_bad_span_is_rejected_alone_and_with_its_reason(case: str) -> None:
    span, reason = _BAD[case]
    assert reason in _reason(decode(_sent(span), json=False))


_BAD_JSON: dict[str, tuple[dict[str, Any], str]] = {
    "no ids": ({"traceId": "", "spanId": ""}, "no trace_id"),
    "an id in base64": ({"traceId": "CvdlGRbNQ92ESOshHIAxnA=="}, "hexadecimal"),
    "an id that is too long": ({"spanId": "11" * 9}, "9 bytes instead of 8"),
    "an id that is a number": ({"spanId": 5}, "Expected `str`"),
    "a time before 1970": ({"startTimeUnixNano": "-1"}, "start time -1"),
    "a time of 2^63": ({"endTimeUnixNano": 2**63}, "end time 9223372036854775808"),
    "a time that is none": ({"startTimeUnixNano": "soon"}, "not an integer"),
    "a time of a thousand digits": ({"startTimeUnixNano": "9" * 1000}, "64 bits"),
    "a number beyond 64 bits": ({"attributes": [attribute("n", intValue=2**64)]}, "64 bits"),
    "half a number": ({"attributes": [attribute("n", intValue=1.5)]}, "not an integer"),
    "bytes that are none": ({"attributes": [attribute("b", bytesValue="%")]}, "base64"),
    "a double that is none": ({"attributes": [attribute("d", doubleValue="heavy")]}, "not a number"),
    "attributes that are none": ({"attributes": {"a": 1}}, "Expected `array"),
    "a value that is none": ({"attributes": [{"key": "a", "value": "b"}]}, "Expected `object"),
}


@pytest.mark.parametrize("case", list(_BAD_JSON))
def test_a_bad_span_in_json_is_rejected_alone_and_with_its_reason(case: str) -> None:
    fields, reason = _BAD_JSON[case]
    assert reason in _reason(decode(request({**json_span(), **fields}, json_span(GOOD)), json=True))


def test_spans_that_are_no_objects_are_rejected_alone() -> None:
    body = request(json_span(GOOD)).replace(b'"spans": [', b'"spans": [3, "x", [], ')
    decoded = decode(body, json=True)
    assert (decoded.n_spans, len(decoded.rejected), only_ids(decoded)) == (4, 3, [GOOD])


def only_ids(decoded: Decoded) -> list[str]:
    return [span.span_id for part in decoded.parts for span in part.spans]


_ODD: dict[str, dict[str, Any]] = {
    "its own parent": {"parentSpanId": "0000000000000001"},
    "an end before its start": {"endTimeUnixNano": "1"},
    "a time of 0": {"startTimeUnixNano": "0", "endTimeUnixNano": 0},
    "the last moment": {"endTimeUnixNano": str(2**63 - 1)},
    "no name": {"name": ""},
    "an unknown kind": {"kind": 99, "status": {"code": 99}},
    "a kind of another language": {"kind": "SPAN_KIND_ODD"},
    "NUL": {"name": "a\0b", "attributes": [attribute("\0", stringValue="\0")]},
    "half a surrogate pair": {"attributes": [attribute("cut", stringValue="\ud83d")]},
    "names of the language": {"attributes": [attribute("__proto__", stringValue="x"), attribute("__class__")]},
    "an index that is too far": {
        "attributes": [attribute("llm.input_messages.999999999.message.role", stringValue="user")]
    },
    "a long path": {"attributes": [attribute("llm.input_messages.0." + "a." * 5000 + "b", stringValue="x")]},
    "a link to nowhere": {"links": [{"traceId": "", "spanId": ""}]},
    "the same key twice": {"attributes": [attribute("k", intValue=1), attribute("k", intValue=2)]},
}


@pytest.mark.parametrize("case", list(_ODD))
def test_what_is_odd_but_harmless_is_kept(case: str) -> None:
    span = only(decode(request({**json_span(), **_ODD[case]}), json=True))
    assert span.span_id == "0000000000000001"
    assert only(decode(encode_json([span]), json=True)) == span
    assert only(decode(encode_protobuf([span]), json=False)) == span
    json.dumps(span.inputs)


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    span = only(decode(request({**json_span(), **_ODD["half a surrogate pair"]}), json=True))
    assert span.attributes == {"cut": "\ufffd"}


def test_spans_in_a_circle_are_all_kept() -> None:
    first, second = (
        json_span(parentSpanId="0000000000000002"),
        json_span("0000000000000002", parentSpanId="00" * 7 + "01"),
    )
    assert sorted(only_ids(decode(request(first, second), json=True))) == ["0000000000000001", "0000000000000002"]


def _list(depth: int) -> bytes:
    return b'{"resourceSpans":' + b"[" * depth + b"]" * depth + b"}"


_TRACES = _sent()
_REFUSED: dict[str, tuple[bytes, bool, str]] = {
    "truncated protobuf": (_TRACES[:-3], False, "truncated"),
    "noise as protobuf": (b"\xff" * 50, False, "not an OTLP request"),
    "JSON as protobuf": (b'{"resourceSpans": []}', False, "not an OTLP request"),
    "protobuf as JSON": (_TRACES, True, "not JSON"),
    "truncated JSON": (request(json_span())[:-3], True, "not JSON"),
    "a list": (b"[]", True, "Expected `object`"),
    "a text": (b'"traces"', True, "Expected `object`"),
    "spans that are no list": (b'{"resourceSpans": {"a": 1}}', True, "Expected `array"),
    "JSON that is not UTF-8": (b'{"resourceSpans": "\xff"}', True, "not JSON"),
    "JSON 10,000 deep": (_list(10_000), True, "nested too deep"),
    "unknown fields 10,000 deep": (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", True, "nested too deep"),
    "logs": (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]}', True, "holds logs"),
    "logs in snake case": (b'{"resource_logs": [{"trace_id": "ab"}]}', True, "holds logs"),
    "metrics": (b'{"resourceMetrics": []}', True, "holds metrics"),
}


@pytest.mark.parametrize("case", list(_REFUSED))
def test_a_request_that_is_none_is_refused_with_a_reason(case: str) -> None:
    body, as_json, reason = _REFUSED[case]
    with pytest.raises(InvalidArgument, match=reason):
        decode(body, json=as_json)


def _logs() -> bytes:
    body = ExportLogsServiceRequest()
    record = body.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=START, severity_text="INFO")
    record.body.string_value = "hello"
    record.trace_id, record.span_id = TRACE.to_bytes(16, "big"), b"\1" * 8
    return body.SerializeToString()


def _metrics() -> bytes:
    body = ExportMetricsServiceRequest()
    metric = body.resource_metrics.add().scope_metrics.add().metrics.add(name="latency", unit="ms")
    metric.gauge.data_points.add(as_double=0.5)
    return body.SerializeToString()


@pytest.mark.parametrize("made", [_logs, _metrics], ids=["logs", "metrics"])
def test_another_signal_gives_rejections_and_no_spans(made: Callable[[], bytes]) -> None:
    decoded = decode(made(), json=False)
    assert (decoded.parts, decoded.n_spans, len(decoded.rejected)) == ((), 1, 1)


_TINY = {"spans": b"\x12\x00", "attributes": b"\x4a\x00", "events": b"\x5a\x00"}


@pytest.mark.parametrize("what", list(_TINY))
def test_millions_of_empty_messages_are_refused_before_they_are_read(what: str) -> None:
    tiny = _TINY[what] * 1_100_000
    body = _message(1, _message(2, tiny if what == "spans" else _message(2, tiny)))
    with pytest.raises(InvalidArgument, match="smaller batches"):
        decode(body, json=False)


def test_millions_of_empty_objects_are_refused_before_they_are_read() -> None:
    body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[' + b"{}," * 1_100_000 + b"{}]}]}]}]}"
    with pytest.raises(InvalidArgument, match="smaller batches"):
        decode(body, json=True)


def test_a_span_with_very_many_attributes_is_rejected_alone() -> None:
    span = _wire().SerializeToString() + b"\x4a\x02\x0a\x00" * 150_000
    assert "150000 attributes" in _reason(decode(_sent(span), json=False))


def test_a_resource_that_cannot_be_read_takes_only_its_own_spans() -> None:
    resource = _message(1, _message(1, _message(1, b"\xff"), _message(2)))
    body = _message(1, resource, _message(2, _message(2, _wire().SerializeToString())))
    decoded = decode(body + _sent(), json=False)
    assert (decoded.n_spans, only_ids(decoded), len(decoded.rejected)) == (2, [GOOD], 1)
    body = request(json_span(GOOD), resource=[attribute("a", bytesValue="%")])
    (rejected,) = decode(body, json=True).rejected
    assert "resource" in rejected.reason


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_noise_is_refused_or_read_but_never_breaks(noise: bytes, at: int) -> None:
    whole = request(json_span(attributes=[attribute("a", arrayValue={"values": [{"intValue": 1}]})]))
    for body, as_json in ((_TRACES, False), (whole, True)):
        for changed in (noise, body[:at] + noise + body[at:], body[:at] + noise + body[at + len(noise) :]):
            try:
                decoded = decode(changed, json=as_json)
            except InvalidArgument:
                continue
            assert decoded.n_spans >= len(only_ids(decoded))


def test_unknown_fields_of_protobuf_are_ignored() -> None:
    sent = ExportTraceServiceRequest.FromString(_TRACES).SerializeToString() + _message(15, b"news")
    assert only_ids(decode(sent, json=False)) == [GOOD]
