"""What a trace is, as features: lengths, durations, tokens, names, tags, fields of its inputs and outputs, scores.

No model is called for any of them. Of a record of a dataset the same features of inputs and outputs are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from steelyard.records.assessment import Feedback
from steelyard.records.dataset import DatasetRecord
from steelyard.records.overview import SAMPLED_CONTENT, SampledTrace

_LIGHT = {"duration", "input_tokens", "output_tokens", "cost", "n_spans", "name", "status", "user"}
_LIGHT_STARTS = ("tag.", "score:")
_LONGEST_WORD = 64
_LONGEST_TAG = 200
_MOST_FIELDS = 40
_RESPONSE = ("expected_response", "expected_output", "answer", "output")
"""Expectations of a record that stand for its output where it has none."""

Scalar = float | str | None


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Features of many rows.

    Args:
        ids: of the n rows.
        times: int64, shape (n,), when each began, milliseconds since 1970; None for records.
        columns: by feature n values: numbers, words, or None where there is none.
        texts: ``input`` and ``output``, n texts each; empty where there is none.
    """

    ids: tuple[str, ...] = ()
    times: npt.NDArray[np.int64] | None = None
    columns: Mapping[str, Sequence[Scalar]] = field(default_factory=dict)
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return len(self.ids)

    def column(self, feature: str) -> Sequence[Scalar]:
        """Return a feature's values; all None if no row has it."""
        return self.columns.get(feature) or [None] * self.n

    def only(self, feature: str, value: str) -> FeatureTable:
        """Return the rows of which a feature has a value."""
        keep = [i for i, one in enumerate(self.column(feature)) if one is not None and str(one) == value]
        return FeatureTable(
            tuple(self.ids[i] for i in keep),
            None if self.times is None else self.times[keep],
            {name: [values[i] for i in keep] for name, values in self.columns.items()},
            {name: [values[i] for i in keep] for name, values in self.texts.items()},
        )


def needs_contents(features: Sequence[str] | None) -> bool:
    """Return whether features are of the spans' content, or of the trace alone."""
    return features is None or any(name not in _LIGHT and not name.startswith(_LIGHT_STARTS) for name in features)


def features_of_traces(sampled: Sequence[SampledTrace]) -> FeatureTable:
    """Return the features of traces.

    They are ``input.length`` and ``output.length`` (characters of all texts in them), ``duration`` (ms),
    ``input_tokens``, ``output_tokens``, ``cost``, ``n_spans``, ``errors`` (spans that failed), ``name``, ``status``,
    ``user``, ``model`` and ``tools`` (several joined by ``+``), ``tag.<key>``, ``input.<key>`` and ``output.<key>``
    (single numbers and words in JSON, as of classic models), ``output`` where it is a single one, and
    ``score:<name>``, the newest feedback of a name.
    """
    rows, inputs, outputs = [], [], []
    for one in sampled:
        given, answered = _content(one.inputs, one.inputs_length), _content(one.outputs, one.outputs_length)
        rows.append({**_of_trace(one), **dict(given.fields("input")), **dict(answered.fields("output"))})
        inputs.append(given.text)
        outputs.append(answered.text)
    times = np.array([one.info.request_time for one in sampled], np.int64)
    texts = {"input": inputs, "output": outputs}
    return FeatureTable(tuple(one.info.trace_id for one in sampled), times, _columns(rows), texts)


def features_of_records(records: Iterable[DatasetRecord]) -> FeatureTable:
    """Return the features of inputs and outputs of a dataset's records; what is expected stands for a missing output.

    Args:
        records: of one version.
    """
    ids, rows, inputs, outputs = [], [], [], []
    for record in records:
        given, answered = _of_value(record.inputs), _of_value(_output_of(record))
        ids.append(record.dataset_record_id)
        rows.append({**dict(given.fields("input")), **dict(answered.fields("output"))})
        inputs.append(given.text)
        outputs.append(answered.text)
    return FeatureTable(tuple(ids), None, _columns(rows), {"input": inputs, "output": outputs})


@dataclass(frozen=True, slots=True)
class _Content:
    """Inputs or outputs: their text, how long they are (None if there are none), and the value if it could be read."""

    text: str = ""
    length: int | None = None
    value: Any = None

    def fields(self, what: str) -> Iterator[tuple[str, Scalar]]:
        if self.length is not None:
            yield f"{what}.length", float(self.length)
        single = _scalar(self.value)
        if single is not None:
            yield what, single
        if isinstance(self.value, Mapping):
            for key, value in list(self.value.items())[:_MOST_FIELDS]:
                found = _scalar(value)
                if found is not None:
                    yield f"{what}.{key}", found


def _content(json: str, length: int) -> _Content:
    if not length or json == "null":
        return _Content()
    if length > SAMPLED_CONTENT:  # cut off: it can be measured, and its beginning be read as words
        return _Content(json, length)
    try:
        value = msgspec.json.decode(json)
    except msgspec.DecodeError:
        return _Content(json, length)
    text = "\n".join(_texts(value))
    return _Content(text, len(text) if text else length, value)


def _of_value(value: Any) -> _Content:
    json = "" if value is None else msgspec.json.encode(value, enc_hook=str).decode()
    return _content(json[:SAMPLED_CONTENT], len(json))


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts within a value, in order; of messages their content and not their role."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        message = "role" in value and "content" in value
        for key, inner in value.items():
            if not (message and key in ("role", "type", "id")):
                yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _of_trace(one: SampledTrace) -> dict[str, Scalar]:
    info, usage = one.info, one.info.usage
    found: dict[str, Scalar] = {
        "duration": info.execution_duration,
        "input_tokens": None if usage is None else float(usage.input_tokens),
        "output_tokens": None if usage is None else float(usage.output_tokens),
        "cost": None if usage is None else usage.cost,
        "n_spans": float(info.n_spans),
        "errors": float(one.failed_spans),
        "name": info.name or None,
        "status": info.state,
        "user": info.user,
        "model": "+".join(one.models) or None,
        "tools": "+".join(one.tools) or None,
    }
    found |= {f"tag.{key}": value[:_LONGEST_TAG] for key, value in info.tags.items() if not key.startswith("mlflow.")}
    for said in info.assessments:
        if isinstance(said, Feedback) and said.valid and said.error is None:
            found[f"score:{said.name}"] = _scalar(said.value)
    return found


def _scalar(value: Any) -> Scalar:
    """Return a single number or word; of a bool the word, None for anything else."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e300 else None
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_WORD else None


def _output_of(record: DatasetRecord) -> Any:
    if record.outputs is not None:
        return record.outputs
    expected = record.expectations
    return next((expected[name] for name in _RESPONSE if name in expected), dict(expected) or None)


def _columns(rows: Sequence[Mapping[str, Scalar]]) -> dict[str, list[Scalar]]:
    names = dict.fromkeys(name for row in rows for name, value in row.items() if value is not None)
    return {name: [row.get(name) for row in rows] for name in names}
