"""The runs of an experiment."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records import Estimate, MetricInfo, RunStatus
from steelyard.web.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column that was chosen: ``key`` is its name in the filter language, such as ``metrics.accuracy_score``."""

    key: str
    kind: str
    name: str
    info: MetricInfo | None = None
    scale: Scale | None = None
    baseline: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A column that may be chosen."""

    key: str
    kind: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A value in a chosen column: an estimate, a bare number that was logged, a text, or why there is none."""

    estimate: Estimate | None = None
    text: str = ""
    why_empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run. Times and duration in milliseconds; ``n`` and ``missing`` are rows of its evaluation, None without one."""

    run_id: str
    name: str
    status: RunStatus
    started: int
    duration: int | None
    cells: tuple[Cell, ...]
    n: int | None = None
    missing: int = 0
    dataset: str = ""
    digest: str = ""
    is_baseline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A part of the filter, and the filter without it."""

    text: str
    without: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What was wrong with what was typed; it is shown beside the field."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """Another page of a list: its token (empty for the first page), and the tokens of the pages before it."""

    after: str = ""
    trail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsPage:
    """Runs of one experiment: those that match the filter, in order, from one page token to the next."""

    experiment_id: str
    experiment_name: str
    total: int
    matching: int
    filter: str
    order: str
    chips: tuple[Chip, ...]
    columns: tuple[Column, ...]
    choices: tuple[Choice, ...]
    rows: tuple[RunRow, ...]
    confidences: tuple[float, ...] = ()
    baseline_id: str = ""
    baseline_name: str = ""
    older: PageLink | None = None
    newer: PageLink | None = None
    deleted: bool = False
    problem: Problem | None = None
