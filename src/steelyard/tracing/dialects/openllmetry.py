"""The older names: OpenTelemetry's conventions up to 1.36, and OpenLLMetry's (Traceloop)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steelyard.records import SpanType
from steelyard.tracing.dialects.meaning import Meaning
from steelyard.tracing.dialects.messages import from_openllmetry, from_parts, texts_of, tools_of
from steelyard.tracing.dialects.reading import count, loose, text, usage_of
from steelyard.tracing.dialects.shape import Shape

WORDS = frozenset(("gen_ai", "llm", "traceloop"))
KEYS = frozenset(
    (
        "gen_ai.prompt",
        "gen_ai.completion",
        "gen_ai.usage.prompt_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.request.type",
        "llm.response.model",
        "llm.user",
    )
)
"""Without one of these, or one that begins so, ``gen_ai`` has told all that this dialect could."""
PREFIXES = ("gen_ai.prompt.", "gen_ai.completion.", "llm.request.functions.", "llm.usage.", "traceloop.")

_REQUESTS = {
    "chat": SpanType.CHAT_MODEL,
    "completion": SpanType.LLM,
    "embedding": SpanType.EMBEDDING,
    "rerank": SpanType.RERANKER,
}
_ENTITIES = {
    "workflow": SpanType.WORKFLOW,
    "task": SpanType.TASK,
    "agent": SpanType.AGENT,
    "tool": SpanType.TOOL,
}


def read(attributes: Mapping[str, Any], shape: Shape) -> Meaning:
    """Return what these attributes tell."""
    request = text(attributes, "llm.request.type")
    entity = text(attributes, "traceloop.span.kind")
    asked = from_openllmetry(shape.unflattened(attributes, "gen_ai.prompt"))
    answered = from_openllmetry(shape.unflattened(attributes, "gen_ai.completion"))
    for message in answered:
        message["role"] = "assistant" if message["role"] == "user" else message["role"]
    if not asked and attributes.get("gen_ai.prompt") is not None:
        asked = from_parts(attributes["gen_ai.prompt"])
    if not answered and attributes.get("gen_ai.completion") is not None:
        answered = from_parts(attributes["gen_ai.completion"], role="assistant")
    tools = tools_of(shape.unflattened(attributes, "llm.request.functions"))
    inputs: Any = {"messages": asked, **({"tools": tools} if tools else {})} if asked else None
    if request == "embedding" and asked:
        inputs = texts_of(asked)
    return Meaning(
        span_type=_REQUESTS.get(request or "")
        or _ENTITIES.get(entity or "")
        or (SpanType.CHAT_MODEL if answered else None),  # of OpenAI's responses it says no more
        inputs=inputs if asked else loose(attributes.get("traceloop.entity.input")),
        outputs={"messages": answered} if answered else loose(attributes.get("traceloop.entity.output")),
        model=text(attributes, "gen_ai.response.model", "gen_ai.request.model", "llm.response.model"),
        provider=_provider(attributes),
        usage=usage_of(
            input_tokens=count(attributes, "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"),
            output_tokens=count(attributes, "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"),
            cache_read=count(attributes, "gen_ai.usage.cache_read_input_tokens", "llm.usage.cache_read_input_tokens"),
            cache_write=count(attributes, "gen_ai.usage.cache_creation_input_tokens"),
            reasoning=count(attributes, "llm.usage.reasoning_tokens", "gen_ai.usage.reasoning_tokens"),
        ),
        session=text(attributes, "traceloop.association.properties.session_id"),
        user=text(attributes, "traceloop.association.properties.user_id", "llm.user"),
        agent=text(attributes, "traceloop.entity.name") if entity == "agent" else None,
    )


def _provider(attributes: Mapping[str, Any]) -> str | None:
    found = text(attributes, "gen_ai.system")
    return None if found is None else found.lower()
