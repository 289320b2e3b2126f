"""chrF: the F-score of shared character n-grams, as sacrebleu counts it: ``nc:6|nw:0|eff:yes|space:no``.

Source: Popović 2015, doi:10.18653/v1/W15-3049.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.text.columns import is_missing, pair_up

ORDER = 6
WIDTH = 3 * ORDER

_CHARACTERS = 1 << 20  # texts are counted in batches of about this many characters


def chrf_statistics(predictions: object, references: object) -> np.ndarray:
    """Return the counts that chrF is made of, one row each; chrF of any set of rows is ``chrf`` of their sum.

    Blanks are left out. With several references, the one with the highest score of its own is counted.

    Returns:
        Shape (n, 18), int64: for orders 1 to 6 the n-grams predicted, those in the reference, and those in both. A row
        with a missing prediction or reference is zeros: see ``is_missing``.

    Examples:
        >>> chrf_statistics(["ab c"], ["abd"])[0, :9].tolist()
        [3, 3, 2, 2, 2, 1, 1, 1, 0]
    """
    pairs = pair_up(predictions, references)
    out = np.zeros((pairs.n, WIDTH), dtype=np.int64)
    if not len(pairs.rows):
        return out
    counts = _count(["".join(t.split()) for t in pairs.predictions], ["".join(t.split()) for t in pairs.references])
    out[pairs.rows] = counts[pairs.first_best(np.nan_to_num(chrf(counts), nan=0.0))]
    return out


def chrf(statistics: np.ndarray, *, beta: float = 2.0) -> np.ndarray:
    """Return chrF, 0 to 100, of summed statistics.

    Args:
        statistics: shape (..., 18), sums of rows of ``chrf_statistics``, perhaps weighted: one score for each leading
            index, so all replicates of a bootstrap are one call.
        beta: how many times recall counts as much as precision.

    Returns:
        Shape (...), float64; NaN where nothing was counted (sacrebleu says 0).

    Examples:
        >>> round(float(chrf(chrf_statistics(["the cat"], ["the cats"])[0])), 3)
        77.571
    """
    stats = np.asarray(statistics, dtype=np.float64)
    if stats.shape[-1:] != (WIDTH,):
        raise InvalidArgument(f"chrF needs statistics of shape (..., {WIDTH}); these have shape {stats.shape}.")
    predicted, expected, shared = stats[..., 0::3], stats[..., 1::3], stats[..., 2::3]
    used = (predicted > 0) & (expected > 0)
    orders = np.maximum(used.sum(axis=-1), 1)
    precision = np.divide(shared, predicted, out=np.zeros_like(shared), where=used).sum(axis=-1) / orders
    recall = np.divide(shared, expected, out=np.zeros_like(shared), where=used).sum(axis=-1) / orders
    below = beta**2 * precision + recall
    score = np.divide((1 + beta**2) * precision * recall, below, out=np.zeros_like(below), where=below > 0)
    return np.where((stats != 0).any(axis=-1), 100 * score, np.nan)


def row_chrf(predictions: object, references: object) -> np.ndarray:
    """Return sacrebleu's sentence chrF of each row, 0 to 100; 0 where either text is empty, NaN where missing.

    Examples:
        >>> row_chrf(["the cat", "", None], ["the cat", "the cat", "the cat"]).tolist()
        [100.0, 0.0, nan]
    """
    scores = chrf(chrf_statistics(predictions, references))
    return np.where(is_missing(predictions, references), np.nan, np.nan_to_num(scores, nan=0.0))


def _count(predictions: list[str], references: list[str]) -> np.ndarray:
    sizes = np.array([len(p) + len(r) + 1 for p, r in zip(predictions, references, strict=True)])
    batch = np.cumsum(sizes) // _CHARACTERS
    edges = np.append(np.searchsorted(batch, np.unique(batch)), len(sizes))
    parts = [_count_batch(predictions[a:b], references[a:b]) for a, b in pairwise(edges.tolist())]
    return np.concatenate(parts)


def _count_batch(predictions: list[str], references: list[str]) -> np.ndarray:
    """Count the n-grams of every order in all pairs at once.

    An n-gram is one integer, exact and without hashing: the number of the n-gram a character shorter times the size of
    the alphabet, plus the character. Where that would not fit beside the pair's index, n-grams are numbered anew.
    """
    pairs = len(predictions)
    lengths = np.array([[len(t) for t in predictions], [len(t) for t in references]], dtype=np.int64)
    characters, alphabet = _dense("".join(predictions) + "".join(references))
    owner = np.repeat(np.tile(np.arange(pairs), 2), lengths.ravel())
    side = np.repeat(np.array([0, 1]), lengths.sum(axis=1))
    left = np.repeat(np.cumsum(lengths.ravel()), lengths.ravel()) - np.arange(len(characters))  # characters to the end
    out = np.zeros((pairs, ORDER, 3), dtype=np.int64)
    gram, kinds, at = characters, alphabet, np.arange(len(characters))
    for order in range(1, ORDER + 1):
        if order > 1:
            keep = left[at] >= order
            at, gram = at[keep], gram[keep]
            if kinds * alphabet * pairs * 2 >= 1 << 62:
                known, gram = np.unique(gram, return_inverse=True)
                kinds = max(len(known), 1)
            gram, kinds = gram * alphabet + characters[at + order - 1], kinds * alphabet
        predicted, expected = np.maximum(lengths - order + 1, 0)
        # as in sacrebleu, n-grams do not count against a reference that is too short to have any
        out[:, order - 1] = np.column_stack([
            np.where(expected > 0, predicted, 0), expected, _shared(owner[at] * kinds + gram, side[at], kinds, pairs)
        ])  # fmt: skip
    return out.reshape(pairs, WIDTH)


def _shared(keys: np.ndarray, side: np.ndarray, kinds: int, pairs: int) -> np.ndarray:
    """Count the n-grams that both sides of a pair have, each as often as the side with fewer of it."""
    if not len(keys):
        return np.zeros(pairs, dtype=np.int64)
    keys = np.sort(keys * 2 + side)
    grams = keys >> 1
    starts = np.flatnonzero(np.concatenate([[True], grams[1:] != grams[:-1]]))
    both = np.diff(np.append(starts, len(keys)))
    right = np.add.reduceat(keys & 1, starts)
    shared = np.minimum(right, both - right)
    return np.bincount(grams[starts] // kinds, weights=shared, minlength=pairs).astype(np.int64)


def _dense(text: str) -> tuple[np.ndarray, int]:
    """Return a text's characters as numbers from 0 without gaps, and how many different ones there are."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    present = np.zeros(int(codes.max(initial=0)) + 1, dtype=bool)
    present[codes] = True
    return (np.cumsum(present) - 1)[codes], max(int(present.sum()), 1)
