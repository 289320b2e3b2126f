"""What a rule would have said of the past: to be tried before it is turned on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from steelyard.errors import InvalidArgument
from steelyard.monitor.alarm_times import Moment, moment_ms
from steelyard.monitor.rules import look_at
from steelyard.monitor.rules_memory import to_keep
from steelyard.records import AlarmRule, Finding, FindingKind, NoData, RuleDraft, Store
from steelyard.tracking import active_experiment_id, get_store

MOST_LOOKS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewAlarm:
    """An alarm that there would have been.

    Args:
        group: of the series.
        opened_ms, ended_ms: when; 0 if it lasted to the end.
        sentence: what would have been said first.
    """

    group: str
    opened_ms: int
    ended_ms: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePreview:
    """What a rule would have said.

    Args:
        looks: how often it would have looked.
        alarms: the first first.
        counts: findings by kind.
        findings: of the last look.
    """

    looks: int
    alarms: tuple[PreviewAlarm, ...]
    counts: dict[FindingKind, int]
    findings: tuple[Finding, ...] = ()


def preview_rule(
    draft: RuleDraft, start: Moment, end: Moment, *, experiment_id: str | None = None, store: Store | None = None
) -> RulePreview:
    """Return what a rule would have said over a past stretch of time, look by look.

    Nothing is kept and nobody is told. All scores count that are there by now, also those that came late; a monitor's
    own backlog is not known for the past.

    Args:
        draft: of the rule, as from ``draft_alarm_rule``.
        start, end: the first look, and when the looks end.
        experiment_id: whose traces; the active experiment's unless told.
        store: where; the current store unless given.

    Raises:
        InvalidArgument: there would be more than 5,000 looks, or the rule cannot be looked at.

    Examples:
        >>> import steelyard
        >>> from steelyard.monitor import draft_alarm_rule
        >>> steelyard.set_tracking_uri(tmp_folder)
        >>> draft = draft_alarm_rule("quality", score="correctness", below=0.8, every="1h")
        >>> preview = preview_rule(draft, "2024-01-01", "2024-01-02")
        >>> preview.looks, preview.alarms
        (25, ())
    """
    first, last = moment_ms(start, "start"), moment_ms(end, "end")
    times = range(first, last + 1, draft.every_ms)
    if not times or len(times) > MOST_LOOKS:
        raise InvalidArgument(
            f"There would be {len(times):,} looks from {start!r} to {end!r}: choose a stretch and an every= that make "
            f"1 to {MOST_LOOKS:,} of them."
        )
    where = store or get_store()
    rule = AlarmRule(
        rule_id="", experiment_id=active_experiment_id() if experiment_id is None else experiment_id, draft=draft
    )
    seen = _Seen(draft)
    findings: tuple[Finding, ...] = ()
    for now in times:
        look = look_at(where, rule, now_ms=now)
        rule = replace(rule, memory=to_keep(look.memory), looked_until_ms=look.until_ms)
        findings = look.findings
        for finding in findings:
            seen.add(finding, now)
    return RulePreview(looks=len(times), alarms=seen.alarms(), counts=seen.counts, findings=findings)


class _Seen:
    """Alarms as they would open and recover."""

    def __init__(self, draft: RuleDraft) -> None:
        self._draft = draft
        self._lasting: dict[str, PreviewAlarm] = {}
        self._fine: dict[str, int] = {}
        self._ended: list[PreviewAlarm] = []
        self.counts: dict[FindingKind, int] = {"bad": 0, "fine": 0, "unsure": 0, "no_data": 0}

    def add(self, finding: Finding, now: int) -> None:
        """Open, go on with or end the alarm of a group."""
        self.counts[finding.kind] += 1
        kind = _meaning(finding.kind, self._draft.no_data)
        if kind == "no_data":
            return
        group, lasting = finding.group, self._lasting.get(finding.group)
        self._fine[group] = self._fine.get(group, 0) + 1 if kind == "fine" else 0
        if kind == "bad" and lasting is None:
            self._lasting[group] = PreviewAlarm(group=group, opened_ms=now, ended_ms=0, sentence=finding.sentence)
        elif lasting is not None and self._fine[group] >= self._draft.recover_after:
            self._ended.append(replace(lasting, ended_ms=now))
            del self._lasting[group]

    def alarms(self) -> tuple[PreviewAlarm, ...]:
        """Return all alarms, the first first."""
        return tuple(sorted((*self._ended, *self._lasting.values()), key=lambda alarm: (alarm.opened_ms, alarm.group)))


def _meaning(kind: FindingKind, no_data: NoData) -> FindingKind:
    if kind != "no_data" or no_data == "ignore":
        return kind
    return "bad" if no_data == "alarm" else "fine"
