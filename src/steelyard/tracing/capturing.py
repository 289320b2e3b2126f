"""``capture()``: everything that happens in one call of a function, as one trace that the caller gets back."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace as otel
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from steelyard.records import Span, SpanEvent, SpanStatus, SpanType, Trace, TraceData
from steelyard.tracing import recording
from steelyard.tracing.ambient import ambient
from steelyard.tracing.finishing import UNFINISHED_KEY, Facts, in_order, read_spans, span_name, trace_info, trace_name
from steelyard.tracing.origin import Origin
from steelyard.tracing.provider import new_span_id, new_trace_id, tracer
from steelyard.tracing.recording import OpenTrace, registry
from steelyard.tracing.snapshot import json_value

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class capture:  # noqa: N801 - used as a function is, in a with statement
    """Gather every span that is made in a block, and in threads and tasks that carry its context, in one trace.

    The trace is returned by ``finish`` and goes to no sink. ``update_current_trace`` works in the block.

    Args:
        name: of the root span, unless the function itself is traced.
        experiment_id: where the trace belongs.
        metadata: facts of the trace.
        tags: its labels.
        function: the function that is called in the block. If it is traced with ``@trace`` and its span is the only one
            directly in the block, that span is the trace's root. Unless told, any traced function is taken for it.

    Examples:
        >>> with capture(name="predict") as captured:
        ...     answer = str.upper("why?")
        >>> trace = captured.finish(inputs={"question": "why?"}, outputs=answer)
        >>> trace.outputs, trace.info.state, trace.info.trace_id == captured.trace_id
        ('WHY?', 'OK', True)
    """

    __slots__ = ("_end", "_function", "_name", "_start", "_token", "_trace", "trace_id")

    def __init__(
        self,
        *,
        name: str = "predict",
        experiment_id: str = "0",
        metadata: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        function: Callable[..., Any] | None = None,
    ) -> None:
        self._name = name
        self._function = None if function is None else _innermost(function)
        around = ambient.get()
        facts = Facts(Origin(experiment_id, around.metadata))
        facts.tags.update(around.tags)
        if metadata:
            facts.metadata.update(metadata)
        if tags:
            facts.tags.update(tags)
        self._trace = OpenTrace(new_trace_id(), new_span_id(), facts, captured=True)
        self.trace_id = trace_name(self._trace.trace_id)
        self._start = self._end = 0
        self._token: Any = None

    def __enter__(self) -> capture:
        tracer()  # so that spans of other packages are recorded too
        trace = self._trace
        registry.begin(trace)
        parent = NonRecordingSpan(SpanContext(trace.trace_id, trace.root_id, is_remote=False, trace_flags=_SAMPLED))
        self._token = otel_context.attach(otel.set_span_in_context(parent))
        self._start = time.time_ns()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end = time.time_ns()
        otel_context.detach(self._token)

    def finish(self, *, inputs: Any = None, outputs: Any = None, error: BaseException | None = None) -> Trace:
        """Return the trace. Spans that end later are not in it.

        Args:
            inputs: what the function was given.
            outputs: what it returned.
            error: what it raised.
        """
        trace = self._trace
        if not self._end:
            self._end = time.time_ns()
        self._start = self._start or self._end  # nothing was called, and that is a trace too
        registry.end(trace)
        if not trace.ended and not trace.running:
            spans, notes = (self._root(inputs, outputs, error),), {}
        else:
            with recording.counting:
                ended, running = list(trace.ended), trace.running
            if running:
                trace.facts.metadata[UNFINISHED_KEY] = str(running)
            spans, notes = read_spans(ended)
            spans = self._rooted(spans, inputs, outputs, error)
        trace.ended = []
        info = trace_info(self.trace_id, spans, notes, trace.facts, root_id=spans[0].span_id)
        return Trace(info, TraceData(spans))

    def _rooted(
        self, spans: tuple[Span, ...], inputs: Any, outputs: Any, error: BaseException | None
    ) -> tuple[Span, ...]:
        """Make the traced function's own span the root, or put one above all."""
        root_id = span_name(self._trace.root_id)
        top = [span for span in spans if span.parent_id == root_id]
        made = self._trace.made or {}
        if len(top) == 1 and len(made) == 1:
            ((span_id, function),) = made.items()
            if span_name(span_id) == top[0].span_id and self._function in (None, _innermost(function)):
                return tuple(replace(span, parent_id=None) if span is top[0] else span for span in spans)
        return in_order([self._root(inputs, outputs, error), *spans])

    def _root(self, inputs: Any, outputs: Any, error: BaseException | None) -> Span:
        return root_span(
            self.trace_id,
            span_name(self._trace.root_id),
            self._name,
            inputs=inputs,
            outputs=outputs,
            error=error,
            start_ns=self._start,
            end_ns=self._end,
        )


def static_trace(
    inputs: Any,
    outputs: Any,
    *,
    name: str = "predict",
    experiment_id: str = "0",
    metadata: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Trace:
    """Return a trace of one span, for an answer that was given elsewhere.

    Examples:
        >>> static_trace({"question": "why?"}, "because").info.response_preview
        'because'
    """
    facts = Facts(Origin(experiment_id, dict(metadata or {})))
    facts.tags.update(tags or {})
    trace_id, now = trace_name(new_trace_id()), time.time_ns()
    root = root_span(
        trace_id, span_name(new_span_id()), name, inputs=inputs, outputs=outputs, error=None, start_ns=now, end_ns=now
    )
    return Trace(trace_info(trace_id, (root,), {}, facts, root_id=root.span_id), TraceData((root,)))


_OK = SpanStatus("OK")


def root_span(
    trace_id: str,
    span_id: str,
    name: str,
    *,
    inputs: Any,
    outputs: Any,
    error: BaseException | None,
    start_ns: int,
    end_ns: int,
) -> Span:
    """Return a span that stands for a whole call."""
    status, events = _OK, ()
    if error is not None:
        status, events = _failure(error, end_ns)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=None,
        name=name,
        start_time_ns=start_ns,
        end_time_ns=end_ns,
        span_type=SpanType.CHAIN,
        status=status,
        inputs=json_value(inputs),
        outputs=json_value(outputs),
        events=events,
    )


def _failure(error: BaseException, time_ns: int) -> tuple[SpanStatus, tuple[SpanEvent, ...]]:
    kind = type(error)
    try:
        message, stack = str(error), "".join(traceback.format_exception(error))
    except Exception:  # the text of an exception is the application's code too
        message, stack = "", ""
    named = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    event = SpanEvent(
        "exception",
        time_ns,
        {"exception.type": named, "exception.message": message, "exception.stacktrace": stack},
    )
    return SpanStatus("ERROR", f"{kind.__name__}: {message}"), (event,)


def _innermost(function: Any) -> Any:
    """Return the function at the bottom of methods, partials and decorators that say what they wrap."""
    for _ in range(50):
        below = getattr(function, "__wrapped__", None) or getattr(function, "__func__", None)
        if below is None and type(function).__name__ == "partial":
            below = function.func
        if below is None:
            break
        function = below
    call = getattr(type(function), "__call__", None)  # noqa: B004 - an object that is called
    return _innermost(call) if hasattr(call, "__wrapped__") else function
