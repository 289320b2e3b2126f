"""JSON that a strict reader does not take, though what is meant is clear."""

from __future__ import annotations

import json
import re
from typing import Any

from steelyard.errors import InvalidArgument

_HALF = re.compile("[\ud800-\udfff]")
_DEEPEST = 300


def mended(body: bytes) -> Any:
    """Return a body's JSON values with keys in OTLP's own writing.

    Keys may be ``snake_case``, values null, numbers ``NaN`` or infinite; half a surrogate pair, which cutting a text
    in the middle of an emoji leaves, becomes the replacement character.

    Raises:
        InvalidArgument: it is not JSON, or nested too deep.

    Examples:
        >>> mended(b'{"trace_id": "ab", "name": null, "value": {"double_value": NaN}}')
        {'traceId': 'ab', 'value': {'doubleValue': 'NaN'}}
    """
    try:
        value = json.loads(body.decode(), parse_constant=str)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise InvalidArgument(f"The body is not JSON: {error}. Send OTLP's JSON, or protobuf as such.") from error
    return _mend(value, 0)


def _mend(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise _too_deep()
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mend(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_camel(key): _mend(item, depth + 1) for key, item in value.items() if item is not None}
    return value


def _camel(key: str) -> str:
    if "_" not in key:
        return key
    first, *others = key.split("_")
    return first + "".join(other.capitalize() for other in others)


def _too_deep() -> InvalidArgument:
    return InvalidArgument("The body is nested too deep to be read.")
