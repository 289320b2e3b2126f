"""Text pipelines read one column of text, as a series; which one is worked out here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steelyard.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from steelyard.evaluation.inputs import Inputs

_LOOK = 200
"""Rows that are looked at to tell text from labels."""


def is_text_model(model: Any) -> bool:
    """Whether the model's first step turns a series of texts into features (a scikit-learn vectorizer)."""
    return _vectorizer(model) is not None


def _vectorizer(model: Any) -> Any | None:
    steps = getattr(model, "steps", None)
    if not steps:
        return model if _reads_text(model) else None
    first = steps[0][1]
    if getattr(first, "steps", None):
        return _vectorizer(first)
    for part in getattr(first, "transformer_list", ()):  # a union of vectorizers
        if _reads_text(part[1]):
            return part[1]
    return first if _reads_text(first) else None


def _reads_text(step: Any) -> bool:
    return callable(getattr(step, "build_analyzer", None)) and callable(getattr(step, "transform", None))


def text_column(model: Any, inputs: Inputs) -> str:
    """Return the column that a text pipeline reads.

    A column named by ``feature_names`` wins; then the only column of text; then the one whose words the fitted
    vectorizer knows, if it stands out from the others by a factor of two.

    Raises:
        DataError: no column of text, or no clear winner; the message lists the candidates.
    """
    if inputs.features:
        if len(inputs.features) == 1:
            return inputs.features[0]
        raise DataError(f"A text pipeline reads one column; feature_names names {len(inputs.features)}.")
    hidden = {*inputs.targets, *inputs.answers, inputs.table.id_column, inputs.cluster}
    candidates = [f.name for f in inputs.table.schema if f.name not in hidden and _is_text(f.type)]
    if not candidates:
        raise DataError("The model reads text, and the data has no column of text besides targets and predictions.")
    if len(candidates) == 1:
        return candidates[0]
    scores = {name: _familiarity(_vectorizer(model), inputs, name) for name in candidates}
    ranked = sorted(candidates, key=lambda name: -scores[name])
    best, second = scores[ranked[0]], scores[ranked[1]]
    if best > 0 and best >= 2 * second:
        return ranked[0]
    raise DataError(
        f"The model reads one column of text and the data has several: {', '.join(map(repr, candidates))}. "
        f"Say which with feature_names=[{candidates[0]!r}]."
    )


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow.types as types

    if types.is_dictionary(kind):
        kind = kind.value_type
    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _familiarity(vectorizer: Any, inputs: Inputs, name: str) -> float:
    """Known words per row of a column; words per row for a vectorizer without a vocabulary."""
    texts = [t for t in inputs.table.head(_LOOK).column(name).to_pylist() if t]
    analyze = vectorizer.build_analyzer()
    vocabulary = getattr(vectorizer, "vocabulary_", None)
    words = [w for t in texts for w in analyze(t)]
    known = len(words) if vocabulary is None else sum(w in vocabulary for w in words)
    return known / max(len(texts), 1)
