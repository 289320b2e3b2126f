"""OpenTelemetry's conventions for generative AI: the newest names, and those of 1.37 to 1.41."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from steelyard.records import SpanEvent, SpanType, Usage
from steelyard.tracing.dialects.meaning import Meaning
from steelyard.tracing.dialects.messages import Message, from_events, from_parts, instructions, texts_of, tools_of
from steelyard.tracing.dialects.reading import count, loose, text, usage_of

_TYPES = {
    "chat": SpanType.CHAT_MODEL,
    "generate_content": SpanType.CHAT_MODEL,
    "text_completion": SpanType.LLM,
    "embeddings": SpanType.EMBEDDING,
    "retrieval": SpanType.RETRIEVER,
    "execute_tool": SpanType.TOOL,
    "create_agent": SpanType.AGENT,
    "invoke_agent": SpanType.AGENT,
    "invoke_workflow": SpanType.WORKFLOW,
    "plan": SpanType.TASK,
}


def read(attributes: Mapping[str, Any], events: Sequence[SpanEvent]) -> Meaning:
    """Return what the ``gen_ai`` attributes tell."""
    operation = text(attributes, "gen_ai.operation.name")
    span_type = _span_type(operation)
    meaning = Meaning(
        span_type=span_type,
        model=text(attributes, "gen_ai.response.model", "gen_ai.request.model"),
        provider=(text(attributes, "gen_ai.provider.name", "gen_ai.system") or "").lower() or None,
        usage=_usage(attributes),
        session=text(attributes, "gen_ai.conversation.id"),
        user=text(attributes, "user.id", "enduser.id"),
        agent=text(attributes, "gen_ai.agent.name", "gen_ai.workflow.name"),
    )
    if span_type == SpanType.TOOL:
        meaning.inputs = loose(attributes.get("gen_ai.tool.call.arguments"))
        meaning.outputs = loose(attributes.get("gen_ai.tool.call.result"))
    elif span_type == SpanType.RETRIEVER:
        meaning.inputs = loose(attributes.get("gen_ai.retrieval.query.text"))
        meaning.outputs = _documents(attributes.get("gen_ai.retrieval.documents"))
    else:
        meaning.inputs, meaning.outputs = _conversation(attributes, events)
        if span_type == SpanType.EMBEDDING and meaning.inputs is not None:
            meaning.inputs = texts_of(meaning.inputs["messages"])
    return meaning


def _span_type(operation: str | None) -> str | None:
    if operation is None:
        return None
    if operation.endswith(("_memory", "_memory_store")):
        return SpanType.MEMORY
    return _TYPES.get(operation)


def _conversation(attributes: Mapping[str, Any], events: Sequence[SpanEvent]) -> tuple[Any, Any]:
    asked: list[Message] = instructions(attributes.get("gen_ai.system_instructions"))
    answered: list[Message] = []
    if attributes.get("gen_ai.input.messages") is not None:
        asked += from_parts(attributes["gen_ai.input.messages"])
    if attributes.get("gen_ai.output.messages") is not None:
        answered += from_parts(attributes["gen_ai.output.messages"], role="assistant")
    if not asked and not answered:
        asked, answered = from_events(events)
    if not asked and attributes.get("pydantic_ai.all_messages") is not None:
        return _whole_run(attributes)
    inputs: dict[str, Any] | None = {"messages": asked} if asked else None
    definitions = attributes.get("gen_ai.tool.definitions")
    if inputs is not None and definitions is not None:
        tools = tools_of(definitions)
        if tools:
            inputs["tools"] = tools
    return inputs, {"messages": answered} if answered else None


def _whole_run(attributes: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return what an agent of Pydantic AI was asked, and its final result: it records all messages as one list."""
    messages = from_parts(attributes["pydantic_ai.all_messages"])
    asked = list(takewhile(lambda message: message.get("role") != "assistant", messages))
    result = loose(attributes.get("final_result"))
    return {"messages": asked}, result if result is not None else {"messages": messages[len(asked) :]}


def _documents(value: Any) -> list[dict[str, Any]] | None:
    """Return retrieved documents as MLflow has them."""
    found = loose(value)
    if not isinstance(found, list):
        return None
    documents: list[dict[str, Any]] = []
    for item in found:
        if not isinstance(item, dict):
            documents.append({"page_content": str(item)})
            continue
        content = next((item[key] for key in ("content", "page_content", "text") if key in item), "")
        rest = {key: item[key] for key in ("id", "score", "metadata") if key in item}
        documents.append({"page_content": content, **rest})
    return documents


def _usage(attributes: Mapping[str, Any]) -> Usage | None:
    return usage_of(
        input_tokens=count(attributes, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        output_tokens=count(attributes, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        cache_read=count(
            attributes,
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.details.cache_read_tokens",
        ),
        cache_write=count(
            attributes,
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.details.cache_write_tokens",
        ),
        reasoning=count(
            attributes,
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.usage.reasoning_tokens",
            "llm.usage.reasoning_tokens",
            "gen_ai.usage.details.reasoning_tokens",
        ),
    )
