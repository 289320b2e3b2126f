"""A preference counts if it holds in both orders; how often it does not is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies
from statsmodels.stats.proportion import proportion_confint
from tests.judges.given import USAGE, data_of, drive, questions_of, system_of, verdict
from tests.judges.hostile import HOSTILE
from tests.llm.server import LlmServer

from steelyard.errors import AnswerUnreadable, DataError, InvalidArgument, OverBudget
from steelyard.judges import PairwiseJudge, acompare_pairwise, compare_pairwise, make_pairwise_judge
from steelyard.judges.contest import _contest, _result
from steelyard.llm import Question
from steelyard.records.case import Case

JUDGE = make_pairwise_judge("longer", "The better answer is the longer one.", model="openai:/gpt-4o-mini")


def longer(question: Question) -> Any:
    """Prefer the longer answer, wherever it stands."""
    first, second = (len(data_of(question)[name]) for name in ("first", "second"))
    return verdict("tie" if first == second else "first" if first > second else "second")


def compare(judge: PairwiseJudge, a: Any, b: Any, reply: Callable[[Question], Any], **fields: Any) -> Any:
    feedback, _ = drive(judge.judging(a, b, **fields), reply)
    return feedback


@pytest.mark.parametrize(("a", "b", "value"), [("long", "x", "a"), ("x", "long", "b"), ("x", "y", "tie")])
def test_a_preference_for_the_answer_stands(a: str, b: str, value: str) -> None:
    feedback = compare(JUDGE, a, b, longer)
    assert (feedback.name, feedback.value, feedback.metadata["flip"]) == ("longer", value, False)
    assert feedback.source.source_id == "openai:/gpt-4o-mini"
    assert feedback.metadata["mlflow.assessment.judgeCost"] == 2 * (USAGE.cost or 0)


@pytest.mark.parametrize("place", ["first", "second"])
def test_a_preference_for_the_place_is_a_tie_and_a_flip(place: str) -> None:
    feedback = compare(JUDGE, "long", "x", lambda _: verdict(place))
    assert (feedback.value, feedback.metadata["flip"]) == ("tie", True)
    assert {feedback.metadata["order_ab"], feedback.metadata["order_ba"]} == {"a", "b"}


def test_a_preference_in_one_order_only_is_a_tie_and_a_flip() -> None:
    replies = [verdict("first"), verdict("tie")]
    feedback = compare(JUDGE, "long", "x", lambda _: replies.pop(0))
    assert (feedback.value, feedback.metadata["flip"]) == ("tie", True)


@given(strategies.text(max_size=5), strategies.text(max_size=5))
def test_swapping_the_systems_swaps_the_verdict(a: str, b: str) -> None:
    swapped = {"a": "b", "b": "a", "tie": "tie"}
    assert swapped[compare(JUDGE, a, b, longer).value] == compare(JUDGE, b, a, longer).value


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_answers_are_data_in_both_places(text: str) -> None:
    one, two = questions_of(JUDGE.judging(text, "x", inputs={"q": text}, expectations={"e": text}))
    harmless, _ = questions_of(JUDGE.judging("y", "x", inputs={"q": "q"}, expectations={"e": "e"}))
    assert system_of(one) == system_of(two) == system_of(harmless)
    assert one.schema == two.schema == harmless.schema
    assert data_of(one)["first"] == data_of(two)["second"]
    assert list(data_of(one)) == ["inputs", "expectations", "first", "second"]


def test_the_criteria_are_the_instructions() -> None:
    (question, _) = questions_of(JUDGE.judging("a", "b"))
    assert "Criteria:\nThe better answer is the longer one." in system_of(question)
    assert list(data_of(question)) == ["first", "second"]
    for name, criteria in (("", "x"), ("x", " ")):
        with pytest.raises(InvalidArgument):
            make_pairwise_judge(name, criteria)


def cases(*outputs: str, ids: bool = True) -> list[Case]:
    return [Case(inputs={"n": n}, outputs=each, row_id=f"r{n}" if ids else "") for n, each in enumerate(outputs)]


def test_wins_ties_losses_and_flips_add_up(serve: Callable[..., LlmServer]) -> None:
    def rule(prompt: str, schema: Any) -> Any:
        first, second = prompt.split("BEGIN first\n")[1].split("BEGIN second\n")
        if "biased" in first or "biased" in second:
            return {"result": "first"}
        first, second = first.split("\n")[0], second.split("\n")[0]
        return {"result": "tie" if len(first) == len(second) else "first" if len(first) > len(second) else "second"}

    server = serve(rule=rule)
    result = compare_pairwise(JUDGE, cases("xxx", "xx", "x", "xx", "biased"), cases("x", "x", "x", "xxx", "x"))
    assert (result.wins, result.ties, result.losses, result.failed) == (2, 2, 1, 0)
    assert server.calls == 10
    assert result.win_rate.value == 0.6
    assert (result.win_rate.low, result.win_rate.high) == pytest.approx(proportion_confint(3, 5, method="wilson"))
    assert (result.flip_rate.value, result.flip_rate.n) == (0.2, 5)
    assert (result.first_rate.value, result.first_rate.n) == (1.0, 1)
    assert [pair.row_id for pair in result.pairs] == ["r0", "r1", "r2", "r3", "r4"]
    again = asyncio.run(acompare_pairwise(JUDGE, cases("xxx"), cases("x")))
    assert (again.wins, again.flip_rate.value) == (1, 0.0)
    assert "2 wins, 2 ties, 1 losses" in str(result)


def contest(a: list[Case], b: list[Case], reply: Callable[[Question], Any]) -> Any:
    pairs = list(zip(a, b, strict=True))
    results, _ = drive(_contest(JUDGE, pairs), reply)
    return _result(JUDGE, pairs, results, 0.95)


def test_a_pair_without_a_verdict_is_counted_and_bounds_are_given() -> None:
    def reply(question: Question) -> Any:
        return AnswerUnreadable("no") if "bad" in question.messages[1].content else longer(question)

    result = contest(cases("xxx", "bad", "xx", "x"), cases("x", "x", "x", "x"), reply)
    assert (result.wins, result.ties, result.losses, result.failed) == (2, 1, 0, 1)
    assert (result.win_rate.n, result.win_rate.missing) == (3, 1)
    assert result.win_rate.worst == pytest.approx(2.5 / 4)
    assert result.win_rate.best == pytest.approx(3.5 / 4)
    assert (result.flip_rate.worst, result.flip_rate.best) == (0.25, 0.0)
    assert "AnswerUnreadable" in result.pairs[1].error


def test_failing_pairs_never_raise_the_worst_case() -> None:
    whole = contest(cases("xxx", "x", "xx"), cases("x", "xxx", "x"), longer)
    for failing in ("0", "1", "2"):
        part = contest(
            cases("xxx", "x", "xx"),
            cases("x", "xxx", "x"),
            lambda question, failing=failing: (
                DataError("no") if f'"n": {failing}' in question.messages[1].content else longer(question)
            ),
        )
        assert part.win_rate.worst <= whole.win_rate.value <= part.win_rate.best


def test_a_budget_that_ends_is_no_tie() -> None:
    with pytest.raises(OverBudget):
        contest(cases("xxx"), cases("x"), lambda _: OverBudget("spent"))


def test_no_pairs_have_no_rate() -> None:
    result = contest([], [], longer)
    assert result.win_rate.value is None
    assert result.first_rate.value is None


def test_rows_are_matched_by_id(serve: Callable[..., LlmServer]) -> None:
    serve(rule=lambda prompt, schema: {"result": "tie"})
    a, b = cases("a", "b"), cases("c", "d")
    assert compare_pairwise(JUDGE, a, reversed(b)).ties == 2
    for others in (b[:1], [b[0], b[0]], [b[0], Case(outputs="x", row_id="other")]):
        with pytest.raises(DataError, match="same rows"):
            compare_pairwise(JUDGE, a, others)
    assert compare_pairwise(JUDGE, cases("a", ids=False), cases("c", ids=False)).ties == 1
