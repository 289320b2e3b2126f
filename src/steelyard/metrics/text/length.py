"""How long a text is and how much of it repeats."""

from __future__ import annotations

import re

import numpy as np

from steelyard.metrics.text.columns import pair_up, texts
from steelyard.metrics.text.readability import words

_WORD = re.compile(r"\w+")


def char_count(predictions: object) -> np.ndarray:
    """Return the number of characters (code points, blanks included) of each text, shape (n,); NaN where missing."""
    return np.array([np.nan if t is None else len(t) for t in texts(predictions)], dtype=np.float64)


def length_ratio(predictions: object, references: object) -> np.ndarray:
    """Return the words of each prediction by those of the reference nearest in length; NaN if that has no words.

    Examples:
        >>> length_ratio(["one two three"], ["one two"]).tolist()
        [1.5]
    """
    pairs = pair_up(predictions, references)
    ours = np.array([len(words(t)) for t in pairs.predictions], dtype=np.float64)
    theirs = np.array([len(words(t)) for t in pairs.references], dtype=np.float64)
    out = np.full(pairs.n, np.nan)
    if len(pairs.rows):
        nearest = pairs.first_best(-np.abs(ours - theirs))
        out[pairs.rows] = np.divide(ours, theirs, out=np.full(len(ours), np.nan), where=theirs > 0)[nearest]
    return out


def distinct(predictions: object, order: int = 1) -> np.ndarray:
    """Return the share of each text's word n-grams that are different: 1 without repetition, near 0 in a loop.

    Source: Li et al. 2016, doi:10.18653/v1/N16-1014, within each text. Words are runs of letters and digits, in lower
    case.

    Returns:
        Shape (n,), 0 to 1; NaN where missing, and where a text has fewer than ``order`` words.

    Examples:
        >>> distinct(["no no no yes"]).tolist()
        [0.5]
    """
    return np.array([np.nan if t is None else _distinct(t, order) for t in texts(predictions)], dtype=np.float64)


def _distinct(text: str, order: int) -> float:
    found = _WORD.findall(text.lower())
    grams = list(zip(*(found[start:] for start in range(order)), strict=False))
    return len(set(grams)) / len(grams) if grams else np.nan
