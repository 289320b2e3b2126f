"""Which address shows which page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from steelyard.web import assets
from steelyard.web.faces import Handler, data_face
from steelyard.web.pages import (
    artifacts,
    case,
    compare,
    dashboard,
    datasets,
    experiments,
    keeping,
    progress,
    rows,
    run,
    runs,
    scoring,
    session,
    sessions,
    spanvalue,
    trace,
    traceactions,
    traceanswers,
    tracecounts,
    traceexport,
    traces,
    users,
)

_PICKED = 1_100  # fields of a form: traces that are ticked, and a few more


def page_routes() -> list[BaseRoute]:
    """Return every route; a page's ``.json`` stands before it, for its parameter would take that in."""
    return [
        Route("/", experiments.show),
        *_faces("/experiments", experiments.show),
        *_faces("/experiments/{experiment_id}/runs", runs.show),
        _post("/experiments/{experiment_id}/baseline", runs.set_baseline),
        *_faces("/experiments/{experiment_id}/dashboard/values", dashboard.show_values),
        *_faces("/experiments/{experiment_id}/dashboard", dashboard.show),
        *_faces("/experiments/{experiment_id}/keeping", keeping.show),
        _post("/experiments/{experiment_id}/keeping", keeping.change),
        *_faces("/runs/{run_id}/rows", rows.show),
        *_faces("/runs/{run_id}/rows/{position:int}", rows.show_one),
        Route("/runs/{run_id}/row", case.find),
        *_faces("/runs/{run_id}/progress", progress.show),
        *_faces("/runs/{run_id}/artifacts", artifacts.show),
        Route("/runs/{run_id}/artifacts/{path:path}", artifacts.show),
        Route("/runs/{run_id}/files/{path:path}", artifacts.download),
        *_faces("/runs/{run_id}/scoring", scoring.show),
        _post("/runs/{run_id}/scoring", scoring.go_on),
        *_faces("/runs/{run_id}", run.show),
        *_faces("/compare", compare.show),
        *_faces("/traces", traces.show),
        *_faces("/traces/timeline", tracecounts.timeline),
        *_faces("/traces/facets", tracecounts.facets),
        _post("/traces/delete", traceactions.delete, most_fields=_PICKED),
        Route("/traces/export", traceexport.download),
        _post("/traces/export", traceexport.download_picked, most_fields=_PICKED),
        _post("/traces/score", scoring.choose, most_fields=_PICKED),
        _post("/traces/alone", traceactions.show_alone, most_fields=_PICKED),
        _post("/traces/views", traceactions.change_views),
        _post("/traces/dataset", datasets.add_traces, most_fields=_PICKED),
        *_faces("/datasets", datasets.show_all),
        *_faces("/datasets/{dataset_id}", datasets.show),
        *_faces("/sessions", sessions.show),
        *_faces("/session", session.show),
        *_faces("/users", users.show),
        *_faces("/traces/{trace_id}/spans", trace.show_spans),
        Route("/traces/{trace_id}/spans/{span_id}/value", spanvalue.show),
        *_faces("/traces/{trace_id}/spans/{span_id}", trace.show_span),
        Route("/traces/{trace_id}/otlp.json", traceexport.download_one),
        *_faces("/traces/{trace_id}/state", trace.show_state),
        _post("/traces/{trace_id}/feedback", traceanswers.answer),
        _post("/traces/{trace_id}/tags", traceanswers.change_tags),
        *_faces("/traces/{trace_id}", trace.show),
        Route("/chart-theme/{theme}.json", run.chart_theme),
        Route(assets.PREFIX + "/{digest}/{name:path}", assets.serve),
    ]


def _faces(path: str, handler: Handler) -> list[BaseRoute]:
    return [Route(f"{path}.json", data_face(handler)), Route(path, handler)]


def _post(path: str, handler: Callable[[Request, FormData], Response], *, most_fields: int = 20) -> BaseRoute:
    """Return a route whose form is read first, so that its handler may run beside others."""

    async def answer(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=most_fields) as form:
            return await run_in_threadpool(handler, request, form)

    endpoint: Callable[[Request], Awaitable[Response]] = answer
    return Route(path, endpoint, methods=["POST"])
