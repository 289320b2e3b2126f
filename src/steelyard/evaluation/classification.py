"""Step 3 for classifiers: labels become numbers, numbers go into a state, and each row keeps what it scored."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa

from steelyard.errors import DataError
from steelyard.evaluation.inputs import Inputs
from steelyard.evaluation.labels import Labels
from steelyard.evaluation.staged import Block, Staged
from steelyard.metrics.binary import BinaryState
from steelyard.metrics.calibration import log_loss_rows
from steelyard.metrics.multiclass import MulticlassState
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import Reading
from steelyard.metrics.states.sliced import Rows

SHOWN_PROBABILITIES = 12
"""Row-level results have a column for each label's probability up to this many labels."""


class ClassificationScorer:
    """Scores staged blocks of a classification.

    Args:
        inputs: the columns' parts.
        staged: the rows, with the model's labels and the width of its probabilities.
        labels: the labels in order.
        plan: the states' layout.
    """

    def __init__(self, inputs: Inputs, staged: Staged, labels: Labels, plan: Plan) -> None:
        self.inputs, self.labels, self.plan = inputs, labels, plan
        self.columns = _probability_columns(inputs, staged, labels) if staged.width else None
        self.state: BinaryState | MulticlassState = BinaryState(plan) if labels.binary else MulticlassState(plan)

    def update(self, block: Block, rows: Rows, keep: np.ndarray) -> dict[str, pa.Array]:
        """Count the rows of a block that can be scored; return columns of what every row scored."""
        true = self.labels.code(block.batch.column(self.inputs.targets[0]))
        probabilities = self._probabilities(block)
        predicted = self._predicted(block, probabilities)
        columns = self._row_columns(true, predicted, probabilities, keep)
        if block.predictions is None:
            columns["predicted"] = self._labels_like(predicted, block.batch.column(self.inputs.targets[0]).type)
        t, p = true[keep], predicted[keep]
        kept = None if probabilities is None else probabilities[keep]
        ids = block.ids[keep]
        if isinstance(self.state, BinaryState):
            positive = self.labels.positive
            chance = None if kept is None else kept[:, positive]
            self.state.update(rows, ids=ids, true=t == positive, predicted=p == positive, positive=chance)
        else:
            self.state.update(rows, ids=ids, true=t, predicted=p, probabilities=kept)
        return columns

    def readings(self) -> list[Reading]:
        return self.state.readings()

    def counts(self) -> np.ndarray:
        """Return the confusion counts in the order of the labels: shape (K, K), true by predicted."""
        counts = self.state.counts()
        return counts[::-1, ::-1] if self.labels.binary and self.labels.positive == 0 else counts

    def _probabilities(self, block: Block) -> np.ndarray | None:
        """Return shape (n, K) in the order of the labels; labels that the model does not know get 0."""
        given = block.probabilities
        if given is None or self.columns is None:
            return None
        given = np.clip(given, 0.0, 1.0)
        if given.shape[1] == 1:
            named = given[:, 0]
            return np.column_stack((1 - named, named) if self.columns[0] == 1 else (named, 1 - named))
        out = np.zeros((len(given), len(self.labels.values)))
        for source, target in enumerate(self.columns):
            out[:, target] = given[:, source]
        return out

    def _predicted(self, block: Block, probabilities: np.ndarray | None) -> np.ndarray:
        if block.predictions is not None:
            return self.labels.code(block.predictions)
        if probabilities is None:
            raise DataError("There are neither predictions nor probabilities to score.")
        if self.labels.binary:
            positive = self.labels.positive
            return np.where(probabilities[:, positive] >= 0.5, positive, 1 - positive)
        return probabilities.argmax(axis=1)

    def _labels_like(self, predicted: np.ndarray, kind: pa.DataType) -> pa.Array:
        """Return predicted labels as the targets are written, so that the two can be compared."""
        names = pa.array([*self.labels.names], pa.string())
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        with suppress(pa.ArrowInvalid):  # the absent opposite of an only label cannot be written as a number
            names = names.cast(kind)
        return names.take(pa.array(predicted))

    def _row_columns(
        self, true: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray | None, keep: np.ndarray
    ) -> dict[str, pa.Array]:
        columns: dict[str, Any] = {"correct": pa.array(true == predicted, mask=~keep)}
        if probabilities is None:
            return columns
        each = np.arange(len(true))
        chance = probabilities[:, self.labels.positive] if self.labels.binary else probabilities[each, predicted]
        columns["probability"] = pa.array(chance, mask=~keep)
        if not self.labels.binary and len(self.labels.names) <= SHOWN_PROBABILITIES:
            for i, name in enumerate(self.labels.names):
                columns[f"probability:{name}"] = pa.array(probabilities[:, i], mask=~keep)
        columns["loss"] = pa.array(log_loss_rows(probabilities[each, np.maximum(true, 0)]), mask=~keep)
        return columns


def _probability_columns(inputs: Inputs, staged: Staged, labels: Labels) -> tuple[int, ...]:
    """Return the label number of each column of probabilities."""
    if staged.classes is not None and inputs.probability_labels is None and len(staged.classes) == staged.width:
        return tuple(labels.place(c) for c in staged.classes)
    k = len(labels.values)
    if staged.width == 1 and not labels.binary:
        raise DataError(
            f"probabilities has one column and there are {k} labels ({', '.join(labels.names[:10])}). "
            "Give one column a label, as probabilities={label: column}."
        )
    if inputs.probability_labels is not None:
        return _named_columns(inputs.probability_labels, staged, labels)
    if staged.width == 1:
        return (labels.positive,)
    if staged.width != k:
        raise DataError(
            f"probabilities has {staged.width} columns and there are {k} labels ({', '.join(labels.names[:10])}). "
            "Name the columns' labels, as probabilities={label: column}."
        )
    return tuple(range(k))


def _named_columns(named: Sequence[Any], staged: Staged, labels: Labels) -> tuple[int, ...]:
    places = tuple(labels.find(label) for label in named)
    wrong = next((label for label, place in zip(named, places, strict=True) if place < 0), None)
    if wrong is not None:
        raise DataError(f"probabilities names the label {wrong!r}; the labels are {', '.join(labels.names[:20])}.")
    if len(places) == 1:
        return places
    found = {labels.place(v) for v in staged.target_values or ()}
    unknown, unused = sorted(found - set(places)), sorted(set(places) - found)
    if unknown and unused:
        raise DataError(
            f"probabilities names the label {labels.names[unused[0]]!r}, which no row has, and none for "
            f"{labels.names[unknown[0]]!r}. Is one of them misspelt?"
        )
    return places
