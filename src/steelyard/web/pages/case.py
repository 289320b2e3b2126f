"""``/runs/{id}/rows/{position}`` of an evaluated application: a row beside its trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import DataError, InvalidArgument, NotFound
from steelyard.records import ApplicationSummary, RowsColumn, Run, Store, Usage
from steelyard.web import links
from steelyard.web.applications import load_application
from steelyard.web.casefilter import read_asked
from steelyard.web.caselines import case_cell, case_columns, read_json
from steelyard.web.contexts.cases import CasePage, Repeat
from steelyard.web.contexts.judged import Judged
from steelyard.web.contexts.trace import SpanView, Waterfall
from steelyard.web.evaluations import load_rows, load_summary
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.judging import judged_of
from steelyard.web.messages import Folded, Named, fields_of, fold_value, read_messages
from steelyard.web.pages import store_of
from steelyard.web.pages.trace import info_of, reviewer_of
from steelyard.web.rowfilter import Condition, RowFilter, RowOrder
from steelyard.web.rowtable import Neighbours, RowTable
from steelyard.web.waterfall import chosen_span, waterfall

_REPEATS = 16


def show_case(request: Request, run: Run, application: ApplicationSummary) -> Response:
    """Show one row and repeat."""
    store = store_of(request)
    table = _table(store, run)
    position = request.path_params["position"]
    row = table.row(position)
    around = _around(table, application, request, position)
    context = _page(request, store, run, application, table, row, around)
    experiment = store.experiments.get(run.info.experiment_id)
    crumbs = (
        Crumb(label="Experiments", href=links.EXPERIMENTS),
        Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
        Crumb(label=context.run_name, href=links.run(run.info.run_id)),
        Crumb(label="Rows", href=links.rows(run.info.run_id)),
        Crumb(label=f"Row {position}"),
    )
    shell = Shell(
        title=f"Row {position} of {context.run_name}",
        crumbs=crumbs,
        section="runs",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
    return respond(request, "case.html", context, shell)


def find(request: Request) -> Response:
    """Lead to the place of a row that is named by its id and repeat, as ``/runs/{id}/row?id=…&repeat=0``."""
    store, query = store_of(request), request.query_params
    run = store.runs.get(request.path_params["run_id"])
    if load_application(store, run.info.run_id) is None:
        raise NotFound(f"Run {run.info.run_id} evaluated no application.")
    repeat = query.get("repeat", "0") or "0"
    if not (repeat.isascii() and repeat.isdigit() and len(repeat) < 9):
        raise InvalidArgument(f"A repeat is a number from 0, not {repeat!r}.")
    wanted = (
        Condition(RowsColumn.ROW_ID, "=", query.get("id", "")),
        Condition(RowsColumn.REPEAT, "=", repeat),
    )
    at = _table(store, run).matches(RowFilter(conditions=wanted))
    if not len(at):
        raise NotFound(f"Run {run.info.run_id} has no row {query.get('id', '')!r} with repeat {repeat}.")
    return RedirectResponse(links.row(run.info.run_id, int(at[0])), status_code=303)


def _table(store: Store, run: Run) -> RowTable:
    summary = load_summary(store, run.info.run_id)
    table = load_rows(store, run.info.run_id, summary.rows_path if summary else None)
    if table is None:
        raise NotFound(f"Run {run.info.run_id} keeps no rows.")
    return table


def _around(table: RowTable, application: ApplicationSummary, request: Request, position: int) -> Neighbours:
    """Return the rows before and after in the list that the address names, or in the file if the row is not in it."""
    try:
        asked = read_asked(table, application, request.query_params)
        found = table.neighbours(asked.chosen, asked.order, position)
    except (DataError, InvalidArgument):
        found = None
    if found is None or found.place is None:
        return table.neighbours(RowFilter(), RowOrder(), position)
    return found


def _page(
    request: Request,
    store: Store,
    run: Run,
    application: ApplicationSummary,
    table: RowTable,
    row: Mapping[str, Any],
    around: Neighbours,
) -> CasePage:
    position = request.path_params["position"]
    given, output = read_json(row.get(RowsColumn.INPUTS)), read_json(row.get(RowsColumn.OUTPUT))
    heard, said = read_messages(given), read_messages(output)
    trace_id = row.get(RowsColumn.TRACE_ID) or ""
    lines, span, problem = _trace(request, store, trace_id)
    tokens, cost = row.get(RowsColumn.TOKENS), row.get(RowsColumn.COST)
    return CasePage(
        run_id=run.info.run_id,
        run_name=run.info.run_name or run.info.run_id[:8],
        position=position,
        total=table.total,
        place=around.place,
        matching=around.matching,
        earlier=around.earlier,
        later=around.later,
        row_id=str(row.get(RowsColumn.ROW_ID) or position),
        repeat=int(row.get(RowsColumn.REPEAT) or 0),
        repeats=_repeats(table, application, row),
        columns=case_columns(application),
        heard=heard,
        inputs=() if heard else fields_of(given),
        said=said,
        output=() if said else fields_of(output),
        expectations=_named(row, RowsColumn.EXPECTATION),
        tags={k.removeprefix(RowsColumn.TAG): v for k, v in row.items() if k.startswith(RowsColumn.TAG) and v},
        session=row.get(RowsColumn.SESSION) or "",
        trace_id=trace_id if not problem else "",
        outcome=row.get(RowsColumn.OUTCOME) or "",
        error=row.get(RowsColumn.ERROR) or "",
        latency=row.get(RowsColumn.LATENCY),
        usage=Usage(input_tokens=tokens or 0, cost=cost) if tokens is not None or cost is not None else None,
        judged=_judged(store, application, row, trace_id if not problem else ""),
        reviewer=reviewer_of(request),
        waterfall=lines,
        span=span,
        trace_problem=problem,
    )


def _named(row: Mapping[str, Any], prefix: str) -> tuple[Named, ...]:
    return tuple(
        Named(name=key.removeprefix(prefix), value=_folded(value))
        for key, value in row.items()
        if key.startswith(prefix) and value is not None
    )


def _folded(value: Any) -> Folded:
    return fold_value(read_json(value))


def _trace(request: Request, store: Store, trace_id: str) -> tuple[Waterfall | None, SpanView | None, str]:
    if not trace_id:
        return None, None, "Nothing was traced for this row, so that there are no steps to look at and none to judge."
    try:
        info = info_of(store, trace_id)
    except NotFound:
        return None, None, f"The trace of this row, {trace_id}, is not in the store any more."
    lines, tree = waterfall(store, info, request.query_params)
    span = chosen_span(store, tree, lines)
    return replace(lines, selected=span.span_id if span else ""), span, ""


def _judged(store: Store, application: ApplicationSummary, row: Mapping[str, Any], trace_id: str) -> tuple[Judged, ...]:
    """Return a verdict for every scorer's name, with what was said later, then what was said under other names."""
    said = judged_of(store, trace_id) if trace_id else ()
    told = {j.name: j for j in said if not j.expectation and not j.span_id}
    by = {scorer.name: scorer.judged_by for scorer in application.scorers}
    made: list[Judged] = []
    for named in application.feedback:
        found = told.pop(named.name, None)
        choices = [word for word, _ in named.distribution[:12]] if named.kind == "category" else []
        made.append(
            Judged(
                name=named.name,
                kind=named.kind if named.kind != "none" or found is None else found.kind,
                said=found.said if found else (),
                outcome=row.get(named.name + RowsColumn.VERDICT) or "",
                error=row.get(named.name + RowsColumn.VERDICT_ERROR) or "",
                judged_by=by.get(named.scorer, ""),
                choices=tuple(dict.fromkeys([*choices, *(found.choices if found else ())])),
                agreed=found.agreed if found else False,
                history=found.history if found else (),
            )
        )
    return (*made, *told.values())


def _repeats(table: RowTable, application: ApplicationSummary, row: Mapping[str, Any]) -> tuple[Repeat, ...]:
    """Return all repeats of this row; none if it was predicted once."""
    if application.repeats < 2:
        return ()
    same = RowFilter(conditions=(Condition(RowsColumn.ROW_ID, "=", str(row.get(RowsColumn.ROW_ID))),))
    page = table.page(same, RowOrder(RowsColumn.REPEAT), size=_REPEATS)
    made: list[Repeat] = []
    for position, other in zip(page.positions, page.rows, strict=True):
        output = other.get(RowsColumn.OUTPUT)
        made.append(
            Repeat(
                position=position,
                repeat=int(other.get(RowsColumn.REPEAT) or 0),
                output=None if output is None else _folded(output),
                error=other.get(RowsColumn.ERROR) or "",
                outcome=other.get(RowsColumn.OUTCOME) or "",
                latency=other.get(RowsColumn.LATENCY),
                cells=tuple(case_cell(other, named) for named in application.feedback),
            )
        )
    return tuple(made)
