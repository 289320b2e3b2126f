"""OTLP, the wire format of OpenTelemetry's traces, to and from our records: pure functions over bytes.

``decode`` reads a request and ``encode_answer`` writes what is answered; ``encode_json`` and ``encode_protobuf`` write
spans as a request that any receiver of OpenTelemetry takes. Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.tracing.otlp.answers import encode_answer, encode_status
    from steelyard.tracing.otlp.decoding import decode
    from steelyard.tracing.otlp.encoding import encode_json, encode_protobuf
    from steelyard.tracing.otlp.parts import Decoded, Part, Rejected

_HOMES = {
    "answers": ("encode_answer", "encode_status"),
    "decoding": ("decode",),
    "encoding": ("encode_json", "encode_protobuf"),
    "parts": ("Decoded", "Part", "Rejected"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Decoded",
    "Part",
    "Rejected",
    "decode",
    "encode_answer",
    "encode_json",
    "encode_protobuf",
    "encode_status",
]

__getattr__ = lazy_names(__name__, _HOME_OF)
