"""A request of OTLP as records."""

from __future__ import annotations

from steelyard.tracing.otlp.gathering import Gathering
from steelyard.tracing.otlp.parts import Decoded


def decode(body: bytes, *, json: bool) -> Decoded:
    """Read an OTLP request of traces (``ExportTraceServiceRequest``).

    A span that cannot be taken is rejected alone, with its reason; the others are kept. Spans keep all their
    attributes as they came, besides what they mean. Of a span that is there twice the later is taken.

    Args:
        body: the request, not compressed. Nothing at all is a request without spans.
        json: whether it is OTLP's JSON; protobuf otherwise.

    Raises:
        InvalidArgument: it is no such request; the message says why.

    Examples:
        >>> decode(b'{"resourceSpans": []}', json=True)
        Decoded(parts=(), rejected=(), n_spans=0)
    """
    gathering = Gathering()
    if not body:
        return gathering.decoded()
    if json:
        from steelyard.tracing.otlp.from_json import read_json

        read_json(body, gathering)
    else:
        from steelyard.tracing.otlp.from_protobuf import read_protobuf

        read_protobuf(body, gathering)
    return gathering.decoded()
