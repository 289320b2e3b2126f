"""Values as JSON: what may stand in a row, its canonical text, and the text that files and pages show."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import json
import math
import os
import uuid
from collections.abc import Mapping, Set
from typing import Any

from steelyard.errors import DataError

_EXACT = 1 << 53
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False)
_JSON = {str, int, float, bool, list, dict, type(None)}
_TEXTUAL = (dt.date, dt.time, decimal.Decimal, uuid.UUID, os.PathLike)


def canonical(value: Any, field: str) -> str:
    """Return one text for a JSON value, the same whatever the order of keys and however whole numbers are written.

    Source: RFC 8785 (JSON Canonicalization Scheme) for the order of keys and for ``1.0`` being ``1``.

    Args:
        value: of JSON's types, or of those with an evident JSON form: tuples, numpy numbers and arrays, dataclasses,
            pydantic and attrs objects, enums, dates and UUIDs.
        field: what to call it in an error.

    Raises:
        DataError: it holds NaN, an infinity, a key that is not text, or something that JSON cannot say.

    Examples:
        >>> canonical({"b": 1.0, "a": ("x", None)}, "inputs")
        '{"a":["x",null],"b":1}'
    """
    try:
        return _ENCODER.encode(_plain(value, field, strict=True))
    except RecursionError:
        message = f"{field} is nested too deeply, or holds itself."
        raise DataError(message) from None


def lenient(value: Any) -> str:
    """Return one text for any value; what JSON cannot say stands as the name of its type."""
    try:
        return _ENCODER.encode(_plain(value, "", strict=False))
    except RecursionError:
        return f'{{"$type":"{type(value).__qualname__}"}}'


def shown(value: Any) -> str:
    """Return a value as people read it in a table: a text as it is, anything else as JSON.

    Examples:
        >>> shown("Paris"), shown({"city": "Zürich"}), shown(None)
        ('Paris', '{"city": "Zürich"}', 'null')
    """
    return value if isinstance(value, str) else json_text(value)


def json_text(value: Any) -> str:
    """Return any value as JSON; what JSON cannot say stands as its text."""
    try:
        return json.dumps(value, ensure_ascii=False, default=_evident_or_text)
    except (TypeError, ValueError, RecursionError):  # keys that are not text, or a value that holds itself
        return json.dumps(str(value), ensure_ascii=False)


def fields_of(value: Any) -> dict[str, Any] | None:
    """Return the fields of a dataclass, pydantic, attrs or named-tuple object, as they are; None for anything else.

    Examples:
        >>> from collections import namedtuple
        >>> fields_of(namedtuple("Case", "inputs name")({"x": 1}, "one"))
        {'inputs': {'x': 1}, 'name': 'one'}
    """
    kind = type(value)
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(kind):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(kind) if hasattr(value, f.name)}
    if isinstance(getattr(kind, "model_fields", None), Mapping):
        return {name: getattr(value, name) for name in kind.model_fields} | (getattr(value, "model_extra", None) or {})
    if hasattr(kind, "__attrs_attrs__"):
        return {a.name: getattr(value, a.name) for a in kind.__attrs_attrs__}
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return {name: getattr(value, name) for name in kind._fields}
    return None


def _plain(value: Any, at: str, *, strict: bool) -> Any:
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return _number(value, at, strict=strict)
    if kind is dict:
        return {_key(k, at, strict=strict): _plain(v, f"{at}.{k}", strict=strict) for k, v in value.items()}
    if kind is list or kind is tuple:
        return [_plain(item, f"{at}[{i}]", strict=strict) for i, item in enumerate(value)]
    other = evident(value)
    if other is not value:
        return _plain(other, at, strict=strict)
    if not strict:
        return {"$type": f"{kind.__module__}.{kind.__qualname__}"}
    message = (
        f"{at} is a {kind.__module__}.{kind.__qualname__}, which JSON cannot say: give texts, numbers, lists and dicts."
    )
    raise DataError(message)


def _number(value: float, at: str, *, strict: bool) -> Any:
    if math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if not strict:
        return {"$number": str(value)}
    message = f"{at} is {value}, which is not a number that JSON can say: leave it out, or write null."
    raise DataError(message)


def _key(key: Any, at: str, *, strict: bool) -> str:
    if isinstance(key, str):
        return str(key)
    if not strict:
        return str(key)
    message = f"{at} has the key {key!r}, a {type(key).__name__}: keys must be texts."
    raise DataError(message)


def evident(value: Any) -> Any:
    """Return the JSON value that an object evidently stands for, or the object itself if there is none."""
    if type(value) in _JSON:
        return value
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    found = fields_of(value)
    if found is not None:
        return found
    if isinstance(value, (str, int, float)):  # a subclass, such as a text with a marker
        return next(base(value) for base in (str, int, float) if isinstance(value, base))
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, Set):
        return sorted(value, key=lenient)
    if isinstance(value, _TEXTUAL):
        return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)
    if hasattr(value, "tolist") and hasattr(value, "dtype"):  # numpy
        return value.tolist()
    return value


def _evident_or_text(value: Any) -> Any:
    other = evident(value)
    return str(value) if other is value else other
