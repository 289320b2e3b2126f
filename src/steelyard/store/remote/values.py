"""Values on the wire: MessagePack between Steelyard and Steelyard, JSON for people, both exact.

Plain MessagePack knows neither integers beyond 64 bits nor half of a surrogate pair; here each is an extension type.
JSON is Python's own notation, with ``NaN`` and ``Infinity``. What has no form in JSON has none here either, and what
has one (a date, a set, an enumeration's member) arrives in that form, so that a store behind a server keeps what a
store at hand would have kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from steelyard.errors import InvalidArgument

_BIG_INTEGER, _ODD_TEXT, _ODD_KEYS = 1, 2, 3
_TIMES = (b"\xd6\xff", b"\xd7\xff", b"\xc7\x0c\xff")  # how an extension that stands for a time begins


def to_msgpack(value: Any, what: str) -> bytes:
    """Return a value as MessagePack.

    Args:
        value: JSON values, bytes, records, and what has an obvious form in JSON.
        what: its name for people.

    Raises:
        InvalidArgument: it has no form in JSON, or is nested too deep.
    """
    try:
        try:
            packed = _ENCODER.encode(value)
        except (UnicodeEncodeError, OverflowError):
            return _ENCODER.encode(_spelt(_builtins(value)))
        # A date within a value is text in JSON; MessagePack would make it another time zone's.
        return _ENCODER.encode(_spelt(_builtins(value))) if any(time in packed for time in _TIMES) else packed
    except RecursionError as error:
        raise InvalidArgument(f"The {what} is nested too deep, or holds itself. Give it as a flatter value.") from error
    except (TypeError, ValueError, msgspec.EncodeError) as error:
        raise InvalidArgument(
            f"The {what} cannot be kept as JSON ({error}). Turn it into JSON values first."
        ) from error


def from_msgpack(data: bytes) -> Any:
    """Return the value of ``to_msgpack``'s bytes.

    Raises:
        InvalidArgument: they are no MessagePack, or nested too deep.
    """
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, TypeError, RecursionError) as error:
        raise InvalidArgument(f"The body cannot be read as MessagePack: {error}.") from error


def to_json(value: Any) -> bytes:
    """Return a value as JSON in UTF-8."""
    plain = msgspec.to_builtins(value, enc_hook=_plain, str_keys=True)
    try:
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(plain, separators=(",", ":")).encode()


def from_json(data: bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        InvalidArgument: it is no JSON, or nested too deep.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"The body cannot be read as JSON: {error}.") from error


def _plain(value: Any) -> Any:
    """Return what stands for a value of a type that the encoder does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "tolist"):  # numpy's arrays and scalars
        return value.tolist()
    raise TypeError(f"a value of type {type(value).__name__}")


def _builtins(value: Any) -> Any:
    return msgspec.to_builtins(value, enc_hook=_plain, builtin_types=(bytes,))


def _spelt(value: Any) -> Any:
    """Return a value in which extensions stand for what MessagePack has no form for."""
    if isinstance(value, str):
        return value if _is_unicode(value) else msgspec.msgpack.Ext(_ODD_TEXT, value.encode("utf-8", "surrogatepass"))
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return msgspec.msgpack.Ext(_BIG_INTEGER, format(value, "x").encode())
    if isinstance(value, dict):
        spelt = [(_spelt(key), _spelt(one)) for key, one in value.items()]
        if not any(isinstance(key, msgspec.msgpack.Ext) for key, _ in spelt):
            return dict(spelt)
        return msgspec.msgpack.Ext(_ODD_KEYS, _ENCODER.encode(spelt))  # an extension cannot be a key
    if isinstance(value, (list, tuple)):
        return [_spelt(one) for one in value]
    return value


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


def _extension(code: int, data: memoryview) -> Any:
    if code == _BIG_INTEGER:
        return int(bytes(data), 16)
    if code == _ODD_TEXT:
        return bytes(data).decode("utf-8", "surrogatepass")
    if code == _ODD_KEYS:
        return dict(_DECODER.decode(data))
    raise ValueError(f"the extension type {code} is not known")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_plain)
_DECODER = msgspec.msgpack.Decoder(ext_hook=_extension)
