"""One call of a chat model, written in each of the field's conventions, is read as one and the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import SpanEvent, Usage
from steelyard.tracing import normalise
from steelyard.tracing.dialects import Normalised

USAGE = Usage(input_tokens=20, output_tokens=7, cache_read_tokens=8, cache_write_tokens=2, reasoning_tokens=3)
CALL = {"id": "call_1", "type": "function", "function": {"name": "search", "arguments": '{"query": "steelyard"}'}}
ASKED = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is a steelyard?"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "a balance"},
]
ANSWER = {"role": "assistant", "content": "A balance."}

_PARTS = [
    {"role": "user", "parts": [{"type": "text", "content": "What is a steelyard?"}]},
    {
        "role": "assistant",
        "parts": [{"type": "tool_call", "id": "call_1", "name": "search", "arguments": {"query": "steelyard"}}],
    },
    {"role": "user", "parts": [{"type": "tool_call_response", "id": "call_1", "result": "a balance"}]},
]
_GEN_AI = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.usage.input_tokens": 20,
    "gen_ai.usage.output_tokens": 7,
    "gen_ai.usage.cache_read.input_tokens": 8,
    "gen_ai.usage.reasoning.output_tokens": 3,
    "gen_ai.conversation.id": "s-1",
    "gen_ai.system_instructions": '[{"type": "text", "content": "Be brief."}]',
    "gen_ai.input.messages": json.dumps(_PARTS),
    "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "A balance."}]}]',
}
DIALECTS: dict[str, tuple[dict[str, Any], tuple[SpanEvent, ...]]] = {
    "gen_ai, newest": ({**_GEN_AI, "gen_ai.usage.cache_write.input_tokens": 2}, ()),
    "gen_ai, newest, structured": (
        {**_GEN_AI, "gen_ai.input.messages": tuple(_PARTS), "gen_ai.usage.cache_write.input_tokens": 2},
        (),
    ),
    "gen_ai 1.37": ({**_GEN_AI, "gen_ai.usage.cache_creation.input_tokens": 2}, ()),
    "gen_ai 1.36, events": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "openai",
            "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
            "gen_ai.usage.input_tokens": 20,
            "gen_ai.usage.output_tokens": 7,
            "gen_ai.usage.cache_read_input_tokens": 8,
            "gen_ai.usage.cache_creation_input_tokens": 2,
            "llm.usage.reasoning_tokens": 3,
            "gen_ai.conversation.id": "s-1",
        },
        (
            SpanEvent("gen_ai.system.message", 1, {"content": "Be brief."}),
            SpanEvent("gen_ai.user.message", 1, {"content": "What is a steelyard?"}),
            SpanEvent("gen_ai.assistant.message", 1, {"content": None, "tool_calls": json.dumps([CALL])}),
            SpanEvent("gen_ai.tool.message", 1, {"content": "a balance", "id": "call_1"}),
            SpanEvent("gen_ai.choice", 2, {"message": json.dumps(ANSWER), "finish_reason": "stop"}),
        ),
    ),
    "OpenLLMetry": (
        {
            "llm.request.type": "chat",
            "gen_ai.system": "OpenAI",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
            "gen_ai.usage.prompt_tokens": 20,
            "gen_ai.usage.completion_tokens": 7,
            "gen_ai.usage.cache_read_input_tokens": 8,
            "gen_ai.usage.cache_creation_input_tokens": 2,
            "llm.usage.reasoning_tokens": 3,
            "llm.usage.total_tokens": 27,
            "traceloop.association.properties.session_id": "s-1",
            "gen_ai.prompt.0.role": "system",
            "gen_ai.prompt.0.content": "Be brief.",
            "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": "What is a steelyard?",
            "gen_ai.prompt.2.role": "assistant",
            "gen_ai.prompt.2.tool_calls.0.id": "call_1",
            "gen_ai.prompt.2.tool_calls.0.name": "search",
            "gen_ai.prompt.2.tool_calls.0.arguments": '{"query": "steelyard"}',
            "gen_ai.prompt.3.role": "tool",
            "gen_ai.prompt.3.tool_call_id": "call_1",
            "gen_ai.prompt.3.content": "a balance",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "A balance.",
        },
        (),
    ),
    "OpenInference": (
        {
            "openinference.span.kind": "LLM",
            "llm.system": "openai",
            "llm.model_name": "gpt-4o-mini-2024-07-18",
            "llm.token_count.prompt": 20,
            "llm.token_count.completion": 7,
            "llm.token_count.total": 27,
            "llm.token_count.prompt_details.cache_read": 8,
            "llm.token_count.prompt_details.cache_write": 2,
            "llm.token_count.completion_details.reasoning": 3,
            "session.id": "s-1",
            "llm.input_messages.0.message.role": "system",
            "llm.input_messages.0.message.content": "Be brief.",
            "llm.input_messages.1.message.role": "user",
            "llm.input_messages.1.message.contents.0.message_content.type": "text",
            "llm.input_messages.1.message.contents.0.message_content.text": "What is a steelyard?",
            "llm.input_messages.2.message.role": "assistant",
            "llm.input_messages.2.message.tool_calls.0.tool_call.id": "call_1",
            "llm.input_messages.2.message.tool_calls.0.tool_call.function.name": "search",
            "llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments": '{"query": "steelyard"}',
            "llm.input_messages.3.message.role": "tool",
            "llm.input_messages.3.message.tool_call_id": "call_1",
            "llm.input_messages.3.message.content": "a balance",
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": "A balance.",
        },
        (),
    ),
    "MLflow": (
        {
            "mlflow.spanType": '"CHAT_MODEL"',
            "mlflow.spanInputs": json.dumps({"messages": ASKED}),
            "mlflow.spanOutputs": json.dumps({"messages": [ANSWER]}),
            "mlflow.llm.model": '"gpt-4o-mini-2024-07-18"',
            "mlflow.llm.provider": '"openai"',
            "mlflow.chat.tokenUsage": json.dumps(
                {
                    "input_tokens": 20,
                    "output_tokens": 7,
                    "total_tokens": 27,
                    "cache_read_input_tokens": 8,
                    "cache_creation_input_tokens": 2,
                    "reasoning_output_tokens": 3,
                }
            ),
            "session.id": "s-1",
        },
        (),
    ),
}


@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_a_chat_is_read_the_same_from_every_dialect(dialect: str) -> None:
    attributes, events = DIALECTS[dialect]
    meaning = normalise(attributes, name="chat gpt-4o-mini", events=events)
    assert meaning.span_type == "CHAT_MODEL"
    assert (meaning.model, meaning.provider) == ("gpt-4o-mini-2024-07-18", "openai")
    assert meaning.usage == USAGE
    assert meaning.session == "s-1"
    assert meaning.inputs == {"messages": ASKED}
    assert meaning.outputs == {"messages": [ANSWER]}


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "MLflow"])
def test_what_arrived_is_kept_beside_what_it_means(dialect: str) -> None:
    attributes, events = DIALECTS[dialect]
    kept = normalise(attributes, events=events).attributes
    assert set(kept) == set(attributes)


def test_tools_of_every_dialect() -> None:
    arguments, result = {"query": "a"}, ["b"]
    written: list[dict[str, Any]] = [
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "search",
            "gen_ai.tool.call.arguments": json.dumps(arguments),
            "gen_ai.tool.call.result": json.dumps(result),
        },
        {
            "openinference.span.kind": "TOOL",
            "tool.name": "search",
            "input.value": json.dumps(arguments),
            "input.mime_type": "application/json",
            "output.value": json.dumps(result),
        },
        {
            "traceloop.span.kind": "tool",
            "traceloop.entity.name": "search",
            "traceloop.entity.input": json.dumps(arguments),
            "traceloop.entity.output": json.dumps(result),
        },
        {
            "mlflow.spanType": '"TOOL"',
            "mlflow.spanInputs": json.dumps(arguments),
            "mlflow.spanOutputs": json.dumps(result),
        },
    ]
    for attributes in written:
        meaning = normalise(attributes)
        assert (meaning.span_type, meaning.inputs, meaning.outputs) == ("TOOL", arguments, result)


def test_documents_of_every_dialect() -> None:
    newest = normalise(
        {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.retrieval.query.text": "why?",
            "gen_ai.retrieval.documents": '[{"id": "d1", "score": 0.5, "content": "text"}]',
        }
    )
    flat = normalise(
        {
            "openinference.span.kind": "RETRIEVER",
            "input.value": "why?",
            "input.mime_type": "text/plain",
            "output.value": "not this",
            "retrieval.documents.0.document.id": "d1",
            "retrieval.documents.0.document.content": "text",
            "retrieval.documents.0.document.score": 0.5,
            "retrieval.documents.0.document.metadata": '{"page": 3}',
        }
    )
    assert (newest.span_type, newest.inputs) == (flat.span_type, flat.inputs) == ("RETRIEVER", "why?")
    document = {"page_content": "text", "id": "d1", "score": 0.5}
    assert newest.outputs == [document]
    assert flat.outputs == [{**document, "metadata": {"page": 3}}]
    assert flat.attributes["output.value"] == "not this"


def test_an_agent_of_pydantic_ai_has_its_request_and_its_result() -> None:
    meaning = normalise(
        {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "helper",
            "gen_ai.aggregated_usage.input_tokens": 100,
            "final_result": '{"search":"found"}',
            "pydantic_ai.all_messages": json.dumps(
                [_PARTS[0], {"role": "assistant", "parts": [{"type": "text", "content": "x"}]}]
            ),
        }
    )
    assert (meaning.span_type, meaning.agent, meaning.usage) == ("AGENT", "helper", None)
    assert meaning.inputs == {"messages": [{"role": "user", "content": "What is a steelyard?"}]}
    assert meaning.outputs == {"search": "found"}


def test_pictures_stay_parts_of_the_message() -> None:
    meaning = normalise(
        {
            "openinference.span.kind": "LLM",
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.contents.0.message_content.type": "text",
            "llm.input_messages.0.message.contents.0.message_content.text": "What is this?",
            "llm.input_messages.0.message.contents.1.message_content.type": "image",
            "llm.input_messages.0.message.contents.1.message_content.image.image.url": "data:image/png;base64,AA",
        }
    )
    assert meaning.inputs["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
    ]


def test_what_the_application_says_itself_goes_before_what_others_say() -> None:
    meaning = normalise({**DIALECTS["OpenInference"][0], "mlflow.spanType": '"AGENT"', "mlflow.spanInputs": "1"})
    assert (meaning.span_type, meaning.inputs, meaning.usage) == ("AGENT", 1, USAGE)


def test_a_span_of_no_dialect_keeps_its_attributes() -> None:
    assert normalise({"http.method": "GET", "list": (1, 2)}) == Normalised(
        span_type="UNKNOWN", attributes={"http.method": "GET", "list": [1, 2]}
    )


_ODD_KEYS = ("retrieval.documents.0.document", "llm.input_messages.0.message", "gen_ai.prompt.x.y", "mlflow.")
_keys = st.sampled_from([*sorted({key for attributes, _ in DIALECTS.values() for key in attributes}), *_ODD_KEYS])
_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.sampled_from(['{"a": 1}', "[1, 2]", "[", '[{"role": 1, "parts": [3, null, {"type": "text"}]}]', '{"parts": 3}']),
    st.lists(st.integers() | st.text(), max_size=3).map(tuple),
    st.dictionaries(st.text(), st.integers(), max_size=3),
)


@given(st.dictionaries(_keys, _values, max_size=12), _values)
def test_no_attributes_are_refused(attributes: dict[str, Any], content: Any) -> None:
    events = [SpanEvent(name, 1, {"content": content, "message": content}) for name in ("gen_ai.choice", "other")]
    meaning = normalise(attributes, events=events)
    assert meaning.usage is None or meaning.usage.input_tokens >= 0
