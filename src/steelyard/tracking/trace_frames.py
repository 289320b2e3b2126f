"""Traces as a frame with MLflow's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument, MissingDependency
from steelyard.records import Trace

if TYPE_CHECKING:
    import pandas as pd


def traces_frame(traces: Sequence[Trace], extract_fields: Sequence[str] = ()) -> pd.DataFrame:
    """Return traces as a frame, a row each.

    Args:
        traces: the rows.
        extract_fields: further columns; see ``search_traces``.

    Raises:
        MissingDependency: without pandas.
        InvalidArgument: if a field is not of the form ``<span>.inputs`` or ``<span>.outputs``, with or without a field.
    """
    fields = [_field(text) for text in extract_fields]
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingDependency(
            "pandas", extra="ml", purpose="return traces as a frame (or use return_type='list')"
        ) from error
    infos = [trace.info for trace in traces]
    columns: dict[str, list[Any]] = {
        "trace_id": [info.trace_id for info in infos],
        "trace": list(traces),
        "client_request_id": [info.client_request_id for info in infos],
        "state": [info.state for info in infos],
        "request_time": [info.request_time for info in infos],
        "execution_duration": [info.execution_duration for info in infos],
        "request": [trace.inputs for trace in traces],
        "response": [trace.outputs for trace in traces],
        "trace_metadata": [dict(info.trace_metadata) for info in infos],
        "tags": [dict(info.tags) for info in infos],
        "spans": [list(trace.data.spans) for trace in traces],
        "assessments": [list(info.assessments) for info in infos],
    }
    for text, (span, side, path) in zip(extract_fields, fields, strict=True):
        columns[text] = [_extract(trace, span, side, path) for trace in traces]
    numbers = ("request_time", "execution_duration")
    return pd.DataFrame(
        {name: values if name in numbers else pd.Series(values, dtype=object) for name, values in columns.items()}
    )


def _field(text: str) -> tuple[str, str, str]:
    for side in ("inputs", "outputs"):
        span, found, path = text.partition(f".{side}")
        if found and span and (not path or path.startswith(".")):
            return span.strip("`"), side, path[1:].strip("`")
    raise InvalidArgument(
        f"extract_fields has {text!r}. A field is '<span>.inputs' or '<span>.outputs', or a field of these, such as "
        "'retrieve.inputs.question'."
    )


def _extract(trace: Trace, name: str, side: str, path: str) -> Any:
    span = next((span for span in trace.data.spans if span.name == name), None)
    value = None if span is None else getattr(span, side)
    if not path:
        return value
    return value.get(path) if isinstance(value, Mapping) else None
