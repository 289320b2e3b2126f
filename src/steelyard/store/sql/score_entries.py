"""Whole numbers by row and key that add up: the quantiles, exact sums and words of many windows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steelyard.metrics.states.quantiles import entries_of

_ENTRY = np.dtype([("key", "<i4"), ("n", "<i8")])  # as in metrics.states.quantiles
_DIGIT_BITS = 32


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries, k of them.

    Args:
        owners: int64, shape (k,), the row that each is of, rising.
        keys: int64, shape (k,), rising within a row.
        counts: int64, shape (k,).
    """

    owners: np.ndarray
    keys: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.owners)

    def regrouped(self, rows: np.ndarray) -> Entries:
        """Return the entries with each owner i being ``rows[i]`` now: those of one row and key are added up."""
        if not len(self):
            return self
        low = int(self.keys.min())
        span = int(self.keys.max()) - low + 1
        found, places = np.unique(rows[self.owners] * span + (self.keys - low), return_inverse=True)
        totals = np.zeros(len(found), np.int64)
        np.add.at(totals, places, self.counts)
        return Entries(found // span, found % span + low, totals)

    def taken(self, rows: np.ndarray) -> Entries:
        """Return the entries of these rows, in their order; a row may be named several times."""
        first = np.searchsorted(self.owners, rows, "left")
        lengths = np.searchsorted(self.owners, rows, "right") - first
        owners = np.repeat(np.arange(len(rows)), lengths)
        places = np.arange(len(owners)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + first[owners]
        return Entries(owners, self.keys[places], self.counts[places])

    def bounds(self, n: int) -> list[int]:
        """Return where the entries of each of n rows begin, and where the last end."""
        return np.searchsorted(self.owners, np.arange(n + 1)).tolist()

    def to_bytes(self, n: int) -> list[bytes]:
        """Return the entries of each of n rows as 12 bytes each."""
        entries = np.empty(len(self), _ENTRY)
        entries["key"], entries["n"] = self.keys, self.counts
        data, bounds = entries.tobytes(), self.bounds(n)
        size = _ENTRY.itemsize
        return [data[size * bounds[i] : size * bounds[i + 1]] for i in range(n)]


def empty_entries() -> Entries:
    """Return no entries."""
    nothing = np.zeros(0, np.int64)
    return Entries(nothing, nothing, nothing)


def from_bytes(states: Sequence[bytes]) -> Entries:
    """Return the entries that ``to_bytes`` wrote, one row for each state."""
    return Entries(*entries_of(states))


def joined(parts: Sequence[Entries], sizes: Sequence[int]) -> Entries:
    """Return the entries of parts that stand behind each other, each with so many rows."""
    first = np.cumsum([0, *sizes])
    return Entries(
        np.concatenate([part.owners + before for part, before in zip(parts, first, strict=False)]),
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.counts for part in parts]),
    )


def digits_of(values: np.ndarray) -> Entries:
    """Return numbers as digits to the base 2^32, exactly: whole numbers, so that sums do not depend on their order.

    The idea of Demmel & Nguyen 2015 (*Parallel reproducible summation*), as in ``metrics.states.tally``: a float64 has
    at most three such digits, and 2^31 digits of one place add up without overflow.

    Args:
        values: float64, finite, shape (n,): one row for each.
    """
    owners, keys, digits = [], [], []
    rest, rows = np.asarray(values, np.float64), np.arange(len(values))
    while True:
        there = rest != 0
        rest, rows = rest[there], rows[there]
        if not len(rest):
            break
        place = (np.frexp(rest)[1] - 1) // _DIGIT_BITS
        digit = np.trunc(np.ldexp(rest, -_DIGIT_BITS * place))
        owners.append(rows)
        keys.append(place.astype(np.int64))
        digits.append(digit.astype(np.int64))
        rest = rest - np.ldexp(digit, _DIGIT_BITS * place)
    if not owners:
        return empty_entries()
    all_owners, all_keys = np.concatenate(owners), np.concatenate(keys)
    order = np.lexsort((all_keys, all_owners))
    return Entries(all_owners[order], all_keys[order], np.concatenate(digits)[order])


def sums_of(digits: Entries, n: int) -> list[float]:
    """Return the sum of each of n rows' digits, rounded once (Python divides whole numbers correctly rounded)."""
    bounds, keys, counts = digits.bounds(n), digits.keys.tolist(), digits.counts.tolist()
    sums = [0.0] * n
    for i in range(n):
        first, last = bounds[i], bounds[i + 1]
        if first == last:
            continue
        lowest = keys[first]
        whole = sum(counts[j] << (_DIGIT_BITS * (keys[j] - lowest)) for j in range(first, last))
        scale = _DIGIT_BITS * lowest
        sums[i] = float(whole << scale) if scale >= 0 else whole / (1 << -scale)
    return sums
