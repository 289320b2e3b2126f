"""``/traces/timeline`` and ``/traces/facets``: what is counted about a list, which does not wait for it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import FilterError, InvalidArgument
from steelyard.records import Store
from steelyard.web.contexts.runs import Problem
from steelyard.web.contexts.traces import FacetGroup, FacetsPage, FacetValue, TimelinePage
from steelyard.web.faces import respond, wants_data
from steelyard.web.pages import store_of
from steelyard.web.pages.traces import Place, now_ms, place_of, shell_of
from steelyard.web.timeline import bars_of, ticks_of, wider
from steelyard.web.traceview import DAY, TraceView, read_view, step_of
from steelyard.web.tracewords import all_of, literal

_VALUES = 8
_BOUND = 10_000
_LABELS = {
    "status": "State",
    "name": "Name",
    "model": "Model",
    "span type": "Span type",
    "user": "User",
    "feedback": "Feedback",
}
_STATES = {"OK": "ok", "ERROR": "failed", "IN_PROGRESS": "running", "STATE_UNSPECIFIED": "not told"}


def timeline(request: Request) -> Response:
    """Show the matching traces over time."""
    store, place = store_of(request), place_of(store_of(request), request.query_params)
    try:
        context = _timeline(store, place, read_view(request.query_params, now_ms=now_ms()))
    except (FilterError, InvalidArgument) as error:
        if wants_data(request):
            raise
        context = TimelinePage(
            experiment_id=place.experiment_id,
            experiment_name=place.experiment_name,
            condition="",
            problem=Problem(field="filter", message=str(error)),
        )
    return respond(request, "timeline.html", context, shell_of(place, "Traces over time", last="Over time"))


def _timeline(store: Store, place: Place, view: TraceView) -> TimelinePage:
    whole = store.overview.span_of_time(place.experiment_ids)
    start = view.start_ms if view.start_ms is not None else whole[0] if whole else None
    end = view.end_ms if view.end_ms is not None else _open_end(view, whole)
    if whole is None or start is None or end <= start:
        return TimelinePage(
            experiment_id=place.experiment_id, experiment_name=place.experiment_name, condition=view.counted
        )
    step = step_of(start, end)
    asked = all_of(view.counted, *_uneven(view, step))
    windows = store.overview.windows(place.experiment_ids, asked, start_ms=start, end_ms=end, step_ms=step)
    bars, highest = bars_of(windows, start_ms=start, end_ms=end, step_ms=step)
    return TimelinePage(
        experiment_id=place.experiment_id,
        experiment_name=place.experiment_name,
        condition=view.counted,
        n=sum(window.n for window in windows),
        errors=sum(window.errors for window in windows),
        start_ms=start,
        end_ms=end,
        first_ms=start - start % step,
        step_ms=step,
        highest=highest,
        bars=bars,
        ticks=ticks_of(start, end, step),
        wider=wider(start, end, whole) if view.start_ms is not None or view.end_ms is not None else None,
        all=view.start_ms is None and view.end_ms is None,
    )


def _open_end(view: TraceView, whole: tuple[int, int] | None) -> int:
    """Return where an open stretch ends: after the last trace; of a range now, or a little later for clocks ahead."""
    last = whole[1] + 1 if whole else 0
    return min(max(now_ms(), last), now_ms() + DAY) if view.range else last


def _uneven(view: TraceView, step: int) -> list[str]:
    """Return conditions for the ends that lie within a bar, for bars are counted whole."""
    start, end = view.start_ms, view.end_ms
    return [
        *([f"timestamp >= {start}"] if start is not None and start % step else []),
        *([f"timestamp < {end}"] if end is not None and end % step else []),
    ]


def facets(request: Request) -> Response:
    """Show what the matching traces have in common."""
    store, place = store_of(request), place_of(store_of(request), request.query_params)
    groups: tuple[FacetGroup, ...] = ()
    problem, condition = None, ""
    try:
        view = read_view(request.query_params, now_ms=now_ms())
        condition = view.filter
        groups = _groups(store, place, view)
    except (FilterError, InvalidArgument) as error:
        if wants_data(request):
            raise
        problem = Problem(field="filter", message=str(error))
    context = FacetsPage(
        experiment_id=place.experiment_id,
        experiment_name=place.experiment_name,
        condition=condition,
        groups=groups,
        bounded=any(sum(value.n or 0 for value in g.values) >= _BOUND for g in groups if g.name == "status"),
        problem=problem,
    )
    return respond(request, "facets.html", context, shell_of(place, "What traces have in common", last="Facets"))


def _groups(store: Store, place: Place, view: TraceView) -> tuple[FacetGroup, ...]:
    asked = all_of(view.filter, f"run_id = {literal(place.run_id)}" if place.run_id else "")
    found = store.overview.facets(place.experiment_ids, asked, most=_VALUES)
    total = sum(facet.n for facet in found.get("status", ())) or 1
    return tuple(
        FacetGroup(
            name=name,
            label=_LABELS.get(name) or name.removeprefix("tag."),
            values=tuple(
                FacetValue(
                    value=_STATES.get(facet.value, facet.value) if name == "status" else facet.value,
                    n=facet.n,
                    filter=facet.filter,
                    chosen=facet.filter in view.where,
                    share=min(1.0, facet.n / total),
                )
                for facet in facets_
            ),
        )
        for name, facets_ in found.items()
        if facets_
    )
