"""Alarms: all of an experiment, and one of them with what caused it and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records import Estimate
from steelyard.records.alarm import Alarm, AlarmEvent, AlarmRule, AlarmState, Delivery, Finding, Silence
from steelyard.web.contexts.dashboard import Chart
from steelyard.web.contexts.runs import PageLink, Problem
from steelyard.web.contexts.traces import TimelineTick
from steelyard.web.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneBar:
    """An alarm on the time line: its place and width as percentages; ``cut`` if it began before the line does."""

    alarm: Alarm
    x: str
    width: str
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The alarms of one rule, or of one of its groups."""

    rule_id: str
    rule_name: str
    group: str
    severity: str
    bars: tuple[LaneBar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceLine:
    """A silence that holds, and the name of the rule that it covers; empty for all rules."""

    silence: Silence
    rule_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsPage:
    """The alarms of an experiment.

    Args:
        says: the answer in one line.
        ringing: alarms that nobody has in hand; the line is about them.
        rules, paused: ids of the rules there are, and those that paused by themselves.
        days, start_ms, end_ms: of the time line.
        lanes, more_lanes: those shown, and how many have no room.
        alarms: a page of them, the newest first, in the states that were asked for.
        state, rule_id, rule_name: what the list is narrowed to.
        series: what there is to watch, as examples for somebody without a rule.
        by: the name under which this browser's person acts.
    """

    experiment_id: str
    experiment_name: str
    says: str
    ringing: int
    rules: tuple[str, ...]
    paused: tuple[AlarmRule, ...]
    days: int
    start_ms: int
    end_ms: int
    ticks: tuple[TimelineTick, ...]
    lanes: tuple[Lane, ...]
    more_lanes: int
    alarms: tuple[Alarm, ...]
    state: AlarmState | str
    rule_id: str
    rule_name: str
    silences: tuple[SilenceLine, ...]
    series: tuple[tuple[str, str, str], ...] = ()
    older: PageLink | None = None
    newer: PageLink | None = None
    by: str = ""
    saved: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A series over a window, and the address of the traces in it; ``alarmed`` if the alarm lasted then."""

    start_ms: int
    end_ms: int
    n: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    shown: str = ""
    alarmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesView:
    """A series by window, as a chart and as a table; ``why_not`` says why there is none."""

    start_ms: int = 0
    end_ms: int = 0
    step_ms: int = 0
    points: tuple[Point, ...] = ()
    chart: Chart | None = None
    ticks: tuple[TimelineTick, ...] = ()
    baseline: str = ""
    why_not: str = ""

    @property
    def windows(self) -> tuple[Point, ...]:
        return self.points


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRow:
    """A slice of the change: what it was, what it is, the difference with its interval, its part of the change.

    ``share`` is None where parts of a change do not add up; ``verdict`` is ``worse`` or ``unsure``.
    """

    name: str
    href: str
    before: str
    before_n: int
    now: str
    now_n: int
    difference: Estimate
    shown_difference: str
    shown_interval: str
    share: float | None
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRow:
    """A trace that counts as bad: its beginning, and what was said or measured of it."""

    trace_id: str
    time_ms: int
    asked: str
    answered: str
    value: str = ""
    rationale: str = ""
    there: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What caused an alarm.

    Args:
        says: the answer in one line, from the first slice; empty without one.
        slices, scale: the slice table and the scale of its differences.
        slices_now, slices_before: which stretch the slices are of, and what they are held against, in words.
        rows: the worst rows; ``measured`` says what stands beside them.
        matching: how many rows count as bad; ``all_rows`` is where they are seen.
        promise: what the method promises, sentence by sentence.
        changes: where everything else that changed between the two stretches is seen.
    """

    says: str = ""
    slices: tuple[SliceRow, ...] = ()
    scale: Scale | None = None
    points: bool = False
    slices_now: str = ""
    slices_before: str = ""
    rows: tuple[CauseRow, ...] = ()
    measured: str = "Said of it"
    matching: int = 0
    all_rows: str = ""
    promise: tuple[str, ...] = ()
    changes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmForm:
    """What was typed into the forms of an alarm."""

    note: str = ""
    reason: str = ""
    until: str = ""
    reach: str = "rule"
    length: str = "1h"
    queue: str = ""
    dataset: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmPage:
    """One alarm.

    Args:
        lasts: whether it has not ended.
        watched, condition: of its rule, in words.
        finding: what is told of it now: the last that was bad.
        rule: None if it has gone.
        silences: those that cover it now.
        queue, dataset: the names that are offered.
        ask: what is to be confirmed: ``close``, or empty.
    """

    experiment_id: str
    experiment_name: str
    alarm: Alarm
    finding: Finding
    lasts: bool
    rule: AlarmRule | None
    watched: str
    condition: str
    note: str
    series: SeriesView
    evidence: Evidence
    events: tuple[AlarmEvent, ...]
    deliveries: tuple[Delivery, ...]
    silences: tuple[Silence, ...]
    form: AlarmForm
    by: str = ""
    ask: str = ""
    saved: str = ""
    problem: Problem | None = None
