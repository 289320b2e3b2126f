"""Runs against a baseline, as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from steelyard.compare import Difference, McNemar, RowChanges
from steelyard.records import ValueKind
from steelyard.web.contexts.cases import CaseCell
from steelyard.web.contexts.runs import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceDifferences:
    """One slice's differences, in the order of the metrics asked for; None where a run lacks one."""

    name: str
    label: str
    dimension: str
    n: int
    small: bool
    differences: tuple[Difference | None, ...]
    fixed: int | None = None
    broken: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonView:
    """One candidate against one baseline; ``problem`` says why there is no comparison, empty when there is one."""

    candidate_id: str
    candidate_name: str
    baseline_id: str
    baseline_name: str
    differences: tuple[Difference, ...] = ()
    slices: Mapping[str, Mapping[str, Difference]] = field(default_factory=dict)
    rows: RowChanges | None = None
    mcnemar: McNemar | None = None
    warnings: tuple[str, ...] = ()
    confidence: float = 0.95
    correction: str | None = None
    n_slice_tests: int = 0
    problem: str = ""

    def difference(self, metric: str, slice_name: str = "") -> Difference | None:
        """Return one difference, or None."""
        if slice_name:
            return self.slices.get(slice_name, {}).get(metric)
        return next((d for d in self.differences if d.metric == metric), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A run that is compared."""

    run_id: str
    name: str
    digest: str
    dataset: str
    evaluated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """A param or a logged metric of every run, None where a run has none."""

    key: str
    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRow:
    """A row that something became of: what it says, and what each run made of it."""

    row_id: str
    position: int | None
    text: str
    facts: Mapping[str, Any]
    target: str
    candidate: Mapping[str, Any]
    baseline: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRows:
    """The rows of one tab."""

    kind: str
    slice: str
    candidate_id: str
    rows: tuple[ChangedRow, ...]
    count: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipSide:
    """What one run made of a row."""

    position: int
    cell: CaseCell
    output: str
    outcome: str
    error: str
    rationale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A row of two applications, side by side."""

    row_id: str
    repeat: int
    inputs: str
    expected: str
    tags: Mapping[str, str]
    candidate: FlipSide
    baseline: FlipSide


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """Rows by what became of their verdict: ``worse``, ``better``, ``other`` (no good direction) or ``same``.

    ``counts`` add up to ``shared``; rows that only one run failed on are among those that got worse or better.
    """

    scorer: str
    scorers: tuple[str, ...]
    value_kind: ValueKind
    kind: str
    counts: Mapping[str, int]
    shared: int
    failed_candidate: int
    failed_baseline: int
    candidate_id: str
    baseline_id: str
    rows: tuple[Flip, ...]
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparePage:
    """Two to eight runs; ``comparisons`` holds each of the others against the baseline, in the order of ``sides``."""

    sides: tuple[Side, ...]
    baseline_id: str
    comparisons: tuple[ComparisonView, ...]
    metrics: tuple[str, ...]
    slice_metric: str
    slice_columns: tuple[str, ...]
    slices: tuple[SliceDifferences, ...]
    changed: ChangedRows | None
    params: tuple[SideBySide, ...]
    logged: tuple[SideBySide, ...]
    flips: Flips | None = None
    problem: Problem | None = None
