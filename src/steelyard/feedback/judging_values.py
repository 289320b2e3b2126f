"""What a judge and what people said, brought to one form so that they can be compared: yes or no, words, or numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Kind = Literal["boolean", "category", "number"]
Said: TypeAlias = bool | str | float | frozenset[str]

YES_WORDS = frozenset(("yes", "y", "true", "pass", "passed", "correct"))
NO_WORDS = frozenset(("no", "n", "false", "fail", "failed", "incorrect"))

_MOST = 0.9
"""The share of people's labels that must read as a kind for it to be theirs: one slip does not change the kind."""

_ENOUGH = 0.5
"""The share of people's words that must be of yes and no where the judge says True and False."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How values are read.

    Args:
        kind: ``boolean`` (yes and no, pass and fail …), ``number``, or ``category`` (other words, and sets of them).
        threshold: for ``boolean``, numbers from this on are yes and those below are no; None: only 1 and 0 are read.
        yes, no: further words for yes and no, such as the labels that a schema showed.

    Examples:
        >>> reading = Reading(kind="boolean", threshold=0.5)
        >>> [reading.read(value) for value in ("Yes", "FAIL", 1, 0.2, "perhaps")]
        [True, False, True, False, None]
    """

    kind: Kind
    threshold: float | None = None
    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()

    def read(self, value: Any) -> Said | None:
        """Return a value in this form; None if it has none."""
        if self.kind == "boolean":
            return self._truth(value)
        return number(value) if self.kind == "number" else word(value)

    def _truth(self, value: Any) -> bool | None:
        said = truth(value, yes=self.yes, no=self.no)
        if said is not None or isinstance(value, bool):
            return said
        amount = number(value)
        if amount is None:
            return None
        if self.threshold is not None:
            return amount >= self.threshold
        return {0.0: False, 1.0: True}.get(amount)


def reading_of(
    people: Iterable[Any],
    judge: Iterable[Any],
    *,
    threshold: float | None = None,
    yes: Sequence[str] = (),
    no: Sequence[str] = (),
) -> Reading:
    """Return the form that suits what people said; without people, what the judge said.

    Args:
        people: their labels, as given.
        judge: its values, as given.
        threshold: as for :class:`Reading`; given, numbers of people are yes and no too.
        yes, no: further words for yes and no.

    Examples:
        >>> reading_of([True, False], ["yes", "no"]).kind, reading_of([4, 5], [3.5]).kind, reading_of(["a"], []).kind
        ('boolean', 'number', 'category')
        >>> reading_of([1, 0, 1], [True, False]).kind
        'boolean'

        Where the judge says True and False, most words of people need only be of yes and no; "Unsure" is then unread.

        >>> reading_of(["Pass", "Fail", "Unsure"], [True, False]).kind, reading_of(["a", "Pass", "b"], [True]).kind
        ('boolean', 'category')
    """
    more = {"yes": frozenset(map(_folded, yes)), "no": frozenset(map(_folded, no))}
    others = list(judge)
    deciding = list(people) or others
    if not deciding:
        return Reading(kind="category")
    if _share(deciding, lambda value: truth(value, **more) is not None) >= _MOST:
        return Reading(kind="boolean", threshold=threshold, **more)
    if others and _share(others, lambda value: isinstance(value, bool)) >= _MOST:
        words = _share(deciding, lambda value: isinstance(value, str) and truth(value, **more) is not None)
        if words >= _ENOUGH:
            return Reading(kind="boolean", threshold=threshold, **more)
    if _share(deciding, lambda value: number(value) is not None) < _MOST:
        return Reading(kind="category")
    ones = all(number(value) in (0.0, 1.0, None) for value in deciding)
    truths = bool(others) and _share(others, lambda value: truth(value, **more) is not None) >= _MOST
    if threshold is not None or (ones and truths):
        return Reading(kind="boolean", threshold=threshold, **more)
    return Reading(kind="number")


def truth(value: Any, *, yes: frozenset[str] = frozenset(), no: frozenset[str] = frozenset()) -> bool | None:
    """Return a bool, or a word for yes or no, as a bool; None for anything else, the numbers 1 and 0 among them."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    folded = _folded(value)
    if folded in yes or folded in no:
        return folded in yes
    if folded in YES_WORDS:
        return True
    return False if folded in NO_WORDS else None


def number(value: Any) -> float | None:
    """Return a finite number, or the number that a text writes; None for anything else, bools among them."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def word(value: Any) -> str | frozenset[str] | None:
    """Return a word without regard to case and blanks around it; a list as a set of words (of one: the word)."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _folded(value)
    if isinstance(value, (int, float)):
        return f"{value:g}"
    if isinstance(value, (list, tuple, set, frozenset)):
        words = frozenset(_folded(str(member)) for member in value)
        return next(iter(words)) if len(words) == 1 else words
    return None


def shown(value: Any) -> str:
    """Return a value as people read it.

    Examples:
        >>> shown(True), shown(frozenset({"b", "a"})), shown(4.0)
        ('yes', 'a, b', '4')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "none"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def gap(one: Said, other: Said, *, widest: float = 1.0) -> float:
    """Return how far apart two values are, 0 to 1: for numbers their distance by the widest one, else 0 or 1."""
    if isinstance(one, float) and isinstance(other, float):
        return min(abs(one - other) / widest, 1.0) if widest > 0 else 0.0
    return 0.0 if one == other else 1.0


def _share(values: Sequence[Any], holds: Any) -> float:
    return sum(bool(holds(value)) for value in values) / len(values)


def _folded(text: str) -> str:
    return text.strip().casefold()
