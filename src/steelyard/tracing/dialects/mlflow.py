"""MLflow's own attributes, which our spans have too: every value is JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.records import SpanEvent, SpanType, Usage
from steelyard.tracing.dialects.meaning import Meaning
from steelyard.tracing.dialects.reading import amount, usage_of, whole
from steelyard.tracing.snapshot import decoded

TYPE = "mlflow.spanType"
INPUTS = "mlflow.spanInputs"
OUTPUTS = "mlflow.spanOutputs"
FUNCTION = "mlflow.spanFunctionName"
TOKENS = "mlflow.chat.tokenUsage"
COST = "mlflow.llm.cost"
MODEL = "mlflow.llm.model"
PROVIDER = "mlflow.llm.provider"

_MODELS = frozenset((SpanType.CHAT_MODEL, SpanType.LLM, SpanType.EMBEDDING))
_MOVED = {TYPE, INPUTS, OUTPUTS, "mlflow.traceRequestId", "mlflow.experimentId"}


def read(attributes: Mapping[str, Any], name: str, events: Sequence[SpanEvent]) -> Meaning:
    """Return what MLflow's attributes tell."""
    meaning = Meaning(ours=TYPE in attributes, moved=set(_MOVED))
    for key, value in attributes.items():
        if not key.startswith("mlflow."):
            continue
        said = decoded(value) if isinstance(value, str) else value
        if key == TYPE:
            meaning.span_type = str(said)
        elif key == INPUTS:
            meaning.inputs = said
        elif key == OUTPUTS:
            meaning.outputs = said
        elif key not in _MOVED:
            meaning.decoded[key] = said
    if len(meaning.decoded) > 1:  # more than the function's name
        told = meaning.decoded
        meaning.model = _word(told.get(MODEL))
        meaning.provider = _word(told.get(PROVIDER))
        meaning.usage = _usage(told.get(TOKENS), told.get(COST))
    elif TOKENS in meaning.decoded:
        meaning.usage = _usage(meaning.decoded[TOKENS], None)
    if meaning.model is None and meaning.span_type in _MODELS and isinstance(meaning.inputs, Mapping):
        meaning.model = _word(meaning.inputs.get("model"))  # all that a call that failed tells
    return meaning


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _usage(tokens: Any, cost: Any) -> Usage | None:
    tokens = tokens if isinstance(tokens, Mapping) else {}
    cost = cost if isinstance(cost, Mapping) else {}
    return usage_of(
        input_tokens=whole(tokens.get("input_tokens")),
        output_tokens=whole(tokens.get("output_tokens")),
        cache_read=whole(tokens.get("cache_read_input_tokens")),
        cache_write=whole(tokens.get("cache_creation_input_tokens")),
        reasoning=whole(tokens.get("reasoning_output_tokens")),
        cost=amount(cost.get("total_cost")),
    )
