"""Rows that were fixed, broken or neither, with what each run made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from steelyard.compare import Comparison, RowKind
from steelyard.web.contexts.comparison import ChangedRow, ChangedRows

ROW_KINDS: tuple[str, ...] = get_args(RowKind)

_SIZE = 20
_LONG = 20
_SIDES = ("candidate_", "baseline_")
_OWN = ("row_id", "row_index", "target", "weight")
_SAID = ("prediction", "probability", "loss", "outcome", "error")


def changed_rows(comparison: Comparison, *, kind: str, slice_name: str = "", offset: int = 0) -> ChangedRows:
    """Return a page of the rows of one kind.

    Args:
        comparison: of two runs that kept their rows.
        kind: one of ``ROW_KINDS``.
        slice_name: all rows unless given.
        offset: rows to pass over.

    Raises:
        InvalidArgument: if the runs share no such slice, or there is no such kind.
    """
    table = comparison.row_changes(cast("RowKind", kind), slice=slice_name, offset=offset, limit=_SIZE)
    counts = comparison.rows.slices.get(slice_name) if comparison.rows and slice_name else None
    counts = counts or (comparison.rows.all if comparison.rows else None)
    alone = {"only_candidate", "only_baseline"}
    total = getattr(comparison.rows, kind) if kind in alone else getattr(counts, kind)
    return ChangedRows(
        kind=kind,
        slice=slice_name,
        candidate_id=comparison.candidate.run_id,
        rows=tuple(_row(row, kind) for row in table.to_pylist()),
        count=total,
        offset=offset,
        size=_SIZE,
    )


def _row(row: Mapping[str, Any], kind: str) -> ChangedRow:
    sides = {side: {k.removeprefix(side): v for k, v in row.items() if k.startswith(side)} for side in _SIDES}
    if kind in ("only_candidate", "only_baseline"):
        sides[f"{kind.removeprefix('only_')}_"] = {k: v for k, v in row.items() if k in _SAID}
    inputs = {
        k: v
        for k, v in row.items()
        if not k.startswith((*_SIDES, "slice:", "probability:")) and k not in (*_OWN, *_SAID, "correct", "abs_error")
    }
    text = next((k for k, v in inputs.items() if isinstance(v, str) and len(v) > _LONG), "")
    target = row.get("target")
    return ChangedRow(
        row_id=str(row.get("row_id", "")),
        position=row.get("row_index"),
        text=str(inputs.pop(text)) if text else "",
        facts=inputs,
        target="" if target is None else str(target),
        candidate={k: v for k, v in sides["candidate_"].items() if k in _SAID},
        baseline={k: v for k, v in sides["baseline_"].items() if k in _SAID},
    )
