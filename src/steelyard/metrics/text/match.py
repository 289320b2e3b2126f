"""Answers compared with their references: exact match, normalised exact match, token F1."""

from __future__ import annotations

import re
import string
from collections import Counter

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.text.columns import as_rows, is_absent, pair_up

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def exact_match(predictions: object, references: object) -> np.ndarray:
    """Score 1 where the prediction equals its reference, or one of its references, exactly.

    Nothing is normalised: this is the accuracy of the values as they are, which is what MLflow's ``exact_match/v1``
    averages. Numbers are compared as numbers; a number never equals a text.

    Returns:
        Shape (n,), 0 or 1; NaN where the prediction or the reference is missing.

    Examples:
        >>> exact_match(["Paris", "paris", None], ["Paris", "Paris", "Rome"]).tolist()
        [1.0, 0.0, nan]
    """
    left, right = as_rows(predictions), as_rows(references)
    if len(left) != len(right):
        raise InvalidArgument(f"There are {len(left)} predictions and {len(right)} references: give one a row.")
    return np.array([_equals(p, r) for p, r in zip(left, right, strict=True)], dtype=np.float64)


def normalized_exact_match(predictions: object, references: object) -> np.ndarray:
    """Score 1 where prediction and reference are equal once case, punctuation and articles are gone.

    Source: the SQuAD evaluation script (Rajpurkar et al. 2016, doi:10.18653/v1/D16-1264). The best reference counts.

    Examples:
        >>> normalized_exact_match(["The Eiffel Tower!"], ["eiffel tower"]).tolist()
        [1.0]
    """
    pairs = pair_up(predictions, references)
    equal = [
        normalize_answer(p) == normalize_answer(r) for p, r in zip(pairs.predictions, pairs.references, strict=True)
    ]
    return pairs.best(np.array(equal, dtype=np.float64))


def token_f1(predictions: object, references: object) -> np.ndarray:
    """Return the F1 of the words that prediction and reference share, after SQuAD's normalisation.

    Source: the SQuAD 2.0 evaluation script: where either side has no words left, 1 if both have none, otherwise 0. The
    best reference counts. Words are what blanks separate, so text written without blanks is one word.

    Examples:
        >>> token_f1(["the cat sat down"], ["a cat sat"]).tolist()
        [0.8]
    """
    pairs = pair_up(predictions, references)
    scores = [
        _f1(normalize_answer(p).split(), normalize_answer(r).split())
        for p, r in zip(pairs.predictions, pairs.references, strict=True)
    ]
    return pairs.best(np.array(scores, dtype=np.float64))


def normalize_answer(text: str) -> str:
    """Lower the case, drop ASCII punctuation and English articles, and leave single blanks."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def _equals(prediction: object, reference: object) -> float:
    if isinstance(reference, (list, tuple, np.ndarray)):
        present = [r for r in reference if not is_absent(r)]
        return np.nan if is_absent(prediction) or not present else float(any(bool(prediction == r) for r in present))
    if is_absent(prediction) or is_absent(reference):
        return np.nan
    return float(bool(prediction == reference))


def _f1(prediction: list[str], reference: list[str]) -> float:
    if not prediction or not reference:
        return float(prediction == reference)
    common = (Counter(prediction) & Counter(reference)).total()
    if common == 0:
        return 0.0
    precision, recall = common / len(prediction), common / len(reference)
    return 2 * precision * recall / (precision + recall)
