"""What is compared: two evaluations side by side, cell by cell, and the difference that is found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from steelyard.compare.alignment import Alignment
from steelyard.compare.evaluations import EvaluatedRun
from steelyard.records import ALL_ROWS, Estimate, MetricInfo, SliceInfo, SliceKey

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cell:
    """One metric on one slice of both runs; ``about`` is None for all rows."""

    info: MetricInfo
    about: SliceInfo | None
    candidate: Estimate
    baseline: Estimate

    @property
    def key(self) -> SliceKey:
        return ALL_ROWS if self.about is None else self.about.key


@dataclass(frozen=True, slots=True)
class Measured:
    """A cell's difference. ``doubt`` is how far failed rows that no bound covers may have helped each side."""

    cell: Cell
    difference: float = math.nan
    low: float = math.nan
    high: float = math.nan
    se: float = math.nan
    p_value: float = math.nan
    n: int = 0
    method: str = ""
    failed: tuple[int, int] = (0, 0)
    doubt: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Pair:
    """Two evaluations side by side; ``alignment`` is None when a run keeps no rows."""

    candidate: EvaluatedRun
    baseline: EvaluatedRun
    alignment: Alignment | None
    same_rows: bool

    @property
    def replicates_match(self) -> bool:
        """Whether the stored replicates of the two runs can be subtracted."""
        ours, theirs = self.candidate.replicates, self.baseline.replicates
        return self.same_rows and ours is not None and theirs is not None and ours.seed == theirs.seed

    @property
    def plain_rows(self) -> bool:
        """Whether rows are unweighted and independent, so that counts of rows say everything."""
        summaries = (self.candidate.summary, self.baseline.summary)
        return all(s.weights is None and s.clusters is None for s in summaries)

    @cached_property
    def _clusters(self) -> npt.NDArray[np.int32] | None:
        name, alignment = self.candidate.summary.clusters, self.alignment
        if name is None or alignment is None or name not in alignment.candidate.names:
            return None
        return alignment.candidate.codes(name)[0][alignment.at_candidate]

    @cached_property
    def _cluster_counts(self) -> dict[SliceKey, int]:
        return {}

    def units(self, cell: Cell) -> int:
        """Return how many independent units a cell rests on: rows, or clusters where rows come in clusters."""
        n = min(cell.candidate.n, cell.baseline.n)
        if self._clusters is None or self.alignment is None:
            return n
        if cell.key not in self._cluster_counts:
            inside = self._clusters if cell.about is None else self._clusters[self.alignment.members(cell.about)]
            self._cluster_counts[cell.key] = len(np.unique(inside))
        return min(n, self._cluster_counts[cell.key])

    def replicates(self, cell: Cell) -> tuple[Floats, Floats] | None:
        """Return the paired replicates of a cell, candidate first, or None."""
        ours, theirs = self.candidate.replicates, self.baseline.replicates
        if not self.replicates_match or ours is None or theirs is None:
            return None
        first, second = ours.get(cell.info.name, cell.key), theirs.get(cell.info.name, cell.key)
        return None if first is None or second is None or first.shape != second.shape else (first, second)
