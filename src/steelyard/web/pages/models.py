"""``/experiments/{id}/models``: classic models whose predictions are logged, and one of them."""

from __future__ import annotations

from typing import cast

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Experiment, PredictionsOnly, ProductionModel, Store
from steelyard.records.slices import slice_name
from steelyard.web import links
from steelyard.web.contexts.models import ModelDrift, ModelPage, ModelRows, ModelsPage
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, Shell, respond, wants_data
from steelyard.web.modeldrift import drift_of_model
from steelyard.web.modellist import address_of, alarms_of, model_rows, said_of
from steelyard.web.modelnumbers import AskedNumbers, numbers_of
from steelyard.web.modelperiod import ModelPeriod, model_period, ranges_of
from steelyard.web.pages import newer_page, older_page, store_of
from steelyard.web.pages.traces import now_ms
from steelyard.web.traceview import moment_of

_VIEWS = ("numbers", "rows", "drift")
_ONLY = ("", "wrong", "unlabelled", "labelled")
_SIZE = 50


def show_all(request: Request) -> Response:
    """Show the models of an experiment."""
    store = store_of(request)
    experiment = store.experiments.get(request.path_params["experiment_id"])
    rows = model_rows(store, experiment.experiment_id, now_ms=now_ms())
    context = ModelsPage(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        says=said_of(rows),
        models=rows,
    )
    return respond(request, "models.html", context, _shell(experiment))


def show(request: Request) -> Response:
    """Show one model; what cannot be shown of it is told, and the rest is."""
    store, query = store_of(request), request.query_params
    experiment = store.experiments.get(request.path_params["experiment_id"])
    model = _asked(store, experiment, request.path_params["name"])
    problem = None
    try:
        context = _context(store, experiment, model, query)
    except InvalidArgument as error:
        if wants_data(request):
            raise
        problem = Problem(field=_field(query), message=str(error))
        view = query.get("view", "")
        context = _context(store, experiment, model, QueryParams({"view": view if view in _VIEWS else ""}), problem)
    return respond(request, "model.html", context, _shell(experiment, model), status=400 if problem else 200)


def _asked(store: Store, experiment: Experiment, name: str) -> ProductionModel:
    found = store.predictions.find(experiment.experiment_id, name)
    if found is None and name.startswith("pm-"):
        found = store.predictions.get(name)
    if found is None or found.experiment_id != experiment.experiment_id:
        raise NotFound(f"No predictions of a model {name[:200]!r} are logged in this experiment.")
    return found


def _field(query: QueryParams) -> str:
    try:
        moment_of(query.get("as_of", ""), "as_of")
    except InvalidArgument:
        return "as_of"
    return ""


def _shell(experiment: Experiment, model: ProductionModel | None = None) -> Shell:
    crumbs = [
        Crumb(label="Experiments", href=links.EXPERIMENTS),
        Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
        Crumb(label="Models", href=links.models(experiment.experiment_id)),
    ]
    if model is not None:
        crumbs.append(Crumb(label=model.name[:80]))
    return Shell(
        title=model.name[:120] if model else f"Models of {experiment.name}",
        crumbs=tuple(crumbs),
        section="models",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )


def _context(
    store: Store, experiment: Experiment, model: ProductionModel, query: QueryParams, problem: Problem | None = None
) -> ModelPage:
    now = now_ms()
    period = model_period(query, model, now_ms=now)
    view = query.get("view", "").strip() or "numbers"
    if view not in _VIEWS:
        raise InvalidArgument(f"view={view[:50]!r} is not known. Use {', '.join(_VIEWS)}.")
    as_of = moment_of(query.get("as_of", ""), "as_of")
    asked = AskedNumbers(
        metric=query.get("metric", ""),
        by=query.get("by", "").strip(),
        as_of_ms=as_of,
        history_ms=moment_of(query.get("window", ""), "window"),
    )
    return ModelPage(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        model=model,
        href=address_of(model),
        view=view,
        range=period.range,
        ranges=ranges_of(model),
        start_ms=period.start_ms,
        end_ms=period.end_ms,
        step_ms=period.step_ms,
        as_of=query.get("as_of", ""),
        as_of_ms=as_of,
        numbers=numbers_of(store, model, period, asked, now_ms=now) if view == "numbers" else None,
        rows=_rows(store, model, period, query) if view == "rows" else None,
        drift=_drift(store, model, period, query) if view == "drift" else None,
        alarms=tuple(alarms_of(store, experiment.experiment_id).get(model.name, ())),
        problem=problem,
    )


def _drift(store: Store, model: ProductionModel, period: ModelPeriod, query: QueryParams) -> ModelDrift:
    return drift_of_model(store, model, period, reference=query.get("reference", "").strip())


def _rows(store: Store, model: ProductionModel, period: ModelPeriod, query: QueryParams) -> ModelRows:
    only, after, trail = query.get("only", "").strip(), query.get("page_token", ""), query.get("trail", "")
    if only not in _ONLY:
        raise InvalidArgument(f"only={only[:50]!r} is not known. Use wrong, unlabelled or labelled.")
    chosen = query.get("slice", "")
    page = store.predictions.rows(
        model.key,
        start_ms=period.start_ms,
        end_ms=period.end_ms,
        only=cast("PredictionsOnly", only),
        slice=chosen,
        max_results=_SIZE,
        page_token=after or None,
    )
    return ModelRows(
        only=only,
        slice=chosen,
        slices=_slice_names(store, model, period),
        rows=page.items,
        older=older_page(page.token, after, trail),
        newer=newer_page(after, trail),
    )


def _slice_names(store: Store, model: ProductionModel, period: ModelPeriod) -> tuple[str, ...]:
    return tuple(
        slice_name(one.slice)
        for dimension in model.slices
        for one in store.predictions.numbers(
            model.key,
            start_ms=period.start_ms,
            end_ms=period.end_ms,
            step_ms=period.length_ms,
            origin_ms=period.start_ms,
            by=dimension,
            metric="example_count",
        )
    )
