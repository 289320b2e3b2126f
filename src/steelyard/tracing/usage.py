"""Tokens and money of a trace, each call of a model counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from steelyard.records import Span, Usage


def trace_usage(spans: Sequence[Span]) -> Usage | None:
    """Return the usage of all model calls of a trace, or None if no span tells any; see ``counted_once``."""
    told = {span.span_id: span.usage for span in spans if span.usage is not None}
    return counted_once(told, {span.span_id: span.parent_id for span in spans}) if told else None


def counted_once(told: Mapping[str, Usage], parents: Mapping[str, str | None]) -> Usage | None:
    """Return the usage of a trace from what its spans tell, or None if none tells any.

    One call may be told several times: by the instrumentation of a framework, by that of the client library below it,
    and by an agent that adds up its calls. So each span with its whole subtree counts as the larger of what the span
    itself tells and what the spans below it tell together.

    Args:
        told: what spans tell, by span id.
        parents: every span's parent, by span id; None for a root. A parent that is not there counts as none.

    Examples:
        >>> call, both = Usage(input_tokens=5), Usage(input_tokens=10)
        >>> parents = {"agent": None, "a": "agent", "b": "agent"}
        >>> counted_once({"agent": both, "a": call, "b": call}, parents) == both
        True
    """
    if not told:
        return None
    depths = _depths(told, parents)
    below: dict[str | None, Usage] = {}
    for span_id in sorted(depths, key=depths.__getitem__, reverse=True):
        usage = _larger(told.get(span_id), below.pop(span_id, None))
        if usage is None:
            continue
        parent = parents.get(span_id)
        # Only a parent that is less deep: spans of elsewhere may be each other's parents.
        above = parent if parent is not None and depths.get(parent, depths[span_id]) < depths[span_id] else None
        below[above] = below[above] + usage if above in below else usage
    return below.get(None)


def _depths(told: Mapping[str, Usage], parents: Mapping[str, str | None]) -> dict[str, int]:
    """Return how deep the spans that tell something lie, and every span above them."""
    depths: dict[str, int] = {}
    for start in told:
        path: list[str] = []
        on_path: set[str] = set()
        at: str | None = start
        while at is not None and at in parents and at not in depths and at not in on_path:
            path.append(at)
            on_path.add(at)
            at = parents[at]
        depth = depths.get(at, -1) if at is not None else -1
        for span_id in reversed(path):
            depth += 1
            depths[span_id] = depth
    return depths


def _larger(first: Usage | None, second: Usage | None) -> Usage | None:
    if first is None or second is None:
        return first or second
    more, less = (first, second) if first.total_tokens >= second.total_tokens else (second, first)
    return replace(more, cost=less.cost) if more.cost is None and less.cost is not None else more
