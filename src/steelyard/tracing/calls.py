"""The calls of a traced function: how each becomes a span."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace as otel
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext

from steelyard.tracing.ambient import recording
from steelyard.tracing.arguments import argument_reader
from steelyard.tracing.dialects.mlflow import INPUTS, OUTPUTS
from steelyard.tracing.provider import new_span_id, new_trace_id, share, tracer
from steelyard.tracing.recording import registry
from steelyard.tracing.sinks import tell_once
from steelyard.tracing.snapshot import snapshot, snapshot_arguments
from steelyard.tracing.spans import fail, label_new_trace

Reducer = Callable[[list[Any]], Any]


class Calls:
    """What is the same for every call of one traced function."""

    __slots__ = ("experiment", "first", "function", "links", "name", "ratio", "read", "reducer")

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        first: Mapping[str, Any],
        *,
        links: Sequence[Link] | None,
        reducer: Reducer | None,
        experiment: str | None,
        ratio: float | None,
    ) -> None:
        self.function = function
        self.name = name
        self.first = first
        self.links = links
        self.reducer = reducer
        self.experiment = experiment
        self.ratio = ratio
        self.read = argument_reader(function)

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | None:
        """Begin the span of one call; return None where nothing is recorded."""
        try:
            if not recording():
                return None
            inputs = snapshot_arguments(self.read(args, kwargs))
            span = self._start({**self.first, INPUTS: inputs})
            if self.experiment is not None:
                label_new_trace(span, self.experiment, None)
            _tell_capture(span, self.function)
            return Call(span)
        except Exception as error:  # recording never breaks the application
            tell_once(f"begin the span of {self.name}", error)
            return None

    def _start(self, attributes: dict[str, Any]) -> otel.Span:
        if self.ratio is None or otel.get_current_span().get_span_context().is_valid:
            return tracer().start_span(self.name, attributes=attributes, links=self.links)
        if random.random() >= self.ratio:  # noqa: S311 - a sample, no secret
            return NonRecordingSpan(SpanContext(new_trace_id(), new_span_id(), is_remote=False))
        token = share.set(1.0)
        try:
            return tracer().start_span(self.name, attributes=attributes, links=self.links)
        finally:
            share.reset(token)


class Call:
    """One call that is being recorded. The code in it is run between ``enter`` and ``leave``."""

    __slots__ = ("context", "span", "token")

    def __init__(self, span: otel.Span) -> None:
        self.span = span
        self.context = otel.set_span_in_context(span)
        self.token: Any = None

    def enter(self) -> None:
        self.token = otel_context.attach(self.context)

    def leave(self) -> None:
        otel_context.detach(self.token)

    def succeed(self, result: Any) -> None:
        try:
            self.span.set_attribute(OUTPUTS, snapshot(result))
            self.span.end()
        except Exception as error:  # recording never breaks the application
            tell_once("end a span", error)

    def fail(self, error: BaseException) -> None:
        fail(self.span, error)
        self.span.end()


def _tell_capture(span: otel.Span, function: Callable[..., Any]) -> None:
    """Let a ``capture()`` know which function made a span directly under it."""
    parent = getattr(span, "parent", None)
    if parent is None:
        return
    above = registry.open.get(parent.trace_id)
    if above is not None and above.made is not None and above.root_id == parent.span_id:
        above.made[span.get_span_context().span_id] = function
