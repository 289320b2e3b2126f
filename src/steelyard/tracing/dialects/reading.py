"""Reading single attributes: numbers that may be texts, JSON that may be broken, lists that were laid out flat."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from steelyard.records import Usage

_LARGEST = 2**53


def text(attributes: Mapping[str, Any], *keys: str) -> str | None:
    """Return the first of these that is there, as a text."""
    for key in keys:
        value = attributes.get(key)
        if value is not None and value != "":
            return value if isinstance(value, str) else str(value)
    return None


def count(attributes: Mapping[str, Any], *keys: str) -> int | None:
    """Return the first of these that is a number of tokens; anything else, and less than none, is not."""
    for key in keys:
        value = attributes.get(key)
        if value is None:
            continue
        if type(value) is int and 0 <= value < _LARGEST:
            return value
        value = whole(value)
        if value is not None:
            return value
    return None


def whole(value: Any) -> int | None:
    """Return a number that is not negative as an integer, or None."""
    number = amount(value)
    return None if number is None or number >= _LARGEST else int(number)


def amount(value: Any) -> float | None:
    """Return a finite number that is not negative, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def usage_of(
    *,
    input_tokens: int | None,
    output_tokens: int | None,
    cache_read: int | None = None,
    cache_write: int | None = None,
    reasoning: int | None = None,
    cost: float | None = None,
) -> Usage | None:
    """Return a usage, or None if nothing is known."""
    if input_tokens is None and output_tokens is None and cost is None:
        return None
    return Usage(
        input_tokens=input_tokens or 0,
        output_tokens=output_tokens or 0,
        cache_read_tokens=cache_read or 0,
        cache_write_tokens=cache_write or 0,
        reasoning_tokens=reasoning or 0,
        cost=cost,
    )


def loose(value: Any) -> Any:
    """Return a text that is a JSON object or list as what it says; any other value as it is."""
    if type(value) is str:
        if value[:1] not in ("{", "["):
            return value
        try:
            return _decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, UnicodeEncodeError, RecursionError):
            return value
    return plain(value)


def plain(value: Any) -> Any:
    """Return an attribute's value with lists where OpenTelemetry has tuples."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value


_SCALARS = frozenset((str, int, float, bool, type(None)))
_decode = msgspec.json.Decoder().decode


def listed(value: Any) -> list[Any]:
    """Return what ``unflatten`` left as ``{"0": …, "1": …}`` as a list."""
    if isinstance(value, dict):
        places = sorted((key for key in value if key.isascii() and key.isdigit()), key=int)
        return [value[place] for place in places]
    return list(value) if isinstance(value, (list, tuple)) else []
