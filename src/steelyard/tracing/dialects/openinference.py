"""OpenInference, the convention of Arize's instrumentation packages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steelyard.records import SpanType, Usage
from steelyard.tracing.dialects.meaning import Meaning
from steelyard.tracing.dialects.messages import from_openinference, is_request, is_response, tools_of
from steelyard.tracing.dialects.reading import amount, count, loose, text, usage_of
from steelyard.tracing.dialects.shape import Shape

WORDS = frozenset(
    ("openinference", "input", "output", "llm", "retrieval", "reranker", "embedding", "tool", "session", "user")
)

_TYPES = {
    "CHAIN": SpanType.CHAIN,
    "TOOL": SpanType.TOOL,
    "RETRIEVER": SpanType.RETRIEVER,
    "EMBEDDING": SpanType.EMBEDDING,
    "AGENT": SpanType.AGENT,
    "RERANKER": SpanType.RERANKER,
    "GUARDRAIL": SpanType.GUARDRAIL,
    "EVALUATOR": SpanType.EVALUATOR,
    "DECISION": SpanType.TASK,
    "PROMPT": SpanType.PARSER,
}


def read(attributes: Mapping[str, Any], shape: Shape) -> Meaning:
    """Return what OpenInference's attributes tell."""
    kind = text(attributes, "openinference.span.kind")
    asked = from_openinference(shape.unflattened(attributes, "llm.input_messages"))
    answered = from_openinference(shape.unflattened(attributes, "llm.output_messages"))
    meaning = Meaning(
        span_type=_span_type(kind, is_chat=bool(asked)),
        model=text(
            attributes,
            "llm.response.model_name",
            "llm.model_name",
            "llm.request.model_name",
            "embedding.model_name",
            "reranker.model_name",
        ),
        provider=_provider(attributes),
        usage=_usage(attributes),
        session=text(attributes, "session.id"),
        user=text(attributes, "user.id"),
        agent=text(attributes, "agent.name"),
    )
    meaning.inputs = _value(attributes, "input", meaning.moved)
    meaning.outputs = _value(attributes, "output", meaning.moved)
    if asked and not is_request(meaning.inputs):
        tools = tools_of([_schema(item) for item in shape.unflattened(attributes, "llm.tools")])
        meaning.inputs = {"messages": asked, **({"tools": tools} if tools else {})}
        meaning.moved -= {"input.value", "input.mime_type"}
    if any(_says_something(message) for message in answered) and not is_response(meaning.outputs):
        meaning.outputs = {"messages": answered}
        meaning.moved -= {"output.value", "output.mime_type"}
    documents = _documents(shape.unflattened(attributes, "reranker.output_documents")) or _documents(
        shape.unflattened(attributes, "retrieval.documents")
    )
    if documents:
        meaning.outputs = documents
        meaning.moved -= {"output.value", "output.mime_type"}
    if meaning.inputs is None:
        meaning.inputs = text(attributes, "reranker.query")
    for key in ("metadata", "llm.invocation_parameters", "embedding.invocation_parameters"):
        if isinstance(attributes.get(key), str):
            meaning.decoded[key] = loose(attributes[key])
    if meaning.model is None:
        meaning.model = _asked_model(meaning.decoded)
    return meaning


def _schema(item: Mapping[str, Any]) -> Any:
    tool = item.get("tool")
    return tool.get("json_schema") if isinstance(tool, dict) else None


def _says_something(message: Mapping[str, Any]) -> bool:
    return message.get("content") is not None or "tool_calls" in message


def _asked_model(decoded: Mapping[str, Any]) -> str | None:
    """Return the model that a call asked for, which is all that a call that failed tells."""
    for key in ("llm.invocation_parameters", "embedding.invocation_parameters"):
        parameters = decoded.get(key)
        if isinstance(parameters, dict) and isinstance(parameters.get("model"), str):
            return parameters["model"]
    return None


def _span_type(kind: str | None, *, is_chat: bool) -> str | None:
    if kind is None:
        return None
    if kind.upper() == "LLM":
        return SpanType.CHAT_MODEL if is_chat else SpanType.LLM
    return _TYPES.get(kind.upper())


def _provider(attributes: Mapping[str, Any]) -> str | None:
    """Return who serves the model; ``llm.system`` is who made it."""
    found = text(attributes, "llm.provider", "llm.system")
    return None if found is None else found.lower()


def _value(attributes: Mapping[str, Any], side: str, moved: set[str]) -> Any:
    value = attributes.get(f"{side}.value")
    if value is None:
        return None
    moved.update((f"{side}.value", f"{side}.mime_type"))
    is_text = attributes.get(f"{side}.mime_type") == "text/plain"
    return value if is_text else loose(value)


def _documents(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return documents as MLflow has them."""
    documents: list[dict[str, Any]] = []
    for item in items:
        found = item.get("document")
        if not isinstance(found, dict):
            continue
        document: dict[str, Any] = {"page_content": found.get("content", "")}
        for key in ("id", "score"):
            if found.get(key) is not None:
                document[key] = found[key]
        if found.get("metadata") is not None:
            document["metadata"] = loose(found["metadata"])
        documents.append(document)
    return documents


def _usage(attributes: Mapping[str, Any]) -> Usage | None:
    return usage_of(
        input_tokens=count(attributes, "llm.token_count.prompt"),
        output_tokens=count(attributes, "llm.token_count.completion"),
        cache_read=count(
            attributes, "llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_input"
        ),
        cache_write=count(attributes, "llm.token_count.prompt_details.cache_write"),
        reasoning=count(attributes, "llm.token_count.completion_details.reasoning"),
        cost=amount(attributes.get("llm.cost.total")),
    )
