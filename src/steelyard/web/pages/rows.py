"""``/runs/{id}/rows`` and ``/runs/{id}/rows/{position}``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import DataError, InvalidArgument, NotFound
from steelyard.records import ALL_ROWS, EvaluationSummary, Run, Store
from steelyard.web import links
from steelyard.web.applications import load_application
from steelyard.web.contexts.rows import Options, RowChip, RowPageOne, RowsPage
from steelyard.web.contexts.runs import Problem
from steelyard.web.evaluations import load_rows, load_summary
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.pages import store_of
from steelyard.web.pages.case import show_case
from steelyard.web.pages.cases import show_cases
from steelyard.web.preview import input_columns, text_column, usual_columns
from steelyard.web.rowfilter import Condition, RowFilter, RowOrder, parse_condition, parse_order
from steelyard.web.rowtable import RowTable

_SIZE = 50
_MOST_LABELS = 200
_MOST_CONDITIONS = 12


def show(request: Request) -> Response:
    """Show the rows that match."""
    store = store_of(request)
    run = store.runs.get(request.path_params["run_id"])
    application = load_application(store, run.info.run_id)
    if application is not None or store.ledgers.state(run.info.run_id) is not None:
        return show_cases(request, run, application)
    summary = load_summary(store, run.info.run_id)
    table = load_rows(store, run.info.run_id, summary.rows_path if summary else None)
    context = _page(store, run, summary, table, request.query_params)
    shell = _shell(context.run_name, context, last="Rows")
    return respond(request, "rows.html", context, shell, status=400 if context.problem else 200)


def show_one(request: Request) -> Response:
    """Show every column of one row."""
    store = store_of(request)
    run = store.runs.get(request.path_params["run_id"])
    application = load_application(store, run.info.run_id)
    if application is not None:
        return show_case(request, run, application)
    table = load_rows(store, run.info.run_id)
    if table is None:
        raise NotFound(f"Run {run.info.run_id} keeps no rows.")
    position = request.path_params["position"]
    values = table.row(position)
    inputs = input_columns(table)
    slices = [c for c in table.columns if c.startswith("slice:")]
    context = RowPageOne(
        run_id=run.info.run_id,
        run_name=run.info.run_name or run.info.run_id[:8],
        position=position,
        total=table.total,
        inputs={c: values[c] for c in inputs},
        results={c: values[c] for c in table.columns if c not in inputs and c not in slices},
        slices={c.removeprefix("slice:"): values[c] for c in slices},
    )
    experiment = store.experiments.get(run.info.experiment_id)
    crumbs = (
        Crumb(label="Experiments", href=links.EXPERIMENTS),
        Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
        Crumb(label=context.run_name, href=links.run(context.run_id)),
        Crumb(label="Rows", href=links.rows(context.run_id)),
        Crumb(label=f"Row {position}"),
    )
    shell = Shell(
        title=f"Row {position} of {context.run_name}",
        crumbs=crumbs,
        section="runs",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
    return respond(request, "row.html", context, shell)


def _page(
    store: Store, run: Run, summary: EvaluationSummary | None, table: RowTable | None, query: QueryParams
) -> RowsPage:
    experiment = store.experiments.get(run.info.experiment_id)
    empty = RowsPage(
        run_id=run.info.run_id,
        run_name=run.info.run_name or run.info.run_id[:8],
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        columns=(),
        all_columns=(),
        numeric=(),
        rows=(),
        positions=(),
        matching=0,
        total=0,
        offset=0,
        size=_SIZE,
        order=query.get("order", ""),
        chips=(),
        options=Options(),
        contains=query.get("contains", ""),
    )
    if table is None:
        why = (
            "This run has no evaluation, so there are no rows." if summary is None else "This evaluation kept no rows."
        )
        return replace(empty, why_empty="The evaluation is not done yet." if run.info.status == "RUNNING" else why)
    asked = [c for c in query.getlist("cols") if c in table.columns]
    context = replace(
        empty,
        columns=tuple(asked) or usual_columns(table),
        all_columns=table.columns,
        numeric=tuple(c for c in table.columns if table.is_number(c)),
        total=table.total,
        options=_options(table, summary),
        chips=_chips(query),
    )
    return _filled(context, table, summary, query)


def _filled(context: RowsPage, table: RowTable, summary: EvaluationSummary | None, query: QueryParams) -> RowsPage:
    typed = query.getlist("where")
    try:
        order = parse_order(query.get("order", ""), table.columns)
        chosen, field = _filter(table, summary, query), "where"
    except (DataError, InvalidArgument) as error:
        field = "order" if not typed else "where"
        bad = typed[-1] if typed else ""
        return replace(context, problem=Problem(field=field, message=str(error)), where=bad)
    try:
        page = _read(context, table, chosen, order, query)
    except InvalidArgument as error:
        return replace(context, problem=Problem(field=field, message=str(error)), where=typed[-1] if typed else "")
    return page


def _read(context: RowsPage, table: RowTable, chosen: RowFilter, order: RowOrder, query: QueryParams) -> RowsPage:
    after = query.get("after", "0")
    offset = int(after) if after.isascii() and after.isdigit() and len(after) < 12 else 0
    extra = [c for c in ("target", "prediction", "correct") if c in table.columns and c not in context.columns]
    found = table.page(chosen, order, offset=offset, size=_SIZE, columns=[*context.columns, *extra])
    return replace(context, rows=found.rows, positions=found.positions, matching=found.matching, offset=offset)


def _filter(table: RowTable, summary: EvaluationSummary | None, query: QueryParams) -> RowFilter:
    """Read the filter's fields; each stands in the address under its own name.

    Raises:
        ColumnNotFound: if the rows have no such column.
        InvalidArgument: if a condition is not of the right shape.
    """
    conditions: list[Condition] = []
    for column, key in (("target", "true"), ("prediction", "predicted")):
        if value := query.get(key):
            conditions.append(_on(table, column, value))
    if outcome := query.get("outcome"):
        unscored = outcome == "unscored"
        conditions.append(_on(table, "outcome", "scored" if unscored else outcome, different=unscored))
    if correct := query.get("correct"):
        conditions.append(_on(table, "correct", correct))
    for piece in query.getlist("slice"):
        conditions.extend(_slice(table, summary, piece))
    conditions.extend(parse_condition(text, table.columns) for text in query.getlist("where") if text.strip())
    if len(conditions) > _MOST_CONDITIONS:
        raise InvalidArgument(f"There are {len(conditions)} conditions; {_MOST_CONDITIONS} are allowed.")
    contains = query.get("contains", "")
    column = text_column(table)
    if contains and not column:
        raise InvalidArgument("The rows have no text to search in.")
    return RowFilter(conditions=tuple(conditions), contains=contains, contains_column=column if contains else "")


def _on(table: RowTable, column: str, value: str, *, different: bool = False) -> Condition:
    if column not in table.columns:
        raise InvalidArgument(f"The rows of this evaluation have no {column!r}.")
    return Condition(column, "!=" if different else "=", value)


def _slice(table: RowTable, summary: EvaluationSummary | None, name: str) -> list[Condition]:
    """Read a name such as ``category=billing, channel=web``; a crossed slice has a column, or those of its parts."""
    found = next((s for s in summary.slices if s.name == name), None) if summary else None
    if found is None:
        raise InvalidArgument(f"This evaluation has no slice {name!r}.")
    if f"slice:{found.dimension}" in table.columns:
        return [Condition(f"slice:{found.dimension}", "=", found.label)]
    return [_on(table, f"slice:{dimension}", value) for dimension, value in found.key]


def _options(table: RowTable, summary: EvaluationSummary | None) -> Options:
    return Options(
        outcomes=tuple(name for name, n in summary.outcomes.items() if n) if summary else (),
        labels=summary.labels[:_MOST_LABELS] if summary and "target" in table.columns else (),
        slices=tuple(s.name for s in summary.slices if s.key != ALL_ROWS) if summary else (),
        has_correct="correct" in table.columns,
        text_column=text_column(table),
    )


def _chips(query: QueryParams) -> tuple[RowChip, ...]:
    words = {("correct", "no"): "wrong", ("correct", "yes"): "right"}
    keys = ("outcome", "correct", "true", "predicted", "contains", "slice", "where")
    chips = [
        RowChip(name="condition" if key == "where" else key, value=words.get((key, value), value), key=key, raw=value)
        for key, value in query.multi_items()
        if key in keys and value.strip()
    ]
    order = query.get("order", "")
    if order:
        way = "high first" if order.startswith("-") else "low first"
        chips.append(RowChip(name="order", value=f"{order.removeprefix('-')}, {way}", key="order", raw=order))
    return tuple(chips)


def _shell(run_name: str, context: RowsPage, *, last: str) -> Shell:
    crumbs: Sequence[Crumb] = (
        Crumb(label="Experiments", href=links.EXPERIMENTS),
        Crumb(label=context.experiment_name, href=links.runs(context.experiment_id)),
        Crumb(label=run_name, href=links.run(context.run_id)),
        Crumb(label=last),
    )
    return Shell(
        title=f"{last} of {run_name}",
        crumbs=tuple(crumbs),
        section="runs",
        experiment_id=context.experiment_id,
        experiment_name=context.experiment_name,
    )
