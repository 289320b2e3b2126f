"""Rows of any shape as records of a dataset: which column became what, and what is wrong with which row."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePath
from typing import Any

from steelyard.data.rows.opening import open_source
from steelyard.data.rows.sources import Source
from steelyard.data.shapes.catalogue import SHAPES, shape_of
from steelyard.data.shapes.parts import Parts, Raw, Shape
from steelyard.errors import DataError, InvalidArgument
from steelyard.records import Trace
from steelyard.records.dataset import DatasetRecord, DatasetRecordSource, RecordDraft
from steelyard.store.dataset_form import check_record
from steelyard.tracking.dataset_drafts import TOLD_AGAIN, draft_of, draft_of_trace, source_of, tag_text
from steelyard.tracking.dataset_limits import check_row
from steelyard.tracking.dataset_mapping import Mapped, observed_uses
from steelyard.tracking.dataset_rows import ReadRecords, RowError
from steelyard.tracking.dataset_split import TAG

MAX_ROWS = 1_000_000
_SAMPLE = 100
_LONGEST_TAG = 500  # what is longer is no label
_SAID_AGAIN = frozenset(
    (
        *("expected", "expected_output", "expectedOutput", "reference_outputs", "reference", "ideal", "target"),
        *("ground_truth", "ground_truths", "assert", "expected_tools", "reference_tool_calls", "reference_topics"),
        *("reference_contexts", "expected_outcome", "chosen", "completion", "answer", "answerKey", "filtered_resps"),
    )
)
"""Fields that shapes keep for scorers of their own, and that the expectations say already."""

_ORIGIN = frozenset(
    (
        *("id", "request_id", "doc_id", "sample_id", "prompt_id", "question_id", "external_id", "node_id"),
        *("trace_id", "span_id", "parent_run_id", "run_id", "session_id", "reference_example_id", "source_run_id"),
        *("start_time", "end_time", "created_at", "createdAt", "updatedAt", "dataset_id", "dotted_order", "run_type"),
    )
)
"""Fields that say where a row comes from: no labels, but part of the record's source."""

_OWN = {"dataset_record_id", "inputs", "expectations"}  # the columns of a file that ``export`` wrote, among others


def read_records(
    data: Any, *, mapping: Mapping[str, str | None] | None = None, shape: str | None = None
) -> ReadRecords:
    """Read rows of any shape as records.

    Args:
        data: a path, glob or list of paths of CSV, JSONL, JSON, Parquet or YAML files; a list of dicts, traces or
            records; a frame; a dataset of another library.
        mapping: column to place, such as ``{"frage": "inputs.question", "antwort":
            "expectations.expected_response", "lang": "tags.lang"}``; columns that are not named are left out. Unless
            given, the shape says it.
        shape: whose shape the rows have, such as ``Langfuse``; recognised unless given.

    Raises:
        InvalidArgument: the mapping or the shape cannot be used.
        DataError: there are no rows, or more than a million.
        UnreadableFile: a file is damaged.
    """
    if isinstance(data, (Trace, RecordDraft, DatasetRecord)) or _holds_records(data):
        return _read_records(data)
    source = open_source(data)
    first = list(islice(iter(source), _SAMPLE))
    if not first:
        raise DataError(f"{source.name} has no rows, so there is nothing to import.")
    if mapping is not None and shape is not None:
        raise InvalidArgument("Give a mapping or a shape, not both: a mapping says what each column becomes.")
    reader = _reader(source, first, mapping, shape, _file_of(data))
    return _read(reader, source, first)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """How rows become records: by a mapping, or by a shape; without either none does."""

    mapped: Mapped | None = None
    shape: Shape | None = None
    written: bool = False
    file: str = ""

    def draft(self, index: int, raw: Raw) -> RecordDraft:
        """Return a row as a record.

        Raises:
            DataError, InvalidArgument: it cannot be used.
        """
        check_row(raw)
        if self.mapped is not None:
            return self._placed(index, raw, self.mapped.parts(raw))
        if self.shape is None:
            shape_of([raw])  # says what is wrong with it
            raise DataError("its shape is not known")
        self.shape.check(raw)
        parts = self.shape.read(raw)
        if isinstance(parts.trace, Trace):
            return draft_of_trace(parts.trace)
        if parts.trace is not None and parts.inputs is None:
            raise DataError(f"it names the trace {str(parts.trace)!r}: merge traces by merge_records, or give inputs.")
        return self._placed(index, raw, parts)

    def _placed(self, index: int, raw: Raw, parts: Parts) -> RecordDraft:
        inputs = parts.inputs
        if inputs is None:
            raise DataError("'inputs' is missing: give a dict of what goes in.")
        if not isinstance(inputs, Mapping):
            raise DataError(f"inputs is a {type(inputs).__name__} ({str(inputs)[:60]!r}): give a dict.")
        tags, fields = _labels(parts, raw)
        if self.shape is not None and self.shape.name == "MLflow":
            fields.pop("source", None)
            tags.pop("source", None)
        return RecordDraft(
            inputs=inputs,
            outputs=_written(parts.outputs) if self.written else parts.outputs,
            expectations=parts.expectations,
            tags=tags,
            source=self._source(index, raw, fields, parts.expectations),
        )

    def _source(
        self, index: int, raw: Raw, fields: Mapping[str, Any], expectations: Mapping[str, Any]
    ) -> DatasetRecordSource | None:
        """Return where a record comes from: what the row says itself, else the file and the row."""
        own = raw.get("source") if self.shape is not None and self.shape.name == "MLflow" else None
        if own is not None:
            said = source_of(_parsed_source(own))
            return (
                said
                if said is None or not fields
                else replace(said, source_data={**said.source_data, "fields": fields})
            )
        if not self.file and not fields:
            return None
        told: dict[str, Any] = {"doc_uri": self.file, "row": index} if self.file else {}
        if fields:
            told["fields"] = dict(fields)
        made = "HUMAN" if expectations else "CODE"
        return DatasetRecordSource("DOCUMENT" if self.file else made, told)


def _reader(
    source: Source,
    first: Sequence[Raw],
    mapping: Mapping[str, str | None] | None,
    shape: str | None,
    file: str,
) -> _Reader:
    if mapping is not None:
        return _Reader(mapped=Mapped.checked(mapping, first), file=file)
    written = bool(file) and source.columnar and set(first[0]) >= _OWN
    if shape is not None:
        return _Reader(shape=shape_named(shape), file=file, written=written)
    try:
        found = shape_of(first)
    except DataError:
        found = None
    return _Reader(shape=found, file=file, written=written)


def shape_named(name: str) -> Shape:
    """Return a shape by its name.

    Raises:
        InvalidArgument: there is none of this name.
    """
    found = next((one for one in SHAPES if one.name.lower() == name.lower()), None)
    if found is None:
        names = ", ".join(dict.fromkeys(repr(one.name) for one in SHAPES))
        raise InvalidArgument(f"There is no shape {name!r}. Known are {names}.")
    return found


def _read(reader: _Reader, source: Source, first: Sequence[Raw]) -> ReadRecords:
    drafts: list[RecordDraft] = []
    rows: list[int] = []
    errors: list[RowError] = []
    index = -1
    for index, raw in enumerate(source):
        if index >= MAX_ROWS:
            raise DataError(f"{source.name} has more than {MAX_ROWS:,} rows. Import it in parts.")
        try:
            draft = reader.draft(index, raw)
            check_record(draft)
            drafts.append(draft)
            rows.append(index)
        except (DataError, InvalidArgument) as error:
            errors.append(RowError(row=index, reason=str(error)))
        except (TypeError, AttributeError, KeyError, IndexError) as error:  # a field of another type than the shape's
            whose = reader.shape.name if reader.shape else "this mapping"
            errors.append(RowError(row=index, reason=f"it cannot be read as a row of {whose}: {error}."))
    if reader.mapped is not None:
        columns = reader.mapped.uses(first)
    else:
        columns = observed_uses(first, dict(zip(rows, drafts, strict=True)))
    return ReadRecords(
        name=source.name,
        shape="mapping" if reader.mapped is not None else reader.shape.name if reader.shape else "",
        columns=columns,
        drafts=tuple(drafts),
        rows=tuple(rows),
        errors=tuple(errors),
        n_rows=index + 1,
    )


def _holds_records(data: Any) -> bool:
    """Whether these are traces or records, or a dataset of ours."""
    if hasattr(data, "iter_records"):
        return True
    if not isinstance(data, (list, tuple)) or not data:
        return False
    return all(isinstance(one, (Trace, RecordDraft, DatasetRecord)) for one in data)


def _read_records(data: Any) -> ReadRecords:
    given: Iterator[Any] = iter(data.iter_records() if hasattr(data, "iter_records") else _listed(data))
    drafts: list[RecordDraft] = []
    rows: list[int] = []
    errors: list[RowError] = []
    index, kind = -1, "records"
    for index, one in enumerate(given):
        kind = "traces" if isinstance(one, Trace) else "records"
        try:
            drafts.append(draft_of(one))
            rows.append(index)
        except InvalidArgument as error:
            errors.append(RowError(row=index, reason=str(error)))
    return ReadRecords(
        name=kind,
        shape=kind,
        columns=(),
        drafts=tuple(drafts),
        rows=tuple(rows),
        errors=tuple(errors),
        n_rows=index + 1,
    )


def _listed(data: Any) -> Sequence[Any]:
    return data if isinstance(data, (list, tuple)) else (data,)


def _file_of(data: Any) -> str:
    if isinstance(data, (str, os.PathLike)):
        return PurePath(os.fspath(data)).name
    if isinstance(data, (list, tuple)) and data and all(isinstance(one, (str, os.PathLike)) for one in data):
        return ", ".join(PurePath(os.fspath(one)).name for one in data)
    return ""


def _parsed_source(own: Any) -> Any:
    """Read a source that a table holds as JSON."""
    if not isinstance(own, str) or own[:1] != "{":
        return own
    try:
        return json.loads(own)
    except (ValueError, RecursionError) as error:
        raise DataError(f"source is no JSON ({own[:60]!r}): {error}.") from error


def _written(outputs: Any) -> Any:
    """Read an output as ``export`` writes it into a table: JSON."""
    if not isinstance(outputs, str):
        return outputs
    try:
        return json.loads(outputs)
    except ValueError:  # somebody has written there by hand
        return outputs


def _labels(parts: Parts, raw: Raw) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the tags of a record, and fields that are no labels: what is long, or says where the row comes from."""
    tags = _tags(parts.tags)
    fields: dict[str, Any] = {}
    own = TOLD_AGAIN if "dataset_record_id" in raw else ()
    for key, value in parts.metadata.items():
        if value is None or key == "tags" or key in _SAID_AGAIN or key in own or _is_said(parts, key, value):
            continue
        if key == TAG and isinstance(value, list) and len(value) == 1:
            value = value[0]
        if key not in _ORIGIN and isinstance(value, (str, int, float, bool)) and len(str(value)) <= _LONGEST_TAG:
            tags.setdefault(key, tag_text(value))
        else:
            fields[key] = value
    return tags, fields


def _is_said(parts: Parts, key: str, value: Any) -> bool:
    """Whether a field is part of the record already."""
    if key == "context" and "expected_documents" in parts.expectations:
        return True
    return isinstance(parts.inputs, Mapping) and key in parts.inputs and bool(parts.inputs[key] == value)


def _tags(value: Any) -> dict[str, str]:
    """Return tags as texts; a list of words tags a record with each of them."""
    if value is None:
        return {}
    if isinstance(value, str):
        return {value: "true"}
    if isinstance(value, (list, tuple)):
        if not all(isinstance(word, str) for word in value):
            raise DataError(f"tags is a list that holds more than texts ({str(value)[:60]}): give words, or a dict.")
        return dict.fromkeys(value, "true")
    if not isinstance(value, Mapping):
        raise DataError(f"tags is a {type(value).__name__}: give a dict of texts, or a list of words.")
    return {str(key): tag_text(one) for key, one in value.items() if one is not None}
