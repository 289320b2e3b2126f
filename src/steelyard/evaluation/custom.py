"""The caller's own metrics and artifacts: run in order of what they use, each failing alone."""

from __future__ import annotations

import io
import json
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.evaluation.extras import (
    EvaluationArtifact,
    EvaluationMetric,
    MetricValue,
    Scope,
    bind,
    dependencies,
)
from steelyard.metrics import intervals
from steelyard.records import Estimate, MetricFailure, MetricInfo

if TYPE_CHECKING:
    import pandas as pd

BUDGET = 1.0
"""Seconds that the replicates of one metric may take; a slower function gets no interval."""


@dataclass(slots=True)
class CustomResults:
    """What the caller's metrics gave.

    Args:
        infos, estimates, replicates: of each metric that worked, by its key.
        row_scores: per-row scores, by the column's name.
        failures: of those that did not.
    """

    infos: dict[str, MetricInfo] = field(default_factory=dict)
    estimates: dict[str, Estimate] = field(default_factory=dict)
    replicates: dict[str, np.ndarray] = field(default_factory=dict)
    row_scores: dict[str, Sequence[Any]] = field(default_factory=dict)
    failures: list[MetricFailure] = field(default_factory=list)


def run_metrics(
    metrics: Sequence[EvaluationMetric], scope: Scope, *, draws: np.ndarray, buckets: np.ndarray, confidence: float
) -> CustomResults:
    """Compute every metric; one that raises is named among the failures and the others go on.

    Args:
        metrics: of the caller.
        scope: what their functions may ask for.
        draws: replicate weights, shape (B, buckets).
        buckets: bucket of each row of ``scope.eval_df``, shape (n,).
        confidence: nominal coverage.
    """
    results = CustomResults()
    for metric in _ordered(metrics, results):
        try:
            value = _call(metric.function, scope)
            _keep(metric, value, scope, results, draws, buckets, confidence)
        except Exception as problem:
            results.failures.append(failure(metric.key, problem))
            continue
        number = results.estimates.get(metric.key)
        known = MetricValue(aggregate_results={} if number is None else {metric.key: float(number)})
        scope = replace(scope, metric_values={**scope.metric_values, metric.name: value if _is_value(value) else known})
    return results


def failure(name: str, problem: BaseException, *, kind: Any = "metric") -> MetricFailure:
    """Describe a function of the caller's that raised."""
    lines = traceback.format_exception(problem)
    return MetricFailure(
        name=name, kind=kind, error=f"{type(problem).__name__}: {problem}", traceback="".join(lines[-12:])
    )  # fmt: skip


def _ordered(metrics: Sequence[EvaluationMetric], results: CustomResults) -> list[EvaluationMetric]:
    """Sort so that each comes after those it asks for; a circle is a failure of all in it."""
    names = [m.name for m in metrics]
    waiting, done, order = list(metrics), set[str](), list[EvaluationMetric]()
    while waiting:
        ready = [m for m in waiting if set(dependencies(m.function, names)) - {m.name} <= done]
        if not ready:
            for metric in waiting:
                problem = InvalidArgument(
                    f"{metric.name} uses metrics that use it: {', '.join(m.name for m in waiting)}."
                )
                results.failures.append(failure(metric.key, problem))
            return order
        order += ready
        done |= {m.name for m in ready}
        waiting = [m for m in waiting if m not in ready]
    return order


def _call(function: Any, scope: Scope) -> Any:
    positional, named = bind(function, scope)
    return function(*positional, **named)


def _is_value(value: Any) -> bool:
    return isinstance(value, MetricValue) or hasattr(value, "aggregate_results")


def _keep(
    metric: EvaluationMetric, value: Any, scope: Scope, results: CustomResults, draws: np.ndarray, buckets: np.ndarray,
    confidence: float,
) -> None:  # fmt: skip
    if _is_value(value):
        return _keep_value(metric, value, results, confidence)
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise InvalidArgument(f"{metric.name} returned {type(value).__name__}; return a number or a MetricValue.")
    number = float(value)
    n = len(scope.eval_df)
    results.infos[metric.key] = _info(metric, metric.key)
    drawn = _replicates(metric, scope, draws, buckets) if metric.bootstrap and np.isfinite(number) else "turned off"
    if isinstance(drawn, str):
        undefined = "" if np.isfinite(number) else "undefined: the function returned NaN"
        results.estimates[metric.key] = Estimate(
            number if np.isfinite(number) else None,
            n,
            confidence=confidence,
            method=undefined or f"no interval: {drawn}",
        )
        return None
    found = intervals.from_replicates(number, drawn, confidence, n=n)
    known = bool(np.isfinite(found.low))
    results.estimates[metric.key] = Estimate(
        number, n, se=_float(found.se), low=_float(found.low), high=_float(found.high), confidence=confidence,
        method="bootstrap" if known else "no interval",
    )  # fmt: skip
    results.replicates[metric.key] = drawn
    return None


def _replicates(metric: EvaluationMetric, scope: Scope, draws: np.ndarray, buckets: np.ndarray) -> np.ndarray | str:
    """Call the function on resampled rows; return its values, or why there are none."""
    frame: pd.DataFrame = scope.eval_df
    if len(frame) < 5:
        return f"{len(frame)} rows are too few"
    values = np.full(len(draws), np.nan)
    start = time.monotonic()
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for b, weights in enumerate(draws):
            rows = np.repeat(np.arange(len(frame)), weights[buckets].astype(np.int64))
            with suppress(Exception):  # a replicate on which the function fails is undefined, as NaN says
                values[b] = float(_call(metric.function, _resampled(scope, rows)))
            if time.monotonic() - start > BUDGET:
                return f"one call takes too long for {len(draws)} replicates"
    return values


def _resampled(scope: Scope, rows: np.ndarray) -> Scope:
    frame = scope.eval_df.iloc[rows]

    def pick(column: Any) -> Any:
        return column.iloc[rows] if hasattr(column, "iloc") else column

    columns = {name: pick(column) for name, column in scope.columns.items()}
    return replace(
        scope, eval_df=frame, columns=columns, predictions=pick(scope.predictions), targets=pick(scope.targets)
    )  # fmt: skip


def _keep_value(metric: EvaluationMetric, value: Any, results: CustomResults, confidence: float) -> None:
    scores = getattr(value, "scores", None)
    aggregates: dict[str, float] = dict(value.aggregate_results or {})
    numbers = np.array([np.nan if s is None else float(s) for s in scores or ()])
    there = numbers[np.isfinite(numbers)]
    if not aggregates and len(there):
        aggregates = {
            "mean": float(there.mean()),
            "variance": float(there.var()),
            "p90": float(np.quantile(there, 0.9)),
        }
    if scores is not None:
        results.row_scores[f"{metric.key}/score"] = list(scores)
        if getattr(value, "justifications", None) is not None:
            results.row_scores[f"{metric.key}/justification"] = list(value.justifications)
    for name, number in aggregates.items():
        key = metric.key if name in (metric.name, metric.key) else f"{metric.key}/{name}"
        results.infos[key] = _info(metric, key)
        missing = len(numbers) - len(there)
        estimate = Estimate(float(number), len(there), missing, confidence=confidence, method="as returned")
        if name == "mean" and len(there) > 1:
            found = intervals.mean_interval(there, confidence=confidence)
            estimate = replace(
                estimate, se=_float(found.se), low=_float(found.low), high=_float(found.high), method="t"
            )
        results.estimates[key] = estimate


def _info(metric: EvaluationMetric, key: str) -> MetricInfo:
    return MetricInfo(
        name=key, title=metric.long_name or metric.name, greater_is_better=metric.greater_is_better, unit="score",
        lower=None, upper=None, headline=key == metric.key, family="custom",
    )  # fmt: skip


def _float(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def run_artifacts(
    artifacts: Sequence[Any], scope: Scope, folder: Path
) -> tuple[dict[str, tuple[str, Path]], list[MetricFailure]]:  # fmt: skip
    """Make every artifact of the caller's.

    Args:
        artifacts: EvaluationArtifact, or plain functions as in MLflow.
        scope: what their functions may ask for.
        folder: where objects are written.

    Returns:
        Artifact name to (path among the run's artifacts, file), and what failed.
    """
    made: dict[str, tuple[str, Path]] = {}
    failures = []
    for number, artifact in enumerate(artifacts):
        named = isinstance(artifact, EvaluationArtifact)
        function = artifact.func if named else artifact
        name = artifact.name if named else getattr(artifact, "__name__", f"artifact_{number}")
        own = folder / f"{number}"
        own.mkdir()
        try:
            answer = _call(function, replace(scope, artifacts_dir=str(own)))
            items = answer if isinstance(answer, Mapping) else {name: answer}
            for key, content in items.items():
                file = _file(str(key), content, own)
                made[str(key)] = (f"{key}{file.suffix}" if not str(key).endswith(file.suffix) else str(key), file)
        except Exception as problem:
            failures.append(failure(name, problem, kind="artifact"))
    return made, failures


def _file(name: str, content: Any, folder: Path) -> Path:
    """Return the file that an artifact function made, or write its object to one."""
    safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in name) or "artifact"
    if isinstance(content, str | Path) and _is_file(content):
        return Path(content)
    if content is None:
        raise InvalidArgument(f"{name!r} returned nothing; return a path, an object, or a mapping of names to them.")
    if hasattr(content, "savefig"):
        content.savefig(folder / f"{safe}.png")
        return folder / f"{safe}.png"
    if hasattr(content, "to_csv"):
        content.to_csv(folder / f"{safe}.csv", index=False)
        return folder / f"{safe}.csv"
    if isinstance(content, np.ndarray):
        np.save(folder / f"{safe}.npy", content, allow_pickle=False)
        return folder / f"{safe}.npy"
    if isinstance(content, Path) or (isinstance(content, str) and len(content) < 400 and content.endswith(_SUFFIXES)):
        raise InvalidArgument(f"{name!r} returned the path {str(content)!r}, and there is no such file.")
    if isinstance(content, str):
        (folder / f"{safe}.txt").write_text(content, encoding="utf-8")
        return folder / f"{safe}.txt"
    try:
        text = json.dumps(content, indent=2)
    except (TypeError, ValueError) as problem:
        raise InvalidArgument(
            f"{name!r} returned a {type(content).__name__}, which cannot be kept: return a path, a DataFrame, an "
            "array, a Matplotlib figure, text, or something that JSON can hold."
        ) from problem
    (folder / f"{safe}.json").write_text(text, encoding="utf-8")
    return folder / f"{safe}.json"


_SUFFIXES = (".csv", ".json", ".png", ".jpg", ".jpeg", ".npy", ".parquet", ".txt", ".html", ".md")


def _is_file(content: str | Path) -> bool:
    try:
        return Path(content).is_file()
    except (OSError, ValueError):  # too long, or a NUL in it: not a path
        return False
