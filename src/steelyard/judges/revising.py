"""A judge with other words, and what it says of some cases beside what people said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard.errors import DataError, InvalidArgument, OverBudget
from steelyard.judges.asking import settle_now, together
from steelyard.judges.labelled import plain
from steelyard.records.assessment import Feedback
from steelyard.records.case import Case

if TYPE_CHECKING:
    from steelyard.judges.judge import Judge


def instructions_of(judge: Any) -> str:
    """Return the words of a judge that may be changed.

    Raises:
        InvalidArgument: there are none, or it judges sessions.
    """
    from steelyard.judges.builtin.standing import StandingJudge
    from steelyard.judges.making import InstructionsJudge

    if not isinstance(judge, (InstructionsJudge, StandingJudge)):
        raise InvalidArgument(
            f"A {type(judge).__name__} has no instructions of its own and cannot be aligned. Align judges made with "
            "make_judge, or built-in judges of one answer."
        )
    if judge.is_session_level_scorer:
        raise InvalidArgument(f"Judge {judge.name!r} judges sessions, and only judges of single traces can be aligned.")
    return judge.instructions


def revised(judge: Any, instructions: str) -> Any:
    """Return the same judge with other instructions.

    Raises:
        InvalidArgument: the instructions cannot be used: a variable is missing or unknown.
    """
    from steelyard.judges.making import InstructionsJudge

    fields: dict[str, Any] = {name: getattr(judge, name) for name in type(judge).model_fields}
    if not isinstance(judge, InstructionsJudge):
        if instructions == judge.instructions:
            return type(judge)(**fields)
        if not instructions.strip():
            raise InvalidArgument("Instructions cannot be empty.")
        return type(judge)(**{**fields, "revised_instructions": instructions})
    fields["instructions"] = instructions
    made = InstructionsJudge(**fields)
    lost = set(judge.template_variables).difference(made.template_variables)
    more = set(made.template_variables).difference(judge.template_variables)
    if lost or more:
        shown = ", ".join(f"{{{{ {name} }}}}" for name in judge.template_variables)
        raise InvalidArgument(f"The instructions must name the same variables as before: {shown}.")
    return made


def verdicts(judge: Judge, cases: Sequence[Case]) -> tuple[Feedback | Exception, ...]:
    """Return what a judge says of each case, or what kept it from saying anything; all are asked at once.

    Raises:
        OverBudget: the budget ended.
    """
    results = settle_now(together([judge.judging(case) for case in cases]))
    for each in results:
        if isinstance(each, OverBudget):
            raise each
    return tuple(_one(judge, each) for each in results)


def agrees(said: Feedback | Exception, value: Any) -> bool:
    """Return whether a judge said what people said. One that failed did not."""
    return isinstance(said, Feedback) and said.error is None and plain(said.value) == plain(value)


def _one(judge: Judge, result: tuple[Feedback, ...] | Exception) -> Feedback | Exception:
    if isinstance(result, Exception):
        return result
    if len(result) != 1:
        return DataError(f"Judge {judge.name!r} gave {len(result)} values of one trace; people gave one.")
    return result[0]
