"""What a rule remembers between its looks, as a few bytes that are kept with what the look found, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import msgspec

from steelyard.monitor.series_reading import Reading

VERSION = 1
FORGOTTEN_MS = 7 * 86_400_000
"""A group that had no rows for so long is no longer missed."""

MOST_GROUPS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A sequential test of one group.

    Args:
        detector: its state.
        back: the state of the test that finds it to be over; empty while nothing is wrong.
        share: of the rule's false alarms, how large a part is this group's.
        alarmed: whether it has found something that is not yet over.
        since_ms: the window in which the change began, as far as the test can tell; 0 before it found one.
        starts: when its latest looks were, since the detector began.
        limit: beyond which the mean is wrong.
        shape: of the readings that it is fed; others are passed over.
        fed: rows that it has seen.
    """

    detector: bytes = b""
    back: bytes = b""
    share: float = 1.0
    alarmed: bool = False
    since_ms: int = 0
    starts: tuple[int, ...] = ()
    limit: float = 0.0
    shape: str = "rate"
    fed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is known from earlier looks.

    Args:
        version: of this form.
        seen: when each group last had rows, milliseconds since 1970.
        baseline: of a baseline that is read once, each group's reading.
        baseline_read: whether it was read.
        tests: the sequential test of each group.
        batches: how often groups joined the tests; see ``conditions_anytime``.
        fed_until_ms: up to which moment rows went into the tests; 0 before the first.
        step_ms: how long the blocks are that go into the tests; with another length they begin anew.
        waited_ms: from which moment on work of the monitor waited at the last look; 0 if none did.
    """

    version: int = VERSION
    seen: Mapping[str, int] = field(default_factory=dict)
    baseline: Mapping[str, Reading] = field(default_factory=dict)
    baseline_read: bool = False
    tests: Mapping[str, Watched] = field(default_factory=dict)
    batches: int = 0
    fed_until_ms: int = 0
    step_ms: int = 0
    waited_ms: int = 0


def remembered(data: bytes) -> Memory:
    """Return what a rule remembered; nothing, if it is new or another version wrote it."""
    if not data:
        return Memory()
    if msgspec.msgpack.decode(data, type=_Version).version != VERSION:
        return Memory()
    return msgspec.msgpack.decode(data, type=Memory)


def to_keep(memory: Memory) -> bytes:
    """Return a memory as bytes, the same for the same memory."""
    return msgspec.msgpack.encode(memory, order="deterministic")


def seen_now(memory: Memory, groups: Collection[str], *, end_ms: int) -> dict[str, int]:
    """Return when groups were last seen, without those of long ago, and at most ``MOST_GROUPS``."""
    kept = {group: at for group, at in memory.seen.items() if at > end_ms - FORGOTTEN_MS}
    newest = sorted((kept | dict.fromkeys(groups, end_ms)).items(), key=lambda entry: (-entry[1], entry[0]))
    return dict(newest[:MOST_GROUPS])


@dataclass(frozen=True, slots=True)
class _Version:
    version: int = 0
