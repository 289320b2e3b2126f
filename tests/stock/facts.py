"""What a call of a model says, without what differs from one call to the next or is no part of the talk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.records import Span


@dataclass(frozen=True)
class Facts:
    """A call: what every instrumentor has to tell the same of it."""

    span_type: str
    model: str
    asked: list[Any]
    answered: list[Any]
    tools: list[Any]
    tokens: tuple[int, int] | None
    failed: bool


def facts(span: Span) -> Facts:
    """Return what a call of a chat model says, from the messages of its inputs and outputs."""
    ids: dict[str, str] = {}
    inputs, outputs = span.inputs or {}, span.outputs or {}
    answered = outputs.get("messages") or [choice["message"] for choice in outputs.get("choices", ())]
    return Facts(
        span_type=span.span_type,
        model=span.model,
        asked=[_message(message, ids) for message in inputs["messages"]],
        answered=[_message(message, ids) for message in answered],
        tools=inputs.get("tools", []),
        tokens=None if span.usage is None else (span.usage.input_tokens, span.usage.output_tokens),
        failed=span.status.status_code == "ERROR",
    )


def _message(message: Mapping[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    told = {name: value for name, value in message.items() if value is not None and name != "finish_reason"}
    if "tool_calls" in told:
        told["tool_calls"] = [_call(call, ids) for call in told["tool_calls"]]
    if "tool_call_id" in told:
        told["tool_call_id"] = _same(told["tool_call_id"], ids)
    return told


def _call(call: Mapping[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    function = call["function"]
    return {"id": _same(call["id"], ids), function["name"]: json.loads(function["arguments"])}


def _same(call_id: str, ids: dict[str, str]) -> str:
    return ids.setdefault(call_id, f"call {len(ids)}")
