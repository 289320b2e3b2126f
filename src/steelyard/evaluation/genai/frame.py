"""The rows of an evaluated application as one data frame, in MLflow's columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from steelyard.data.json_values import shown
from steelyard.errors import MissingDependency
from steelyard.evaluation.folder import HasArtifacts
from steelyard.records import (
    ROWS_PATH,
    ApplicationSummary,
    EvaluationSummary,
    NamedFeedback,
    RowsColumn,
    Trace,
    TraceData,
)
from steelyard.records.ports import TraceStore

if TYPE_CHECKING:
    import pandas as pd

_STEP = 512
ERROR_MESSAGE = "/error_message"
TRACE_COLUMNS = (
    "trace", "client_request_id", "state", "request_time", "execution_duration", "request", "response",
    "trace_metadata", "tags", "spans", "assessments",
)  # fmt: skip


class HasRows(Protocol):
    """A result whose rows are kept: what ``genai.evaluate`` returns."""

    @property
    def run_id(self) -> str: ...
    @property
    def summary(self) -> EvaluationSummary: ...
    @property
    def store(self) -> HasArtifacts: ...
    @property
    def application(self) -> ApplicationSummary: ...


def result_frame(result: HasRows) -> pd.DataFrame:
    """Return one row for each row and repeat: MLflow's columns, then ``repeat`` and each ``<scorer>/outcome``.

    MLflow's are ``trace_id``, ``<scorer>/value``, ``<scorer>/rationale``, ``<scorer>/error_message``,
    ``<expectation>/value`` and what ``search_traces`` returns. Values are as the scorer gave them where the trace has
    them (``"yes"``, not 1.0); lines without a trace have the stored value, and nothing about spans.

    Args:
        result: of an evaluation, whose rows and traces are read now, some hundred at a time.

    Raises:
        MissingDependency: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingDependency("pandas", extra="ml", purpose="read the results as a data frame") from None
    import pyarrow.parquet as pq

    path = result.store.artifacts.local_path(result.run_id, result.summary.rows_path or ROWS_PATH)
    traces: TraceStore | None = getattr(result.store, "traces", None)
    feedback = result.application.feedback
    with pq.ParquetFile(path) as file:
        expectations = [
            name.removeprefix(RowsColumn.EXPECTATION)
            for name in file.schema_arrow.names
            if name.startswith(RowsColumn.EXPECTATION)
        ]
        columns: dict[str, list[Any]] = {name: [] for name in _names(feedback, expectations)}
        for batch in file.iter_batches(batch_size=_STEP):
            for told in _told(batch.to_pylist(), feedback, expectations, traces):
                for name, values in columns.items():
                    values.append(told.get(name))
    kinds = {one.name + RowsColumn.VALUE: one.kind for one in feedback}
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=None if kinds.get(name) == "number" or name in _PLAIN else object)
            for name, values in columns.items()
        }
    )


_PLAIN = {RowsColumn.REPEAT, "execution_duration"}


def _names(feedback: Sequence[NamedFeedback], expectations: Sequence[str]) -> Iterable[str]:
    judged = ([one.name + s for s in (RowsColumn.VALUE, RowsColumn.RATIONALE, ERROR_MESSAGE)] for one in feedback)
    expected = [name + RowsColumn.VALUE for name in expectations]
    outcomes = [one.name + RowsColumn.VERDICT for one in feedback]
    return [RowsColumn.TRACE_ID, *chain(*judged), *expected, *TRACE_COLUMNS, RowsColumn.REPEAT, *outcomes]


def _told(
    lines: Sequence[Mapping[str, Any]],
    feedback: Sequence[NamedFeedback],
    expectations: Sequence[str],
    traces: TraceStore | None,
) -> Iterator[dict[str, Any]]:
    found = _traces(traces, [line[RowsColumn.TRACE_ID] for line in lines if line[RowsColumn.TRACE_ID]])
    for line in lines:
        trace = found.get(line[RowsColumn.TRACE_ID] or "")
        told: dict[str, Any] = {
            RowsColumn.TRACE_ID: line[RowsColumn.TRACE_ID],
            RowsColumn.REPEAT: line[RowsColumn.REPEAT],
            "state": "OK" if line[RowsColumn.OUTCOME] == "predicted" else "ERROR",
            "request": _parsed(line[RowsColumn.INPUTS]),
            "response": _parsed(line[RowsColumn.OUTPUT]),
        }
        for name in expectations:
            told[name + RowsColumn.VALUE] = _parsed(line[RowsColumn.EXPECTATION + name])
        for one in feedback:
            told |= _feedback(one, line)
        if trace is not None:
            told |= _of_trace(trace, judged={one.name for one in feedback}, told=told)
        yield told


def _feedback(one: NamedFeedback, line: Mapping[str, Any]) -> dict[str, Any]:
    value = line[one.name + RowsColumn.VALUE]
    if one.kind == "boolean" and value in (0.0, 1.0):
        value = value == 1.0
    elif one.kind == "other":
        value = _parsed(value)
    return {
        one.name + RowsColumn.VALUE: value,
        one.name + RowsColumn.RATIONALE: line[one.name + RowsColumn.RATIONALE],
        one.name + ERROR_MESSAGE: line[one.name + RowsColumn.VERDICT_ERROR],
        one.name + RowsColumn.VERDICT: line[one.name + RowsColumn.VERDICT],
    }


def _of_trace(trace: Trace, *, judged: set[str], told: Mapping[str, Any]) -> dict[str, Any]:
    info = trace.info
    found: dict[str, Any] = {
        "trace": trace,
        "client_request_id": info.client_request_id,
        "state": info.state,
        "request_time": info.request_time,
        "execution_duration": info.execution_duration,
        "trace_metadata": dict(info.trace_metadata),
        "tags": dict(info.tags),
        "spans": list(trace.data.spans),
        "assessments": list(info.assessments),
    }
    if trace.data.root is not None:
        found |= {"request": trace.inputs, "response": trace.outputs}
    for assessment in info.assessments:
        column = assessment.name + RowsColumn.VALUE
        if (assessment.kind == "feedback") == (assessment.name in judged) and _same(assessment.value, told.get(column)):
            found[column] = assessment.value
    return found


def _same(value: Any, stored: Any) -> bool:
    """Say whether a value is what is stored of it; others may have been said about the trace elsewhere or later."""
    if value is None or stored is None:
        return False
    if isinstance(stored, (bool, float)):
        number = {"yes": 1.0, "no": 0.0}.get(value.strip().casefold()) if isinstance(value, str) else value
        return number == stored
    return value == stored or shown(value) == stored


def _traces(traces: TraceStore | None, trace_ids: Sequence[str]) -> Mapping[str, Trace]:
    if traces is None or not trace_ids:
        return {}
    infos = traces.infos(trace_ids)
    spans = traces.spans(list(infos))
    return {trace_id: Trace(info, TraceData(tuple(spans.get(trace_id, ())))) for trace_id, info in infos.items()}


def _parsed(text: str | None) -> Any:
    """Return the JSON value in a cell; a text that is no JSON object or list is itself."""
    if text is None or text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
