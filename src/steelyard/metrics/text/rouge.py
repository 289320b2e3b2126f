"""ROUGE: how many of a reference's word n-grams, or how long a subsequence of it, a summary has (Lin 2004)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np

from steelyard.metrics.text.columns import pair_up
from steelyard.metrics.text.lcs import lcs_length, lcs_positions

ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")

_WORD = re.compile(r"[a-z0-9]+")

Lines = list[list[str]]


def rouge(predictions: object, references: object, names: Sequence[str] = ROUGE) -> dict[str, np.ndarray]:
    """Return the F-measure of each kind of ROUGE for each row; texts are read once for all of them.

    Words are runs of ``a-z0-9`` after lowering the case, without stemming, so a text in another script has none and
    scores 0. ``rougeLsum`` takes each line for a sentence; its time grows with the product of the different lines on
    either side (2,000 by 2,000 take 11 s). The values equal those of Google's ``rouge_score`` bit for
    bit; with several references the best one counts.

    Args:
        predictions: n texts, None where missing.
        references: n texts or lists of texts, None where missing.
        names: any of ``rouge1``, ``rouge2``, ``rougeL``, ``rougeLsum``.

    Returns:
        Name to scores of shape (n,), 0 to 1; NaN where the prediction or the reference is missing.

    Examples:
        >>> scores = rouge(["the cat sat"], ["the cat was sitting"], ["rouge1", "rougeL"])
        >>> {name: round(float(values[0]), 3) for name, values in scores.items()}
        {'rouge1': 0.571, 'rougeL': 0.571}
    """
    pairs = pair_up(predictions, references)
    counts = np.zeros((len(names), len(pairs.predictions), 3), dtype=np.int64)
    cache: tuple[str, Lines] = ("", [])
    for pair, (prediction, reference) in enumerate(zip(pairs.predictions, pairs.references, strict=True)):
        if prediction is not cache[0]:
            cache = (prediction, _lines(prediction))
        counts[:, pair] = _pair_counts(cache[1], _lines(reference), names)
    return {name: pairs.best(_f_measure(counts[i])) for i, name in enumerate(names)}


def _lines(text: str) -> Lines:
    words = map(_WORD.findall, text.lower().split("\n"))
    return [line for line in words if line]


def _pair_counts(prediction: Lines, reference: Lines, names: Sequence[str]) -> list[tuple[int, int, int]]:
    """Count hits, predicted and reference units of one pair for each kind of ROUGE."""
    ours, theirs = list(chain.from_iterable(prediction)), list(chain.from_iterable(reference))
    subsequence = -1
    out = []
    for name in names:
        if name == "rouge1":
            out.append((_overlap(Counter(ours), Counter(theirs)), len(ours), len(theirs)))
        elif name == "rouge2":
            hits = _overlap(Counter(pairwise(ours)), Counter(pairwise(theirs)))
            out.append((hits, max(len(ours) - 1, 0), max(len(theirs) - 1, 0)))
        elif name == "rougeLsum" and (len(prediction) > 1 or len(reference) > 1):
            out.append((_union_hits(prediction, reference), len(ours), len(theirs)))
        else:  # of two single sentences, the union is the subsequence itself
            subsequence = lcs_length(theirs, ours) if subsequence < 0 else subsequence
            out.append((subsequence, len(ours), len(theirs)))
    return out


def _overlap(left: Counter, right: Counter) -> int:
    return sum([min(left[gram], right[gram]) for gram in left.keys() & right.keys()])


def _union_hits(prediction: Lines, reference: Lines) -> int:
    """Count reference words in the union of their sentence's subsequences, none more often than it was predicted."""
    candidates = [(line, frozenset(line)) for line in dict.fromkeys(map(tuple, prediction))]
    predicted = Counter(chain.from_iterable(prediction))
    found: Counter[str] = Counter()
    for sentence, times in Counter(map(tuple, reference)).items():  # an equal line has an equal union
        union, words = 0, frozenset(sentence)
        reachable = sum(word in predicted for word in sentence)
        for candidate, its_words in candidates:
            if union.bit_count() == reachable:
                break
            if not words.isdisjoint(its_words):
                union |= lcs_positions(sentence, candidate)
        for i, word in enumerate(sentence):
            if union >> i & 1:
                found[word] += times
    return _overlap(found, predicted)


def _f_measure(counts: np.ndarray) -> np.ndarray:
    hits, predicted, expected = counts.T
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(expected, 1)
    total = precision + recall
    return np.divide(2 * precision * recall, total, out=np.zeros(len(hits)), where=total > 0)
