"""From one span to what is told of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from steelyard.records import Span, SpanEvent, Store
from steelyard.records.trace import SpanLink, SpanOrigin
from steelyard.web.contexts.trace import Attribute, Happened, Linked, Origin, SpanView
from steelyard.web.documents import read_documents
from steelyard.web.formats import duration, plural
from steelyard.web.messages import fields_of, fold_value, read_messages
from steelyard.web.spansums import own_time
from steelyard.web.spantree import SpanTree

_ATTRIBUTES = 400
_EVENTS = 100
_LINKS = 100
_SHORT = 160
_STACK = 20_000
_SKEW = 1_000_000
"""Nanoseconds outside of its parent that a span may begin or end without a word: clocks are read one after another."""
_ICONS = {
    "AGENT": "agent",
    "LLM": "llm",
    "CHAT_MODEL": "llm",
    "TOOL": "tool",
    "RETRIEVER": "search",
    "EMBEDDING": "data",
    "RERANKER": "swap",
    "EVALUATOR": "judge",
    "GUARDRAIL": "flag",
    "PARSER": "file",
    "MEMORY": "folder",
}
_ASKED = ("gen_ai.request.", "llm.request.")
_ASKED_JSON = ("llm.invocation_parameters", "mlflow.chat.parameters")
_NOT_ASKED = ("model", "type")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def icon_of(kind: str) -> str:
    return _ICONS.get(kind.upper(), "dot")


def span_view(store: Store, tree: SpanTree, trace_id: str, span_id: str) -> SpanView:
    """Return what is told of a span.

    Raises:
        NotFound: the trace has no such span.
    """
    span = store.traces.span(trace_id, span_id)
    place = tree.places.get(span_id)
    begin, end = span.start_time_ns, span.end_time_ns
    heard, said = read_messages(span.inputs), read_messages(span.outputs)
    found = () if said else read_documents(span.outputs)
    own = None if place is None else own_time(tree, place)
    return SpanView(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=span.parent_id or "",
        name=span.name or "without a name",
        kind=span.span_type,
        role=span.kind if span.kind not in ("INTERNAL", "UNSPECIFIED") else "",
        icon=icon_of(span.span_type),
        failed=span.status.status_code == "ERROR",
        running=end is None,
        error="" if _is_told(span) else span.status.description,
        after=(begin - tree.start) / 1e6,
        began_ms=begin // 10**6,
        duration=None if end is None or end < begin else (end - begin) / 1e6,
        own=own / 1e6 if own is not None and place is not None and tree.sizes[place] else None,
        odd=() if place is None else tuple(oddities(tree, place)),
        model=span.model,
        usage=span.usage,
        left_out=left_out(span.dropped),
        trace_state=span.trace_state,
        heard=heard,
        said=said,
        documents=found,
        inputs=() if heard else fields_of(span.inputs),
        outputs=() if said or found else fields_of(span.outputs),
        parameters=_parameters(span),
        attributes=_attributes(span.attributes),
        attributes_total=len(span.attributes),
        events=tuple(_happened(event, begin) for event in span.events[:_EVENTS]),
        events_total=len(span.events),
        links=_links(store, span.links[:_LINKS]),
        origin=_origin(span.origin),
    )


def oddities(tree: SpanTree, place: int, *, parents: bool = True) -> list[str]:
    """Return what is strange about a span's times, for people.

    Args:
        tree: the trace.
        place: of the span.
        parents: whether to compare with the span above it, too; work that goes on after its parent is not unusual.
    """
    span, odd = tree.spans[place], []
    begin, end = span.start_time_ns, span.end_time_ns
    if not tree.start <= begin <= tree.end:
        odd.append(f"its clock says {_moment(begin)}, far from the rest of the trace")
    if end is not None and end < begin:
        odd.append(f"it ends {_time(begin - end)} before it begins, so that how long it took is not known")
    above = tree.parent(place)
    if not parents or above is None or odd:
        return odd
    parent = tree.spans[above]
    if begin < parent.start_time_ns - _SKEW:
        odd.append(f"it begins {_time(parent.start_time_ns - begin)} before the span it is part of")
    if end is not None and parent.end_time_ns is not None and end > parent.end_time_ns + _SKEW:
        odd.append(f"it ends {_time(end - parent.end_time_ns)} after the span it is part of")
    return odd


def left_out(dropped: Sequence[int]) -> str:
    """Return what a sender says it left out.

    Examples:
        >>> left_out((3, 1, 0))
        '3 attributes and 1 event'
    """
    words = zip(dropped, ("attribute", "event", "link"), strict=False)
    return " and ".join(plural(number, word) for number, word in words if number)


def _time(nanoseconds: int) -> str:
    return duration(nanoseconds / 1e6)


def _moment(nanoseconds: int) -> str:
    try:
        when = _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return "a time outside of the calendar"
    return f"{when.day} {when:%B} {when.year}"


def _is_told(span: Span) -> bool:
    """Whether an exception among the events says what the status says."""
    told = span.status.description
    return any(str(e.attributes.get("exception.message") or "\0") in told for e in span.events)


def _parameters(span: Span) -> tuple[Attribute, ...]:
    """Return how a model was asked to answer, from the attributes in which libraries say so."""
    found: dict[str, Any] = {}
    for key in _ASKED_JSON:
        value = span.attributes.get(key)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                continue
        if isinstance(value, Mapping):
            found |= {str(k): v for k, v in value.items() if isinstance(v, bool | int | float | str)}
    for key, value in span.attributes.items():
        name = next((key[len(start) :] for start in _ASKED if key.startswith(start)), "")
        if name and isinstance(value, bool | int | float | str | list):
            found[name] = value
    return tuple(_attribute(k, v) for k, v in sorted(found.items()) if k not in _NOT_ASKED and v != "")


def _attributes(attributes: Mapping[str, Any]) -> tuple[Attribute, ...]:
    return tuple(_attribute(k, v) for k, v in sorted(attributes.items())[:_ATTRIBUTES])


def _attribute(key: str, value: Any) -> Attribute:
    if isinstance(value, bool | int | float) or value is None:
        return Attribute(key=key, text=json.dumps(value))
    if isinstance(value, str) and len(value) <= _SHORT:
        return Attribute(key=key, text=value)
    return Attribute(key=key, value=fold_value(value))


def _happened(event: SpanEvent, began: int) -> Happened:
    attributes: Mapping[str, Any] = event.attributes
    kind, told = str(attributes.get("exception.type", "")), str(attributes.get("exception.message", ""))
    rest = {k: v for k, v in attributes.items() if not k.startswith("exception.")}
    return Happened(
        name=event.name,
        after=(event.timestamp - began) / 1e6,
        message=": ".join(part for part in (kind, told) if part),
        stack=str(attributes.get("exception.stacktrace", ""))[:_STACK],
        attributes={k: str(v)[:2_000] for k, v in rest.items()},
    )


def _links(store: Store, links: Iterable[SpanLink]) -> tuple[Linked, ...]:
    meant = [(_trace_id(link.trace_id), link) for link in links]
    known = store.traces.infos(sorted({trace_id for trace_id, _ in meant})) if meant else {}
    return tuple(
        Linked(
            trace_id=trace_id,
            span_id=link.span_id,
            known=trace_id in known,
            facts=_attributes(link.attributes),
        )
        for trace_id, link in meant
    )


def _trace_id(told: str) -> str:
    return told if told.startswith("tr-") else f"tr-{told}"


def _origin(origin: SpanOrigin | None) -> Origin | None:
    if origin is None:
        return None
    return Origin(
        scope=" ".join(part for part in (origin.scope, origin.version) if part),
        resource=_attributes(origin.resource),
        scope_facts=_attributes(origin.scope_attributes),
    )
