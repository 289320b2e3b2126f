"""From a trace to the lines of its waterfall, and from a span to what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from starlette.datastructures import QueryParams

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Span, SpanEvent, Store, TraceInfo
from steelyard.web.contexts.trace import Attribute, Happened, SpanRow, SpanView, Waterfall
from steelyard.web.messages import fields_of, fold_value, read_messages
from steelyard.web.scales import Scale, nice_scale
from steelyard.web.spantree import ALL, Fold, SpanTree, tree_of, visible

SIZE = 200
_MOST = 400
_MOST_FOLDS = 2_000
_ATTRIBUTES = 400
_EVENTS = 100
_SHORT = 160
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


def waterfall(store: Store, info: TraceInfo, query: QueryParams) -> tuple[Waterfall, SpanTree]:
    """Return the lines that an address asks for, and the whole tree.

    Raises:
        InvalidArgument: the address folds spans that are no numbers.
    """
    tree = tree_of(store, info)
    fold = _fold(query)
    find, errors = query.get("find", "").strip()[:200], query.get("only") == "errors"
    shown, hits = visible(tree, fold, find=find, errors=errors)
    selected = query.get("span", "")
    first = _number(query.get("from", "0"))
    if "from" not in query and selected in tree.places:
        first = _near(shown, tree.places[selected])
    size = max(1, min(_MOST, _number(query.get("size", "")) or SIZE))
    looked = bool(find or errors)
    lines = [_line(tree, at, shown[at], fold, hits, looked) for at in range(first, min(first + size, len(shown)))]
    made = Waterfall(
        trace_id=info.trace_id,
        rows=tuple(lines),
        first=first,
        shown=len(shown),
        total=len(tree),
        failed=tree.errors,
        scale=_ruler(tree),
        find=find,
        errors=errors,
        fold=query.get("fold", ""),
        opened=query.get("open", ""),
        selected=selected,
        misplaced=tree.misplaced,
    )
    return made, tree


def _near(shown: list[int], place: int) -> int:
    """Return where to begin so that a span is among the lines: at the top, if it is among the first of them."""
    from bisect import bisect_left

    at = bisect_left(shown, place)
    return 0 if at < SIZE - 20 else at - 40


def _fold(query: QueryParams) -> Fold:
    closed = query.get("fold", "")
    return Fold(
        everything=closed == ALL,
        closed=_numbers(closed) if closed != ALL else frozenset(),
        opened=_numbers(query.get("open", "")),
    )


def _numbers(text: str) -> frozenset[int]:
    parts = text.split(".") if text else []
    if len(parts) > _MOST_FOLDS or not all(p.isascii() and p.isdigit() and len(p) < 9 for p in parts):
        raise InvalidArgument("The address folds spans that cannot be read. Open the trace without that part.")
    return frozenset(map(int, parts))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _ruler(tree: SpanTree) -> Scale:
    seconds = max((tree.end - tree.start) / 1e9, 1e-9)
    ticks = tuple(t for t in nice_scale([0.0, seconds], pad=0.0, ticks=3).ticks if 0 < t < 0.9 * seconds)
    return Scale(0.0, seconds, ticks)


def _line(tree: SpanTree, at: int, index: int, fold: Fold, hits: frozenset[int], looked: bool) -> SpanRow:
    span = tree.spans[index]
    whole = max(tree.end - tree.start, 1)
    end = span.end_time_ns
    until = end if end is not None else tree.end
    return SpanRow(
        at=at,
        index=index,
        span_id=span.span_id,
        name=span.name[:300] or "without a name",
        kind=span.span_type,
        icon=icon_of(span.span_type),
        depth=tree.depths[index],
        inside=tree.sizes[index],
        open=tree.sizes[index] > 0 and (looked or not fold.hides(index)),
        hit=index in hits,
        failed=tree.failed(index),
        error=span.status.description[:200] if tree.failed(index) else "",
        left=_percent((span.start_time_ns - tree.start) / whole),
        width=_percent(max(until - span.start_time_ns, 0) / whole),
        duration=None if end is None else (end - span.start_time_ns) / 1e6,
        usage=span.usage,
        model=span.model,
    )


def _percent(share: float) -> str:
    return f"{100 * min(1.0, max(0.0, share)):.2f}%"


def icon_of(kind: str) -> str:
    return _ICONS.get(kind.upper(), "dot")


def chosen_span(store: Store, tree: SpanTree, lines: Waterfall) -> SpanView | None:
    """Return the span that was asked for; else the one to show first. None in a trace without spans.

    Raises:
        NotFound: the trace has no such span.
    """
    asked = lines.selected
    if asked and asked not in tree.places:
        raise NotFound(f"Trace {lines.trace_id} has no span {asked!r}.")
    chosen = asked or _first_of(lines)
    return span_view(store.traces.span(lines.trace_id, chosen), began=tree.start) if chosen else None


def _first_of(lines: Waterfall) -> str:
    """Return the span to show first: the first failure that no failure under it explains, else the first line."""
    failed = [row for row in lines.rows if row.failed]
    for row, following in pairwise(failed):
        if following.index > row.index + row.inside:
            return row.span_id
    if failed:
        return failed[-1].span_id
    return lines.rows[0].span_id if lines.rows else ""


def span_view(span: Span, *, began: int) -> SpanView:
    """Return what is told of a span; ``began`` is when its trace did."""
    heard, said = read_messages(span.inputs), read_messages(span.outputs)
    end = span.end_time_ns
    return SpanView(
        trace_id=span.trace_id,
        span_id=span.span_id,
        name=span.name or "without a name",
        kind=span.span_type,
        icon=icon_of(span.span_type),
        failed=span.status.status_code == "ERROR",
        running=end is None,
        error="" if _is_told(span) else span.status.description,
        after=(span.start_time_ns - began) / 1e6,
        duration=None if end is None else (end - span.start_time_ns) / 1e6,
        model=span.model,
        usage=span.usage,
        heard=heard,
        said=said,
        inputs=() if heard else fields_of(span.inputs),
        outputs=() if said else fields_of(span.outputs),
        attributes=tuple(_attribute(k, v) for k, v in sorted(span.attributes.items())[:_ATTRIBUTES]),
        events=tuple(_happened(event, span.start_time_ns) for event in span.events[:_EVENTS]),
    )


def _is_told(span: Span) -> bool:
    """Whether an exception among the events says what the status says."""
    told = span.status.description
    return any(str(e.attributes.get("exception.message") or "\0") in told for e in span.events)


def _attribute(key: str, value: Any) -> Attribute:
    if isinstance(value, bool | int | float):
        return Attribute(key=key, text=str(value))
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
        stack=str(attributes.get("exception.stacktrace", ""))[:20_000],
        attributes={k: str(v)[:2_000] for k, v in rest.items()},
    )
