"""Rows of an application grouped by a tag: how many there are, and what scorers said of each group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steelyard.records import ApplicationSummary, NamedFeedback, RowsColumn
from steelyard.web.casefilter import Asked, in_group
from steelyard.web.caselines import case_lines, look_columns
from steelyard.web.contexts.cases import CaseGroup, GroupCell
from steelyard.web.rowtable import RowPage, RowTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 20
_LINES = 5


def case_groups(
    table: RowTable, application: ApplicationSummary, asked: Asked, *, offset: int = 0
) -> tuple[tuple[CaseGroup, ...], int, int]:
    """Return some groups, largest first, with how many groups and how many rows match in all."""
    at = table.matches(asked.chosen)
    tags = _words(table.column(RowsColumn.TAG + asked.group)).take(pa.array(at))
    encoded = pc.fill_null(tags, "").combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    sizes = np.bincount(codes, minlength=len(names))
    order = sorted(range(len(names)), key=lambda i: (-int(sizes[i]), str(names[i])))
    shown = order[offset : offset + SIZE]
    columns = {f.name: table.column(f.name + RowsColumn.VALUE) for f in application.feedback if _has(table, f)}
    made = []
    for code in shown:
        inside = at[codes == code]
        lines = _lines(table, asked, names[code], inside)
        made.append(
            CaseGroup(
                value=names[code],
                rows=len(inside),
                cells=tuple(_cell(columns.get(f.name), f, inside) for f in application.feedback),
                lines=case_lines(lines, application),
            )
        )
    return tuple(made), len(names), len(at)


def _lines(table: RowTable, asked: Asked, value: str, inside: NDArray[np.int64]) -> RowPage:
    if value:
        return table.page(
            in_group(asked.chosen, asked.group, value), asked.order, size=_LINES, columns=look_columns(table)
        )
    first = inside[:_LINES]
    return RowPage(
        positions=tuple(int(i) for i in first),
        rows=table.rows_at(first),
        matching=len(inside),
        total=table.total,
    )


def _has(table: RowTable, named: NamedFeedback) -> bool:
    return named.name + RowsColumn.VALUE in table.columns


def _words(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _cell(column: pa.ChunkedArray | None, named: NamedFeedback, inside: NDArray[np.int64]) -> GroupCell:
    if column is None:
        return GroupCell(n=0, kind=named.kind)
    values = _words(column.take(pa.array(inside))).drop_null()
    n = len(values)
    if n and (pa.types.is_floating(values.type) or pa.types.is_integer(values.type)):
        return GroupCell(n=n, mean=float(pc.mean(values).as_py()), kind=named.kind)
    if not n:
        return GroupCell(n=0, kind=named.kind)
    counts = values.value_counts()
    best = int(np.argmax(counts.field("counts")))
    return GroupCell(
        n=n,
        kind=named.kind,
        common=str(counts.field("values")[best].as_py())[:80],
        common_share=counts.field("counts")[best].as_py() / n,
    )
