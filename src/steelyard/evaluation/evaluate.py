"""``evaluate()``: the road from rows to a run, one step a line."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from steelyard.errors import DataError, InvalidArgument, SteelyardError, StoreUnavailable
from steelyard.evaluation import gaps, tables
from steelyard.evaluation.arguments import check_name, check_numbers, check_progress
from steelyard.evaluation.classification import ClassificationScorer
from steelyard.evaluation.inputs import Inputs, open_inputs
from steelyard.evaluation.own_artifacts import run_artifacts
from steelyard.evaluation.own_metrics import own_metrics, scope_of
from steelyard.evaluation.pictures import pictures
from steelyard.evaluation.prediction import make_predictor
from steelyard.evaluation.recording import Keeper
from steelyard.evaluation.request import (
    Request,
    read_artifacts,
    read_config,
    read_metrics,
    read_model_type,
    read_slices,
)
from steelyard.evaluation.result import EvaluationResult
from steelyard.evaluation.results_file import ResultsFile
from steelyard.evaluation.scoring import Scored, score
from steelyard.evaluation.staged import Kind
from steelyard.evaluation.staging import check_staged, stage
from steelyard.evaluation.summing import assemble
from steelyard.metrics.reading import Reading
from steelyard.records import Estimate, EvaluationSummary

Progress = Callable[[str, int, int], None]


def evaluate(
    model: Any = None,
    data: Any = None,
    *,
    model_type: str | None = None,
    targets: Any = None,
    predictions: str | None = None,
    probabilities: str | Sequence[str] | Mapping[Any, str] | None = None,
    slices: Sequence[Any] | None = None,
    weights: Any = None,
    clusters: str | None = None,
    id_column: str | None = None,
    feature_names: Sequence[str] | None = None,
    extra_metrics: Sequence[Any] | None = None,
    extra_artifacts: Sequence[Any] | None = None,
    custom_artifacts: Sequence[Any] | None = None,
    evaluators: Any = None,
    evaluator_config: Mapping[str, Any] | None = None,
    dataset_path: str | None = None,
    name: str | None = None,
    run_name: str | None = None,
    replicates: int = 200,
    confidence: float = 0.95,
    seed: int = 0,
    env_manager: str = "local",
    model_config: Mapping[str, Any] | None = None,
    inference_params: Mapping[str, Any] | None = None,
    model_id: str | None = None,
    progress: Progress | None = None,
) -> EvaluationResult:
    """Evaluate a model, or predictions, on a table: every standard metric with its interval, by slice, kept in a run.

    Starts a run if none is active, and leaves a caller's run open.

    Args:
        model: a fitted estimator, a function of a DataFrame, the URI of a saved model, or None when ``predictions``
            names a column of the data.
        data: a pandas or polars frame, Arrow, arrays, a list of dicts, or a path or glob of Parquet, CSV or JSONL.
        model_type: ``classifier``, ``regressor``, ``question-answering``, ``text-summarization``, ``text``,
            ``retriever``; the article's ``text_classification`` and ``question_answering`` too. None computes the
            extra metrics alone.
        targets: the column of true values, or the values when ``data`` is an array.
        predictions: the column of predictions; with a model, which of its output columns to score.
        probabilities: the column of the positive label's probability; or one column a label, in the sorted order of
            the labels or as a mapping of label to column. Models with ``predict_proba`` need none.
        slices: such as ``["category", ["category", "channel"], by_bins("age", 5), {"long text": predicate}]``.
        weights: a column of row weights, or an array of them.
        clusters: a column whose rows belong together (a user, a query, a document); they are resampled together.
        id_column: the column that names each row; a hash of the row's content unless given.
        feature_names: the columns that the model is given.
        extra_metrics: :class:`EvaluationMetric` objects; one that raises is named in ``result.failures``.
        extra_artifacts, custom_artifacts: :class:`EvaluationArtifact` objects, or functions as in MLflow.
        evaluators: accepted for MLflow's sake; ``"default"``.
        evaluator_config: MLflow's keys (``metric_prefix``, ``pos_label``, ``label_list``, ``average``,
            ``sample_weights``, ``col_mapping``, ``retriever_k`` …), and ``min_slice_rows`` (30) and ``missing_targets``
            (``"refuse"``, or ``"count"`` rows without a target as missing).
        dataset_path: a label of where the data came from.
        name: the dataset's name.
        run_name: the run's name, if one is started.
        replicates: number of bootstrap replicates, 20 to 10,000.
        confidence: nominal coverage of the intervals.
        seed: the key of the replicates; runs are paired only if it is the same.
        env_manager, model_config, inference_params, model_id: accepted for MLflow's sake; only their defaults have a
            meaning here.
        progress: called with a step's name, rows done and rows in all.

    Returns:
        The result: ``.metrics``, ``.estimates``, ``.slices``, ``.artifacts``, ``.tables``, ``.failures``, ``.run_id``.

    Raises:
        InvalidArgument: an argument cannot be used.
        DataError: the data cannot be evaluated as it is; the message names the column and the row.
        ModelError: the model failed on every row.

    Examples:
        >>> import steelyard
        >>> steelyard.set_tracking_uri(tmp_folder)
        >>> rows = [{"y": i % 2, "yhat": i % 2 if i % 7 else 1 - i % 2} for i in range(70)]
        >>> result = steelyard.evaluate(data=rows, targets="y", predictions="yhat", model_type="classifier")
        >>> print(result.estimates["accuracy_score"])
        0.8571 [0.7566, 0.9205] (n=70)
    """
    if env_manager != "local" or model_config or inference_params:
        raise InvalidArgument("Only env_manager='local' without model_config or inference_params is supported.")
    check_numbers(replicates=replicates, confidence=confidence, seed=seed)
    check_progress(progress)
    check_name("run_name", run_name, "what to call the run")
    check_name("dataset_path", dataset_path, "a label of where the data came from")
    metrics = read_metrics(extra_metrics)
    request = Request(
        model=model,
        data=data,
        model_type=read_model_type(model_type, has_metrics=bool(metrics)),
        targets=targets,
        predictions=predictions if model is None else None,
        probabilities=probabilities,
        feature_names=feature_names,
        dimensions=read_slices(slices),
        weights=weights,
        clusters=clusters,
        id_column=id_column,
        metrics=metrics,
        artifacts=read_artifacts(extra_artifacts, custom_artifacts),
        config=read_config(evaluator_config, evaluators),
        name=name or dataset_path,
        replicates=replicates,
        confidence=confidence,
        seed=seed,
    )
    inputs = open_inputs(request)
    from steelyard.tracking import get_store, run_for_evaluation

    with run_for_evaluation(run_name) as run, _workspace() as folder:
        keeper = Keeper(get_store(), run, request.config.metric_prefix)
        return _run(request, inputs, keeper, folder, output=predictions, progress=progress)


@contextmanager
def _workspace() -> Iterator[Path]:
    """Yield a folder for the rows on their way; a disk that is full or read-only is told as such."""
    try:
        with tempfile.TemporaryDirectory(prefix="steelyard-") as folder:
            yield Path(folder)
    except SteelyardError:
        raise
    except OSError as problem:
        raise StoreUnavailable(
            f"The evaluation cannot lay its rows in {tempfile.gettempdir()!r}: {problem.strerror or problem}. Make "
            "room there, or name another folder in the environment variable TMPDIR."
        ) from problem


def _run(
    request: Request, inputs: Inputs, keeper: Keeper, folder: Path, *, output: str | None, progress: Progress | None
) -> EvaluationResult:
    start = time.monotonic()
    predictor = None if request.model is None else make_predictor(
        request.model, inputs, output=output, probabilities=request.model_type == "classifier"
    )  # fmt: skip
    staged = stage(
        inputs,
        predictor,
        kind=Kind.of(request.model_type, inputs),
        target_may_miss=request.config.missing_targets == "count",
        folder=folder,
        progress=_named(progress, "predict"),
    )
    check_staged(inputs, staged)
    results = ResultsFile(folder / "rows.parquet", keep=staged.in_memory)
    try:
        scored = score(request, inputs, staged, sink=results.write, progress=_named(progress, "score"))
    finally:
        results.close()
    if not scored.outcomes.get("scored") and scored.scorer is not None:
        raise DataError(_why_nothing(staged.n_rows, scored.outcomes))
    readings = _readings(scored, predictor)
    own = own_metrics(request, inputs, staged, scored, readings, results)
    summary, kept = assemble(request, inputs, staged, scored, readings, own, predictor)

    def find(key: str) -> Estimate | None:
        return summary.estimate(key)

    for picture in pictures(scored, find, request.config):
        keeper.picture(picture)
        if picture.table is not None:
            keeper.table("threshold_table", tables.to_csv(picture.table))
    _tables(keeper, scored, find)
    keeper.results_table(tables.eval_results_table(results.read(), staged.n_rows))
    keeper.replicates(kept)
    rows_path = keeper.rows(results.path)
    _artifacts(request, keeper, inputs, results, summary, folder)
    every = [*readings, *own.readings]
    summary = replace(
        summary,
        rows_path=rows_path,
        gaps=tuple(gaps.gaps(every, scored.slices, confidence=request.confidence, binary=scored.task == "binary")),
        failures=(*own.failures, *keeper.failures),
        duration_seconds=round(time.monotonic() - start, 3),
    )
    return keeper.finish(summary, summary.dataset.columns)


def _why_nothing(n_rows: int, outcomes: Mapping[str, int]) -> str:
    words = {
        "missing_target": "have no target", "missing_prediction": "have no prediction",
        "predict_failed": "made the model fail",
    }  # fmt: skip
    reasons = ", ".join(f"{n:,} {words[name]}" for name, n in outcomes.items() if n and name in words)
    return f"Not one of {n_rows:,} rows could be scored: {reasons}."


def _named(progress: Progress | None, step: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(step, done, total)


def _readings(scored: Scored, predictor: Any) -> list[Reading]:
    """All readings; ``score`` too, which MLflow logs for scikit-learn's estimators."""
    readings = scored.scorer.readings() if scored.scorer else []
    if predictor is None or not hasattr(predictor.estimator, "score"):
        return readings
    from steelyard.metrics.catalogue import info

    same = "accuracy_score" if isinstance(scored.scorer, ClassificationScorer) else "r2_score"
    found = next((r for r in readings if r.info.name == same and r.label is None), None)
    if found is None:
        return readings
    score_info = replace(info("score"), lower=found.info.lower, unit=found.info.unit)
    return [*readings, replace(found, info=score_info)]


def _tables(keeper: Keeper, scored: Scored, find: Callable[[str], Estimate | None]) -> None:
    by_class = tables.per_class(scored.scorer, find)
    if by_class is not None:
        keeper.table("per_class_metrics", tables.to_csv(by_class))
    worst = scored.worst
    if worst is not None and worst.kept is not None:
        keeper.table(worst.name, tables.table_to_csv(worst.kept))


def _artifacts(
    request: Request, keeper: Keeper, inputs: Inputs, results: ResultsFile, summary: EvaluationSummary, folder: Path
) -> None:
    if not request.artifacts:
        return
    builtin = {m.name: float(summary.estimate(m.name) or float("nan")) for m in summary.metrics}
    own = folder / "artifacts"
    own.mkdir()
    scope, _ = scope_of(request, inputs, results, builtin)
    made, keeper.failures = run_artifacts(request.artifacts, scope, own, taken=keeper.paths)
    for name, (path, file) in made.items():
        keeper.file(name, path, file)
