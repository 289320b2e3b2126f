"""How hard a text is to read, and the counts behind it, as textstat counts them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import numpy as np

from steelyard.metrics.text.columns import texts
from steelyard.metrics.text.syllables import Source, syllable_counter

_QUOTE = re.compile(r"'(?![tsd]|ve|ll|re)")  # an apostrophe that is no contraction's
_PUNCTUATION = re.compile(r"[^\w\s']")
_SENTENCE = re.compile(r"\b[^.!?]+[.!?]*")


def words(text: str) -> list[str]:
    """Return a text's words: what blanks separate, without punctuation but for the apostrophe of a contraction.

    Examples:
        >>> words("Don't panic -- it's 'fine', re-read it.")
        ["Don't", 'panic', "it's", 'fine', 'reread', 'it']
    """
    return _PUNCTUATION.sub("", _QUOTE.sub("", text)).split()


def count_sentences(text: str) -> int:
    """Count sentences: runs up to ``.``, ``!`` or ``?`` of more than two words; at least 1, and 0 without text."""
    if not text:
        return 0
    return max(1, sum(len(words(sentence)) > 2 for sentence in _SENTENCE.findall(text)))


def word_count(predictions: object) -> np.ndarray:
    """Return the number of words of each text, shape (n,); NaN where missing."""
    return _each(predictions, lambda text: len(words(text)))


def sentence_count(predictions: object) -> np.ndarray:
    """Return the number of sentences of each text, shape (n,); NaN where missing."""
    return _each(predictions, count_sentences)


def flesch_kincaid_grade_level(predictions: object, *, syllables: Source = "auto") -> np.ndarray:
    """Return the US school grade that reads each text: 0.39 words a sentence + 11.8 syllables a word - 15.59.

    Source: Kincaid et al. 1975, "Derivation of new readability formulas". Made for English. A text without words is 0,
    as in textstat; a missing one is NaN.

    Args:
        predictions: n texts, None where missing.
        syllables: who counts syllables, see ``syllable_counter``. By ``dictionary`` the values are textstat's.

    Examples:
        >>> grade = flesch_kincaid_grade_level(["The cat sat on the mat."], syllables="rules")
        >>> round(float(grade[0]), 2)
        -1.45
    """
    return _each(predictions, partial(_flesch, syllables=syllable_counter(syllables), formula=_grade))


def flesch_reading_ease(predictions: object, *, syllables: Source = "auto") -> np.ndarray:
    """Return Flesch's reading ease: 206.835 - 1.015 words a sentence - 84.6 syllables a word (higher is easier).

    Source: Flesch 1948, doi:10.1037/h0057532. Made for English. A text without words is 0, as in textstat.

    Args:
        predictions: n texts, None where missing.
        syllables: who counts syllables, see ``syllable_counter``. By ``dictionary`` the values are textstat's.
    """
    return _each(predictions, partial(_flesch, syllables=syllable_counter(syllables), formula=_ease))


def ari_grade_level(predictions: object) -> np.ndarray:
    """Return the automated readability index: 4.71 characters a word + 0.5 words a sentence - 21.43.

    Source: Smith and Senter 1967, AMRL-TR-66-220. Equal to textstat's, whose first term counts punctuation standing
    alone as a word and whose second does not. A text without words is 0.

    Examples:
        >>> round(float(ari_grade_level(["The cat sat on the mat."])[0]), 3)
        -4.3
    """
    return _each(predictions, _ari)


def _each(predictions: object, score: Callable[[str], float]) -> np.ndarray:
    return np.array([np.nan if t is None else score(t) for t in texts(predictions)], dtype=np.float64)


def _flesch(text: str, *, syllables: Callable[[str], int], formula: Callable[[float, float], float]) -> float:
    found = [word.lower() for word in words(text)]
    if not found:
        return 0.0
    return formula(len(found) / count_sentences(text), sum(map(syllables, found)) / len(found))


def _grade(sentence_length: float, syllables_per_word: float) -> float:
    return 0.39 * sentence_length + 11.8 * syllables_per_word - 15.59


def _ease(sentence_length: float, syllables_per_word: float) -> float:
    return 206.835 - 1.015 * sentence_length - 84.6 * syllables_per_word


def _ari(text: str) -> float:
    blocks, found = text.split(), len(words(text))
    if not blocks or not found:
        return 0.0
    return 4.71 * sum(map(len, blocks)) / len(blocks) + 0.5 * found / count_sentences(text) - 21.43
