"""How answers to a question are measured: names, places in an order, numbers, sets, or words that nobody counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from steelyard.metrics.agreement import Level, Value
from steelyard.records import InputCategorical, InputNumeric, InputPassFail, LabelInput

Measured = Literal["nominal", "ordinal", "interval", "set", "text"]

MOST_STEPS = 101
"""A scale with more steps than this is read as numbers, not as places in an order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How answers are measured.

    Args:
        kind: ``text`` is not measured at all.
        level: what agreement statistics take it for; sets are nominal, with Jaccard's distance for alpha.
        categories: all values that could be given, in their order; None where that is not known.
    """

    kind: Measured
    level: Level = "nominal"
    categories: tuple[Value, ...] | None = None


def measure_of(form: LabelInput, values: Iterable[Any]) -> Measure:
    """Return how the answers of a form are measured.

    Pass/fail and one of some options are nominal; several options are sets; a number is ordinal if both bounds and all
    answers are whole and the scale has at most 101 steps, such as 1 to 5, else interval; text is not measured.

    Args:
        form: the input of the question.
        values: the answers.

    Examples:
        >>> measure_of(InputNumeric(1, 5), [3, 4]).kind, measure_of(InputNumeric(1, 5), [3.5]).kind
        ('ordinal', 'interval')
    """
    match form:
        case InputPassFail():
            return Measure(kind="nominal", categories=(False, True))
        case InputCategorical(multi_select=True):
            return Measure(kind="set")
        case InputCategorical(options):
            return Measure(kind="nominal", categories=tuple(options))
        case InputNumeric(low, high):
            if low is not None and high is not None and all(float(x).is_integer() for x in (low, high, *values)):
                steps = tuple(range(int(low), int(high) + 1))
                if len(steps) <= MOST_STEPS:
                    return Measure(kind="ordinal", level="ordinal", categories=steps)
            return Measure(kind="interval", level="interval")
    return Measure(kind="text")
