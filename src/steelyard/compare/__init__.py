"""Compare evaluated runs: paired differences, verdicts, slices of the change, rows fixed and broken."""

from __future__ import annotations

from steelyard.compare.comparing import compare, compare_many
from steelyard.compare.comparison import Comparison, RunName
from steelyard.compare.results import Difference, McNemar, RowChanges, RowCounts, RowKind, Verdict

__all__ = [
    "Comparison",
    "Difference",
    "McNemar",
    "RowChanges",
    "RowCounts",
    "RowKind",
    "RunName",
    "Verdict",
    "compare",
    "compare_many",
]
