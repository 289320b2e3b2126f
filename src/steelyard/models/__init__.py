"""MLflow's ``mlflow.models``: the names with which people describe an evaluation and a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.evaluation.extras import EvaluationArtifact, EvaluationMetric, MetricValue, make_metric
from steelyard.evaluation.gates import MetricThreshold

if TYPE_CHECKING:
    from steelyard.evaluation import EvaluationResult, evaluate, validate_evaluation_results
    from steelyard.flavors import ModelSignature, infer_signature

__all__ = [
    "EvaluationArtifact",
    "EvaluationMetric",
    "EvaluationResult",
    "MetricThreshold",
    "MetricValue",
    "ModelSignature",
    "evaluate",
    "infer_signature",
    "make_metric",
    "validate_evaluation_results",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    # Not before they are asked for: these two rooms bring NumPy.
    from steelyard import evaluation, flavors

    return getattr(flavors if name in ("ModelSignature", "infer_signature") else evaluation, name)
