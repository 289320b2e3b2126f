"""What a receiver of OTLP answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from steelyard.tracing.otlp.parts import Rejected

_MOST_REASONS = 10
_LONGEST_REASON = 300
_LONGEST_MESSAGE = 4000
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


def encode_answer(rejected: Sequence[Rejected] = (), *, json: bool) -> bytes:
    """Write the answer to a request that was taken, whole or but for some spans (``ExportTraceServiceResponse``).

    Args:
        rejected: the spans that were not taken; the answer tells how many, and each reason with one of its spans.
        json: whether the request was JSON.

    Examples:
        >>> encode_answer([Rejected("chat", "It has no span_id.")], json=True)
        b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"1 span rejected. chat: It has no span_id."}}'
    """
    if not rejected:
        return b"{}" if json else b""
    message = _message(rejected)
    if json:
        return msgspec.json.encode({"partialSuccess": {"rejectedSpans": str(len(rejected)), "errorMessage": message}})
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTracePartialSuccess,
        ExportTraceServiceResponse,
    )

    partial = ExportTracePartialSuccess(rejected_spans=len(rejected), error_message=message)
    return ExportTraceServiceResponse(partial_success=partial).SerializeToString()


def encode_status(code: int, message: str, *, json: bool, retry_after_s: float | None = None) -> bytes:
    """Write the answer to a request that was not taken (``google.rpc.Status``).

    Args:
        code: of gRPC, such as 3 (invalid argument), 8 (resource exhausted) or 14 (unavailable).
        message: what is wrong and what to do.
        json: whether the request was JSON.
        retry_after_s: when to come again, in seconds, as ``google.rpc.RetryInfo``; not told unless given.

    Examples:
        >>> encode_status(14, "The server is busy.", json=True)
        b'{"code":14,"message":"The server is busy."}'
    """
    message = _utf8(message[:_LONGEST_MESSAGE])
    if json:
        status: dict[str, Any] = {"code": code, "message": message}
        if retry_after_s is not None:
            status["details"] = [{"@type": _RETRY_INFO, "retryDelay": f"{max(retry_after_s, 0):.9g}s"}]
        return msgspec.json.encode(status)
    return _field(1, code) + _field(2, message.encode()) + _retry_detail(retry_after_s)


def _retry_detail(seconds: float | None) -> bytes:
    if seconds is None:
        return b""
    whole, nanos = divmod(round(max(seconds, 0) * 1e9), 10**9)
    delay = _field(1, whole) + _field(2, nanos)
    return _field(3, _field(1, _RETRY_INFO.encode()) + _field(2, _field(1, delay)))


def _field(number: int, value: int | bytes) -> bytes:
    """Write one field of protobuf. The messages of ``google.rpc`` are too few to carry a package for them."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value) if value else b""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def _message(rejected: Sequence[Rejected]) -> str:
    """Return each reason with the first span that it was found in."""
    counts = Counter(each.reason for each in rejected)
    first = {each.reason: each.span for each in reversed(rejected)}
    told = [
        f"{first[reason][:100]}{f' and {n - 1} more' if n > 1 else ''}: {reason[:_LONGEST_REASON]}"
        for reason, n in counts.most_common(_MOST_REASONS)
    ]
    if len(counts) > _MOST_REASONS:
        told.append(f"… and {len(counts) - _MOST_REASONS} further reasons.")
    head = "1 span rejected." if len(rejected) == 1 else f"{len(rejected)} spans rejected."
    return _utf8(" ".join([head, *told]))[:_LONGEST_MESSAGE]


def _utf8(text: str) -> str:
    return text.encode(errors="replace").decode()
