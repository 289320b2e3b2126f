"""Scorers that watch live traffic: all of an experiment, and one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from steelyard.records import Estimate
from steelyard.records.monitor import Backfill, Monitor, MonitorDay, MonitorLevel, MonitorStanding
from steelyard.web.contexts.dashboard import Change
from steelyard.web.contexts.runs import Problem
from steelyard.web.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorWord:
    """A monitor's state in words.

    Args:
        kind: ``active``, ``behind``, ``spent``, ``idle``, ``held``, ``paused`` or ``stopped``.
        word: in one or two words.
        why: more of it; empty if there is no more to say.
    """

    kind: str
    word: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What a scorer said of the last 24 hours, and of the 24 before; None where there is no one number."""

    now: Estimate | None = None
    before: Estimate | None = None
    change: Change | None = None
    rate: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far a judge agrees with people: ``measure`` says what ``estimate`` is, counted over ``labels``."""

    estimate: Estimate | None
    measure: str
    labels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorRow:
    """A monitor, and how it stands."""

    monitor: Monitor
    kind: str
    standing: MonitorStanding
    state: MonitorWord
    behind_ms: int
    quality: Quality
    today: MonitorDay
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsForm:
    """Settings as typed: the share in percent, the settle time in seconds, limits empty for none."""

    rate: str = "100"
    filter: str = ""
    settle: str = ""
    cost: str = ""
    scorings: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwatched:
    """A registered scorer that watches nothing; ``why_not`` says why it never can."""

    name: str
    kind: str
    version: int
    model: str
    level: MonitorLevel
    why_not: str
    form: SettingsForm
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorsPage:
    """The monitors of an experiment.

    Args:
        says: how many watch, what is behind, what is paused.
        scale: of all pass rates.
        unwatched: registered scorers without a monitor.
        problem: what was wrong with the form of ``unwatched`` that was ``asked``.
    """

    experiment_id: str
    experiment_name: str
    says: tuple[str, ...]
    monitors: tuple[MonitorRow, ...]
    scale: Scale
    unwatched: tuple[Unwatched, ...]
    deleted: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePoint:
    """What a scorer said of the traces of a window.

    Args:
        estimate: None where there is no one number.
        errors: feedback that is an error.
        linked: the same on the scale of the anchors' base version; None where there is none, and ``why_not`` says why.
        versions: of the scorer, and how many values each gave.
    """

    start_ms: int
    end_ms: int
    n: int = 0
    errors: int = 0
    estimate: Estimate | None = None
    linked: Estimate | None = None
    why_not: str = ""
    versions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a backlog went lately.

    Args:
        over_ms: how long it was watched.
        done: scorings in that time.
        per_hour: at that pace.
        empty_ms: until nothing is due; None if that does not come.
    """

    over_ms: int
    done: int
    per_hour: float
    empty_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A trace of which a monitor has no verdict, and why."""

    trace_id: str
    name: str
    time_ms: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """What was changed of a monitor; ``changes`` are (what, before, after)."""

    time_ms: int
    by: str
    action: str
    changes: tuple[tuple[str, str, str], ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorPage:
    """One monitor.

    Args:
        row: the monitor and how it stands.
        range, start_ms, end_ms, step_ms: of its scores over time.
        scores: every window of that time, the empty ones too.
        has_anchors: whether its judge is held to anchors.
        versions: (version, since when) where it changed.
        days: the last 30, the empty ones too.
        pace: None if it has not been seen for long enough.
        form: its settings as they stand in the fields.
        failures: the newest traces without a verdict.
        backfills: past windows, the newest first.
        backfill_from, backfill_to: as typed.
        ask: what is to be confirmed: ``delete``, or empty.
        saved: what has just been done.
    """

    experiment_id: str
    experiment_name: str
    row: MonitorRow
    range: str
    start_ms: int
    end_ms: int
    step_ms: int
    scores: tuple[ScorePoint, ...]
    has_anchors: bool
    versions: tuple[tuple[str, int], ...]
    days: tuple[MonitorDay, ...]
    scale: Scale
    form: SettingsForm
    pace: Pace | None = None
    failures: tuple[Failure, ...] = ()
    backfills: tuple[Backfill, ...] = ()
    backfill_from: str = ""
    backfill_to: str = ""
    history: tuple[HistoryLine, ...] = ()
    ask: str = ""
    saved: str = ""
    problem: Problem | None = None
