"""Tokens and money of a trace, each call of a model counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from steelyard.records import Span, Usage


def trace_usage(spans: Sequence[Span]) -> Usage | None:
    """Return the usage of all model calls of a trace, or None if no span tells any.

    One call may be told several times: by the instrumentation of a framework, by that of the client library below it,
    and by an agent that adds up its calls. So each span with its whole subtree counts as the larger of what the span
    itself tells and what the spans below it tell together.

    Args:
        spans: parents before their children.
    """
    if not any(span.usage is not None for span in spans):
        return None
    below: dict[str | None, Usage] = {}
    known = {span.span_id for span in spans}
    for span in reversed(spans):
        told = _larger(span.usage, below.pop(span.span_id, None))
        if told is not None:
            above = span.parent_id if span.parent_id in known else None
            below[above] = below[above] + told if above in below else told
    return below.get(None)


def _larger(first: Usage | None, second: Usage | None) -> Usage | None:
    if first is None or second is None:
        return first or second
    more, less = (first, second) if first.total_tokens >= second.total_tokens else (second, first)
    return replace(more, cost=less.cost) if more.cost is None and less.cost is not None else more
