"""Secrets kept out of what people read."""

from __future__ import annotations

from urllib.parse import quote, quote_plus, urlsplit

SHOWN = "[secret]"
_LEAST = 4  # what is shorter is no secret, and would be found in any text


def redact(text: str, *secrets: str) -> str:
    """Return a text in which no secret can be read, however an address would spell it.

    Args:
        text: an error, say.
        secrets: what must not be in it. Of an address whatever stands behind its host is secret too; ``env:NAME`` is
            the name of a variable and no secret.

    Examples:
        >>> redact("cannot post to https://hooks.example/T1/abcd", "https://hooks.example/T1/abcd")
        'cannot post to [secret]'
        >>> redact("POST /T1/abcd failed", "https://hooks.example/T1/abcd")
        'POST [secret] failed'
    """
    for spelling in sorted({one for secret in secrets for one in _spellings(secret)}, key=len, reverse=True):
        text = text.replace(spelling, SHOWN)
    return text


def _spellings(secret: str) -> set[str]:
    if len(secret) < _LEAST or secret.startswith("env:"):
        return set()
    parts = {secret}
    if "://" in secret:
        address = urlsplit(secret)
        behind = address.path + (f"?{address.query}" if address.query else "")
        parts |= {behind, behind.lstrip("/"), address.path, address.path.rpartition("/")[2], address.query}
    spelt = {form for part in parts for form in _forms(part)}
    return {one for one in spelt if len(one) >= _LEAST}


def _forms(part: str) -> tuple[str, ...]:
    return (part, quote(part), quote(part, safe=""), quote_plus(part), repr(part)[1:-1])
