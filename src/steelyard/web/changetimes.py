"""The two stretches of time that are compared, as an address holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.errors import InvalidArgument
from steelyard.web.traceview import DAY, HOUR, MINUTE, Params, moment_of


@dataclass(frozen=True, slots=True)
class Preset:
    """A pair of windows that end now: how long each is, how far the earlier lies back, and what people call them."""

    length: int
    back: int
    label: str
    words: str


PRESETS: Mapping[str, Preset] = {
    "24h": Preset(DAY, DAY, "24 h", "the last 24 hours with the 24 before"),
    "7d": Preset(7 * DAY, 7 * DAY, "7 days", "the last 7 days with the 7 before"),
    "hour": Preset(HOUR, DAY, "This hour and yesterday’s", "the last hour with the same hour yesterday"),
    "week": Preset(DAY, 7 * DAY, "24 h and a week ago", "the last 24 hours with the same a week ago"),
}
_OWN = ("start", "end", "before_start", "before_end")
_LONGEST = 400 * DAY


@dataclass(frozen=True, slots=True)
class Stretches:
    """Two windows [start, end), milliseconds since 1970; ``range`` is empty for windows of somebody's own."""

    range: str
    before: tuple[int, int]
    after: tuple[int, int]


def stretches_of(query: Params, whole: tuple[int, int] | None, *, now_ms: int) -> Stretches:
    """Read the two windows of an address.

    Args:
        query: the address.
        whole: when the first and the last trace began; None if there is none.
        now_ms: milliseconds since 1970.

    Raises:
        InvalidArgument: they cannot be compared; the message says why.
    """
    asked = query.get("range", "").strip()
    own = {name: moment_of(query.get(name, ""), name) for name in _OWN}
    if any(value is not None for value in own.values()):
        return _own(**own)
    if asked and asked not in PRESETS:
        raise InvalidArgument(f"range={asked!r} is not known. Use {', '.join(PRESETS)}, or start and end.")
    return preset_of(asked or _holding(whole, now_ms), whole, now_ms=now_ms, asked=bool(asked))


def preset_of(name: str, whole: tuple[int, int] | None, *, now_ms: int, asked: bool = True) -> Stretches:
    """Return a preset's windows, which end now; or where the traffic ended, if that is long ago and nobody asked."""
    preset = PRESETS[name]
    step = HOUR if preset.length > DAY else 5 * MINUTE  # where the parts of kept counts begin
    last = now_ms
    if not asked and whole is not None and whole[1] < now_ms - preset.length:
        last, name = whole[1], ""
    end = last - last % step + step
    after = (end - preset.length, end)
    return Stretches(name, (after[0] - preset.back, after[1] - preset.back), after)


def _holding(whole: tuple[int, int] | None, now_ms: int) -> str:
    """Return the shortest preset that the newest trace is in."""
    if whole is None or now_ms - whole[1] <= DAY:
        return "24h"
    return "7d" if now_ms - whole[1] <= 7 * DAY else "24h"


def _own(*, start: int | None, end: int | None, before_start: int | None, before_end: int | None) -> Stretches:
    if start is None or end is None:
        raise InvalidArgument("Say when the window that is looked at starts and ends: both times are needed.")
    if (before_start is None) != (before_end is None):
        raise InvalidArgument("Say when the window before starts and ends, or leave both out for the time just before.")
    after = _checked(start, end, "The window that is looked at")
    if before_start is None or before_end is None:
        return Stretches("", (start - (end - start), start), after)
    before = _checked(before_start, before_end, "The window before")
    if before[0] < after[1] and after[0] < before[1]:
        raise InvalidArgument("The two windows overlap: a trace would be compared with itself. Move one of them.")
    return Stretches("", before, after)


def _checked(start: int, end: int, what: str) -> tuple[int, int]:
    if end - start < 1000:
        raise InvalidArgument(f"{what} ends before it begins, or is shorter than a second. Choose a later end.")
    if end - start > _LONGEST:
        raise InvalidArgument(f"{what} is longer than 400 days. Choose a shorter one.")
    return start, end
