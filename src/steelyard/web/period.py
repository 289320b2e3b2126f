"""The period that a dashboard tells of, in whole windows, and the one before it."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.errors import InvalidArgument
from steelyard.web.traceview import DAY, RANGES, TraceView, step_of

PERIODS = ("1h", "24h", "7d", "30d", "all")
_FIRST_LOOK = ("24h", "7d", "30d")


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end) in windows of ``step_ms``.

    Args:
        range: one of ``PERIODS``; empty for one of somebody's own.
        start_ms, end_ms: milliseconds since 1970, both at the end of a window.
        step_ms: the length of a window.
        elapsed_ms: how much of it is over.
        open_end: whether it ends now.
        before_ms: when the period before began, as long as this one; None before all there is.
    """

    range: str
    start_ms: int
    end_ms: int
    step_ms: int
    elapsed_ms: int
    open_end: bool
    before_ms: int | None

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms


def period_of(view: TraceView, asked: str, whole: tuple[int, int] | None, *, now_ms: int) -> Period:
    """Return the period of a view, widened to whole windows.

    Args:
        view: its start and end, where there are any.
        asked: the range as it stands in the address.
        whole: when the first and the last trace began; None if there is none.
        now_ms: milliseconds since 1970.

    Raises:
        InvalidArgument: the range is none of a dashboard's, or the period is longer than can be drawn.
    """
    if asked and asked not in PERIODS and asked not in RANGES:
        raise InvalidArgument(f"range={asked!r} is not known. Use {', '.join(PERIODS)}.")
    first, last = whole or (now_ms - DAY, now_ms)
    if view.range or (view.start_ms is None and view.end_ms is None):
        name = view.range or asked or _holding(last, now_ms)
        if name != "all":
            return _until_now(name, now_ms - RANGES[name], now_ms)
        return _whole(first, last, now_ms)
    start = view.start_ms if view.start_ms is not None else min(first, (view.end_ms or now_ms) - 1)
    end = view.end_ms if view.end_ms is not None else max(last + 1, now_ms, start + 1)
    return _made("", start, end, now_ms=now_ms, open_end=view.end_ms is None, before=view.start_ms is not None)


def _holding(last: int, now_ms: int) -> str:
    """Return the shortest range that the newest trace is in."""
    return next((name for name in _FIRST_LOOK if now_ms - RANGES[name] <= last <= now_ms), "all")


def _until_now(name: str, start: int, now_ms: int) -> Period:
    return _made(name, start, now_ms + 1, now_ms=now_ms, open_end=True, before=True)


def _whole(first: int, last: int, now_ms: int) -> Period:
    return _made("all", first, last + 1, now_ms=now_ms, open_end=True, before=False)


def _made(name: str, start: int, end: int, *, now_ms: int, open_end: bool, before: bool) -> Period:
    step = step_of(start, end)
    start, end = start - start % step, end + -end % step
    if (end - start) // step > 2000:
        raise InvalidArgument("This period is too long to be drawn. Choose a shorter one.")
    elapsed = max(1, min(end, now_ms) - start) if start < now_ms else end - start
    return Period(name, start, end, step, elapsed, open_end, start - (end - start) if before else None)
