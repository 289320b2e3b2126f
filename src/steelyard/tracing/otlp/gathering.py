"""From the spans of a request to its parts: each span made a record, and put with the others of its trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steelyard.records import (
    SESSION_KEY,
    TRACE_NAME_TAG,
    USER_KEY,
    Assessment,
    Span,
    SpanEvent,
    SpanStatus,
    SpanType,
)
from steelyard.records.trace import SpanLink, SpanOrigin
from steelyard.tracing.dialects import Shape, meaning_of, shape_of
from steelyard.tracing.dialects.meaning import Meaning
from steelyard.tracing.finishing import in_order
from steelyard.tracing.otlp.bulk import check_number_of_spans
from steelyard.tracing.otlp.destination import NOWHERE, Destination, destination, word
from steelyard.tracing.otlp.limits import LONGEST_TIME, Unreadable
from steelyard.tracing.otlp.opinions import NONE, OPINIONATED, opinions_of_attributes, opinions_of_events
from steelyard.tracing.otlp.parts import Decoded, Part, Rejected
from steelyard.tracing.prices import priced

KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
CODES = ("UNSET", "OK", "ERROR")

_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16
_NOT_DROPPED = (0, 0, 0)
_STATUSES = (SpanStatus("UNSET"), SpanStatus("OK"), SpanStatus("ERROR"))
_NOTHING = Meaning()
_SPEAKS_OF_ITS_TRACE = frozenset(("mlflow", "steelyard"))
_METADATA = (SESSION_KEY, USER_KEY, "mlflow.modelId")
_TAG = "mlflow.traceTag."
_LONGEST_NAME = 100


class _Group:
    """One part in the making."""

    __slots__ = ("destination", "metadata", "opinions", "spans", "tags", "trace_id")

    def __init__(self, trace_id: str, where: Destination) -> None:
        self.trace_id = trace_id
        self.destination = where
        self.spans: dict[str, Span] = {}
        self.metadata: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.opinions: dict[str, Assessment] = {}

    def part(self) -> Part:
        return Part(
            trace_id=self.trace_id,
            spans=in_order(list(self.spans.values())),
            metadata=self.metadata,
            tags=self.tags,
            assessments=tuple(self.opinions.values()),
            experiment_id=self.destination.experiment_id,
            experiment_name=self.destination.experiment_name,
            run_id=self.destination.run_id,
        )


class Gathering:
    """What has been read of a request so far. ``enter`` says whose the spans are that are added next."""

    def __init__(self) -> None:
        self.n_spans = 0
        self._rejected: list[Rejected] = []
        self._groups: dict[tuple[str, Destination], _Group] = {}
        self._origin = SpanOrigin()
        self._destination = NOWHERE

    def enter(self, origin: SpanOrigin) -> None:
        """Say what made the spans that follow."""
        self._origin = origin
        self._destination = destination(origin.resource)

    def expect(self, n_spans: int) -> None:
        """Count spans that follow.

        Raises:
            InvalidArgument: there are more than one request may hold.
        """
        self.n_spans += n_spans
        check_number_of_spans(self.n_spans)

    def reject(self, span: str, reason: str) -> None:
        """Note that a span could not be taken."""
        self._rejected.append(Rejected(span[:_LONGEST_NAME] or "(no name)", reason))

    def decoded(self) -> Decoded:
        """Return all of it."""
        return Decoded(
            parts=tuple(group.part() for group in self._groups.values()),
            rejected=tuple(self._rejected),
            n_spans=self.n_spans,
        )

    def add(
        self,
        ids: tuple[str, str, str],
        name: str,
        times: tuple[int, int],
        kind: int,
        status: tuple[int, str],
        attributes: dict[str, Any],
        events: tuple[SpanEvent, ...] = (),
        links: tuple[SpanLink, ...] = (),
        trace_state: str = "",
        dropped: tuple[int, int, int] = _NOT_DROPPED,
    ) -> None:
        """Take a span.

        Args:
            ids: of the trace, the span and its parent, hexadecimal digits; no parent is an empty text or all zero.
            name: what people read.
            times: its start and its end, nanoseconds since 1970; an end of 0 is none.
            kind: OpenTelemetry's number.
            status: OpenTelemetry's number and the description.
            attributes, events, links, trace_state, dropped: as in a :class:`Span`.

        Raises:
            Unreadable: it cannot be kept.
        """
        _check_ids(*ids)
        _check_times(times, events)
        shape = shape_of(attributes)
        meaning = meaning_of(attributes, name, events, shape) or _NOTHING
        trace_id, span_id, parent_id = ids
        start, end = times
        usage = meaning.usage
        if usage is not None and usage.cost is None:
            usage = priced(usage, model=meaning.model or "", provider=meaning.provider, time_ns=start)
        span = Span(
            trace_id=f"tr-{trace_id}",
            span_id=span_id,
            parent_id=parent_id if parent_id and parent_id != _NO_SPAN else None,
            name=name,
            start_time_ns=start,
            end_time_ns=end or None,
            span_type=meaning.span_type or SpanType.UNKNOWN,
            status=_status(status, finished=meaning.ours and end != 0),
            inputs=meaning.inputs,
            outputs=meaning.outputs,
            attributes=attributes,
            events=events,
            model=meaning.model or "",
            usage=usage,
            kind=KINDS[kind] if 0 <= kind < len(KINDS) else "UNSPECIFIED",
            links=links,
            origin=self._origin,
            trace_state=trace_state,
            dropped=dropped,
        )
        self._put(span, meaning, shape)

    def _put(self, span: Span, meaning: Meaning, shape: Shape) -> None:
        """Put a span with the others of its trace, and take what it says of the trace and of itself."""
        key = (span.trace_id, self._destination)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(*key)
        group.spans[span.span_id] = span
        if meaning.session is not None:
            group.metadata.setdefault(SESSION_KEY, meaning.session)
        if meaning.user is not None:
            group.metadata.setdefault(USER_KEY, meaning.user)
        if not shape.words.isdisjoint(_SPEAKS_OF_ITS_TRACE):
            _told_of_trace(group, span.attributes)
        if span.events:
            _keep(group, opinions_of_events(span))
        if shape.has_any(NONE, OPINIONATED):
            _keep(group, opinions_of_attributes(span, shape, session=meaning.session))


def _check_ids(trace_id: str, span_id: str, parent_id: str) -> None:
    if len(trace_id) != 32 or trace_id == _NO_TRACE:
        raise Unreadable(_wrong_id("trace_id", trace_id, 16))
    if len(span_id) != 16 or span_id == _NO_SPAN:
        raise Unreadable(_wrong_id("span_id", span_id, 8))
    if parent_id and len(parent_id) != 16:
        raise Unreadable(_wrong_id("parent_span_id", parent_id, 8))


def _wrong_id(what: str, found: str, length: int) -> str:
    if not found:
        return f"It has no {what}. Was this made as a log or a metric?"
    if len(found) == 2 * length:
        return f"Its {what} is all zero."
    return f"Its {what} has {len(found) / 2:g} bytes instead of {length}."


def _check_times(times: tuple[int, int], events: tuple[SpanEvent, ...]) -> None:
    _check_time("start", times[0])
    _check_time("end", times[1])
    for event in events:
        _check_time("event's", event.timestamp)


def _check_time(what: str, time: int) -> None:
    if not 0 <= time <= LONGEST_TIME:
        raise Unreadable(f"Its {what} time {time} is not within 1970 and 2262, in nanoseconds.")


def _status(status: tuple[int, str], *, finished: bool) -> SpanStatus:
    code, description = status
    if not 0 <= code < len(CODES):
        code = 0
    if code == 0 and finished:
        code = 1  # a traced function that came to its end
    return SpanStatus(CODES[code], description) if description else _STATUSES[code]


def _told_of_trace(group: _Group, attributes: Mapping[str, Any]) -> None:
    """Take what MLflow's spans and ours say of the whole trace."""
    said = destination(attributes)
    if said != NOWHERE:
        known = group.destination
        experiment = known[:2] if known[0] or known[1] else said[:2]
        group.destination = Destination(*experiment, known.run_id or said.run_id)
    for key in _METADATA:
        value = word(attributes.get(key))
        if value is not None:
            group.metadata.setdefault(key, value)
    name = word(attributes.get(TRACE_NAME_TAG))
    if name is not None:
        group.tags.setdefault(TRACE_NAME_TAG, name)
    for key, value in attributes.items():
        if key.startswith(_TAG):
            group.tags.setdefault(key[len(_TAG) :], value if isinstance(value, str) else str(value))


def _keep(group: _Group, opinions: list[Assessment]) -> None:
    for opinion in opinions:
        if opinion.assessment_id is not None:
            group.opinions[opinion.assessment_id] = opinion
