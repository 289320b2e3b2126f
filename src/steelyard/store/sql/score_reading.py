"""Counting feedback directly: from the rows of assessments, each once for each value that its trace has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, literal_column, select

from steelyard.errors import InvalidArgument
from steelyard.records.trace import TRACE_NAME_TAG
from steelyard.store.sql.bare_rows import chunks, fetched
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.score_counts import ScoreCounts, no_counts, together
from steelyard.store.sql.score_values import counts_of_feedback
from steelyard.store.sql.trace_schema import assessments, spans, trace_tags, traces

ALL_TAGS = "tag."
"""The dimension of all tags together."""

KEPT = ("", "name", "status", "model", "version")
"""The dimensions that are kept, and every tag besides."""


def check_score_dimension(by: str) -> str:
    """Return what to count by, under one name only, or say what there is."""
    if by == f"{ALL_TAGS}{TRACE_NAME_TAG}":
        return "name"
    if by in KEPT or (by.startswith(ALL_TAGS) and len(by) > len(ALL_TAGS)):
        return by
    msg = f"by={by!r} is none of name, model, status, version and tag.<key>."
    raise InvalidArgument(msg)


def count_feedback(
    connection: Connection,
    dialect: Dialect,
    conditions: Sequence[ColumnElement[bool]],
    *,
    width: int,
    by: str | None = None,
    name: str = "",
) -> dict[str, ScoreCounts]:
    """Return the counts of valid feedback by window, key and dimension; what has no value of one is left out there.

    Args:
        connection: a reading transaction.
        dialect: its database.
        conditions: on ``traces``.
        width: of a window, milliseconds.
        by: one dimension, as from ``check_score_dimension``; all that are kept unless told.
        name: only feedback of this name.
    """
    total: dict[str, ScoreCounts] = defaultdict(no_counts)
    for rows in _rows(connection, conditions, name):
        counts, versions = counts_of_feedback((row[1], row[4], row[5]) for row in rows)
        for dimension, part in _by_value(connection, dialect, rows, (counts, versions), by):
            total[dimension] = together([total[dimension], part.regrouped(width)]).regrouped(width)
    return total


Row = tuple[Any, ...]
"""A trace's row id, its time, name and state; the name of the feedback and its content."""


def _rows(connection: Connection, conditions: Sequence[ColumnElement[bool]], name: str) -> Iterator[list[Row]]:
    a, t = assessments.c, traces.c
    # Spelt so that no index of kinds and names is begun from: of a window there are few, of a name perhaps millions.
    chosen = [a.kind + literal_column("''") == literal_column("'feedback'"), a.valid]
    if name:
        chosen.append(a.name + literal_column("''") == name)
    statement = (
        select(t.id, t.request_time, t.name, t.state, a.name, a.content)
        .select_from(traces.join(assessments, a.trace == t.id))
        .where(*conditions, *chosen)
    )
    yield from chunks(connection, statement)


def _by_value(
    connection: Connection,
    dialect: Dialect,
    rows: Sequence[Row],
    said: tuple[ScoreCounts, Sequence[str | None]],
    by: str | None,
) -> Iterator[tuple[str, ScoreCounts]]:
    counts, versions = said
    if by in (None, ""):
        yield "", counts
    plain = {"name": [row[2] for row in rows], "status": [row[3] for row in rows], "version": versions}
    for dimension, values in plain.items():
        if by in (None, dimension):
            there = [(i, value) for i, value in enumerate(values) if value is not None]
            yield dimension, _with_values(counts, there)
    if by in (None, "model"):
        models = _models(connection, dialect, rows)
        yield "model", _with_values(counts, [(i, model) for i, row in enumerate(rows) for model in models[row[0]]])
    if by is None or by.startswith(ALL_TAGS):
        key = None if by is None else by.removeprefix(ALL_TAGS)
        for found, values in _tags(connection, dialect, rows, key).items():
            there = [(i, values[row[0]]) for i, row in enumerate(rows) if row[0] in values]
            yield f"{ALL_TAGS}{found}", _with_values(counts, there)


def _with_values(counts: ScoreCounts, there: Sequence[tuple[int, str]]) -> ScoreCounts:
    rows = np.fromiter((row for row, _ in there), np.int64, len(there))
    return counts.taken(rows).with_values([value for _, value in there])


def _models(connection: Connection, dialect: Dialect, rows: Sequence[Row]) -> dict[int, list[str]]:
    s = spans.c
    chosen = (dialect.among(s.trace, _numbers(rows)), s.model != literal_column("''"))
    models: dict[int, list[str]] = defaultdict(list)
    for trace, model in fetched(connection, select(s.trace, s.model).where(*chosen).distinct()):
        models[trace].append(model)
    return models


def _tags(connection: Connection, dialect: Dialect, rows: Sequence[Row], key: str | None) -> dict[str, dict[int, str]]:
    """Return the tags of traces: by key, then by trace."""
    t = trace_tags.c
    statement = select(t.key, t.trace, t.value).where(dialect.among(t.trace, _numbers(rows)))
    if key is not None:
        statement = statement.where(t.key + literal_column("''") == key)
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for of, trace, value in fetched(connection, statement):
        found[of][trace] = value
    return found


def _numbers(rows: Sequence[Row]) -> list[int]:
    return sorted({row[0] for row in rows})
