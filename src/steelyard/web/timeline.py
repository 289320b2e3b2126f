"""Traces over time as bars: how wide, how high, and which stretch is the next one out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from steelyard.records.overview import TraceWindow
from steelyard.web.contexts.traces import TimelineBar, TimelineTick
from steelyard.web.traceview import DAY, MINUTE, STEPS

_MOST_TICKS = 6
_LEAST_SHARE = 0.02


def bars_of(
    windows: Sequence[TraceWindow], *, start_ms: int, end_ms: int, step_ms: int
) -> tuple[tuple[TimelineBar, ...], int]:
    """Return the bars, their places as percentages, and how many traces the highest stands for."""
    highest = max((window.n for window in windows), default=0)
    first = start_ms - start_ms % step_ms
    width = max(1, -(-(end_ms - first) // step_ms))
    return tuple(_bar(window, first, step_ms, width, highest) for window in windows), highest


def _bar(window: TraceWindow, first: int, step_ms: int, width: int, highest: int) -> TimelineBar:
    at = (window.start_ms - first) / step_ms
    failed = window.errors / highest
    passed = (window.n - window.errors) / highest
    if window.errors:  # a few among thousands must not vanish
        failed = max(failed, _LEAST_SHARE)
    if passed:
        passed = min(max(passed, _LEAST_SHARE), 1 - failed)
    return TimelineBar(
        start_ms=window.start_ms,
        end_ms=window.start_ms + step_ms,
        n=window.n,
        errors=window.errors,
        x=_percent(at / width),
        width=_percent(1 / width),
        failed_y=_percent(1 - failed),
        failed_height=_percent(failed),
        passed_y=_percent(1 - failed - passed),
        passed_height=_percent(passed),
    )


def ticks_of(start_ms: int, end_ms: int, step_ms: int) -> tuple[TimelineTick, ...]:
    """Return a few round moments with their places; each says as much of the date as the one before it left open."""
    first = start_ms - start_ms % step_ms
    width = max(1, -(-(end_ms - first) // step_ms)) * step_ms
    apart = next((step for step in STEPS if step >= step_ms and width / step <= _MOST_TICKS), None)
    if apart is None:
        apart = -(-width // _MOST_TICKS)
    at = first + -first % apart
    ticks: list[TimelineTick] = []
    before = ""
    while at <= first + width:
        label, day = _label(at, apart, before)
        share = (at - first) / width
        if label and 0.03 <= share <= 0.97:
            ticks.append(TimelineTick(x=_percent(share), label=label))
            before = day
        at += apart
    return tuple(ticks)


def _label(at: int, apart: int, before: str) -> tuple[str, str]:
    try:
        when = datetime.fromtimestamp(at / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return "", before
    day = f"{when.day} {when:%b}"
    if apart >= 300 * DAY:
        return f"{when:%Y}", day
    if apart >= DAY:
        return f"{day} {when:%Y}" if f"{when:%Y}" != before[-4:] else day, f"{day} {when:%Y}"
    time = f"{when:%H:%M:%S}" if apart < MINUTE else f"{when:%H:%M}"
    return (time if day == before else f"{day}, {time}"), day


def wider(start_ms: int, end_ms: int, whole: tuple[int, int]) -> tuple[int, int] | None:
    """Return the stretch three times as long around this one; None once that holds all there is.

    Examples:
        >>> wider(40, 50, (0, 100)), wider(10, 90, (0, 100))
        ((30, 60), None)
    """
    length = end_ms - start_ms
    start, end = start_ms - length, end_ms + length
    return None if start <= whole[0] and end > whole[1] else (start, end)


def _percent(share: float) -> str:
    return f"{100 * share:.3f}%"
