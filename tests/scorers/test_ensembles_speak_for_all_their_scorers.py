"""Several scorers as one, and none of them left out in silence."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from steelyard.errors import AnswerRefused, AnswerUnreadable, DataError, InvalidArgument, OverBudget
from steelyard.records import Case
from steelyard.records.assessment import Feedback
from steelyard.scorers import (
    aassess,
    agg_all,
    agg_any,
    assess,
    check,
    majority_vote,
    make_scorer_ensemble,
    maximum,
    mean,
    minimum,
    scorer,
)
from steelyard.scorers.ensembles import SUB_FEEDBACKS


@scorer
def right(output: str, expected: str) -> bool:
    return output == expected


@scorer
def length(outputs: str) -> int:
    return len(outputs)


@scorer
async def word(outputs: str) -> str:
    await asyncio.sleep(0)
    return outputs


@scorer
def broken(outputs: str) -> bool:
    raise ValueError("kaboom")


CASE = Case(inputs={"q": 1}, outputs="yes", expectations={"expected_response": "yes"})


def ensemble(*members: Any, how: Any = "agg_all") -> Any:
    return make_scorer_ensemble(name="e", scorers=members, ensemble_fn=how)


@pytest.mark.parametrize(
    ("function", "values", "value"),
    [
        (majority_vote, [True, True, False], True),
        (majority_vote, [True, False], False),
        (majority_vote, ["b", "a"], "a"),
        (mean, [1.0, 2.0, 3.0], 2.0),
        (mean, [True, False], 0.5),
        (minimum, [3, 1, 2], 1),
        (maximum, [3, 1, 2], 3),
        (agg_all, ["yes", "no"], False),
        (agg_all, ["YES ", "pass", True], True),
        (agg_any, ["no", "no"], False),
        (agg_any, [False, "yes"], True),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
def test_the_functions_are_mlflows(function: Any, values: list[Any], value: Any) -> None:
    verdict = function(values)
    assert isinstance(verdict, Feedback)
    assert (verdict.value, type(verdict.value)) == (value, type(value))


@pytest.mark.parametrize("function", [majority_vote, mean, minimum, maximum, agg_all, agg_any])
@pytest.mark.parametrize("values", [[], [None], [True, None]], ids=str)
def test_they_do_not_speak_for_one_that_was_silent(function: Any, values: list[Any]) -> None:
    with pytest.raises(DataError, match="failed"):
        function(values)


def test_words_have_no_mean_and_numbers_no_vote() -> None:
    for function in (mean, minimum, maximum):
        with pytest.raises(DataError, match="numeric"):
            function([1.0, "b"])
    for function in (agg_all, agg_any):
        with pytest.raises(DataError, match="yes/no reading"):
            function([True, 1])


def test_each_member_binds_its_own_parameters() -> None:
    both = ensemble(right, length, how="maximum")
    (verdict,) = assess(both, CASE)
    assert (verdict.name, verdict.value, verdict.source.source_id) == ("e", 3, "e")
    assert both(outputs="abcd", expectations={"expected_response": "x"}).value == 4
    assert both.run(outputs="ab", expectations={"expected_response": "x"}).value == 2


def test_what_each_member_said_is_kept() -> None:
    (verdict,) = assess(ensemble(right, length, how="maximum"), CASE)
    kept = json.loads(verdict.metadata[SUB_FEEDBACKS])
    assert [(each["assessment_name"], each["feedback"]["value"]) for each in kept] == [("right", True), ("length", 3)]
    assert kept[0]["source"] == {"source_type": "CODE", "source_id": "right"}


def test_async_members_are_awaited_with_the_others() -> None:
    mixed = ensemble(right, word)
    assert mixed.is_async
    assert asyncio.run(aassess(mixed, CASE))[0].value is True
    assert assess(mixed, CASE)[0].value is True


@pytest.mark.parametrize(
    "member", [broken, scorer(name="broken")(lambda outputs: Feedback(error=ValueError("kaboom")))]
)
def test_a_member_that_fails_fails_the_ensemble_and_is_named(member: Any) -> None:
    for how in ("agg_any", "majority_vote", max):
        with pytest.raises(DataError, match=r"'broken' of ensemble 'e' failed: ValueError: kaboom"):
            assess(ensemble(right, member, how=how), CASE)


@pytest.mark.parametrize("error", [AnswerRefused, AnswerUnreadable, OverBudget], ids=lambda each: each.__name__)
def test_an_outcome_of_a_judge_stays_what_it_is(error: type[Exception]) -> None:
    @scorer
    async def judge(outputs: str) -> bool:
        raise error("as it was")

    with pytest.raises(error, match="as it was"):
        assess(ensemble(right, judge), CASE)


def test_only_a_function_of_feedbacks_sees_failures() -> None:
    def forgiving(feedbacks: list[Feedback]) -> bool:
        return [each.error_code for each in feedbacks] == [None, "ValueError"]

    (verdict,) = assess(ensemble(right, broken, how=forgiving), CASE)
    assert verdict.value is True
    assert json.loads(verdict.metadata[SUB_FEEDBACKS])[1]["feedback"]["error"]["error_message"] == "kaboom"


def test_not_even_such_a_function_speaks_where_the_budget_ended() -> None:
    @scorer
    def costly(outputs: str) -> bool:
        raise OverBudget("no money")

    with pytest.raises(OverBudget):
        assess(ensemble(right, costly, how=lambda feedbacks: True), CASE)


def test_the_first_parameter_decides_what_the_function_gets() -> None:
    (verdict,) = assess(ensemble(length, how=lambda values, feedbacks=None: values[0] + 1), CASE)
    assert verdict.value == 4
    assert assess(ensemble(length, how=max), CASE)[0].value == 3


def test_a_member_with_several_values_is_refused() -> None:
    several = scorer(name="several")(lambda outputs: {"a": 1, "b": 2})
    with pytest.raises(DataError, match="'several' gives 2 values"):
        assess(ensemble(several, how="mean"), CASE)


def test_a_function_must_give_one_value() -> None:
    with pytest.raises(DataError, match="must give one value, not 0"):
        assess(ensemble(length, how=lambda values: None), CASE)


def test_an_ensemble_may_be_a_member() -> None:
    assert assess(ensemble(right, ensemble(word)), CASE)[0].value is True


def test_members_are_checked_before_anything_is_paid() -> None:
    with pytest.raises(DataError, match="'expected'"):
        check(ensemble(length, right), Case(inputs={"q": 1}))


def test_members_are_of_one_level() -> None:
    turns = scorer(name="turns")(lambda session: len(session))
    assert ensemble(turns, how="mean").is_session_level_scorer
    assert not ensemble(right).is_session_level_scorer
    assert assess(ensemble(turns, how="mean"), Case(session=()))[0].value == 0
    with pytest.raises(InvalidArgument, match="same level"):
        ensemble(turns, right)


@pytest.mark.parametrize(
    ("members", "how", "told"),
    [([], "mean", "at least one"), ([right], "bogus", "not a built-in"), ([right], 3, "a name or a function")],
    ids=["nobody", "unknown", "no function"],
)
def test_what_cannot_be_an_ensemble_is_refused(members: list[Any], how: Any, told: str) -> None:
    with pytest.raises(InvalidArgument, match=told):
        ensemble(*members, how=how)
