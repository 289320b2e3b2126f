"""From what a store keeps of alarms to their page: lanes on a time line, and the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from steelyard.errors import NotFound
from steelyard.records import Store
from steelyard.records.alarm import Alarm, AlarmRule
from steelyard.web.alarmwords import lasts
from steelyard.web.contexts.alarms import Lane, LaneBar, SilenceLine
from steelyard.web.traceview import DAY

STATES = ("open", "acknowledged", "recovered", "closed")
LASTING = ("open", "acknowledged")
MOST_LANES = 12
_MOST_READ = 1_000
_PAGE = 200
_LEAST_WIDTH = 0.6  # percent: an alarm of a minute must be seen within 30 days


def rang_since(store: Store, experiment_id: str, start_ms: int) -> tuple[Alarm, ...]:
    """Return the alarms that lasted at any time since then: those that last, and the newest that have ended."""
    found = list(store.alarms.alarms([experiment_id], states=LASTING, max_results=_PAGE).items)
    token: str | None = None
    while len(found) < _MOST_READ:
        page = store.alarms.alarms([experiment_id], states=("recovered", "closed"), max_results=_PAGE, page_token=token)
        found += [alarm for alarm in page.items if alarm.ended_ms >= start_ms]
        token = page.token
        # Alarms come by when they opened: once a whole page had ended before, hardly any older one has not.
        if token is None or all(alarm.ended_ms < start_ms for alarm in page.items):
            break
    return tuple(sorted(found, key=lambda alarm: (-alarm.opened_ms, alarm.alarm_id)))


def lanes_of(alarms: Sequence[Alarm], *, start_ms: int, end_ms: int) -> tuple[Lane, ...]:
    """Return a lane for each rule and group; those that ring first, then those that rang last."""
    by_lane: dict[tuple[str, str], list[Alarm]] = {}
    for alarm in alarms:
        by_lane.setdefault((alarm.rule_id, alarm.group), []).append(alarm)
    lanes = [_lane(found, start_ms, end_ms) for found in by_lane.values()]
    return tuple(sorted(lanes, key=_urgency))


def _urgency(lane: Lane) -> tuple[bool, bool, int, str]:
    rings = any(lasts(bar.alarm) for bar in lane.bars)
    newest = max(bar.alarm.opened_ms for bar in lane.bars)
    return (not rings, not (rings and lane.severity == "critical"), -newest, lane.group)


def _lane(alarms: Sequence[Alarm], start_ms: int, end_ms: int) -> Lane:
    first = alarms[0]
    bars = tuple(_bar(alarm, start_ms, end_ms) for alarm in reversed(alarms))
    return Lane(rule_id=first.rule_id, rule_name=first.rule_name, group=first.group, severity=first.severity, bars=bars)


def _bar(alarm: Alarm, start_ms: int, end_ms: int) -> LaneBar:
    whole = max(end_ms - start_ms, 1)
    begun, ended = max(alarm.opened_ms, start_ms), min(alarm.ended_ms or end_ms, end_ms)
    width = max(100 * (ended - begun) / whole, _LEAST_WIDTH)
    x = min(max(100 * (begun - start_ms) / whole, 0.0), 100 - width)
    return LaneBar(alarm=alarm, x=f"{x:.2f}%", width=f"{width:.2f}%", cut=alarm.opened_ms < start_ms)


def silence_lines(store: Store, experiment_id: str, *, now_ms: int) -> tuple[SilenceLine, ...]:
    """Return the silences that hold, with the names of their rules."""
    return tuple(
        SilenceLine(silence=one, rule_name=rule_name(store, one.rule_id) if one.rule_id else "")
        for one in store.alarms.silences(experiment_id, now_ms=now_ms)
    )


def rule_name(store: Store, rule_id: str) -> str:
    """Return the name of a rule, also of one that has gone."""
    rule = rule_if_there(store, rule_id)
    if rule is not None:
        return rule.draft.name
    try:
        changes = store.alarms.history(rule_id)
    except NotFound:
        return rule_id
    return changes[0].draft.name if changes else rule_id


def rule_if_there(store: Store, rule_id: str) -> AlarmRule | None:
    """Return a rule without what it remembers; None if it has gone."""
    try:
        return without_memory(store.alarms.rule(rule_id))
    except NotFound:
        return None


def without_memory(rule: AlarmRule) -> AlarmRule:
    """Return a rule as pages tell it: without the states of its tests, and whose hands it is in."""
    return replace(rule, memory=b"", lease="")


def stretch_of(asked: str, now_ms: int) -> tuple[int, int, int]:
    """Return the days, the start and the end of the time line."""
    days = 30 if asked == "30" else 7
    return days, now_ms - days * DAY, now_ms
