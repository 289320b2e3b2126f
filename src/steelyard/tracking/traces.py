"""Traces as people find them again: by id, by filter, by session; and labels on them.

Importing this module sends finished traces to the store.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from steelyard.errors import InvalidArgument, MissingDependency, NotFound
from steelyard.records import SESSION_KEY, Trace
from steelyard.tracing import (
    capture,
    carry_context,
    context,
    get_active_trace_id,
    get_current_active_span,
    get_last_active_trace_id,
    start_span,
    start_span_no_context,
    trace,
    update_current_trace,
)
from steelyard.tracing import flush as flush_traces
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.stores import get_store
from steelyard.tracking.trace_frames import traces_frame
from steelyard.tracking.trace_reading import PAGE, collect_infos, delete_found, with_spans
from steelyard.tracking.trace_writing import writer

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Session",
    "add_trace",
    "capture",
    "carry_context",
    "context",
    "delete_trace_tag",
    "delete_traces",
    "flush_trace_async_logging",
    "get_active_trace_id",
    "get_current_active_span",
    "get_last_active_trace_id",
    "get_trace",
    "log_trace",
    "search_sessions",
    "search_traces",
    "set_trace_tag",
    "start_span",
    "start_span_no_context",
    "trace",
    "update_current_trace",
    "writer",
]

_log = logging.getLogger("steelyard.tracing")


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation: its traces, in the order of time."""

    id: str
    traces: tuple[Trace, ...] = ()

    def __iter__(self) -> Iterator[Trace]:
        return iter(self.traces)

    def __len__(self) -> int:
        return len(self.traces)

    def __getitem__(self, place: int) -> Trace:
        return self.traces[place]


def flush_trace_async_logging(terminate: bool = False) -> bool:
    """Wait until every finished trace is in the store.

    Args:
        terminate: accepted for MLflow's callers.

    Returns:
        Whether all are.
    """
    return flush_traces()


def get_trace(trace_id: str, silent: bool = False, flush: bool = True) -> Trace | None:
    """Return a trace with its spans and assessments, or None if there is none with this id.

    Args:
        trace_id: ``tr-`` and 32 hexadecimal digits.
        silent: do not log that there is none.
        flush: write what is finished first.
    """
    if flush:
        flush_traces()
    try:
        return get_store().traces.get(str(trace_id))
    except NotFound as error:
        if not silent:
            _log.warning("%s", error)
        return None


def search_traces(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str | None = None,
    max_results: int | None = None,
    order_by: Sequence[str] | None = None,
    extract_fields: Sequence[str] | None = None,
    run_id: str | None = None,
    return_type: Literal["pandas", "list"] | None = None,
    model_id: str | None = None,
    sql_warehouse_id: str | None = None,
    include_spans: bool = True,
    locations: Sequence[object] | None = None,
    flush: bool = True,
) -> pd.DataFrame | list[Trace]:
    """Return the traces that match, the newest first unless told.

    Args:
        experiment_ids: the experiments to look in; the active one unless told, and with a ``run_id`` all of them.
        filter_string: MLflow's filter language for traces, with OR, NOT and parentheses besides, such as
            ``status = 'ERROR' AND tags.team = 'risk'`` or ``feedback.correctness = 'no'``.
        max_results: at most so many; all unless told.
        order_by: such as ``["execution_time DESC"]``.
        extract_fields: further columns of the frame: ``<span>.inputs``, ``<span>.outputs`` or a field of these, such as
            ``retrieve.inputs.question``, of the first span of that name.
        run_id: only traces of this run.
        return_type: ``pandas`` for a frame, ``list`` for a list; a frame unless pandas is missing.
        model_id: only traces of this logged model.
        sql_warehouse_id: accepted for MLflow's callers.
        include_spans: False leaves the spans out, which is much quicker.
        locations: another name of ``experiment_ids``.
        flush: write what is finished first.

    Returns:
        A frame with the columns trace_id, trace, client_request_id, state, request_time, execution_duration, request,
        response, trace_metadata, tags, spans and assessments; or a list of traces.

    Raises:
        InvalidArgument: for another ``return_type``, or no results asked for.
        FilterError: if the filter or the order does not parse.
    """
    if return_type not in (None, "pandas", "list"):
        raise InvalidArgument(f"return_type is 'pandas' or 'list', not {return_type!r}.")
    if extract_fields and return_type == "list":
        raise InvalidArgument("extract_fields makes columns of a frame: use it with return_type='pandas'.")
    if flush:
        flush_traces()
    store = get_store()
    ids = _experiments(experiment_ids or locations, run_id)
    condition = _and(filter_string, _equals("metadata.`mlflow.modelId`", model_id))
    infos = collect_infos(store, ids, condition, limit=max_results, order_by=order_by or (), run_id=run_id)
    found = with_spans(store, infos) if include_spans else [Trace(info) for info in infos]
    if return_type == "list":
        return found
    try:
        return traces_frame(found, extract_fields or ())
    except MissingDependency:
        if return_type == "pandas" or extract_fields:
            raise
        return found


def search_sessions(
    max_results: int = 100,
    run_id: str | None = None,
    model_id: str | None = None,
    include_spans: bool = True,
    locations: Sequence[object] | None = None,
) -> list[Session]:
    """Return conversations, the one with the newest trace first.

    Args:
        max_results: at most so many.
        run_id, model_id, include_spans, locations: as for ``search_traces``.
    """
    flush_traces()
    store, ids = get_store(), _experiments(locations, run_id)
    key = f"metadata.`{SESSION_KEY}`"
    of_model = _equals("metadata.`mlflow.modelId`", model_id)
    names: dict[str, None] = {}
    token = None
    while len(names) < max_results:
        page = store.traces.search(
            ids, _and(f"{key} IS NOT NULL", of_model), max_results=PAGE, page_token=token, run_id=run_id
        )
        names.update(dict.fromkeys(info.session for info in page.items if info.session))
        token = page.token
        if token is None:
            break
    sessions: list[Session] = []
    for name in list(names)[:max_results]:
        condition = _and(_equals(key, name), of_model)
        infos = collect_infos(store, ids, condition, limit=None, order_by=("timestamp ASC",), run_id=run_id)
        traces = with_spans(store, infos) if include_spans else [Trace(info) for info in infos]
        traces.sort(key=_began)
        sessions.append(Session(name, tuple(traces)))
    return sessions


def set_trace_tag(trace_id: str, key: str, value: object) -> None:
    """Set a label of a trace.

    Raises:
        NotFound: if there is no such trace.
    """
    flush_traces()
    get_store().traces.update(trace_id, tags={str(key): str(value)})


def delete_trace_tag(trace_id: str, key: str) -> None:
    """Remove a label of a trace."""
    flush_traces()
    get_store().traces.delete_tag(trace_id, key)


def delete_traces(
    experiment_id: str | None = None,
    max_timestamp_millis: int | None = None,
    max_traces: int | None = None,
    trace_ids: Sequence[str] | None = None,
) -> int:
    """Delete traces with their spans and assessments, and return how many there were.

    Args:
        experiment_id: the experiment; the active one unless told.
        max_timestamp_millis: delete those that began up to this moment, in milliseconds since 1970.
        max_traces: at most so many of them, the oldest first.
        trace_ids: delete these instead.

    Raises:
        InvalidArgument: unless there is either a time or a list of ids.
    """
    flush_traces()
    return delete_found(
        get_store(), experiment_id or active_experiment_id(), max_timestamp_millis, max_traces, trace_ids
    )


def log_trace(
    name: str = "Task",
    request: Any = None,
    response: Any = None,
    intermediate_outputs: Mapping[str, Any] | None = None,
    attributes: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    start_time_ms: int | None = None,
    execution_time_ms: int | None = None,
) -> str:
    """Keep something that happened elsewhere as a trace of one span, and return its id.

    Args:
        name: of the trace and its span.
        request: what went in.
        response: what came out.
        intermediate_outputs: what came out on the way, by name.
        attributes: of the span.
        tags: of the trace.
        start_time_ms: when it began, milliseconds since 1970; now unless told.
        execution_time_ms: how long it took.
    """
    start = None if start_time_ms is None else start_time_ms * 1_000_000
    span = start_span_no_context(
        name, inputs=request, attributes=attributes, tags=dict(tags or {}), start_time_ns=start
    )
    if intermediate_outputs:
        span.set_attribute("mlflow.trace.intermediate_outputs", dict(intermediate_outputs))
    end = None
    if execution_time_ms is not None:
        end = (start or span.start_time_ns or 0) + execution_time_ms * 1_000_000
    span.end(outputs=response, end_time_ns=end)
    return span.trace_id


def add_trace(trace: Trace, target: Any = None) -> None:
    """Add the spans of a finished trace, of a remote service for instance, below the current span.

    Args:
        trace: what to add. Outside of a trace it becomes one of its own, with new ids.
        target: the live span to add it to; the current one unless told.
    """
    if not isinstance(trace, Trace):
        raise InvalidArgument(f"add_trace takes a Trace, not {type(trace).__name__}.")
    above = target or get_current_active_span()
    live: dict[str | None, Any] = {}
    for span in trace.data.spans:
        made = start_span_no_context(
            span.name,
            span_type=span.span_type,
            parent_span=live.get(span.parent_id, above),
            inputs=span.inputs,
            attributes=span.attributes,
            start_time_ns=span.start_time_ns,
        )
        for event in span.events:
            made.add_event(event)
        live[span.span_id] = made
    for span in reversed(trace.data.spans):  # children end before their parents
        live[span.span_id].end(outputs=span.outputs, status=span.status, end_time_ns=span.end_time_ns)


def _experiments(given: Sequence[object] | None, run_id: str | None) -> list[str]:
    if isinstance(given, str):
        raise InvalidArgument("experiment_ids is a list: put the id in brackets.")
    if given:
        return [str(getattr(one, "experiment_id", one)) for one in given]
    return [] if run_id is not None else [active_experiment_id()]


def _began(trace: Trace) -> tuple[int, int]:
    """Return when a trace began; infos tell it in milliseconds, spans in nanoseconds."""
    return trace.info.request_time, trace.data.root.start_time_ns if trace.data.root is not None else 0


def _and(*conditions: str | None) -> str:
    said = [condition for condition in conditions if condition]
    return said[0] if len(said) == 1 else " AND ".join(f"({condition})" for condition in said)


def _equals(key: str, value: str | None) -> str | None:
    return None if value is None else f"{key} = '{str(value).replace(chr(39), chr(39) * 2)}'"
