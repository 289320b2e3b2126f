"""Values as JSON text that both databases keep and can look into, and that comes back as it was.

Plain JSON knows neither NaN nor infinities, PostgreSQL refuses a NUL character even as ``\\u0000``, and neither takes
half of a surrogate pair. A value that holds such a thing is wrapped whole: ``{"$steelyard": "…"}``, where the text
is Python's own notation. Free text that cannot be stored as it is gets a mark in front and the same notation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from steelyard.errors import InvalidArgument

T = TypeVar("T")

_WRAP = '{"$steelyard":'
_MARK = "\ue000json:"
_encode = msgspec.json.encode


def to_json(value: Any, what: str) -> str | None:
    """Return a value as JSON; None for None.

    Args:
        value: JSON values; also what has an obvious form in JSON, such as dates, dataclasses and numpy's scalars.
        what: its name for people.

    Raises:
        InvalidArgument: it has no form in JSON, or is nested too deep.
    """
    if value is None:
        return None
    try:
        data = _encode(value, enc_hook=_plain)
    except UnicodeEncodeError:
        return _wrapped(value, what)
    except RecursionError as error:
        raise _too_deep(what) from error
    except (TypeError, ValueError, msgspec.EncodeError) as error:
        raise _no_json(value, what, error) from error
    if b"null" in data and _not_finite(value):  # what is not finite has become null
        return _wrapped(value, what)
    text = data.decode()
    return _wrapped(value, what) if "\\u0000" in text or text.startswith(_WRAP) else text


def from_json(text: str | None) -> Any:
    """Return the value of ``to_json``'s text."""
    if text is None:
        return None
    value = msgspec.json.decode(text)
    return json.loads(value["$steelyard"]) if text.startswith(_WRAP) else value


def from_json_as(text: str, kind: type[T]) -> T:
    """Return the value of ``to_json``'s text as a record."""
    return msgspec.convert(from_json(text), kind) if text.startswith(_WRAP) else msgspec.json.decode(text, type=kind)


def to_text(text: str) -> str:
    """Return free text, such as an error message, in a form that every database keeps."""
    if "\x00" in text or text.startswith(_MARK):
        return _MARK + json.dumps(text)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _MARK + json.dumps(text)
    return text


def from_text(text: str) -> str:
    """Return the text that ``to_text`` was given."""
    return json.loads(text[len(_MARK) :]) if text.startswith(_MARK) else text


def _wrapped(value: Any, what: str) -> str:
    try:
        inner = json.dumps(_builtins(value))
    except RecursionError as error:
        raise _too_deep(what) from error
    except (TypeError, ValueError) as error:
        raise _no_json(value, what, error) from error
    return _encode({"$steelyard": inner}).decode()


def _builtins(value: Any) -> Any:
    return msgspec.to_builtins(value, enc_hook=_plain, str_keys=True)


def _not_finite(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False, default=_builtins)
    except TypeError:  # a key or a value that only the other encoder knows
        return "NaN" in (text := json.dumps(_builtins(value))) or "Infinity" in text
    except ValueError:
        return True
    return False


def _plain(value: Any) -> Any:
    """Return what stands for a value of a type that the encoder does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "tolist"):  # numpy's arrays and scalars
        return value.tolist()
    msg = f"a value of type {type(value).__name__}"
    raise TypeError(msg)


def _too_deep(what: str) -> InvalidArgument:
    return InvalidArgument(f"The {what} is nested too deep, or holds itself. Give it as a flatter value.")


def _no_json(value: Any, what: str, error: Exception) -> InvalidArgument:
    msg = (
        f"The {what} cannot be kept as JSON ({error}); it is a {type(value).__name__}. Turn it into JSON values first."
    )
    return InvalidArgument(msg)
