"""OpenInference, the convention of Arize's instrumentation packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.records import SpanEvent, SpanType, Usage
from steelyard.tracing.dialects.meaning import Meaning
from steelyard.tracing.dialects.messages import from_openinference
from steelyard.tracing.dialects.reading import amount, count, loose, text, unflatten, usage_of

WORDS = frozenset(("openinference", "input", "output", "llm", "retrieval", "reranker", "embedding", "tool", "session"))

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


def read(attributes: Mapping[str, Any], name: str, events: Sequence[SpanEvent]) -> Meaning:
    """Return what OpenInference's attributes tell."""
    kind = text(attributes, "openinference.span.kind")
    asked = from_openinference(unflatten(attributes, "llm.input_messages"))
    answered = from_openinference(unflatten(attributes, "llm.output_messages"))
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
    if not isinstance(meaning.inputs, dict) and asked:
        meaning.inputs = {"messages": asked}
        meaning.moved -= {"input.value", "input.mime_type"}
    if not isinstance(meaning.outputs, dict) and answered:
        meaning.outputs = {"messages": answered}
        meaning.moved -= {"output.value", "output.mime_type"}
    documents = _documents(attributes, "reranker.output_documents") or _documents(attributes, "retrieval.documents")
    if documents:
        meaning.outputs = documents
        meaning.moved -= {"output.value", "output.mime_type"}
    if meaning.inputs is None:
        meaning.inputs = text(attributes, "reranker.query")
    for key in ("metadata", "llm.invocation_parameters", "embedding.invocation_parameters"):
        if isinstance(attributes.get(key), str):
            meaning.decoded[key] = loose(attributes[key])
    return meaning


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


def _documents(attributes: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
    """Return documents as MLflow has them."""
    documents: list[dict[str, Any]] = []
    for item in unflatten(attributes, prefix):
        found = item.get("document")
        if not isinstance(found, Mapping):
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
