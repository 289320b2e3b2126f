"""Repeatability: the same cases, judged several times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.judges.aligning_world import answers
from tests.llm.server import LlmServer, Reply

from steelyard.errors import InvalidArgument, OverBudget
from steelyard.judges import make_judge, repeat
from steelyard.llm import Budget, Calling, MemoryCache, calling
from steelyard.records import Case

JUDGE = make_judge("good", "Is {{ outputs }} good?", feedback_value_type=int, model="openai:/gpt-4o-mini")


def counting(index: int, request: dict[str, Any]) -> Reply:
    return Reply(value={"rationale": "", "result": index})


def test_every_time_is_asked_anew_and_told_by_case(serve: Callable[..., LlmServer]) -> None:
    server = serve(counting)
    said = repeat(JUDGE, [Case(outputs="a"), *answers(2)], times=4)
    assert server.calls == 12
    assert [len(each) for each in said] == [4, 4, 4]
    assert sorted(each.value for row in said for each in row) == list(range(12))
    assert all(place * 3 <= each.value < place * 3 + 3 for row in said for place, each in enumerate(row))


def test_a_cache_keeps_the_times_apart_and_gives_them_again(serve: Callable[..., LlmServer]) -> None:
    server = serve(counting)
    with calling(Calling(cache=MemoryCache())):
        first = JUDGE(outputs="a")
        said = repeat(JUDGE, [Case(outputs="a")], times=2)
        more = repeat(JUDGE, [Case(outputs="a")], times=3)
    assert server.calls == 3
    assert said[0][0].value == first.value
    assert [each.value for each in more[0][:2]] == [each.value for each in said[0]]


def test_a_failure_is_told_and_the_rest_goes_on(serve: Callable[..., LlmServer]) -> None:
    serve(
        lambda index, request: (
            Reply(text="none") if "bad" in str(request) else Reply(value={"rationale": "", "result": 1})
        )
    )
    bad, good = repeat(JUDGE, [Case(outputs="bad"), Case(outputs="fine")], times=2)
    assert [each.error_code for each in bad] == ["AnswerUnreadable"] * 2
    assert [each.value for each in good] == [1, 1]


def test_a_budget_ends_it_and_no_times_are_refused(serve: Callable[..., LlmServer]) -> None:
    serve(counting)
    with pytest.raises(OverBudget), calling(Calling(budget=Budget(max_tokens=10))):
        repeat(JUDGE, [Case(outputs="a")])
    with pytest.raises(InvalidArgument, match="times=0"):
        repeat(JUDGE, [Case(outputs="a")], times=0)
    assert repeat(JUDGE, [], times=2) == ()
