"""Whether a request is worth reading: twenty megabytes of empty spans would become two gigabytes of objects."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.tracing.otlp.limits import HARMLESS_SIZE, MOST_OBJECTS, MOST_SPANS

_LENGTH, _VARINT, _EIGHT, _FOUR, _GROUPS = 2, 0, 1, 5, (3, 4)


def check_number_of_spans(n_spans: int) -> None:
    """Refuse a request with very many spans.

    Raises:
        InvalidArgument: there are too many.
    """
    if n_spans > MOST_SPANS:
        raise InvalidArgument(f"The request holds more than {MOST_SPANS:,} spans. Send them in smaller batches.")


def check_bulk_of_json(body: bytes, *, most: int = MOST_OBJECTS) -> None:
    """Refuse a text of very many objects and lists.

    Raises:
        InvalidArgument: there are too many.
    """
    if len(body) > HARMLESS_SIZE and body.count(b"{") + body.count(b"[") > most:
        raise _too_many(most)


def check_bulk_of_protobuf(body: bytes, descriptor: Any) -> None:
    """Refuse a body of very many messages. Only a body of some size is looked at, and no further than the limit.

    Args:
        body: on the wire; where it is damaged the reader will say so.
        descriptor: of the message that it holds.

    Raises:
        InvalidArgument: there are too many.
    """
    if len(body) <= HARMLESS_SIZE:
        return
    try:
        _count(body, _inner(descriptor))
    except IndexError:
        return


def _count(body: bytes, inner: dict[int, Any]) -> None:
    at, end, left = 0, len(body), MOST_OBJECTS
    around: list[tuple[int, dict[int, Any]]] = []  # where the messages end that this one is in, and what they may hold
    while True:
        while at >= end:
            if not around:
                return
            end, inner = around.pop()
        tag, at = (body[at], at + 1) if body[at] < 0x80 else _varint(body, at)
        kind = tag & 7
        if kind == _LENGTH:
            length, at = (body[at], at + 1) if body[at] < 0x80 else _varint(body, at)
            below = inner.get(tag >> 3)
            if below is None:
                at += length
                continue
            left -= 1
            if left < 0:
                raise _too_many(MOST_OBJECTS)
            if length:
                around.append((end, inner))
                end, inner = min(at + length, end), _inner(below)
        elif kind == _VARINT:
            at = _varint(body, at)[1]
        elif kind in (_EIGHT, _FOUR):
            at += 8 if kind == _EIGHT else 4
        elif kind not in _GROUPS:  # what is in a group counts too, though no reader knows it
            return


def _varint(body: bytes, at: int) -> tuple[int, int]:
    byte = body[at]
    if byte < 0x80:
        return byte, at + 1
    value, shift = byte & 0x7F, 7
    while byte >= 0x80 and shift < 70:
        at += 1
        byte = body[at]
        value |= (byte & 0x7F) << shift
        shift += 7
    return value, at + 1


@lru_cache(maxsize=64)
def _inner(descriptor: Any) -> dict[int, Any]:
    """Return the messages that a message may hold, by the numbers of their fields."""
    return {field.number: field.message_type for field in descriptor.fields if field.message_type is not None}


def _too_many(most: int) -> InvalidArgument:
    return InvalidArgument(f"The request holds more than {most:,} values. Send the spans in smaller batches.")
