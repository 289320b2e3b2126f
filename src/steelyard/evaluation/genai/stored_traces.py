"""Traces of a store, whole, by their ids."""

from __future__ import annotations

from collections.abc import Sequence

from steelyard.records import Store, Trace
from steelyard.tracking import get_store
from steelyard.tracking.trace_reading import with_spans


def find_traces(store: Store, trace_ids: Sequence[str]) -> dict[str, Trace]:
    """Return those of the traces that a store has, with their spans."""
    found = with_spans(store, list(store.traces.infos(trace_ids).values()))
    return {trace.info.trace_id: trace for trace in found}


def find_stored_traces(trace_ids: Sequence[str]) -> dict[str, Trace]:
    """Return those of the traces that the current store has."""
    return find_traces(get_store(), trace_ids)
