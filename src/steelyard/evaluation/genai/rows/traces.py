"""Rows that are traces: finding those that are named, and what they say about a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from steelyard.data.rows.sources import is_trace
from steelyard.data.shapes.parts import Parts
from steelyard.errors import DataError
from steelyard.records import REQUEST_ID_TAG, Row, Trace

FindTraces = Callable[[Sequence[str]], Mapping[str, Trace]]

_RESERVED = "mlflow."


def own_ids(trace: Trace | None = None) -> Mapping[str, Any]:
    """Return what may name a trace's row across runs; without a trace, only under which names."""
    if trace is None:
        return {REQUEST_ID_TAG: None, "client_request_id": None}
    return {
        REQUEST_ID_TAG: trace.info.tags.get(REQUEST_ID_TAG),
        "client_request_id": trace.info.client_request_id,
    }


def with_traces(rows: Sequence[Parts], find: FindTraces | None, first: int) -> Sequence[Parts]:
    """Put traces in the place of their ids, looking all of them up at once.

    Raises:
        DataError: there is nowhere to look, or a trace is not there.
    """
    named = {place: _trace_id(parts.trace, first + place) for place, parts in enumerate(rows)
             if parts.trace is not None and not is_trace(parts.trace)}  # fmt: skip
    if not named:
        return rows
    if find is None:
        message = f"row {first + next(iter(named))} names a trace by its id, and there is no store to look it up in."
        raise DataError(message)
    found = find(list(dict.fromkeys(named.values())))
    for place, trace_id in named.items():
        if trace_id not in found:
            message = f"row {first + place} names the trace {trace_id!r}, which is not in the store."
            raise DataError(message)
    return [replace(parts, trace=found[named[place]]) if place in named else parts for place, parts in enumerate(rows)]


def traced(row: Row, trace: Trace) -> Row:
    """Return a row with what its trace says; what the row says itself comes first.

    Inputs and outputs are those of the root span, expectations those that were logged on the trace. Tags and metadata
    are its own but for those that MLflow reserves.
    """
    assessments = trace.info.assessments or ()
    logged = {a.name: a.value for a in assessments if a.kind == "expectation" and a.valid}
    given = row.has_outputs and row.outputs is not None
    return replace(
        row,
        inputs=trace.inputs if row.inputs is None else row.inputs,
        outputs=row.outputs if given else trace.outputs,
        has_outputs=True,
        expectations={**logged, **row.expectations},
        tags={**_free(trace.info.tags), **_free(row.tags)},
        metadata={**_free(trace.info.trace_metadata), **row.metadata},
        trace=trace,
    )


def _free(labels: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in labels.items() if not key.startswith(_RESERVED)}


def _trace_id(value: Any, index: int) -> str:
    """Return the id in a text: the id itself, or the JSON of a whole trace."""
    told = value
    if isinstance(told, str) and told.startswith("{"):
        try:
            told = json.loads(told)
        except ValueError:
            told = value
    if isinstance(told, Mapping):
        info = told.get("info")
        told = info.get("trace_id") or info.get("request_id") if isinstance(info, Mapping) else None
    if isinstance(told, str) and told and not told.startswith("{"):
        return told
    message = f"row {index}: trace is a {type(value).__name__} ({str(value)[:60]!r}): give a trace or the id of one."
    raise DataError(message)
