"""One feature of two tables, held against each other by the method that suits what it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.drift import (
    METHODS,
    Drift,
    DriftMethod,
    FloorFrom,
    Sample,
    drift_of_numbers,
    drift_of_texts,
    drift_of_words,
)
from steelyard.metrics.drift.hashed_texts import hashed_words, words_of
from steelyard.monitor.features import FeatureTable, Scalar

Embed = Callable[[Sequence[str]], npt.ArrayLike]
"""Makes vectors of texts, shape (n, d)."""

TEXTS = {"input.text": "input", "output.text": "output"}
NEW_WORDS = {"input.words": "input", "output.words": "output"}
_MOST_FEATURES = 60
_LEAST_PRESENT = 10
_MOST_TEXTS = 4_000


def features_to_compare(reference: FeatureTable, current: FeatureTable, *, shared: bool) -> list[str]:
    """Return the features worth comparing: those that enough rows have, and that are no identifiers or free text.

    Args:
        reference, current: what is compared.
        shared: only features that both have, as where the reference is a dataset, which knows nothing of durations.
    """
    names = dict.fromkeys([*reference.columns, *current.columns])
    if shared:
        names = {name: None for name in names if name in reference.columns and name in current.columns}
    present = Counter({name: _present(reference, name) + _present(current, name) for name in names})
    kept = [name for name, n in present.items() if n >= _LEAST_PRESENT and name != "user"]
    kept = [name for name in kept if not _identifies(reference.column(name)) and not _identifies(current.column(name))]
    kept = sorted(kept, key=lambda name: (-present[name], name))[:_MOST_FEATURES]
    return [*kept, *(name for name, of in NEW_WORDS.items() if _has_text(reference, of) and _has_text(current, of))]


def compared(
    feature: str,
    reference: FeatureTable,
    current: FeatureTable,
    *,
    window: tuple[int, int] | None,
    method: DriftMethod | None,
    strict: bool,
    floor_from: FloorFrom,
    embed: Embed | None,
) -> Drift:
    """Return how far a feature has moved.

    Args:
        feature: its name.
        reference, current: the tables.
        window: the stretch [start, end) of the current one.
        method: how; the Jensen–Shannon distance unless told, and embeddings for texts.
        strict: whether a method that does not suit the feature is an error; else one is taken that does.
        floor_from: see ``drift_of_numbers``.
        embed: makes vectors of texts; without it they are of hashed words.
    """
    if method is not None and method not in METHODS:
        raise InvalidArgument(f"method={method!r} is none of {', '.join(METHODS)}.")
    if feature in TEXTS:
        _check_texts(feature, method, strict=strict)
        return _texts_compared(feature, reference, current, embed)
    if feature in NEW_WORDS:
        old, new = _new_words(reference.texts[NEW_WORDS[feature]], current.texts[NEW_WORDS[feature]])
    else:
        old, new = reference.column(feature), current.column(feature)
    numbers = _are_numbers(old) and _are_numbers(new)
    suits: tuple[DriftMethod, ...] = ("psi", "js", "ks", "chi2") if numbers else ("psi", "js", "chi2")
    chosen = method or "js"
    if chosen not in suits and not strict:
        chosen = "js"
    measure = drift_of_numbers if numbers else drift_of_words
    return measure(
        feature,
        Sample(_values(old, numbers=numbers), reference.times),
        Sample(_values(new, numbers=numbers), current.times, window, current.ids),
        method=chosen,
        floor_from=floor_from,
    )


def _texts_compared(feature: str, reference: FeatureTable, current: FeatureTable, embed: Embed | None) -> Drift:
    of = TEXTS[feature]
    vectors, ids = [], []
    for table in (reference, current):
        there = [i for i, text in enumerate(table.texts.get(of, ())) if text]
        # Rows come by time: every so-many-th is as good a part of them as any.
        there = there[:: -(-len(there) // _MOST_TEXTS) or 1]
        texts = [table.texts[of][i] for i in there]
        vectors.append(np.asarray((embed or hashed_words)(texts)) if texts else np.empty((0, 0)))
        ids.append([table.ids[i] for i in there])
        if len(vectors[-1]) != len(texts):
            raise InvalidArgument(f"embed returned {len(vectors[-1])} vectors for {len(texts)} texts: one each.")
    return drift_of_texts(feature, vectors[0], vectors[1], ids=ids[1])


def _check_texts(feature: str, method: DriftMethod | None, *, strict: bool) -> None:
    if strict and method not in (None, "embedding"):
        raise InvalidArgument(f"{feature} is a text: method={method!r} does not measure it. Choose 'embedding'.")


def _new_words(reference: Sequence[str], current: Sequence[str]) -> tuple[list[Scalar], list[Scalar]]:
    """Return of each text the share of its words that no (other) text of the reference has."""
    old, new = ([set(words_of(text)) for text in texts] for texts in (reference, current))
    known = Counter(word for words in old for word in words)

    def share(words: set[str], own: int) -> Scalar:
        return sum(known[word] <= own for word in words) / len(words) if words else None

    return [share(words, 1) for words in old], [share(words, 0) for words in new]


def _values(values: Sequence[Scalar], *, numbers: bool) -> npt.NDArray[np.float64] | list[str | None]:
    if numbers:
        return np.array(values, np.float64)  # None becomes NaN
    return [None if value is None else f"{value:g}" if isinstance(value, float) else value for value in values]


def _are_numbers(values: Sequence[Scalar]) -> bool:
    return all(value is None or isinstance(value, int | float) for value in values)


def _present(table: FeatureTable, name: str) -> int:
    return sum(value is not None for value in table.column(name))


def _identifies(values: Sequence[Scalar]) -> bool:
    """Return whether words are nearly all different, so that each stands for its row alone."""
    words = [value for value in values if isinstance(value, str)]
    return len(words) >= 2 * _LEAST_PRESENT and len(set(words)) > len(words) / 2


def _has_text(table: FeatureTable, of: str) -> bool:
    return sum(bool(text) for text in table.texts.get(of, ())) >= _LEAST_PRESENT
