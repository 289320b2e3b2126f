"""Compressed bodies, opened in bounded steps."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from steelyard.wires.otlp.refusals import Refusal, Why, malformed, too_large

ENCODINGS = ("identity", "gzip", "deflate")
_STEP_IN = 64 * 2**10
_STEP_OUT = 2**20
_MOST_MEMBERS = 100
_GZIP, _ZLIB, _RAW = 31, 15, -15


def check_encoding(encoding: str) -> str:
    """Return a Content-Encoding in its plain form.

    Raises:
        Refusal: it is not one of ours, or more than one.
    """
    plain = encoding.strip().lower() or "identity"
    plain = {"x-gzip": "gzip"}.get(plain, plain)
    if plain not in ENCODINGS:
        raise Refusal(Why.UNSUPPORTED, f"Content-Encoding {encoding[:80]!r} is not read here; use gzip or none.")
    return plain


def inflate(body: bytes, encoding: str, *, most: int, held: Callable[[int], None] = lambda n: None) -> bytes:
    """Return what a body holds.

    Args:
        body: as it came.
        encoding: one of ``ENCODINGS``.
        most: bytes that it may hold.
        held: told after each step how many bytes there are; it may refuse.

    Raises:
        Refusal: the body is damaged, or holds more than ``most``; no more than a step beyond it is ever inflated.
    """
    if encoding == "identity" or not body:
        if len(body) > most:
            raise too_large(most)
        return body
    parts: list[bytes] = []
    size = 0
    try:
        for part in _parts(body, _GZIP if encoding == "gzip" else _deflate_kind(body)):
            size += len(part)
            if size > most:
                raise too_large(most)
            held(size)
            parts.append(part)
    except zlib.error as error:
        raise malformed(f"The body is not sound {encoding} data ({error}).") from None
    return b"".join(parts)


def _parts(body: bytes, kind: int) -> Iterator[bytes]:
    """Yield what the members of a body hold (gzip may have several), never more than a step at a time."""
    view, members = memoryview(body), 1
    member = zlib.decompressobj(kind)
    position = 0
    while position < len(view):
        piece: bytes | memoryview = view[position : position + _STEP_IN]
        position += len(piece)
        while not member.eof:
            part = member.decompress(piece, _STEP_OUT)
            yield part
            piece = member.unconsumed_tail
            if not piece and len(part) < _STEP_OUT:
                break
        if not member.eof:
            continue
        position -= len(member.unused_data)
        if position == len(view) or not any(view[position:]):  # some writers fill up with zeros
            return
        members += 1
        if kind != _GZIP or members > _MOST_MEMBERS:
            raise malformed("The compressed body goes on after its end.")
        member = zlib.decompressobj(kind)
    if not member.eof:
        raise malformed("The compressed body ends before its end.")


def _deflate_kind(body: bytes) -> int:
    """HTTP means zlib's form by deflate, and some senders leave its frame out."""
    framed = len(body) > 1 and body[0] & 15 == 8 and (body[0] * 256 + body[1]) % 31 == 0
    return _ZLIB if framed else _RAW
