"""Retry-After is honoured in all its forms; where there is none, waits double; all of it is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.llm.faults import FAULTS, Script, always, in_turn, seeded
from tests.llm.replies import Reply
from tests.llm.server import LlmServer
from tests.llm.times import FakeTime

from steelyard.errors import LLMRateLimited, LLMUnavailable, OverBudget
from steelyard.llm import Budget, Patience, Question, ask, ask_sync, calling
from steelyard.llm.retries import backoff, excerpt, retry_after

Serve = Callable[..., LlmServer]
Ask = Callable[..., Question]


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (Reply.rate_limited(7), 7.0),
        (Reply.rate_limited("2.5"), 2.5),
        (Reply.rate_limited(86_400), 600.0),
        (FAULTS["429 retry-after date"], 1.0),
        (Reply.rate_limited(), 0.5),
        (Reply.rate_limited("soon"), 0.5),
        (Reply.rate_limited(-5), 0.5),
        (Reply.error(429, retry_after_ms="250"), 0.25),
        (Reply.error(503, retry_after="3"), 3.0),
    ],
    ids=["seconds", "fraction", "absurd", "date", "missing", "nonsense", "negative", "milliseconds", "503"],
)
def test_the_time_that_a_server_names_is_waited(
    serve: Serve, question: Ask, time: FakeTime, fault: Reply, seconds: float
) -> None:
    serve(in_turn(fault))
    with calling(time.calling()):
        ask_sync(question())
    assert time.waits == [pytest.approx(seconds)]


def test_a_date_is_read_by_the_servers_own_clock(serve: Serve, question: Ask, time: FakeTime) -> None:
    serve(in_turn(Reply.rate_limited_until(5, skew=-86_400)))
    with calling(time.calling()):
        ask_sync(question())
    assert time.waits == [pytest.approx(5, abs=1)]


def test_waits_double_until_the_server_answers(serve: Serve, question: Ask, time: FakeTime) -> None:
    serve(in_turn(*[Reply.rate_limited()] * 5))
    with calling(time.calling()):
        ask_sync(question())
    assert time.waits == [0.5, 1, 2, 4, 8]


def test_a_server_that_names_no_time_to_speak_of_again_and_again_is_not_believed(
    serve: Serve, question: Ask, time: FakeTime
) -> None:
    serve(in_turn(*[Reply.rate_limited(0)] * 4))
    with calling(time.calling()):
        ask_sync(question())
    assert time.waits == [0.5, 1, 2]


def test_a_refusal_halves_the_limit_and_success_raises_it_again(serve: Serve, question: Ask, time: FakeTime) -> None:
    serve(in_turn(Reply.rate_limited(1)))
    with calling(time.calling()) as around:
        ask_sync(question())
        limiter = around.limits.of("openai:/gpt-4o-mini")
        assert limiter.limit == 5
        for _ in range(3):
            ask_sync(question())
    assert limiter.limit == 5, "a limit that is not in use is not raised"


def test_refusals_that_outlast_the_patience_end_in_an_error(serve: Serve, question: Ask, time: FakeTime) -> None:
    server = serve(always(Reply.rate_limited(100)))
    with calling(time.calling(patience={"total_wait": 250})), pytest.raises(LLMRateLimited) as raised:
        ask_sync(question())
    assert raised.value.retry_after == 100
    assert server.calls == 3
    assert sum(time.waits) <= 300


def test_no_wait_goes_beyond_the_time_of_the_budget(serve: Serve, question: Ask, time: FakeTime) -> None:
    server = serve(always(Reply.rate_limited(100)))
    budget = Budget(max_seconds=60, clock=time.clock)
    with calling(time.calling(budget=budget)), pytest.raises(OverBudget, match="max_seconds=60"):
        ask_sync(question())
    assert server.calls == 1


def test_failures_wait_longer_each_time_and_each_question_a_little_differently(
    serve: Serve, question: Ask, time: FakeTime
) -> None:
    serve(always(Reply.error(500)))
    for text in ("one", "two"):
        with calling(time.calling()), pytest.raises(LLMUnavailable):
            ask_sync(question(text))
    one, two = time.waits[:4], time.waits[4:]
    for wait, other, usual in zip(one, two, (0.5, 1, 2, 4), strict=True):
        assert wait != other
        assert 0.5 * usual <= wait <= 1.5 * usual


@given(st.integers(1, 30), st.text(max_size=20))
def test_a_backoff_is_bounded_and_reproducible(failed: int, key: str) -> None:
    patience = Patience()
    wait = backoff(patience, key, failed)
    assert wait == backoff(patience, key, failed)
    assert 0 < wait <= 1.5 * patience.longest_wait


@given(st.text(), st.text())
def test_no_header_breaks_the_reading_of_a_time(value: str, date: str) -> None:
    seconds = retry_after({"retry-after": value, "date": date}, 600)
    assert seconds is None or 0 <= seconds <= 600


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-abcDEF123456.",
        "Authorization: Bearer abcDEF123456",
        '{"api_key": "abcDEF123456"}',
        "https://host/?token=abcDEF123456&x=1",
        "gsk_abcDEF123456",
    ],
    ids=["openai", "bearer", "json", "query", "groq"],
)
def test_no_key_comes_back_in_an_error(text: str) -> None:
    assert "abcDEF123456" not in excerpt(text)


def _thirty_percent_faults() -> Script:
    menu = {name: fault for name, fault in FAULTS.items() if name.startswith(("429 retry", "status 5", "reset"))}
    return seeded(11, share=0.3, faults=menu)


def test_hundreds_of_questions_at_thirty_percent_faults_are_all_answered(
    serve: Serve, question: Ask, time: FakeTime
) -> None:
    server = serve(_thirty_percent_faults(), rule=lambda prompt, schema: {"rationale": prompt.split()[-1]})

    async def everything() -> list[str]:
        answers = await asyncio.gather(*(ask(question(f"number {number}")) for number in range(300)))
        return [answer.value["rationale"] for answer in answers]

    with calling(time.calling()) as around:
        assert asyncio.run(everything()) == [str(number) for number in range(300)]
    assert around.calls == 300
    assert around.count.tries == server.calls
    assert server.calls < 1.6 * 300
    assert server.peak <= 64
