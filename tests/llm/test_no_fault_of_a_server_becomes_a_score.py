"""Every fault that is known to have hurt somebody: the right error or the right answer, and the calls are counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.llm import server as servers
from tests.llm.server import LlmServer, Reply, always, in_turn
from tests.llm.times import FakeTime

from steelyard.errors import (
    AnswerRefused,
    AnswerUnreadable,
    LLMError,
    LLMRateLimited,
    LLMUnavailable,
)
from steelyard.llm import Message, Question, ask_sync, calling

Serve = Callable[..., LlmServer]
Ask = Callable[..., Question]


@pytest.mark.parametrize("fault", servers.TRANSIENT)
def test_a_passing_fault_is_tried_again(serve: Serve, question: Ask, time: FakeTime, fault: str) -> None:
    server = serve(in_turn(servers.TRANSIENT[fault], Reply(value={"score": 4, "result": "yes"})))
    with calling(time.calling()) as around:
        answer = ask_sync(question())
    assert answer.value["score"] == 4
    assert server.calls == around.count.tries == 2
    assert around.calls == 1


@pytest.mark.parametrize("fault", servers.TRANSIENT)
def test_a_fault_that_lasts_ends_in_an_error_after_a_bounded_number_of_tries(
    serve: Serve, question: Ask, time: FakeTime, fault: str
) -> None:
    server = serve(always(servers.TRANSIENT[fault]))
    with calling(time.calling(patience={"tries": 3, "refusals": 3})) as around, pytest.raises(LLMError) as raised:
        ask_sync(question())
    assert type(raised.value) in (LLMRateLimited, LLMUnavailable)
    assert server.calls == around.count.tries == 3
    assert around.calls == around.usage.total_tokens == 0


@pytest.mark.parametrize("fault", servers.HANGING)
def test_a_silent_server_is_left_after_the_timeout(serve: Serve, question: Ask, time: FakeTime, fault: str) -> None:
    server = serve(in_turn(servers.HANGING[fault], Reply(value={"score": 2})))
    with calling(time.calling()):
        assert ask_sync(question(timeout=0.2)).value["score"] == 2
    assert server.calls == 2


@pytest.mark.parametrize("fault", servers.FINAL)
def test_what_no_second_try_mends_is_tried_once(serve: Serve, question: Ask, time: FakeTime, fault: str) -> None:
    server = serve(always(servers.FINAL[fault]))
    with calling(time.calling()), pytest.raises(LLMUnavailable) as raised:
        ask_sync(question())
    assert server.calls == 1
    assert str(servers.FINAL[fault].status) in str(raised.value)
    assert "abc123" not in str(raised.value)
    assert "sk-test" not in str(raised.value)


@pytest.mark.parametrize("fault", servers.REFUSING)
def test_a_refusal_is_a_refusal(serve: Serve, question: Ask, time: FakeTime, fault: str) -> None:
    server = serve(always(servers.REFUSING[fault]))
    with calling(time.calling()) as around, pytest.raises(AnswerRefused):
        ask_sync(question())
    assert server.calls == around.calls == 1
    assert around.usage.total_tokens > 0


@pytest.mark.parametrize("fault", servers.GARBLED)
def test_what_is_no_answer_is_asked_for_once_more_and_then_unreadable(
    serve: Serve, question: Ask, time: FakeTime, fault: str
) -> None:
    server = serve(always(servers.GARBLED[fault]))
    with calling(time.calling()) as around, pytest.raises(AnswerUnreadable):
        ask_sync(question())
    assert server.calls == around.calls == 2
    assert around.usage.total_tokens > 0, "it may have been paid for, so it counts"


def test_a_body_without_end_is_not_read_to_its_end(serve: Serve, question: Ask, time: FakeTime) -> None:
    server = serve(always(servers.GARBLED["100 MB body"]))
    with calling(time.calling()), pytest.raises(AnswerUnreadable, match="longer than"):
        ask_sync(question(repairs=0))
    assert server.sent < 40 * 2**20


@pytest.mark.parametrize("fault", servers.WRONG)
def test_an_answer_that_does_not_fit_is_never_a_score(serve: Serve, question: Ask, time: FakeTime, fault: str) -> None:
    server = serve(always(servers.WRONG[fault]))
    with calling(time.calling()) as around, pytest.raises(AnswerUnreadable):
        ask_sync(question())
    assert server.calls == around.calls == 2


@pytest.mark.parametrize("fault", servers.WRONG)
def test_an_answer_that_does_not_fit_may_be_repaired_once(
    serve: Serve, question: Ask, time: FakeTime, fault: str
) -> None:
    server = serve(in_turn(servers.WRONG[fault], Reply(value={"score": 3, "result": "no"})))
    with calling(time.calling()) as around:
        answer = ask_sync(question())
    assert answer.value["score"] == 3
    assert answer.usage == around.usage, "both tries are paid"
    assert "cannot be used" in server.requests[1].prompt


@pytest.mark.parametrize("fault", servers.ODD)
def test_an_odd_answer_that_is_plain_is_taken(serve: Serve, question: Ask, time: FakeTime, fault: str) -> None:
    serve(always(servers.ODD[fault]))
    with calling(time.calling()) as around:
        answer = ask_sync(question())
    assert answer.value == {"score": 4, "result": "yes", "rationale": "it is"}
    assert 0 < around.usage.total_tokens < 10_000


def test_what_is_doubtful_about_an_answer_is_noted(serve: Serve, question: Ask, time: FakeTime) -> None:
    names = ("missing usage", "negative tokens", "huge tokens", "other model", "fence")
    serve(in_turn(*(servers.ODD[name] for name in names)))
    with calling(time.calling()):
        answers = [ask_sync(question()) for _ in names]
    assert [answer.notes for answer in answers] == [
        ("usage_estimated",),
        ("usage_estimated",),
        ("usage_clamped",),
        (),
        (),
    ]
    assert answers[3].model == "gpt-3.5-turbo-0613"


def test_a_server_that_is_away_is_told_so(question: Ask, time: FakeTime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", servers.closed_url())
    with calling(time.calling()) as around, pytest.raises(LLMUnavailable, match="cannot be reached"):
        ask_sync(question())
    assert around.count.tries == 5
    assert len(time.waits) == 4


def test_text_is_text(serve: Serve, question: Ask) -> None:
    serve(always(Reply(text="Paris.")))
    assert ask_sync(question(schema=None)).value == "Paris."


def test_an_empty_text_is_no_answer(serve: Serve, question: Ask, time: FakeTime) -> None:
    serve(always(Reply(text="  ")))
    with calling(time.calling()), pytest.raises(AnswerUnreadable):
        ask_sync(question(schema=None))


def test_the_last_word_must_not_be_the_models(serve: Serve) -> None:
    serve()
    asked = Question(model="openai:/gpt-4o-mini", messages=(Message("user", "a"), Message("assistant", "b")))
    with pytest.raises(ValueError, match="last message"):
        ask_sync(asked)
