"""The cache: the same question is paid once, another one again, and what does not fit is never kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.llm.faults import always, in_turn
from tests.llm.replies import Reply
from tests.llm.server import LlmServer

from steelyard.errors import AnswerUnreadable, InvalidArgument
from steelyard.llm import Calling, MemoryCache, Message, Question, Tool, ask, ask_sync, calling

Serve = Callable[..., LlmServer]
Ask = Callable[..., Question]


def test_the_second_time_the_answer_is_there(serve: Serve, question: Ask) -> None:
    server = serve()
    cache = MemoryCache()
    with calling(Calling(cache=cache)) as first:
        paid = ask_sync(question())
    with calling(Calling(cache=cache)) as second:
        kept = ask_sync(question())
    assert server.calls == 1
    assert kept == replace(paid, cached=True)
    assert (first.calls, first.cached, second.calls, second.cached) == (1, 0, 0, 1)
    assert second.usage.total_tokens == 0
    assert second.saved == first.usage


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "another judge"},
        {"params": {"temperature": 1}},
        {"model": "openai:/gpt-4o"},
        {"schema": None},
        {"messages": (Message("user", "other"),)},
        {"tools": (Tool("look", "Look.", {"type": "object", "properties": {}}),)},
    ],
    ids=["purpose", "params", "model", "schema", "messages", "tools"],
)
def test_another_question_is_asked_again(serve: Serve, question: Ask, change: dict[str, object]) -> None:
    server = serve()
    with calling(Calling(cache=MemoryCache())) as around:
        ask_sync(question())
        ask_sync(replace(question(), **change))  # type: ignore[arg-type]
    assert server.calls == around.calls == 2


def test_each_repeat_asks_for_itself(serve: Serve, question: Ask) -> None:
    server = serve()
    cache = MemoryCache()
    for repeat in (0, 1, 0, 1):
        with calling(Calling(cache=cache, repeat=repeat)):
            ask_sync(question())
    assert server.calls == 2


def test_the_same_model_at_another_place_is_another_model(serve: Serve, question: Ask) -> None:
    one, other = serve(), serve()
    with calling(Calling(cache=MemoryCache())):
        ask_sync(question(base_url=one.url))
        ask_sync(question(base_url=other.url))
        ask_sync(question(base_url=other.url))
    assert (one.calls, other.calls) == (1, 1)


def test_spellings_of_one_model_and_timeouts_and_keys_make_no_other_question(serve: Serve, question: Ask) -> None:
    server = serve()
    with calling(Calling(cache=MemoryCache())):
        ask_sync(question())
        ask_sync(question(model="openai/gpt-4o-mini", timeout=3.0, extra_headers={"Authorization": "Bearer other-key"}))
    assert server.calls == 1


def test_an_answer_that_does_not_fit_is_not_kept(serve: Serve, question: Ask) -> None:
    server = serve(always(Reply(text='{"score": 11}')))
    cache = MemoryCache()
    for _ in range(2):
        with calling(Calling(cache=cache)), pytest.raises(AnswerUnreadable):
            ask_sync(question(repairs=0))
    assert server.calls == 2
    assert len(cache) == 0


def test_many_who_ask_the_same_at_once_ask_once(serve: Serve, question: Ask) -> None:
    server = serve(latency=0.05)

    async def everyone() -> list[object]:
        return [answer.value for answer in await asyncio.gather(*(ask(question()) for _ in range(20)))]

    with calling(Calling(cache=MemoryCache())) as around:
        values = asyncio.run(everyone())
    assert server.calls == around.calls == 1
    assert around.cached == 19
    assert values == [values[0]] * 20


def test_if_the_one_who_asks_gives_up_another_asks(serve: Serve, question: Ask) -> None:
    server = serve(latency=0.05)

    async def main() -> object:
        first = asyncio.ensure_future(ask(question()))
        while not server.calls:
            await asyncio.sleep(0.001)
        second = asyncio.ensure_future(ask(question()))
        await asyncio.sleep(0.01)
        first.cancel()
        return (await second).value

    with calling(Calling(cache=MemoryCache())):
        assert asyncio.run(main())
    assert server.calls == 2


def test_without_a_cache_everyone_asks(serve: Serve, question: Ask) -> None:
    server = serve(in_turn())
    with calling(Calling()):
        ask_sync(question())
        ask_sync(question())
    assert server.calls == 2


def test_an_answer_kept_in_a_form_of_old_is_asked_again(serve: Serve, question: Ask) -> None:
    server = serve()

    class Old(MemoryCache):
        def get(self, key: str) -> bytes | None:
            return b'{"what": "is this"'

    with calling(Calling(cache=Old())):
        ask_sync(question())
    assert server.calls == 1


def test_tool_calls_and_every_json_value_survive_the_cache(serve: Serve, question: Ask) -> None:
    tool = Tool("look", "Look.", {"type": "object", "properties": {"at": {"type": "string"}}})
    serve(always(Reply(tool_call=("look", {"at": "☃", "big": 2**70, "list": [1.5, None]}))))
    with calling(Calling(cache=MemoryCache())):
        paid, kept = ask_sync(question(tools=(tool,))), ask_sync(question(tools=(tool,)))
    assert kept == replace(paid, cached=True)


def test_what_is_no_json_cannot_be_asked(serve: Serve, question: Ask) -> None:
    serve()
    with pytest.raises(InvalidArgument, match="JSON"):
        ask_sync(question(params={"stop": object()}))
