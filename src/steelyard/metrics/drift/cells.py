"""Cells that a reference is divided into, and that another sample is counted in.

Numbers fall into bins between quantiles of the reference, with open ends, and one more for what is missing. Words have
a cell each if the reference has them often enough; its rarer ones share a cell, and new words have another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

BINS = 10
MOST_WORDS = 30
LEAST_EXPECTED = 5.0
"""A word has a cell of its own if the smaller sample is expected to hold so many of it."""

MISSING, RARE, NEW = "(missing)", "(rare)", "(new)"
Counts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Unseen:
    """The share of rows that a reference has none of: the next row may be the first there.

    Args:
        cells: int64, shape (u,): the cells in which the reference has no row.
        share: of them all among new rows, if nothing has changed (Good 1953: by how many words were seen just once).
        error: the standard error of that.
        taken_from: the cell that holds less of the new rows by as much; -1 for all cells alike.
    """

    cells: Counts
    share: float = 0.0
    error: float = 0.0
    taken_from: int = -1


@dataclass(frozen=True, slots=True)
class Cells:
    """Two samples in the same cells.

    Args:
        labels: of the k cells, for people.
        reference, current: int64, shape (n,) and (m,): the cell of each row.
        unseen: in which nothing of the reference is, and what is known of their share all the same.
    """

    labels: tuple[str, ...]
    reference: Counts
    current: Counts
    unseen: Unseen

    @property
    def counts(self) -> tuple[Counts, Counts]:
        """How many rows of the reference, and of the current sample, are in each cell."""
        k = len(self.labels)
        return np.bincount(self.reference, minlength=k), np.bincount(self.current, minlength=k)


def number_cells(reference: npt.ArrayLike, current: npt.ArrayLike, *, bins: int = BINS) -> Cells:
    """Count numbers in bins between quantiles of the reference.

    A number that many rows share (a ``bins``-th of them or more) has a bin of its own, so that ties hide nothing.

    Args:
        reference: shape (n,), NaN where a number is missing.
        current: shape (m,), likewise.
        bins: about how many bins the reference is divided into.

    Examples:
        >>> cells = number_cells(np.arange(100.0), [3.0, 250.0, np.nan], bins=4)
        >>> cells.labels, cells.counts[1].tolist()
        (('≤ 24.75', '24.75 to 49.5', '49.5 to 74.25', '> 74.25', '(missing)'), [1, 0, 0, 1, 1])
    """
    old, new = np.asarray(reference, np.float64), np.asarray(current, np.float64)
    edges = _edges(old[~np.isnan(old)], bins)
    codes = [np.where(np.isnan(rows), len(edges) + 1, np.searchsorted(edges, rows)) for rows in (old, new)]
    labels = (*_bin_labels(edges), MISSING)
    counts = np.bincount(codes[0], minlength=len(labels))
    return Cells(labels, codes[0], codes[1], Unseen(np.flatnonzero(counts == 0), 1.0 / len(old), 1.0 / len(old)))


def word_cells(reference: Sequence[Any], current: Sequence[Any]) -> Cells:
    """Count words in cells: the frequent ones of the reference, its rare ones together, new ones, and missing ones.

    Which of the reference's words are frequent is told by both samples together: those that are so in the reference by
    chance would always seem to fall. How many rows have a new word if nothing has changed follows from how many words
    the reference has just once (Good 1953): a stream in which every hundredth row has a word never seen before goes on
    so.

    Args:
        reference: any hashable values; None where there is none.
        current: likewise.

    Examples:
        >>> cells = word_cells(["a"] * 90 + ["b"] * 10, ["a"] * 80 + ["b"] * 10 + ["c"] * 10)
        >>> cells.labels, cells.counts[1].tolist()
        (('a', 'b', '(new)'), [80, 10, 10])
    """
    there = Counter(value for value in reference if value is not None)
    both = Counter({word: n for word, n in (there + Counter(current)).items() if word in there})
    least = LEAST_EXPECTED * (len(reference) + len(current)) / max(min(len(reference), len(current)), 1)
    kept = [word for word, n in _by_frequency(both) if n >= least][:MOST_WORDS]
    rare, new = len(kept), len(kept) + 1
    places: dict[Hashable, int] = {word: i for i, word in enumerate(kept)}
    codes = [_word_codes(values, places, there, len(kept)) for values in (reference, current)]
    counts = np.bincount(codes[0], minlength=new + 2)
    present = (counts > 0) | (np.bincount(codes[1], minlength=len(counts)) > 0) | (np.arange(len(counts)) == new)
    renumbered = np.cumsum(present) - 1
    labels = (*(str(word) for word in kept), RARE, NEW, MISSING)
    return Cells(
        tuple(label for label, here in zip(labels, present, strict=True) if here),
        renumbered[codes[0]],
        renumbered[codes[1]],
        _unseen_words(there, len(reference), renumbered[new], int(renumbered[rare]) if counts[rare] else -1),
    )


def pooled(reference: Counts, current: Counts, least: float = LEAST_EXPECTED) -> Counts:
    """Return which group each cell is in, once cells too rare for a chi-square test are joined with the next rarest.

    Source: Cochran 1954: no expected count below 5.

    Args:
        reference, current: shape (k,), rows of the two samples in each cell.
        least: the expected count that each group reaches in both samples, as long as two groups are left.

    Returns:
        int64, shape (k,): groups are numbered from 0.

    Examples:
        >>> pooled(np.array([50, 40, 5, 4]), np.array([50, 40, 4, 2])).tolist()
        [0, 1, 2, 2]
    """
    total = (reference + current).astype(np.float64)
    share = min(reference.sum(), current.sum()) / max(total.sum(), 1.0)
    groups = [([cell], total[cell] * share) for cell in range(len(total))]
    while len(groups) > 2:
        groups.sort(key=lambda group: (group[1], group[0]))
        if groups[0][1] >= least:
            break
        first, second = groups[0], groups[1]
        groups[:2] = [([*first[0], *second[0]], first[1] + second[1])]
    codes = np.empty(len(total), np.int64)
    for number, (members, _) in enumerate(sorted(groups, key=lambda group: min(group[0]))):
        codes[members] = number
    return codes


def _edges(values: Shares, bins: int) -> Shares:
    """Return rising edges; a bin holds what is above the edge before it and at most its own."""
    if not len(values):
        return np.empty(0)
    method = "linear" if np.isfinite(values).all() else "lower"  # between two infinities there is nothing
    edges = np.quantile(values, np.arange(1, bins) / bins, method=method)
    numbers, counts = np.unique(values, return_counts=True)
    shared = numbers[counts * bins >= len(values)] if len(numbers) < len(values) else numbers[:0]
    return np.unique(np.concatenate([edges, shared, np.nextafter(shared, -np.inf)]))


def _bin_labels(edges: Shares) -> list[str]:
    if not len(edges):
        return ["any"]
    names = [f"{edge:.4g}" for edge in edges]
    labels = [f"≤ {names[0]}"]
    for i in range(1, len(edges)):
        alone = edges[i - 1] == np.nextafter(edges[i], -np.inf)
        labels.append(names[i] if alone else f"{names[i - 1]} to {names[i]}")
    # The bin below a number that has a bin of its own ends before it.
    if len(edges) > 1 and edges[0] == np.nextafter(edges[1], -np.inf):
        labels[0] = f"< {names[1]}"
    return [*labels, f"> {names[-1]}"]


def _unseen_words(there: Counter[Any], n: int, new: int, rare: int) -> Unseen:
    """Return what words seen once and twice tell of those never seen (Good 1953; error: Esty 1983)."""
    once, twice = (sum(count == times for count in there.values()) for times in (1, 2))
    share = min((once + 1.0) / n, 0.999)
    return Unseen(np.array([new]), share, float(np.sqrt(once + 2.0 * twice + 1.0)) / n, rare)


def _by_frequency(counts: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], str(one[0])))


def _word_codes(values: Sequence[Any], places: dict[Hashable, int], there: Counter[Any], kept: int) -> Counts:
    def code(value: Any) -> int:
        if value is None:
            return kept + 2
        return places.get(value, kept if value in there else kept + 1)

    return np.fromiter((code(value) for value in values), np.int64, len(values))
