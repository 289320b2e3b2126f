"""``/runs/{id}/rows`` of an evaluated application."""

from __future__ import annotations

from dataclasses import replace

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import DataError, InvalidArgument
from steelyard.records import VERDICT_OUTCOMES, ApplicationSummary, RowsColumn, Run, Store
from steelyard.web import links
from steelyard.web.casefilter import asked_chips, orders, read_asked
from steelyard.web.casegroups import SIZE as GROUPS
from steelyard.web.casegroups import case_groups
from steelyard.web.caselines import case_columns, case_lines, look_columns
from steelyard.web.contexts.cases import CaseOptions, CasesPage
from steelyard.web.contexts.runs import Problem
from steelyard.web.evaluations import load_rows, load_summary
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.pages import store_of
from steelyard.web.rowtable import RowTable

_SIZE = 50


def show_cases(request: Request, run: Run, application: ApplicationSummary | None) -> Response:
    """Show the rows that match; without an ``application``, that the evaluation is not done."""
    store = store_of(request)
    context = _page(store, run, application, request.query_params)
    shell = Shell(
        title=f"Rows of {context.run_name}",
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            Crumb(label=context.experiment_name, href=links.runs(context.experiment_id)),
            Crumb(label=context.run_name, href=links.run(context.run_id)),
            Crumb(label="Rows"),
        ),
        section="runs",
        experiment_id=context.experiment_id,
        experiment_name=context.experiment_name,
    )
    return respond(request, "cases.html", context, shell, status=400 if context.problem else 200)


def _page(store: Store, run: Run, application: ApplicationSummary | None, query: QueryParams) -> CasesPage:
    experiment = store.experiments.get(run.info.experiment_id)
    running = run.info.status == "RUNNING"
    context = CasesPage(
        run_id=run.info.run_id,
        run_name=run.info.run_name or run.info.run_id[:8],
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        running=running,
        repeats=application.repeats if application else 1,
        columns=case_columns(application) if application else (),
        size=_SIZE,
    )
    summary = load_summary(store, run.info.run_id)
    table = load_rows(store, run.info.run_id, summary.rows_path if summary else None) if application else None
    if application is None or table is None:
        why = "The evaluation is not done yet: its rows stand here when it is." if running else "No rows were kept."
        return replace(context, why_empty=why)
    context = replace(
        context,
        total=table.total,
        options=CaseOptions(
            outcomes=_outcomes(application),
            tags=tuple(c.removeprefix(RowsColumn.TAG) for c in table.columns if c.startswith(RowsColumn.TAG)),
            orders=orders(table, application),
        ),
        contains=query.get("contains", ""),
        scorer=query.get("scorer", ""),
        score=query.get("score", ""),
        outcome=query.get("outcome", ""),
        order=query.get("order", ""),
        chips=asked_chips(query),
    )
    try:
        return _read(context, table, application, query)
    except (DataError, InvalidArgument) as error:
        typed = query.getlist("where")
        field = "where" if typed else "score" if query.get("score") else "order"
        return replace(context, problem=Problem(field=field, message=str(error)), where=typed[-1] if typed else "")


def _read(context: CasesPage, table: RowTable, application: ApplicationSummary, query: QueryParams) -> CasesPage:
    asked = read_asked(table, application, query)
    after = query.get("after", "0")
    offset = int(after) if after.isascii() and after.isdigit() and len(after) < 12 else 0
    if asked.group:
        groups, n, matching = case_groups(table, application, asked, offset=offset)
        return replace(
            context, groups=groups, n_groups=n, group=asked.group, matching=matching, offset=offset, size=GROUPS
        )
    page = table.page(asked.chosen, asked.order, offset=offset, size=_SIZE, columns=look_columns(table))
    return replace(context, lines=case_lines(page, application), matching=page.matching, offset=offset)


def _outcomes(application: ApplicationSummary) -> tuple[str, ...]:
    seen = {name for scorer in application.scorers for name, n in scorer.outcomes.items() if n}
    return tuple(name for name in VERDICT_OUTCOMES if name in seen)
