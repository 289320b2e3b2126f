"""Feedback by window of time and by value: numbers that add up, so that windows merge into wider ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from steelyard.records.score_windows import ScoreWindow
from steelyard.store.sql.json_text import from_text
from steelyard.store.sql.score_entries import Entries, empty_entries, joined, sums_of

OTHERS = "…"
MOST_WORDS = 200
"""More different words than these are free text: of them those are told whose hash is least, whatever was merged."""

_SHOWN_WORDS = 50
_MOST_VALUES = 50
N, ERRORS, VERDICTS, PASSED, NUMBERS, TEXTS = range(6)

Key = tuple[str, str, str]
"""The name of the feedback, its source, and the value of what was asked for."""


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """Rows of counts, m of them.

    Args:
        starts: int64, shape (m,), when each row's window begins, milliseconds.
        codes: int64, shape (m,), the place of each row's key among ``keys``.
        keys: the keys.
        sums: int64, shape (m, 6): values, errors, verdicts, passed verdicts, numbers, texts that are no verdicts.
        ends: float64, shape (m, 2): the least and the greatest number; inf and -inf without any.
        spread: how often which bucket of ``Quantiles``.
        totals, squares: the digits of exact sums of the numbers, and of their squares.
        words: how often which word, by its place in the vocabulary.
        vocabulary: the words, as ``to_text`` has them.
    """

    starts: np.ndarray
    codes: np.ndarray
    keys: tuple[Key, ...]
    sums: np.ndarray
    ends: np.ndarray
    spread: Entries
    totals: Entries
    squares: Entries
    words: Entries
    vocabulary: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.starts)

    def regrouped(self, width: int, origin: int = 0) -> ScoreCounts:
        """Return the counts of windows so wide, in milliseconds: rows of one window and key become one."""
        if not len(self):
            return self
        starts, places = np.unique((self.starts - origin) // width * width + origin, return_inverse=True)
        found, rows = np.unique(places * len(self.keys) + self.codes, return_inverse=True)
        order = np.argsort(rows, kind="stable")
        firsts = np.searchsorted(rows[order], np.arange(len(found)))
        ends = self.ends[order]
        lows, highs = np.minimum.reduceat(ends[:, 0], firsts), np.maximum.reduceat(ends[:, 1], firsts)
        return ScoreCounts(
            starts[found // len(self.keys)],
            found % len(self.keys),
            self.keys,
            np.add.reduceat(self.sums[order], firsts),
            np.column_stack([lows, highs]),
            self.spread.regrouped(rows),
            self.totals.regrouped(rows),
            self.squares.regrouped(rows),
            self.words.regrouped(rows),
            self.vocabulary,
        )

    def taken(self, rows: np.ndarray) -> ScoreCounts:
        """Return these rows; one may be named several times."""
        if len(rows) == len(self) and np.array_equal(rows, np.arange(len(self))):
            return self
        return ScoreCounts(
            self.starts[rows],
            self.codes[rows],
            self.keys,
            self.sums[rows],
            self.ends[rows],
            self.spread.taken(rows),
            self.totals.taken(rows),
            self.squares.taken(rows),
            self.words.taken(rows),
            self.vocabulary,
        )

    def with_values(self, values: Sequence[str]) -> ScoreCounts:
        """Return the same with the value of each row, as many as there are rows, in its key."""
        coded = {value: i for i, value in enumerate(dict.fromkeys(values))}
        found = self.codes * len(coded) + np.fromiter((coded[value] for value in values), np.int64, len(values))
        used, codes = np.unique(found, return_inverse=True)
        names = tuple(coded)
        keys = tuple((*self.keys[code // len(names)][:2], names[code % len(names)]) for code in used.tolist())
        return replace(self, codes=codes.astype(np.int64), keys=keys)

    def renamed(self, keys: Sequence[Key]) -> ScoreCounts:
        """Return the same with other keys, one for each that there is; rows of equal ones are not merged yet."""
        coded = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        codes = np.array([coded[key] for key in keys], np.int64)
        return replace(self, codes=codes[self.codes] if len(self) else self.codes, keys=tuple(coded))

    def frequent(self) -> ScoreCounts:
        """Return the same with the rarer values under one name."""
        totals = dict.fromkeys((value for _, _, value in self.keys), 0)
        if len(totals) <= _MOST_VALUES:
            return self
        for code, n in zip(self.codes.tolist(), (self.sums[:, N] + self.sums[:, ERRORS]).tolist(), strict=True):
            totals[self.keys[code][2]] += n
        # The more frequent first, and of equals the one that sorts first.
        known = set(sorted(totals, key=lambda value: (-totals[value], value))[:_MOST_VALUES])
        return self.renamed([(name, source, value if value in known else OTHERS) for name, source, value in self.keys])

    def windows(self, step: int) -> tuple[ScoreWindow, ...]:
        """Return the rows as people see them, by time and value."""
        starts, sums, ends = self.starts.tolist(), self.sums.tolist(), self.ends.tolist()
        totals, squares = sums_of(self.totals, len(self)), sums_of(self.squares, len(self))
        quantiles, words = self.spread.to_bytes(len(self)), kept_words(self)
        groups = [self.keys[code][2] for code in self.codes.tolist()]
        return tuple(
            ScoreWindow(
                start_ms=starts[i],
                end_ms=starts[i] + step,
                group=groups[i],
                n=sums[i][N],
                errors=sums[i][ERRORS],
                verdicts=sums[i][VERDICTS],
                passed=sums[i][PASSED],
                numbers=sums[i][NUMBERS],
                total=totals[i],
                squares=squares[i],
                low=ends[i][0] if sums[i][NUMBERS] else None,
                high=ends[i][1] if sums[i][NUMBERS] else None,
                quantiles=quantiles[i],
                words=_shown(words[i], sums[i][TEXTS]) if sums[i][TEXTS] else {},
            )
            for i in sorted(range(len(self)), key=lambda i: (starts[i], groups[i]))
        )


def kept_words(counts: ScoreCounts) -> list[dict[str, int]]:
    """Return how often each word, of each row; of too many different ones those whose hash is least.

    A word that is among the least of a whole is so in every part that has it, so the counts of those that are told are
    exact however parts were merged (the bottom-k sample of Cohen & Kaplan 2007).
    """
    bounds, words, n = counts.words.bounds(len(counts)), counts.words.keys.tolist(), counts.words.counts.tolist()
    found = []
    for first, last in pairwise(bounds):
        of_row = {counts.vocabulary[words[j]]: n[j] for j in range(first, last)}
        if len(of_row) > MOST_WORDS:
            of_row = {word: of_row[word] for word in sorted(of_row, key=_hash)[:MOST_WORDS]}
        found.append(of_row)
    return found


def _hash(word: str) -> tuple[bytes, str]:
    return hashlib.blake2b(word.encode(), digest_size=8).digest(), word


def _shown(words: dict[str, int], texts: int) -> dict[str, int]:
    """Return the most frequent words, the first first, and the rest under one name."""
    frequent = sorted(words.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN_WORDS]
    shown = {from_text(word): n for word, n in frequent}
    rest = texts - sum(shown.values())
    if rest:
        shown[OTHERS] = shown.get(OTHERS, 0) + rest
    return shown


def no_counts() -> ScoreCounts:
    """Return no rows."""
    nothing, none = np.zeros(0, np.int64), empty_entries()
    return ScoreCounts(nothing, nothing, (), np.zeros((0, 6), np.int64), np.zeros((0, 2)), none, none, none, none, ())


def together(parts: Iterable[ScoreCounts]) -> ScoreCounts:
    """Return the rows of all parts, not yet merged."""
    found = [part for part in parts if len(part)]
    if not found:
        return no_counts()
    if len(found) == 1:
        return found[0]
    keys = {key: i for i, key in enumerate(dict.fromkeys(key for part in found for key in part.keys))}
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys(word for part in found for word in part.vocabulary))}
    sizes = [len(part) for part in found]
    words = []
    for part in found:
        places = np.array([vocabulary[word] for word in part.vocabulary], np.int64)
        words.append(replace(part.words, keys=places[part.words.keys]) if len(part.words) else part.words)
    return ScoreCounts(
        np.concatenate([part.starts for part in found]),
        np.concatenate([np.array([keys[key] for key in part.keys], np.int64)[part.codes] for part in found]),
        tuple(keys),
        np.concatenate([part.sums for part in found]),
        np.concatenate([part.ends for part in found]),
        joined([part.spread for part in found], sizes),
        joined([part.totals for part in found], sizes),
        joined([part.squares for part in found], sizes),
        joined(words, sizes),
        tuple(vocabulary),
    )
