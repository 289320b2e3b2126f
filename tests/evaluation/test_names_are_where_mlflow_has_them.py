"""The names of an evaluation are found where scripts written for MLflow look for them."""

from __future__ import annotations

import subprocess
import sys

import pytest

import steelyard
from steelyard import evaluation, models


@pytest.mark.parametrize(
    "name",
    ["evaluate", "EvaluationArtifact", "EvaluationMetric", "EvaluationResult", "MetricThreshold", "MetricValue",
     "make_metric", "validate_evaluation_results"],
)  # fmt: skip
def test_models_has_the_name_and_it_is_the_one(name: str) -> None:
    assert getattr(models, name) is getattr(evaluation, name)
    assert name in models.__all__


def test_the_front_door_has_them_too() -> None:
    assert steelyard.evaluate is evaluation.evaluate
    assert steelyard.validate_evaluation_results is evaluation.validate_evaluation_results
    assert steelyard.EvaluationResult is evaluation.EvaluationResult


def test_a_name_that_is_nowhere_is_told() -> None:
    with pytest.raises(AttributeError, match="list_everything"):
        models.list_everything  # noqa: B018
    with pytest.raises(AttributeError, match="nothing"):
        evaluation.nothing  # noqa: B018


def test_describing_a_metric_brings_no_heavy_library() -> None:
    code = (
        "import sys; from steelyard.models import EvaluationMetric, MetricThreshold; "
        "EvaluationMetric(name='a', func=len); "
        "print([m for m in ('numpy', 'pandas', 'sqlalchemy', 'sklearn', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
