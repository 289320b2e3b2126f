"""Reading spans: whole, or as an outline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from steelyard.errors import NotFound
from steelyard.records.trace import Span, SpanLine
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.trace_rows import CONTENT_COLUMNS, LIGHT_COLUMNS, span_line, whole_span
from steelyard.store.sql.trace_schema import span_origins, spans, traces

S = TypeVar("S", Span, SpanLine)

_CHUNK = 500
_LIGHT = tuple(spans.c[name] for name in LIGHT_COLUMNS)
_WHOLE = (*_LIGHT, *(spans.c[name] for name in CONTENT_COLUMNS), span_origins.c.content)
_WITH_ORIGIN = spans.outerjoin(span_origins, spans.c.origin == span_origins.c.id)


def spans_of(connection: Connection, dialect: Dialect, trace_ids: dict[int, str]) -> dict[str, tuple[Span, ...]]:
    """Return the spans of traces, given the traces' ids by number."""
    statement = (
        select(spans.c.trace, *_WHOLE).select_from(_WITH_ORIGIN).where(dialect.among(spans.c.trace, list(trace_ids)))
    )
    found: dict[str, list[Span]] = {trace_id: [] for trace_id in trace_ids.values()}
    for number, *row in _bare(connection, statement):
        trace_id = trace_ids[number]
        found[trace_id].append(whole_span(trace_id, row))
    return {trace_id: parents_first(of_trace) for trace_id, of_trace in found.items()}


def outline_of(connection: Connection, trace_id: str) -> tuple[SpanLine, ...]:
    """Return the spans of a trace without their content."""
    statement = select(*_LIGHT).where(spans.c.trace == trace_number(connection, trace_id))
    return parents_first([span_line(trace_id, row) for row in _bare(connection, statement)])


def span_of(connection: Connection, trace_id: str, span_id: str) -> Span:
    """Return one span of a trace."""
    chosen = (spans.c.trace == trace_number(connection, trace_id), spans.c.span_id == span_id)
    row = connection.execute(select(*_WHOLE).select_from(_WITH_ORIGIN).where(*chosen)).first()
    if row is None:
        msg = f"The trace {trace_id!r} has no span {span_id!r}."
        raise NotFound(msg)
    return whole_span(trace_id, tuple(row))


def trace_number(connection: Connection, trace_id: str) -> int:
    """Return a trace's row id."""
    number = connection.execute(select(traces.c.id).where(traces.c.trace_id == trace_id)).scalar()
    if number is None:
        msg = f"There is no trace with id {trace_id!r}."
        raise NotFound(msg)
    return number


def parents_first(found: Sequence[S]) -> tuple[S, ...]:
    """Return spans by the time they began, each behind its parent.

    A span whose parent is not there (it has not come yet, or never will) stands as a root does. Spans that are their
    own ancestors come last, so that nothing is lost.
    """
    ordered = sorted(found, key=attrgetter("span_id"))
    ordered.sort(key=attrgetter("start_time_ns"))
    seen: set[str] = set()
    if all(span.parent_id is None or span.parent_id in seen for span in ordered if not seen.add(span.span_id)):
        return tuple(ordered)
    there = {span.span_id for span in ordered}
    children: dict[str | None, list[S]] = {}
    for span in ordered:
        children.setdefault(span.parent_id if span.parent_id in there else None, []).append(span)
    # Children wait in a heap by time, so that siblings' descendants keep the order of time between them.
    result: list[S] = []
    _walk(children, result)
    if len(result) < len(ordered):
        placed = {span.span_id for span in result}
        result += [span for span in ordered if span.span_id not in placed]
    return tuple(result)


def _walk(children: dict[str | None, list[S]], result: list[S]) -> None:
    heap: list[tuple[int, str, int]] = []
    waiting: list[S] = []

    def push(parent: str | None) -> None:
        for span in children.get(parent, ()):
            heappush(heap, (span.start_time_ns, span.span_id, len(waiting)))
            waiting.append(span)

    push(None)
    while heap:
        span = waiting[heappop(heap)[2]]
        result.append(span)
        push(span.span_id)


def _bare(connection: Connection, statement: Any) -> Iterator[tuple[Any, ...]]:
    """Yield rows as bare tuples: a third of the time, and never all of them beside all the spans."""
    cursor = connection.execute(statement).cursor
    while cursor is not None and (rows := cursor.fetchmany(_CHUNK)):
        yield from rows
