"""``/compare``: two to eight runs."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from steelyard.compare import Comparison
from steelyard.errors import InvalidArgument, UnreadableFile
from steelyard.records import Run, Store
from steelyard.web import links
from steelyard.web.changed import ROW_KINDS, changed_rows
from steelyard.web.contexts.comparison import (
    ChangedRows,
    ComparePage,
    ComparisonView,
    Flips,
    Side,
    SideBySide,
    SliceDifferences,
)
from steelyard.web.contexts.runs import Problem
from steelyard.web.evaluations import describe, load_summary
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.flips import flips
from steelyard.web.formats import score
from steelyard.web.pages import store_of
from steelyard.web.pages.runs import find_baseline
from steelyard.web.verdicts import compare_runs

_LEAST, _MOST = 2, 8
_COLUMNS = 4


def show(request: Request) -> Response:
    """Show how runs differ from a baseline among them."""
    store, query = store_of(request), request.query_params
    ids = list(dict.fromkeys(i.strip() for part in query.getlist("runs") for i in part.split(",") if i.strip()))
    if not _LEAST <= len(ids) <= _MOST:
        told = f"{len(ids)} {'run is' if len(ids) == 1 else 'runs are'} chosen." if ids else "No runs are chosen."
        problem = Problem(field="runs", message=f"{told} Choose two to eight in an experiment's list of runs.")
        shell = Shell(
            title="Compare", crumbs=(Crumb(label="Experiments", href=links.EXPERIMENTS), Crumb(label="Compare"))
        )
        return respond(request, "compare.html", _empty(problem), shell, status=400 if ids else 200)
    runs = [store.runs.get(run_id) for run_id in ids]
    context = _page(store, runs, query)
    experiment = store.experiments.get(runs[0].info.experiment_id)
    shell = Shell(
        title=f"{context.sides[0].name} against {context.sides[-1].name}"
        if len(runs) == _LEAST
        else f"Compare {len(runs)} runs",
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
            Crumb(label="Compare"),
        ),
        section="compare",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
    return respond(request, "compare.html", context, shell)


def _empty(problem: Problem) -> ComparePage:
    return ComparePage(
        sides=(),
        baseline_id="",
        comparisons=(),
        metrics=(),
        slice_metric="",
        slice_columns=(),
        slices=(),
        changed=None,
        params=(),
        logged=(),
        problem=problem,
    )


def _page(store: Store, runs: Sequence[Run], query: QueryParams) -> ComparePage:
    baseline = _baseline(store, runs, query.get("baseline", ""))
    others = [run for run in runs if run is not baseline]
    made = [compare_runs(store, run, baseline) for run in others]
    views = tuple(view for view, _ in made)
    metrics = _metrics(views)
    chosen = query.get("metric", "")
    slice_metric = chosen if chosen in metrics else next(iter(metrics), "")
    changed, problem = None, None
    for view, comparison in made:
        if comparison is not None and query.get("candidate", view.candidate_id) == view.candidate_id:
            changed, problem = _changed(comparison, query)
            break
    asked = query.get("candidate", others[0].info.run_id)
    between = next((run for run in others if run.info.run_id == asked), others[0])
    flipped, trouble = _flips(store, between, baseline, query)
    return ComparePage(
        flips=flipped,
        sides=tuple(_side(store, run) for run in [*others, baseline]),
        baseline_id=baseline.info.run_id,
        comparisons=views,
        metrics=metrics,
        slice_metric=slice_metric,
        slice_columns=_slice_columns(views, metrics),
        slices=_slices(store, views, _slice_columns(views, metrics), slice_metric),
        changed=changed,
        params=_params([*others, baseline]),
        logged=_logged([*others, baseline]),
        problem=problem or trouble,
    )


def _flips(store: Store, candidate: Run, baseline: Run, query: QueryParams) -> tuple[Flips | None, Problem | None]:
    kind, scorer = query.get("rows", "worse"), query.get("scorer", "")
    ids = (candidate.info.run_id, baseline.info.run_id)
    try:
        return flips(store, *ids, scorer=scorer, kind=kind, offset=_offset(query)), None
    except (InvalidArgument, UnreadableFile) as error:
        return None, Problem(field="scorer", message=str(error))


def _offset(query: QueryParams) -> int:
    after = query.get("after", "0")
    return int(after) if after.isascii() and after.isdigit() and len(after) < 12 else 0


def _baseline(store: Store, runs: Sequence[Run], asked: str) -> Run:
    """Return the run that was asked for, else the experiment's baseline, else the oldest."""
    found = next((run for run in runs if run.info.run_id == asked), None)
    if found is not None:
        return found
    chosen = find_baseline(store, store.experiments.get(runs[0].info.experiment_id))
    ours = next((run for run in runs if chosen and run.info.run_id == chosen.info.run_id), None)
    return ours or min(runs, key=lambda run: run.info.start_time)


def _changed(comparison: Comparison, query: QueryParams) -> tuple[ChangedRows | None, Problem | None]:
    if comparison.rows is None:
        return None, None
    kind = query.get("rows", "broken")
    try:
        return changed_rows(
            comparison,
            kind=kind if kind in ROW_KINDS else "broken",
            slice_name=query.get("slice", ""),
            offset=_offset(query),
        ), None
    except InvalidArgument as error:
        return None, Problem(field="slice", message=str(error))


def _metrics(views: Sequence[ComparisonView]) -> tuple[str, ...]:
    """Return the metrics with a good direction that any comparison has, headline ones first."""
    return tuple(dict.fromkeys(d.metric for view in views for d in view.differences if d.verdict is not None))


def _slice_columns(views: Sequence[ComparisonView], metrics: Sequence[str]) -> tuple[str, ...]:
    """Return the first few metrics that slices have: those over repeats, such as pass@k, have none."""
    sliced = {m for view in views for cells in view.slices.values() for m in cells}
    return tuple(m for m in metrics if m in sliced)[:_COLUMNS]


def _slices(
    store: Store, views: Sequence[ComparisonView], shown: Sequence[str], slice_metric: str
) -> tuple[SliceDifferences, ...]:
    """Return each slice's differences: in the first few metrics for one candidate, in one metric for several."""
    first = next((view for view in views if view.slices), None)
    if first is None:
        return ()
    summary = load_summary(store, first.candidate_id)
    infos = {s.name: s for s in summary.slices} if summary else {}
    single = len(views) == 1
    made: list[SliceDifferences] = []
    for name in first.slices:
        counts = first.rows.slices.get(name) if first.rows and single else None
        info = infos[name]
        cells = (
            [first.difference(m, name) for m in shown] if single else [v.difference(slice_metric, name) for v in views]
        )
        made.append(
            SliceDifferences(
                name=name,
                label=info.label,
                dimension=info.dimension,
                n=info.n,
                small=info.small,
                differences=tuple(cells),
                fixed=counts.fixed if counts else None,
                broken=counts.broken if counts else None,
            )
        )
    return tuple(made)


def _side(store: Store, run: Run) -> Side:
    try:
        summary = load_summary(store, run.info.run_id)
    except UnreadableFile:  # the comparison says so
        summary = None
    data = run.inputs.dataset_inputs[0] if run.inputs.dataset_inputs else None
    return Side(
        run_id=run.info.run_id,
        name=run.info.run_name or run.info.run_id[:8],
        digest=summary.dataset.digest if summary else data.digest if data else "",
        dataset=summary.dataset.name if summary else data.name if data else "",
        evaluated=summary is not None,
    )


def _params(runs: Sequence[Run]) -> tuple[SideBySide, ...]:
    """Return the params that are not the same in all runs."""
    keys = sorted({key for run in runs for key in run.data.params})
    rows = [SideBySide(key=key, values=tuple(run.data.params.get(key) for run in runs)) for key in keys]
    return tuple(row for row in rows if len(set(row.values)) > 1)


def _logged(runs: Sequence[Run]) -> tuple[SideBySide, ...]:
    """Return the metrics as they were logged, for runs that hold no evaluation."""
    keys = sorted({key for run in runs for key in run.data.metrics})
    return tuple(SideBySide(key=key, values=tuple(_logged_value(run, key) for run in runs)) for key in keys)


def _logged_value(run: Run, key: str) -> str | None:
    return score(run.data.metrics[key], describe(key)) if key in run.data.metrics else None
