"""Live spans: what ``start_span`` yields, with MLflow's methods, over a span of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import INVALID_SPAN, Link, SpanContext, Status, StatusCode

from steelyard.errors import InvalidArgument
from steelyard.records import SpanEvent, SpanStatus, SpanType
from steelyard.tracing.ambient import destination_id, recording
from steelyard.tracing.dialects.mlflow import INPUTS, OUTPUTS, TYPE
from steelyard.tracing.finishing import span_name, span_status, trace_name
from steelyard.tracing.provider import tracer
from steelyard.tracing.recording import registry
from steelyard.tracing.sinks import tell_once
from steelyard.tracing.snapshot import decoded, json_value, snapshot

DESCRIPTION = "mlflow.spanDescription"


class LiveSpan:
    """A span that has not ended. Where nothing is recorded its methods do nothing."""

    __slots__ = ("_span",)

    def __init__(self, span: otel.Span) -> None:
        self._span = span

    @property
    def otel_span(self) -> otel.Span:
        """The span of OpenTelemetry."""
        return self._span

    @property
    def trace_id(self) -> str:
        """``tr-`` and 32 hexadecimal digits."""
        return trace_name(self._span.get_span_context().trace_id)

    @property
    def request_id(self) -> str:
        return self.trace_id

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits."""
        return span_name(self._span.get_span_context().span_id)

    @property
    def parent_id(self) -> str | None:
        """The span above; None for the root."""
        parent = self._span.parent if isinstance(self._span, ReadableSpan) else None
        return None if parent is None or _is_captured_root(parent) else span_name(parent.span_id)

    @property
    def name(self) -> str:
        return self._span.name if isinstance(self._span, ReadableSpan) else ""

    @property
    def start_time_ns(self) -> int | None:
        return self._span.start_time if isinstance(self._span, ReadableSpan) else None

    @property
    def end_time_ns(self) -> int | None:
        return self._span.end_time if isinstance(self._span, ReadableSpan) else None

    @property
    def status(self) -> SpanStatus:
        if not isinstance(self._span, ReadableSpan):
            return SpanStatus()
        return span_status(self._span)

    @property
    def attributes(self) -> dict[str, Any]:
        """What has been set so far."""
        return dict(self._span.attributes or {}) if isinstance(self._span, ReadableSpan) else {}

    @property
    def span_type(self) -> str:
        return self.get_attribute(TYPE) or SpanType.UNKNOWN

    @property
    def inputs(self) -> Any:
        return self.get_attribute(INPUTS)

    @property
    def outputs(self) -> Any:
        return self.get_attribute(OUTPUTS)

    def get_attribute(self, key: str) -> Any:
        """Return an attribute's value, or None."""
        value = self.attributes.get(key)
        return decoded(value) if isinstance(value, str) and key.startswith("mlflow.") else value

    def set_inputs(self, inputs: Any) -> None:
        """Say what went in: any value, written down as JSON now."""
        self._span.set_attribute(INPUTS, snapshot(inputs))

    def set_outputs(self, outputs: Any) -> None:
        """Say what came out."""
        self._span.set_attribute(OUTPUTS, snapshot(outputs))

    def set_span_type(self, span_type: str) -> None:
        """Say what the span does; see ``SpanType``."""
        self._span.set_attribute(TYPE, snapshot(str(span_type)))

    def set_attribute(self, key: str, value: Any) -> None:
        """Set an attribute: any value, written down now."""
        self._span.set_attribute(str(key), _attribute(str(key), value))

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set several attributes."""
        if not isinstance(attributes, Mapping):
            raise InvalidArgument(f"Attributes are a mapping of names to values, not {type(attributes).__name__}.")
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def set_status(self, status: str | SpanStatus | StatusCode | Status, description: str | None = None) -> None:
        """Say how it went: ``OK``, ``ERROR`` or ``UNSET``."""
        self._span.set_status(_status(status, description))

    def record_exception(self, exception: BaseException | str) -> None:
        """Keep an exception as an event, and the status ERROR."""
        error = exception if isinstance(exception, BaseException) else RuntimeError(exception)
        self._span.record_exception(error)
        self._span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))

    def add_event(
        self, event: SpanEvent | str, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None
    ) -> None:
        """Keep something that happened at one moment.

        Args:
            event: the event, or its name.
            attributes: of an event given by name.
            timestamp: nanoseconds since 1970; now unless told.
        """
        if isinstance(event, SpanEvent):
            event, attributes, timestamp = event.name, event.attributes, event.timestamp or timestamp
        values = {key: _attribute(key, value) for key, value in (attributes or {}).items()}
        self._span.add_event(event, values, timestamp)

    def add_link(self, link: Link | SpanContext) -> None:
        """Point to a span of another trace."""
        found = link if isinstance(link, Link) else Link(link)
        self._span.add_link(found.context, found.attributes)

    def end(
        self,
        outputs: Any = None,
        attributes: Mapping[str, Any] | None = None,
        status: str | SpanStatus | StatusCode | Status | None = None,
        end_time_ns: int | None = None,
    ) -> None:
        """End a span of ``start_span_no_context``."""
        if outputs is not None:
            self.set_outputs(outputs)
        if attributes:
            self.set_attributes(attributes)
        if status is not None:
            self.set_status(status)
        self._span.end(end_time_ns)


def get_current_active_span() -> LiveSpan | None:
    """Return the span that the running code is part of, whoever made it, or None.

    Examples:
        >>> get_current_active_span() is None
        True
    """
    span = otel.get_current_span()
    return LiveSpan(span) if span.is_recording() else None


@contextmanager
def start_span(
    name: str = "span",
    span_type: str | None = SpanType.UNKNOWN,
    attributes: Mapping[str, Any] | None = None,
    trace_destination: object = None,
    log_level: object = None,
    run_id: str | None = None,
    links: Sequence[Link] | None = None,
    description: str | None = None,
) -> Generator[LiveSpan]:
    """Open a span around a block. It ends with the block; an exception that leaves the block is recorded.

    Args:
        name: what people read.
        span_type: one of ``SpanType``, or a word of your own.
        attributes: to begin with.
        trace_destination: the experiment of the trace, if the span begins one.
        log_level: accepted for MLflow's callers.
        run_id: the run that the trace belongs to, if the span begins one; the active run unless told.
        links: spans of other traces that this one has to do with.
        description: a sentence on it.

    Examples:
        >>> with start_span("retrieve", span_type="RETRIEVER") as span:
        ...     span.set_inputs({"question": "why?"})
        ...     span.set_outputs(["because"])
    """
    live = open_span(name, span_type, attributes, links=links, description=description)
    if live is None:
        yield LiveSpan(INVALID_SPAN)
        return
    span = live.otel_span
    label_new_trace(span, trace_destination, run_id)
    token = otel_context.attach(otel.set_span_in_context(span))
    try:
        yield live
    except BaseException as error:
        fail(span, error)
        raise
    finally:
        otel_context.detach(token)
        span.end()


def start_span_no_context(
    name: str,
    span_type: str | None = SpanType.UNKNOWN,
    parent_span: LiveSpan | None = None,
    inputs: Any = None,
    attributes: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    experiment_id: str | None = None,
    start_time_ns: int | None = None,
    log_level: object = None,
    links: Sequence[Link] | None = None,
) -> LiveSpan:
    """Begin a span that is not the current one of any code; end it with ``span.end()``.

    Args:
        name, span_type, attributes, links: as for ``start_span``.
        parent_span: the span above it; without one it begins a trace.
        inputs: what goes in.
        tags, metadata, experiment_id: of the trace, if the span begins one.
        start_time_ns: nanoseconds since 1970; now unless told.
        log_level: accepted for MLflow's callers.
    """
    parent = otel.set_span_in_context(INVALID_SPAN if parent_span is None else parent_span.otel_span)
    live = open_span(name, span_type, attributes, links=links, parent=parent, start_time_ns=start_time_ns)
    if live is None:
        return LiveSpan(INVALID_SPAN)
    if inputs is not None:
        live.set_inputs(inputs)
    if parent_span is None:
        label_new_trace(live.otel_span, experiment_id, None)
        trace = registry.find(live.otel_span.get_span_context().trace_id)
        if trace is not None:
            trace.facts.tags.update({key: str(value) for key, value in (tags or {}).items()})
            trace.facts.metadata.update({key: str(value) for key, value in (metadata or {}).items()})
    return live


def open_span(
    name: str,
    span_type: str | None,
    attributes: Mapping[str, Any] | None,
    *,
    links: Sequence[Link] | None = None,
    parent: otel_context.Context | None = None,
    start_time_ns: int | None = None,
    description: str | None = None,
) -> LiveSpan | None:
    """Begin a span; return None where nothing is recorded."""
    if not recording():
        return None
    try:
        first: dict[str, Any] = {TYPE: snapshot(span_type or SpanType.UNKNOWN)}
        for key, value in (attributes or {}).items():
            first[key] = _attribute(key, value)
        if description:
            first[DESCRIPTION] = snapshot(description)
        span = tracer().start_span(
            str(name), parent, attributes=first, links=links, start_time=start_time_ns, record_exception=False
        )
        return LiveSpan(span)
    except InvalidArgument:
        raise
    except Exception as error:  # recording never breaks the application
        tell_once("begin a span", error)
        return None


def fail(span: otel.Span, error: BaseException) -> None:
    """Record the exception that ended a span."""
    try:
        span.record_exception(error)
        span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
    except Exception as own:  # the text of an exception is the application's code too
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        tell_once("record an exception", own)


def label_new_trace(span: otel.Span, destination: object, run_id: str | None) -> None:
    """Send the trace that a span has begun to an experiment and a run of the caller's choosing."""
    if destination is None and run_id is None:
        return
    from steelyard.records import RUN_KEY

    context = span.get_span_context()
    trace = registry.find(context.trace_id)
    if trace is None or trace.root_id != context.span_id:
        return
    experiment = destination_id(destination)
    if experiment is not None:
        trace.facts.experiment_id = experiment
    if run_id is not None:
        trace.facts.metadata[RUN_KEY] = run_id


def _attribute(key: str, value: Any) -> Any:
    """Return a value as OpenTelemetry's attributes have it; MLflow's own keys hold JSON."""
    if key.startswith("mlflow."):
        return snapshot(value)
    return value if isinstance(value, (str, bool, int, float)) else json_value(value)


def _status(status: str | SpanStatus | StatusCode | Status, description: str | None) -> Status:
    if isinstance(status, Status):
        return status
    if isinstance(status, SpanStatus):
        status, description = status.status_code, status.description
    word = getattr(status, "name", str(status)).upper()
    if word not in ("OK", "ERROR", "UNSET"):
        raise InvalidArgument(f"A span's status is 'OK', 'ERROR' or 'UNSET', not {status!r}.")
    return Status(StatusCode[word], description if word == "ERROR" else None)


def _is_captured_root(parent: SpanContext) -> bool:
    trace = registry.find(parent.trace_id)
    return trace is not None and trace.captured and trace.root_id == parent.span_id
