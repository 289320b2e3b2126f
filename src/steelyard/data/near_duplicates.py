"""Texts that nearly equal each other, among a hundred thousand in seconds.

Two texts are as alike as their sets of shingles (pairs of neighbouring words, whatever their case and punctuation) by
the index of Jaccard. MinHash estimates it: the share of hash functions under which two sets have the same smallest
element (Broder 1997, "On the resemblance and containment of documents"). Signatures are cut into bands, and only texts
that share a whole band are compared (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4). What
is reported was compared exactly, so nothing is flagged that is less alike than was asked; what is as alike as the
threshold is missed with a probability below one per cent.

Hashes are keyed by constants: the same texts give the same pairs on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard.data.mixing import GOLDEN, Words, mixed, salt_of

_HASHES = 128
_MISSED = 0.01
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"  # scripts that put no space between words
_WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two texts that nearly equal each other, by their places; ``first`` stands before ``second``."""

    first: int
    second: int
    similarity: float


def near_pairs(texts: Iterable[str], *, threshold: float = 0.8, since: int = 0) -> list[NearPair]:
    """Return, for each text that nearly equals an earlier one, the earlier one that it is most like.

    Args:
        texts: the texts, in order.
        threshold: how alike, above 0 and at most 1.
        since: only texts from this place on are looked at; earlier ones are what they are held against.

    Returns:
        Pairs in the order of the later texts, at most one for each. Where hundreds are alike, each is compared with
        the first and the nearest before it, so that the time stays in proportion to the number of texts.

    Examples:
        >>> near_pairs(["What is the capital of France?", "what is the capital of france", "Who wrote Hamlet?"])
        [NearPair(first=0, second=1, similarity=1.0)]
    """
    shingles, ends = _shingles(texts)
    n = len(ends)
    if n < 2:
        return []
    first, second = _candidates(_signatures(shingles, ends), threshold)
    fresh = second >= since
    first, second = first[fresh], second[fresh]
    similarity = _jaccard(shingles, ends, first, second)
    near = similarity >= threshold
    order = np.lexsort((first[near], -similarity[near], second[near]))
    first, second, similarity = first[near][order], second[near][order], similarity[near][order]
    best = np.flatnonzero(np.diff(second, prepend=-1))
    return [
        NearPair(one, other, alike)
        for one, other, alike in zip(
            first[best].tolist(), second[best].tolist(), similarity[best].tolist(), strict=True
        )
    ]


def text_of(value: Any) -> str:
    """Return the words of a JSON value: its texts and numbers, a mapping's in the order of its keys.

    Examples:
        >>> text_of({"b": "world", "a": ["hello", 1]})
        'hello 1 world'
    """
    return " ".join(_words(value))


def _words(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield from _words(value[key])
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _words(one)
    elif value is not None:
        yield str(value)


def _shingles(texts: Iterable[str]) -> tuple[Words, NDArray[np.int64]]:
    """Return the shingles of all texts, each text's sorted and once, and where each text's end."""
    known: dict[str, int] = {}
    words: list[int] = []
    counts: list[int] = []
    for text in texts:
        found = _WORD.findall(text.casefold()) or [text]
        words += [known[word] if word in known else known.setdefault(word, salt_of(word)) for word in found]
        counts.append(len(found))
    if not counts:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    hashes = np.array(words, dtype=np.uint64)
    lengths = np.array(counts, dtype=np.int64)
    last = np.cumsum(lengths) - 1
    following = np.zeros_like(hashes)
    following[:-1] = hashes[1:]
    following[last] = 0
    pairs = mixed(hashes + mixed(following, GOLDEN))
    keep = np.ones(len(pairs), bool)
    keep[last[lengths > 1]] = False  # the last word begins no pair, unless it is the only one
    texts_of = np.repeat(np.arange(len(lengths)), lengths)[keep]
    pairs = pairs[keep]
    order = np.lexsort((pairs, texts_of))
    pairs, texts_of = pairs[order], texts_of[order]
    again = np.concatenate([[False], (pairs[1:] == pairs[:-1]) & (texts_of[1:] == texts_of[:-1])])
    return pairs[~again], np.cumsum(np.bincount(texts_of[~again], minlength=len(lengths)))


def _signatures(shingles: Words, ends: NDArray[np.int64]) -> Words:
    """Return the smallest hash of each text under each hash function, shape (texts, hashes)."""
    starts = np.concatenate([[0], ends[:-1]])
    signatures = np.empty((len(ends), _HASHES), np.uint64)
    for place in range(_HASHES):
        signatures[:, place] = np.minimum.reduceat(mixed(shingles, salt_of(f"near duplicate {place}")), starts)
    return signatures


def _candidates(signatures: Words, threshold: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs that share a band and look alike by their signatures; the earlier text first."""
    rows = _rows_of_a_band(threshold)
    n = len(signatures)
    found: list[NDArray[np.int64]] = []
    for start in range(0, _HASHES - rows + 1, rows):
        keys = np.zeros(n, np.uint64)
        for place in range(start, start + rows):
            keys = mixed(keys + signatures[:, place], GOLDEN)
        order = np.argsort(keys, kind="stable")
        ranked = keys[order]
        same = ranked[1:] == ranked[:-1]
        if not same.any():
            continue
        heads = np.maximum.accumulate(np.where(np.concatenate([[True], ~same]), np.arange(n), 0))
        place = np.flatnonzero(same) + 1
        found += [order[place - 1] * n + order[place], order[heads[place]] * n + order[place]]
    pairs = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    return _alike(signatures, pairs // n, pairs % n, threshold)


def _alike(
    signatures: Words, first: NDArray[np.int64], second: NDArray[np.int64], threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Leave out pairs whose signatures say that they are less alike, by more than four standard errors."""
    least = threshold - 4 * (threshold * (1 - threshold) / _HASHES) ** 0.5
    kept = [np.zeros(0, bool)]
    for start in range(0, len(first), _CHUNK):
        part = slice(start, start + _CHUNK)
        kept.append((signatures[first[part]] == signatures[second[part]]).mean(axis=1) >= least)
    mask = np.concatenate(kept)
    return first[mask], second[mask]


def _rows_of_a_band(threshold: float) -> int:
    """Return how many hashes a band has, as many as may be while pairs at the threshold are rarely missed."""
    for rows in range(32, 1, -1):
        if (1 - threshold**rows) ** (_HASHES // rows) <= _MISSED:
            return rows
    return 1


def _jaccard(
    shingles: Words, ends: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return how alike pairs of texts are: shingles in both, of the shingles in either.

    A shingle's upper 48 bits stand for it beside 16 bits that say which pair of the chunk it belongs to.
    """
    starts = np.concatenate([[0], ends[:-1]])
    sizes = ends - starts
    found = [np.zeros(0)]
    for start in range(0, len(first), _CHUNK):
        texts = np.stack([first[start : start + _CHUNK], second[start : start + _CHUNK]], axis=1).ravel()
        lengths = sizes[texts]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        taken = shingles[np.repeat(starts[texts], lengths) + within] >> np.uint64(16)
        pairs = np.repeat(np.arange(len(texts), dtype=np.uint64) >> np.uint64(1), lengths)
        keys = np.sort((pairs << np.uint64(48)) | taken)
        both = keys[1:][keys[1:] == keys[:-1]] >> np.uint64(48)
        shared = np.bincount(both.astype(np.int64), minlength=len(texts) // 2)
        found.append(shared / (lengths[0::2] + lengths[1::2] - shared))
    return np.concatenate(found)
