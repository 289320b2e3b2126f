"""Step 5: tables that people open: each label's metrics, thresholds, the rows that went wrong."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from steelyard.evaluation.classification import ClassificationScorer
from steelyard.evaluation.numeric import RegressionScorer
from steelyard.metrics.confusion import Binary, f1, precision, recall
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


def per_class(scorer: object, find: Callable[[str], Estimate | None]) -> Mapping[str, Any] | None:
    """Return MLflow's per-class table of a multiclass task, with the intervals that it lacks."""
    if not isinstance(scorer, ClassificationScorer) or not isinstance(scorer.state, MulticlassState):
        return None
    cells = Binary.of(scorer.state.counts())
    names = scorer.labels.names
    columns: dict[str, Any] = {
        "positive_class": names, "true_negatives": cells.tn, "false_positives": cells.fp, "false_negatives": cells.fn,
        "true_positives": cells.tp, "example_count": cells.total, "accuracy_score": (cells.tp + cells.tn) / cells.total,
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


class WorstRows:
    """The rows that went wrong: misclassified ones, the surest first; or those with the largest errors.

    At most 1,000 are kept; all rows are in the row-level results.

    Args:
        name: of the table.
        by: the column by which rows are ranked, worst first; None keeps the first that come.
        wrong_only: only rows whose ``correct`` is false.
    """

    def __init__(self, scorer: object) -> None:
        self.wrong_only = isinstance(scorer, ClassificationScorer)
        self.name = "misclassified_rows" if self.wrong_only else "worst_rows"
        self.wanted = self.wrong_only or isinstance(scorer, RegressionScorer)
        self.kept: pa.Table | None = None
        self.threshold = -np.inf

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch of row-level results."""
        if not self.wanted:
            return
        by = next((c for c in ("loss", "abs_error") if c in batch.schema.names), None)
        keep = np.ones(batch.num_rows, dtype=bool)
        if self.wrong_only:
            keep = ~batch.column("correct").fill_null(True).to_numpy(zero_copy_only=False)
        if by is not None:
            badness = batch.column(by).to_numpy(zero_copy_only=False)
            keep &= badness > self.threshold  # NaN, a row without a score, is never above
        elif self.kept is not None and self.kept.num_rows >= WORST_ROWS:
            return
        if not keep.any():
            return
        taken = pa.Table.from_batches([batch.filter(pa.array(keep))])
        taken = pa.table([_undictionary(c) for c in taken.columns], names=taken.column_names)
        both = taken if self.kept is None else pa.concat_tables([self.kept, taken], promote_options="default")
        self.kept = _top(both, by)
        if by is not None and self.kept.num_rows >= WORST_ROWS:
            self.threshold = self.kept.column(by)[-1].as_py()


def _top(table: pa.Table, by: str | None) -> pa.Table:
    if by is None:
        return table.slice(0, WORST_ROWS)
    order = pc.sort_indices(table, sort_keys=[(by, "descending")])
    return table.take(order[:WORST_ROWS])


MOST_JSON_ROWS = 100_000
_NOT_MLFLOWS = ("row_id", "row_index", "outcome", "weight", "correct", "loss", "error", "abs_error")


def eval_results_table(batches: Iterable[pa.RecordBatch], n_rows: int) -> bytes | None:
    """Return MLflow's ``eval_results_table.json``: inputs, target, outputs and each row's scores, as columns and data.

    MLflow writes it where metrics score rows, so only then. Beyond 100,000 rows there is only ``rows.parquet``, which
    has all of it.
    """
    if n_rows > MOST_JSON_ROWS:
        return None
    table = pa.Table.from_batches(list(batches))
    if not any(name.endswith("/score") for name in table.column_names):
        return None
    names = [n for n in table.column_names if n not in _NOT_MLFLOWS and not n.startswith(("slice:", "probability"))]
    columns = [[None if v != v else v for v in _undictionary(table.column(name)).to_pylist()] for name in names]
    shown = ["outputs" if name == "prediction" else name for name in names]
    return json.dumps({"columns": shown, "data": list(zip(*columns, strict=True))}, default=str).encode()
