"""One call of a chat model, written in each of the field's conventions: attributes and events."""

from __future__ import annotations

import json
from typing import Any

from steelyard.records import SpanEvent, Usage

USAGE = Usage(input_tokens=20, output_tokens=7, cache_read_tokens=8, cache_write_tokens=2, reasoning_tokens=3)
CALL = {"id": "call_1", "type": "function", "function": {"name": "search", "arguments": '{"query": "steelyard"}'}}
ASKED = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is a steelyard?"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "a balance"},
]
ANSWER = {"role": "assistant", "content": "A balance."}

PARTS = [
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
    "gen_ai.input.messages": json.dumps(PARTS),
    "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "A balance."}]}]',
}
DIALECTS: dict[str, tuple[dict[str, Any], tuple[SpanEvent, ...]]] = {
    "gen_ai, newest": ({**_GEN_AI, "gen_ai.usage.cache_write.input_tokens": 2}, ()),
    "gen_ai, newest, structured": (
        {**_GEN_AI, "gen_ai.input.messages": tuple(PARTS), "gen_ai.usage.cache_write.input_tokens": 2},
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
