"""How large and how deep a value is that somebody else's file holds, measured without walking what is shared twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from steelyard.errors import DataError


def measured(value: Any) -> tuple[int, int]:
    """Return a value's characters and values as if nothing in it were shared, and how deep it is nested.

    YAML's aliases share what they stand for: a file of some hundred bytes may stand for billions of values, and is
    measured in a moment.

    Raises:
        DataError: it holds itself.

    Examples:
        >>> measured({"q": ["why", "so"]})
        (9, 2)
    """
    known: dict[int, tuple[int, int] | None] = {}  # None while it is being measured
    waiting = [(value, False)]
    while waiting:
        one, inner_done = waiting.pop()
        if not isinstance(one, (dict, list, tuple)) or (not inner_done and known.get(id(one)) is not None):
            continue
        if inner_done:
            known[id(one)] = _together(_parts(one), known)
            continue
        if id(one) in known:
            raise DataError("it holds itself.")
        known[id(one)] = None
        waiting.append((one, True))
        waiting.extend((part, False) for part in _parts(one) if isinstance(part, (dict, list, tuple)))
    return _of(value, known)


def _parts(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _together(parts: Iterable[Any], known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    size, depth = 1, 0
    for part in parts:
        more, deep = _of(part, known)
        size, depth = size + more, max(depth, deep)
    return size, depth + 1


def _of(value: Any, known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    if isinstance(value, (dict, list, tuple)):
        found = known[id(value)]
        if found is None:
            raise DataError("it holds itself.")
        return found
    return (len(value) + 1 if isinstance(value, (str, bytes)) else 1), 0
