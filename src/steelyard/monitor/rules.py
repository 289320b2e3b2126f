"""One look at one rule: what is read, what it is held against, and what is found of each group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from steelyard.monitor.conditions import SAMPLES, Judged, change, threshold
from steelyard.monitor.conditions_words import sentence
from steelyard.monitor.rules_baseline import baseline_of, stretch_of
from steelyard.monitor.rules_memory import Memory, remembered, seen_now
from steelyard.monitor.rules_sequential import check_method, look_row_by_row
from steelyard.monitor.series import read
from steelyard.monitor.series_reading import Reading, finished
from steelyard.records import AlarmRule, Finding, Store

GRID_MS = 300_000
"""Windows end on multiples of five minutes, where kept counts begin, or of the time between looks if that is less."""

DISTANCES = ("drift", "judge")
"""Series that are themselves a comparison: they are held against their noise floor, whatever the method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look found; nothing of it is kept yet.

    Args:
        start_ms, until_ms: the window.
        findings: one for each group, by its name.
        memory: what the rule is to remember.
    """

    start_ms: int
    until_ms: int
    findings: tuple[Finding, ...] = ()
    memory: Memory = field(default_factory=Memory)


def look_at(store: Store, rule: AlarmRule, *, now_ms: int) -> Look:
    """Look at a rule, and change nothing.

    The window that is looked at ends at the last multiple of five minutes (of the time between two looks, if that is
    shorter). Groups that had rows within the last seven days and have none now are found as ``no_data``.

    Args:
        store: where its series is.
        rule: as it was claimed, with what it remembers.
        now_ms: the caller's clock, milliseconds since 1970.

    Raises:
        InvalidArgument, FilterError, NotFound: the rule cannot be looked at; the message says why.
    """
    check_method(rule.draft.series, rule.draft.condition)
    start, end = window_of(rule, now_ms)
    memory = remembered(rule.memory)
    found = read(
        store, rule.experiment_id, rule.draft.series, start_ms=start, end_ms=end, reference=_reference(rule, start, end)
    )
    readings = {reading.group: reading for reading in found} | _missed(rule, memory, found, start, end)
    memory = replace(memory, seen=_seen(rule, memory, readings, end))
    if rule.draft.condition.method == "anytime":
        return _row_by_row(store, rule, memory, readings, now_ms=now_ms)
    if rule.draft.series.kind in DISTANCES:
        return Look(start_ms=start, until_ms=end, findings=_by_interval(rule, readings, {}), memory=memory)
    baseline, memory = baseline_of(store, rule, memory, start_ms=start, end_ms=end)
    findings = _by_interval(rule, readings, baseline)
    return Look(start_ms=start, until_ms=end, findings=findings, memory=memory)


def _by_interval(
    rule: AlarmRule, readings: Mapping[str, Reading], baseline: Mapping[str, Reading]
) -> tuple[Finding, ...]:
    """Judge a family of groups by their intervals."""
    condition = rule.draft.condition
    family = sum(1 for reading in readings.values() if _can_be_judged(reading, condition.min_n))
    findings: list[Finding] = []
    for group, reading in sorted(readings.items()):
        if condition.method == "change" and rule.draft.series.kind not in DISTANCES:
            before = baseline.get(group)
            judged = change(reading, before, condition, family=family)
            findings.append(finding_of(rule, reading, judged, baseline=before))
        else:
            findings.append(finding_of(rule, reading, threshold(reading, condition, family=family)))
    return tuple(findings)


def _row_by_row(store: Store, rule: AlarmRule, memory: Memory, readings: Mapping[str, Reading], *, now_ms: int) -> Look:
    start, end = window_of(rule, now_ms)
    tested, memory = look_row_by_row(store, rule, memory, readings, now_ms=now_ms)
    findings = [
        finding_of(rule, one.reading, one.judged, baseline=one.baseline, more=one.more)
        for _, one in sorted(tested.items())
    ]
    return Look(start_ms=start, until_ms=end, findings=tuple(findings), memory=memory)


def _reference(rule: AlarmRule, start: int, end: int) -> tuple[int, int] | None:
    """Return from where drift is measured: the rule's baseline, or the window before."""
    if rule.draft.series.kind != "drift":
        return None
    return stretch_of(rule.draft.condition.baseline or "previous", start, end)


def window_of(rule: AlarmRule, now_ms: int) -> tuple[int, int]:
    """Return the stretch that a look at this moment takes together."""
    grid = min(max(rule.draft.every_ms // 1000 * 1000, 1000), GRID_MS)
    end = now_ms // grid * grid
    return end - max(rule.draft.window_ms // 1000 * 1000, 1000), end


def finding_of(
    rule: AlarmRule, reading: Reading, judged: Judged, *, baseline: Reading | None = None, more: str = ""
) -> Finding:
    """Return what a condition says of a group, in a sentence and with its numbers."""
    evidence: dict[str, object] = {
        "method": rule.draft.condition.method,
        "confidence": judged.confidence,
        "shape": reading.shape,
    }
    if baseline is not None:
        evidence["baseline"] = {
            "value": baseline.value,
            "low": baseline.low,
            "high": baseline.high,
            "n": baseline.n,
            "start_ms": baseline.start_ms,
            "end_ms": baseline.end_ms,
        }
    if reading.rows:
        evidence["trace_ids"] = list(reading.rows)
    if judged.difference is not None:
        evidence["difference"] = {
            "value": judged.difference,
            "low": judged.difference_low,
            "high": judged.difference_high,
        }
    return Finding(
        group=reading.group,
        kind=judged.kind,
        sentence=sentence(rule, reading, judged, baseline=baseline, more=more),
        start_ms=reading.start_ms,
        end_ms=reading.end_ms,
        value=reading.value,
        low=judged.low,
        high=judged.high,
        n=reading.n,
        limit=judged.limit,
        evidence=evidence,
    )


def _missed(rule: AlarmRule, memory: Memory, found: tuple[Reading, ...], start: int, end: int) -> dict[str, Reading]:
    """Return a reading of nothing for groups that were there and are not; for a rule without groups, if nothing is."""
    there = {reading.group for reading in found}
    wanted = seen_now(memory, (), end_ms=end) if rule.draft.series.by else {"": end}
    empty = Reading(start_ms=start, end_ms=end, shape="mean")
    if rule.draft.series.kind == "traces" and rule.draft.series.what == "count":
        empty = finished(replace(empty, shape="count", value=0.0))
    return {group: replace(empty, group=group) for group in wanted if group not in there}


def _seen(rule: AlarmRule, memory: Memory, readings: Mapping[str, Reading], end: int) -> dict[str, int]:
    groups = [group for group, reading in readings.items() if reading.n] if rule.draft.series.by else []
    return seen_now(memory, groups, end_ms=end)


def _can_be_judged(reading: Reading, min_n: int) -> bool:
    return not reading.empty and (reading.shape not in SAMPLES or reading.n >= min_n)
