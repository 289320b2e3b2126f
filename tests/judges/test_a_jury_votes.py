"""A jury's verdict follows its rule; every vote and every failure of a member is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies
from tests.judges.given import drive, retriever, system_of, trace, verdict
from tests.llm.server import LlmServer

from steelyard.errors import AnswerRefused, AnswerUnreadable, DataError, InvalidArgument, OverBudget
from steelyard.judges import Guidelines, Jury, RetrievalRelevance, UserFrustration, make_judge
from steelyard.judges.jury import RULES, agreement, decide
from steelyard.llm import Question
from steelyard.records.case import Case
from steelyard.scorers import aassess

MEMBERS = [
    Guidelines(name=name, guidelines=f"It is {name}.", model=f"openai:/{name}") for name in ("one", "two", "three")
]
CASE = Case(inputs={"q": "Why?"}, outputs="Because.")


def votes(**by_name: Any) -> Callable[[Question], Any]:
    def reply(question: Question) -> Any:
        name = next(name for name in by_name if f"It is {name}." in system_of(question))
        vote = by_name[name]
        return vote if isinstance(vote, Exception) else verdict(vote, f"says {name}")

    return reply


def judged(jury: Jury, **by_name: Any) -> Any:
    (feedback,), _ = drive(jury.judging(CASE), votes(**by_name))
    return feedback


def test_the_majority_decides_and_every_vote_is_kept() -> None:
    feedback = judged(Jury(name="jury", judges=MEMBERS), one="yes", two="no", three="yes")
    assert (feedback.name, feedback.value) == ("jury", "yes")
    assert feedback.metadata["votes"] == {"one": "yes", "two": "no", "three": "yes"}
    assert feedback.metadata["agreement"] == pytest.approx(1 / 3)
    assert feedback.metadata["mlflow.assessment.judgeInputTokens"] == 300
    assert feedback.source.source_id == "openai:/one, openai:/two, openai:/three"
    assert feedback.rationale.splitlines() == ["one: yes — says one", "two: no — says two", "three: yes — says three"]
    assert "failed" not in feedback.metadata


def test_a_member_that_fails_is_never_left_out_in_silence() -> None:
    failing = AnswerUnreadable("it rambled")
    with pytest.raises(AnswerUnreadable, match="rambled"):
        judged(Jury(name="jury", judges=MEMBERS), one="yes", two=failing, three="yes")
    feedback = judged(Jury(name="jury", judges=MEMBERS, quorum=2), one="yes", two=failing, three="yes")
    assert feedback.value == "yes"
    assert feedback.metadata["failed"] == {"two": "AnswerUnreadable: it rambled"}
    assert "two: no vote — it rambled" in feedback.rationale
    with pytest.raises(AnswerRefused):
        judged(Jury(name="jury", judges=MEMBERS, quorum=2), one="yes", two=AnswerRefused("no"), three=failing)


def test_a_budget_that_ends_always_ends_it() -> None:
    with pytest.raises(OverBudget):
        judged(Jury(name="jury", judges=MEMBERS, quorum=1), one="yes", two=OverBudget("spent"), three="yes")


@pytest.mark.parametrize(
    ("rule", "values", "value"),
    [
        ("majority", ["yes", "yes", "no"], "yes"),
        ("majority", ["yes", "no"], "no"),
        ("majority", [True, False], False),
        ("majority", ["good", "bad"], None),
        ("majority", ["a", "a", "b", "c"], None),
        ("majority", ["a", "a", "a", "b", "c"], "a"),
        ("majority", [1, True, 1], 1),
        ("majority", [["a"], ["a"], ["b"]], ["a"]),
        ("unanimous", ["yes", "yes"], "yes"),
        ("unanimous", ["yes", "yes", "no"], "no"),
        ("unanimous", [True, True, False], False),
        ("unanimous", ["a", "b"], None),
        ("mean", [1, 2, 6], 3.0),
        ("mean", ["yes", "no"], 0.5),
        ("mean", [True, True, False, False], 0.5),
        ("median", [1, 2, 6], 2.0),
        ("min", [1, 2, 6], 1.0),
        ("max", [1, 2, 6], 6.0),
    ],
    ids=str,
)
def test_rules(rule: Any, values: list[Any], value: Any) -> None:
    found = decide(values, rule)
    assert found == value
    assert type(found) is type(value)


@given(strategies.lists(strategies.sampled_from(["yes", "no"]), min_size=1), strategies.sampled_from(RULES))
def test_no_rule_depends_on_the_order_and_all_respect_agreement(values: list[str], rule: Any) -> None:
    assert decide(values, rule) == decide(values[::-1], rule)
    if len(set(values)) == 1:
        assert decide(values, rule) in (values[0], float(values[0] == "yes"))
        assert agreement(values) in (None, 1.0)


@given(strategies.lists(strategies.sampled_from("abc"), min_size=2, max_size=8))
def test_agreement_is_the_share_of_pairs(values: list[str]) -> None:
    pairs = [(i, j) for i in range(len(values)) for j in range(len(values)) if i != j]
    assert agreement(values) == pytest.approx(sum(values[i] == values[j] for i, j in pairs) / len(pairs))


def test_words_have_no_mean() -> None:
    with pytest.raises(DataError, match="mean"):
        decide(["good", "bad"], "mean")


def test_a_member_gives_one_value() -> None:
    relevance = RetrievalRelevance(name="relevance")
    case = Case(inputs={"q": "Why?"}, outputs="x", trace=trace(retriever("a"), inputs="q", outputs="x"))
    with pytest.raises(DataError, match="gives 2 values"):
        drive(Jury(name="jury", judges=[MEMBERS[0], relevance]).judging(case), lambda _: verdict("yes"))


@pytest.mark.parametrize(
    "fields",
    [
        {"judges": MEMBERS[:1]},
        {"judges": [MEMBERS[0], MEMBERS[0]]},
        {"judges": [MEMBERS[0], "two"]},
        {"judges": [MEMBERS[0], UserFrustration()]},
        {"judges": MEMBERS, "quorum": 0},
        {"judges": MEMBERS, "quorum": 4},
        {"judges": MEMBERS, "rule": "loudest"},
        {"judges": MEMBERS, "model": "openai:/gpt-4o"},
    ],
    ids=["one", "twins", "no judge", "rows and sessions", "no quorum", "too many", "rule", "model"],
)
def test_a_jury_that_cannot_judge_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        Jury(name="jury", **fields)


def test_it_is_a_scorer_like_any_other(serve: Callable[..., LlmServer]) -> None:
    server = serve(rule=lambda prompt, schema: {"result": "no" if "It is two." in prompt else "yes"})
    jury = Jury(name="jury", judges=MEMBERS)
    (feedback,) = asyncio.run(aassess(jury, CASE))
    assert feedback.value == jury(inputs={"q": "Why?"}, outputs="Because.").value == "yes"
    assert server.calls == 6
    assert not jury.is_session_level_scorer
    assert jury.models == ("openai:/one", "openai:/two", "openai:/three")
    assert len(jury.words()) == 6
    assert jury.digest == Jury(name="jury", judges=MEMBERS).digest
    others = [Jury(name="jury", judges=MEMBERS[:2]), Jury(name="jury", judges=MEMBERS, rule="unanimous")]
    assert len({jury.digest, *(other.digest for other in others)}) == 3


def test_members_may_take_several_steps() -> None:
    from steelyard.llm import Answer, ToolCall

    agent = make_judge("agent", "Was {{ trace }} good?", feedback_value_type=bool)
    plain = make_judge("plain", "Is {{ outputs }} good?", feedback_value_type=bool)

    def reply(question: Question) -> Any:
        if question.tools and len(question.messages) == 2:
            return Answer(value=None, tool_calls=(ToolCall("c", "list_spans", {}),))
        return verdict(True)

    case = Case(outputs="x", trace=trace(inputs="q", outputs="x"))
    (feedback,), questions = drive(Jury(name="jury", judges=[agent, plain]).judging(case), reply)
    assert feedback.value is True
    assert len(questions) == 3
