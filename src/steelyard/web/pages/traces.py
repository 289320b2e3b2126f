"""``/traces``: traces of an experiment or a run, newest first."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import FilterError, InvalidArgument
from steelyard.records import Expectation, Page, Run, Store, TraceInfo
from steelyard.web import links
from steelyard.web.caselines import excerpt
from steelyard.web.chips import chips
from steelyard.web.contexts.runs import Problem
from steelyard.web.contexts.trace import TraceRow, TracesPage
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.judging import word_of
from steelyard.web.pages import newer_page, older_page, store_of

_SIZE = 50
_VERDICTS = 4
_EXPERIMENTS = 1000


def show(request: Request) -> Response:
    """Show the traces that match."""
    store, query = store_of(request), request.query_params
    run = store.runs.get(query["run"]) if query.get("run") else None
    experiment_id = run.info.experiment_id if run else query.get("experiment", "")
    experiment = store.experiments.get(experiment_id) if experiment_id else None
    here = [experiment_id] if experiment_id else _everywhere(store)
    text, after, trail = query.get("filter", "").strip(), query.get("after") or None, query.get("trail", "")
    run_id = run.info.run_id if run else None
    problem: Problem | None = None
    found: Page[TraceInfo] = Page(())
    matching = 0
    try:
        found = store.traces.search(here, text, max_results=_SIZE, page_token=after, run_id=run_id)
        matching = store.traces.count(here, text, run_id=run_id)
    except (FilterError, InvalidArgument) as error:
        problem = Problem(field="filter", message=str(error))
    context = TracesPage(
        experiment_id=experiment_id,
        experiment_name=experiment.name if experiment else "",
        run_id=run_id or "",
        run_name=_name(run),
        filter=text,
        rows=_rows(store, found.items),
        matching=matching,
        total=matching if not text and not problem else store.traces.count(here, run_id=run_id),
        chips=chips(text) if text and problem is None else (),
        older=older_page(found.token, after, trail),
        newer=newer_page(after, trail),
        problem=problem,
    )
    crumbs = [Crumb(label="Experiments", href=links.EXPERIMENTS)]
    if experiment:
        crumbs.append(Crumb(label=experiment.name, href=links.runs(experiment_id)))
    if run:
        crumbs.append(Crumb(label=context.run_name, href=links.run(run.info.run_id)))
    shell = Shell(
        title=f"Traces of {context.run_name or context.experiment_name}" if experiment else "Traces",
        crumbs=(*crumbs, Crumb(label="Traces")),
        section="traces",
        experiment_id=experiment_id,
        experiment_name=context.experiment_name,
    )
    return respond(request, "traces.html", context, shell, status=400 if problem else 200)


def _everywhere(store: Store) -> list[str]:
    return [e.experiment_id for e in store.experiments.search(max_results=_EXPERIMENTS).items]


def _name(run: Run | None) -> str:
    return "" if run is None else run.info.run_name or run.info.run_id[:8]


def _rows(store: Store, infos: tuple[TraceInfo, ...]) -> tuple[TraceRow, ...]:
    found = store.assessments.list([info.trace_id for info in infos]) if infos else {}
    made = []
    for info in infos:
        standing = {
            a.name: a.value
            for a in found.get(info.trace_id, ())
            if a.valid and a.value is not None and not isinstance(a, Expectation)
        }
        verdicts = tuple((name, word_of(value)[:40]) for name, value in list(standing.items())[:_VERDICTS])
        request, response = excerpt(info.request_preview), excerpt(info.response_preview)
        made.append(
            TraceRow(info=info, name=info.name or request[:80], request=request, response=response, verdicts=verdicts)
        )
    return tuple(made)
