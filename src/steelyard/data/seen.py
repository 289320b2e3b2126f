"""Which hashes have been seen: a filter that may err on one side, and sorted runs that do not."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from steelyard.data.mixing import Words

RUN_KEYS = 1 << 18

Counts = NDArray[np.uint32]

_SIX_BITS = np.uint64(63)


class Filter:
    """A Bloom filter over words that are well mixed already: two bits each, both in one place of 64 bits.

    Sources: Bloom 1970, "Space/time trade-offs in hash coding with allowable errors"; Putze, Sanders and Singler 2007,
    "Cache-, hash- and space-efficient Bloom filters", for keeping a word's bits together. With m bits and n words it
    takes an unseen word for a seen one with a chance near (1 − exp(−2n/m))²: 2% at 16 bits a word, 28% at 2.7.

    Args:
        bits: the size as a power of two.
    """

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self._places = np.zeros(1 << (bits - 6), np.uint64)

    @property
    def nbytes(self) -> int:
        return self._places.nbytes

    def maybe(self, words: Words) -> NDArray[np.bool_]:
        """Return, for each word, False if it was surely never added."""
        place, mask = self._probe(words)
        return (self._places[place] & mask) == mask

    def add(self, words: Words) -> None:
        """Add words in ascending order; one that is there already changes nothing."""
        place, mask = self._probe(words)
        shared = np.flatnonzero(place[1:] == place[:-1])
        self._places[place] |= mask  # of words that share a place only the last is written …
        if len(shared):
            np.bitwise_or.at(self._places, place[shared], mask[shared])  # … and here are the others

    def _probe(self, words: Words) -> tuple[NDArray[np.int64], Words]:
        place = (words >> np.uint64(70 - self.bits)).astype(np.int64)
        one = np.uint64(1) << (words & _SIX_BITS)
        return place, one | (np.uint64(1) << ((words >> np.uint64(6)) & _SIX_BITS))


@dataclass(slots=True)
class Runs:
    """A map from words to counts, as a few sorted arrays of doubling size (a log-structured merge tree).

    Source: O'Neil et al. 1996, "The log-structured merge-tree". 12 bytes a word.
    """

    keys: list[Words] = field(default_factory=list)
    counts: list[Counts] = field(default_factory=list)
    size: int = 0

    def get(self, wanted: Words) -> Counts:
        """Return the count of each word, 0 where there is none."""
        found = np.zeros(len(wanted), np.uint32)
        for keys, counts in zip(self.keys, self.counts, strict=True):
            at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            hit = keys[at] == wanted
            found[hit] = counts[at[hit]]
        return found

    def raise_by(self, present: Words, more: Counts) -> None:
        """Add to the counts of words that are here already (each named once)."""
        for keys, counts in zip(self.keys, self.counts, strict=True):
            at = np.minimum(np.searchsorted(keys, present), len(keys) - 1)
            hit = keys[at] == present
            counts[at[hit]] += more[hit]

    def insert(self, absent: Words, counts: Counts) -> None:
        """Add words that are not here yet, in ascending order."""
        if len(absent) == 0:
            return
        self.size += len(absent)
        self.keys.append(absent)
        self.counts.append(counts)
        while len(self.keys) > 1 and len(self.keys[-2]) < 2 * len(self.keys[-1]) <= RUN_KEYS:
            self._merge_last_two()

    def _merge_last_two(self) -> None:
        keys = np.concatenate([self.keys.pop(), self.keys.pop()])
        counts = np.concatenate([self.counts.pop(), self.counts.pop()])
        order = np.argsort(keys, kind="stable")  # two sorted halves: merged in one sweep
        self.keys.append(keys[order])
        self.counts.append(counts[order])
