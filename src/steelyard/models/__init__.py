"""MLflow's ``mlflow.models``: the names with which people describe an evaluation."""

from __future__ import annotations

from steelyard.evaluation.extras import EvaluationArtifact, EvaluationMetric, MetricValue, make_metric
from steelyard.evaluation.gates import MetricThreshold

__all__ = ["EvaluationArtifact", "EvaluationMetric", "MetricThreshold", "MetricValue", "make_metric"]
