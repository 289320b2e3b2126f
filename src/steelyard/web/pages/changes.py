"""``/experiments/{id}/changes``: what changed between two stretches of time, where, and what moved."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import FilterError, InvalidArgument, NotFound
from steelyard.records import Experiment, Store
from steelyard.web import links
from steelyard.web.changedrift import datasets_of, drift_page
from steelyard.web.changerows import measures_of, slices_of, told_of
from steelyard.web.changetimes import PRESETS, stretches_of
from steelyard.web.changewords import said_of
from steelyard.web.contexts.changes import ChangesPage, Compared, DriftPage, SlicesPage
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, Shell, respond, wants_data
from steelyard.web.pages import store_of
from steelyard.web.pages.traces import now_ms, typed_chips
from steelyard.web.traceview import TraceView
from steelyard.web.tracewords import all_of, as_filter

_LONGEST_LIST = 40
_TIMES = ("range", "start", "end", "before_start", "before_end")


def show(request: Request) -> Response:
    """Show what changed as a whole. Slices and drift are asked for by fragments of their own."""
    return _answer(request, "changes.html", _whole)


def show_slices(request: Request) -> Response:
    """Show which slices a change is in."""
    return _answer(request, "changeslices.html", _slices)


def show_drift(request: Request) -> Response:
    """Show what moved in inputs, outputs and scores."""
    return _answer(request, "changedrift.html", _drift)


Page = ChangesPage | SlicesPage | DriftPage
Make = Callable[[Store, Experiment, QueryParams, Problem | None], Page]


def _answer(request: Request, template: str, make: Make) -> Response:
    store = store_of(request)
    experiment = store.experiments.get(request.path_params["experiment_id"])
    problem = None
    try:
        context = make(store, experiment, request.query_params, None)
    except (FilterError, InvalidArgument, NotFound) as error:
        if wants_data(request):
            raise
        problem = Problem(field=_field(request.query_params, error), message=str(error))
        context = make(store, experiment, request.query_params, problem)
    shell = Shell(
        title=f"What changed in {experiment.name}",
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
            Crumb(label="What changed"),
        ),
        section="changes",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
    return respond(request, template, context, shell, status=400 if problem else 200)


def _field(query: QueryParams, error: Exception) -> str:
    """Return beside which field an error belongs."""
    if isinstance(error, FilterError):
        return "filter"
    try:
        stretches_of(query, None, now_ms=now_ms())
    except InvalidArgument:
        return "start"
    return "filter"


def _view(store: Store, experiment: Experiment, query: QueryParams, *, times: bool = True) -> Compared:
    """Read which traffic is compared; without ``times`` the windows are those that a first look has."""
    whole = store.overview.span_of_time([experiment.experiment_id])
    found = stretches_of(query if times else QueryParams(), whole, now_ms=now_ms())
    where = tuple(dict.fromkeys(part.strip() for part in query.getlist("where") if part.strip()))
    lower = tuple(dict.fromkeys(part for part in query.getlist("lower") if part))
    if len(where) > _LONGEST_LIST or len(lower) > _LONGEST_LIST:
        raise InvalidArgument(f"Too many conditions: at most {_LONGEST_LIST} are read.")
    typed = query.get("filter", "").strip()
    return Compared(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        range=found.range,
        before=found.before,
        after=found.after,
        filter=typed,
        where=where,
        condition=all_of(as_filter(typed), *where),
        lower=lower,
    )


def _refused(store: Store, experiment: Experiment, query: QueryParams, problem: Problem) -> Compared:
    """Return a view for a page that tells what was wrong: what was typed stays, and nothing is read by it."""
    if problem.field == "start":
        return _view(store, experiment, QueryParams({"filter": query.get("filter", "")}), times=False)
    return _view(store, experiment, QueryParams([(k, v) for k, v in query.multi_items() if k in (*_TIMES, "filter")]))


def _whole(store: Store, experiment: Experiment, query: QueryParams, problem: Problem | None) -> ChangesPage:
    if problem is not None:
        view = _refused(store, experiment, query, problem)
        return ChangesPage(view=view, says="", problem=problem, preset=_words(view.range))
    view = _view(store, experiment, query)
    rows, n_before, n_after = measures_of(store, view)
    told = told_of(rows)
    return ChangesPage(
        view=view,
        says=said_of(told, rows if n_before and n_after else ()),
        told=told,
        shares=tuple(one for one in rows if one.change.unit == "share"),
        others=tuple(one for one in rows if one.change.unit != "share"),
        n_before=n_before,
        n_after=n_after,
        anything=store.overview.span_of_time([experiment.experiment_id]) is not None,
        preset=_words(view.range),
        chips=typed_chips(TraceView(typed=view.filter)),
    )


def _words(name: str) -> str:
    return PRESETS[name].words if name in PRESETS else "two stretches of time"


def _slices(store: Store, experiment: Experiment, query: QueryParams, problem: Problem | None) -> SlicesPage:
    by = query.get("by", "").strip()
    if problem is not None:
        return SlicesPage(view=_refused(store, experiment, query, problem), by=by, problem=problem)
    view = _view(store, experiment, query)
    return slices_of(store, view, by=by, measure=query.get("measure", ""))


def _drift(store: Store, experiment: Experiment, query: QueryParams, problem: Problem | None) -> DriftPage:
    dataset, method = query.get("dataset", "").strip(), query.get("method", "").strip()
    if problem is not None:
        view = _refused(store, experiment, query, problem)
        return DriftPage(view=view, dataset=dataset, method=method, datasets=datasets_of(store), problem=problem)
    return drift_page(store, _view(store, experiment, query), dataset=dataset, method=method)
