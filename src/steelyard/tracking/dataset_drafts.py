"""Records for a dataset, from whatever holds them: dicts, frames, traces, another dataset."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.records import Expectation, Trace, TraceInfo
from steelyard.records.dataset import DatasetRecord, DatasetRecordSource, RecordDraft, Statement

_FIELDS = ("inputs", "outputs", "expectations", "tags", "source")
# What a record or a frame of records says besides, and the store says again.
TOLD_AGAIN = frozenset(
    (
        *("dataset_record_id", "dataset_id", "source_type", "source_id", "created_time", "last_update_time"),
        *("created_by", "last_updated_by", "created_in", "updated_in", "position", "digest"),
    )
)
"""Fields of a record that are the store's to say."""


def drafts_of(records: Any) -> list[RecordDraft]:
    """Return records to be merged.

    Args:
        records: a list of dicts (``inputs``, and perhaps ``outputs``, ``expectations``, ``tags``, ``source``), of
            traces or of records; a pandas or polars frame with such columns, or one of ``search_traces``.

    Raises:
        InvalidArgument: something in it is none of these; the message says which.
    """
    rows = _rows(records)
    drafts = []
    for index, row in enumerate(rows):
        try:
            drafts.append(draft_of(row))
        except InvalidArgument as error:
            raise InvalidArgument(f"Record {index}: {error}") from error
    return drafts


def draft_of_trace(trace: Trace) -> RecordDraft:
    """Return what a trace is as a record: its root's inputs, the expectations that hold, and where it comes from.

    Outputs are left out: a dataset says what goes in and what is expected. Inputs that are no mapping stand under
    ``input``.

    Raises:
        InvalidArgument: the trace has no inputs.
    """
    return draft_of_request(trace.info, trace.inputs)


def draft_of_request(info: TraceInfo, inputs: Any) -> RecordDraft:
    """Return a trace as a record, from what is told of it and its root's inputs; see ``draft_of_trace``."""
    if inputs is None or inputs == {}:
        raise InvalidArgument(f"The trace {info.trace_id} has no inputs, so it cannot become a record.")
    said = [one for one in info.assessments if isinstance(one, Expectation) and one.valid]
    told = {"trace_id": info.trace_id} | ({"session_id": info.session} if info.session else {})
    return RecordDraft(
        inputs=inputs if isinstance(inputs, Mapping) else {"input": inputs},
        expectations={one.name: one.value for one in said},
        source=DatasetRecordSource("TRACE", told),
        said=tuple(_statement(one, info.trace_id) for one in said),
    )


def _statement(one: Expectation, trace_id: str) -> Statement:
    return Statement(
        name=one.name,
        value=one.value,
        by=one.source.source_id,
        source_type=one.source.source_type,
        time=one.create_time_ms,
        trace_id=trace_id,
    )


def _rows(records: Any) -> Iterable[Any]:
    if isinstance(records, (Trace, RecordDraft, DatasetRecord, Mapping)):
        return (records,)
    library, kind = type(records).__module__.partition(".")[0], type(records).__name__
    if library == "pandas" and kind == "DataFrame":
        return records.to_dict("records")
    if library == "polars" and kind == "DataFrame":
        return records.to_dicts()
    if hasattr(records, "toPandas"):  # Spark
        return records.toPandas().to_dict("records")
    held = getattr(records, "records", None)
    if isinstance(held, (list, tuple)):
        return held
    if isinstance(records, Iterable) and not isinstance(records, (str, bytes)):
        return records
    raise InvalidArgument(
        f"records is a {kind}. Give a list of dicts with 'inputs', a list of traces, a pandas or polars frame (also "
        "one of search_traces), or another dataset."
    )


def draft_of(row: Any) -> RecordDraft:
    """Return a trace, a record or a dict as a record to be merged.

    Raises:
        InvalidArgument: it is none of these.
    """
    if isinstance(row, Trace):
        return draft_of_trace(row)
    if isinstance(row, RecordDraft):
        return row
    if isinstance(row, DatasetRecord):
        return RecordDraft(
            inputs=row.inputs,
            outputs=row.outputs,
            expectations=row.expectations,
            tags=row.tags,
            source=row.source,
        )
    if not isinstance(row, Mapping):
        raise InvalidArgument(f"it is a {type(row).__name__}: give a dict, a trace or a record.")
    if isinstance(row.get("trace"), Trace):
        return draft_of_trace(row["trace"])
    return _draft_of_mapping(row)


def _draft_of_mapping(row: Mapping[str, Any]) -> RecordDraft:
    unknown = [key for key in row if key not in _FIELDS and key not in TOLD_AGAIN]
    if unknown:
        raise InvalidArgument(
            f"it has the field {unknown[0]!r}. A record has {', '.join(_FIELDS)}; put other fields into inputs, "
            "expectations or tags."
        )
    told = {name: None if _missing(row.get(name)) else row[name] for name in _FIELDS}
    if told["inputs"] is None:
        raise InvalidArgument("'inputs' is missing: give a dict of what goes in.")
    return RecordDraft(
        inputs=told["inputs"],
        outputs=told["outputs"],
        expectations=told["expectations"] or {},
        tags=_tags(told["tags"]),
        source=source_of(told["source"]),
    )


def _missing(value: Any) -> bool:
    """Whether a frame says that there is nothing."""
    return value is None or (isinstance(value, float) and value != value) or type(value).__name__ == "NAType"


def _tags(value: Any) -> Mapping[str, str]:
    if not value:
        return {}
    if isinstance(value, Mapping):
        return {str(key): tag_text(one) for key, one in value.items() if not _missing(one)}
    raise InvalidArgument(f"tags is a {type(value).__name__}: give a dict of texts.")


def tag_text(value: Any) -> str:
    """Return the value of a tag as text: what is none is written as JSON writes it.

    Examples:
        >>> tag_text("de"), tag_text(True), tag_text(7)
        ('de', 'true', '7')
    """
    if isinstance(value, str):
        return value
    if hasattr(value, "dtype"):
        value = value.tolist()
    return json.dumps(value, ensure_ascii=False, default=str)


def source_of(value: Any) -> DatasetRecordSource | None:
    """Read a source: a record, MLflow's or ours, or a dict of ``source_type`` and ``source_data``."""
    if value is None or isinstance(value, DatasetRecordSource):
        return value
    if isinstance(value, str):
        return DatasetRecordSource(value.upper())
    kind = value.get("source_type") if isinstance(value, Mapping) else getattr(value, "source_type", None)
    data = value.get("source_data") if isinstance(value, Mapping) else getattr(value, "source_data", None)
    if not isinstance(kind, str) or not isinstance(data or {}, Mapping):
        raise InvalidArgument(
            f"source is {str(value)[:80]!r}: give a dict such as {{'source_type': 'HUMAN', 'source_data': {{}}}}."
        )
    return DatasetRecordSource(kind.upper(), data or {})


def ids_of(records: Sequence[Any] | str) -> list[str]:
    """Return the ids of records that are given as ids or as records.

    Raises:
        InvalidArgument: one is neither.
    """
    if isinstance(records, str):
        return [records]
    found = [getattr(one, "dataset_record_id", one) for one in records]
    odd = next((one for one in found if not isinstance(one, str)), None)
    if odd is not None:
        raise InvalidArgument(f"{odd!r} is no id of a record.")
    return found
