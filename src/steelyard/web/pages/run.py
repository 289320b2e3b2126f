"""``/runs/{id}``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from steelyard.charts import config
from steelyard.compare import Difference
from steelyard.errors import InvalidArgument, NotFound, UnreadableFile
from steelyard.records import EvaluationSummary, Metric, Run, Store
from steelyard.web import links
from steelyard.web.applications import load_application, view_application
from steelyard.web.contexts.application import ApplicationView
from steelyard.web.contexts.comparison import ComparisonView
from steelyard.web.contexts.run import Logged, RunPage
from steelyard.web.correctedmeans import corrected_of
from steelyard.web.evaluations import load_summary
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.pages import store_of
from steelyard.web.pages.progress import live_progress
from steelyard.web.pages.runs import find_baseline
from steelyard.web.readings import view_evaluation
from steelyard.web.verdicts import compare_runs, leading

_HISTORIES = 24
_NOTE_TAG = "mlflow.note.content"


def show(request: Request) -> Response:
    """Show a run."""
    store = store_of(request)
    run = store.runs.get(request.path_params["run_id"])
    experiment = store.experiments.get(run.info.experiment_id)
    baseline = find_baseline(store, experiment)
    is_baseline = baseline is not None and baseline.info.run_id == run.info.run_id
    summary, problem = _summary(store, run.info.run_id)
    application, broken = _application(store, run.info.run_id, summary)
    comparison = _against(store, run, None if is_baseline else baseline, summary)
    evaluated = {s.metric for s in summary.estimates} if summary else set()
    context = RunPage(
        run_id=run.info.run_id,
        name=run.info.run_name or run.info.run_id[:8],
        status=run.info.status,
        deleted=run.info.lifecycle_stage == "deleted",
        user=run.info.user_id,
        started=run.info.start_time,
        ended=run.info.end_time,
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        is_baseline=is_baseline,
        baseline_id=baseline.info.run_id if baseline and not is_baseline else "",
        baseline_name=baseline.info.run_name if baseline and not is_baseline else "",
        comparison=comparison,
        verdicts=_verdicts(comparison),
        evaluation=view_evaluation(
            store, run.info.run_id, summary, comparison, metric=request.query_params.get("metric", "")
        )
        if summary
        else None,
        logged=_logged(store, run, leave_out=evaluated),
        params=dict(sorted(run.data.params.items())),
        tags={
            key: value for key, value in sorted(run.data.tags.items()) if not key.startswith(("mlflow.", "steelyard."))
        },
        note=run.data.tags.get(_NOTE_TAG, ""),
        datasets=run.inputs.dataset_inputs,
        models=tuple(store.models.list(run_id=run.info.run_id)),
        artifacts=tuple(store.artifacts.list(run.info.run_id)),
        application=application,
        corrected=corrected_of(store, run, application),
        progress=live_progress(store, run),
        problem=problem or broken,
    )
    shell = Shell(
        title=context.name,
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
            Crumb(label=context.name),
        ),
        section="runs",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
    return respond(request, "run.html", context, shell)


def chart_theme(request: Request) -> Response:
    """Answer with the configuration that charts take in a theme."""
    try:
        content = msgspec.json.encode(config(request.path_params["theme"]))
    except InvalidArgument as error:
        raise NotFound(str(error)) from error
    return Response(content, headers={"Cache-Control": "public, max-age=3600"}, media_type="application/json")


def _summary(store: Store, run_id: str) -> tuple[EvaluationSummary | None, str]:
    try:
        return load_summary(store, run_id), ""
    except UnreadableFile as error:
        return None, str(error)


def _application(store: Store, run_id: str, summary: EvaluationSummary | None) -> tuple[ApplicationView | None, str]:
    try:
        found = load_application(store, run_id)
        return (view_application(store, run_id, found, summary) if found else None), ""
    except UnreadableFile as error:
        return None, str(error)


def _against(store: Store, run: Run, baseline: Run | None, summary: EvaluationSummary | None) -> ComparisonView | None:
    if baseline is None or summary is None:
        return None
    return compare_runs(store, run, baseline)[0]


def _verdicts(comparison: ComparisonView | None) -> tuple[Difference, ...]:
    """Return what is said first: the overall verdict, then the slices that are worse."""
    return leading(comparison) if comparison else ()


def _logged(store: Store, run: Run, *, leave_out: set[str]) -> tuple[Logged, ...]:
    """Return the metrics that the evaluation does not explain, with the history of the first of them."""
    plain: Mapping[str, float] = {k: v for k, v in sorted(run.data.metrics.items()) if k not in leave_out}
    found: list[Logged] = []
    for i, (key, value) in enumerate(plain.items()):
        points = tuple(store.runs.metric_history(run.info.run_id, key)) if i < _HISTORIES else ()
        found.append(Logged(key=key, value=value, points=points[-200:], path=_spark(points)))
    return tuple(found)


def _spark(points: Sequence[Metric]) -> str:
    """Return a history as an SVG path in a box of 84 by 20; empty for fewer than two numbers."""
    values = [p.value for p in points if p.value == p.value and abs(p.value) != float("inf")]
    if len(values) < 2:
        return ""
    if len(values) > 160:
        values = [values[round(i * (len(values) - 1) / 159)] for i in range(160)]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = 80 / (len(values) - 1)
    places = [f"{2 + i * step:.1f} {18 - 16 * (v - low) / span:.1f}" for i, v in enumerate(values)]
    return "M" + "L".join(places)
