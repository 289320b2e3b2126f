"""Step 3: count. Staged rows go through the task's state once, on all slices at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa

from steelyard.data import RowIds
from steelyard.errors import InvalidArgument
from steelyard.evaluation.classification import ClassificationScorer
from steelyard.evaluation.inputs import Inputs
from steelyard.evaluation.labels import Labels, find_labels, like_targets
from steelyard.evaluation.numeric import RegressionScorer, RetrievalScorer, TextScorer
from steelyard.evaluation.request import Request
from steelyard.evaluation.sets import MultilabelScorer, RankerScorer, multilabel_names
from steelyard.evaluation.staged import OUTCOMES, SCORED, Block, Staged
from steelyard.evaluation.tables import WorstRows
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import Reading
from steelyard.metrics.states.histogram import FINE_BINS, quantile_edges
from steelyard.metrics.states.retained import STREAM_LIMIT
from steelyard.metrics.states.sliced import Rows, SlicedTally
from steelyard.metrics.weights import buckets_of
from steelyard.records import ALL_ROWS, SliceInfo, Task


class Scorer(Protocol):
    """Counts blocks of one task."""

    def update(self, block: Block, rows: Rows, keep: np.ndarray) -> dict[str, pa.Array]: ...
    def readings(self) -> list[Reading]: ...


@dataclass(slots=True)
class Scored:
    """All that step 3 knows.

    Args:
        task: what was scored.
        scorer: with its state; None when only the caller's own metrics are wanted.
        plan: the states' layout.
        labels: of a classification.
        slices: all slices, all rows first, with their rows and the rows without a score.
        outcomes: rows by outcome; they add up to the rows.
        clusters: about how many clusters each slice has; None when rows are independent.
        warnings: what a reader of the numbers must know.
        worst: the rows that went wrong.
    """

    task: Task
    scorer: Scorer | None
    plan: Plan
    labels: Labels | None = None
    slices: tuple[SliceInfo, ...] = ()
    outcomes: dict[str, int] = field(default_factory=dict)
    clusters: np.ndarray | None = None
    warnings: list[str] = field(default_factory=list)
    worst: WorstRows | None = None


def score(
    request: Request, inputs: Inputs, staged: Staged, *, sink: Callable[[pa.RecordBatch], None],
    progress: Callable[[int, int], None] | None = None,
) -> Scored:  # fmt: skip
    """Count every staged row, and give each row's results to ``sink``."""
    labels = _labels(request, inputs, staged) if request.model_type == "classifier" else None
    words, places = slice_words(staged)
    plan = _plan(request, inputs, staged, labels, tuple(len(w) for w in words))
    scored = Scored(_task(request, labels), _scorer(request, inputs, staged, labels, plan), plan, labels)
    scored.worst = WorstRows(scored.scorer)
    outcomes = SlicedTally(len(OUTCOMES), plan.sizes)
    units = SlicedTally(1, plan.sizes)
    names = RowIds(id_column=inputs.table.id_column)
    done = 0
    for block in staged.read():
        codes = [place[code] for place, code in zip(places, block.codes, strict=True)]
        every = Rows.of(buckets_of(block.units), codes, block.weights)
        outcomes.add(Rows(every.buckets, every.codes, None, every.places), cells=block.outcomes)
        keep = block.outcomes == SCORED
        rows = every if keep.all() else every.only(keep)
        units.add(Rows(rows.buckets, rows.codes, None, rows.places))
        columns = scored.scorer.update(block, rows, keep) if scored.scorer else {}
        results = _row_results(block, columns, inputs, names, done, words, codes)
        scored.worst.add(results)
        sink(results)
        done += block.batch.num_rows
        if progress:
            progress(done, staged.n_rows)
    _finish(scored, request, inputs, staged, words, outcomes.total(), units)
    return scored


def _task(request: Request, labels: Labels | None) -> Task:
    kinds: dict[str | None, Task] = {
        "regressor": "regression", "retriever": "ranking", "ranker": "ranking", "multilabel": "multilabel",
        None: "custom",
    }  # fmt: skip
    if labels is not None:
        return "binary" if labels.binary else "multiclass"
    return kinds.get(request.model_type, "text")


def _labels(request: Request, inputs: Inputs, staged: Staged) -> Labels:
    known = staged.classes
    if known is None and inputs.probability_labels is not None:
        known = like_targets(inputs.probability_labels, staged.target_values or ())
    return find_labels(
        staged.target_values, staged.prediction_values, known,
        label_list=request.config.label_list, positive=request.config.pos_label,
    )  # fmt: skip


def slice_words(staged: Staged) -> tuple[list[list[tuple[str, ...]]], list[np.ndarray]]:
    """Return each dimension's slices in order, and for each number that staging gave out its place in that order."""
    found = [index.sorted() for index in staged.slices]
    return [w for w, _ in found], [p for _, p in found]


def _plan(request: Request, inputs: Inputs, staged: Staged, labels: Labels | None, sizes: tuple[int, ...]) -> Plan:
    n, total, _ = staged.moments
    mean = total / n if n else 0.0
    kept = staged.in_memory or staged.n_rows <= STREAM_LIMIT
    edges = None
    if not kept and labels is not None and labels.binary and staged.width:
        edges = _edges(staged, labels)
    return Plan(
        labels=_names(request, inputs, staged, labels),
        positive=labels.positive if labels else 1,
        sizes=sizes,
        weighted=inputs.weight is not None,
        probabilities=staged.width > 0,
        retain=staged.n_rows if kept else STREAM_LIMIT,
        edges=edges,
        average=request.config.average,
        shift=mean,
        confidence=request.confidence,
        replicates=request.replicates,
        seed=request.seed,
    )


def _names(request: Request, inputs: Inputs, staged: Staged, labels: Labels | None) -> tuple[str, ...]:
    if request.model_type == "multilabel":
        return multilabel_names(inputs, staged.target_values, staged.prediction_values)
    return labels.names if labels else ()


def _edges(staged: Staged, labels: Labels) -> np.ndarray:
    """Edges of score bins from the first million rows."""
    taken: list[np.ndarray] = []
    for block in staged.read():
        given = block.probabilities
        if given is not None:
            taken.append(given[:, 0] if given.shape[1] == 1 else given[:, labels.positive])
        if sum(map(len, taken)) >= 1_000_000:
            break
    scores = np.concatenate(taken) if taken else np.zeros(0)
    return quantile_edges(scores[np.isfinite(scores)], FINE_BINS)


def _scorer(request: Request, inputs: Inputs, staged: Staged, labels: Labels | None, plan: Plan) -> Scorer | None:
    kind = request.model_type
    if kind is None:
        return None
    if kind not in ("text", "question-answering", "text-summarization") and not inputs.targets:
        raise InvalidArgument(f"model_type={kind!r} needs targets: the column of true values, or an array of them.")
    if kind == "question-answering" and not inputs.targets:
        raise InvalidArgument("model_type='question-answering' needs targets: the column of right answers.")
    if labels is not None:
        return ClassificationScorer(inputs, staged, labels, plan)
    if kind == "regressor":
        return RegressionScorer(inputs, plan)
    if kind == "multilabel":
        return MultilabelScorer(inputs, plan)
    if kind == "ranker":
        return RankerScorer(inputs, plan, request.config.retriever_k)
    if kind == "retriever":
        return RetrievalScorer(inputs, plan, request.config.retriever_k)
    return TextScorer(inputs, plan, kind)


def _row_results(
    block: Block, columns: dict[str, pa.Array], inputs: Inputs, names: RowIds, offset: int,
    words: list[list[tuple[str, ...]]], codes: list[np.ndarray],
) -> pa.RecordBatch:  # fmt: skip
    n = block.batch.num_rows
    out: dict[str, pa.Array] = {
        "row_id": names.text(block.batch, block.ids),
        "row_index": pa.array(np.arange(offset, offset + n)),
    }
    ours = {"row_id", "row_index", "target", "prediction", "outcome", *columns}
    if block.weights is not None and not isinstance(inputs.weight, str):
        ours.add("weight")
    for name in block.inputs.schema.names:
        if name in inputs.targets or name in inputs.predictions or name in inputs.probabilities:
            continue
        out[f"input:{name}" if name in ours else name] = block.batch.column(name)
    actual, prediction = columns.pop("actual", None), columns.pop("predicted", None)
    if inputs.targets:
        out["target"] = block.batch.column(inputs.targets[0]) if actual is None else actual
    if block.predictions is not None or prediction is not None:
        out["prediction"] = block.predictions if prediction is None else prediction
    out |= {f"output:{name}": column for name, column in block.outputs.items()}
    out["outcome"] = pa.DictionaryArray.from_arrays(pa.array(block.outcomes), pa.array(OUTCOMES))
    out |= columns
    if block.weights is not None and not isinstance(inputs.weight, str):
        out["weight"] = pa.array(block.weights)
    for index, values, code in zip(inputs.dimensions, words, codes, strict=True):
        labels = pa.array([" × ".join(v) for v in values], pa.string())
        out[f"slice:{index.name}"] = pa.DictionaryArray.from_arrays(pa.array(code), labels)
    return pa.RecordBatch.from_arrays(list(out.values()), names=list(out))


def _finish(
    scored: Scored, request: Request, inputs: Inputs, staged: Staged, words: list[list[tuple[str, ...]]],
    outcomes: np.ndarray, units: SlicedTally,
) -> None:  # fmt: skip
    keys = [ALL_ROWS]
    for dimension, values in zip(inputs.dimensions, words, strict=True):
        keys += [tuple(zip(dimension.names, value, strict=True)) for value in values]
    missing = outcomes[1:].sum(axis=0)
    scored.slices = tuple(
        SliceInfo(
            key, int(outcomes[SCORED, i]), missing=int(missing[i]),
            small=bool(key) and int(outcomes[SCORED, i]) < request.config.min_slice_rows,
        )
        for i, key in enumerate(keys)
    )  # fmt: skip
    scored.outcomes = {name: int(outcomes[i, 0]) for i, name in enumerate(OUTCOMES) if outcomes[i, 0] or i == SCORED}
    if inputs.cluster is not None:
        scored.clusters = units.clusters()
    scored.warnings = [*staged.warnings, *_warnings(scored, inputs, staged)]


def _warnings(scored: Scored, inputs: Inputs, staged: Staged) -> Iterator[str]:
    labels = scored.labels
    if labels is not None and staged.target_values is not None:
        targets = {labels.names[labels.place(v)] for v in staged.target_values}
        if len(targets) == 1:
            yield (
                f"All targets are {next(iter(targets))!r}: measures that need two classes, such as roc_auc, are "
                "undefined."
            )
        if staged.classes is not None:
            known = {labels.names[labels.place(c)] for c in staged.classes}
            new = sorted(targets - known)
            if new:
                yield f"The model never saw these labels, so it cannot predict them: {', '.join(map(repr, new[:10]))}."
            absent = sorted(known - targets)
            if absent:
                yield f"These labels of the model do not occur in the test set: {', '.join(map(repr, absent[:10]))}."
    if scored.clusters is not None and scored.clusters[0] < 30:
        yield (
            f"There are only about {int(scored.clusters[0])} clusters in {inputs.cluster!r}: intervals rest on few "
            "independent units and are wide for that reason."
        )
