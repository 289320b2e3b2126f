"""Which row of one run is which row of the other, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from steelyard.compare.table import NO_TARGET, RIGHT, Codes, Ints, RowTable
from steelyard.errors import DataError
from steelyard.records import ALL_ROWS, SliceInfo, SliceKey

Mask = npt.NDArray[np.bool_]

STILL_WRONG, FIXED, BROKEN, STILL_RIGHT, NOT_COUNTED = 0, 1, 2, 3, 4
KINDS = {"still_wrong": STILL_WRONG, "fixed": FIXED, "broken": BROKEN, "still_right": STILL_RIGHT}


@dataclass(frozen=True)
class Alignment:
    """Two tables of rows joined on ``row_id``.

    Args:
        candidate: the rows of the candidate.
        baseline: the rows of the baseline.
        at_candidate: positions of the shared rows in the candidate, shape (shared,).
        at_baseline: positions of the same rows in the baseline, same shape.
        same: whether the two hold the same rows, in whatever order.
    """

    candidate: RowTable
    baseline: RowTable
    at_candidate: Ints
    at_baseline: Ints
    same: bool

    @property
    def shared(self) -> int:
        return len(self.at_candidate)

    @cached_property
    def only_candidate(self) -> Ints:
        """Positions in the candidate of rows that the baseline does not have."""
        return _others(len(self.candidate), self.at_candidate)

    @cached_property
    def only_baseline(self) -> Ints:
        return _others(len(self.baseline), self.at_baseline)

    @cached_property
    def failed(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Shared rows for which only the candidate gave nothing, and for which only the baseline did."""
        ours, theirs = self.candidate.failed[self.at_candidate], self.baseline.failed[self.at_baseline]
        return ours & ~theirs, theirs & ~ours

    def verdicts(self, metric: str) -> str:
        """Return the column of a metric's verdicts, if both runs have it; else empty."""
        column = self.candidate.verdicts(metric)
        return column if column == self.baseline.verdicts(metric) else ""

    def unscored(self, column: str) -> tuple[Mask, Mask, Mask]:
        """Return shared rows that a scorer looked at, those that only the candidate has no value for, and the reverse.

        Without a column of verdicts these are all rows, and those for which only one run gave nothing.
        """
        if not column:
            return (np.ones(self.shared, dtype=bool), *self.failed)
        seen, ours = (mask[self.at_candidate] for mask in self.candidate.unscored(column))
        also_seen, theirs = (mask[self.at_baseline] for mask in self.baseline.unscored(column))
        return seen | also_seen, ours & ~theirs, theirs & ~ours

    @cached_property
    def kinds(self) -> npt.NDArray[np.int8] | None:
        """What became of each shared row; a failed row counts as wrong. None if rows are not right or wrong."""
        ours, theirs = self.candidate.ends, self.baseline.ends
        if ours is None or theirs is None:
            return None
        ours, theirs = ours[self.at_candidate], theirs[self.at_baseline]
        kinds = ((ours == RIGHT) * 1 + (theirs == RIGHT) * 2).astype(np.int8)
        kinds[(ours == NO_TARGET) | (theirs == NO_TARGET)] = NOT_COUNTED
        return kinds

    @cached_property
    def neither_failed(self) -> npt.NDArray[np.bool_]:
        """Shared rows that have a target and that neither run failed on."""
        ours, theirs = self.at_candidate, self.at_baseline
        out = self.candidate.failed[ours] | self.baseline.failed[theirs]
        return ~(out | self.candidate.unanswered[ours] | self.baseline.unanswered[theirs])

    def members(self, about: SliceInfo) -> npt.NDArray[np.bool_]:
        """Return which shared rows lie in a slice, by the candidate's slice columns."""
        return self.grouping(about.dimension).members(about, self.at_candidate)

    def grouping(self, dimension: str) -> Grouping:
        """Return the rows of the candidate grouped by a dimension (its column is read once)."""
        if dimension not in self._groupings:
            self._groupings[dimension] = Grouping.read(self.candidate, dimension)
        return self._groupings[dimension]

    @cached_property
    def _groupings(self) -> dict[str, Grouping]:
        return {}


@dataclass(frozen=True, slots=True)
class Grouping:
    """The slice of each row in one dimension: codes of shape (rows,), −1 for none, and the code of each label."""

    codes: Codes
    labels: Mapping[str, int]

    @classmethod
    def read(cls, rows: RowTable, dimension: str) -> Grouping:
        """Read the column ``slice:<dimension>``; without it no row is in any slice of that dimension."""
        if f"slice:{dimension}" not in rows.names:
            return cls(np.full(len(rows), -1, dtype=np.int32), {})
        codes, words = rows.codes(f"slice:{dimension}")
        return cls(codes, {word: code for code, word in enumerate(words)})

    def members(self, about: SliceInfo, at: Ints) -> npt.NDArray[np.bool_]:
        code = self.labels.get(about.label)
        return np.zeros(len(at), dtype=bool) if code is None else self.codes[at] == code

    def counts(self, at: Ints, marks: npt.NDArray[np.integer], kinds: int) -> npt.NDArray[np.int64]:
        """Return how many rows carry each mark in each group: shape (groups, kinds)."""
        size = max(len(self.labels), 1)
        codes = self.codes[at]
        inside = codes >= 0
        flat = np.bincount(codes[inside].astype(np.int64) * kinds + marks[inside], minlength=size * kinds)
        return flat[: size * kinds].reshape(size, kinds)


def align(candidate: RowTable, baseline: RowTable) -> Alignment:
    """Join the rows of two runs on ``row_id``, in O(rows).

    Raises:
        DataError: the rows differ and an id stands for several rows, so that no row can be found again.
    """
    import pyarrow.compute as pc

    ours, theirs = candidate.ids(), baseline.ids()
    if ours.equals(theirs):
        every = np.arange(len(ours), dtype=np.int64)
        return Alignment(candidate, baseline, every, every, same=True)
    for ids, which in ((ours, "candidate"), (theirs, "baseline")):
        counts = ids.value_counts()
        often = np.asarray(counts.field("counts"))
        if len(often) != len(ids):
            twice = counts.field("values")[int(np.argmax(often))].as_py()
            message = f"The {which} has several rows with the row id {twice!r}; rows are matched by their ids."
            raise DataError(message)
    places = pc.call_function("index_in", [ours], pc.SetLookupOptions(value_set=theirs))
    found = places.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    at_candidate = np.flatnonzero(found >= 0)
    same = len(at_candidate) == len(ours) == len(theirs)
    return Alignment(candidate, baseline, at_candidate, found[at_candidate], same)


def cells_by_slice(
    alignment: Alignment, slices: tuple[SliceInfo, ...], marks: npt.NDArray[np.integer], kinds: int
) -> dict[SliceKey, npt.NDArray[np.int64]]:
    """Return the number of shared rows with each mark (0 to ``kinds`` − 1) among all rows and in each slice."""
    out = {ALL_ROWS: np.bincount(marks, minlength=kinds)}
    tables: dict[str, npt.NDArray[np.int64]] = {}
    for about in slices:
        grouping = alignment.grouping(about.dimension)
        if about.dimension not in tables:
            tables[about.dimension] = grouping.counts(alignment.at_candidate, marks, kinds)
        code = grouping.labels.get(about.label)
        out[about.key] = np.zeros(kinds, dtype=np.int64) if code is None else tables[about.dimension][code]
    return out


def _others(size: int, taken: Ints) -> Ints:
    left = np.ones(size, dtype=bool)
    left[taken] = False
    return np.flatnonzero(left)
