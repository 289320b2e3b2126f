"""What a metric function returned: a number, or scores by row with aggregates of them."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.evaluation.extras import EvaluationMetric, MetricValue


def is_value(value: Any) -> bool:
    """Whether a function returned a :class:`MetricValue`, ours or MLflow's."""
    return isinstance(value, MetricValue) or hasattr(value, "aggregate_results")


def number_of(metric: EvaluationMetric, value: Any) -> float:
    """Return a number as a float.

    Raises:
        InvalidArgument: it is none.
    """
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()  # a NumPy scalar or an array of one number
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidArgument(
            f"{metric.name} returned {_kind(value)}; return a number or a MetricValue (NaN where it is undefined)."
        )
    return float(value)


def scores_of(metric: EvaluationMetric, value: Any, n: int) -> np.ndarray | None:
    """Return the scores by row as float64, NaN where there is none: shape (n,).

    Raises:
        InvalidArgument: they are not one number (or None) a row.
    """
    scores = getattr(value, "scores", None)
    if scores is None:
        return None
    given = list(scores)
    if len(given) != n:
        raise InvalidArgument(f"{metric.name} returned {len(given):,} scores for {n:,} rows; return one a row.")
    justifications = getattr(value, "justifications", None)
    if justifications is not None and len(justifications) != n:
        raise InvalidArgument(
            f"{metric.name} returned {len(justifications):,} justifications for {n:,} rows; return one a row."
        )
    out = np.full(n, np.nan)
    for i, score in enumerate(given):
        if score is None:
            continue
        if not isinstance(score, Real | np.bool_):
            raise InvalidArgument(f"{metric.name} returned the score {score!r} in row {i}; scores are numbers or None.")
        out[i] = float(score)
    return out


def aggregates_of(metric: EvaluationMetric, value: Any, scores: np.ndarray | None) -> dict[str, float]:
    """Return the aggregates that a function returned, or mean, variance and 90th percentile of its scores.

    Raises:
        InvalidArgument: there is neither, or an aggregate is no number.
    """
    given = getattr(value, "aggregate_results", None)
    if given:
        return {str(name): number_of(metric, number) for name, number in given.items() if number is not None}
    there = np.zeros(0) if scores is None else scores[np.isfinite(scores)]
    if scores is None:
        raise InvalidArgument(f"{metric.name} returned a MetricValue without scores and without aggregate_results.")
    if not len(there):
        return dict.fromkeys(("mean", "variance", "p90"), float("nan"))
    return {"mean": float(there.mean()), "variance": float(there.var()), "p90": float(np.quantile(there, 0.9))}


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    return f"the text {value!r}" if isinstance(value, str) else f"a {type(value).__name__}"
