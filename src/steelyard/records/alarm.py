"""Alarms: what is watched, when it counts as wrong, what was found, and who was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

SeriesKind = Literal["traces", "score", "drift", "model", "judge", "monitor"]
AlarmState = Literal["open", "acknowledged", "recovered", "closed"]
FindingKind = Literal["bad", "fine", "unsure", "no_data"]
NoData = Literal["ignore", "alarm", "recover"]
ChannelKind = Literal["webhook", "slack", "email"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What is watched.

    Args:
        kind: ``traces`` (volume and cost of traffic), ``score`` (feedback of a name), ``drift`` (distance from a
            reference), ``model`` (a metric of logged predictions), ``judge`` (a judge on its anchor set) or
            ``monitor`` (backlog and failures of a monitor).
        what: of traces ``count``, ``error_rate``, ``duration_p50``, ``duration_p90``, ``duration_p95``,
            ``duration_p99``, ``input_tokens``, ``output_tokens`` or ``cost``; of a score the feedback's name; of drift
            the feature, such as ``output.length`` or ``score:correctness``; of a model ``<model>/<metric>``; of a
            judge its name; of a monitor ``backlog``, ``delay`` or ``failures`` and its name after a colon.
        filter_string: only traces that match.
        by: one alarm for each value of ``name``, ``model`` or ``tag.<key>``; empty watches all of them as one.
        source: of a score: ``LLM_JUDGE``, ``CODE`` or ``HUMAN``; all unless told.
        method: of drift: ``psi``, ``js``, ``ks``, ``chi2`` or ``embedding``.
    """

    kind: SeriesKind
    what: str
    filter_string: str = ""
    by: str = ""
    source: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When a series counts as wrong.

    Args:
        method: ``threshold`` (the bound of the interval lies beyond ``value``, so that a small sample alarms nobody),
            ``change`` (the difference to the baseline is beyond ``margin``, by its interval) or ``anytime`` (a
            sequential test against the baseline or ``value`` that looks at every new row, with a declared rate of
            false alarms).
        direction: which side is bad.
        value: the limit, in the unit of the series.
        margin: how much worse than the baseline is tolerated, in the unit of the series.
        baseline: ``window:<start_ms>:<end_ms>``, ``previous`` (the window before), ``last_week`` (the same window seven
            days before), or empty: ``value`` is what it is held against. Of drift it is the reference.
        confidence: of intervals.
        false_alarms_per_year: what ``anytime`` allows: on average no more, while nothing is wrong.
        min_n: fewer rows than these say nothing.
        low, high: the range that no number can leave; ``anytime`` needs it of scores that are numbers.
    """

    method: Literal["threshold", "change", "anytime"] = "threshold"
    direction: Literal["below", "above"] = "below"
    value: float | None = None
    margin: float = 0.0
    baseline: str = ""
    confidence: float = 0.95
    false_alarms_per_year: float = 1.0
    min_n: int = 30
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """A rule as somebody writes it.

    Args:
        name: of the rule.
        series, condition: what is watched, and when it is wrong.
        window_ms: how much time a look at it takes together.
        every_ms: how often is looked.
        no_data: what a window without rows means.
        recover_after: looks in a row that find it fine until an alarm recovers.
        channels: names of channels that are told.
        severity: ``warning`` or ``critical``.
        again_ms: an alarm that nobody acknowledged is told again after so long; 0 never.
        note: for whoever is woken: what it means and what to do.
    """

    name: str
    series: Series
    condition: Condition = field(default_factory=Condition)
    window_ms: int = 3_600_000
    every_ms: int = 300_000
    no_data: NoData = "ignore"
    recover_after: int = 2
    channels: tuple[str, ...] = ()
    severity: Literal["warning", "critical"] = "warning"
    again_ms: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRule:
    """A rule that is kept.

    Args:
        rule_id: ``ar-`` and 32 hexadecimal digits.
        experiment_id: whose.
        draft: what it says.
        version: 1, and one more with each change.
        enabled: whether it is looked at.
        reason: why it was paused by itself; empty if it was not.
        memory: what it remembers between looks: the state of its sequential tests.
        looked_until_ms: up to which moment it has looked; 0 before the first.
        next_look_ms: when it is due again.
        lease: which handing out this is.
        failures: looks in a row that could not be done.
        created_by, created_time, updated_by, updated_time: who and when.
    """

    rule_id: str
    experiment_id: str
    draft: RuleDraft
    version: int = 1
    enabled: bool = True
    reason: str = ""
    memory: bytes = b""
    looked_until_ms: int = 0
    next_look_ms: int = 0
    lease: str = ""
    failures: int = 0
    created_by: str = ""
    created_time: int = 0
    updated_by: str = ""
    updated_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One entry of a rule's history: what it was from then on, and who made it so (empty: it did so itself).

    ``action`` is created, updated, enabled, disabled, paused or deleted; ``reason`` says why it was paused.
    """

    rule_id: str
    draft: RuleDraft
    version: int
    enabled: bool
    time_ms: int
    action: str
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a look found of one group.

    Args:
        group: the value of ``Series.by``; empty for the whole.
        kind: ``bad``, ``fine``, ``unsure`` (neither, or too few rows) or ``no_data``.
        sentence: what is so, with its numbers, in one sentence for people.
        start_ms, end_ms: the stretch that was looked at.
        value, low, high, n: the series there, with its interval; None where there is none.
        limit: what it was held against.
        evidence: JSON of what caused it: ``{"filter_string": …, "trace_ids": […], "slices": [{"slice", "value", "low",
            "high", "n", "baseline", "baseline_n", "worse"}], "method": …, …}``.
    """

    group: str = ""
    kind: FindingKind = "fine"
    sentence: str = ""
    start_ms: int = 0
    end_ms: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    limit: float | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that was found wrong, from its beginning to its end.

    Args:
        alarm_id: ``al-`` and 32 hexadecimal digits.
        experiment_id: whose.
        rule_id, rule_name: what found it; the rule may have gone meanwhile.
        group: of the series.
        state: ``open`` until somebody acknowledges it, it recovers, or somebody closes it.
        severity: of the rule when it opened.
        opened_ms, ended_ms: when; 0 while it lasts.
        first: what opened it.
        last: what was found last.
        silenced: whether a silence covers it now.
        acknowledged_by: who has it in hand.
    """

    alarm_id: str
    experiment_id: str
    rule_id: str
    rule_name: str
    group: str = ""
    state: AlarmState = "open"
    severity: str = "warning"
    opened_ms: int = 0
    ended_ms: int = 0
    first: Finding = field(default_factory=Finding)
    last: Finding = field(default_factory=Finding)
    silenced: bool = False
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmEvent:
    """One line of an alarm's story.

    ``action`` is opened, worse, told, not_told, acknowledged, noted, recovered or closed.
    """

    alarm_id: str
    time_ms: int
    action: str
    text: str = ""
    by: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A stretch of time in which nobody is told; an empty ``rule_id`` covers all rules, ``group`` None all groups."""

    silence_id: str
    experiment_id: str
    until_ms: int
    rule_id: str = ""
    group: str | None = None
    reason: str = ""
    created_by: str = ""
    created_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where messages go.

    Args:
        name: what rules call it.
        kind: ``webhook`` (JSON, signed), ``slack`` (an incoming webhook) or ``email``.
        target: a URL that may be shown, or addresses with commas between. A Slack URL is itself a secret: its target
            is only the host, and the URL is the secret.
        has_secret: whether a secret is kept; it is never given back.
        secret_from: the environment variable of the worker that holds the secret, if it was given as ``env:NAME``.
        created_by, created_time: who and when.
    """

    name: str
    kind: ChannelKind
    target: str
    has_secret: bool = False
    secret_from: str = ""
    created_by: str = ""
    created_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message to one channel about some alarms of one rule; those that change together are told together.

    Args:
        delivery_id: ``de-`` and 32 hexadecimal digits; a receiver that has seen it has seen the message.
        experiment_id, rule_id, alarm_ids: what it is about.
        channel: where it goes.
        body: JSON of what is said, the same for every kind of channel, which put it into their own words.
        state: ``waiting``, ``told`` or ``given_up``.
        attempt: how often it was tried.
        due_ms: when it is tried next.
        error: what went wrong last, without secrets.
        secret: of the channel; empty unless it was claimed.
        lease: which handing out this is.
        created_time: milliseconds since 1970.
    """

    delivery_id: str
    experiment_id: str
    rule_id: str
    alarm_ids: tuple[str, ...]
    channel: Channel
    body: str
    state: Literal["waiting", "told", "given_up"] = "waiting"
    attempt: int = 0
    due_ms: int = 0
    error: str = ""
    secret: str = field(default="", repr=False)
    lease: str = ""
    created_time: int = 0
