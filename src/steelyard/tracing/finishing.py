"""From the spans of OpenTelemetry to the trace that is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from steelyard.records import (
    PREVIEW_LENGTH,
    SESSION_KEY,
    TRACE_NAME_TAG,
    USER_KEY,
    Assessment,
    Span,
    SpanEvent,
    SpanStatus,
    Trace,
    TraceData,
    TraceInfo,
    Usage,
)
from steelyard.tracing.dialects import Normalised, normalise
from steelyard.tracing.origin import Origin
from steelyard.tracing.previews import preview
from steelyard.tracing.prices import priced
from steelyard.tracing.usage import trace_usage

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from steelyard.records.trace import SpanStatusCode, TraceState

UNFINISHED_KEY = "steelyard.trace.unfinishedSpans"
"""Metadata: how many spans were still running when a captured trace was closed; they are not in it."""


class Facts:
    """What is known of a trace besides its spans. The application may change it while the trace is open."""

    __slots__ = (
        "address",
        "assessments",
        "client_request_id",
        "experiment_id",
        "info",
        "metadata",
        "request_preview",
        "response_preview",
        "state",
        "tags",
    )

    def __init__(self, origin: Origin) -> None:
        self.experiment_id = origin.experiment_id
        self.address = origin.address
        self.metadata: dict[str, str] = dict(origin.metadata)
        self.tags: dict[str, str] = {}
        self.client_request_id: str | None = None
        self.request_preview: str | None = None
        self.response_preview: str | None = None
        self.state: TraceState | None = None
        self.assessments: tuple[Assessment, ...] = ()
        self.info: TraceInfo | None = None  # as it was last handed on, for spans that come later


class Finished:
    """A finished trace, or the late spans of one, not yet turned into a record: that is left to another thread."""

    __slots__ = ("facts", "root_id", "spans", "trace_id")

    def __init__(self, trace_id: int, root_id: int, spans: Sequence[ReadableSpan], facts: Facts) -> None:
        self.trace_id = trace_id
        self.root_id = root_id
        self.spans = spans
        self.facts = facts

    @property
    def name(self) -> str:
        return trace_name(self.trace_id)

    def build(self) -> Trace:
        """Return the record. Late spans come as a trace of these spans alone, with the infos of the whole."""
        spans, notes = read_spans(self.spans)
        before = self.facts.info
        info = trace_info(self.name, spans, notes, self.facts, root_id=span_name(self.root_id))
        if before is not None:
            info = _with_late(before, spans, info)
        self.facts.info = info
        return Trace(info, TraceData(spans))


def trace_name(trace_id: int) -> str:
    """Return a trace's id as it is written."""
    return f"tr-{trace_id:032x}"


def span_name(span_id: int) -> str:
    """Return a span's id as it is written."""
    return f"{span_id:016x}"


def read_spans(spans: Sequence[ReadableSpan]) -> tuple[tuple[Span, ...], dict[str, str]]:
    """Return the spans as records, parents before their children, and what they say of session and user."""
    read = [read_span(span) for span in spans]
    notes: dict[str, str] = {}
    for _, meaning in read:
        if meaning.session is not None:
            notes.setdefault(SESSION_KEY, meaning.session)
        if meaning.user is not None:
            notes.setdefault(USER_KEY, meaning.user)
    return in_order([span for span, _ in read]), notes


def read_span(span: ReadableSpan) -> tuple[Span, Normalised]:
    """Return a span of OpenTelemetry as a record, and what its attributes mean."""
    context, parent = span.get_span_context(), span.parent
    if context is None:
        raise ValueError(f"The span {span.name!r} has no id.")
    events = tuple(SpanEvent(event.name, event.timestamp, dict(event.attributes or {})) for event in span.events)
    attributes = span.attributes
    copy = getattr(attributes, "copy", None)  # quicker than what dict() does with OpenTelemetry's own mapping
    given = copy() if copy is not None else dict(attributes or {})
    meaning = normalise(given, name=span.name, events=events)
    start = span.start_time or 0
    return (
        Span(
            trace_id=trace_name(context.trace_id),
            span_id=span_name(context.span_id),
            parent_id=None if parent is None else span_name(parent.span_id),
            name=span.name,
            start_time_ns=start,
            end_time_ns=span.end_time,
            span_type=meaning.span_type,
            status=_status(span, meaning),
            inputs=meaning.inputs,
            outputs=meaning.outputs,
            attributes=meaning.attributes,
            events=events,
            model=meaning.model,
            usage=priced(meaning.usage, model=meaning.model, provider=meaning.provider, time_ns=start),
        ),
        meaning,
    )


def span_status(span: ReadableSpan) -> SpanStatus:
    """Return how a span of OpenTelemetry stands."""
    code: SpanStatusCode = "UNSET"
    if not span.status.is_unset:
        code = "OK" if span.status.is_ok else "ERROR"
    return SpanStatus(code, span.status.description or "")


def _status(span: ReadableSpan, meaning: Normalised) -> SpanStatus:
    status = span_status(span)
    if status.status_code == "UNSET" and meaning.ours and span.end_time is not None:
        return SpanStatus("OK")  # a traced function that came to its end
    return status


def in_order(spans: list[Span]) -> tuple[Span, ...]:
    """Return spans with parents before their children, and by the time they began."""
    if len(spans) == 1:
        return (spans[0],)
    spans.sort(key=lambda span: span.start_time_ns)
    known = {span.span_id for span in spans}
    below: dict[str | None, list[Span]] = {}
    for span in spans:
        below.setdefault(span.parent_id if span.parent_id in known else None, []).append(span)
    ordered: list[Span] = []
    stack = below.pop(None, [])[::-1]
    while stack:
        span = stack.pop()
        ordered.append(span)
        stack.extend(reversed(below.pop(span.span_id, ())))
    for circle in below.values():  # spans from elsewhere may be each other's parents; none is lost
        ordered.extend(circle)
    return tuple(ordered)


def trace_info(
    name: str, spans: Sequence[Span], notes: Mapping[str, str], facts: Facts, *, root_id: str | None = None
) -> TraceInfo:
    """Return what is known of a trace: the root's times, previews and state, and what the application said."""
    root = next((span for span in spans if span.span_id == root_id), spans[0] if spans else None)
    tags = dict(facts.tags)
    if root is not None:
        tags.setdefault(TRACE_NAME_TAG, root.name)
    return TraceInfo(
        trace_id=name,
        experiment_id=facts.experiment_id,
        request_time=0 if root is None else root.start_time_ns // 1_000_000,
        execution_duration=None if root is None else _milliseconds(root),
        state=facts.state or _state(root, root_id),
        request_preview=_given(facts.request_preview) or preview(None if root is None else root.inputs),
        response_preview=_given(facts.response_preview) or preview(None if root is None else root.outputs),
        client_request_id=facts.client_request_id,
        trace_metadata={**notes, **facts.metadata},
        tags=tags,
        assessments=facts.assessments,
        usage=trace_usage(spans),
        n_spans=len(spans),
    )


def _given(text: str | None) -> str:
    return (text or "")[:PREVIEW_LENGTH]


def _milliseconds(span: Span) -> float | None:
    return None if span.end_time_ns is None else (span.end_time_ns - span.start_time_ns) / 1_000_000


def _state(root: Span | None, root_id: str | None) -> TraceState:
    if root is None or root.end_time_ns is None or (root_id is not None and root.span_id != root_id):
        return "IN_PROGRESS"
    return "ERROR" if root.status.status_code == "ERROR" else "OK"


def _with_late(before: TraceInfo, late: Sequence[Span], info: TraceInfo) -> TraceInfo:
    """Return a trace's infos after further spans: what its root said stays."""
    root_came = any(span.parent_id is None for span in late)
    keep = info if root_came else before
    return replace(
        keep,
        usage=_sum(before.usage, info.usage),
        n_spans=before.n_spans + len(late),
        tags={},  # the store has them, perhaps changed since
        assessments=(),
        trace_metadata={**before.trace_metadata, **info.trace_metadata},
    )


def _sum(first: Usage | None, second: Usage | None) -> Usage | None:
    if first is None or second is None:
        return first or second
    return first + second
