"""The spans of a trace as a tree in one list: what is shown when parts are folded, searched or only errors are wanted.

Whatever the spans claim of each other, each stands in the list once: one whose parent is not there is a root, spans
that are each other's ancestors begin at the earliest of them, and of two with one id the first is the parent. All walks
are loops, so that a chain of 10,000 spans needs no deep stack.
"""

from __future__ import annotations

import gc
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

from steelyard.records import OutlinedSpan, Store, TraceInfo

_KEPT = 4
_FAR = 30 * 86_400 * 10**9
"""Nanoseconds from the middle span at which a clock is taken to be wrong."""
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Which spans hide what is under them: those named, or all but those named."""

    closed: frozenset[int] = frozenset()
    opened: frozenset[int] = frozenset()
    everything: bool = False

    def hides(self, index: int) -> bool:
        return index not in self.opened if self.everything else index in self.closed


@dataclass(frozen=True, kw_only=True)
class SpanTree:
    """Spans in the order of a tree, each with how deep it lies and how many are under it.

    Args:
        spans: parents before their children, children by the time they began; those whose parent is missing come last.
        depths: 0 for roots.
        sizes: how many spans lie under each, at any depth.
        parents: the place of the span above each; -1 for roots.
        start: when the first began, in nanoseconds since 1970, leaving out spans whose clock is far off.
        end: when the last one ended.
        places: the first place of each span id.
        orphans: places of spans whose parent is not in the trace, or which are their own ancestors.
        notes: what was worked out of it, see ``kept``.
    """

    spans: tuple[OutlinedSpan, ...]
    depths: tuple[int, ...]
    sizes: tuple[int, ...]
    parents: tuple[int, ...]
    start: int
    end: int
    places: Mapping[str, int] = field(repr=False)
    orphans: frozenset[int] = frozenset()
    notes: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.spans)

    @property
    def misplaced(self) -> int:
        return len(self.orphans)

    @property
    def errors(self) -> int:
        return len(self.failures)

    def parent(self, index: int) -> int | None:
        """Return the place of the span above one; None for a root."""
        found = self.parents[index]
        return None if found < 0 else found

    def name_of(self, span_id: str) -> str:
        """Return a span's name; its id, if it is not there or has no name."""
        place = self.places.get(span_id)
        return span_id if place is None else self.spans[place].name or span_id

    def failed(self, index: int) -> bool:
        return self.spans[index].status.status_code == "ERROR"

    def errors_under(self, index: int) -> int:
        """Return how many of the spans below one failed."""
        return bisect_right(self.failures, index + self.sizes[index]) - bisect_right(self.failures, index)

    def children(self, index: int) -> Iterator[int]:
        """Yield the places of the spans directly under one."""
        at, end = index + 1, index + self.sizes[index]
        while at <= end:
            yield at
            at += self.sizes[at] + 1

    def kept(self, what: str, make: Callable[[], Any]) -> Any:
        """Return what was worked out of this tree before, or work it out now."""
        if what not in self.notes:
            self.notes[what] = make()
        return self.notes[what]

    @cached_property
    def failures(self) -> tuple[int, ...]:
        """Places of the spans that failed."""
        return tuple(i for i, span in enumerate(self.spans) if span.status.status_code == "ERROR")

    @cached_property
    def strange(self) -> int:
        """How many spans end before they begin, or have a clock that is far off."""
        low, high = self.start, self.end
        return sum(
            not low <= s.start_time_ns <= high or (s.end_time_ns is not None and s.end_time_ns < s.start_time_ns)
            for s in self.spans
        )


def plant(spans: Sequence[OutlinedSpan]) -> SpanTree:
    """Arrange spans as a tree, in time linear but for sorting.

    Examples:
        >>> from steelyard.records import Span
        >>> one = Span(trace_id="t", span_id="a", parent_id=None, name="one", start_time_ns=1)
        >>> two = Span(trace_id="t", span_id="b", parent_id="a", name="two", start_time_ns=2)
        >>> plant([two, one]).depths
        (0, 1)
    """
    order = sorted(range(len(spans)), key=[span.start_time_ns for span in spans].__getitem__)
    first: dict[str, int] = {}
    for i in order:
        first.setdefault(spans[i].span_id, i)
    children: dict[int, list[int]] = {}
    roots: list[int] = []
    astray: list[int] = []
    for i in order:
        parent = spans[i].parent_id
        above = None if parent is None else first.get(parent)
        if above is None or above == i:
            (roots if parent is None else astray).append(i)
        else:
            children.setdefault(above, []).append(i)
    listed: list[int] = []
    depths: list[int] = []
    seen: set[int] = set()
    _walk([*roots, *astray], children, seen, (listed, depths))
    if len(listed) < len(spans):  # what is left are circles and what hangs on them
        for i in order:
            if i not in seen:
                astray.append(i)
                _walk([i], children, seen, (listed, depths))
    lost = set(astray)
    start, end = _stretch([spans[i] for i in order])
    return SpanTree(
        spans=tuple(spans[i] for i in listed),
        depths=tuple(depths),
        sizes=_sizes(depths),
        parents=_parents(depths),
        start=start,
        end=end,
        places={spans[i].span_id: place for place, i in enumerate(listed) if first[spans[i].span_id] == i},
        orphans=frozenset(place for place, i in enumerate(listed) if i in lost) if lost else frozenset(),
    )


def _stretch(spans: Sequence[OutlinedSpan]) -> tuple[int, int]:
    """Return when a trace began and ended by its spans in the order of time; clocks that are far off do not count.

    A machine that thinks it is 1970 would otherwise draw all spans of the others as one point.
    """
    if not spans:
        return 0, 0
    middle = spans[len(spans) // 2].start_time_ns
    near = [s for s in spans if abs(s.start_time_ns - middle) <= _FAR] if _is_far(spans, middle) else spans
    ends = [s.end_time_ns for s in near if s.end_time_ns is not None and s.end_time_ns - middle <= 2 * _FAR]
    return near[0].start_time_ns, max(near[-1].start_time_ns, max(ends, default=0))


def _is_far(spans: Sequence[OutlinedSpan], middle: int) -> bool:
    return middle - spans[0].start_time_ns > _FAR or spans[-1].start_time_ns - middle > _FAR


def _walk(
    roots: Sequence[int], children: Mapping[int, list[int]], seen: set[int], out: tuple[list[int], list[int]]
) -> None:
    listed, depths = out
    stack = [(i, 0) for i in reversed(roots)]
    while stack:
        i, depth = stack.pop()
        if i in seen:
            continue
        seen.add(i)
        listed.append(i)
        depths.append(depth)
        if i in children:
            stack.extend([(child, depth + 1) for child in reversed(children[i])])


def _parents(depths: Sequence[int]) -> tuple[int, ...]:
    """Return the last place before each that is less deep."""
    path: list[int] = []
    parents: list[int] = []
    for place, depth in enumerate(depths):
        del path[depth:]
        parents.append(path[-1] if path else -1)
        path.append(place)
    return tuple(parents)


def _sizes(depths: Sequence[int]) -> tuple[int, ...]:
    """Return how many of the following are deeper, up to the next that is not."""
    sizes = [0] * len(depths)
    stack: list[int] = []
    for i, depth in enumerate(depths):
        while stack and depths[stack[-1]] >= depth:
            above = stack.pop()
            sizes[above] = i - above - 1
        stack.append(i)
    for above in stack:
        sizes[above] = len(depths) - above - 1
    return tuple(sizes)


def visible(
    tree: SpanTree, fold: Fold, *, find: str = "", errors: bool = False, inside: Iterable[int] = ()
) -> tuple[list[int], frozenset[int]]:
    """Return the places of the spans that are shown, and of those that were looked for.

    Args:
        tree: the trace.
        fold: which spans hide what is under them; what is looked for is shown whatever is folded.
        find: text in a span's name, type, model or error, whatever its case.
        errors: only spans that failed.
        inside: places of spans that say the text elsewhere, in what went in or came out.
    """
    if not find and not errors:
        return _unfolded(tree, fold), frozenset()
    hits = sought(tree, find, errors=errors, inside=inside)
    shown: set[int] = set()
    for i in hits:
        at = i
        while at >= 0 and at not in shown:
            shown.add(at)
            at = tree.parents[at]
    return sorted(shown), hits


def sought(tree: SpanTree, find: str, *, errors: bool = False, inside: Iterable[int] = ()) -> frozenset[int]:
    """Return the places of the spans that were looked for."""
    word = find.casefold()
    found = set(inside) if word else set()
    return frozenset(
        i
        for i in (tree.failures if errors else range(len(tree)))
        if not word or i in found or _says(tree.spans[i], word)
    )


def _unfolded(tree: SpanTree, fold: Fold) -> list[int]:
    if not fold.everything and not fold.closed:
        return list(range(len(tree)))
    shown: list[int] = []
    i = 0
    while i < len(tree):
        shown.append(i)
        i += 1 + (tree.sizes[i] if fold.hides(i) else 0)
    return shown


def _says(span: OutlinedSpan, word: str) -> bool:
    return any(word in text.casefold() for text in (span.name, span.span_type, span.model, span.status.description))


class _PausedCollector:
    """Pauses the garbage collector while very many objects are made that all stay: else it goes through them again and
    again, a third of the time that a trace of 30,000 spans takes to open. Several threads may be in it at once."""

    def __init__(self) -> None:
        self._lock, self._inside, self._was_on = Lock(), 0, False

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._was_on = gc.isenabled()
                gc.disable()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._was_on:
                gc.enable()


_collector_paused = _PausedCollector()


class _Trees:
    """The trees that were last planted: one of 30,000 spans takes longer to read than to look at."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], SpanTree] = OrderedDict()
        self._lock = Lock()

    def get(self, store: Store, info: TraceInfo) -> SpanTree:
        key = (store.url, info.trace_id, info.n_spans, info.state, info.execution_duration, info.usage, info.name)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with _collector_paused:
            made = plant(store.traces.outline(info.trace_id))
        with self._lock:
            if info.state != "IN_PROGRESS":
                self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


_trees = _Trees()


def tree_of(store: Store, info: TraceInfo) -> SpanTree:
    """Return a trace's tree; that of a finished trace is kept for a while."""
    return _trees.get(store, info)
