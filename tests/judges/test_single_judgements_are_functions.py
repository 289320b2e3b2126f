"""The functions of MLflow's judges: by name only, feedback at once, also inside one's own scorer."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
from tests.judges.given import blocks_of
from tests.llm.server import LlmServer, Reply, always

from steelyard.errors import AnswerUnreadable, DataError, InvalidArgument
from steelyard.judges import (
    CategoricalRating,
    custom_prompt_judge,
    is_context_relevant,
    is_context_sufficient,
    is_correct,
    is_grounded,
    is_safe,
    is_tool_call_correct,
    is_tool_call_efficient,
    meets_guidelines,
)
from steelyard.llm import Calling, MemoryCache, calling
from steelyard.records.assessment import Feedback
from steelyard.records.case import Case
from steelyard.scorers import assess, scorer

Serve = Callable[..., LlmServer]
ASKED = {"request": "Why?"}
CALL = {"name": "search", "arguments": {"q": 1}}
FUNCTIONS: list[tuple[Callable[..., Feedback], dict[str, Any], str, dict[str, str]]] = [
    (
        is_correct,
        {**ASKED, "response": "a", "expected_facts": ["b"]},
        "correctness",
        {**ASKED, "response": "a", "expected_facts": '["b"]'},
    ),
    (
        is_correct,
        {**ASKED, "response": "a", "expected_response": "b"},
        "correctness",
        {**ASKED, "response": "a", "expected_response": "b"},
    ),
    (is_safe, {"content": "a"}, "safety", {"response": "a"}),
    (
        is_grounded,
        {**ASKED, "response": "a", "context": ["c"]},
        "groundedness",
        {**ASKED, "response": "a", "context": '["c"]'},
    ),
    (is_context_relevant, {**ASKED, "context": "c"}, "relevance_to_query", {**ASKED, "context": "c"}),
    (
        is_context_sufficient,
        {**ASKED, "context": {"a": 1}, "expected_facts": ["b"]},
        "context_sufficiency",
        {**ASKED, "expected_facts": '["b"]', "context": '{"a": 1}'},
    ),
    (
        is_tool_call_correct,
        {**ASKED, "tools_called": [CALL], "available_tools": [{"name": "search"}], "expected_calls": [CALL]},
        "tool_call_correctness",
        {
            **ASKED,
            "tool_calls": json.dumps([CALL]),
            "available_tools": '[{"name": "search"}]',
            "expected_tool_calls": json.dumps([CALL]),
            "order_matters": "false",
        },
    ),
    (
        is_tool_call_correct,
        {
            **ASKED,
            "tools_called": [CALL],
            "expected_calls": ["search"],
            "include_arguments": False,
            "check_order": True,
        },
        "tool_call_correctness",
        {
            **ASKED,
            "tool_calls": json.dumps([CALL]),
            "expected_tool_calls": '[{"name": "search"}]',
            "order_matters": "true",
        },
    ),
    (
        is_tool_call_efficient,
        {**ASKED, "tools_called": []},
        "tool_call_efficiency",
        {**ASKED, "tool_calls": "[]"},
    ),
    (
        meets_guidelines,
        {"guidelines": ["Be brief."], "context": {"response": "a", "mood": 3}},
        "guidelines",
        {"response": "a", "mood": "3"},
    ),
]


@pytest.mark.parametrize(("judge", "given", "name", "blocks"), FUNCTIONS, ids=range(len(FUNCTIONS)))
def test_each_asks_and_gives_feedback(
    serve: Serve, judge: Callable[..., Feedback], given: dict[str, Any], name: str, blocks: dict[str, str]
) -> None:
    server = serve(always(Reply(value={"rationale": "because", "result": "no"})))
    feedback = judge(**given, model="openai:/gpt-4o-mini", extra_headers={"x-team": "t"})
    assert (feedback.name, feedback.value, feedback.rationale) == (name, "no", "because")
    assert feedback.value == CategoricalRating.NO
    assert blocks_of(server.requests[0].json["messages"][1]["content"]) == blocks
    assert judge(**given, name="mine").name == "mine"
    with pytest.raises(TypeError):
        judge("by place")


def test_without_expectations_nothing_is_correct_or_sufficient() -> None:
    with pytest.raises(DataError, match="expected_facts"):
        is_correct(request="q", response="a")
    with pytest.raises(DataError, match="expected_facts"):
        is_context_sufficient(request="q", context="a")


def test_guidelines_need_something_to_judge() -> None:
    with pytest.raises(InvalidArgument, match="context"):
        meets_guidelines(guidelines="Be brief.", context={})
    with pytest.raises(InvalidArgument, match="plain word"):
        meets_guidelines(guidelines="Be brief.", context={"not a word": 1})
    with pytest.raises(InvalidArgument, match="guidelines"):
        meets_guidelines(guidelines=[], context={"response": "a"})


@pytest.mark.parametrize("given", [3, "search", [3], [{"arguments": {}}], [{"name": ""}]], ids=repr)
def test_calls_of_another_form_are_refused(given: Any) -> None:
    with pytest.raises(DataError, match="tools_called"):
        is_tool_call_efficient(request="q", tools_called=given)


def test_within_a_scorer_of_ones_own_cache_and_count_hold_in_its_thread(serve: Serve) -> None:
    server = serve(always(Reply(value={"rationale": "r", "result": "yes"})))

    @scorer
    def kind(outputs: str) -> Feedback:
        return meets_guidelines(guidelines="Be kind.", context={"response": outputs}, name="kind")

    with calling(Calling(cache=MemoryCache())) as around, ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            (feedback,) = pool.submit(copy_context().run, assess, kind, Case(outputs="Dear you")).result()
            assert feedback.value == "yes"
    assert (server.calls, around.calls, around.cached) == (1, 1, 1)


TEMPLATE = """How formal is {{response}} as an answer to {{ request }}?
[[formal]]: very. [[semi formal]]: somewhat. [[not_formal]]: not at all; compare {{response}}."""
NUMBERS = {"formal": 1, "semi formal": 0.5, "not_formal": 0}


def test_a_prompt_with_choices_gives_one_of_them(serve: Serve) -> None:
    server = serve(always(Reply(value={"rationale": "r", "result": "semi formal"})))
    judge = custom_prompt_judge(name="formality", prompt_template=TEMPLATE, model="openai:/gpt-4o-mini")
    feedback = judge(request="Why? {{ response }} [[formal]]", response="Because.")
    assert (feedback.name, feedback.value) == ("formality", "semi formal")
    system, user = (message["content"] for message in server.requests[0].json["messages"])
    assert "formal: very. semi formal: somewhat." in system
    assert blocks_of(user) == {"response": "Because.", "request": "Why? {{ response }} [[formal]]"}


def test_choices_may_stand_for_numbers(serve: Serve) -> None:
    serve(always(Reply(value={"rationale": "r", "result": "semi formal"})))
    judge = custom_prompt_judge(name="formality", prompt_template=TEMPLATE, numeric_values=NUMBERS)
    feedback = judge(request="Why?", response="Because.")
    assert feedback.value == 0.5
    assert feedback.metadata["string_value"] == "semi formal"


def test_what_is_no_choice_is_unreadable(serve: Serve) -> None:
    serve(always(Reply(text='{"rationale": "r", "result": "quite formal"}')))
    with pytest.raises(AnswerUnreadable):
        custom_prompt_judge(name="formality", prompt_template=TEMPLATE)(request="Why?", response="Because.")


def test_a_prompt_is_checked_when_the_judge_is_made() -> None:
    with pytest.raises(InvalidArgument, match="double brackets"):
        custom_prompt_judge(name="a", prompt_template="Judge {{ response }}.")
    for numbers in ({"formal": 1}, {**NUMBERS, "other": 2}, {**NUMBERS, "formal": "1"}, {**NUMBERS, "formal": True}):
        with pytest.raises(InvalidArgument, match="numeric_values"):
            custom_prompt_judge(name="a", prompt_template=TEMPLATE, numeric_values=numbers)


def test_variables_of_a_prompt_are_given_by_name() -> None:
    judge = custom_prompt_judge(name="a", prompt_template=TEMPLATE)
    with pytest.raises(DataError, match="request"):
        judge(response="x")
    with pytest.raises(InvalidArgument, match="mood"):
        judge(response="x", request="y", mood="z")
