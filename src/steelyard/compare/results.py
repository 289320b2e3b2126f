"""What a comparison says: a difference with its evidence, and what became of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from steelyard.records import ALL_ROWS, Estimate, SliceKey, slice_name
from steelyard.records.metric import Unit

Verdict = Literal["better", "worse", "equivalent", "undecided"]
RowKind = Literal["fixed", "broken", "still_wrong", "still_right", "only_candidate", "only_baseline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Candidate minus baseline in one metric on one slice.

    Args:
        metric: the metric's name as logged.
        title: its name for people.
        slice: the slice; the empty tuple is all rows.
        baseline: the baseline's estimate on the rows compared.
        candidate: the candidate's.
        difference: candidate minus baseline with rows that only one run failed on counted as gone wrong, where the
            metric allows it; None when either is undefined.
        low: lower end of its interval; None when there is none.
        high: upper end.
        se: standard error of the difference.
        p_value: of no difference, two-sided.
        p_adjusted: the same, adjusted for all slice cells looked at; None for all rows.
        n: rows that both runs scored; 0 when the two are compared as independent.
        verdict: ``better``, ``worse``, ``equivalent`` or ``undecided``; None when neither direction is good.
        margin: half-width of the zone of equivalence, in the unit of the difference.
        method: how the interval was made.
        rows_to_settle: about how many more rows would settle an undecided verdict; None when there is no telling.
        failed_candidate: rows that the candidate gave nothing for and the baseline did.
        failed_baseline: the reverse.
        greater_is_better: the metric's good direction.
        unit: the metric's unit.
        sentence: the verdict in words.
    """

    metric: str
    title: str
    slice: SliceKey = ALL_ROWS
    baseline: Estimate
    candidate: Estimate
    difference: float | None
    low: float | None
    high: float | None
    se: float | None
    p_value: float | None
    p_adjusted: float | None = None
    n: int
    verdict: Verdict | None
    margin: float
    method: str
    rows_to_settle: int | None = None
    failed_candidate: int = 0
    failed_baseline: int = 0
    greater_is_better: bool | None = True
    unit: Unit = "share"
    sentence: str = ""

    @property
    def slice_name(self) -> str:
        return slice_name(self.slice)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """What became of the rows; a row that a run failed on counts as wrong in it.

    Args:
        fixed: wrong in the baseline, right in the candidate.
        broken: right in the baseline, wrong in the candidate.
        still_wrong: wrong in both.
        still_right: right in both.
        no_target: shared rows of which nobody knows what is right.
        failed_candidate: rows among the counted ones that only the candidate gave nothing for.
        failed_baseline: rows among them that only the baseline gave nothing for.
    """

    fixed: int = 0
    broken: int = 0
    still_wrong: int = 0
    still_right: int = 0
    no_target: int = 0
    failed_candidate: int = 0
    failed_baseline: int = 0

    @property
    def compared(self) -> int:
        return self.fixed + self.broken + self.still_wrong + self.still_right


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanges:
    """What became of all rows and of those in each slice (by slice name), and which rows stand alone."""

    all: RowCounts
    slices: dict[str, RowCounts]
    only_candidate: int = 0
    only_baseline: int = 0


@dataclass(frozen=True, slots=True)
class McNemar:
    """The rows that the two runs split, and the p-value of an even split."""

    only_baseline: int
    only_candidate: int
    p_value: float
    mid_p: float
