"""Traces of a store, whole, by their ids."""

from __future__ import annotations

from collections.abc import Sequence

from steelyard.records import Store, Trace, TraceData
from steelyard.tracking import get_store


def find_traces(store: Store, trace_ids: Sequence[str]) -> dict[str, Trace]:
    """Return those of the traces that a store has, with their spans."""
    infos = store.traces.infos(trace_ids)
    spans = store.traces.spans(list(infos))
    return {trace_id: Trace(info, TraceData(spans.get(trace_id, ()))) for trace_id, info in infos.items()}


def find_stored_traces(trace_ids: Sequence[str]) -> dict[str, Trace]:
    """Return those of the traces that the current store has."""
    return find_traces(get_store(), trace_ids)
