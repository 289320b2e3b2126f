"""MLflow's own rows: ``inputs``, ``outputs``, ``expectations``, ``tags``, ``trace``, ``source``, ``request_id``."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from steelyard.data.json_values import evident
from steelyard.data.shapes.parts import SESSION_KEYS, Parts, Raw, Shape, rest
from steelyard.errors import DataError

COLUMNS = ("inputs", "outputs", "expectations", "tags", "trace")
_KNOWN = {*COLUMNS, "source", "request_id", "dataset_record_id", "metadata", "id", "trace_id", *SESSION_KEYS}
TRACE_COLUMNS = {
    "trace_id", "client_request_id", "state", "request_time", "execution_duration", "request", "response",
    "trace_metadata", "spans", "assessments",
}  # fmt: skip
"""Further columns of the frame that ``search_traces`` returns; a trace says all of it again."""

_WITH_TRACE = (*COLUMNS, *TRACE_COLUMNS)
_ALIKE = 0.8


def _own(keys: Raw) -> bool:
    if "trace" in keys or ("trace_id" in keys and "trace_metadata" in keys):
        return True
    return "inputs" in keys and ("expectations" in keys or set(keys) <= _KNOWN - {"metadata", "id"})


def _read(raw: Raw) -> Parts:
    for key in raw:
        if key not in _KNOWN:
            refuse_near_miss(key, raw)
    trace = raw.get("trace")
    if trace is None and "inputs" not in raw and raw.get("trace_id") is not None:
        trace = raw["trace_id"]
    if "inputs" not in raw and trace is None:
        raise DataError("'inputs' is missing: give a dict of predict_fn's arguments, or a 'trace'.")
    traced = trace is not None
    return Parts(
        inputs=raw.get("inputs"),
        outputs=raw.get("outputs"),
        given="outputs" in raw,
        expectations=_expectations(raw.get("expectations")),
        tags=raw.get("tags"),
        metadata=rest(raw, _WITH_TRACE if traced else COLUMNS),
        trace=trace,
    )


def refuse_near_miss(key: Any, raw: Raw) -> None:
    """Refuse a key that looks like a mistyped column which the row lacks.

    Raises:
        DataError: the key is nearly the name of a column.
    """
    if not isinstance(key, str):
        message = f"The row has the key {key!r}, a {type(key).__name__}: keys must be texts."
        raise DataError(message)
    column = _nearly(key)
    if column and column not in raw:
        message = f"There is a key {key!r} and no {column!r}. Did you mean {column!r}?"
        raise DataError(message)


@lru_cache(maxsize=1024)
def _nearly(key: str) -> str | None:
    alike = {column: SequenceMatcher(None, key.lower(), column).ratio() for column in COLUMNS}
    best = max(COLUMNS, key=alike.__getitem__)
    return best if key not in COLUMNS and alike[best] >= _ALIKE else None


def _expectations(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    value = evident(value) if not isinstance(value, dict) else value
    if isinstance(value, Mapping):
        return value
    message = (
        f"expectations is a {type(value).__name__} ({str(value)[:60]!r}): give a dict such as "
        "{'expected_response': …} or {'expected_facts': […]}."
    )
    raise DataError(message)


MLFLOW = Shape(name="MLflow", needs=(("inputs", "trace", "trace_id"),), fits=_own, read=_read)
MLFLOW_WITH_MORE = Shape(
    name="MLflow", needs=(("inputs", "trace", "trace_id"),), fits=lambda keys: "inputs" in keys, read=_read
)
