"""Alarm rules: all of an experiment with its channels, and the form of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.monitor.alarm_preview import PreviewAlarm
from steelyard.records.alarm import AlarmRule, Channel, FindingKind, RuleChange
from steelyard.web.contexts.alarms import SeriesView
from steelyard.web.contexts.runs import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupState:
    """How a group of a rule stands, as a look just now finds it; ``kind`` is that of a finding."""

    group: str
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """A rule in words.

    Args:
        rule: without what it remembers.
        watched, condition: in words.
        groups: how each group stands now; empty where no look was taken.
        not_looked: why no look was taken.
        ringing: alarms of it that last.
    """

    rule: AlarmRule
    watched: str
    condition: str
    groups: tuple[GroupState, ...] = ()
    not_looked: str = ""
    ringing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelForm:
    """A new channel as typed. A secret is never shown again."""

    name: str = ""
    kind: str = "webhook"
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine:
    """A channel, the rules that tell it, and what became of the last test that this server made."""

    channel: Channel
    rules: tuple[str, ...] = ()
    tested_ms: int = 0
    told: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRulesPage:
    """The rules of an experiment, and who can be told."""

    experiment_id: str
    experiment_name: str
    says: str
    rules: tuple[RuleRow, ...]
    channels: tuple[ChannelLine, ...]
    channel_form: ChannelForm
    series: tuple[tuple[str, str, str], ...] = ()
    ask: str = ""
    by: str = ""
    saved: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing to choose: what the form sends, and what people read."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceGroup:
    """Choices of one kind, under a heading."""

    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleForm:
    """A rule as typed: lengths of time such as ``1h``, ``confidence`` in percent, lists by name.

    ``series`` is a kind and a name with a colon between; ``what``, if it is there, is a name of kind ``kind`` instead.
    """

    name: str = ""
    series: str = ""
    kind: str = "score"
    what: str = ""
    by: str = ""
    by_tag: str = ""
    filter: str = ""
    source: str = ""
    distance: str = ""
    method: str = "threshold"
    direction: str = "below"
    value: str = ""
    margin: str = "0"
    baseline: str = "previous"
    baseline_from: str = ""
    baseline_to: str = ""
    confidence: str = "95"
    false_alarms: str = "1"
    min_n: str = "30"
    low: str = "0"
    high: str = "1"
    window: str = "1h"
    every: str = "5m"
    no_data: str = "ignore"
    recover_after: str = "2"
    channels: tuple[str, ...] = ()
    severity: str = "warning"
    again: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a rule would have said of the past.

    Args:
        days: how far back was looked.
        says: the answer in one line.
        looks: how often was looked, every ``every_ms``; ``thinned`` if the rule itself looks more often, with
            ``gaps`` if some rows then lie in no window.
        alarms: the first first; ``counts`` findings by kind.
    """

    days: int
    says: str
    looks: int
    every_ms: int
    thinned: bool
    gaps: bool
    alarms: tuple[PreviewAlarm, ...]
    counts: Mapping[FindingKind, int]
    series: SeriesView
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """An entry of a rule's history; ``changes`` are (what, before, after)."""

    change: RuleChange
    changes: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRulePage:
    """One rule, or a new one.

    Args:
        row: None for a new rule.
        series, groupings: what there is to choose from.
        ask: what is to be confirmed: ``delete``, or empty.
    """

    experiment_id: str
    experiment_name: str
    row: RuleRow | None
    form: RuleForm
    series: tuple[ChoiceGroup, ...]
    groupings: tuple[Choice, ...]
    channels: tuple[Channel, ...]
    trial: Trial | None = None
    history: tuple[RuleLine, ...] = ()
    ask: str = ""
    by: str = ""
    saved: str = ""
    problem: Problem | None = None
