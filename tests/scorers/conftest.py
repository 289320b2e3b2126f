"""Traces and spans as the tests of this folder need them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from steelyard.records.trace import Span, SpanStatus, Trace, TraceData, TraceInfo

TRACE_ID = "tr-" + "0" * 32


def _span(span_id: str, parent: str | None = None, **fields: Any) -> Span:
    given = {"name": span_id, "start_time_ns": 0, "end_time_ns": 1} | fields
    return Span(trace_id=TRACE_ID, span_id=span_id, parent_id=parent, **given)


def _failed(span_id: str, parent: str | None = None, why: str = "boom", **fields: Any) -> Span:
    return _span(span_id, parent, status=SpanStatus("ERROR", why), **fields)


def _trace(*spans: Span, **info: Any) -> Trace:
    return Trace(TraceInfo(trace_id=TRACE_ID, **info), TraceData(tuple(spans)))


def _retrieval(documents: Any, **fields: Any) -> Trace:
    return _trace(_span("root"), _span("search", "root", span_type="RETRIEVER", outputs=documents, **fields))


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Makers of spans and traces: ``span``, ``failed``, ``trace``, ``retrieval``."""
    makers: dict[str, Callable[..., Any]] = {
        "span": _span,
        "failed": _failed,
        "trace": _trace,
        "retrieval": _retrieval,
    }
    return SimpleNamespace(**makers)
