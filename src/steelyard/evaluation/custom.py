"""The caller's own metrics: run in order of what they use, on all rows and on every slice, each failing alone."""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.evaluation.extras import EvaluationMetric, MetricValue, Scope, as_values, call, dependencies, failure
from steelyard.evaluation.returned import aggregates_of, is_value, number_of, scores_of
from steelyard.metrics import intervals
from steelyard.metrics.reading import Reading
from steelyard.records import Estimate, MetricFailure, MetricInfo, ScoredMetric, SliceKey, slice_name
from steelyard.store.limits import check_key

MOST_ROWS = 5_000_000
"""Rows that are resampled for one metric, over all replicates: 25,000 at 200. Counted, so that no clock decides."""
MOST_CALLS = 8_000
"""Calls of one function for the replicates of its slices: 40 slices at 200."""
PATIENCE = 60.0
"""Seconds after which the replicates or the slices of one metric are given up all the same, and that is said."""
_FEW = 5


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that a metric is computed on.

    Args:
        key: the slice; all rows come first.
        scope: what functions see of it.
        rows: their places among all rows that were scored.
        buckets: their buckets, for replicates.
        redrawn: replicates of the built-in metrics by name, shape (B,) each.
    """

    key: SliceKey
    scope: Scope
    rows: np.ndarray
    buckets: np.ndarray
    redrawn: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(slots=True)
class CustomResults:
    """What the caller's metrics gave.

    Args:
        infos: of each metric that worked, by its key.
        estimates: its value on all rows and on slices.
        readings: the same as arrays over all slices, for the gaps between them.
        replicates: by key and slice name.
        row_scores: per-row scores, by the column's name.
        failures: of those that did not work.
        warnings: what was left out.
    """

    infos: dict[str, MetricInfo] = field(default_factory=dict)
    estimates: list[ScoredMetric] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    replicates: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    row_scores: dict[str, np.ndarray | Sequence[str | None]] = field(default_factory=dict)
    failures: list[MetricFailure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def run_metrics(
    metrics: Sequence[EvaluationMetric], parts: Sequence[Callable[[], Part]], *, draws: np.ndarray, confidence: float,
    taken: Collection[str],
) -> CustomResults:  # fmt: skip
    """Compute every metric; one that raises is named among the failures and the others go on.

    Args:
        metrics: of the caller.
        parts: make all rows, then each slice; a slice is cut when a metric is first computed on it.
        draws: replicate weights, shape (B, buckets).
        confidence: nominal coverage.
        taken: names of built-in metrics.
    """
    results = CustomResults()
    runner = _Runner(results, parts, draws, confidence)
    for metric in _ordered(metrics, results):
        if metric.key in taken:
            problem = InvalidArgument(f"{metric.key} is the name of a built-in metric; give yours another.")
            results.failures.append(failure(metric.key, problem))
            continue
        try:
            runner.run(metric)
        except Exception as problem:
            results.failures.append(failure(metric.key, problem))
    return results


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


class _Runner:
    """Runs metrics one after the other; what one gave, the next may ask for, slice by slice."""

    def __init__(
        self, results: CustomResults, parts: Sequence[Callable[[], Part]], draws: np.ndarray, confidence: float,
    ) -> None:  # fmt: skip
        self.results, self.draws, self.confidence = results, draws, confidence
        self._make = parts
        self._parts: dict[int, Part] = {}
        self._known: dict[int, dict[str, MetricValue]] = {}
        self._redrawn: dict[tuple[int, str], np.ndarray] = {}

    def run(self, metric: EvaluationMetric) -> None:
        """Compute one metric on all rows, then on each slice.

        Raises:
            Exception: whatever the function raised on all rows.
        """
        value = call(metric.function, self._scope(0))
        n = len(self._part(0).rows)
        scores = scores_of(metric, value, n) if is_value(value) else None
        found = {0: self._named(metric, value, scores)}
        self._remember(metric, 0, value, found[0])
        if scores is not None:
            self._keep_scores(metric, value, scores)
        drawn = {0: self._replicates(metric, 0) if not is_value(value) else "as returned"}
        if len(self._make) > 1 and metric.bootstrap:
            self._slices(metric, value, scores, found, drawn)
        for key in found[0]:
            self._keep(metric, key, {i: named[key] for i, named in found.items() if key in named}, drawn, scores)

    def _slices(
        self, metric: EvaluationMetric, value: Any, scores: np.ndarray | None,
        found: dict[int, dict[str, float]], drawn: dict[int, np.ndarray | str],
    ) -> None:  # fmt: skip
        direct = scores is not None and not getattr(value, "aggregate_results", None)
        start = time.monotonic()
        failed: list[tuple[SliceKey, Exception]] = []
        for i in range(1, len(self._make)):
            if time.monotonic() - start > PATIENCE and not direct:
                late = f"its function took more than {PATIENCE:.0f} s on the first {i - 1}"
                self.results.warnings.append(f"{metric.key} is not told for every slice: {late}.")
                break
            part = self._part(i)
            if not len(part.rows):
                continue
            try:
                with _quiet():
                    answer = value if direct else call(metric.function, self._scope(i))
                    own = scores[part.rows] if direct and scores is not None else None
                    found[i] = self._named(metric, answer, own)
                    self._remember(metric, i, answer, found[i])
            except Exception as problem:
                failed.append((part.key, problem))
        if failed:
            self._record(metric, failed)
        many = (len(found) - 1) * len(self.draws) > MOST_CALLS
        for i in found.keys() - {0}:
            if is_value(value):
                drawn[i] = "as returned"
            elif many:
                drawn[i] = f"{len(found) - 1} slices are too many for replicates of each"
            else:
                drawn[i] = self._replicates(metric, i)

    def _record(self, metric: EvaluationMetric, failed: Sequence[tuple[SliceKey, Exception]]) -> None:
        key, problem = failed[0]
        told = failure(f"{metric.key} by slice", problem, kind="slice")
        where = f"on {len(failed)} of {len(self._make) - 1} slices, the first {slice_name(key)}"
        self.results.failures.append(replace(told, error=f"{where}: {told.error}"))

    def _part(self, i: int) -> Part:
        if i not in self._parts:
            self._parts[i] = self._make[i]()
        return self._parts[i]

    def _scope(self, i: int) -> Scope:
        scope = self._part(i).scope
        return replace(scope, metric_values={**scope.metric_values, **self._known.get(i, {})})

    def _remember(self, metric: EvaluationMetric, i: int, value: Any, named: Mapping[str, float]) -> None:
        known = value if is_value(value) else MetricValue(aggregate_results=dict(named))
        self._known.setdefault(i, {})[metric.name] = known

    def _named(self, metric: EvaluationMetric, value: Any, scores: np.ndarray | None) -> dict[str, float]:
        """Return what a function returned as logged names and values."""
        if not is_value(value):
            return {metric.key: number_of(metric, value)}
        aggregates = aggregates_of(metric, value, scores)
        same = (metric.name, metric.key)
        return {
            metric.key if name in same else check_key(f"{metric.key}/{name}", "metric name"): v
            for name, v in aggregates.items()
        }

    def _keep_scores(self, metric: EvaluationMetric, value: Any, scores: np.ndarray) -> None:
        self.results.row_scores[f"{metric.key}/score"] = scores
        justifications = getattr(value, "justifications", None)
        if justifications is not None:
            texts = [None if j is None else str(j) for j in justifications]
            self.results.row_scores[f"{metric.key}/justification"] = texts

    def _keep(
        self, metric: EvaluationMetric, key: str, values: Mapping[int, float],
        drawn: Mapping[int, np.ndarray | str], scores: np.ndarray | None,
    ) -> None:  # fmt: skip
        self.results.infos[key] = info = _info(metric, key)
        arrays: dict[int, np.ndarray] = {}
        for i, value in values.items():
            part = self._part(i)
            if key == f"{metric.key}/mean" and scores is not None:
                estimate = _of_mean(value, scores[part.rows], self.confidence)
            else:
                estimate = _estimate(value, len(part.rows), drawn.get(i, "turned off"), self.confidence)
            self.results.estimates.append(ScoredMetric(metric=key, estimate=estimate, slice=part.key))
            own = drawn.get(i)
            if isinstance(own, np.ndarray) and np.isfinite(value):
                arrays[i] = self.results.replicates[key, slice_name(part.key)] = own
        if len(values) > 1:
            self.results.readings.append(self._reading(info, values, arrays))

    def _reading(self, info: MetricInfo, values: Mapping[int, float], arrays: Mapping[int, np.ndarray]) -> Reading:
        size = len(self._make)
        every, n = np.full(size, np.nan), np.zeros(size, dtype=np.int64)
        for i, value in values.items():
            every[i], n[i] = value, len(self._part(i).rows)
        replicates = None
        if len(arrays) > 1:
            replicates = np.full((size, len(self.draws)), np.nan)
            for i, own in arrays.items():
                replicates[i] = own
        return Reading(info=info, values=every, n=n, replicates=replicates)

    def _replicates(self, metric: EvaluationMetric, i: int) -> np.ndarray | str:
        """Call the function on resampled rows; return its values, or why there are none."""
        part = self._part(i)
        if not metric.bootstrap:
            return "turned off"
        if len(part.rows) < _FEW:
            return f"{len(part.rows)} rows are too few"
        if len(part.rows) * len(self.draws) > MOST_ROWS:
            return f"{len(part.rows):,} rows are too many to resample {len(self.draws)} times for one function"
        used = dependencies(metric.function, list(self._known.get(i, {})))
        fixed = next((name for name in used if (i, name) not in self._redrawn), None)
        if fixed is not None:
            return f"it uses {fixed}, which has no replicates"
        values = np.full(len(self.draws), np.nan)
        start = time.monotonic()
        each = np.arange(len(part.rows))
        with _quiet():
            for b, weights in enumerate(self.draws):
                rows = np.repeat(each, weights[part.buckets].astype(np.int64))
                try:
                    values[b] = number_of(metric, call(metric.function, self._drawn_scope(i, b, rows)))
                except Exception:  # noqa: S112  a replicate on which the function fails is undefined, as NaN says
                    continue
                finally:
                    spent = time.monotonic() - start
                if spent > PATIENCE:
                    return f"{b + 1} of {len(self.draws)} replicates took {PATIENCE:.0f} s"
        self._redrawn[i, metric.name] = values
        return values

    def _drawn_scope(self, i: int, b: int, rows: np.ndarray) -> Scope:
        """Return what a function sees of replicate ``b``: its rows, and every other metric as it is on them."""
        part = self._part(i)
        builtin = dict(part.scope.builtin_metrics) | {name: float(v[b]) for name, v in part.redrawn.items()}
        own = {name: float(v[b]) for (at, name), v in self._redrawn.items() if at == i}
        return replace(part.scope.take(rows), builtin_metrics=builtin, metric_values=as_values({**builtin, **own}))


class _quiet:  # noqa: N801  used as a statement
    """Keep what a function prints and warns about to its first call: on replicates and slices it would say it again."""

    def __enter__(self) -> None:
        self._warnings = warnings.catch_warnings()
        self._stdout = redirect_stdout(io.StringIO())
        self._warnings.__enter__()
        warnings.simplefilter("ignore")
        self._stdout.__enter__()

    def __exit__(self, *problem: Any) -> None:
        self._stdout.__exit__(*problem)
        self._warnings.__exit__(*problem)


def _estimate(value: float, n: int, drawn: np.ndarray | str, confidence: float) -> Estimate:
    if not np.isfinite(value):
        return Estimate(None, n, confidence=confidence, method=f"undefined: the function returned {value}")
    if isinstance(drawn, str):
        method = drawn if drawn == "as returned" else f"no interval: {drawn}"
        return Estimate(value, n, confidence=confidence, method=method)
    found = intervals.from_replicates(value, drawn, confidence, n=n)
    known = bool(np.isfinite(found.low))
    return Estimate(
        value, n, se=_float(found.se), low=_float(found.low), high=_float(found.high), confidence=confidence,
        method="bootstrap" if known else "no interval",
    )  # fmt: skip


def _of_mean(value: float, scores: np.ndarray, confidence: float) -> Estimate:
    """A mean of scores by row has Student's interval; rows without a score are missing."""
    there = scores[np.isfinite(scores)]
    missing = len(scores) - len(there)
    known = value if np.isfinite(value) else None
    if known is None or len(there) < 2 or not np.isclose(value, there.mean()):
        return Estimate(known, len(there), missing, confidence=confidence, method="as returned")
    found = intervals.mean_interval(there, confidence=confidence)
    return Estimate(
        value, len(there), missing, se=_float(found.se), low=_float(found.low), high=_float(found.high),
        confidence=confidence, method="t",
    )  # fmt: skip


def _info(metric: EvaluationMetric, key: str) -> MetricInfo:
    return MetricInfo(
        name=key, title=metric.long_name or metric.name, greater_is_better=metric.greater_is_better, unit="score",
        lower=None, upper=None, headline=key == metric.key, family="custom",
    )  # fmt: skip


def _float(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
