"""Step 4: readings become estimates, and everything found becomes one summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from steelyard.data.families import family
from steelyard.evaluation.classification import ClassificationScorer
from steelyard.evaluation.custom import CustomResults
from steelyard.evaluation.inputs import Inputs
from steelyard.evaluation.request import Request
from steelyard.evaluation.scoring import Scored
from steelyard.metrics.estimates import Context, estimates
from steelyard.metrics.reading import Reading
from steelyard.records import (
    ConfusionCounts,
    DatasetRef,
    EvaluationSummary,
    MetricInfo,
    Replicates,
    slice_name,
)

if TYPE_CHECKING:
    from steelyard.evaluation.staged import Staged

_HEADLINES = {
    "binary": (
        "accuracy_score", "f1_score", "roc_auc", "log_loss", "expected_calibration_error", "balanced_accuracy_score",
    ),
    "multiclass": ("accuracy_score", "f1_score_macro", "roc_auc_macro", "log_loss", "expected_calibration_error"),
    "multilabel": ("accuracy_score", "f1_score_micro", "f1_score_macro", "hamming_loss"),
    "regression": ("mean_absolute_error", "root_mean_squared_error", "r2_score", "mean_error", "absolute_error_p90"),
}  # fmt: skip
_FALLBACKS = ("recall_score", "precision_score", "matthews_corrcoef", "balanced_accuracy_score", "cohen_kappa_score")
_CONFUSION_LABELS = 60


def assemble(
    request: Request, inputs: Inputs, staged: Staged, scored: Scored, readings: Sequence[Reading], own: CustomResults,
    predictor: Any,
) -> tuple[EvaluationSummary, Replicates]:  # fmt: skip
    """Return the summary (without charts, gaps and paths) and the replicates."""
    context = Context(scored.slices, request.confidence, scored.clusters)
    found = estimates(readings, context)
    found += own.estimates
    infos = _infos(scored, readings, own)
    table = inputs.table
    summary = EvaluationSummary(
        task=scored.task,
        model_type=request.model_type or "custom",
        dataset=DatasetRef(
            name=table.name,
            digest=staged.digest,
            rows_digest=staged.rows_digest,
            n_rows=staged.n_rows,
            columns={f.name: family(f.type) for f in table.schema},
            source=table.source if inputs.stored is None else inputs.stored.source,
            id_column=table.id_column,
            dataset_id="" if inputs.stored is None else inputs.stored.dataset_id,
            version=None if inputs.stored is None else inputs.stored.version,
            version_digest="" if inputs.stored is None else inputs.stored.version_digest,
        ),
        model="" if predictor is None else predictor.description,
        target=inputs.target,
        prediction=inputs.predictions[0] if inputs.predictions else None,
        labels=scored.labels.names if scored.labels else (),
        positive_label=scored.labels.names[scored.labels.positive] if scored.labels and scored.labels.binary else None,
        n_rows=staged.n_rows,
        outcomes=scored.outcomes,
        confidence=request.confidence,
        replicates=request.replicates,
        seed=request.seed,
        metrics=infos,
        estimates=tuple(found),
        slices=scored.slices[1:],
        warnings=(*scored.warnings, *own.warnings),
        confusion=_confusion(scored),
        weights=inputs.weight
        if isinstance(inputs.weight, str)
        else "given as an array"
        if inputs.weight is not None
        else None,
        clusters=inputs.cluster,
    )
    return summary, _replicates(request.seed, scored, readings, own)


def _infos(scored: Scored, readings: Sequence[Reading], own: CustomResults) -> tuple[MetricInfo, ...]:
    named = {r.info.name: r.info for r in readings if r.label is None}
    first = [n for n in _HEADLINES.get(scored.task, ()) if n in named]
    if scored.task in ("binary", "multiclass"):
        first += [n for n in _FALLBACKS if n in named and n not in first][: max(0, 4 - len(first))]
    infos = [replace(named[n], headline=True) for n in first]
    infos += [info for name, info in named.items() if name not in first]
    return (*infos, *own.infos.values())


def _confusion(scored: Scored) -> ConfusionCounts | None:
    if not isinstance(scored.scorer, ClassificationScorer) or len(scored.scorer.labels.names) > _CONFUSION_LABELS:
        return None
    counts = scored.scorer.counts()
    return ConfusionCounts(labels=scored.scorer.labels.names, counts=tuple(tuple(map(float, row)) for row in counts))


def _replicates(seed: int, scored: Scored, readings: Sequence[Reading], own: CustomResults) -> Replicates:
    values: dict[tuple[str, str], np.ndarray] = {}
    for reading in readings:
        if reading.replicates is None:
            continue
        for i, about in enumerate(scored.slices):
            values[reading.key, slice_name(about.key)] = reading.replicates[i]
    return Replicates(seed, values | own.replicates)
