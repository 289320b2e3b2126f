"""What failed on either side of a comparison: rows that count as gone wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from steelyard.compare.alignment import Alignment, cells_by_slice
from steelyard.compare.pairs import Cell, Pair
from steelyard.records import SliceKey

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lost:
    """The shared rows of a cell that only one run has no value for, and how many units of the metric a row is.

    Args:
        only: rows that only the candidate lost, and that only the baseline lost.
        share: units of the metric for each row: 1, or less where a metric is about rows and their repeats are lines.
    """

    only: tuple[int, int] = (0, 0)
    share: float = 1.0


def failures(pair: Pair, cells: list[Cell]) -> dict[tuple[SliceKey, str], Lost]:
    """Return what each cell lost: rows that a run failed on, or that the metric's own scorer gave nothing for."""
    if pair.alignment is None or not pair.alignment.shared:
        return _failures_without_rows(cells)
    slices = tuple({cell.key: cell.about for cell in cells if cell.about is not None}.values())
    by_column: dict[str, dict[SliceKey, npt.NDArray[np.int64]]] = {}
    out: dict[tuple[SliceKey, str], Lost] = {}
    for cell in cells:
        column = pair.alignment.verdicts(cell.info.name)
        if column not in by_column:
            by_column[column] = cells_by_slice(pair.alignment, slices, _lost_marks(pair.alignment, column), 4)
        counts = by_column[column][cell.key]
        looked_at, units = int(counts[:3].sum()), cell.candidate.n + cell.candidate.missing
        share = min(1.0, units / looked_at) if column and looked_at else 1.0
        out[cell.key, cell.info.name] = Lost((int(counts[1]), int(counts[2])), share)
    return out


def _lost_marks(alignment: Alignment, column: str) -> npt.NDArray[np.int64]:
    """Mark shared rows: 1 where only the candidate has nothing, 2 where only the baseline; 3 if nobody looked."""
    seen, ours, theirs = alignment.unscored(column)
    return np.where(seen, ours * 1 + theirs * 2, 3)


def _failures_without_rows(cells: list[Cell]) -> dict[tuple[SliceKey, str], Lost]:
    """What is missing from one run beyond what is missing from the other."""
    most: dict[SliceKey, tuple[int, int]] = {}
    for cell in cells:
        ours, theirs = cell.candidate.missing, cell.baseline.missing
        before = most.get(cell.key, (0, 0))
        most[cell.key] = (max(before[0], ours - theirs, 0), max(before[1], theirs - ours, 0))
    return {(cell.key, cell.info.name): Lost(most[cell.key]) for cell in cells}
