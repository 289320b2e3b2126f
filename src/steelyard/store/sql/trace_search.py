"""Finding traces: one statement for the page, then one each for tags and assessments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, literal_column, select

from steelyard.errors import FilterError, InvalidArgument
from steelyard.records import Page
from steelyard.records.trace import TRACE_NAME_TAG, TraceInfo
from steelyard.store.limits import check_max_results
from steelyard.store.sql.database import Database
from steelyard.store.sql.experiments import experiment_numbers
from steelyard.store.sql.filter import Ordering, compile_condition, parse_filter, parse_order
from steelyard.store.sql.paging import SortKey, after, fingerprint, make_token, read_token
from steelyard.store.sql.runs import run_number
from steelyard.store.sql.trace_filter import TRACE_ATTRIBUTES, TRACES, sorted_assessment, trace_comparison
from steelyard.store.sql.trace_infos import INFO_COLUMNS, infos_from_rows
from steelyard.store.sql.trace_schema import trace_runs, trace_tags, traces

_FEW = 10_000  # traces that are sorted sooner than they are found among a million


class TraceSearch:
    """The searching half of ``TraceStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str,
        *,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
        run_id: str | None,
    ) -> Page[TraceInfo]:
        """See ``TraceStore.search``."""
        check_max_results(max_results)
        where = self._filter(filter_string)
        keys, source = _sorting(parse_order(order_by, TRACES))
        query = fingerprint(sorted(set(experiment_ids)), filter_string, list(order_by), run_id)
        behind = after(keys, read_token(page_token, query, keys)) if page_token else None
        with self._database.read() as connection:
            conditions = [*_chosen(connection, experiment_ids, run_id), where, behind]
            statement = (
                select(*INFO_COLUMNS, *(key.expression for key in keys))
                .select_from(source)
                .where(*(condition for condition in conditions if condition is not None))
                .order_by(*(key.order for key in keys))
                .limit(max_results + 1)
            )
            rows = connection.execute(statement).all()
            page = rows[:max_results]
            found = infos_from_rows(connection, self._database.dialect, page)
        if len(rows) <= max_results:
            return Page(found)
        return Page(found, make_token(query, page[-1][len(INFO_COLUMNS) :]))

    def count(self, experiment_ids: Sequence[str], filter_string: str, *, run_id: str | None) -> int:
        """See ``TraceStore.count``."""
        where = self._filter(filter_string)
        with self._database.read() as connection:
            chosen = _chosen(connection, experiment_ids, run_id)
            statement = select(func.count()).select_from(traces).where(*chosen)
            return connection.execute(statement if where is None else statement.where(where)).scalar_one()

    def _filter(self, filter_string: str) -> ColumnElement[bool] | None:
        condition = parse_filter(filter_string or "", TRACES)
        if condition is None:
            return None
        return compile_condition(condition, lambda one: trace_comparison(one, self._database.dialect))


def _chosen(connection: Connection, experiment_ids: Sequence[str], run_id: str | None) -> list[ColumnElement[bool]]:
    if isinstance(experiment_ids, str):
        msg = f"experiment_ids is a list of ids, not one text: write [{experiment_ids!r}]."
        raise InvalidArgument(msg)
    chosen: list[ColumnElement[bool]] = []
    experiment: ColumnElement[int] = traces.c.experiment
    if run_id is not None:
        of_run = select(trace_runs.c.trace).where(trace_runs.c.run == run_number(connection, run_id))
        chosen.append(traces.c.id.in_(of_run))
        if len(connection.execute(of_run.limit(_FEW + 1)).all()) <= _FEW:
            experiment = experiment + literal_column("0")  # begin with the run's traces, not with the experiment's
    numbers = experiment_numbers(connection, experiment_ids)
    if len(numbers) == 1:
        chosen.append(experiment == numbers[0])
    elif numbers or run_id is None:
        chosen.append(experiment.in_(numbers))
    return chosen


def _sorting(orderings: Sequence[Ordering]) -> tuple[list[SortKey], FromClause]:
    """Return the sort keys, the last of them unique, and the tables that they need."""
    keys: list[SortKey] = []
    source: FromClause = traces
    for ordering in orderings:
        kind, name = ordering.key.kind, ordering.key.name
        if kind in {"feedback", "expectation"}:
            keys += [
                SortKey(sorted_assessment(kind, name, column), ordering.descending) for column in ("number", "word")
            ]
        elif kind == "tags" and name != TRACE_NAME_TAG:
            values = trace_tags.alias()
            source = source.outerjoin(values, and_(values.c.trace == traces.c.id, values.c.key == name))
            keys.append(SortKey(values.c.value, ordering.descending))
        else:
            keys.append(SortKey(_column(kind, name), ordering.descending, name == "timestamp"))
    newest = (SortKey(traces.c.request_time, True, True), SortKey(traces.c.id, True, True))
    return [*keys, *newest], source


def _column(kind: str, name: str) -> ColumnElement[Any]:
    if kind == "tags":
        return traces.c.name
    if kind == "attributes" and name in TRACE_ATTRIBUTES:
        return TRACE_ATTRIBUTES[name]
    shown = f"{kind}.{name}" if kind != "attributes" else name
    msg = (
        f"Traces cannot be ordered by {shown}: use timestamp, execution_time, end_time, name, status, tokens, cost, "
        "session, user, tag.<key>, feedback.<name> or expectation.<name>."
    )
    raise FilterError(msg)
