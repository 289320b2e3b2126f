"""Which columns of a row table to show, and which rows first."""

from __future__ import annotations

from steelyard.web.contexts.run import RowPreview
from steelyard.web.rowfilter import Condition, RowFilter, RowOrder
from steelyard.web.rowtable import RowTable

_SIZE = 7
_MOST = 10
_PROSE = 20
_OWN = (
    "row_id",
    "row_index",
    "target",
    "prediction",
    "probability",
    "outcome",
    "correct",
    "loss",
    "error",
    "abs_error",
    "weight",
)


def input_columns(table: RowTable) -> tuple[str, ...]:
    """Return the columns that came with the data."""
    return tuple(
        c for c in table.columns if c not in _OWN and not c.startswith(("slice:", "probability:")) and "/" not in c
    )


def text_column(table: RowTable) -> str:
    """Return the column to search in: the input whose values are longest, empty if none holds text."""
    texts = [c for c in input_columns(table) if table.is_text(c)]
    return max(texts, key=table.typical_length, default="")


def usual_columns(table: RowTable) -> tuple[str, ...]:
    """Return the columns to show first: a text or a few inputs, then target, prediction and what was scored."""
    text = text_column(table)
    inputs = (text,) if text and table.typical_length(text) >= _PROSE else input_columns(table)[:4]
    scored = [c for c in ("target", "prediction", "probability", "loss", "error") if c in table.columns]
    own = [c for c in table.columns if c.endswith("/score")][:3]
    slices = [c for c in table.columns if c.startswith("slice:") and c[6:] not in inputs][:2]
    return tuple([*inputs, *scored, *own, *slices][:_MOST])


def worst_first(table: RowTable) -> str:
    """Return the order that puts the worst rows first; empty if nothing says which they are."""
    return next((f"-{c}" for c in ("loss", "abs_error") if c in table.columns), "")


def preview_rows(table: RowTable) -> RowPreview:
    """Return the rows that deserve a look: the wrong ones, or the largest errors."""
    wrong = "correct" in table.columns
    order = worst_first(table)
    chosen = RowFilter(conditions=(Condition("correct", "=", "false"),)) if wrong else RowFilter()
    columns = usual_columns(table)
    page = table.page(
        chosen, RowOrder(order[1:], descending=True) if order else RowOrder(), size=_SIZE, columns=columns
    )
    kind = "wrong rows" if wrong else "rows"
    about = f"{page.matching:,} {kind} of {page.total:,}" + (", the worst first" if order else "")
    query = {**({"correct": "no"} if wrong else {}), **({"order": order} if order else {})}
    return RowPreview(columns=columns, rows=page.rows, positions=page.positions, about=about, query=query)
