"""From the rows of an evaluated application's file to lines of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steelyard.records import ApplicationSummary, NamedFeedback, RowsColumn
from steelyard.web.contexts.cases import CaseCell, CaseColumn, CaseLine
from steelyard.web.formats import score
from steelyard.web.judging import NO, YES
from steelyard.web.messages import plain, read_messages
from steelyard.web.rowtable import RowPage, RowTable

_EXCERPT = 300
_WHOLE = 200_000
_PARTS = (RowsColumn.VALUE, RowsColumn.VERDICT, RowsColumn.VERDICT_ERROR)
_ALWAYS = (
    RowsColumn.ROW_ID,
    RowsColumn.ROW_INDEX,
    RowsColumn.REPEAT,
    RowsColumn.SESSION,
    RowsColumn.TRACE_ID,
    RowsColumn.INPUTS,
    RowsColumn.OUTPUT,
    RowsColumn.OUTCOME,
    RowsColumn.ERROR,
    RowsColumn.LATENCY,
    RowsColumn.TOKENS,
    RowsColumn.COST,
)


def case_columns(application: ApplicationSummary) -> tuple[CaseColumn, ...]:
    """Return the scorers' columns: one a name of feedback."""
    return tuple(
        CaseColumn(
            name=named.name,
            kind=named.kind,
            values=(YES, NO) if named.kind == "boolean" else tuple(word for word, _ in named.distribution[:20]),
        )
        for named in application.feedback
    )


def look_columns(table: RowTable) -> list[str]:
    """Return the columns that lines need; rationales are read only with a row of its own."""
    return [c for c in table.columns if c in _ALWAYS or c.startswith(RowsColumn.TAG) or c.endswith(_PARTS)]


def case_lines(page: RowPage, application: ApplicationSummary) -> tuple[CaseLine, ...]:
    """Return the lines of a page of rows."""
    return tuple(case_line(row, position, application) for row, position in zip(page.rows, page.positions, strict=True))


def case_line(row: Mapping[str, Any], position: int, application: ApplicationSummary) -> CaseLine:
    """Return one row and repeat as a line."""
    return CaseLine(
        position=position,
        row_id=str(row.get(RowsColumn.ROW_ID) or position),
        repeat=int(row.get(RowsColumn.REPEAT) or 0),
        session=row.get(RowsColumn.SESSION) or "",
        trace_id=row.get(RowsColumn.TRACE_ID) or "",
        inputs=excerpt(row.get(RowsColumn.INPUTS)),
        output=excerpt(row.get(RowsColumn.OUTPUT)),
        outcome=row.get(RowsColumn.OUTCOME) or "",
        error=(row.get(RowsColumn.ERROR) or "")[:_EXCERPT],
        latency=row.get(RowsColumn.LATENCY),
        tokens=row.get(RowsColumn.TOKENS),
        cost=row.get(RowsColumn.COST),
        tags={k.removeprefix(RowsColumn.TAG): v for k, v in row.items() if k.startswith(RowsColumn.TAG) and v},
        cells=tuple(case_cell(row, named) for named in application.feedback),
    )


def case_cell(row: Mapping[str, Any], named: NamedFeedback) -> CaseCell:
    """Return what was said of a row under one name."""
    value = row.get(named.name + RowsColumn.VALUE)
    outcome = row.get(named.name + RowsColumn.VERDICT) or ""
    error = (row.get(named.name + RowsColumn.VERDICT_ERROR) or "")[:_EXCERPT]
    if value is None:
        return CaseCell(outcome=outcome, error=error)
    if named.kind == "boolean" and value in (0, 1):
        return CaseCell(outcome=outcome, word=YES if value else NO, mark="good" if value else "bad", error=error)
    if isinstance(value, int | float):
        return CaseCell(outcome=outcome, word=score(value), share=_share(float(value), named), error=error)
    return CaseCell(outcome=outcome, word=str(value)[:80], error=error)


def _share(value: float, named: NamedFeedback) -> float | None:
    low, high = named.low, named.high
    if low is None or high is None or not low < high:
        return None
    low, high = (0.0, 1.0) if low >= 0 and high <= 1 else (min(0.0, low), high)
    return min(1.0, max(0.0, (value - low) / (high - low)))


def excerpt(text: Any) -> str:
    """Return the beginning of a text, a conversation or JSON, on one line.

    Examples:
        >>> excerpt('{"question": "Where is\\\\n my parcel?"}')
        'Where is my parcel?'
    """
    value = read_json(text) if not isinstance(text, str) or len(text) <= _WHOLE else text[:2_000]
    turns = read_messages(value)
    said = next((m.text for m in reversed(turns) if m.role == "user" and m.text), "") if turns else ""
    return " ".join((said or plain(value, longest=2_000)).split())[:_EXCERPT]


def read_json(text: Any) -> Any:
    """Return what JSON text stands for; other text, or none, as it is."""
    import msgspec

    if not isinstance(text, str) or text[:1] not in '{["' or not text:
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
