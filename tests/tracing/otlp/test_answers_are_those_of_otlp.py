"""Answers are read by OpenTelemetry's own messages."""

from __future__ import annotations

import json

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from steelyard.tracing.otlp import Rejected, encode_answer, encode_status

REJECTED = (Rejected("chat", "Its span_id is all zero."), Rejected("step", "bad"), Rejected("step 2", "bad"))
MESSAGE = "3 spans rejected. step and 1 more: bad chat: Its span_id is all zero."


def test_an_answer_without_rejections_says_nothing() -> None:
    assert (encode_answer((), json=True), encode_answer((), json=False)) == (b"{}", b"")


def test_an_answer_tells_how_many_spans_were_rejected_and_why() -> None:
    partial = ExportTraceServiceResponse.FromString(encode_answer(REJECTED, json=False)).partial_success
    assert (partial.rejected_spans, partial.error_message) == (3, MESSAGE)
    assert json.loads(encode_answer(REJECTED, json=True)) == {
        "partialSuccess": {"rejectedSpans": "3", "errorMessage": MESSAGE}
    }


@pytest.mark.parametrize("as_json", [False, True], ids=["protobuf", "json"])
def test_an_answer_is_never_long(as_json: bool) -> None:
    many = [Rejected("\ud800" * 1000, f"{n} " + "reason " * 1000) for n in range(1000)]
    assert len(encode_answer(many, json=as_json)) < 6000


def _status(data: bytes) -> tuple[int, str, list[tuple[str, bytes]]]:
    """Read a ``google.rpc.Status`` by a description of it."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="status.proto", package="t", syntax="proto3")
    anything = file.message_type.add(name="Any")
    anything.field.add(name="type_url", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    anything.field.add(name="value", number=2, type=field.TYPE_BYTES, label=field.LABEL_OPTIONAL)
    status = file.message_type.add(name="Status")
    status.field.add(name="code", number=1, type=field.TYPE_INT32, label=field.LABEL_OPTIONAL)
    status.field.add(name="message", number=2, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    status.field.add(name="details", number=3, type=field.TYPE_MESSAGE, label=field.LABEL_REPEATED, type_name=".t.Any")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    read = message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Status")).FromString(data)
    told: list[tuple[str, bytes]] = [(each.type_url, each.value) for each in getattr(read, "details")]  # noqa: B009
    return getattr(read, "code"), getattr(read, "message"), told  # noqa: B009


def test_a_status_is_one_of_google_rpc() -> None:
    code, message, details = _status(encode_status(14, "Größe", json=False, retry_after_s=1.5))
    assert (code, message) == (14, "Größe")
    ((kind, value),) = details
    assert kind == "type.googleapis.com/google.rpc.RetryInfo"
    assert value[0] == 1 << 3 | 2
    assert duration_pb2.Duration.FromString(value[2:]).ToMilliseconds() == 1500
    assert _status(encode_status(3, "no", json=False)) == (3, "no", [])


def test_a_status_in_json() -> None:
    assert json.loads(encode_status(8, "full", json=True, retry_after_s=2)) == {
        "code": 8,
        "message": "full",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}],
    }
