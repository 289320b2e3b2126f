"""Judging the same again: how far a judge says the same of the same case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from steelyard.errors import InvalidArgument
from steelyard.judges.revising import verdicts
from steelyard.llm import Calling, calling, current_calling
from steelyard.records.assessment import AssessmentError, AssessmentSource, Feedback
from steelyard.records.case import Case
from steelyard.records.trace import Trace

if TYPE_CHECKING:
    from steelyard.judges.judge import Judge


def repeat(judge: Judge, cases: Sequence[Case | Trace], times: int = 3) -> tuple[tuple[Feedback, ...], ...]:
    """Judge each case several times.

    Args:
        judge: a judge that gives one value a case.
        cases: cases, or traces.
        times: how often each. Where a cache stands around, it keeps the times apart, as it does repeats of an
            evaluation: the first is the one of every ordinary call, and asking for more times asks only the new ones.

    Returns:
        For each case, its verdicts in the order of the times. One that failed has an ``error`` and no value.

    Raises:
        OverBudget: the budget ended.
        InvalidArgument: times is below 1.
    """
    if times < 1:
        raise InvalidArgument(f"times={times} must be at least 1.")
    given = [Case(trace=each) if isinstance(each, Trace) else each for each in cases]
    around = current_calling()
    rounds = [_judged(judge, given, around.inner(repeat=number)) for number in range(times)]
    return tuple(zip(*rounds, strict=True))


def _judged(judge: Judge, cases: Sequence[Case], around: Calling) -> list[Feedback]:
    with calling(around):
        return [_feedback(judge, each) for each in verdicts(judge, cases)]


def _feedback(judge: Judge, said: Feedback | Exception) -> Feedback:
    if isinstance(said, Feedback):
        return said
    source = AssessmentSource("LLM_JUDGE", judge.bench.judge)
    return Feedback(name=judge.name, error=AssessmentError(type(said).__name__, str(said)), source=source)
