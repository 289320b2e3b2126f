"""From the values of one feedback to one kind, and one number or category a line."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from steelyard.evaluation.genai.aggregation.found import ScorerFacts
from steelyard.evaluation.genai.aggregation.values import (
    ABSENT,
    INFINITE,
    NAN,
    NUMBER,
    OTHER,
    TEXT,
    TRUTH,
    UNJUDGED,
    UNKNOWN,
    WORD,
    YES_NO,
    Values,
)
from steelyard.records.application import ValueKind

FEW_WORDS = 5
MOST_CATEGORIES = 20

_READABLE: dict[ValueKind, tuple[int, ...]] = {
    "boolean": (TRUTH, YES_NO),
    "number": (TRUTH, YES_NO, NUMBER),
    "category": (WORD, YES_NO, UNKNOWN),
    "text": (WORD, TEXT, YES_NO, UNKNOWN),
    "other": (OTHER,),
    "none": (),
}
_NAMES = {
    TRUTH: "booleans",
    YES_NO: "yes or no",
    NUMBER: "numbers",
    WORD: "words",
    TEXT: "texts",
    OTHER: "other values",
}


@dataclass(frozen=True, slots=True)
class Settled:
    """One feedback over all lines.

    Args:
        kind: of its values.
        x: shape (lines,): the number, 1 or 0 for a boolean, the place in ``words`` for a category, 0 for a text or
            another value; NaN where the value is missing.
        passed: shape (lines,): 1 or 0 where the value can be judged, else NaN.
        words: the categories.
        whole: all numbers are whole.
        warnings: what became of values that do not fit the kind.
    """

    kind: ValueKind
    x: np.ndarray
    passed: np.ndarray
    words: tuple[str, ...] = ()
    whole: bool = False
    warnings: tuple[str, ...] = ()

    def only(self, keep: np.ndarray) -> Settled:
        """Return the same of some lines."""
        return replace(self, x=self.x[keep], passed=self.passed[keep])


def settle(name: str, values: Values, facts: ScorerFacts, place: np.ndarray) -> Settled:
    """Decide the kind over all values, then read each as that kind; what cannot be read so is missing.

    The kind is the declared one, else that of most values: numbers (booleans, yes/no), words, or other values such as
    lists. A judge's "unknown" is a word among words, and no value among yes and no. Several values of one name on a
    line, such as one a retrieved chunk, count as their mean, which is missing if any of them is.

    Args:
        name: of the feedback.
        values: as they came.
        facts: of the scorer.
        place: each line's place in the order of the result, by the number it came with.
    """
    kinds = np.asarray(values.kinds, dtype=np.int8)
    numbers = np.asarray(values.numbers, dtype=np.float64)
    counts = np.bincount(kinds, minlength=INFINITE + 1)
    kind = _kind(counts, len(values.words), facts)
    readable = np.isin(kinds, _READABLE[kind])
    x, words = np.where(readable, numbers, np.nan), ()
    if kind == "category":
        x, words = _categories(values, kinds, numbers, readable, facts.categories)
    elif kind in ("text", "other"):
        x = np.where(readable, 0.0, np.nan)
    passed = np.full(len(x), np.nan)
    if values.pass_if is not None:
        given = np.asarray(values.passes, dtype=np.float64)
        passed = np.where(readable & (given != UNJUDGED), given, np.nan)
    elif kind in ("boolean", "category") and not counts[WORD]:
        passed = np.where(readable & (kinds != UNKNOWN), numbers, np.nan)
    where = place[np.asarray(values.lines, dtype=np.int64)]
    return Settled(
        kind,
        _by_line(x, where, len(place), alike=kind == "category"),
        _all_by_line(passed, where, len(place)),
        words,
        bool(counts[NUMBER]) and bool(np.all(numbers[kinds == NUMBER] % 1 == 0)),
        tuple(_warnings(name, values, kind, counts)),
    )


def _kind(counts: np.ndarray, distinct: int, facts: ScorerFacts) -> ValueKind:
    if facts.categories:
        return "category"
    if facts.kind is not None and facts.kind != "none":
        return facts.kind
    figures, answers, words = counts[TRUTH] + counts[NUMBER], counts[YES_NO], counts[WORD] + counts[TEXT]
    if words and not figures:
        words, answers = words + answers + counts[UNKNOWN], 0
    most = max(figures + answers, words, counts[OTHER])
    if most == 0:
        return "category" if counts[UNKNOWN] else "none"
    if figures + answers == most:
        # Only yes and no, and no aggregation wanted (a judge of Literal["yes", "no"]): their distribution.
        distribution = facts.aggregations is not None and not facts.aggregations and not figures
        return "category" if distribution else "boolean" if not counts[NUMBER] else "number"
    if words == most:
        distinct += int(counts[YES_NO] > 0) + int(counts[UNKNOWN] > 0)
        few = distinct <= FEW_WORDS or distinct <= min(MOST_CATEGORIES, words // 2)
        return "category" if few and not counts[TEXT] else "text"
    return "other"


def _categories(
    values: Values, kinds: np.ndarray, numbers: np.ndarray, readable: np.ndarray, declared: tuple[str, ...]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return each value's place among the words: the declared ones in their order, then others by the alphabet."""
    given = set(values.words)
    answers = {YES_NO: ("no", "yes"), UNKNOWN: ("unknown",)}
    given |= {answers[YES_NO][int(v)] for v in np.unique(numbers[kinds == YES_NO])}
    given |= {"unknown"} if (kinds == UNKNOWN).any() else set()
    folded = {word.casefold(): word for word in declared}
    words = (*declared, *sorted(word for word in given if word not in declared and word.casefold() not in folded))
    at = {word: i for i, word in enumerate(words)}
    at |= {word: at[folded[word.casefold()]] for word in given if word not in at}
    place = np.array([at[word] for word in values.words] or [0], dtype=np.float64)
    x = np.full(len(kinds), np.nan)
    said = readable & (kinds == WORD)
    x[said] = place[numbers[said].astype(np.int64)]
    for word, is_it in (
        ("yes", (kinds == YES_NO) & (numbers == 1)),
        ("no", (kinds == YES_NO) & (numbers == 0)),
        ("unknown", kinds == UNKNOWN),
    ):
        if is_it.any():
            x[is_it] = at[word]
    return x, words


def _by_line(x: np.ndarray, where: np.ndarray, n: int, *, alike: bool) -> np.ndarray:
    """Return one value a line: several on one line become their mean, or none if they must be alike and are not."""
    out = np.full(n, np.nan)
    count = np.bincount(where, minlength=n)
    if count.max(initial=0) <= 1:
        out[where] = x
        return out
    order = np.lexsort((x, where))  # so that the sums do not depend on the order of the lines
    total = np.bincount(where[order], weights=x[order], minlength=n)
    some = count > 0
    out[some] = total[some] / count[some]
    if alike:
        first = np.full(n, np.nan)
        first[where] = x
        out[np.unique(where[x != first[where]])] = np.nan
    return out


def _all_by_line(passed: np.ndarray, where: np.ndarray, n: int) -> np.ndarray:
    mean = _by_line(passed, where, n, alike=False)
    return np.where(np.isnan(mean), np.nan, np.floor(mean))


def _warnings(name: str, values: Values, kind: ValueKind, counts: np.ndarray) -> list[str]:
    n = int(counts.sum() - counts[ABSENT])
    told = []
    strange = [(k, int(counts[k])) for k in _NAMES if counts[k] and k not in _READABLE[kind]]
    if strange:
        what = ", ".join(f"{many:,} {_NAMES[k]}" for k, many in strange)
        told.append(f"{name}: of {n:,} values most are of kind {kind}; {what} count as missing.")
    for k, what in ((NAN, "not a number (NaN)"), (INFINITE, "infinite"), (UNKNOWN, "'unknown'")):
        if counts[k] and k not in _READABLE[kind]:
            told.append(f"{name}: {int(counts[k]):,} of {n:,} values are {what}; they count as missing.")
    lines = np.asarray(values.lines)
    if len(lines) > len(np.unique(lines)):
        told.append(f"{name}: some lines have several values, which count as their mean.")
    told += [f"{name}: pass_if raised {problem}; the value did not pass." for problem in sorted(values.raised)]
    return told
