"""Gates: does a candidate pass its thresholds, and does it beat a baseline by enough?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from steelyard.errors import InvalidArgument, ModelValidationFailed


class HasMetrics(Protocol):
    """Anything with ``.metrics``, such as an EvaluationResult."""

    @property
    def metrics(self) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class MetricThreshold:
    """What one metric must reach, with MLflow's arguments and rules.

    Args:
        threshold: the value to reach (or not to exceed, if smaller is better).
        min_absolute_change: how much better than the baseline, above 0.
        min_relative_change: how much better relative to |baseline|, between 0 and 1.
        greater_is_better: the metric's direction; must be given.

    Raises:
        InvalidArgument: nothing is asked for, a change is out of range, or the direction is missing.

    Examples:
        >>> MetricThreshold(threshold=0.9, greater_is_better=True).threshold
        0.9
    """

    threshold: float | None = None
    min_absolute_change: float | None = None
    min_relative_change: float | None = None
    greater_is_better: bool | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.greater_is_better, bool):
            raise InvalidArgument("MetricThreshold needs greater_is_better=True or greater_is_better=False.")
        for name in ("threshold", "min_absolute_change", "min_relative_change"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise InvalidArgument(f"MetricThreshold({name}={value!r}) must be a number.")
        if self.min_absolute_change is not None and self.min_absolute_change <= 0:
            raise InvalidArgument("MetricThreshold(min_absolute_change=…) must be above 0.")
        if self.min_relative_change is not None and not 0 < self.min_relative_change < 1:
            raise InvalidArgument("MetricThreshold(min_relative_change=…) must lie between 0 and 1.")
        if self.threshold is None and self.min_absolute_change is None and self.min_relative_change is None:
            raise InvalidArgument("MetricThreshold needs a threshold, a min_absolute_change or a min_relative_change.")


def validate_evaluation_results(
    validation_thresholds: Mapping[str, MetricThreshold],
    candidate_result: HasMetrics,
    baseline_result: HasMetrics | None = None,
) -> None:
    """Check a candidate against thresholds, and against a baseline where a change is asked for.

    Point estimates are compared, as in MLflow, but rows without a score count against the candidate: where the result
    has bounds for them, the worst is compared. To ask whether a difference is real, use :func:`steelyard.compare`.

    Args:
        validation_thresholds: metric name to what it must reach.
        candidate_result: the result under test.
        baseline_result: the result to beat; needed where a change is asked for.

    Raises:
        ModelValidationFailed: a metric is missing or does not pass; the message lists every failure.
        InvalidArgument: a change is asked for and there is no baseline.
    """
    failures: list[str] = []
    candidate = _with_worst(candidate_result)
    for name, gate in validation_thresholds.items():
        if not isinstance(gate, MetricThreshold):
            raise InvalidArgument(f"validation_thresholds[{name!r}] must be a MetricThreshold; it is {gate!r}.")
        changes = gate.min_absolute_change is not None or gate.min_relative_change is not None
        if changes and baseline_result is None:
            raise InvalidArgument(f"{name}: a change is asked for, so baseline_result must be given.")
        failures += _failures(name, gate, candidate, baseline_result.metrics if baseline_result else None)
    if failures:
        raise ModelValidationFailed("The candidate did not pass:\n" + "\n".join(f"  {f}" for f in failures))


def _with_worst(result: HasMetrics) -> Mapping[str, float]:
    """Return the metrics with every missing row counted as wrong, where that can be known."""
    worst = {n: e.worst for n, e in getattr(result, "estimates", {}).items() if e.worst is not None}
    return {name: worst.get(name, value) for name, value in result.metrics.items()}


def _failures(
    name: str, gate: MetricThreshold, candidate: Mapping[str, float], baseline: Mapping[str, float] | None
) -> list[str]:
    value = candidate.get(name)
    if value is None or value != value:  # NaN passes no gate
        return [f"{name} is missing from the candidate's metrics."]
    sign = 1 if gate.greater_is_better else -1
    word = "at least" if gate.greater_is_better else "at most"
    found = []
    if gate.threshold is not None and sign * value < sign * gate.threshold:
        found.append(f"{name} is {value:.6g}; it must be {word} {gate.threshold:.6g}.")
    if gate.min_absolute_change is None and gate.min_relative_change is None:
        return found
    before = None if baseline is None else baseline.get(name)
    if before is None or before != before:
        return [*found, f"{name} is missing from the baseline's metrics."]
    gain = sign * (value - before)
    if gate.min_absolute_change is not None and gain < gate.min_absolute_change:
        found.append(
            f"{name} went from {before:.6g} to {value:.6g}; it must improve by at least {gate.min_absolute_change:.6g}."
        )
    if gate.min_relative_change is not None and gain / (abs(before) or 1e-10) < gate.min_relative_change:
        found.append(
            f"{name} went from {before:.6g} to {value:.6g}; it must improve by {gate.min_relative_change:.2%}."
        )
    return found
