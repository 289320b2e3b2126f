"""What a span's attributes mean, whichever convention they were written in.

Four dialects are read: OpenTelemetry's ``gen_ai`` (the newest names and those of 1.37 to 1.41), its older names with
OpenLLMetry's, OpenInference, and MLflow's own. A span may speak several; of each fact the first that tells it is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.records import SpanEvent, SpanType
from steelyard.tracing.dialects import gen_ai, mlflow, openinference, openllmetry
from steelyard.tracing.dialects.meaning import Meaning, Normalised
from steelyard.tracing.dialects.reading import plain
from steelyard.tracing.dialects.shape import Shape, shape_of

__all__ = ["Meaning", "Normalised", "Shape", "meaning_of", "normalise", "shape_of"]


def normalise(attributes: Mapping[str, Any], *, name: str = "", events: Sequence[SpanEvent] = ()) -> Normalised:
    """Return what a span's attributes and events mean.

    Args:
        attributes: as they arrived; values of OpenTelemetry, so texts may hold JSON.
        name: the span's name.
        events: its events; older dialects put messages there.

    Examples:
        >>> meaning = normalise({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o",
        ...                      "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 2})
        >>> meaning.span_type, meaning.model, meaning.usage.total_tokens
        ('CHAT_MODEL', 'gpt-4o', 12)
    """
    meaning = meaning_of(attributes, name, events, shape_of(attributes))
    if meaning is None:
        return Normalised(
            span_type=SpanType.UNKNOWN, attributes={key: plain(value) for key, value in attributes.items()}
        )
    left = {key: plain(value) for key, value in attributes.items() if key not in meaning.moved}
    left.update(meaning.decoded)
    return Normalised(
        span_type=meaning.span_type or SpanType.UNKNOWN,
        inputs=meaning.inputs,
        outputs=meaning.outputs,
        model=meaning.model or "",
        provider=meaning.provider or "",
        usage=meaning.usage,
        session=meaning.session,
        user=meaning.user,
        agent=meaning.agent,
        attributes=left,
        ours=meaning.ours,
    )


def meaning_of(attributes: Mapping[str, Any], name: str, events: Sequence[SpanEvent], shape: Shape) -> Meaning | None:
    """Return what a span's attributes and events mean, as far as any dialect knows; None if none does.

    Args:
        attributes, name, events: as for :func:`normalise`.
        shape: that of the attributes.
    """
    words, meaning = shape.words, None
    if "mlflow" in words:
        meaning = mlflow.read(attributes, name, events)
    if not words.isdisjoint(openinference.WORDS):
        meaning = _further(meaning, openinference.read(attributes, shape))
    if "gen_ai" in words:
        meaning = _further(meaning, gen_ai.read(attributes, events))
    if not words.isdisjoint(openllmetry.WORDS) and shape.has_any(openllmetry.KEYS, openllmetry.PREFIXES):
        meaning = _further(meaning, openllmetry.read(attributes, shape))
    return meaning


def _further(meaning: Meaning | None, said: Meaning) -> Meaning:
    """Add what the next dialect says; the one that tells most comes first."""
    if meaning is None:
        return said
    meaning.fill(said)
    return meaning
