"""Quantiles of numbers of any scale from counts in buckets that widen with the number: merged, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

_GAMMA = 1.02
_LOG_GAMMA = float(np.log(_GAMMA))
_OFFSET = 40_000  # more than the logarithm of any float64, so that a bucket's sign is its numbers'
_ENTRY = np.dtype([("bucket", "<i4"), ("n", "<i8")])

RELATIVE_ERROR = (_GAMMA - 1) / (_GAMMA + 1)
"""How far a quantile may be from the exact one, as a share of it: a little under 1%."""


class Quantiles:
    """Counts by bucket, each bucket 2% wider than the one before (DDSketch: Masson, Rim & Lee 2019).

    Merging adds whole numbers: it is exact, associative and commutative, so that any partition of the numbers gives
    the same state, to the byte.

    Args:
        buckets: shape (k,), rising, one for each bucket that holds a number.
        counts: shape (k,), how many numbers are in each.

    Examples:
        >>> low, high = Quantiles.of([1.0, 2.0]), Quantiles.of([3.0, 1000.0])
        >>> both = low.merge(high)
        >>> both.n, abs(both.quantile(1.0) - 1000) < 10
        (4, True)
    """

    __slots__ = ("buckets", "counts")

    def __init__(self, buckets: np.ndarray, counts: np.ndarray) -> None:
        self.buckets = buckets
        self.counts = counts

    @classmethod
    def of(cls, values: Sequence[float] | np.ndarray) -> Quantiles:
        """Return the state of finite numbers."""
        buckets, counts = np.unique(buckets_of(np.asarray(values, np.float64)), return_counts=True)
        return cls(buckets, counts.astype(np.int64))

    @classmethod
    def from_bytes(cls, data: bytes) -> Quantiles:
        """Return the state that ``to_bytes`` wrote."""
        entries = np.frombuffer(data, _ENTRY)
        return cls(entries["bucket"].astype(np.int64), entries["n"].astype(np.int64))

    def to_bytes(self) -> bytes:
        """Return the state as 12 bytes a bucket."""
        entries = np.empty(len(self.buckets), _ENTRY)
        entries["bucket"], entries["n"] = self.buckets, self.counts
        return entries.tobytes()

    @property
    def n(self) -> int:
        """How many numbers there were."""
        return int(self.counts.sum())

    def merge(self, other: Quantiles) -> Quantiles:
        """Return the state of both parts' numbers."""
        return merged((self, other))

    def quantile(self, q: float) -> float:
        """Return the number below which a share ``q`` of the numbers lies, as numpy does, within ``RELATIVE_ERROR``.

        Args:
            q: from 0 to 1. Between two numbers it is interpolated.

        Returns:
            NaN if there were no numbers.
        """
        return float(quantiles_of(np.zeros(len(self.counts), np.int64), self.buckets, self.counts, 1, (q,))[0, 0])

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Quantiles)
            and np.array_equal(self.buckets, other.buckets)
            and np.array_equal(self.counts, other.counts)
        )

    def __repr__(self) -> str:
        return f"Quantiles(n={self.n}, {len(self.buckets)} buckets)"


def merged(states: Iterable[Quantiles]) -> Quantiles:
    """Return the state of all parts' numbers."""
    parts = list(states)
    if not parts:
        return Quantiles.of([])
    return summed(np.concatenate([p.buckets for p in parts]), np.concatenate([p.counts for p in parts]))


def summed(keys: np.ndarray, counts: np.ndarray) -> Quantiles:
    """Return the state of counts by bucket, where a bucket may stand several times."""
    buckets, places = np.unique(keys, return_inverse=True)
    totals = np.zeros(len(buckets), np.int64)
    np.add.at(totals, places, counts)
    return Quantiles(buckets.astype(np.int64), totals)


def entries_of(states: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what many states' bytes hold: for each entry which state it is of, its bucket and its count."""
    entries = np.frombuffer(b"".join(states), _ENTRY)
    lengths = np.fromiter((len(state) for state in states), np.int64, len(states)) // _ENTRY.itemsize
    owners = np.repeat(np.arange(len(states)), lengths)
    return owners, entries["bucket"].astype(np.int64), entries["n"].astype(np.int64)


def quantiles_of(
    owners: np.ndarray, buckets: np.ndarray, counts: np.ndarray, states: int, shares: Sequence[float | np.ndarray]
) -> np.ndarray:
    """Return quantiles of many states at once.

    Args:
        owners, buckets, counts: shape (k,), as from ``entries_of``, in the order of owner and bucket.
        states: how many states there are, m.
        shares: which quantiles, each from 0 to 1; an array of shape (m,) asks each state for another.

    Returns:
        float64, shape (m, number of shares); NaN for a state without numbers.
    """
    result = np.full((states, len(shares)), np.nan)
    ends = np.cumsum(counts)
    bounds = np.searchsorted(owners, np.arange(states + 1))
    before = np.concatenate([[0], ends])[bounds]
    there = np.flatnonzero(before[1:] > before[:-1])
    first, n = before[there], (before[1:] - before[:-1])[there]
    for i, share in enumerate(shares):
        place = np.broadcast_to(share, states)[there] * (n - 1)
        rank = place.astype(np.int64)
        low, high = (
            value_of(buckets[np.searchsorted(ends, first + r, "right")]) for r in (rank, np.minimum(rank + 1, n - 1))
        )
        result[there, i] = low + (high - low) * (place - rank)
    return result


def buckets_of(values: np.ndarray) -> np.ndarray:
    """Return the bucket of each number, int64, shape (n,): in the order of the numbers, 0 for zero."""
    sizes = np.abs(values)
    there = sizes > 0
    with np.errstate(divide="ignore"):
        powers = np.ceil(np.log(sizes, where=there, out=np.zeros_like(sizes)) / _LOG_GAMMA).astype(np.int64)
    return np.where(there, np.sign(values).astype(np.int64) * (powers + _OFFSET), 0)


def value_of(buckets: np.ndarray) -> np.ndarray:
    """Return the number that stands for each bucket: no number in it is further than ``RELATIVE_ERROR`` from it."""
    powers = np.abs(buckets) - _OFFSET
    sizes = np.exp(np.minimum(powers * _LOG_GAMMA, np.log(np.finfo(np.float64).max))) * (2 / (_GAMMA + 1))
    return np.where(buckets == 0, 0.0, np.sign(buckets) * sizes)
