"""Step 2, continued: every row with its id, its outcome, its slices and the model's answer, before anything is counted.

Labels and slices are known only when all rows have been seen, so rows are staged: in memory when the data is, in a
temporary file otherwise.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steelyard.data import Fingerprint, RowIds
from steelyard.errors import DataError, InvalidArgument, ModelError, SteelyardError
from steelyard.evaluation.columns import (
    as_numbers,
    check_finite,
    check_finite_labels,
    check_flat,
    check_probabilities,
    missing,
    plain,
    to_array,
)
from steelyard.evaluation.inputs import Inputs, check_weights
from steelyard.evaluation.staged import (
    CLUSTER,
    FAILED,
    ID,
    NO_PREDICTION,
    NO_TARGET,
    OUTCOME,
    OUTPUT,
    PREDICTION,
    SCORED,
    WEIGHT,
    Block,
    Kind,
    Staged,
)
from steelyard.metrics.slicing import SliceIndex

if TYPE_CHECKING:
    from steelyard.evaluation.prediction import Predictor

MEMORY_BATCH = 262_144
STREAM_BATCH = 65_536
DISTINCT = 100_000
"""Labels are collected up to this many; a column with more is no column of labels."""


def stage(
    inputs: Inputs, predictor: Predictor | None, *, kind: Kind, target_may_miss: bool, folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Staged:  # fmt: skip
    """Read every row once: id, digest, prediction, outcome, slices.

    Args:
        inputs: the data and its columns' parts.
        predictor: the model; None when predictions are given with the data.
        kind: what targets and predictions are.
        target_may_miss: a row without a target is counted instead of refused.
        folder: where a temporary file may be laid.
        progress: called with rows done and rows in all.
    """
    stager = _Stager(inputs, predictor, kind, target_may_miss)
    table = inputs.table
    if table.in_memory:
        blocks = []
        for batch in table.batches(size=MEMORY_BATCH):
            blocks.append(stager.block(batch))
            if progress:
                progress(stager.offset, table.n_rows)
        return stager.finish(lambda: iter(blocks), in_memory=True)
    path = Path(tempfile.mkstemp(suffix=".arrow", dir=folder)[1])
    writer = None
    for batch in table.batches(size=STREAM_BATCH):
        block = stager.block(batch)
        if writer is None:
            writer = pa.ipc.new_stream(str(path), block.batch.schema)
        writer.write_batch(block.batch)
        if progress:
            progress(stager.offset, table.n_rows)
    if writer is not None:
        writer.close()
    width, n = stager.staged.width, len(inputs.dimensions)
    return stager.finish(lambda: _read_stream(path, width, n), in_memory=False)


def _read_stream(path: Path, width: int, n_dimensions: int) -> Iterator[Block]:
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
        for batch in reader:
            yield Block(batch, width, n_dimensions)


class _Stager:
    def __init__(self, inputs: Inputs, predictor: Predictor | None, kind: Kind, target_may_miss: bool) -> None:
        self.inputs, self.predictor = inputs, predictor
        self.kind, self.target_may_miss = kind, target_may_miss
        self.offset = 0
        self.staged = Staged(read=lambda: iter(()), slices=tuple(SliceIndex(d) for d in inputs.dimensions))
        self.staged.classes = None if predictor is None or predictor.classes is None else tuple(predictor.classes)
        self.fingerprint = Fingerprint(
            inputs.table.schema, id_column=inputs.table.id_column, exclude=inputs.answers
        )  # fmt: skip
        self.clusters = RowIds(id_column=None)
        self.types: dict[str, pa.DataType] = {}
        self.mass = 0.0
        self.answered = False
        self.n_failed = 0

    def block(self, batch: pa.RecordBatch) -> Block:
        ids = self.fingerprint.update(batch)
        n = batch.num_rows
        outcomes = np.zeros(n, dtype=np.int8)
        for name in self.inputs.targets:
            self._target(batch.column(name), name, outcomes)
        added: dict[str, Any] = {ID: ids, OUTCOME: outcomes}
        self._weights(batch, added)
        if self.inputs.cluster is not None:
            added[CLUSTER] = self._cluster_ids(batch)
        for i, index in enumerate(self.staged.slices):
            added[f"\x1fcode{i}"] = _slice_codes(index, batch)
        self._predict(batch, outcomes, added)
        self.offset += n
        columns = [*batch.columns, *(c if isinstance(c, pa.Array) else pa.array(c) for c in added.values())]
        whole = pa.RecordBatch.from_arrays(columns, names=[*batch.schema.names, *added])
        return Block(whole, self.staged.width, len(self.inputs.dimensions))

    def finish(self, read: Callable[[], Iterator[Block]], *, in_memory: bool) -> Staged:
        staged = self.staged
        staged.read, staged.in_memory = read, in_memory
        staged.n_rows = self.offset
        if self.inputs.weight is not None and self.mass == 0:
            raise DataError("weights: every row has the weight 0, so there is nothing to weigh.")
        if self.n_failed:
            first = staged.warnings.pop()
            staged.warnings.append(f"The model failed on {self.n_failed:,} of {self.offset:,} rows; the first: {first}")
        staged.digest = self.fingerprint.digest()
        staged.rows_digest = self.fingerprint.rows_digest()
        return staged

    def _target(self, column: pa.Array, name: str, outcomes: np.ndarray) -> None:
        gone = missing(column)
        if gone.any():
            if not self.target_may_miss:
                raise DataError(
                    f"Column {name!r} (targets) has no value in row {self.offset + int(np.argmax(gone))}. Leave such "
                    "rows out, or count them as missing with evaluator_config={'missing_targets': 'count'}."
                )
            outcomes[gone] = NO_TARGET
        if self.kind.flat:
            check_flat(column, name, "targets", self.offset)
        if self.kind.numeric:
            values = as_numbers(column, name, "targets", offset=self.offset)
            check_finite(values, name, "targets", self.offset, where=~gone)
            there = values[~gone]
            n, s, ss = self.staged.moments
            self.staged.moments = (n + len(there), s + float(there.sum()), ss + float((there**2).sum()))
        elif self.kind.labelled:
            check_finite_labels(column, name, "targets", self.offset)
            self.staged.target_values = _distinct(self.staged.target_values, column)

    def _predict(self, batch: pa.RecordBatch, outcomes: np.ndarray, added: dict[str, Any]) -> None:
        probabilities = self._given_probabilities(batch)
        prediction = None
        if self.predictor is not None:
            prediction, returned = self._call(self.predictor, batch, outcomes, added)
            probabilities = probabilities if returned is None else returned
        elif self.inputs.predictions:
            prediction = plain(batch.column(self.inputs.predictions[0]))
            for other in self.inputs.predictions[1:]:
                outcomes[missing(batch.column(other)) & (outcomes == SCORED)] = NO_PREDICTION
        if prediction is not None:
            self._prediction(prediction, outcomes)
            added[PREDICTION] = prediction
        if probabilities is not None:
            self._probabilities(probabilities, outcomes, added)

    def _call(
        self, predictor: Predictor, batch: pa.RecordBatch, outcomes: np.ndarray, added: dict[str, Any]
    ) -> tuple[pa.Array, np.ndarray | None]:
        answer = predictor.predict(batch)
        failed = answer.failed
        if answer.problem is not None and failed is not None:
            said = f"{type(answer.problem).__name__}: {answer.problem}"
            if failed.all() and not self.answered:
                raise ModelError(f"The model failed on every row that it was given: {said}") from answer.problem
            if not self.n_failed:
                first_line = said.partition("\n")[0]
                self.staged.warnings.append(f"row {self.offset + int(np.argmax(failed))}: {first_line}")
            self.n_failed += int(failed.sum())
            outcomes[failed] = FAILED
        self.answered = self.answered or failed is None or not failed.all()
        for name, values in answer.outputs.items():
            added[OUTPUT + name] = self._typed(to_array(values, name), name)
        self.staged.outputs = tuple(answer.outputs) or self.staged.outputs
        return self._typed(to_array(answer.values, "predictions"), "predictions"), answer.probabilities

    def _prediction(self, prediction: pa.Array, outcomes: np.ndarray) -> None:
        name = self.inputs.predictions[0] if self.predictor is None else "predictions"
        gone = missing(prediction)
        outcomes[gone & (outcomes == SCORED)] = NO_PREDICTION
        if self.kind.flat:
            check_flat(prediction, name, "predictions", self.offset)
        if self.kind.numeric:
            values = as_numbers(prediction, name, "predictions", offset=self.offset)
            check_finite(values, name, "predictions", self.offset, where=~gone)
        elif self.kind.labelled:
            check_finite_labels(prediction, name, "predictions", self.offset)
            self.staged.prediction_values = _distinct(self.staged.prediction_values, prediction)

    def _typed(self, values: pa.Array, name: str) -> pa.Array:
        """Keep one type over all batches: a batch that failed whole is null, and takes any type."""
        if self.kind.numeric and pa.types.is_integer(values.type):
            values = values.cast(
                pa.float64()
            )  # a model may return whole numbers for some batches, fractions for others
        known = self.types.setdefault(name, values.type)
        if values.type == known:
            return values
        try:
            return values.cast(known)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
            raise DataError(
                f"The model's {name} change type: {known} at first, {values.type} from row {self.offset} on. "
                "Return one type for every row."
            ) from problem

    def _given_probabilities(self, batch: pa.RecordBatch) -> np.ndarray | None:
        names = self.inputs.probabilities
        if not names:
            return None
        first = batch.column(names[0])
        if len(names) == 1 and (pa.types.is_list(first.type) or pa.types.is_large_list(first.type)
                                or pa.types.is_fixed_size_list(first.type)):  # fmt: skip
            lengths = pc.unique(pc.list_value_length(first)).to_pylist()
            if len(lengths) != 1 or lengths[0] is None:
                raise DataError(
                    f"Column {names[0]!r} (probabilities) must hold one list of probabilities a row, all of "
                    f"one length; it has the lengths {', '.join('none' if n is None else str(n) for n in lengths[:5])}."
                )
            flat = as_numbers(pc.list_flatten(first), names[0], "probabilities")
            return flat.reshape(-1, lengths[0])
        return np.column_stack([as_numbers(batch.column(n), n, "probabilities", offset=self.offset) for n in names])

    def _probabilities(self, probabilities: np.ndarray, outcomes: np.ndarray, added: dict[str, Any]) -> None:
        name = ", ".join(self.inputs.probabilities) or "predict_proba"
        check_probabilities(probabilities, name, self.offset, where=outcomes < NO_PREDICTION)
        width = probabilities.shape[1]
        if self.staged.width and width != self.staged.width:
            raise DataError(f"{name}: {width} probabilities from row {self.offset} on, {self.staged.width} before.")
        self.staged.width = width
        for i in range(width):
            added[f"\x1fp{i}"] = np.ascontiguousarray(probabilities[:, i])

    def _weights(self, batch: pa.RecordBatch, added: dict[str, Any]) -> None:
        weight = self.inputs.weight
        if weight is None:
            return
        if isinstance(weight, str):
            added[WEIGHT] = check_weights(
                as_numbers(batch.column(weight), weight, "weights", offset=self.offset), weight, self.offset
            )
        else:
            added[WEIGHT] = weight[self.offset : self.offset + batch.num_rows]
        self.mass += float(added[WEIGHT].sum())

    def _cluster_ids(self, batch: pa.RecordBatch) -> np.ndarray:
        from steelyard.data.cells import cell_words
        from steelyard.data.mixing import mixed

        column = batch.column(self.inputs.cluster)
        if missing(column).any():
            raise DataError(f"Column {self.inputs.cluster!r} (clusters) has rows without a value; every row needs one.")
        return mixed(cell_words(column))


def _slice_codes(index: SliceIndex, batch: pa.RecordBatch) -> np.ndarray:
    try:
        return index.add(batch)
    except SteelyardError:
        raise
    except Exception as problem:  # only a predicate of the caller's can raise anything
        said = f"{type(problem).__name__}: {problem}"
        raise InvalidArgument(
            f"slices: the function of {index.dimension.name!r} raised {said}. It is given a DataFrame with the columns "
            f"{', '.join(map(repr, batch.schema.names))} and must return one boolean per row."
        ) from problem


def _distinct(known: set[Any] | None, column: pa.Array) -> set[Any] | None:
    if known is None:
        return None
    flat = column.flatten() if pa.types.is_list(column.type) or pa.types.is_large_list(column.type) else column
    known |= set(pc.unique(flat).to_pylist())
    known -= {None}
    known = {v for v in known if v == v}  # NaN is no label
    return known if len(known) <= DISTINCT else None


def check_staged(inputs: Inputs, staged: Staged) -> None:
    """Refuse what only shows when all rows have been read."""
    if staged.width and inputs.probability_labels is not None and len(inputs.probability_labels) != staged.width:
        raise InvalidArgument(
            f"probabilities names {len(inputs.probability_labels)} labels and the data has {staged.width} columns of "
            "them."
        )
