"""Up to which moment rows are in: a sequential test takes each stretch once, so it waits until its scores are there.

Scores come seconds to hours after their traces. A stretch is taken as soon as the monitor that gives the scores has
nothing in hand from before its end, and a day after it at the latest: a judge that is down for an hour delays the test
and loses nothing. What is scored later than that (a backfill, an answer of somebody a week on) counts in every
threshold and every comparison that looks at its window again, and in no sequential test.
"""

from __future__ import annotations

from steelyard.monitor.rules_memory import Memory
from steelyard.records import AlarmRule, Monitor, Store

LATE_MS = 120_000
"""So late spans come, and so long a trace takes, as far as a test waits: one that fails later has not failed for it."""

UNKNOWN_LATE_MS = 600_000
"""Feedback that no monitor gives, such as a program's own, is waited for so long."""

GRACE_MS = 86_400_000
"""Longer than a day nothing is waited for: not for a monitor's backlog, and not for people."""


def rows_are_in(store: Store, rule: AlarmRule, memory: Memory, *, now_ms: int) -> tuple[int, int]:
    """Return the moment up to which rows are in, and from when on work waits (0 if none does), for the next look.

    Args:
        store: where the monitor is.
        rule: whose series it is about.
        memory: of the last look: what waited then may be in hand now.
        now_ms: the caller's clock.
    """
    series = rule.draft.series
    if series.kind != "score":
        return now_ms - LATE_MS, 0
    if series.source == "HUMAN":
        return now_ms - GRACE_MS, 0
    monitors = _who_scores(store, rule)
    if not monitors:
        return now_ms - UNKNOWN_LATE_MS, 0
    standing = store.monitors.standing([one.monitor_id for one in monitors], now_ms=now_ms)
    waits = min((one.oldest_due_ms for one in standing.values() if one.due), default=0)
    if memory.fed_until_ms and any(one.held_until_ms > now_ms for one in monitors):
        # What was given back is not due, and does not show.
        return max(memory.fed_until_ms, now_ms - GRACE_MS), waits or memory.waited_ms
    # What waited at the last look may be in a worker's hands now, and is older than all that still waits.
    oldest = min((at for at in (waits, memory.waited_ms) if at), default=now_ms)
    settles = max(one.settle_ms for one in monitors)
    return max(min(now_ms, oldest) - settles - LATE_MS, now_ms - GRACE_MS), waits


def _who_scores(store: Store, rule: AlarmRule) -> tuple[Monitor, ...]:
    """Return the monitor of the score's name; if there is none, all that could give feedback under other names too."""
    named = store.monitors.find(rule.experiment_id, rule.draft.series.what)
    found = store.monitors.list([rule.experiment_id]) if named is None else (named,)
    return tuple(one for one in found if one.state != "stopped")
