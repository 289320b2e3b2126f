"""What a tree of spans adds up to: tokens and money under each span, its own time, and the path that took longest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from steelyard.web.spantree import SpanTree

_SLACK = 1_000_000
"""Nanoseconds by which clocks of one machine differ between a span and the one that follows it."""


class Spent(NamedTuple):
    """Tokens, in and out, and US dollars; None where no price is known."""

    tokens: int
    cost: float | None


def spent(tree: SpanTree) -> dict[int, Spent]:
    """Return what each span with all under it used, by place; spans that used nothing are left out.

    One call may be told by a framework's span and by that of the library below it, so that a span counts as the larger
    of what it tells itself and what those under it tell together, as in the sums of the whole trace.
    """
    under: dict[int, Spent] = {}
    found: dict[int, Spent] = {}
    for i in range(len(tree) - 1, -1, -1):
        below, usage = under.pop(i, None), tree.spans[i].usage
        own = None if usage is None else Spent(usage.input_tokens + usage.output_tokens, usage.cost)
        total = below if own is None else own if below is None else _larger(own, below)
        if total is None:
            continue
        found[i] = total
        above = tree.parents[i]
        if above >= 0:
            under[above] = _plus(under[above], total) if above in under else total
    return found


def _larger(own: Spent, below: Spent) -> Spent:
    more, less = (own, below) if own.tokens >= below.tokens else (below, own)
    return Spent(more.tokens, less.cost) if more.cost is None else more


def _plus(one: Spent, other: Spent) -> Spent:
    known = [cost for cost in (one.cost, other.cost) if cost is not None]
    return Spent(one.tokens + other.tokens, sum(known) if known else None)


def own_time(tree: SpanTree, index: int) -> int | None:
    """Return the nanoseconds of a span in which none of those directly under it ran; None while it runs."""
    span = tree.spans[index]
    if span.end_time_ns is None or span.end_time_ns < span.start_time_ns:
        return None
    busy, until = 0, span.start_time_ns
    for child in tree.children(index):  # by the time they began
        begins, ends = tree.spans[child].start_time_ns, tree.spans[child].end_time_ns
        ends = span.end_time_ns if ends is None else min(ends, span.end_time_ns)
        begins = max(begins, until)
        if ends > begins:
            busy += ends - begins
            until = ends
    return span.end_time_ns - span.start_time_ns - busy


def longest_path(tree: SpanTree) -> frozenset[int]:
    """Return the places of the spans that decided when the trace was done.

    From the end backwards: of the spans under one, that which ended last, then the one that ended last before that one
    began, and so on; each followed down in the same way.
    """
    ends = [span.end_time_ns or tree.end for span in tree.spans]
    roots = [i for i in range(len(tree)) if tree.parents[i] < 0]
    path: set[int] = set()
    waiting: list[tuple[Sequence[int], int]] = [(roots, tree.end)]
    while waiting:
        among, until = waiting.pop()
        for i in sorted(among, key=ends.__getitem__, reverse=True):
            if ends[i] > until + _SLACK:
                continue
            path.add(i)
            until = tree.spans[i].start_time_ns
            if tree.sizes[i]:
                waiting.append((list(tree.children(i)), ends[i]))
    return frozenset(path)
