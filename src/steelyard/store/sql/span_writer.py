"""Writing spans, and what made them, on a bare cursor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from steelyard.records.trace import Span, SpanOrigin
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.trace_rows import CONTENT_COLUMNS, LIGHT_COLUMNS, origin_content, span_row, usage_from
from steelyard.store.sql.trace_schema import span_origins, spans
from steelyard.tracing.usage import counted_once

SPAN_ID, PARENT_ID = LIGHT_COLUMNS.index("span_id"), LIGHT_COLUMNS.index("parent_id")
_USAGE = LIGHT_COLUMNS.index("input_tokens")
SpanRows = dict[str, tuple[tuple[Any, ...], str | None]]
"""Spans by id: their row, and the content of their origin."""


def span_rows(found: Iterable[Span]) -> SpanRows:
    """Return spans as their rows; of two with one id the later one.

    Raises:
        InvalidArgument: something in one of them cannot be stored.
    """
    contents: dict[int, tuple[SpanOrigin, str]] = {}  # many spans share one origin: it is written once
    rows: SpanRows = {}
    for span in found:
        origin = span.origin
        content = None
        if origin is not None:
            known = contents.get(id(origin))
            if known is None:
                known = contents[id(origin)] = (origin, origin_content(origin))
            content = known[1]
        rows[span.span_id] = (span_row(span), content)
    return rows


def usage_row_of(light: Sequence[Sequence[Any]]) -> tuple[Any, ...] | None:
    """Return a trace's usage as rows of its spans tell it, each call of a model counted once; None if none tells any.

    Args:
        light: the values of ``LIGHT_COLUMNS`` of all its spans.
    """
    told = {row[SPAN_ID]: usage for row in light if (usage := usage_from(row[_USAGE:])) is not None}
    usage = counted_once(told, {row[SPAN_ID]: row[PARENT_ID] for row in light}) if told else None
    if usage is None:
        return None
    tokens = (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens)
    return (*tokens, usage.reasoning_tokens, usage.cost)


class SpanWriter:
    """Writes rows of spans; its statements are spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._pack: Callable[[Sequence[Any]], Any] = dialect.pack
        upsert = dialect.insert(spans)
        columns = ("trace", *LIGHT_COLUMNS, *CONTENT_COLUMNS, "origin")
        changes = {name: upsert.excluded[name] for name in columns if name not in {"trace", "span_id"}}
        self._span = text(upsert.on_conflict_do_update(index_elements=["trace", "span_id"], set_=changes), columns)
        self._origin = text(dialect.insert(span_origins).on_conflict_do_nothing(), ("digest", "content"))
        o = span_origins.c
        self._origins = text(select(o.digest, o.id).where(dialect.listed(o.digest)))
        light = select(spans.c.trace, *(spans.c[name] for name in LIGHT_COLUMNS))
        self._light = text(light.where(dialect.listed(spans.c.trace)))

    def write(self, cursor: Cursor, rows: Iterable[tuple[int, SpanRows]]) -> None:
        """Write the spans of traces, by the traces' numbers; one that is there already is replaced."""
        found = [(number, *one) for number, of_trace in rows for one in of_trace.values()]
        if not found:
            return
        contents = {content for _, _, content in found if content is not None}
        numbers = self._origin_numbers(cursor, contents) if contents else {}
        cursor.executemany(self._span, [(number, *row, None if c is None else numbers[c]) for number, row, c in found])

    def light(self, cursor: Cursor, numbers: Iterable[int]) -> Mapping[int, list[tuple[Any, ...]]]:
        """Return the values of ``LIGHT_COLUMNS`` of all spans of traces, by the traces' numbers."""
        found: dict[int, list[tuple[Any, ...]]] = {number: [] for number in numbers}
        if found:
            cursor.execute(self._light, (self._pack(list(found)),))
            for number, *row in cursor.fetchall():
                found[number].append(tuple(row))
        return found

    def _origin_numbers(self, cursor: Cursor, contents: set[str]) -> dict[str, int]:
        digests = {hashlib.sha256(content.encode()).hexdigest(): content for content in sorted(contents)}
        for attempt in (0, 1):
            cursor.execute(self._origins, (self._pack(list(digests)),))
            numbers = {digests[digest]: number for digest, number in cursor.fetchall()}
            missing = [(digest, content) for digest, content in digests.items() if content not in numbers]
            if not missing or attempt:
                break
            cursor.executemany(self._origin, sorted(missing))
        return numbers
