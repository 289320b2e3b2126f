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
    alarm,
    alarmchannels,
    alarmrule,
    alarmrules,
    alarms,
    artifacts,
    board,
    case,
    changes,
    compare,
    dashboard,
    datasetchanges,
    datasetimport,
    datasetrecord,
    datasets,
    experiments,
    judges,
    keeping,
    models,
    monitor,
    monitors,
    progress,
    queueitems,
    queues,
    review,
    rows,
    run,
    runs,
    schemas,
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

_FIELDS = 600  # fields of a form: questions with their options
_PICKED = 1_100  # fields of a form: traces that are ticked, and a few more


def page_routes() -> list[BaseRoute]:
    """Return every route; a page's ``.json`` stands before it, for its parameter would take that in."""
    return [
        *_evaluation_routes(),
        *_dataset_routes(),
        *_watch_routes(),
        *_people_routes(),
        *_trace_routes(),
        Route("/chart-theme/{theme}.json", run.chart_theme),
        Route(assets.PREFIX + "/{digest}/{name:path}", assets.serve),
    ]


def _evaluation_routes() -> list[BaseRoute]:
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
    ]


def _dataset_routes() -> list[BaseRoute]:
    return [
        *_faces("/datasets", datasets.show_all),
        Route(datasetimport.UPLOAD, datasetimport.upload, methods=["POST"]),
        _post("/datasets", datasetchanges.make),
        Route("/datasets/{dataset_id}/export", datasetchanges.export),
        *_faces("/datasets/{dataset_id}/import", datasetimport.show),
        _post("/datasets/{dataset_id}/import", datasetimport.change, most_fields=_PICKED),
        *_faces("/datasets/{dataset_id}/near", datasetchanges.show_near),
        *_faces("/datasets/{dataset_id}/diff", datasetchanges.show),
        _post("/datasets/{dataset_id}/change", datasetchanges.change, most_fields=_PICKED),
        *_faces("/datasets/{dataset_id}/records/{record_id}", datasetrecord.show),
        _post("/datasets/{dataset_id}/records/{record_id}", datasetrecord.save),
        *_faces("/datasets/{dataset_id}", datasets.show),
    ]


def _watch_routes() -> list[BaseRoute]:
    return [
        *_monitor_routes(),
        *_alarm_routes(),
        *_faces("/experiments/{experiment_id}/changes", changes.show),
        *_faces("/experiments/{experiment_id}/changes/slices", changes.show_slices),
        *_faces("/experiments/{experiment_id}/changes/drift", changes.show_drift),
        *_faces("/experiments/{experiment_id}/models", models.show_all),
        *_faces("/experiments/{experiment_id}/models/{name:path}", models.show),
    ]


def _monitor_routes() -> list[BaseRoute]:
    return [
        *_faces("/experiments/{experiment_id}/monitors", monitors.show),
        _post("/experiments/{experiment_id}/monitors", monitors.begin),
        *_faces("/experiments/{experiment_id}/monitors/{name:path}", monitor.show),
        _post("/experiments/{experiment_id}/monitors/{name:path}", monitor.act),
    ]


def _alarm_routes() -> list[BaseRoute]:
    return [
        *_faces("/experiments/{experiment_id}/alarms", alarms.show),
        _post("/experiments/{experiment_id}/alarms", alarms.act),
        *_faces("/experiments/{experiment_id}/alarms/rules", alarmrules.show),
        _post("/experiments/{experiment_id}/alarms/rules", alarmrules.act),
        _post("/experiments/{experiment_id}/alarms/channels", alarmchannels.act),
        *_faces("/experiments/{experiment_id}/alarms/rules/new", alarmrule.show_new),
        _post("/experiments/{experiment_id}/alarms/rules/new", alarmrule.make, most_fields=60),
        *_faces("/experiments/{experiment_id}/alarms/rules/{rule_id}", alarmrule.show),
        _post("/experiments/{experiment_id}/alarms/rules/{rule_id}", alarmrule.act, most_fields=60),
        *_faces("/alarms/{alarm_id}", alarm.show),
        _post("/alarms/{alarm_id}", alarm.act),
    ]


def _people_routes() -> list[BaseRoute]:
    return [
        *_faces("/review", queues.show_all),
        *_faces("/review/new", queues.show_new),
        _post("/review/new", queues.make, most_fields=_FIELDS),
        *_faces("/review/questions", schemas.show),
        _post("/review/questions", schemas.change, most_fields=_FIELDS),
        _post("/review/name", review.name_reviewer),
        *_faces("/review/{queue_id}", review.show),
        _post("/review/{queue_id}/answers", review.answer, most_fields=_FIELDS),
        *_faces("/review/{queue_id}/steps/{item_id}", review.show_steps),
        *_faces("/review/{queue_id}/items", queueitems.show),
        *_faces("/review/{queue_id}/board", board.show),
        _post("/review/{queue_id}/decide", board.decide, most_fields=_FIELDS),
        _post("/review/{queue_id}/add", queueitems.add),
        _post("/review/{queue_id}/change", queueitems.change, most_fields=_PICKED),
        *_faces("/review/{queue_id}/settings", queues.show_settings),
        _post("/review/{queue_id}/settings", queues.change_settings, most_fields=_FIELDS),
        *_faces("/judges", judges.show_all),
        _post("/judges/draw", judges.draw),
        _post("/judges/anchors", judges.hold),
        _post("/judges/try", judges.try_on, most_fields=60),
        *_faces("/judges/{name:path}", judges.show),
    ]


def _trace_routes() -> list[BaseRoute]:
    return [
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
        _post("/traces/review", queues.add_traces, most_fields=_PICKED),
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
