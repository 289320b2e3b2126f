"""From rows to infos of traces: three statements however many the traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from steelyard.records.trace import TraceInfo
from steelyard.store.sql.assessments import assessments_of
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.trace_rows import TRACE_COLUMNS, info_from
from steelyard.store.sql.trace_schema import trace_tags, traces

INFO_COLUMNS = (traces.c.id, *(traces.c[name] for name in TRACE_COLUMNS))


def infos_from_rows(connection: Connection, dialect: Dialect, rows: Sequence[Any]) -> tuple[TraceInfo, ...]:
    """Return infos from rows that begin with ``INFO_COLUMNS``, with tags and assessments."""
    if not rows:
        return ()
    numbers = [row[0] for row in rows]
    t = trace_tags.c
    statement = select(t.trace, t.key, t.value).where(dialect.among(t.trace, numbers)).order_by(t.trace, t.key)
    tags: dict[int, dict[str, str]] = {number: {} for number in numbers}
    for number, key, value in connection.execute(statement):
        tags[number][key] = value
    said = assessments_of(connection, dialect, numbers)
    return tuple(info_from(row[1:], tags[row[0]], said.get(row[0], ())) for row in rows)
