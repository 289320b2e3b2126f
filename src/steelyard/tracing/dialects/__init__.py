"""What a span's attributes mean, whichever convention they were written in.

Four dialects are read: OpenTelemetry's ``gen_ai`` (the newest names and those of 1.37 to 1.41), its older names with
OpenLLMetry's, OpenInference, and MLflow's own. A span may speak several; of each fact the first that tells it is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steelyard.records import SpanEvent, SpanType
from steelyard.tracing.dialects import gen_ai, mlflow, openinference, openllmetry
from steelyard.tracing.dialects.meaning import Meaning, Normalised
from steelyard.tracing.dialects.reading import plain

__all__ = ["Meaning", "Normalised", "normalise"]

# By the first word of the keys that a dialect uses, the one that tells most first.
_READERS: tuple[tuple[frozenset[str], Callable[[Mapping[str, Any], str, Sequence[SpanEvent]], Meaning]], ...] = (
    (frozenset(("mlflow",)), mlflow.read),
    (openinference.WORDS, openinference.read),
    (frozenset(("gen_ai",)), gen_ai.read),
    (openllmetry.WORDS, openllmetry.read),
)


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
    words = {key.partition(".")[0] for key in attributes}
    meaning: Meaning | None = None
    for known, read in _READERS:
        if known.isdisjoint(words):
            continue
        said = read(attributes, name, events)
        if meaning is None:
            meaning = said
        else:
            meaning.fill(said)
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
