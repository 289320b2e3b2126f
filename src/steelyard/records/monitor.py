"""Scorers that watch live traffic: what is sampled, what waits, what was done, what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal

from steelyard.records.assessment import Assessment

MonitorState = Literal["active", "stopped", "paused"]
"""``stopped`` by somebody, ``paused`` by itself; what waits is kept in both."""

MonitorLevel = Literal["trace", "session"]
WorkOutcome = Literal["scored", "scorer_error", "parse_error", "refused", "filtered", "gone", "over_limit"]
"""How the scoring of a trace ended: ``filtered`` did not match when it had settled, ``gone`` was deleted before."""

MONITOR_KEY = "steelyard.monitor"
"""Metadata of feedback that a monitor gave: its id."""


@dataclass(frozen=True, slots=True)
class ScorerSamplingConfig:
    """Which traffic a scorer watches, and how much of it.

    Args:
        sample_rate: share of the traces (or sessions), 0 to 1, chosen by a hash of their id, so that the traces of a
            smaller share are among those of a larger one, whatever the scorer. None means 1 for a scorer that starts,
            and "as it is" where a running one is updated; so for all that follow.
        filter_string: of these, only what matches once it has settled, in the language of ``search_traces``.
        settle_seconds: a trace is scored when it has not changed for so long, so that late spans are in it. None means
            10 for traces; a session waits for 300.
        max_cost_per_day: US dollars; when spent, the rest waits for the next day (UTC).
        max_scorings_per_day: scorings a day (UTC).
    """

    sample_rate: float | None = None
    filter_string: str | None = None
    settle_seconds: float | None = None
    max_cost_per_day: float | None = None
    max_scorings_per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """A registered scorer that watches an experiment's traffic.

    Args:
        monitor_id: ``mo-`` and 32 hexadecimal digits.
        experiment_id: whose traffic.
        name: of the registered scorer.
        version: of the scorer; None follows the newest.
        level: what it judges one by one.
        sample_rate, filter_string, settle_ms, max_cost_per_day, max_scorings_per_day: see
            :class:`ScorerSamplingConfig`; settled values.
        state: whether it works.
        reason: why it is paused, in words for people.
        failures: scorings in a row that ended without a verdict.
        held_until_ms: nothing is handed out before: its judge could not be reached; 0 if it could.
        held_reason: what the judge's server said.
        created_by, created_time, updated_by, updated_time: who and when, milliseconds since 1970.
    """

    monitor_id: str
    experiment_id: str
    name: str
    version: int | None = None
    level: MonitorLevel = "trace"
    sample_rate: float = 1.0
    filter_string: str = ""
    settle_ms: int = 10_000
    max_cost_per_day: float | None = None
    max_scorings_per_day: int | None = None
    state: MonitorState = "active"
    reason: str = ""
    failures: int = 0
    held_until_ms: int = 0
    held_reason: str = ""
    created_by: str = ""
    created_time: int = 0
    updated_by: str = ""
    updated_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorChange:
    """One entry of a monitor's history: what it was from then on, who made it so (empty: it did so itself), and how."""

    monitor: Monitor
    time_ms: int
    action: Literal["started", "updated", "stopped", "paused", "resumed"]
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """A past window that a monitor scores too.

    Args:
        backfill_id: ``bf-`` and 32 hexadecimal digits.
        monitor_id: whose.
        start_ms, end_ms: traces that began in [start, end), milliseconds since 1970.
        planned: traces that were put among the work so far.
        state: ``planning`` until all are, then ``planned``; ``cancelled`` by somebody.
        created_by, created_time: who and when.
    """

    backfill_id: str
    monitor_id: str
    start_ms: int
    end_ms: int
    planned: int = 0
    state: Literal["planning", "planned", "cancelled"] = "planning"
    created_by: str = ""
    created_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A trace (or session) that a worker has in hand for a monitor.

    Args:
        work_id: the store's number.
        monitor_id: for whom.
        subject: the trace's id, or the session's.
        lease: which handing out this is: what is committed under an older one counts for nothing.
        lease_until_ms: when it may be handed to another worker.
        attempt: 1 for the first.
        settled_ms: when it had settled: the delay of its score counts from here.
    """

    work_id: int
    monitor_id: str
    subject: str
    lease: str
    lease_until_ms: int
    attempt: int = 1
    settled_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDone:
    """What became of work in hand.

    Args:
        work: as it was handed out.
        outcome: how it ended.
        assessments: what the scorer said; with the outcome they are committed, or neither is.
        error: why there is no verdict, in one line.
        calls, input_tokens, output_tokens, cost: what it took; cost in US dollars, of the calls whose price is known.
    """

    work: Work
    outcome: WorkOutcome
    assessments: tuple[Assessment, ...] = ()
    error: str = ""
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorStanding:
    """How a monitor stands at a moment.

    Args:
        waiting: traces (sessions) that are to be scored, those included that have not settled.
        due: of these, how many have settled and could be scored now.
        in_hand: how many workers have before them.
        oldest_due_ms: when the one that waits longest had settled; 0 if none is due.
        done: how many ended, by outcome, since the monitor began.
        today: of them, scorings of this day (UTC).
        cost_today: US dollars of this day.
        spent: whether a limit a day is reached, so that the rest waits.
        delay_ms: from settled to scored, the median of the last 200 scored; None before the first.
        last_scored_ms: when the last one was scored; 0 before the first.
        last_error: what went wrong last, in words; empty if nothing did.
        last_error_ms: and when.
    """

    waiting: int = 0
    due: int = 0
    in_hand: int = 0
    oldest_due_ms: int = 0
    done: Mapping[str, int] = field(default_factory=dict)
    today: int = 0
    cost_today: float = 0.0
    spent: bool = False
    delay_ms: float | None = None
    last_scored_ms: int = 0
    last_error: str = ""
    last_error_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorDay:
    """What a monitor did on a day, UTC: ``day_ms`` is its first millisecond."""

    day_ms: int
    scored: int = 0
    failed: int = 0
    filtered: int = 0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0


def sampled(subject: str, rate: float) -> bool:
    """Return whether a share of the traffic holds a trace or a session.

    A subject's place in [0, 1) is the first eight bytes of the BLAKE2b hash (RFC 7693) of its id, so it is the same
    for all scorers and machines, and a smaller share lies within a larger one.

    Args:
        subject: the trace's id, or the session's.
        rate: the share, 0 to 1.

    Examples:
        >>> sampled("tr-1", 1.0), sampled("tr-1", 0.0)
        (True, False)
    """
    place = int.from_bytes(blake2b(subject.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
    return place < rate * 2.0**64
