"""Judges of conversations see every turn once, and knowledge is checked turn by turn."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.judges.given import data_of, drive, questions_of, saying, tool, trace, verdict

from steelyard.errors import AnswerUnreadable, DataError, InvalidArgument
from steelyard.judges import (
    ConversationalToolCallEfficiency,
    ConversationCompleteness,
    Judge,
    KnowledgeRetention,
    UserFrustration,
    make_judge,
)
from steelyard.records.case import Case
from steelyard.scorers import scorer

SYSTEM = {"role": "system", "content": "You are a pirate."}


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def said(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


SESSION = (
    trace(inputs={"messages": [SYSTEM, user("I am Ada.")]}, outputs="Ahoy Ada."),
    trace(inputs={"messages": [SYSTEM, user("I am Ada."), said("Ahoy Ada."), user("Who am I?")]}, outputs="No idea."),
    trace(inputs={"messages": [user("Really?")]}, outputs={"choices": [{"message": said("Aye, Ada.")}]}),
)


def told(judge: Judge, session: tuple[Any, ...]) -> list[dict[str, Any]]:
    (question,) = questions_of(judge.judging(Case(session=session)))
    return json.loads(data_of(question)["conversation"])


def test_what_later_turns_repeat_is_told_once() -> None:
    assert [(each["turn"], each["role"], each["content"]) for each in told(UserFrustration(), SESSION)] == [
        (1, "system", "You are a pirate."),
        (1, "user", "I am Ada."),
        (1, "assistant", "Ahoy Ada."),
        (2, "user", "Who am I?"),
        (2, "assistant", "No idea."),
        (3, "user", "Really?"),
        (3, "assistant", "Aye, Ada."),
    ]


def test_the_history_that_one_trace_holds_is_told() -> None:
    only = (trace(inputs={"messages": [user("a"), said("b"), user("c")]}, outputs="d"),)
    assert [each["content"] for each in told(ConversationCompleteness(), only)] == ["a", "b", "c", "d"]


def test_times_are_told_if_asked_for() -> None:
    judge = make_judge("slow", "Was {{ conversation }} slow?", include_timing_in_conversation=True)
    first, last = told(judge, SESSION)[1], told(judge, SESSION)[-1]
    assert first["sent_at_ms"] == 1_700_000_000_000
    assert last["duration_ms"] == 2.0


def test_they_are_scorers_of_sessions() -> None:
    for judge in (UserFrustration(), KnowledgeRetention(), make_judge("a", "Judge {{ conversation }}")):
        assert judge.is_session_level_scorer
    assert not make_judge("a", "Judge {{ outputs }}").is_session_level_scorer


def test_a_call_takes_the_session() -> None:
    with pytest.raises(DataError, match="session"):
        UserFrustration()(inputs={"q": 1}, outputs="x")


def test_tool_calls_have_their_turn() -> None:
    session = (
        trace(tool("search", {"q": 1}), inputs="a", outputs="b"),
        trace(tool("book", {}), inputs="c", outputs="d"),
    )
    (question,) = questions_of(ConversationalToolCallEfficiency().judging(Case(session=session)))
    assert json.loads(data_of(question)["tool_calls"]) == [
        {"turn": 1, "name": "search", "arguments": {"q": 1}},
        {"turn": 2, "name": "book", "arguments": {}},
    ]


def test_knowledge_is_checked_after_every_turn_but_the_first() -> None:
    def reply(question: Any) -> Any:
        last = json.loads(data_of(question)["conversation"])[-1]
        return verdict("no", "It forgot Ada.") if last["turn"] == 2 else verdict("yes")

    (feedback,), questions = drive(KnowledgeRetention().judging(Case(session=SESSION)), reply)
    assert [json.loads(data_of(each)["conversation"])[-1]["turn"] for each in questions] == [2, 3]
    assert (feedback.name, feedback.value) == ("knowledge_retention", "no")
    assert feedback.rationale == "Turn 2: It forgot Ada."
    assert feedback.metadata["mlflow.assessment.judgeInputTokens"] == 200
    (feedback,), _ = drive(KnowledgeRetention().judging(Case(session=SESSION)), saying("yes"))
    assert feedback.value == "yes"


def test_one_turn_has_nothing_to_forget() -> None:
    (feedback,), questions = drive(KnowledgeRetention().judging(Case(session=SESSION[:1])), saying("no"))
    assert (feedback.value, questions) == ("yes", [])


def test_a_turn_that_cannot_be_judged_leaves_no_verdict() -> None:
    with pytest.raises(AnswerUnreadable):
        drive(KnowledgeRetention().judging(Case(session=SESSION)), lambda _: {"result": "yes"})


def test_another_scorer_may_judge_the_turns() -> None:
    @scorer
    def names_ada(session: Any) -> bool:
        return "Ada" in str(session[-1].outputs)

    judge = KnowledgeRetention(last_turn_scorer=names_ada)
    (feedback,), questions = drive(judge.judging(Case(session=SESSION)), saying("yes"))
    assert (feedback.value, questions) == ("no", [])
    own = KnowledgeRetention(last_turn_scorer=make_judge("own", "Judge {{ conversation }}", feedback_value_type=bool))
    (feedback,), _ = drive(own.judging(Case(session=SESSION)), saying(True))
    assert feedback.value == "yes"
    vague = KnowledgeRetention(last_turn_scorer=make_judge("own", "Judge {{ conversation }}"))
    with pytest.raises(DataError, match="perhaps"):
        drive(vague.judging(Case(session=SESSION)), saying("perhaps"))
    assert len({KnowledgeRetention().digest, judge.digest, own.digest, vague.digest}) == 4


def test_an_asynchronous_function_cannot_judge_turns() -> None:
    @scorer
    async def late(session: Any) -> bool:
        return True

    with pytest.raises(InvalidArgument, match="async"):
        KnowledgeRetention(last_turn_scorer=late)


def test_a_scorer_of_rows_cannot_judge_turns() -> None:
    with pytest.raises(InvalidArgument, match="sessions"):
        KnowledgeRetention(last_turn_scorer=make_judge("a", "Judge {{ outputs }}"))
