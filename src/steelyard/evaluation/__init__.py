"""Evaluate a model: data → predict → score → aggregate → record, one short file a step.

request.py      the arguments, read once
inputs.py       1  open the data, settle which column plays which part
prediction.py   2  call the model; staging.py keeps every row with its id, outcome and slices
scoring.py      3  count: classification.py, numeric.py
summing.py      4  estimates with their intervals; gaps.py between slices; custom.py the caller's own metrics
pictures.py     5  charts; tables.py tables
recording.py    6  keep it all in one run
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.evaluation.evaluate import evaluate
    from steelyard.evaluation.extras import EvaluationArtifact, EvaluationMetric, MetricValue, make_metric
    from steelyard.evaluation.gates import MetricThreshold, validate_evaluation_results
    from steelyard.evaluation.result import EvaluationResult

__all__ = [
    "EvaluationArtifact",
    "EvaluationMetric",
    "EvaluationResult",
    "MetricThreshold",
    "MetricValue",
    "evaluate",
    "make_metric",
    "validate_evaluation_results",
]

_HOMES = {
    "EvaluationArtifact": "extras",
    "EvaluationMetric": "extras",
    "EvaluationResult": "result",
    "MetricThreshold": "gates",
    "MetricValue": "extras",
    "evaluate": "evaluate",
    "make_metric": "extras",
    "validate_evaluation_results": "gates",
}

__getattr__ = lazy_names(__name__, _HOMES)
