"""The attributes that tell all of a span: as they came, or for our own spans what stands in other fields besides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from steelyard.records import Span, SpanType, Usage
from steelyard.tracing.dialects import meaning_of, mlflow, shape_of
from steelyard.tracing.dialects.meaning import Meaning
from steelyard.tracing.dialects.messages import to_parts

_OPERATIONS = {
    SpanType.CHAT_MODEL: "chat",
    SpanType.LLM: "text_completion",
    SpanType.EMBEDDING: "embeddings",
    SpanType.RETRIEVER: "retrieval",
    SpanType.TOOL: "execute_tool",
    SpanType.AGENT: "invoke_agent",
    SpanType.WORKFLOW: "invoke_workflow",
}


def told(span: Span) -> Mapping[str, Any]:
    """Return attributes from which the span's type, model, tokens, inputs and outputs are read again.

    What its attributes do not tell is added in the newest names of OpenTelemetry's ``gen_ai`` convention; where these
    cannot say exactly the same, in MLflow's, whose values are JSON.
    """
    given = span.attributes
    if _agree(span, _meaning(span, given)):
        return given
    attributes = _in_gen_ai(span, dict(given))
    meaning = _meaning(span, attributes)
    if span.span_type != (meaning.span_type or SpanType.UNKNOWN):
        attributes[mlflow.TYPE] = _json(span.span_type)
    if span.inputs != meaning.inputs:
        attributes[mlflow.INPUTS] = _json(span.inputs)
    if span.outputs != meaning.outputs:
        attributes[mlflow.OUTPUTS] = _json(span.outputs)
    if span.model != (meaning.model or ""):
        attributes[mlflow.MODEL] = _json(span.model)
    if span.usage is not None and (span.usage.cost is not None or _tokens(span.usage) != _tokens(meaning.usage)):
        attributes[mlflow.TOKENS] = _json(_mlflow_tokens(span.usage))
        if span.usage.cost is not None:
            attributes[mlflow.COST] = _json({"total_cost": span.usage.cost})
    return attributes


def _meaning(span: Span, attributes: Mapping[str, Any]) -> Meaning:
    return meaning_of(attributes, span.name, span.events, shape_of(attributes)) or Meaning()


def _agree(span: Span, meaning: Meaning) -> bool:
    return (
        span.span_type == (meaning.span_type or SpanType.UNKNOWN)
        and span.model == (meaning.model or "")
        and _tokens(span.usage) == _tokens(meaning.usage)
        and span.inputs == meaning.inputs
        and span.outputs == meaning.outputs
    )


def _tokens(usage: Usage | None) -> Usage | None:
    """Return a usage without its cost, which the reader finds by the model."""
    return None if usage is None else replace(usage, cost=None)


def _in_gen_ai(span: Span, attributes: dict[str, Any]) -> dict[str, Any]:
    operation = _OPERATIONS.get(span.span_type)
    if operation is None:
        return attributes
    attributes.setdefault("gen_ai.operation.name", operation)
    if span.model:
        attributes.setdefault("gen_ai.response.model", span.model)
    if span.usage is not None:
        for key, count in _gen_ai_tokens(span.usage).items():
            attributes.setdefault(key, count)
    for side, said in ((_inputs(span), "inputs"), (_outputs(span), "outputs")):
        fuller = {**side, **attributes}
        if side and getattr(_meaning(span, fuller), said) == getattr(span, said):
            attributes = fuller
    return attributes


def _inputs(span: Span) -> dict[str, Any]:
    """Return what ``gen_ai`` has for a span's inputs; its reader decides whether that is all of them."""
    given = span.inputs
    if span.span_type == SpanType.TOOL and given is not None:
        return {"gen_ai.tool.call.arguments": _json(given)}
    if span.span_type == SpanType.RETRIEVER and isinstance(given, str):
        return {"gen_ai.retrieval.query.text": given}
    if not isinstance(given, dict) or not isinstance(given.get("messages"), list):
        return {}
    written = {"gen_ai.input.messages": _json(to_parts(given["messages"]))}
    return {**written, "gen_ai.tool.definitions": _json(given["tools"])} if given.get("tools") else written


def _outputs(span: Span) -> dict[str, Any]:
    given = span.outputs
    if span.span_type == SpanType.TOOL and given is not None:
        return {"gen_ai.tool.call.result": _json(given)}
    if span.span_type == SpanType.RETRIEVER and isinstance(given, list):
        documents = [
            {"content" if key == "page_content" else key: item for key, item in document.items()}
            for document in given
            if isinstance(document, dict)
        ]
        return {"gen_ai.retrieval.documents": _json(documents)}
    if isinstance(given, dict) and isinstance(given.get("messages"), list):
        return {"gen_ai.output.messages": _json(to_parts(given["messages"]))}
    return {}


def _gen_ai_tokens(usage: Usage) -> dict[str, int]:
    told = {"gen_ai.usage.input_tokens": usage.input_tokens, "gen_ai.usage.output_tokens": usage.output_tokens}
    further = {
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens,
        "gen_ai.usage.cache_write.input_tokens": usage.cache_write_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
    }
    return told | {key: count for key, count in further.items() if count}


def _mlflow_tokens(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "reasoning_output_tokens": usage.reasoning_tokens,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
