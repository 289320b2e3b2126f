"""Step 3 for tasks whose unit is a set: a row's set of labels, a query's ranked documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from steelyard.errors import DataError, InvalidArgument
from steelyard.evaluation.columns import as_numbers, plain
from steelyard.evaluation.inputs import Inputs
from steelyard.evaluation.numeric import example_count
from steelyard.evaluation.staged import Block
from steelyard.metrics.means import MeansState
from steelyard.metrics.multilabel import MultilabelState
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import Reading
from steelyard.metrics.states.sliced import Rows, SlicedTally
from steelyard.metrics.weights import buckets_of


class MultilabelScorer:
    """Scores staged blocks of a multilabel task: columns of 0 and 1, or one column of lists of labels."""

    def __init__(self, inputs: Inputs, plan: Plan) -> None:
        self.inputs, self.plan = inputs, plan
        self.state = MultilabelState(plan)
        self.number = {name: i for i, name in enumerate(plan.labels)}

    def update(self, block: Block, rows: Rows, keep: np.ndarray) -> dict[str, pa.Array]:
        """Count the rows of a block that can be scored; return columns of what every row scored."""
        true = self._indicators(block, self.inputs.targets, block.batch)
        predicted = self._predicted(block)
        scores = np.full((len(keep), 4), np.nan)
        scores[keep] = self.state.update(rows, ids=block.ids[keep], true=true[keep], predicted=predicted[keep])
        lists: dict[str, pa.Array] = {}
        if len(self.inputs.targets) > 1:
            lists = {"actual": self._lists(true), "predicted": self._lists(predicted)}
        return lists | {
            "correct": pa.array(scores[:, 0] == 1, mask=~keep),
            "hamming_loss/score": pa.array(scores[:, 1], from_pandas=True),
            "jaccard/score": pa.array(scores[:, 3], from_pandas=True),
        }

    def readings(self) -> list[Reading]:
        return self.state.readings()

    def _lists(self, chosen: np.ndarray) -> pa.Array:
        """Return each row's labels as a list of their names."""
        ends = np.concatenate([[0], np.cumsum(chosen.sum(axis=1))]).astype(np.int32)
        return pa.ListArray.from_arrays(
            ends, pa.array(self.plan.labels, pa.string()).take(pa.array(chosen.nonzero()[1]))
        )

    def _predicted(self, block: Block) -> np.ndarray:
        if len(self.inputs.predictions) > 1:
            return self._indicators(block, self.inputs.predictions, block.batch)
        if block.predictions is None:
            raise DataError("A multilabel task needs predictions: one column a label, or a column of lists of labels.")
        return self._from_column(block.predictions, "predictions")

    def _indicators(self, block: Block, names: Sequence[str], batch: pa.RecordBatch) -> np.ndarray:
        if len(names) == 1:
            return self._from_column(batch.column(names[0]), names[0])
        if len(names) != len(self.plan.labels):
            raise InvalidArgument(f"There are {len(self.plan.labels)} targets and {len(names)} columns of predictions.")
        return np.column_stack([_zero_one(as_numbers(batch.column(n), n, "targets"), n) for n in names])

    def _from_column(self, column: pa.Array, name: str) -> np.ndarray:
        out = np.zeros((len(column), len(self.plan.labels)), dtype=bool)
        for i, values in enumerate(plain(column).to_pylist()):
            if values is None:
                continue
            if not isinstance(values, list):
                raise DataError(
                    f"{name!r} must hold a list of labels, or of 0 and 1, in every row; row {i} has {values!r}."
                )
            if len(self.inputs.targets) > 1:  # a model's row of the indicator matrix
                out[i] = _zero_one(np.asarray(values, float), name)
                continue
            for value in values:
                out[i, self.number[str(value)]] = True
        return out


def _zero_one(values: np.ndarray, name: str) -> np.ndarray:
    bad = ~np.isin(values, (0.0, 1.0)) & np.isfinite(values)
    if bad.any():
        raise DataError(f"{name!r} holds {values[bad][0]:g}; a column of a multilabel task holds 0 and 1.")
    return values == 1


def multilabel_names(inputs: Inputs, targets: set[Any] | None, predictions: set[Any] | None) -> tuple[str, ...]:
    """Return the labels of a multilabel task: the target columns, or the labels in the lists."""
    if len(inputs.targets) > 1:
        return inputs.targets
    if not targets and not predictions:
        raise DataError("A multilabel task needs several target columns, or one column of lists of labels.")
    return tuple(sorted(str(v) for v in (targets or set()) | (predictions or set())))


class RankerScorer:
    """Scores ranked documents: one row a document, with its query, its score and its relevance grade.

    The unit is the query: each measure is a mean over queries, which are resampled whole. A query is in the slice of
    its first row.
    """

    def __init__(self, inputs: Inputs, plan: Plan, k: int) -> None:
        if inputs.cluster is None:
            raise InvalidArgument("model_type='ranker' needs clusters=…: the column that names each row's query.")
        self.inputs, self.plan, self.k = inputs, plan, k
        self.parts: list[tuple[np.ndarray, ...]] = []

    def update(self, block: Block, rows: Rows, keep: np.ndarray) -> dict[str, pa.Array]:
        """Hold the rows of a block; what a query scores is known when all its rows are."""
        if block.predictions is None:
            raise DataError("model_type='ranker' needs predictions: the column of scores.")
        scores = as_numbers(block.predictions, "predictions", "predictions")[keep]
        grades = as_numbers(block.batch.column(self.inputs.targets[0]), self.inputs.targets[0], "targets")[keep]
        self.parts.append((block.units[keep], scores, grades, *rows.codes))
        return {}

    def readings(self) -> list[Reading]:
        from steelyard.metrics import ranking

        if not self.parts:
            return []
        units, scores, grades, *codes = (np.concatenate(c) for c in zip(*self.parts, strict=True))
        ranked = ranking.rank(units, scores, grades)
        found = ranking.query_scores(ranked, k=self.k)
        queries = np.asarray(ranked.queries, dtype=np.uint64)
        distinct, first = np.unique(units, return_index=True)
        place = first[np.searchsorted(distinct, queries)]
        rows = Rows.of(buckets_of(queries), [c[place] for c in codes])
        known = {i.name: i for i in ranking.metric_infos(self.k)}
        names = [n for n in found if n in known]
        state = MeansState(self.plan, [known[n] for n in names])
        state.update(rows, ids=queries, scores=np.column_stack([found[n] for n in names]))
        count = SlicedTally(1, self.plan.sizes)
        count.add(rows)
        return [*state.readings(), example_count(count.total()[0])]
