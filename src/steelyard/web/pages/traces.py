"""``/traces``: traces of an experiment or a run, found and put in order."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import FilterError, InvalidArgument
from steelyard.records import Experiment, Page, Run, Store, TraceInfo
from steelyard.records.arrival import Loss
from steelyard.web import links
from steelyard.web.chips import chips
from steelyard.web.contexts.runs import Chip, Problem
from steelyard.web.contexts.traces import TracesPage
from steelyard.web.faces import Crumb, Shell, respond, wants_data
from steelyard.web.pages import newer_page, older_page, store_of
from steelyard.web.savedviews import saved_views
from steelyard.web.tracerows import columns_of, trace_rows
from steelyard.web.traceview import DAY, TraceView, read_view
from steelyard.web.tracewords import as_filter

_SIZE, _MOST = 50, 1000
_EXPERIMENTS = 1000
_RECENT = 7 * DAY
_COLUMNS = 30


@dataclass(frozen=True, slots=True)
class Place:
    """Where traces are looked for: an experiment, a run of one, or everywhere."""

    experiment: Experiment | None
    run: Run | None
    experiment_ids: Sequence[str]

    @property
    def experiment_id(self) -> str:
        return self.experiment.experiment_id if self.experiment else ""

    @property
    def experiment_name(self) -> str:
        return self.experiment.name if self.experiment else ""

    @property
    def run_id(self) -> str | None:
        return self.run.info.run_id if self.run else None

    @property
    def run_name(self) -> str:
        return "" if self.run is None else self.run.info.run_name or self.run.info.run_id[:8]


def show(request: Request) -> Response:
    """Show the traces that match. What is counted about them comes by itself, from ``tracecounts``."""
    store, query = store_of(request), request.query_params
    place = place_of(store, query)
    after, trail = query.get("page_token") or None, query.get("trail", "")
    view, problem = TraceView(), None
    found: Page[TraceInfo] = Page(())
    try:
        view = read_view(query, now_ms=now_ms())
        found = _search(store, place, view, size=page_size(query.get("max_results", "")), after=after)
    except (FilterError, InvalidArgument) as error:
        if wants_data(request):
            raise
        problem = _problem(store, place, error, query.get("filter", ""))
    rows = trace_rows(found.items)
    asked = query.getlist("cols")[:_COLUMNS]
    tail = view.newest_first and not after and view.end_ms is None and problem is None
    context = TracesPage(
        experiment_id=place.experiment_id,
        experiment_name=place.experiment_name,
        run_id=place.run_id or "",
        run_name=place.run_name,
        filter=query.get("filter", "").strip(),
        where=view.where,
        condition=view.filter,
        range=view.range,
        start_ms=view.start_ms,
        end_ms=view.end_ms,
        order_by=view.order_by,
        traces=rows,
        next_page_token=found.token,
        columns=columns_of(rows, asked),
        chips=typed_chips(view),
        anything=bool(rows) or problem is not None or _anything(store, place),
        tail=tail,
        live=tail and query.get("live") == "on",
        deleted=_number(query.get("deleted", "")),
        origin=str(request.base_url).rstrip("/"),
        views=saved_views(place.experiment) if place.experiment else (),
        losses=_losses(store, place, view),
        older=older_page(found.token, after, trail),
        newer=newer_page(after, trail),
        problem=problem,
    )
    title = f"Traces of {place.run_name or place.experiment_name}" if place.experiment else "Traces"
    return respond(request, "traces.html", context, shell_of(place, title), status=400 if problem else 200)


def place_of(store: Store, query: Mapping[str, str]) -> Place:
    """Return where an address looks for traces.

    Raises:
        NotFound: there is no such experiment or run.
    """
    run = store.runs.get(query["run"]) if query.get("run") else None
    experiment_id = run.info.experiment_id if run else query.get("experiment", "")
    if experiment_id:
        return Place(store.experiments.get(experiment_id), run, [experiment_id])
    everywhere = store.experiments.search(max_results=_EXPERIMENTS).items
    return Place(None, None, [experiment.experiment_id for experiment in everywhere])


def shell_of(place: Place, title: str, *, section: str = "traces", last: str = "Traces") -> Shell:
    """Return what stands around a page about the traces of a place."""
    crumbs = [Crumb(label="Experiments", href=links.EXPERIMENTS)]
    if place.experiment:
        crumbs.append(Crumb(label=place.experiment_name, href=links.runs(place.experiment_id)))
    if place.run:
        crumbs.append(Crumb(label=place.run_name, href=links.run(place.run.info.run_id)))
    return Shell(
        title=title,
        crumbs=(*crumbs, Crumb(label=last)),
        section=section,
        experiment_id=place.experiment_id,
        experiment_name=place.experiment_name,
    )


def typed_chips(view: TraceView) -> tuple[Chip, ...]:
    """Return what was typed as chips, where it has several parts; a single part is seen in the box."""
    parts = chips(view.typed) if view.typed else ()
    return parts if len(parts) > 1 else ()


def now_ms() -> int:
    return int(time.time() * 1000)


def _search(store: Store, place: Place, view: TraceView, *, size: int, after: str | None) -> Page[TraceInfo]:
    return store.traces.search(
        place.experiment_ids,
        view.filter,
        order_by=list(view.order_by),
        max_results=size,
        page_token=after,
        run_id=place.run_id,
    )


def _problem(store: Store, place: Place, error: Exception, typed: str) -> Problem:
    """Say what is wrong with what was typed alone, so that the message points into the box and not beyond it."""
    try:
        store.traces.search(place.experiment_ids[:1], as_filter(typed), max_results=1)
    except (FilterError, InvalidArgument) as alone:
        error = alone
    return Problem(field="filter", message=str(error))


def _anything(store: Store, place: Place) -> bool:
    return bool(store.traces.search(place.experiment_ids, max_results=1, run_id=place.run_id).items)


def _losses(store: Store, place: Place, view: TraceView) -> tuple[Loss, ...]:
    """Return the losses of the stretch that is shown; of the last days where it has no start."""
    if place.run:
        return ()
    since = now_ms() - _RECENT if view.start_ms is None else view.start_ms
    until = view.end_ms
    found = store.overview.losses(place.experiment_ids)
    return tuple(loss for loss in found if loss.time_ms >= since and (until is None or loss.time_ms < until))


def page_size(text: str) -> int:
    """Read how many are asked for.

    Raises:
        InvalidArgument: it is not a number from 1 to 1,000.
    """
    if not text:
        return _SIZE
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= _MOST:
        raise InvalidArgument(f"max_results={text!r} is out of range: ask for 1 to {_MOST:,} and page on.")
    return int(text)


def _number(text: str) -> int:
    return int(text[:9]) if text.isascii() and text.isdigit() else 0
