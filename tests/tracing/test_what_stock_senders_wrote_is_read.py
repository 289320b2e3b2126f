"""What instrumentors of other people were found to write, spans of which tests/stock receives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from steelyard.tracing import normalise

ARGUMENTS = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": ARGUMENTS}}


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "Kyiv?"}]}]',
            "gen_ai.tool.definitions": json.dumps([{"type": "function", "name": "weather", "parameters": ARGUMENTS}]),
        },
        {
            "llm.request.type": "chat",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Kyiv?",
            "llm.request.functions.0.name": "weather",
            "llm.request.functions.0.parameters": json.dumps(ARGUMENTS),
        },
        {
            "openinference.span.kind": "LLM",
            "input.value": '{"system": "Be short.", "messages": [{"role": "user", "content": "Kyiv?"}]}',
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "Kyiv?",
            "llm.tools.0.tool.json_schema": json.dumps({"name": "weather", "input_schema": ARGUMENTS}),
        },
    ],
    ids=["gen_ai", "OpenLLMetry", "OpenInference"],
)
def test_tools_are_described_in_one_way(attributes: dict[str, Any]) -> None:
    assert normalise(attributes).inputs == {"messages": [{"role": "user", "content": "Kyiv?"}], "tools": [WEATHER]}


def test_a_request_of_openais_client_stays_whole() -> None:
    request = {"model": "m", "temperature": 0, "messages": [{"role": "user", "content": "Kyiv?"}]}
    response = {"choices": [{"message": {"role": "assistant", "content": "Clear."}}]}
    meaning = normalise(
        {
            "openinference.span.kind": "LLM",
            "input.value": json.dumps(request),
            "output.value": json.dumps(response),
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "Kyiv?",
            "llm.output_messages.0.message.content": "Clear.",
        }
    )
    assert (meaning.inputs, meaning.outputs) == (request, response)


def test_what_langchain_wrote_is_kept_beside_its_messages() -> None:
    written = '{"messages": [[{"lc": 1, "type": "constructor", "kwargs": {"content": "Kyiv?"}}]]}'
    meaning = normalise(
        {
            "openinference.span.kind": "LLM",
            "input.value": written,
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "Kyiv?",
        }
    )
    assert meaning.inputs == {"messages": [{"role": "user", "content": "Kyiv?"}]}
    assert meaning.attributes["input.value"] == written


def test_a_tools_result_that_looks_like_json_stays_a_text() -> None:
    meaning = normalise(
        {"llm.request.type": "chat", "gen_ai.prompt.0.role": "tool", "gen_ai.prompt.0.content": '{"celsius": 21}'}
    )
    assert meaning.inputs == {"messages": [{"role": "tool", "content": '{"celsius": 21}'}]}


@pytest.mark.parametrize(
    ("part", "url"),
    [
        ({"type": "uri", "modality": "image", "uri": "https://example.org/a.png"}, "https://example.org/a.png"),
        (
            {"type": "blob", "modality": "image", "mime_type": "image/gif", "content": "R0lG"},
            "data:image/gif;base64,R0lG",
        ),
    ],
    ids=["uri", "blob"],
)
def test_pictures_of_opentelemetry_are_written_as_openai_writes_them(part: dict[str, str], url: str) -> None:
    said = json.dumps([{"role": "user", "parts": [part]}])
    meaning = normalise({"gen_ai.operation.name": "chat", "gen_ai.input.messages": said})
    assert meaning.inputs["messages"][0]["content"] == [{"type": "image_url", "image_url": {"url": url}}]


def test_a_failed_call_has_the_model_that_was_asked_for() -> None:
    inference = {"openinference.span.kind": "LLM", "llm.invocation_parameters": '{"model": "gpt-4o-mini"}'}
    mlflow = {"mlflow.spanType": '"CHAT_MODEL"', "mlflow.spanInputs": '{"model": "gpt-4o-mini", "messages": []}'}
    assert normalise(inference).model == normalise(mlflow).model == "gpt-4o-mini"
