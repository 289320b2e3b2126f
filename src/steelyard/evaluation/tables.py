"""Step 5: tables that people open: each label's metrics, thresholds, the rows that went wrong."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from steelyard.evaluation.classification import ClassificationScorer
from steelyard.evaluation.numeric import RegressionScorer
from steelyard.evaluation.scoring import Scored
from steelyard.metrics.confusion import Binary, accuracy, f1, precision, recall
from steelyard.metrics.multiclass import MulticlassState
from steelyard.records import Estimate

WORST_ROWS = 1000


def to_csv(columns: Mapping[str, Any]) -> bytes:
    """Write columns as CSV."""
    return table_to_csv(pa.table({k: pa.array(v) for k, v in columns.items()}))


def table_to_csv(table: pa.Table) -> bytes:
    """Write a table as CSV; lists and structs as text."""
    flat = []
    for column in table.columns:
        nested = pa.types.is_nested(column.type)
        flat.append(
            pa.array([None if v is None else str(v) for v in column.to_pylist()]) if nested else _undictionary(column)
        )
    sink = io.BytesIO()
    pacsv.write_csv(pa.table(flat, names=table.column_names), sink)
    return sink.getvalue()


def _undictionary(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def per_class(scored: Scored, find: Callable[[str], Estimate | None]) -> Mapping[str, Any] | None:
    """Return MLflow's per-class table of a multiclass task, with the intervals that it lacks."""
    scorer = scored.scorer
    if not isinstance(scorer, ClassificationScorer) or not isinstance(scorer.state, MulticlassState):
        return None
    cells = Binary.of(scorer.state.counts())
    names = scorer.labels.names
    square = np.array([[cells.tn, cells.fp], [cells.fn, cells.tp]])
    columns: dict[str, Any] = {
        "positive_class": names, "true_negatives": cells.tn, "false_positives": cells.fp, "false_negatives": cells.fn,
        "true_positives": cells.tp, "example_count": cells.total, "accuracy_score": accuracy(square),
        "recall_score": recall(cells), "precision_score": precision(cells), "f1_score": f1(cells),
    }  # fmt: skip
    for metric in ("roc_auc", "precision_recall_auc"):
        found = [find(f"{metric}/{name}") for name in names]
        if any(found):
            columns[metric] = [None if e is None else e.value for e in found]
    for metric in ("precision_score", "recall_score", "f1_score"):
        found = [find(f"{metric}/{name}") for name in names]
        columns[f"{metric}_low"] = [None if e is None else e.low for e in found]
        columns[f"{metric}_high"] = [None if e is None else e.high for e in found]
    return columns


def worst_rows(scored: Scored, batches: Iterable[pa.RecordBatch]) -> tuple[str, pa.Table] | None:
    """Return the rows that went wrong: misclassified ones, the surest first; or those with the largest errors.

    At most 1,000 are kept; all rows are in the row-level results.
    """
    kept: pa.Table | None = None
    classification = isinstance(scored.scorer, ClassificationScorer)
    if not classification and not isinstance(scored.scorer, RegressionScorer):
        return None
    for batch in batches:
        table = pa.Table.from_batches([batch])
        if classification:
            table = table.filter(pc.fill_null(pc.invert(table.column("correct")), False))
        kept = _top(table if kept is None else pa.concat_tables([kept, table.cast(kept.schema)]), scored)
    if kept is None:
        return None
    return ("misclassified_rows" if classification else "worst_rows"), kept


def _top(table: pa.Table, scored: Scored) -> pa.Table:
    by = "loss" if "loss" in table.column_names else "abs_error"
    if by in table.column_names:
        order = pc.sort_indices(table, sort_keys=[(by, "descending")])
        table = table.take(order[:WORST_ROWS])
    table = table.slice(0, WORST_ROWS)
    plain = [_undictionary(c) for c in table.columns]
    return pa.table(plain, names=table.column_names)
