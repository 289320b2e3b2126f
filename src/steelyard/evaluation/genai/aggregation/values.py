"""The values of one feedback, as they come: numbers and codes of words, 13 bytes a value."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np

# What a value is.
ABSENT, TRUTH, YES_NO, NUMBER, WORD, UNKNOWN, TEXT, OTHER, NAN, INFINITE = range(10)

MOST_WORDS = 200
"""More different words than this are text, and are not kept."""

LONGEST_WORD = 64

_ANSWERS = {"yes": (YES_NO, 1.0), "no": (YES_NO, 0.0), "unknown": (UNKNOWN, math.nan)}
PASSED, FAILED, UNJUDGED = 1, 0, -1


class Values:
    """What was said under one name, by line.

    Args:
        pass_if: says of a value whether it is good enough.
    """

    __slots__ = ("kinds", "lines", "numbers", "pass_if", "passes", "raised", "words")

    def __init__(self, pass_if: Callable[[Any], object] | None = None) -> None:
        self.pass_if = pass_if
        self.lines = array("q")
        self.kinds = array("b")
        self.numbers = array("d")
        self.passes = array("b")
        self.words: dict[str, int] = {}
        self.raised: Counter[str] = Counter()

    def add(self, line: int, value: Any) -> None:
        """Take a line's value; None is one that is missing."""
        kind, number = self._read(value)
        self.lines.append(line)
        self.kinds.append(kind)
        self.numbers.append(number)
        if self.pass_if is not None:
            self.passes.append(UNJUDGED if kind == ABSENT else self._judge(value))

    def _read(self, value: Any) -> tuple[int, float]:
        told = type(value)
        if told is bool:
            return TRUTH, 1.0 if value else 0.0
        if told is float or told is int:
            return _number(value)
        if told is str:
            return self._word(value)
        if value is None:
            return ABSENT, math.nan
        if isinstance(value, Enum):
            return self._read(value.value)
        if isinstance(value, np.generic):
            return self._read(value.item())
        if isinstance(value, str):
            return self._word(str(value))
        if isinstance(value, list | tuple | dict | set):
            return OTHER, math.nan
        try:
            return _number(float(value))
        except (TypeError, ValueError):
            return OTHER, math.nan

    def _word(self, text: str) -> tuple[int, float]:
        answer = _ANSWERS.get(text) or _ANSWERS.get(text.strip().casefold())
        if answer is not None:
            return answer
        word = text.strip()
        if len(word) > LONGEST_WORD or "\n" in word:
            return TEXT, math.nan
        code = self.words.get(word)
        if code is None:
            if len(self.words) >= MOST_WORDS:
                return TEXT, math.nan
            code = self.words[word] = len(self.words)
        return WORD, float(code)

    def _judge(self, value: Any) -> int:
        assert self.pass_if is not None  # noqa: S101
        try:
            return PASSED if self.pass_if(value) else FAILED
        except Exception as problem:
            if len(self.raised) < 5:
                self.raised[f"{type(problem).__name__}: {problem}"[:200]] += 1
            return FAILED


def _number(value: float) -> tuple[int, float]:
    try:
        number = float(value)
    except OverflowError:
        return INFINITE, math.nan
    if number != number:
        return NAN, math.nan
    return (INFINITE, math.nan) if math.isinf(number) else (NUMBER, number)
