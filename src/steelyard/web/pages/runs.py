"""``/experiments/{id}/runs`` and the choice of a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import FilterError, InvalidArgument, NotFound
from steelyard.records import ALL_ROWS, Estimate, Experiment, Page, Run, Store, ViewType
from steelyard.web import links
from steelyard.web.chips import chips
from steelyard.web.contexts.runs import Cell, Choice, Column, Problem, RunRow, RunsPage
from steelyard.web.evaluations import describe
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.formats import score
from steelyard.web.pages import newer_page, older_page, store_of
from steelyard.web.scales import estimate_scale

BASELINE_TAG = "steelyard.baseline"

_SIZE = 50
_KINDS = ("metrics", "params", "tags")
_SHOWN_FIRST = (
    "accuracy_score",
    "f1_score_macro",
    "f1_score",
    "roc_auc",
    "roc_auc_macro",
    "log_loss",
    "mean_absolute_error",
    "root_mean_squared_error",
    "r2_score",
    "exact_match/v1",
    "token_f1",
    "rougeL/v1/mean",
    "ndcg_at_10",
    "precision_recall_auc",
)
_MEASURED = ("metrics.latency/", "metrics.tokens/", "metrics.cost/")
_MANY_COLUMNS = 24
Estimates = Mapping[str, Estimate]


def show(request: Request) -> Response:
    """Show the runs of an experiment."""
    store = store_of(request)
    experiment = store.experiments.get(request.path_params["experiment_id"])
    query = request.query_params
    text, order, after = query.get("filter", "").strip(), query.get("order", ""), query.get("after") or None
    view: ViewType = "DELETED_ONLY" if query.get("view") == "deleted" else "ACTIVE_ONLY"
    here = [experiment.experiment_id]
    problem = None
    try:
        found = store.search.search(
            here, text, order_by=[order] if order else [], max_results=_SIZE, page_token=after, view=view
        )
        matching = store.search.count(here, text, view=view)
    except (FilterError, InvalidArgument) as error:
        problem = Problem(field="filter" if text else "order", message=str(error))
        found, matching = Page(()), 0
    baseline = find_baseline(store, experiment)
    context = RunsPage(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        total=store.search.count(here, view=view),
        matching=matching,
        filter=text,
        order=order,
        chips=chips(text) if problem is None else (),
        columns=(),
        choices=(),
        rows=(),
        baseline_id=baseline.info.run_id if baseline else "",
        baseline_name=baseline.info.run_name if baseline else "",
        older=older_page(found.token, after, query.get("trail", "")),
        newer=newer_page(after, query.get("trail", "")),
        deleted=view == "DELETED_ONLY",
        problem=problem,
    )
    context = _with_columns(store, context, found.items, query.getlist("cols"), baseline)
    shell = Shell(
        title=f"Runs of {experiment.name}",
        crumbs=(Crumb(label="Experiments", href=links.EXPERIMENTS), Crumb(label=experiment.name)),
        section="runs",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
    return respond(request, "runs.html", context, shell, status=400 if problem else 200)


def set_baseline(request: Request, form: FormData) -> Response:
    """Make a run the baseline of its experiment, or (with no run) take the baseline away."""
    store = store_of(request)
    experiment = store.experiments.get(request.path_params["experiment_id"])
    run_id = str(form.get("run_id", ""))
    if run_id and store.runs.get(run_id).info.experiment_id != experiment.experiment_id:
        raise InvalidArgument(f"Run {run_id} belongs to another experiment than {experiment.name}.")
    store.experiments.set_tag(experiment.experiment_id, BASELINE_TAG, run_id)
    return RedirectResponse(links.run(run_id) if run_id else links.runs(experiment.experiment_id), status_code=303)


def find_baseline(store: Store, experiment: Experiment) -> Run | None:
    """Return the run that others of this experiment are measured against, if one was chosen and is still there."""
    run_id = experiment.tags.get(BASELINE_TAG, "")
    if not run_id:
        return None
    try:
        run = store.runs.get(run_id)
    except (NotFound, InvalidArgument):
        return None
    return run if run.info.lifecycle_stage == "active" else None


def _with_columns(
    store: Store, context: RunsPage, runs: Sequence[Run], asked: Sequence[str], baseline: Run | None
) -> RunsPage:
    keys = store.search.keys([context.experiment_id])
    known = [f"{kind}.{name}" for kind in _KINDS for name in keys.get(kind, ()) if not _is_internal(name)]
    chosen = [key for key in asked if key in set(known)][:_MANY_COLUMNS] if asked else _usual(known)
    metrics = [key.partition(".")[2] for key in chosen if key.startswith("metrics.")]
    ids = [run.info.run_id for run in runs]
    wanted = [*ids, baseline.info.run_id] if baseline and baseline.info.run_id not in ids else ids
    stored = store.estimates.list(wanted, metrics=[*metrics, *_SHOWN_FIRST], slices=[ALL_ROWS]) if wanted else {}
    estimates = {run_id: {s.metric: s.estimate for s in found} for run_id, found in stored.items()}
    columns = tuple(_column(key, runs, estimates, baseline) for key in chosen)
    return replace(
        context,
        columns=columns,
        confidences=tuple(sorted({e.confidence for found in estimates.values() for e in found.values()})),
        choices=tuple(
            Choice(key=key, kind=key.partition(".")[0][:-1], name=key.partition(".")[2], chosen=key in chosen)
            for key in sorted(known, key=lambda key: key not in chosen)
        ),
        rows=tuple(
            _row(run, columns, estimates.get(run.info.run_id, {}), run.info.run_id == context.baseline_id)
            for run in runs
        ),
    )


def _is_internal(name: str) -> bool:
    return name.startswith(("mlflow.", "steelyard."))


def _usual(known: Sequence[str]) -> list[str]:
    """Return the columns that are shown until others are chosen: up to four metrics."""
    preferred = [f"metrics.{name}" for name in _SHOWN_FIRST if f"metrics.{name}" in known]
    others = [key for key in known if key.startswith("metrics.") and key not in preferred]
    others.sort(key=lambda key: (not key.endswith("/mean"), key.startswith(_MEASURED)))  # scorers before what they cost
    return [*preferred, *others][:4]


def _column(key: str, runs: Sequence[Run], estimates: Mapping[str, Estimates], baseline: Run | None) -> Column:
    kind, _, name = key.partition(".")
    if kind != "metrics":
        return Column(key=key, kind=kind, name=name)
    info = describe(name)
    shown = [found[name] for run in runs if (found := estimates.get(run.info.run_id, {})) and name in found]
    base = estimates.get(baseline.info.run_id, {}).get(name) if baseline else None
    scale = estimate_scale(shown, info, also=[base.value] if base and base.value is not None else (), trim=True)
    return Column(
        key=key, kind=kind, name=name, info=info, scale=scale if shown else None, baseline=base.value if base else None
    )


def _row(run: Run, columns: Sequence[Column], estimates: Estimates, is_baseline: bool) -> RunRow:
    first = next(iter(estimates.values()), None)
    data = run.inputs.dataset_inputs[0] if run.inputs.dataset_inputs else None
    return RunRow(
        run_id=run.info.run_id,
        name=run.info.run_name or run.info.run_id[:8],
        status=run.info.status,
        started=run.info.start_time,
        duration=run.info.end_time - run.info.start_time if run.info.end_time is not None else None,
        cells=tuple(_cell(run, column, estimates) for column in columns),
        n=first.n if first else None,
        missing=max((e.missing for e in estimates.values()), default=0),
        dataset=data.name if data else "",
        digest=data.digest if data else "",
        is_baseline=is_baseline,
    )


def _cell(run: Run, column: Column, estimates: Estimates) -> Cell:
    if column.kind != "metrics":
        values = run.data.params if column.kind == "params" else run.data.tags
        return Cell(text=values[column.name]) if column.name in values else Cell(why_empty="not set")
    found = estimates.get(column.name)
    if found is not None and found.value is not None:
        return Cell(estimate=found)
    if found is not None:
        return Cell(why_empty=found.method or "undefined")
    if column.name in run.data.metrics:
        return Cell(text=score(run.data.metrics[column.name], column.info))
    return Cell(why_empty="running" if run.info.status == "RUNNING" else "not logged")
