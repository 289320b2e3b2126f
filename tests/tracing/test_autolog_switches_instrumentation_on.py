"""``autolog()`` with the real client library and its real instrumentation, against a server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from tests.tracing.fake_openai import fake_openai

import steelyard
from steelyard.errors import MissingDependency
from steelyard.tracing import capture, start_span
from steelyard.tracing.instrumentors import INSTRUMENTORS, autolog_all, autolog_of

QUESTION = [{"role": "user", "content": "What is a steelyard?"}]


@pytest.fixture
def client(traces: Any) -> Iterator[openai.OpenAI]:
    autolog = autolog_of("openai")
    autolog()
    autolog()  # a second time changes nothing
    with fake_openai() as url, openai.OpenAI(base_url=url, api_key="k", max_retries=0) as found:
        yield found
    autolog(disable=True)
    autolog(disable=True)


def test_a_chat_is_one_span_with_messages_tokens_and_price(client: openai.OpenAI, traces: Any) -> None:
    with start_span("ask"):
        client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, temperature=0)  # type: ignore[arg-type]
    root, chat = traces.only.data.spans
    assert (chat.parent_id, chat.span_type, chat.model) == (root.span_id, "CHAT_MODEL", "gpt-4o-mini-2024-07-18")
    assert chat.inputs == {"model": "gpt-4o-mini", "messages": QUESTION, "temperature": 0}
    assert chat.outputs["choices"][0]["message"]["content"] == "It is a balance."
    usage = chat.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.reasoning_tokens) == (20, 7, 8, 3)
    assert usage.cost == pytest.approx(12 * 0.15e-6 + 8 * 0.075e-6 + 7 * 0.60e-6)
    assert traces.only.info.usage == usage
    assert traces.only.info.token_usage == {"input_tokens": 20, "output_tokens": 7, "total_tokens": 27}


def test_tool_calls_are_in_the_answer(client: openai.OpenAI, traces: Any) -> None:
    tools: Any = [{"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}]
    client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, tools=tools)  # type: ignore[call-overload]
    (call,) = traces.only.outputs["choices"][0]["message"]["tool_calls"]
    assert call["function"] == {"name": "search", "arguments": '{"query": "steelyard"}'}
    assert traces.only.inputs["tools"] == tools


def test_a_stream_is_recorded_when_it_has_been_read(client: openai.OpenAI, traces: Any) -> None:
    stream = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=QUESTION,  # type: ignore[arg-type]
        stream=True,
        stream_options={"include_usage": True},
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == "It is a balance."
    assert traces.only.outputs["choices"][0]["message"]["content"] == "It is a balance."
    assert traces.only.info.usage.total_tokens == 27


def test_embeddings_are_embeddings(client: openai.OpenAI, traces: Any) -> None:
    client.embeddings.create(model="text-embedding-3-small", input=["a", "b"], encoding_format="float")
    root = traces.only.data.root
    assert (root.span_type, root.model, root.usage.input_tokens) == ("EMBEDDING", "text-embedding-3-small", 4)


def test_a_captured_call_belongs_to_its_row(client: openai.OpenAI, traces: Any) -> None:
    with capture(name="row") as captured:
        client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)  # type: ignore[arg-type]
    made = captured.finish(inputs={}, outputs="")
    assert [span.span_type for span in made.data.spans] == ["CHAIN", "CHAT_MODEL"]
    assert made.info.usage is not None
    assert not traces


def test_nothing_is_recorded_after_it_is_switched_off(client: openai.OpenAI, traces: Any) -> None:
    steelyard.openai.autolog(disable=True)
    client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)  # type: ignore[arg-type]
    assert not traces


@pytest.mark.parametrize("library", ["groq", "crewai"])
def test_a_missing_package_is_named(library: str) -> None:
    with pytest.raises(MissingDependency, match=f"pip install openinference-instrumentation-{library}"):
        autolog_of(library)()
    autolog_of(library)(disable=True)


def test_every_library_has_its_face() -> None:
    for library in (*INSTRUMENTORS, "pydantic_ai"):
        assert callable(getattr(steelyard, library).autolog)


def test_agents_of_pydantic_ai_are_recorded_with_their_tools(traces: Any) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.test import TestModel

    agent = Agent(TestModel(), name="helper")

    @agent.tool_plain
    def search(query: str) -> str:
        return "found"

    assert "pydantic_ai" in autolog_all()
    try:
        asyncio.run(agent.run("why?"))
    finally:
        autolog_all(disable=True)
    spans = traces.only.data.spans
    assert [span.span_type for span in spans] == ["AGENT", "CHAT_MODEL", "TOOL", "CHAT_MODEL"]
    assert (spans[2].inputs, spans[2].outputs) == ({"query": "a"}, "found")
    assert traces.only.info.usage.input_tokens == spans[1].usage.input_tokens + spans[3].usage.input_tokens
