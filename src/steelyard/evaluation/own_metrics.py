"""What the caller's functions see: the rows that were scored, all of them and slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from steelyard.evaluation import custom
from steelyard.evaluation.extras import Scope, as_values
from steelyard.evaluation.inputs import Inputs
from steelyard.evaluation.request import Request
from steelyard.evaluation.results_file import ResultsFile
from steelyard.evaluation.scoring import Scored, slice_words
from steelyard.evaluation.staged import SCORED, Staged
from steelyard.metrics.reading import Reading
from steelyard.metrics.weights import buckets_of


def own_metrics(
    request: Request, inputs: Inputs, staged: Staged, scored: Scored, readings: Sequence[Reading], results: ResultsFile
) -> custom.CustomResults:
    """Compute the caller's metrics on all rows and on each slice, and keep their scores by row with the others."""
    if not request.metrics:
        return custom.CustomResults()
    named = [r for r in readings if r.label is None]
    scope, numbers = scope_of(request, inputs, results, _builtin(named, 0))
    _, places = slice_words(staged)
    kept = [(b, b.outcomes == SCORED) for b in staged.read()]
    buckets = buckets_of(np.concatenate([b.units[keep] for b, keep in kept]))
    codes = [np.concatenate([place[b.codes[d]][keep] for b, keep in kept]) for d, place in enumerate(places)]
    every = custom.Part((), scope, np.arange(len(buckets)), buckets, _redrawn(named, 0))
    parts: list[Callable[[], custom.Part]] = [lambda: every]
    ordered = [(code, i) for code, place in zip(codes, places, strict=True) for i in range(len(place))]
    for number, ((code, i), about) in enumerate(zip(ordered, scored.slices[1:], strict=True), start=1):
        parts.append(partial(_part, every, about.key, code, i, named, number))
    found = custom.run_metrics(
        request.metrics,
        parts,
        draws=scored.plan.weight_matrix,
        confidence=request.confidence,
        taken={r.key for r in readings},
    )
    if found.row_scores:
        results.add(found.row_scores, numbers)
    return found


def _part(
    every: custom.Part, key: tuple[tuple[str, str], ...], codes: np.ndarray, i: int, readings: Sequence[Reading],
    number: int,
) -> custom.Part:  # fmt: skip
    rows = np.flatnonzero(codes == i)
    builtin = _builtin(readings, number)
    scope = replace(every.scope.take(rows), builtin_metrics=builtin, metric_values=as_values(builtin))
    return custom.Part(key, scope, rows, every.buckets[rows], _redrawn(readings, number))


def _builtin(readings: Sequence[Reading], number: int) -> dict[str, float]:
    return {r.key: float(r.values[number]) for r in readings}


def _redrawn(readings: Sequence[Reading], number: int) -> dict[str, np.ndarray]:
    return {r.key: r.replicates[number] for r in readings if r.replicates is not None}


def scope_of(
    request: Request, inputs: Inputs, results: ResultsFile, builtin: Mapping[str, float]
) -> tuple[Scope, np.ndarray]:
    """Return the frame and names that functions of the caller's see (rows that were scored, in order) and the rows'
    numbers."""
    frame = results.frame()
    scored = frame[frame["outcome"] == "scored"].reset_index(drop=True)
    eval_df = scored[[c for c in scored.columns if c in inputs.table.columns]].copy()
    if inputs.targets:
        target = scored["target"]
        for column in (inputs.targets[0], "targets", "target"):
            eval_df[column] = target
    if "prediction" in scored:
        for column in (*inputs.predictions[:1], "predictions", "prediction"):
            eval_df[column] = scored["prediction"]
    for column in scored.columns:
        if column.startswith("probability"):
            eval_df[column] = scored[column]
    if "probability" in scored and "probability:" not in "".join(scored.columns):
        eval_df["probabilities"] = scored["probability"]
        for column in inputs.probabilities if len(inputs.probabilities) == 1 else ():
            eval_df[column] = scored["probability"]
    columns = {c: eval_df[c] for c in eval_df.columns}
    columns |= {new: eval_df[old] for new, old in request.config.col_mapping.items() if old in eval_df}
    columns |= {name.removeprefix("output:"): scored[name] for name in scored.columns if name.startswith("output:")}
    scope = Scope(
        eval_df=eval_df,
        builtin_metrics=dict(builtin),
        predictions=eval_df.get("predictions"),
        targets=eval_df.get("targets"),
        columns=columns,
        config=dict(request.config.extra),
        metric_values=as_values(builtin),
    )
    return scope, np.asarray(scored["row_index"])
