"""Requests, answers and conversations in the shapes that providers and instrumentors record."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers import chat_messages, conversation, request_text, response_text

ANSWERS: dict[str, Any] = {
    "text": "Hi",
    "completion": {"choices": [{"message": {"role": "assistant", "content": "Hi"}}]},
    "responses": {
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}]
    },
    "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
    "messages": {"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hi"}]},
    "parts": [{"role": "assistant", "parts": [{"type": "text", "content": "Hi"}]}],
    "langchain": {"messages": [{"type": "human", "content": "Hello?"}, {"type": "ai", "content": "Hi"}]},
    "answer": {"answer": "Hi", "sources": ["a"]},
    "nested": {"result": {"output": "Hi"}},
    "one key": {"greeting": "Hi"},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_is_its_text(answer: Any) -> None:
    assert response_text(answer) == "Hi"


REQUESTS: dict[str, Any] = {
    "text": "Why?",
    "argument": {"question": "Why?"},
    "messages": {"model": "m", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Why?"}]},
    "list": [{"role": "user", "content": "Why?"}],
    "argument of messages": {"messages_in": [{"role": "user", "content": "Why?"}]},
    "input of messages": {
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Why?"}]}],
        "model": "m",
    },
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_request_is_the_users_last_words(request_: Any) -> None:
    assert request_text(request_) == "Why?"


@pytest.mark.parametrize(
    ("value", "text"),
    [({"a": 1, "b": "é"}, '{"a": 1, "b": "é"}'), ([1, 2], "[1, 2]"), (3, "3"), (None, ""), ({}, "{}"), (True, "true")],
    ids=str,
)
def test_anything_else_is_its_json(value: Any, text: str) -> None:
    assert response_text(value) == text


def test_a_conversation_is_the_turns_of_its_traces(make: Any) -> None:
    history = [
        {"role": "user", "content": "A"},
        {"role": "assistant", "content": "B"},
        {"role": "user", "content": "C"},
    ]
    first = make.trace(make.span("1", inputs={"messages": history[:1]}, outputs="B"))
    second = make.trace(make.span("2", inputs={"messages": history}, outputs="D"))
    both = conversation([first, second])
    assert [each["content"] for each in both] == ["A", "B", "C", "D"]
    assert [each["role"] for each in both] == ["user", "assistant"] * 2
    assert conversation([second]) == both == chat_messages(second)
    assert conversation([]) == []


def test_a_trace_without_messages_is_one_turn(make: Any) -> None:
    assert chat_messages(make.trace(make.span("1", inputs={"question": "Why?"}, outputs="So."))) == [
        {"role": "user", "content": "Why?"},
        {"role": "assistant", "content": "So."},
    ]


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just(object())),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["role", "type", "content", "parts", "messages", "choices", "message", "text", "x"]),
            st.one_of(inner, st.sampled_from(["user", "assistant"])),
            max_size=4,
        ),
    ),
)


@given(VALUES)
def test_any_value_has_a_text(value: Any) -> None:
    assert isinstance(response_text(value), str)
    assert isinstance(request_text(value), str)


def test_a_value_nested_beyond_json_has_a_text() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = {"a": deep, "b": 1}
    assert isinstance(response_text(deep), str)
    assert response_text({"a": (loop := []), "b": loop.append(loop)})
