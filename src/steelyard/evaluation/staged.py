"""Rows that have been staged: what is known of them before anything is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from steelyard.evaluation.inputs import Inputs
from steelyard.metrics.slicing import SliceIndex

OUTCOMES = ("scored", "missing_target", "missing_prediction", "predict_failed")
SCORED, NO_TARGET, NO_PREDICTION, FAILED = range(4)

ID, CLUSTER, WEIGHT, OUTCOME, PREDICTION = "\x1fid", "\x1fcluster", "\x1fweight", "\x1foutcome", "\x1fprediction"
OUTPUT = "\x1foutput:"
"""Names of the columns that staging adds; no column of the caller's begins so."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a task's targets and predictions are.

    Args:
        numeric: numbers (a regression).
        labelled: labels, whose distinct values are wanted (a classification).
        flat: one label or number a row, never a list of them.
    """

    numeric: bool = False
    labelled: bool = False
    flat: bool = False

    @staticmethod
    def of(model_type: str | None, inputs: Inputs) -> Kind:
        numeric = model_type in ("regressor", "ranker")
        classifier = model_type == "classifier"
        lists = model_type == "multilabel" and len(inputs.targets) == 1
        return Kind(numeric=numeric, labelled=classifier or lists, flat=numeric or classifier)


@dataclass(slots=True)
class Staged:
    """All rows, ready to be scored, and what was learnt on the way.

    Args:
        read: yields the batches in order, as often as asked.
        n_rows: rows in all.
        digest: of the data's full content; ``rows_digest`` of the rows in any order, without predictions.
        target_values, prediction_values: distinct values, or None when there are too many.
        slices: the index of each dimension.
        probability_columns: names of the staged columns of probabilities.
        classes: the model's labels in the order of its probabilities.
        moments: count, sum and sum of squares of a numeric target.
        outputs: names of further columns that the model returned.
        warnings: what a reader of the numbers must know.
    """

    read: Callable[[], Iterator[Block]]
    n_rows: int = 0
    digest: str = ""
    rows_digest: str = ""
    target_values: set[Any] | None = field(default_factory=set)
    prediction_values: set[Any] | None = field(default_factory=set)
    slices: tuple[SliceIndex, ...] = ()
    width: int = 0
    classes: tuple[Any, ...] | None = None
    moments: tuple[float, float, float] = (0.0, 0.0, 0.0)
    in_memory: bool = True
    outputs: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Block:
    """A staged batch: the input columns, and the columns that staging added."""

    batch: pa.RecordBatch
    width: int
    n_dimensions: int

    @property
    def ids(self) -> np.ndarray:
        return self._added(ID)

    @property
    def units(self) -> np.ndarray:
        """Ids of what is resampled: the clusters if there are any, the rows otherwise."""
        return self._added(CLUSTER) if CLUSTER in self.batch.schema.names else self.ids

    @property
    def weights(self) -> np.ndarray | None:
        return self._added(WEIGHT) if WEIGHT in self.batch.schema.names else None

    @property
    def outcomes(self) -> np.ndarray:
        return self._added(OUTCOME)

    @property
    def predictions(self) -> pa.Array | None:
        return self.batch.column(PREDICTION) if PREDICTION in self.batch.schema.names else None

    @property
    def codes(self) -> tuple[np.ndarray, ...]:
        """Slice numbers of each dimension, in order of first appearance."""
        return tuple(self._added(f"\x1fcode{i}") for i in range(self.n_dimensions))

    @property
    def probabilities(self) -> np.ndarray | None:
        """Shape (n, width), or None."""
        if not self.width:
            return None
        return np.column_stack([self._added(f"\x1fp{i}") for i in range(self.width)])

    @property
    def outputs(self) -> dict[str, pa.Array]:
        """Further columns that the model returned, by name."""
        names = [n for n in self.batch.schema.names if n.startswith(OUTPUT)]
        return {n.removeprefix(OUTPUT): self.batch.column(n) for n in names}

    @property
    def inputs(self) -> pa.RecordBatch:
        """The columns that came with the data."""
        return self.batch.select([n for n in self.batch.schema.names if not n.startswith("\x1f")])

    def _added(self, name: str) -> np.ndarray:
        return self.batch.column(name).to_numpy(zero_copy_only=False)
