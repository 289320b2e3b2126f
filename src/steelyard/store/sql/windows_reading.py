"""Counting traces directly: from their rows, whatever the filter, each trace once for each value it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, literal_column, select

from steelyard.errors import InvalidArgument
from steelyard.records.trace import TRACE_NAME_TAG
from steelyard.store.sql.bare_rows import chunks
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.trace_schema import spans, trace_tags, traces
from steelyard.store.sql.windows_counts import Counts, counts_of, together

_MOST_MODELS = 1_000
_COLUMNS = {"name": traces.c.name, "status": traces.c.state, "session": traces.c.session, "user": traces.c.user_id}
SUMS = (traces.c.duration, traces.c.state, traces.c.input_tokens, traces.c.output_tokens, traces.c.cost)


def check_dimension(by: str) -> str:
    """Return what to count by, under one name only, or say what there is."""
    if by == f"tag.{TRACE_NAME_TAG}":
        return "name"
    if by in {"", "model", *_COLUMNS} or (by.startswith("tag.") and len(by) > 4):
        return by
    msg = f"by={by!r} is none of model, name, status, session, user and tag.<key>."
    raise InvalidArgument(msg)


def count_traces(
    connection: Connection, dialect: Dialect, conditions: Sequence[ColumnElement[bool]], *, by: str, width: int
) -> Counts:
    """Return the counts of traces by window and value; traces without the value are left out.

    Args:
        connection: a reading transaction.
        dialect: its database.
        conditions: on ``traces``.
        by: as from ``check_dimension``.
        width: of a window, milliseconds.
    """
    total = counts_of(())
    for rows in _rows(connection, dialect, conditions, by):
        total = together([total, counts_of(rows).regrouped(width)]).regrouped(width)
    return total


def _rows(
    connection: Connection, dialect: Dialect, conditions: Sequence[ColumnElement[bool]], by: str
) -> Iterator[list[tuple[Any, ...]]]:
    if by == "model":
        yield from _by_model(connection, dialect, conditions)
        return
    source, value = traces, literal_column("''")
    if by in _COLUMNS:
        value = _COLUMNS[by]
        conditions = [*conditions, value.is_not(None)]
    elif by:
        value = trace_tags.c.value
        tagged = and_(trace_tags.c.trace == traces.c.id, trace_tags.c.key == by.removeprefix("tag."))
        source = traces.join(trace_tags, tagged)
    statement = select(traces.c.request_time, value, *SUMS).select_from(source).where(*conditions)
    yield from chunks(connection, statement)


def _by_model(
    connection: Connection, dialect: Dialect, conditions: Sequence[ColumnElement[bool]]
) -> Iterator[list[tuple[Any, ...]]]:
    """A trace counts under each of its models, with the tokens and the cost of that model's own calls."""
    statement = (
        select(traces.c.id, traces.c.request_time, spans.c.model, *SUMS)
        .select_from(traces.join(spans, spans.c.trace == traces.c.id))
        .where(*conditions, spans.c.model != literal_column("''"))
        .distinct()
        .order_by(traces.c.id)
    )
    waiting: list[tuple[Any, ...]] = []  # the last trace of a chunk: perhaps the next chunk has more of its models
    for chunk in chunks(connection, statement):
        rows = [*waiting, *chunk]
        waiting = [row for row in rows[-_MOST_MODELS:] if row[0] == rows[-1][0]]
        yield list(_own_usage(connection, dialect, rows[: len(rows) - len(waiting)]))
    yield list(_own_usage(connection, dialect, waiting))


def _own_usage(connection: Connection, dialect: Dialect, rows: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    models: dict[int, int] = defaultdict(int)
    for row in rows:
        models[row[0]] += 1
    several = [number for number, n in models.items() if n > 1]
    spent = _spent(connection, dialect, several) if several else {}
    for number, time, model, duration, state, *usage in rows:
        own = usage if models[number] == 1 else spent.get((number, model), (None, None, None))
        yield (time, model, duration, state, *own)


def _spent(connection: Connection, dialect: Dialect, numbers: Sequence[int]) -> dict[tuple[int, str], tuple[Any, ...]]:
    """Return what each model of each trace used, a call within a call being counted with the outer one."""
    s = spans.c
    statement = select(s.trace, s.span_id, s.parent_id, s.model, s.input_tokens, s.output_tokens, s.cost)
    of_trace: dict[int, dict[str, tuple[Any, ...]]] = defaultdict(dict)
    for rows in chunks(connection, statement.where(dialect.among(s.trace, numbers))):
        for number, span_id, *rest in rows:
            of_trace[number][span_id] = tuple(rest)
    spent: dict[tuple[int, str], tuple[Any, ...]] = {}
    for number, found in of_trace.items():
        for parent, model, *usage in found.values():
            if model and usage[0] is not None and not _inside_a_call(found, parent):
                before = spent.get((number, model), (None, None, None))
                spent[number, model] = tuple(map(_added, before, usage))
    return spent


def _inside_a_call(found: dict[str, tuple[Any, ...]], parent: str | None) -> bool:
    seen: set[str] = set()
    while parent is not None and parent in found and parent not in seen:
        seen.add(parent)
        if found[parent][2] is not None:
            return True
        parent = found[parent][0]
    return False


def _added(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else one + other


def stretches(starts: Iterable[int], width: int) -> list[tuple[int, int]]:
    """Return windows that follow each other as stretches of time, [begin, end).

    Examples:
        >>> stretches([0, 10, 30], 10)
        [(0, 20), (30, 40)]
    """
    found: list[tuple[int, int]] = []
    for start in sorted(starts):
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], start + width)
        else:
            found.append((start, start + width))
    return found
