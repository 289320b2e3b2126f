"""What a rule would have said of the past days, as the form of a rule shows it before the rule is kept."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

from steelyard.errors import InvalidArgument
from steelyard.monitor.alarm_preview import PreviewAlarm, RulePreview, preview_rule
from steelyard.records import Store
from steelyard.records.alarm import Finding, RuleDraft
from steelyard.web.alarmseries import Asked, series_view
from steelyard.web.contexts.alarmrules import Trial
from steelyard.web.formats import plural
from steelyard.web.traceview import DAY

_LOOKS, _LOOKS_SLOW, _MOST_LOOKS = 240, 30, 1_500
_SLOW = ("drift", "judge")
NO_PAST = "How a monitor stood in the past is not kept, so a rule on it cannot be tried on past days."
_STEPS = (60_000, 300_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000, DAY)


def trial_of(store: Store, experiment_id: str, draft: RuleDraft, *, days: int, now_ms: int) -> Trial:
    """Return what a rule would have said; it looks less often than the rule would, where that were too many looks.

    Raises:
        InvalidArgument, FilterError, NotFound: the rule cannot be looked at.
    """
    if draft.series.kind == "monitor":
        raise InvalidArgument(NO_PAST)
    end = now_ms // 1000 * 1000
    start = end - days * DAY
    every = _every(draft, days)
    tried = replace(draft, every_ms=every)
    preview = preview_rule(tried, start, end, experiment_id=experiment_id, store=store)
    group = _group(preview)
    last = next((one for one in preview.findings if one.group == group), None)
    return Trial(
        days=days,
        says=_says(preview, draft, days),
        looks=preview.looks,
        every_ms=every,
        thinned=every != draft.every_ms,
        gaps=every > max(draft.window_ms, draft.every_ms),
        alarms=preview.alarms,
        counts=preview.counts,
        series=series_view(store, experiment_id, _asked(draft, preview.alarms, group, last, start, end)),
        group=group,
    )


def _every(draft: RuleDraft, days: int) -> int:
    """Return how often is looked: seldom enough to be quick, and so that every row is in a window if that can be."""
    slow = draft.series.kind in _SLOW
    wanted = days * DAY / (_LOOKS_SLOW if slow else _LOOKS)
    if draft.every_ms >= wanted:
        return draft.every_ms
    step = next((step for step in _STEPS if step >= wanted), DAY)
    if slow or step <= draft.window_ms:
        return step
    return max(draft.window_ms, draft.every_ms, math.ceil(days * DAY / _MOST_LOOKS / 1000) * 1000)


def _group(preview: RulePreview) -> str:
    """Return the group that is drawn: that of most alarms, else the first."""
    counted = Counter(alarm.group for alarm in preview.alarms)
    if counted:
        return min(counted, key=lambda group: (-counted[group], group))
    return min((finding.group for finding in preview.findings), default="")


def _asked(
    draft: RuleDraft, alarms: tuple[PreviewAlarm, ...], group: str, last: Finding | None, start: int, end: int
) -> Asked:
    stretches = tuple((one.opened_ms, one.ended_ms or end) for one in alarms if one.group == group)
    limit = draft.condition.value if last is None or last.limit is None else last.limit
    return Asked(
        draft=draft,
        group=group,
        start_ms=start,
        end_ms=end,
        anchor_ms=alarms[0].opened_ms if alarms and draft.series.kind == "drift" else end,
        stretches=stretches,
        # A baseline that moves along has no one limit to draw.
        limit=limit if draft.condition.baseline not in ("previous", "last_week") else None,
    )


def _says(preview: RulePreview, draft: RuleDraft, days: int) -> str:
    n = len(preview.alarms)
    if not n:
        said = preview.counts
        if not said["bad"] and not said["fine"]:
            if said["unsure"]:
                return (
                    f"It would not have rung in the last {days} days, and could say nothing in any look: the windows "
                    f"have fewer than {draft.condition.min_n:,} rows, or the limit lies within every interval."
                )
            return f"There is nothing to try it on: no look of the last {days} days found any rows."
        return f"It would not have rung in the last {days} days."
    still = sum(1 for alarm in preview.alarms if not alarm.ended_ms)
    lasted = f", and {'it' if n == 1 else plural(still, 'alarm')} would ring now" if still else ""
    pace = "" if n < 2 else f", about once every {plural(max(math.floor(days / n + 0.5), 1), 'day')}"
    times = "once" if n == 1 else "twice" if n == 2 else f"{n:,} times"
    return f"It would have rung {times} in the last {days} days{pace}{lasted}."
