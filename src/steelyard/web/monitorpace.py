"""How fast backlogs drain: what was seen of them, each time that somebody looked, in this process."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from steelyard.records.monitor import MonitorStanding
from steelyard.web.contexts.monitors import Pace

_LEAST_MS = 8_000
_LONGEST_MS = 300_000
_MOST = 1_000
_SEEN = 60


class PaceMemory:
    """What was seen of monitors in the last five minutes."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, deque[tuple[int, int, int]]] = OrderedDict()
        self._lock = threading.Lock()

    def look(self, monitor_id: str, standing: MonitorStanding, now_ms: int) -> Pace | None:
        """Remember how a monitor stands and return its pace since it was seen first; None if that is too short ago."""
        done = sum(standing.done.values())
        with self._lock:
            seen = self._seen.setdefault(monitor_id, deque(maxlen=_SEEN))
            self._seen.move_to_end(monitor_id)
            while seen and not now_ms - _LONGEST_MS <= seen[0][0] <= now_ms:
                seen.popleft()
            if not seen or now_ms - seen[-1][0] >= 1_000:
                seen.append((now_ms, done, standing.due))
            while len(self._seen) > _MOST:
                self._seen.popitem(last=False)
            at, done_then, due_then = seen[0]
        return pace_of(now_ms - at, done - done_then, due_then, standing.due)


def pace_of(over_ms: int, done: int, due_before: int, due_now: int) -> Pace | None:
    """Return a pace.

    Args:
        over_ms: how long ago it was seen first.
        done: scorings since.
        due_before, due_now: how many could be scored then and now.

    Examples:
        >>> pace_of(60_000, 120, 200, 100).empty_ms
        60000
        >>> pace_of(60_000, 120, 100, 160).empty_ms is None
        True
        >>> pace_of(500, 1, 9, 8) is None
        True
    """
    if over_ms < _LEAST_MS:
        return None
    drained = due_before - due_now
    empty = round(due_now * over_ms / drained) if drained > 0 else None
    return Pace(
        over_ms=over_ms,
        done=max(0, done),
        per_hour=max(0, done) * 3_600_000 / over_ms,
        empty_ms=0 if not due_now else empty,
    )
