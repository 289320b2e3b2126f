"""Bytes among attributes: in a form that JSON has a place for, and that is known again when they are sent on."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from typing import Any

from steelyard.tracing.otlp.limits import Unreadable

_KEY = "$bytes"


def from_octets(octets: bytes) -> dict[str, str]:
    """Return bytes as they are kept.

    Examples:
        >>> from_octets(b"steel")
        {'$bytes': 'c3RlZWw='}
    """
    return {_KEY: b64encode(octets).decode()}


def to_octets(value: Any) -> bytes | None:
    """Return the bytes that a value stands for; None if it stands for none."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    text = value.get(_KEY)
    if not isinstance(text, str):
        return None
    try:
        octets = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets if b64encode(octets).decode() == text else None


def octets_of_base64(text: str) -> bytes:
    """Return what a base64 text says, with the usual or the URL's alphabet, padded or not."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("The bytes of an attribute are not written in base64.") from error
