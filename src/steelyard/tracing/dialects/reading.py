"""Reading single attributes: numbers that may be texts, JSON that may be broken, lists that were laid out flat."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from steelyard.records import Usage
from steelyard.tracing.snapshot import decoded

_MOST_ITEMS = 100_000


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
        value = whole(attributes.get(key))
        if value is not None:
            return value
    return None


def whole(value: Any) -> int | None:
    """Return a number that is not negative as an integer, or None."""
    number = amount(value)
    return None if number is None or number >= 2**53 else int(number)


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
    if isinstance(value, str) and value[:1] in ("{", "["):
        return decoded(value)
    return plain(value)


def plain(value: Any) -> Any:
    """Return an attribute's value with lists where OpenTelemetry has tuples."""
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value


def unflatten(attributes: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
    """Return the items of a list that was laid out as ``prefix.0.a.b``, ``prefix.1.a.b``, each as nested dicts.

    Examples:
        >>> unflatten({"docs.1.document.id": "b", "docs.0.document.id": "a", "k": 3}, "docs")
        [{'document': {'id': 'a'}}, {'document': {'id': 'b'}}]
    """
    start = prefix + "."
    items: dict[int, dict[str, Any]] = {}
    for key, value in attributes.items():
        if not key.startswith(start):
            continue
        place, _, path = key[len(start) :].partition(".")
        if path and place.isascii() and place.isdigit() and len(place) < 7 and len(items) < _MOST_ITEMS:
            _put(items.setdefault(int(place), {}), path.split("."), value)
    return [items[place] for place in sorted(items)]


def _put(target: dict[str, Any], path: Iterable[str], value: Any) -> None:
    *inner, last = path
    for name in inner:
        below = target.get(name)
        if not isinstance(below, dict):
            below = target[name] = {}
        target = below
    target[last] = value


def listed(value: Any) -> list[Any]:
    """Return what ``unflatten`` left as ``{"0": …, "1": …}`` as a list."""
    if isinstance(value, dict):
        places = sorted((key for key in value if key.isascii() and key.isdigit()), key=int)
        return [value[place] for place in places]
    return list(value) if isinstance(value, (list, tuple)) else []
