"""Signatures of webhooks, and how a receiver verifies them.

Each request has ``Steelyard-Signature: t=<seconds since 1970>,v1=<hexadecimal>``, where v1 is HMAC-SHA256 (RFC 2104)
with the channel's secret over ``<t>.<body>``, the body as its bytes arrived. ``Steelyard-Delivery`` is the same for
every attempt at a message: whoever has seen it has seen the message.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time

SIGNATURE_HEADER = "Steelyard-Signature"
DELIVERY_HEADER = "Steelyard-Delivery"
_TOLERANCE_SECONDS = 300.0
_TIME = re.compile(r"\d{1,15}")


def sign(body: bytes, secret: str, *, seconds: int) -> str:
    """Return the signature of a body as its header says it.

    Examples:
        >>> sign(b"{}", "secret", seconds=1700000000)[:20]
        't=1700000000,v1=b856'
    """
    return f"t={seconds},v1={_code(body, secret, str(seconds))}"


def verify_signature(
    body: bytes, header: str, secret: str, tolerance: float = _TOLERANCE_SECONDS, *, now: float | None = None
) -> bool:
    """Whether a request to a webhook was signed with its secret, and not too long ago.

    Call it with the bytes that arrived, before they are read as JSON. It takes the same time whatever is wrong.

    Args:
        body: as it arrived.
        header: what ``Steelyard-Signature`` said; empty if there was none.
        secret: that was given with the channel.
        tolerance: seconds that the sender's clock and yours may differ, so that an old request cannot be sent again.
        now: seconds since 1970; the clock unless told.

    Examples:
        >>> header = sign(b"{}", "secret", seconds=1700000000)
        >>> verify_signature(b"{}", header, "secret", now=1700000010)
        True
        >>> verify_signature(b"{ }", header, "secret", now=1700000010)
        False
    """
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for key, _, value in parts if key == "t"]
    codes = [value for key, _, value in parts if key == "v1"]
    if not secret or len(times) != 1 or not _TIME.fullmatch(times[0]):
        return False
    wanted = _code(body, secret, times[0]).encode()
    matches = [hmac.compare_digest(wanted, code.encode(errors="replace")) for code in codes]
    moment = time.time() if now is None else now
    return any(matches) and abs(moment - int(times[0])) <= tolerance


def _code(body: bytes, secret: str, seconds: str) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
