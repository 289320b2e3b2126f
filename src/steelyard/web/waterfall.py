"""From a trace to the lines of its waterfall."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from starlette.datastructures import QueryParams

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Store, TraceInfo
from steelyard.web.contexts.trace import SpanRow, SpanView, Waterfall
from steelyard.web.scales import Scale, nice_scale
from steelyard.web.spandetail import icon_of, oddities, span_view
from steelyard.web.spansearch import spans_that_say
from steelyard.web.spansums import Spent, longest_path, own_time, spent
from steelyard.web.spantree import ALL, Fold, SpanTree, sought, tree_of, visible

SIZE = 200
_MOST = 400
_MOST_FOLDS = 2_000
_MOST_STEPS = 2_000
"""Lines of matches and failures that a page knows by number, so that keys lead from one to the next."""
TIMELINE = "timeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What lines are made from."""

    tree: SpanTree
    fold: Fold
    hits: frozenset[int]
    folds: bool
    spent: Mapping[int, Spent]
    where: Mapping[int, str]
    decisive: frozenset[int]
    timeline: bool


def waterfall(store: Store, info: TraceInfo, query: QueryParams) -> tuple[Waterfall, SpanTree]:
    """Return the lines that an address asks for, and the whole tree.

    Raises:
        InvalidArgument: the address folds spans that are no numbers.
    """
    tree = tree_of(store, info)
    fold = _fold(query)
    find, errors = query.get("find", "").strip()[:200], query.get("only") == "errors"
    timeline, whole = query.get("view") == TIMELINE, query.get("show") == ALL and bool(find)
    where = spans_that_say(store, info, tree, find)
    shown, hits = visible(tree, fold, find="" if whole else find, errors=errors, inside=where)
    if whole:
        hits = sought(tree, find, errors=errors, inside=where)
    selected = query.get("span", "")
    first = _number(query.get("from", "0"))
    if "from" not in query and selected in tree.places:
        first = _near(shown, tree.places[selected])
    elif "from" not in query and whole and hits:
        first = _near(shown, min(hits))
    size = max(1, min(_MOST, _number(query.get("size", "")) or SIZE))
    looked = _Looked(
        tree=tree,
        fold=fold,
        hits=hits,
        folds=whole or not (find or errors),
        spent=sums_of(tree),
        where=where,
        decisive=path_of(tree) if timeline else frozenset(),
        timeline=timeline,
    )
    made = Waterfall(
        trace_id=info.trace_id,
        rows=tuple(_line(looked, at, shown[at]) for at in range(first, min(first + size, len(shown)))),
        first=first,
        shown=len(shown),
        total=len(tree),
        failed=tree.errors,
        scale=_ruler(tree, ticks=12 if timeline else 4),
        find=find,
        errors=errors,
        fold=query.get("fold", ""),
        opened=query.get("open", ""),
        selected=selected,
        misplaced=tree.misplaced,
        strange=tree.strange,
        whole=whole,
        found=len(hits),
        hits=_lines_of(shown, sorted(hits), total=len(tree)),
        failures=_lines_of(shown, tree.failures, total=len(tree)),
        timeline=timeline,
    )
    return made, tree


def sums_of(tree: SpanTree) -> Mapping[int, Spent]:
    """Return what the spans of a tree used, counted once."""
    return tree.kept("spent", lambda: MappingProxyType(spent(tree)))


def path_of(tree: SpanTree) -> frozenset[int]:
    """Return the places of the spans that decided when a trace was done, found once."""
    return tree.kept("path", lambda: longest_path(tree))


def _lines_of(shown: Sequence[int], places: Sequence[int], *, total: int) -> tuple[int, ...]:
    """Return the lines at which places stand; of one that is folded away, the line of what hides it."""
    if len(shown) == total:  # nothing is hidden
        return tuple(places[:_MOST_STEPS])
    return tuple(dict.fromkeys(_line_at(shown, places)))[:_MOST_STEPS]


def _line_at(shown: Sequence[int], places: Sequence[int]) -> Iterator[int]:
    for place in places:
        at = bisect_left(shown, place)
        hidden = at == len(shown) or shown[at] != place
        if not hidden or at > 0:
            yield at - hidden


def _near(shown: list[int], place: int) -> int:
    """Return where to begin so that a span is among the lines: at the top, if it is among the first of them."""
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


def _ruler(tree: SpanTree, *, ticks: int) -> Scale:
    seconds = max((tree.end - tree.start) / 1e9, 1e-9)
    marks = [t for t in nice_scale([0.0, seconds], pad=0.0, ticks=ticks).ticks if 0 < t < 0.9 * seconds]
    if len(marks) * 2 > ticks:  # their words would touch
        marks = marks[1::2]
    return Scale(0.0, seconds, tuple(marks))


def _line(looked: _Looked, at: int, index: int) -> SpanRow:
    tree = looked.tree
    span, inside, failed = tree.spans[index], tree.sizes[index], tree.failed(index)
    whole = max(tree.end - tree.start, 1)
    begin, end = span.start_time_ns, span.end_time_ns
    until = tree.end if end is None else max(end, begin)
    left = _share(begin - tree.start, whole)
    used = looked.spent.get(index)
    own = own_time(tree, index) if looked.timeline and inside else None
    return SpanRow(
        at=at,
        index=index,
        span_id=span.span_id,
        name=span.name[:300] or "without a name",
        kind=span.span_type,
        icon=icon_of(span.span_type),
        depth=tree.depths[index],
        inside=inside,
        open=inside > 0 and (not looked.folds or not looked.fold.hides(index)),
        hit=index in looked.hits,
        failed=failed,
        error=span.status.description[:200] if failed else "",
        left=f"{100 * left:.2f}%",
        width=f"{100 * max(0.0, _share(until - tree.start, whole) - left):.2f}%",
        duration=None if end is None or end < begin else (end - begin) / 1e6,
        running=end is None,
        own=None if own is None else own / 1e6,
        tokens=used.tokens if used else None,
        cost=used.cost if used else None,
        model=span.model,
        errors_under=tree.errors_under(index) if inside else 0,
        orphan=index in tree.orphans,
        odd="; ".join(oddities(tree, index, parents=False)),
        decisive=index in looked.decisive,
        where=looked.where.get(index, "") if index in looked.hits else "",
    )


def _share(part: int, whole: int) -> float:
    return min(1.0, max(0.0, part / whole))


def chosen_span(store: Store, tree: SpanTree, lines: Waterfall) -> SpanView | None:
    """Return the span that was asked for; else the one to show first. None in a trace without spans.

    Raises:
        NotFound: the trace has no such span.
    """
    asked = lines.selected
    if asked and asked not in tree.places:
        raise NotFound(f"Trace {lines.trace_id} has no span {asked!r}.")
    chosen = asked or _first_of(lines)
    return span_view(store, tree, lines.trace_id, chosen) if chosen else None


def _first_of(lines: Waterfall) -> str:
    """Return the span to show first: a match, the first failure that no failure under it explains, the first line."""
    if lines.find:
        return next((row.span_id for row in lines.rows if row.hit), lines.rows[0].span_id if lines.rows else "")
    failed = [row for row in lines.rows if row.failed]
    for row, following in pairwise(failed):
        if following.index > row.index + row.inside:
            return row.span_id
    if failed:
        return failed[-1].span_id
    return lines.rows[0].span_id if lines.rows else ""
