"""Single values as OTLP writes them: in JSON, and in protobuf."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.tracing.otlp.limits import DEEPEST
from steelyard.tracing.otlp.octets import to_octets
from steelyard.tracing.snapshot import snapshot


def text(value: str) -> str:
    """Return a text that UTF-8 can hold: half a surrogate pair becomes a question mark."""
    return value if value.isascii() else value.encode(errors="replace").decode()


def octets_of_id(name: str) -> bytes:
    """Return the bytes of a trace's or a span's id.

    Raises:
        InvalidArgument: it is not written in hexadecimal digits.

    Examples:
        >>> octets_of_id("tr-0a0b"), octets_of_id("0c")
        (b'\\n\\x0b', b'\\x0c')
    """
    try:
        return bytes.fromhex(name.removeprefix("tr-"))
    except ValueError as error:
        raise InvalidArgument(
            f"The id {name[:60]!r} is not one of OpenTelemetry: it is not hexadecimal digits."
        ) from error


def json_value(value: Any, depth: int = 0) -> dict[str, Any]:
    """Return an attribute's value as OTLP's JSON has it (``AnyValue``)."""
    field, content = _shaped(value, depth)
    match field:
        case "none":
            return {}
        case "int":
            return {"intValue": str(content)}
        case "double" if not math.isfinite(content):
            return {"doubleValue": _not_finite(content)}
        case "bytes":
            return {"bytesValue": b64encode(content).decode()}
        case "array":
            return {"arrayValue": {"values": [json_value(item, depth + 1) for item in content]}}
        case "kvlist":
            pairs = [{"key": text(str(key)), "value": json_value(item, depth + 1)} for key, item in content.items()]
            return {"kvlistValue": {"values": pairs}}
    return {f"{field}Value": content}


def wire_value(wire: Any, value: Any, depth: int = 0) -> None:
    """Write an attribute's value into a message of protobuf (``AnyValue``)."""
    field, content = _shaped(value, depth)
    match field:
        case "none":
            wire.SetInParent()
        case "array":
            wire.array_value.SetInParent()
            for item in content:
                wire_value(wire.array_value.values.add(), item, depth + 1)
        case "kvlist":
            wire.kvlist_value.SetInParent()
            for key, item in content.items():
                wire_value(wire.kvlist_value.values.add(key=text(str(key))).value, item, depth + 1)
        case _:
            setattr(wire, f"{field}_value", content)


def _shaped(value: Any, depth: int) -> tuple[str, Any]:
    """Return which of OTLP's kinds of value this is, and its content as that."""
    match value:
        case None:
            return "none", None
        case bool():
            return "bool", value
        case str():
            return "string", text(value)
        case int():
            return ("int", value) if _fits(value) else ("string", str(value))
        case float():
            return "double", value
        case bytes():
            return "bytes", value
        case Mapping() if depth < DEEPEST:
            octets = to_octets(value)
            return ("kvlist", value) if octets is None else ("bytes", octets)
        case list() | tuple() if depth < DEEPEST:
            return "array", value
    return "string", text(snapshot(value))


def _fits(value: int) -> bool:
    return -(2**63) <= value < 2**63


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
