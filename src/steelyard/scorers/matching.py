"""Answers held against what was expected: equal, containing, alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from steelyard.errors import DataError
from steelyard.scorers.chat import response_text
from steelyard.scorers.definition import Scorer


class ExactMatch(Scorer):
    """Whether the answer is what was expected: True or False.

    Texts are compared without blanks around them; anything else by value, where True is not 1. A list of expected
    texts holds alternatives.

    Args:
        case_sensitive: whether capitals count.
        normalize: compare after SQuAD's normalisation, without case, punctuation and English articles.

    >>> ExactMatch()(outputs="Paris ", expected="Paris")
    True
    """

    name: str = "exact_match"
    case_sensitive: bool = True
    normalize: bool = False

    def __call__(self, *, outputs: Any, expected: Any) -> bool:
        _known(expected, self.name)
        if _equal(outputs, expected):
            return True
        wanted = expected if isinstance(expected, (list, tuple)) else [expected]
        if not all(isinstance(each, str) for each in wanted):
            return any(_equal(outputs, each) for each in wanted) and not isinstance(outputs, (list, tuple))
        return self._plain(response_text(outputs)) in [self._plain(each) for each in wanted]

    def _plain(self, text: str) -> str:
        if self.normalize:
            from steelyard.metrics.text.match import normalize_answer

            return normalize_answer(text)
        text = text.strip()
        return text if self.case_sensitive else text.casefold()


class Contains(Scorer):
    """Whether the answer contains what was expected: True or False.

    Args:
        values: the texts to look for; what was expected unless told.
        mode: whether ``all`` of them or ``any`` must be there.
        case_sensitive: whether capitals count.

    >>> Contains(values=["refund", "days"])(outputs="You get a refund within 14 days.")
    True
    """

    name: str = "contains"
    values: list[str] | None = None
    mode: Literal["all", "any"] = "all"
    case_sensitive: bool = False

    def __call__(self, *, outputs: Any, expected: Any = None) -> bool:
        wanted = expected if self.values is None else self.values
        _known(wanted, self.name)
        texts = wanted if isinstance(wanted, (list, tuple)) else [wanted]
        answer = self._plain(response_text(outputs))
        found = [self._plain(response_text(text)) in answer for text in texts]
        return all(found) if self.mode == "all" else any(found)

    def _plain(self, text: str) -> str:
        return text if self.case_sensitive else text.casefold()


class JsonValid(Scorer):
    """Whether the answer is JSON: True or False. NaN and Infinity are not; a mapping or a list is already.

    >>> JsonValid()(outputs='{"a": 1}'), JsonValid()(outputs="{'a': 1}")
    (True, False)
    """

    name: str = "json_valid"

    def __call__(self, *, outputs: Any) -> bool:
        if isinstance(outputs, (Mapping, list, tuple)):
            return True
        try:
            _parse(response_text(outputs))
        except (ValueError, RecursionError):
            return False
        return True


class JsonMatch(Scorer):
    """The share of fields that are as expected, 0 to 1; 0 if the answer is not JSON.

    Fields are the values at the ends of all paths of both sides, lists in their order. Schemas play no part.

    Args:
        ignore_extra: whether fields that were not expected may be there.

    >>> JsonMatch()(outputs='{"a": 1, "b": 2}', expected={"a": 1, "b": 3})
    0.5
    """

    name: str = "json_match"
    ignore_extra: bool = False

    def __call__(self, *, outputs: Any, expected: Any) -> float:
        _known(expected, self.name)
        try:
            answer = outputs if isinstance(outputs, (Mapping, list, tuple)) else _parse(response_text(outputs))
        except (ValueError, RecursionError):
            return 0.0
        if isinstance(expected, str):
            try:
                expected = _parse(expected)
            except (ValueError, RecursionError) as error:
                message = f"Scorer {self.name!r} expects JSON, and what this row expects is none: {error}"
                raise DataError(message) from error
        wanted, found = _leaves(expected), _leaves(answer)
        paths = wanted.keys() if self.ignore_extra else wanted.keys() | found.keys()
        return sum(path in found and path in wanted and found[path] == wanted[path] for path in paths) / len(paths)


class LevenshteinSimilarity(Scorer):
    """How alike the answer and the expected text are, 0 to 1: one less the edits by the longer one's length.

    Edits are insertions, deletions and substitutions of characters (Levenshtein 1966). The best of several wins.

    >>> LevenshteinSimilarity()(outputs="kitten", expected="sitting")
    0.5714285714285714
    """

    name: str = "levenshtein_similarity"
    case_sensitive: bool = True

    def __call__(self, *, outputs: Any, expected: Any) -> float:
        answer = response_text(outputs)
        return max(self._alike(answer, text) for text in _references(expected, self.name))

    def _alike(self, left: str, right: str) -> float:
        if not self.case_sensitive:
            left, right = left.casefold(), right.casefold()
        longest = max(len(left), len(right))
        return 1 - edit_distance(left, right) / longest if longest else 1.0


class TokenF1(Scorer):
    """The F1 of the words that the answer shares with the expected text, as SQuAD counts them; the best of several.

    >>> TokenF1()(outputs="the cat sat down", expected="a cat sat")
    0.8
    """

    name: str = "token_f1"

    def __call__(self, *, outputs: Any, expected: Any) -> float:
        from steelyard.metrics.text.match import token_f1

        return _text_metric(token_f1, outputs, expected, self.name)


class RougeL(Scorer):
    """The F-measure of ROUGE-L, 0 to 1 (Lin 2004), as Google's ``rouge_score`` counts it; the best of several.

    >>> round(RougeL()(outputs="the cat sat", expected="the cat was sitting"), 3)
    0.571
    """

    name: str = "rouge_l"

    def __call__(self, *, outputs: Any, expected: Any) -> float:
        from steelyard.metrics.text.rouge import rouge

        def rouge_l(predictions: object, references: object) -> Any:
            return rouge(predictions, references, ["rougeL"])["rougeL"]

        return _text_metric(rouge_l, outputs, expected, self.name)


class Bleu(Scorer):
    """Sentence BLEU, 0 to 1, smoothed and of effective order as in sacrebleu (Papineni et al. 2002; Post 2018).

    >>> round(Bleu()(outputs="the cat sat on the mat", expected="the cat sat on the mat"), 6)
    1.0
    """

    name: str = "bleu"

    def __call__(self, *, outputs: Any, expected: Any) -> float:
        from steelyard.metrics.text.bleu_counts import sentence_bleu

        # one multiplication of rounding must not lift a perfect row above 1
        return min(_text_metric(sentence_bleu, outputs, expected, self.name) / 100, 1.0)


def edit_distance(left: str, right: str) -> int:
    """Return the fewest single-character edits between two texts.

    Bit vectors of a column at a time: Myers 1999, in the form of Hyyrö 2003, with whole numbers of any length.

    >>> edit_distance("kitten", "sitting")
    3
    """
    left, right = sorted((left, right), key=len)
    if not left:
        return len(right)
    places = _places(left)
    whole = (1 << len(left)) - 1
    last = 1 << (len(left) - 1)
    plus, minus, distance = whole, 0, len(left)
    for letter in right:
        equal = places.get(letter, 0)
        diagonal = (((equal & plus) + plus) ^ plus) | equal | minus
        rise = minus | ~(diagonal | plus) & whole
        fall = diagonal & plus
        distance += bool(rise & last) - bool(fall & last)
        rise = (rise << 1 | 1) & whole
        plus = (fall << 1 | ~(diagonal | rise)) & whole
        minus = rise & diagonal
    return distance


def _places(text: str) -> dict[str, int]:
    """Return where each letter is, as a number with a bit for each place."""
    bits: dict[str, bytearray] = {}
    for place, letter in enumerate(text):
        if letter not in bits:
            bits[letter] = bytearray(len(text) // 8 + 1)
        bits[letter][place >> 3] |= 1 << (place & 7)
    return {letter: int.from_bytes(row, "little") for letter, row in bits.items()}


def _text_metric(metric: Callable[[object, object], Any], outputs: Any, expected: Any, scorer: str) -> float:
    return float(metric([response_text(outputs)], [_references(expected, scorer)])[0])


def _references(expected: Any, scorer: str) -> list[str]:
    """Return the expected texts: one, or several that are as good."""
    _known(expected, scorer)
    several = expected if isinstance(expected, (list, tuple)) else [expected]
    texts = [response_text(each) for each in several if each is not None]
    if not texts:
        message = f"Scorer {scorer!r} has nothing to compare with: the list of expected texts is empty."
        raise DataError(message)
    return texts


def _known(expected: Any, scorer: str) -> None:
    if expected is None:
        message = (
            f"Scorer {scorer!r} has nothing to compare with: give the row an expectation such as expected_response."
        )
        raise DataError(message)


def _equal(left: Any, right: Any) -> bool:
    """Whether two values are equal; True is not 1."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _parse(text: str) -> Any:
    def refuse(constant: str) -> Any:
        message = f"{constant} is not JSON"
        raise ValueError(message)

    return json.loads(text, parse_constant=refuse)


def _leaves(value: Any) -> dict[tuple[Any, ...], Any]:
    """Return the values at the ends of all paths, with the kind of each, so that True is not 1 and {} is something."""
    leaves: dict[tuple[Any, ...], Any] = {}
    stack: list[tuple[tuple[Any, ...], Any]] = [((), value)]
    while stack:
        path, each = stack.pop()
        if isinstance(each, Mapping) and each:
            stack.extend(((*path, str(key)), inner) for key, inner in each.items())
        elif isinstance(each, (list, tuple)) and each:
            stack.extend(((*path, place), inner) for place, inner in enumerate(each))
        else:
            leaves[path] = (isinstance(each, bool), tuple(each) if isinstance(each, (Mapping, list, tuple)) else each)
    return leaves
