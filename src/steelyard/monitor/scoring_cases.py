"""What a monitor's scorer looks at: stored traces and sessions, as an evaluation of them would show them."""

from __future__ import annotations

from collections.abc import Sequence

from steelyard.evaluation.genai.rows.traces import traced
from steelyard.evaluation.genai.stored_traces import find_traces
from steelyard.records import Case, Row, Store, Trace
from steelyard.records.monitor import Monitor
from steelyard.tracking.trace_reading import collect_infos, with_spans

MOST_OF_A_SESSION = 1_000
"""Traces of a session that a judge is shown: the first ones, so that a session keeps its beginning."""


def cases_of(store: Store, monitor: Monitor, subjects: Sequence[str]) -> dict[str, Case]:
    """Return the cases of traces or sessions, by their ids; what was deleted is left out."""
    if monitor.level == "trace":
        return {trace_id: case_of_trace(trace) for trace_id, trace in find_traces(store, subjects).items()}
    found = ((session, session_traces(store, monitor.experiment_id, session)) for session in subjects)
    return {session: case_of_session(session, traces) for session, traces in found if traces}


def case_of_trace(trace: Trace) -> Case:
    """Return a trace as an evaluation of stored traces shows it to scorers."""
    row = traced(Row(index=0, row_id=trace.info.trace_id), trace)
    return Case(
        inputs=row.inputs,
        outputs=row.outputs,
        expectations=row.expectations,
        tags=row.tags,
        metadata=row.metadata,
        trace=trace,
        row_id=row.row_id,
    )


def case_of_session(session: str, traces: Sequence[Trace]) -> Case:
    """Return a session, whose feedback stands on its first trace."""
    first = case_of_trace(traces[0])
    logged = (found for trace in traces for found in trace.info.assessments)
    return Case(
        inputs=first.inputs,
        outputs=traces[-1].outputs,
        expectations={found.name: found.value for found in logged if found.kind == "expectation" and found.valid},
        tags=first.tags,
        metadata=first.metadata,
        trace=traces[0],
        session=tuple(traces),
        row_id=session,
    )


def session_traces(store: Store, experiment_id: str, session: str) -> list[Trace]:
    """Return the traces of a session by the time they began, the first thousand."""
    infos = collect_infos(
        store,
        [experiment_id],
        f"session = {_quoted(session)}",
        limit=MOST_OF_A_SESSION,
        order_by=("timestamp ASC",),
    )
    return with_spans(store, infos)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
