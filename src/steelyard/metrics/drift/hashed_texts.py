"""Vectors of texts without a model: which words they use, hashed into few numbers."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

_WORD = re.compile(r"\w+")
DIMENSIONS = 512


def words_of(text: str) -> list[str]:
    """Return the words of a text, in lower case.

    Examples:
        >>> words_of("Where's my order #42?")
        ['where', 's', 'my', 'order', '42']
    """
    return _WORD.findall(text.lower())


def hashed_words(texts: Sequence[str], dimensions: int = DIMENSIONS) -> npt.NDArray[np.float32]:
    """Return vectors that are near each other where texts share words: no meanings, but topics and languages.

    Each word has a place and a sign by its hash (Weinberger et al. 2009); counts go in by their square root, and every
    vector has length 1, so that long texts are not far from short ones.

    Args:
        texts: n of them.
        dimensions: how many numbers stand for a text.

    Returns:
        Shape (n, dimensions).

    Examples:
        >>> a, b, c = hashed_words(["reset my password", "password reset please", "ein ganz anderes Thema"])
        >>> bool(a @ b > 0.5 > a @ c)
        True
    """
    vectors = np.zeros((len(texts), dimensions), np.float32)
    for row, text in enumerate(texts):
        for word, n in Counter(words_of(text)).items():
            place, sign = _place(word, dimensions)
            vectors[row, place] += sign * n**0.5
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=vectors, where=lengths > 0)


@lru_cache(maxsize=200_000)
def _place(word: str, dimensions: int) -> tuple[int, float]:
    hashed = zlib.crc32(word.encode("utf-8", "surrogatepass"))
    return hashed % dimensions, 1.0 if zlib.adler32(word.encode("utf-8", "surrogatepass")) & 1 else -1.0
