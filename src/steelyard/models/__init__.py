"""MLflow's ``mlflow.models``: the names with which people describe an evaluation and a model."""

from __future__ import annotations

from steelyard.evaluation.extras import EvaluationArtifact, EvaluationMetric, MetricValue, make_metric
from steelyard.evaluation.gates import MetricThreshold
from steelyard.flavors import ModelSignature, infer_signature

__all__ = [
    "EvaluationArtifact",
    "EvaluationMetric",
    "MetricThreshold",
    "MetricValue",
    "ModelSignature",
    "infer_signature",
    "make_metric",
]
