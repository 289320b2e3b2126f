"""What went in and what came out, as JSON text, written down at the moment of the call.

Writing down never raises and never runs away: values that JSON has no place for become texts, what is too deep or too
large is cut, and values that are named like secrets are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

REDACTED = "[redacted]"
LARGEST = 8 * 2**20
"""Bytes of JSON for one value; beyond it the value is written again with long texts and lists cut."""

_DEEPEST = 24
_LONGEST_LIST = 1000
_LONGEST_TEXT = 10_000

_SECRETS = (
    "api_key",
    "apikey",
    "api-key",
    "password",
    "passwd",
    "secret",
    "secret_key",
    "access_key",
    "private_key",
    "_token",
    "authorization",
)
# How a secret's name ends. "prompt_tokens" is none, and one word "token" of a text that is taken apart is none either,
# unless it is a parameter of the function itself.
_ENDINGS = tuple(name.encode() for name in _SECRETS)
_PARAMETER_ENDINGS = (*_ENDINGS, b'"token')
_KEY_END = b'":'


def snapshot(value: object) -> str:
    """Return a value as JSON text, whatever it is.

    Args:
        value: anything. Dataclasses, pydantic models, mappings, arrays and the like become JSON; another object its
            ``repr``; NaN and infinities null. Values under names such as ``api_key`` or ``authorization`` are left out.

    Examples:
        >>> snapshot({"question": "why?", "k": 3, "api_key": "sk-1"})
        '{"question":"why?","k":3,"api_key":"[redacted]"}'
    """
    return _encode(value, parameters=False).decode()


def snapshot_arguments(arguments: Mapping[str, object]) -> str:
    """Return a call's arguments as JSON text; a parameter named ``token`` is a secret too."""
    return _encode(arguments, parameters=True).decode()


def json_value(value: object) -> Any:
    """Return a value as JSON's own types, a copy that later changes of the value do not reach."""
    if value is None or value is True or value is False or type(value) is int:
        return value
    return decoded(_encode(value, parameters=False))


def decoded(text: str | bytes) -> Any:
    """Return what a JSON text says, or the text itself if it is not JSON."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return text if isinstance(text, str) else text.decode(errors="replace")


def _encode(value: object, *, parameters: bool) -> bytes:
    try:
        text = _encoder.encode(value)
        if len(text) <= LARGEST and not _names_a_secret(text, parameters=parameters):
            return text
    except Exception:  # noqa: S110 - too deep, changed meanwhile, not text: the slower way can cope
        pass
    try:
        text = _plain_encoder.encode(_plain(value, 0, parameters=parameters, cut=False))
        if len(text) <= LARGEST:
            return text
        text = _plain_encoder.encode(_plain(value, 0, parameters=parameters, cut=True))
        return text if len(text) <= LARGEST else _plain_encoder.encode(f"<{type(value).__name__}, too large to keep>")
    except Exception:  # whatever an object does when it is looked at, the application goes on
        return _plain_encoder.encode(f"<{type(value).__name__} that could not be written down>")


def _names_a_secret(text: bytes, *, parameters: bool) -> bool:
    """Say whether a key may be a secret's; quickly, for nearly every value has none."""
    endings = _PARAMETER_ENDINGS if parameters else _ENDINGS
    end = text.find(_KEY_END)
    while end >= 0:
        if text[max(end - 16, 0) : end].lower().endswith(endings):
            return True
        end = text.find(_KEY_END, end + 2)
    return False


def _is_secret(name: str, *, parameters: bool) -> bool:
    low = name.lower()
    return low.endswith(_SECRETS) or (parameters and low == "token")


def _plain(value: Any, depth: int, *, parameters: bool, cut: bool) -> Any:
    """Return a value as JSON's own types, the slow and careful way."""
    if value is None or isinstance(value, (bool, float)):
        return value if not isinstance(value, float) or math.isfinite(value) else None
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else str(value)
    if isinstance(value, str):
        return _text(value, cut=cut)
    if depth >= _DEEPEST:
        return _shown(value)
    if isinstance(value, Mapping):
        return {
            _text(str(key), cut=True): REDACTED
            if isinstance(item, (str, bytes)) and _is_secret(str(key), parameters=parameters)
            else _plain(item, depth + 1, parameters=False, cut=cut)
            for key, item in _first(list(value.items()), cut=cut)
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, depth + 1, parameters=False, cut=cut) for item in _first(list(value), cut=cut)]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>" if cut else msgspec.to_builtins(bytes(value))
    simpler = _simpler(value)
    return (
        _text(simpler, cut=cut) if isinstance(simpler, str) else _plain(simpler, depth + 1, parameters=False, cut=cut)
    )


def _first(items: list[Any], *, cut: bool) -> Iterable[Any]:
    return items[:_LONGEST_LIST] if cut else items


def _text(text: str, *, cut: bool) -> str:
    if cut and len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]}… ({len(text)} characters)"
    return text.encode(errors="replace").decode()


def _simpler(value: Any) -> Any:
    """Return something closer to JSON for an object that JSON has no place for; at the worst its ``repr``.

    Only named ways are tried: an object of the application is not called upon to do anything else.
    """
    if isinstance(value, BaseException):
        return {"type": type(value).__name__, "message": str(value)}
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if type(value) in (tuple, range) or type(value).__name__ == "deque":
        return list(value)
    kind = type(value)
    if kind.__module__.partition(".")[0] == "numpy":
        return value.tolist() if getattr(value, "size", 1) <= _LONGEST_LIST else _shown(value)
    if callable(getattr(kind, "model_dump", None)):  # pydantic
        return value.model_dump(mode="json", warnings=False)
    if hasattr(kind, "__dataclass_fields__") or hasattr(kind, "__struct_fields__"):
        names = getattr(kind, "__struct_fields__", None) or kind.__dataclass_fields__
        return {name: getattr(value, name) for name in names if hasattr(value, name)}
    try:
        builtin = msgspec.to_builtins(value, enc_hook=_shown)
    except Exception:  # then its repr has to do
        return _shown(value)
    return _shown(value) if type(builtin) is kind else builtin


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # a repr may do anything
        return f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


def _hook(value: object) -> object:
    """Serve the fast encoder; what it returns is encoded in its turn."""
    try:
        return _simpler(value)
    except Exception:  # an object that cannot be looked at is named
        return f"<{type(value).__name__}>"


_encoder = msgspec.json.Encoder(enc_hook=_hook)
_plain_encoder = msgspec.json.Encoder()
