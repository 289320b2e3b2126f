"""Traces: what an application did for one request, as a tree of OpenTelemetry spans, arranged as MLflow arranges it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from steelyard.records.assessment import Assessment

SpanStatusCode = Literal["UNSET", "OK", "ERROR"]
TraceState = Literal["STATE_UNSPECIFIED", "IN_PROGRESS", "OK", "ERROR"]

TRACE_NAME_TAG = "mlflow.traceName"
REQUEST_ID_TAG = "mlflow.eval.requestId"
RUN_KEY = "mlflow.sourceRun"
SESSION_KEY = "mlflow.trace.session"
USER_KEY = "mlflow.trace.user"
PREVIEW_LENGTH = 1000


class SpanType:
    """MLflow's names for what a span does; any other text may stand in their place."""

    LLM = "LLM"
    CHAIN = "CHAIN"
    AGENT = "AGENT"
    TOOL = "TOOL"
    CHAT_MODEL = "CHAT_MODEL"
    RETRIEVER = "RETRIEVER"
    PARSER = "PARSER"
    EMBEDDING = "EMBEDDING"
    RERANKER = "RERANKER"
    MEMORY = "MEMORY"
    UNKNOWN = "UNKNOWN"
    WORKFLOW = "WORKFLOW"
    TASK = "TASK"
    GUARDRAIL = "GUARDRAIL"
    EVALUATOR = "EVALUATOR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens and money. ``cost`` is in US dollars; None where no price is known."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost: float | None = None

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        known = [cost for cost in (self.cost, other.cost) if cost is not None]
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            cost=sum(known) if known else None,
        )


@dataclass(frozen=True, slots=True)
class SpanStatus:
    """How a span ended."""

    status_code: SpanStatusCode = "UNSET"
    description: str = ""


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened at one moment of a span, such as an exception. ``timestamp`` in ns since 1970."""

    name: str
    timestamp: int
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpanLink:
    """A span of this or another trace that has to do with this one."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    trace_state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanOrigin:
    """What made a span: OpenTelemetry's resource and scope. Many spans share one.

    Args:
        resource: attributes of the process, such as ``service.name``.
        scope, version: the instrumentation library.
        scope_attributes: its own attributes.
        resource_schema, scope_schema: the URLs of their schemas.
    """

    resource: Mapping[str, Any] = field(default_factory=dict)
    scope: str = ""
    version: str = ""
    scope_attributes: Mapping[str, Any] = field(default_factory=dict)
    resource_schema: str = ""
    scope_schema: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One step of a trace.

    Args:
        trace_id: ``tr-`` and 32 hexadecimal digits, those of the OpenTelemetry trace id.
        span_id: 16 hexadecimal digits.
        parent_id: the span it is part of; None for the root.
        name: what people read.
        span_type: one of :class:`SpanType`, or a word of the application's own.
        start_time_ns: nanoseconds since 1970, UTC.
        end_time_ns: the same; None while it runs.
        inputs: what went in, as JSON values.
        outputs: what came out.
        attributes: every other attribute, as it arrived, decoded.
        model: the language model that answered, where the span is a call of one.
        usage: tokens and cost of this span alone, where it is a call of a model.
        kind: OpenTelemetry's: INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER or UNSPECIFIED.
        links: other spans that it has to do with.
        origin: what made it, where that was told.
        trace_state: the W3C trace state, as it came.
        dropped: how many of its attributes, events and links its sender left out.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_time_ns: int
    end_time_ns: int | None = None
    span_type: str = SpanType.UNKNOWN
    status: SpanStatus = SpanStatus()
    inputs: Any = None
    outputs: Any = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[SpanEvent, ...] = ()
    model: str = ""
    usage: Usage | None = None
    kind: str = "INTERNAL"
    links: tuple[SpanLink, ...] = ()
    origin: SpanOrigin | None = None
    trace_state: str = ""
    dropped: tuple[int, int, int] = (0, 0, 0)

    def get_attribute(self, key: str) -> Any:
        """Return an attribute's value, or None."""
        return self.attributes.get(key)


class SpanLine(NamedTuple):
    """A span without its content, as a line of an outline; the fields are those of :class:`Span`.

    A tuple, for a trace may have tens of thousands and a page shows them at once.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    span_type: str
    start_time_ns: int
    end_time_ns: int | None
    status: SpanStatus
    model: str
    usage: Usage | None


OutlinedSpan: TypeAlias = Span | SpanLine
"""What an outline is read from: its own lines, or whole spans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceInfo:
    """A trace without its spans.

    Args:
        trace_id: ``tr-`` and 32 hexadecimal digits.
        experiment_id: where it belongs.
        request_time: milliseconds since 1970, UTC.
        execution_duration: milliseconds; None while it runs.
        request_preview: the beginning of the root span's inputs, at most 1,000 characters.
        response_preview: the beginning of its outputs.
        trace_metadata: facts that do not change, such as the session, the user and the run.
        tags: labels that may change.
        assessments: feedback and expectations, where they were asked for.
        usage: tokens and cost of all its model calls, each counted once.
    """

    trace_id: str
    experiment_id: str = "0"
    request_time: int = 0
    execution_duration: float | None = None
    state: TraceState = "STATE_UNSPECIFIED"
    request_preview: str = ""
    response_preview: str = ""
    client_request_id: str | None = None
    trace_metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    assessments: tuple[Assessment, ...] = ()
    usage: Usage | None = None
    n_spans: int = 0

    @property
    def request_id(self) -> str:
        return self.trace_id

    @property
    def name(self) -> str:
        return self.tags.get(TRACE_NAME_TAG, "")

    @property
    def run_id(self) -> str | None:
        return self.trace_metadata.get(RUN_KEY)

    @property
    def session(self) -> str | None:
        return self.trace_metadata.get(SESSION_KEY)

    @property
    def user(self) -> str | None:
        return self.trace_metadata.get(USER_KEY)

    @property
    def status(self) -> TraceState:
        return self.state

    @property
    def timestamp_ms(self) -> int:
        return self.request_time

    @property
    def execution_time_ms(self) -> float | None:
        return self.execution_duration

    @property
    def token_usage(self) -> dict[str, int] | None:
        """Tokens under MLflow's keys; None if no model was called."""
        if self.usage is None:
            return None
        return {
            "input_tokens": self.usage.input_tokens,
            "output_tokens": self.usage.output_tokens,
            "total_tokens": self.usage.total_tokens,
        }

    @property
    def cost(self) -> dict[str, float] | None:
        """The price of its model calls in US dollars; None if unknown."""
        if self.usage is None or self.usage.cost is None:
            return None
        return {"total_cost": self.usage.cost}


@dataclass(frozen=True, slots=True)
class TraceData:
    """The spans of a trace, parents before their children."""

    spans: tuple[Span, ...] = ()

    @property
    def root(self) -> Span | None:
        return next((span for span in self.spans if span.parent_id is None), self.spans[0] if self.spans else None)

    @property
    def request(self) -> str | None:
        """The root span's inputs as JSON."""
        return None if self.root is None or self.root.inputs is None else json.dumps(self.root.inputs, default=str)

    @property
    def response(self) -> str | None:
        """The root span's outputs as JSON."""
        return None if self.root is None or self.root.outputs is None else json.dumps(self.root.outputs, default=str)


@dataclass(frozen=True, slots=True, repr=False)
class Trace:
    """A trace with its spans."""

    info: TraceInfo
    data: TraceData = field(default_factory=TraceData)

    def __repr__(self) -> str:
        info = self.info
        return (
            f"Trace(trace_id={info.trace_id!r}, state={info.state!r}, name={info.name!r}, {len(self.data.spans)} spans)"
        )

    @property
    def inputs(self) -> Any:
        """What the application was given."""
        return None if self.data.root is None else self.data.root.inputs

    @property
    def outputs(self) -> Any:
        """What it gave back."""
        return None if self.data.root is None else self.data.root.outputs

    def search_spans(
        self, span_type: str | None = None, name: str | None = None, span_id: str | None = None
    ) -> list[Span]:
        """Return the spans that have all of these, in the order of the trace."""
        return [
            span
            for span in self.data.spans
            if span_type in (None, span.span_type) and name in (None, span.name) and span_id in (None, span.span_id)
        ]

    def search_assessments(
        self,
        name: str | None = None,
        type: Literal["feedback", "expectation"] | None = None,  # noqa: A002 - MLflow's names
        all: bool = False,  # noqa: A002
    ) -> list[Assessment]:
        """Return its assessments of a name and a kind; those that were overridden only if ``all`` is true."""
        return [
            found
            for found in self.info.assessments
            if name in (None, found.name) and type in (None, found.kind) and (all or found.valid)
        ]

    def children(self, span_id: str | None) -> Iterator[Span]:
        """Yield the spans directly under one; under None, the roots."""
        return (span for span in self.data.spans if span.parent_id == span_id)
