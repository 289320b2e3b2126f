"""What goes between a worker and the process that runs code for it: frames of four bytes of length and MessagePack.

Neither side trusts the other's bytes: a length beyond the bound, or anything that is no frame, ends the conversation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from steelyard.records import Case, Feedback
from steelyard.store.remote.shapes import shape_of

HEAD = 4
FOLDER = "steelyard-scorer-"
"""How the name of a process's own folder begins."""
LONGEST_QUESTION = 64 * 2**20
LONGEST_ANSWER = 4 * 2**20

_case = shape_of(Case)
_feedbacks = shape_of(tuple[Feedback, ...])


class Nonsense(ValueError):
    """What came is no frame, or holds something else than was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a process that runs code may use.

    Args:
        memory_bytes: address space.
        file_bytes: the longest file that it may write.
        open_files: file descriptors.
        cpu_seconds: processor time in all, after which it ends; each scoring has its own time beside it.
    """

    memory_bytes: int = 2**30
    file_bytes: int = 2**20
    open_files: int = 64
    cpu_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Asked:
    """One scoring that is asked for."""

    number: int
    definition: str
    seconds: float
    case: Case


@dataclass(frozen=True, slots=True)
class Said:
    """What the code said, or why it said nothing: ``kind`` is then ``failed`` or ``untrusted``."""

    number: int
    feedbacks: tuple[Feedback, ...] = ()
    kind: str = ""
    error: str = ""
    stack: str = ""


def pack_asked(asked: Asked) -> bytes:
    return _framed((asked.number, asked.definition, asked.seconds, _case.plain(asked.case)), LONGEST_QUESTION)


def unpack_asked(body: bytes) -> Asked:
    number, definition, seconds, case = _unpacked(body, 4)
    return Asked(int(number), str(definition), float(seconds), _case.record(case))


def pack_said(said: Said) -> bytes:
    return _framed((said.number, _feedbacks.plain(said.feedbacks), said.kind, said.error, said.stack), LONGEST_ANSWER)


def unpack_said(body: bytes) -> Said:
    number, feedbacks, kind, error, stack = _unpacked(body, 5)
    if not isinstance(number, int) or not all(isinstance(text, str) for text in (kind, error, stack)):
        raise Nonsense("an answer of another form")
    try:
        return Said(number, _feedbacks.record(feedbacks), kind, error, stack)
    except (msgspec.ValidationError, TypeError, ValueError) as wrong:
        raise Nonsense(str(wrong)) from wrong


def length_of(head: bytes, longest: int) -> int:
    """Return how long a frame's body is."""
    length = int.from_bytes(head, "big")
    if not 0 < length <= longest:
        raise Nonsense(f"a frame of {length:,} bytes")
    return length


def _framed(value: Any, longest: int) -> bytes:
    try:
        body = msgspec.msgpack.encode(value)
    except (TypeError, OverflowError, ValueError, UnicodeEncodeError) as error:
        raise Nonsense(f"it cannot be sent: {error}") from error
    if len(body) > longest:
        raise Nonsense(f"it has {len(body):,} bytes, and {longest:,} can be sent")
    return len(body).to_bytes(HEAD, "big") + body


def _unpacked(body: bytes, parts: int) -> list[Any]:
    try:
        told = msgspec.msgpack.decode(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Nonsense(f"no MessagePack: {error}") from error
    if not isinstance(told, list) or len(told) != parts:
        raise Nonsense("an answer of another form")
    return told
