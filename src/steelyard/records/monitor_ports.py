"""What the rest of the house may ask of a store about watching: monitors and their work, scores over time, alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from steelyard.records.alarm import (
    Alarm,
    AlarmEvent,
    AlarmRule,
    AlarmState,
    Channel,
    Delivery,
    Finding,
    RuleChange,
    RuleDraft,
    Silence,
)
from steelyard.records.monitor import (
    Backfill,
    Monitor,
    MonitorChange,
    MonitorDay,
    MonitorLevel,
    MonitorStanding,
    MonitorState,
    ScorerSamplingConfig,
    Work,
    WorkDone,
)
from steelyard.records.run import Page
from steelyard.records.score_windows import ScoreName, ScoreWindow


class MonitorStore(Protocol):
    """Monitors and their work. Any number of workers may ask at once; on PostgreSQL they do not wait for each other.

    Moments are the caller's clock, milliseconds since 1970. A clock that jumps back does not strand work: what is due
    later than anything could be is due now, and so is what is leased for longer than anything is.
    """

    def start(
        self,
        experiment_id: str,
        name: str,
        *,
        config: ScorerSamplingConfig,
        level: MonitorLevel = "trace",
        version: int | None = None,
        by: str = "",
    ) -> Monitor:
        """Make a monitor of a registered scorer, or make the one that is there active again with these settings.

        From this commit on every trace of the experiment that is made by no evaluation is considered.

        Raises:
            NotFound: no scorer of this name (and version) is registered.
            InvalidArgument, FilterError: a setting cannot be used; the message names it.
        """
        ...

    def get(self, monitor_id: str) -> Monitor: ...
    def find(self, experiment_id: str, name: str) -> Monitor | None: ...
    def list(self, experiment_ids: Sequence[str] = ()) -> tuple[Monitor, ...]:
        """Return monitors, of some experiments if any are named, by name."""
        ...

    def update(
        self,
        monitor_id: str,
        *,
        config: ScorerSamplingConfig | None = None,
        state: MonitorState | None = None,
        reason: str = "",
        by: str = "",
    ) -> Monitor:
        """Change a monitor; a field of ``config`` that is None stays. What waits is judged by the new settings.

        An ``active`` one forgets its failures, and what it was held for.
        """
        ...

    def delete(self, monitor_id: str) -> None:
        """Delete a monitor with its work. What it said stays on the traces."""
        ...

    def history(self, monitor_id: str) -> tuple[MonitorChange, ...]:
        """Return how it came to be what it is, the newest first."""
        ...

    def backfill(self, monitor_id: str, start_ms: int, end_ms: int, *, by: str = "") -> Backfill:
        """Have the traces of a past window scored too; those that were scored before are not again."""
        ...

    def backfills(self, monitor_id: str) -> tuple[Backfill, ...]:
        """Return the backfills of a monitor, the newest first."""
        ...

    def cancel_backfill(self, backfill_id: str) -> Backfill:
        """Plan no more of it; what was planned is scored."""
        ...

    def plan(self, *, now_ms: int, most: int = 5000) -> int:
        """Put what has arrived, and a part of each backfill, among the work of the monitors that sample it.

        Returns:
            How many traces were looked at; 0 means that nothing is left to plan.
        """
        ...

    def claim(
        self, worker: str, *, now_ms: int, most: int, lease_ms: int = 120_000, monitor_ids: Sequence[str] = ()
    ) -> tuple[Work, ...]:
        """Hand out work of active monitors that is due, within their limits a day; the longest due of each first.

        The monitors take turns, so that the backlog of one holds up none of the others.
        """
        ...

    def renew(self, work: Sequence[Work], *, now_ms: int, lease_ms: int = 120_000) -> tuple[Work, ...]:
        """Keep work for longer; return what is still in hand, the rest was handed to others."""
        ...

    def commit(self, done: Sequence[WorkDone], *, now_ms: int) -> int:
        """Keep outcomes with their assessments, each work's all or nothing; return how many counted.

        Work whose lease was handed to another counts for nothing: nothing is written twice. A session that is scored
        again gets its new feedback in place of the old, which stays in the history.
        """
        ...

    def put_back(self, work: Sequence[Work], *, due_ms: int, error: str = "") -> int:
        """Give work back undone, to be handed out again from then on; return how many counted."""
        ...

    def hold(self, monitor_id: str, *, until_ms: int, reason: str) -> None:
        """Hand out nothing of a monitor before then: its judge cannot be reached. ``until_ms=0`` lets it go on."""
        ...

    def standing(self, monitor_ids: Sequence[str], *, now_ms: int) -> Mapping[str, MonitorStanding]: ...
    def days(self, monitor_id: str, *, start_ms: int, end_ms: int) -> tuple[MonitorDay, ...]:
        """Return what it did by day, the oldest first; days without anything are left out."""
        ...


class ScoreStore(Protocol):
    """Feedback over time, from states that are kept by window of five minutes, hour and day."""

    def names(
        self, experiment_ids: Sequence[str], *, start_ms: int | None = None, end_ms: int | None = None
    ) -> tuple[ScoreName, ...]:
        """Return whose feedback there is in a stretch of time (any time unless told), by name and source."""
        ...

    def windows(
        self,
        experiment_ids: Sequence[str],
        name: str,
        *,
        start_ms: int,
        end_ms: int,
        step_ms: int,
        source: str = "",
        by: str = "",
        filter_string: str = "",
        origin_ms: int = 0,
    ) -> tuple[ScoreWindow, ...]:
        """Sum up the valid feedback of a name by the time its trace began; windows without any are left out.

        Args:
            experiment_ids: where.
            name: of the feedback.
            start_ms, end_ms, step_ms, origin_ms: as for ``TraceOverview.windows``.
            source: only that of ``LLM_JUDGE``, ``CODE`` or ``HUMAN``; all together unless told.
            by: a window for each value of ``name``, ``model``, ``status``, ``version`` (of the registered scorer) or
                ``tag.<key>``; at most 50 values by name, the others together as ``…``.
            filter_string: only that on traces that match; counted directly then, so not as quick.
        """
        ...


class AlarmStore(Protocol):
    """Rules, what they found, who was told, and what people did about it."""

    def create_rule(self, experiment_id: str, draft: RuleDraft, *, by: str = "") -> AlarmRule:
        """Keep a rule.

        Raises:
            AlreadyExists: the experiment has one of this name.
            InvalidArgument, FilterError: it could never be evaluated; the message says why.
        """
        ...

    def rule(self, rule_id: str) -> AlarmRule: ...
    def find_rule(self, experiment_id: str, name: str) -> AlarmRule | None: ...
    def rules(self, experiment_ids: Sequence[str] = ()) -> tuple[AlarmRule, ...]:
        """Return rules, of some experiments if any are named, by name."""
        ...

    def update_rule(
        self, rule_id: str, draft: RuleDraft | None = None, *, enabled: bool | None = None, by: str = ""
    ) -> AlarmRule:
        """Change a rule. Another series or condition begins anew: what it remembered is forgotten."""
        ...

    def delete_rule(self, rule_id: str, *, by: str = "") -> None:
        """Delete a rule. Its alarms stay; those that last are closed, as nothing looks at them any more."""
        ...

    def history(self, rule_id: str) -> tuple[RuleChange, ...]:
        """Return how a rule came to be what it is, or was before it was deleted; the newest first."""
        ...

    def claim_rules(self, worker: str, *, now_ms: int, most: int = 10, lease_ms: int = 60_000) -> tuple[AlarmRule, ...]:
        """Hand out enabled rules whose next look is due, each with what it remembered; see ``AlarmRule``."""
        ...

    def found(
        self, rule: AlarmRule, findings: Sequence[Finding], *, memory: bytes, looked_until_ms: int, now_ms: int
    ) -> tuple[Alarm, ...]:
        """Keep what a look found, and what the rule remembers, in one transaction; return alarms that changed.

        A finding opens an alarm of its group, goes on with the one that is open, or lets it recover; deliveries to the
        rule's channels are put in the outbox in the same transaction, unless a silence covers them. A look that was
        handed to another worker meanwhile counts for nothing.
        """
        ...

    def failed(self, rule: AlarmRule, reason: str, *, now_ms: int) -> AlarmRule:
        """Say that a look could not be done. It is tried again; after ten in a row the rule pauses, with the reason."""
        ...

    def alarm(self, alarm_id: str) -> Alarm: ...
    def alarms(
        self,
        experiment_ids: Sequence[str] = (),
        *,
        states: Sequence[AlarmState] = (),
        rule_id: str = "",
        max_results: int = 50,
        page_token: str | None = None,
    ) -> Page[Alarm]:
        """Return alarms, the newest first."""
        ...

    def events(self, alarm_id: str) -> tuple[AlarmEvent, ...]:
        """Return what happened to an alarm, the first first."""
        ...

    def acknowledge(self, alarm_id: str, *, by: str, note: str = "") -> Alarm:
        """Say that somebody has it in hand: it is told again only when it recovers."""
        ...

    def note(self, alarm_id: str, text: str, *, by: str, link: str = "") -> AlarmEvent:
        """Add what somebody did about it, such as the review queue that was opened from it."""
        ...

    def close(self, alarm_id: str, *, by: str, note: str = "") -> Alarm:
        """End an alarm by hand; if its rule still finds it, a new one opens at the next look."""
        ...

    def silence(
        self,
        experiment_id: str,
        *,
        until_ms: int,
        rule_id: str = "",
        group: str | None = None,
        reason: str = "",
        by: str = "",
    ) -> Silence:
        """Tell nobody of what is covered (one rule, one group, or all) until then; alarms open all the same."""
        ...

    def silences(self, experiment_id: str, *, now_ms: int) -> tuple[Silence, ...]:
        """Return those that hold now."""
        ...

    def end_silence(self, silence_id: str, *, by: str) -> None: ...
    def put_channel(self, experiment_id: str, channel: Channel, *, secret: str | None = None, by: str = "") -> Channel:
        """Keep a channel by name. Its secret is never given back; with another target it must be given again."""
        ...

    def channels(self, experiment_id: str) -> tuple[Channel, ...]: ...
    def delete_channel(self, experiment_id: str, name: str) -> None: ...
    def test_delivery(self, experiment_id: str, name: str, *, now_ms: int, by: str = "") -> Delivery:
        """Put a message about nothing in the outbox of a channel, due in a minute: to be claimed by its id at once."""
        ...

    def claim_deliveries(
        self, worker: str, *, now_ms: int, most: int = 10, lease_ms: int = 60_000, delivery_ids: Sequence[str] = ()
    ) -> tuple[Delivery, ...]:
        """Hand out messages that are due, with their channel and its secret. Not offered over HTTP.

        Alarms that are to be told now are put in the outbox first: a silence ended, or nobody acknowledged them.
        ``delivery_ids`` asks for these alone, due or not.
        """
        ...

    def delivered(self, delivery: Delivery, *, now_ms: int, error: str = "", retry_ms: int | None = None) -> None:
        """Say how a delivery ended: told, to be tried again at ``retry_ms``, or given up (an error without a retry)."""
        ...

    def deliveries(self, alarm_id: str) -> tuple[Delivery, ...]:
        """Return who was told, without secrets, the newest first."""
        ...
