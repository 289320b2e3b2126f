"""Step 3 for regressors, and for tasks whose metrics are a number a row: text and retrieval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from steelyard.errors import DataError
from steelyard.evaluation.columns import as_numbers, plain
from steelyard.evaluation.inputs import Inputs
from steelyard.evaluation.staged import Block
from steelyard.metrics import text
from steelyard.metrics.means import MeansState
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import Reading
from steelyard.metrics.regression import RegressionState
from steelyard.metrics.states.sliced import Rows, SlicedTally
from steelyard.records import MetricInfo


class RegressionScorer:
    """Scores staged blocks of a regression."""

    def __init__(self, inputs: Inputs, plan: Plan) -> None:
        self.inputs = inputs
        self.state = RegressionState(plan)

    def update(self, block: Block, rows: Rows, keep: np.ndarray) -> dict[str, pa.Array]:
        """Count the rows of a block that can be scored; return columns of what every row scored."""
        true = as_numbers(block.batch.column(self.inputs.targets[0]), self.inputs.targets[0], "targets")
        predicted = as_numbers(block.predictions, "predictions", "predictions")
        self.state.update(rows, ids=block.ids[keep], true=true[keep], predicted=predicted[keep])
        error = predicted - true
        return {"error": pa.array(error, mask=~keep), "abs_error": pa.array(np.abs(error), mask=~keep)}

    def readings(self) -> list[Reading]:
        return self.state.readings()


class TextScorer:
    """Scores staged blocks of texts: per-row metrics, and corpus metrics from summed counts."""

    def __init__(self, inputs: Inputs, plan: Plan, model_type: str) -> None:
        self.inputs, self.plan = inputs, plan
        has_reference = bool(inputs.targets)
        names = [n for n in text.metrics_for(model_type) if n in text.TEXT_METRICS]
        self.metrics = tuple(n for n in names if has_reference or not text.TEXT_METRICS[n].needs_reference)
        infos = tuple(_versioned(n) for n in self.metrics)
        told = [text.TEXT_METRICS[n].aggregations for n in self.metrics]
        self.state = MeansState(plan, infos, aggregations=told)
        corpus = [n for n in text.metrics_for(model_type) if n in text.CORPUS_METRICS and has_reference]
        self.corpus = {name: _Corpus(name, plan) for name in corpus}
        self.rows = SlicedTally(1, plan.sizes)

    def update(self, block: Block, rows: Rows, keep: np.ndarray) -> dict[str, pa.Array]:
        """Count the rows of a block that can be scored; return columns of what every row scored."""
        predictions = _texts(block.predictions, "predictions")
        references: Sequence[Any] | None = None
        if self.inputs.targets:
            references = plain(block.batch.column(self.inputs.targets[0])).to_pylist()
        columns: dict[str, pa.Array] = {}
        scores = np.full((len(keep), len(self.metrics)), np.nan)
        found = text.score_rows(self.metrics, predictions, references)
        for j, name in enumerate(self.metrics):
            scores[:, j] = found[name]
            scores[~keep, j] = np.nan
            columns[f"{_versioned(name).name}/score"] = pa.array(scores[:, j], from_pandas=True)
        self.state.update(rows, ids=block.ids[keep], scores=scores[keep])
        self.rows.add(Rows(rows.buckets, rows.codes, None, rows.places))
        if references is not None:
            kept = np.flatnonzero(keep).tolist()
            for corpus in self.corpus.values():
                corpus.update(rows, [predictions[i] for i in kept], [references[i] for i in kept])
        return columns

    def readings(self) -> list[Reading]:
        n = self.rows.total()[0]
        readings = [_as_share(r) for r in self.state.readings()]
        return [*readings, *(c.reading(n) for c in self.corpus.values()), example_count(n)]


class _Corpus:
    """A metric of the whole corpus: a function of n-gram counts that add up."""

    def __init__(self, name: str, plan: Plan) -> None:
        self.metric = text.CORPUS_METRICS[name]
        self.plan = plan
        self.tally: SlicedTally | None = None

    def update(self, rows: Rows, predictions: Sequence[Any], references: Sequence[Any]) -> None:
        counts = self.metric.statistics(predictions, references)
        if self.tally is None:
            self.tally = SlicedTally(counts.shape[1], self.plan.sizes, weighted=rows.weights is not None)
        for cell in range(counts.shape[1]):
            self.tally.add(rows, cells=cell, values=counts[:, cell].astype(float))

    def reading(self, n: np.ndarray) -> Reading:
        if self.tally is None:
            return Reading(info=self.metric.info, values=np.full(n.shape, np.nan), n=n)
        total = np.moveaxis(self.tally.total(), 0, -1)
        drawn = np.moveaxis(self.tally.replicate(self.plan.weight_matrix), 0, -1)
        return Reading(
            info=self.metric.info, values=self.metric.finalise(total), n=n, replicates=self.metric.finalise(drawn)
        )


class RetrievalScorer:
    """Scores staged blocks of retrieval: a list of retrieved ids and of relevant ids a row."""

    def __init__(self, inputs: Inputs, plan: Plan, k: int) -> None:
        self.inputs, self.plan, self.k = inputs, plan, k
        self.state: MeansState | None = None
        self.rows = SlicedTally(1, plan.sizes)

    def update(self, block: Block, rows: Rows, keep: np.ndarray) -> dict[str, pa.Array]:
        """Count the rows of a block that can be scored; return columns of what every row scored."""
        from steelyard.metrics import ranking

        retrieved = _lists(block.predictions, "predictions")
        relevant = _lists(block.batch.column(self.inputs.targets[0]), self.inputs.targets[0])
        found = ranking.row_scores(retrieved, relevant, self.k)
        scores = np.column_stack(list(found.values()))
        scores[~keep] = np.nan
        if self.state is None:
            self.state = MeansState(self.plan, ranking.metric_infos(self.k))
        self.state.update(rows, ids=block.ids[keep], scores=scores[keep])
        self.rows.add(Rows(rows.buckets, rows.codes, None, rows.places))
        return {f"{name}/score": pa.array(scores[:, j], from_pandas=True) for j, name in enumerate(found)}

    def readings(self) -> list[Reading]:
        n = self.rows.total()[0]
        return [*(self.state.readings() if self.state else []), example_count(n)]


def example_count(n: np.ndarray) -> Reading:
    """Return the number of rows as a metric, as MLflow logs it."""
    from steelyard.metrics.catalogue import info

    return Reading(info=info("example_count"), values=n, n=n, interval="none", method="count")


def _versioned(name: str) -> MetricInfo:
    metric = text.TEXT_METRICS[name]
    return replace(metric.info, name=f"{metric.info.name}/{metric.version}") if metric.version else metric.info


def _as_share(reading: Reading) -> Reading:
    """Exact match is right or wrong in each row, so its interval is a proportion's."""
    if "exact_match" not in reading.info.name or reading.interval != "mean":
        return reading
    return replace(reading, interval="proportion", successes=np.rint(np.nan_to_num(reading.values * reading.n)))


def _texts(column: pa.Array | None, argument: str) -> list[Any]:
    values = [] if column is None else plain(column).to_pylist()
    wrong = next((v for v in values if v is not None and not isinstance(v, str)), None)
    if wrong is not None:
        raise DataError(f"{argument} must be text; one of them is {wrong!r} ({type(wrong).__name__}).")
    return values


def _lists(column: pa.Array | None, argument: str) -> list[Any]:
    values = [] if column is None else column.to_pylist()
    wrong = next((v for v in values if v is not None and not isinstance(v, list | tuple)), None)
    if wrong is not None:
        raise DataError(f"{argument!r} must hold a list of document ids in every row; one of them is {wrong!r}.")
    return values
