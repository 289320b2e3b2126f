"""Two retrievers over texts: BM25 in plain Python, and cosine over TF-IDF by scikit-learn."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence


class Bm25:
    """BM25 (Robertson and Zaragoza 2009), with the inverse document frequency that is never negative.

    Args:
        texts: what is searched.
        k1: how soon another occurrence of a word stops to matter.
        b: how much long texts are held back, 0 to 1.
    """

    def __init__(self, texts: Sequence[str], *, k1: float = 1.5, b: float = 0.75) -> None:
        counts = [Counter(_words(text)) for text in texts]
        mean = sum(count.total() for count in counts) / len(counts)
        spread = Counter(word for count in counts for word in count)
        rarity = {word: math.log(1 + (len(counts) - n + 0.5) / (n + 0.5)) for word, n in spread.items()}
        self._weights: dict[str, list[tuple[int, float]]] = {}
        for place, count in enumerate(counts):
            held_back = k1 * (1 - b + b * count.total() / mean)
            for word, n in count.items():
                weight = rarity[word] * n * (k1 + 1) / (n + held_back)
                self._weights.setdefault(word, []).append((place, weight))

    def __call__(self, question: str, k: int) -> list[int]:
        """Return the places of the k best texts, best first."""
        scores: dict[int, float] = defaultdict(float)
        for word in set(_words(question)):
            for place, weight in self._weights.get(word, ()):
                scores[place] += weight
        return sorted(scores, key=lambda place: (-scores[place], place))[:k]


class Cosine:
    """Cosine similarity over TF-IDF weights, without English stop words."""

    def __init__(self, texts: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(stop_words="english", sublinear_tf=True)
        self._weights = self._vectorizer.fit_transform(texts)

    def __call__(self, question: str, k: int) -> list[int]:
        """Return the places of the k best texts, best first."""
        scores = (self._weights @ self._vectorizer.transform([question]).T).toarray()[:, 0]
        return [int(place) for place in (-scores).argsort(kind="stable")[:k]]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())
