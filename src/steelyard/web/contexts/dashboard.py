"""An experiment's traces as numbers over time: how many, how many failed, how long they took, what they used and cost.

The data face, ``/experiments/{id}/dashboard.json``, takes ``range`` (``1h``, ``24h``, ``7d``, ``30d``, ``all``) or
``start`` and ``end`` (milliseconds since 1970, or ISO 8601), ``filter`` and ``where`` as ``/traces.json`` does, and
``by`` (``model``, ``name``, ``status``, ``session``, ``user`` or ``tag.<key>``), which fills ``values``. ``total`` and
``before`` are the numbers of the whole period and of the one before it, ``windows`` those of its parts, each without a
gap; their fields are those of :class:`~steelyard.records.overview.TraceWindow`, costs in US dollars, durations in
milliseconds by quantile. An error is ``{"error_code": …, "message": …}`` with status 400.
"""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records import Estimate
from steelyard.records.overview import TraceWindow
from steelyard.web.contexts.runs import Chip, Problem
from steelyard.web.links import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a number differs from that of the period before.

    Args:
        value: the difference, or for ``relative`` the ratio less one.
        low, high: its 95% interval; None where none can be said.
        relative: whether it is a ratio.
        state: ``better``, ``worse`` or ``unsure`` where an interval says so; empty where nobody can say what is good.
    """

    value: float
    low: float | None = None
    high: float | None = None
    relative: bool = False
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The changes since the period before; None where one of the two numbers is missing."""

    traces: Change | None = None
    error_rate: Change | None = None
    p50: Change | None = None
    p95: Change | None = None
    tokens: Change | None = None
    cost: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityPoint:
    """What was said of the traces of a window: how many values, how many errors, and their one number, if any."""

    start_ms: int
    end_ms: int
    n: int = 0
    errors: int = 0
    estimate: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityScore:
    """What was said under one name by one source (``LLM_JUDGE``, ``CODE`` or ``HUMAN``).

    Args:
        rate: whether it is a pass rate; else it is a mean.
        now, before: of the period, and of the one before.
        change: the difference; its state is empty where nobody can say what is good.
        points: every window of the period, the empty ones too.
        scale: the version of the judge on whose scale its numbers are, where several versions spoke; 0 is as said.
        as_said: of the period, as the versions said it, if that is on another scale.
        why_not: why several versions are not brought onto one scale.
    """

    name: str
    source: str
    rate: bool
    now: Estimate
    before: Estimate | None
    change: Change | None
    points: tuple[QualityPoint, ...]
    scale: int = 0
    as_said: Estimate | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityValue:
    """What was said under one name of the traces of one value; None where nothing was."""

    name: str
    source: str
    rate: bool
    estimate: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that needs somebody: ``bad`` or ``warn``, in a few words, whose, and where to look."""

    kind: str
    text: str
    names: tuple[str, ...]
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    """What the traces of one value did. ``filter`` keeps just these; empty if it stands for several values.

    ``trend`` is a picture of how many there were over time: a path in a box as wide as there are windows, 100 high.
    """

    value: str
    filter: str
    total: TraceWindow
    error_rate: Estimate
    share: float
    before: TraceWindow | None = None
    trend: str = ""
    scores: tuple[QualityValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A rectangle of a chart, of the class ``kind``, in a box as wide as there are windows, 100 high."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A path of a chart, of the class ``kind``; it breaks where there is nothing."""

    kind: str
    label: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A line across a chart: how far down, as a percentage, and what is written beside it."""

    y: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart: what is drawn, and which columns of the table it shows."""

    key: str
    title: str
    note: str
    says: str
    columns: tuple[int, ...]
    levels: tuple[Level, ...]
    marks: tuple[Mark, ...] = ()
    curves: tuple[Curve, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardPage:
    """A period of an experiment's traces.

    Args:
        range: one of ``1h``, ``24h``, ``7d``, ``30d``, ``all``; empty for a period of one's own.
        start_ms, end_ms, step_ms: the period [start, end) and the length of its windows, milliseconds.
        elapsed_ms: how much of the period is over.
        open_end: whether it ends now.
        condition: what is asked for but for time, in the filter language.
        anything: whether the experiment has traces at all.
        before_ms: when the period before began; None if there is none.
        recorded_before: whether there were traces from early in the period before, so that amounts can be compared.
        quality: the scores of the period, by name and source.
        notices: what needs somebody now.
    """

    experiment_id: str
    experiment_name: str
    range: str
    start_ms: int
    end_ms: int
    step_ms: int
    elapsed_ms: int
    open_end: bool
    filter: str
    where: tuple[str, ...]
    condition: str
    by: str
    total: TraceWindow
    error_rate: Estimate
    before: TraceWindow | None
    before_ms: int | None
    compared: Compared
    recorded_before: bool
    windows: tuple[TraceWindow, ...]
    values: tuple[ValueRow, ...]
    quality: tuple[QualityScore, ...] = ()
    notices: tuple[Notice, ...] = ()
    chips: tuple[Chip, ...] = ()
    anything: bool = True
    problem: Problem | None = None

    def traces(self, start_ms: int | None = None, end_ms: int | None = None, where: str = "") -> str:
        """Return the address of the traces that a number counts: of the whole period, or of a stretch of it."""
        start, end = self.start_ms if start_ms is None else start_ms, self.end_ms if end_ms is None else end_ms
        query = Query([("experiment", self.experiment_id), ("filter", self.filter)])
        for one in (*self.where, where):
            query = query.plus("where", one)
        return "/traces" + query.plus("start", str(start)).plus("end", str(end)).text

    @property
    def pace(self) -> str:
        """How many there were in an hour, or in a day where they are few."""
        hours = self.elapsed_ms / 3_600_000
        return (
            f"{self.total.n / hours:,.1f} an hour"
            if self.total.n >= hours
            else f"{24 * self.total.n / hours:,.1f} a day"
        )
