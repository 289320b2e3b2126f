"""An evaluated application on the page of its run: scorers, what they said, what it cost, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from steelyard.records import Estimate, MetricInfo, Spent, Usage, ValueKind, VerdictOutcome
from steelyard.web.contexts.cases import CaseColumn, CaseLine
from steelyard.web.scales import Scale

Standing = Literal["running", "stopped", "finished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a whole, and the rows that it stands for."""

    label: str
    count: int
    share: float
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomePart:
    """One of the six outcomes: ``start`` and ``share`` are where it lies on the strip, 0 to 1."""

    outcome: VerdictOutcome
    count: int
    start: float
    share: float
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackView:
    """What a scorer said under one name: its mean if it has one, and how its values are distributed."""

    name: str
    kind: ValueKind
    n: int
    planned: int
    info: MetricInfo | None = None
    estimate: Estimate | None = None
    scale: Scale | None = None
    values: tuple[Share, ...] = ()
    bins: tuple[Share, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerView:
    """One scorer: its outcomes add up to ``planned``."""

    name: str
    planned: int
    judged_by: str
    session_level: bool
    feedback: tuple[FeedbackView, ...]
    outcomes: tuple[OutcomePart, ...]
    errors: tuple[tuple[str, int], ...]
    usage: Usage
    cached: int
    latency_p50: float | None
    latency_p90: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatRow:
    """A metric over the repeats of each row, such as pass@3."""

    info: MetricInfo
    estimate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePreview:
    """The first few rows that deserve a look: ``about`` says which, ``query`` is their address."""

    columns: tuple[CaseColumn, ...]
    lines: tuple[CaseLine, ...]
    about: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationView:
    """An application that was evaluated."""

    rows: int
    repeats: int
    lines: int
    predicted_by: str
    predictions: tuple[Share, ...]
    predicted: int
    latency_p50: float | None
    latency_p90: float | None
    latency_p99: float | None
    scorers: tuple[ScorerView, ...]
    passes: tuple[RepeatRow, ...]
    pass_scale: Scale | None
    spent: Spent
    total: Usage
    clustered_by: str
    interrupted: bool
    resumed: int
    traces: int
    preview: CasePreview | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interim:
    """A mean, or the most frequent value, over what has been judged so far: ``n`` of the ``planned``."""

    name: str
    kind: ValueKind
    n: int
    estimate: Estimate | None = None
    scale: Scale | None = None
    common: str = ""
    common_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerProgress:
    """How far a scorer is."""

    name: str
    planned: int
    done: int
    scored: int
    failed: int
    outcomes: Mapping[str, int]
    interim: tuple[Interim, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressView:
    """How far an evaluation is. Times in milliseconds since 1970; ``rate`` is lines a second, ``left`` seconds.

    ``interim_of`` is how many verdicts the interim values are made from: they may lag behind the counts, and of a very
    long ledger only the first are read, so that ``interim_complete`` is false.
    """

    run_id: str
    run_name: str
    standing: Standing
    planned: int
    predicted: int
    prediction_outcomes: Mapping[str, int]
    lines_planned: int
    lines_done: int
    scorers: tuple[ScorerProgress, ...]
    usage: Usage
    started: int
    heartbeat: int
    rate: float | None
    left: float | None
    interim_of: int
    interim_complete: bool
    since: int
    since_done: int
