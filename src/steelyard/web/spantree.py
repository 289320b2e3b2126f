"""The spans of a trace as a tree in one list: what is shown when parts are folded, searched or only errors are wanted.

Whatever the spans claim of each other, each stands in the list once: one whose parent is not there is a root, spans
that are each other's ancestors begin at the earliest of them, and of two with one id the first is the parent. All walks
are loops, so that a chain of 10,000 spans needs no deep stack.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from steelyard.records import Span, Store, TraceInfo

_KEPT = 4
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Which spans hide what is under them: those named, or all but those named."""

    closed: frozenset[int] = frozenset()
    opened: frozenset[int] = frozenset()
    everything: bool = False

    def hides(self, index: int) -> bool:
        return index not in self.opened if self.everything else index in self.closed


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanTree:
    """Spans in the order of a tree, each with how deep it lies and how many are under it.

    Args:
        spans: parents before their children, children by the time they began.
        depths: 0 for roots.
        sizes: how many spans lie under each, at any depth.
        start: when the first began, in nanoseconds since 1970.
        end: when the last one ended.
        places: the first place of each span id.
        errors: how many spans failed.
        misplaced: spans whose parent is not in the trace, or which are their own ancestors.
    """

    spans: tuple[Span, ...]
    depths: tuple[int, ...]
    sizes: tuple[int, ...]
    start: int
    end: int
    places: Mapping[str, int] = field(repr=False)
    misplaced: int = 0
    errors: int = 0

    def __len__(self) -> int:
        return len(self.spans)

    def parent(self, index: int) -> int | None:
        """Return the place of the span above one; None for a root."""
        depth = self.depths[index]
        if depth == 0:
            return None
        found = self.places.get(self.spans[index].parent_id or "")
        return found if found is not None and self.depths[found] == depth - 1 else None

    def failed(self, index: int) -> bool:
        return self.spans[index].status.status_code == "ERROR"


def plant(spans: Sequence[Span]) -> SpanTree:
    """Arrange spans as a tree, in time linear but for sorting.

    Examples:
        >>> one = Span(trace_id="t", span_id="a", parent_id=None, name="one", start_time_ns=1)
        >>> two = Span(trace_id="t", span_id="b", parent_id="a", name="two", start_time_ns=2)
        >>> plant([two, one]).depths
        (0, 1)
    """
    order = sorted(range(len(spans)), key=lambda i: (spans[i].start_time_ns, i))
    first: dict[str, int] = {}
    for i in order:
        first.setdefault(spans[i].span_id, i)
    children: dict[int, list[int]] = {}
    roots: list[int] = []
    orphans = 0
    for i in order:
        parent = spans[i].parent_id
        above = None if parent is None else first.get(parent)
        if above is None or above == i:
            roots.append(i)
            orphans += parent is not None
        else:
            children.setdefault(above, []).append(i)
    listed, depths = _walk(roots, children, set())
    if len(listed) < len(spans):  # what is left are circles and what hangs on them
        seen = set(listed)
        for i in order:
            if i not in seen:
                more, deeper = _walk([i], children, seen)
                listed += more
                depths += deeper
                orphans += 1
    ends = [spans[i].end_time_ns or spans[i].start_time_ns for i in listed]
    placed = tuple(spans[i] for i in listed)
    places: dict[str, int] = {}
    for place, i in enumerate(listed):
        if first[spans[i].span_id] == i:
            places[spans[i].span_id] = place
    return SpanTree(
        spans=placed,
        depths=tuple(depths),
        sizes=_sizes(depths),
        start=min((s.start_time_ns for s in placed), default=0),
        end=max(ends, default=0),
        places=places,
        misplaced=orphans,
        errors=sum(s.status.status_code == "ERROR" for s in placed),
    )


def _walk(roots: Sequence[int], children: Mapping[int, list[int]], seen: set[int]) -> tuple[list[int], list[int]]:
    listed: list[int] = []
    depths: list[int] = []
    stack = [(i, 0) for i in reversed(roots)]
    while stack:
        i, depth = stack.pop()
        if i in seen:
            continue
        seen.add(i)
        listed.append(i)
        depths.append(depth)
        stack.extend((child, depth + 1) for child in reversed(children.get(i, ())))
    return listed, depths


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


def visible(tree: SpanTree, fold: Fold, *, find: str = "", errors: bool = False) -> tuple[list[int], frozenset[int]]:
    """Return the places of the spans that are shown, and of those that were looked for.

    Args:
        tree: the trace.
        fold: which spans hide what is under them; what is looked for is shown whatever is folded.
        find: text in a span's name, type, model or error, whatever its case.
        errors: only spans that failed.
    """
    if not find and not errors:
        return _unfolded(tree, fold), frozenset()
    word = find.casefold()
    hits = [i for i in range(len(tree)) if (not errors or tree.failed(i)) and (not word or _says(tree.spans[i], word))]
    shown: set[int] = set()
    for i in hits:
        at: int | None = i
        while at is not None and at not in shown:
            shown.add(at)
            at = tree.parent(at)
    return sorted(shown), frozenset(hits)


def _unfolded(tree: SpanTree, fold: Fold) -> list[int]:
    if not fold.everything and not fold.closed:
        return list(range(len(tree)))
    shown: list[int] = []
    i = 0
    while i < len(tree):
        shown.append(i)
        i += 1 + (tree.sizes[i] if fold.hides(i) else 0)
    return shown


def _says(span: Span, word: str) -> bool:
    return any(word in text.casefold() for text in (span.name, span.span_type, span.model, span.status.description))


class _Trees:
    """The trees that were last planted: one of 30,000 spans takes longer to read than to look at."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], SpanTree] = OrderedDict()
        self._lock = Lock()

    def get(self, store: Store, info: TraceInfo) -> SpanTree:
        key = (store.url, info.trace_id, info.n_spans, info.state, info.execution_duration)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
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
