"""Every argument that cannot be used is refused by name, before anything runs or is stored."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import steelyard
from steelyard.errors import ColumnNotFound, InvalidArgument
from steelyard.models import EvaluationArtifact, EvaluationMetric

METRIC = EvaluationMetric(name="one", func=lambda eval_df, builtin: 1.0)

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"targets": 3}, "targets=3"),
    ({"targets": None}, "needs targets"),
    ({"targets": ["y", "yhat"]}, "targets has 2 values"),
    ({"predictions": 3}, "predictions=3"),
    ({"predictions": None}, "nothing to score"),
    ({"probabilities": 3}, "probabilities=3"),
    ({"probabilities": []}, "probabilities=[]"),
    ({"probabilities": ["p", "p"]}, "names 'p' twice"),
    ({"probabilities": {0: 1}}, "probabilities={0: 1}"),
    ({"weights": 3}, "weights has shape"),
    ({"weights": ["a"] * 120}, "weights must be"),
    ({"weights": [1.0]}, "weights has shape (1,)"),
    ({"clusters": ["user"]}, "clusters='user'"),
    ({"id_column": 3}, "id_column=3"),
    ({"feature_names": "x"}, "feature_names=['x']"),
    ({"feature_names": 3}, "feature_names=3"),
    ({"slices": 3}, "slices=3"),
    ({"slices": [3]}, "slices=3"),
    ({"slices": ["category", "category"]}, "'category' twice"),
    ({"slices": [{"old": 3}]}, "'old' must name a function"),
    ({"slices": [{"old": lambda d: d.nothing > 1}]}, "'old' raised AttributeError"),
    ({"model_type": "classifer"}, "Did you mean 'classifier'"),
    ({"model_type": 3}, "model_type=3"),
    ({"model_type": None}, "model_type is needed"),
    ({"extra_metrics": METRIC}, "must be a list"),
    ({"extra_metrics": [len]}, "use EvaluationMetric"),
    ({"extra_metrics": [METRIC, METRIC]}, "'one' twice"),
    ({"extra_artifacts": EvaluationArtifact(name="a", func=len)}, "must be a list"),
    ({"custom_artifacts": [3]}, "3 cannot make an artifact"),
    ({"evaluators": 3}, "evaluators=3"),
    ({"evaluators": "shapp"}, "shapp"),
    ({"evaluator_config": [1]}, "evaluator_config=[1]"),
    ({"evaluator_config": {"metric_prefix": 3}}, "metric_prefix"),
    ({"evaluator_config": {"metric_prefix": "a/"}}, "without a slash"),
    ({"evaluator_config": {"average": "none"}}, "average"),
    ({"evaluator_config": {"retriever_k": 0}}, "retriever_k"),
    ({"evaluator_config": {"min_slice_rows": "a"}}, "min_slice_rows"),
    ({"evaluator_config": {"label_list": 3}}, "label_list"),
    ({"evaluator_config": {"pos_label": "maybe"}}, "pos_label='maybe'"),
    ({"evaluator_config": {"col_mapping": 3}}, "col_mapping"),
    ({"evaluator_config": {"missing_targets": "drop"}}, "missing_targets"),
    ({"replicates": 1}, "replicates=1"),
    ({"replicates": True}, "replicates=True"),
    ({"confidence": 2}, "confidence=2"),
    ({"confidence": "high"}, "confidence='high'"),
    ({"seed": 1.5}, "seed=1.5"),
    ({"progress": 3}, "progress=3"),
    ({"name": 3}, "name=3"),
    ({"run_name": 3}, "run_name=3"),
    ({"dataset_path": 3}, "dataset_path=3"),
    ({"env_manager": "conda"}, "env_manager"),
    ({"data": None}, "data is needed"),
    ({"data": 3}, "cannot be read as rows"),
    ({"model": 5, "predictions": None}, "model=5"),
    ({"model": "predict", "predictions": None, "data": [{"y": 1}]}, "'predict'"),
]


@pytest.mark.parametrize(("wrong", "told"), WRONG, ids=[f"{i}-{next(iter(w))}" for i, (w, _) in enumerate(WRONG)])
def test_a_wrong_argument_is_named_and_nothing_is_stored(table: pd.DataFrame, wrong: dict[str, Any], told: str) -> None:
    right = {"data": table, "targets": "y", "predictions": "yhat", "model_type": "classifier"}
    with pytest.raises(steelyard.errors.SteelyardError) as caught:
        steelyard.evaluate(**{**right, **wrong})
    assert told in str(caught.value)
    assert steelyard.active_run() is None


MISSPELT: list[tuple[dict[str, Any], str, str]] = [
    ({"targets": "yy"}, "targets", "y"),
    ({"predictions": "yhatt"}, "predictions", "yhat"),
    ({"probabilities": "pp"}, "probabilities", "p"),
    ({"slices": ["categry"]}, "slices", "category"),
    ({"slices": [["category", "usr"]]}, "slices", "user"),
    ({"slices": [steelyard.by_bins("pricee", 3)]}, "slices", "price"),
    ({"weights": "ww"}, "weights", "w"),
    ({"clusters": "users"}, "clusters", "user"),
    ({"id_column": "idd"}, "id_column", "id"),
    ({"feature_names": ["x", "zz"]}, "feature_names", "z"),
    ({"evaluator_config": {"sample_weights": "ww"}}, "weights", "w"),
    ({"evaluator_config": {"col_mapping": {"cost": "pric"}}}, "col_mapping", "price"),
]


@pytest.mark.parametrize(("wrong", "argument", "near"), MISSPELT)
def test_a_misspelt_column_is_answered_with_the_nearest(
    table: pd.DataFrame, wrong: dict[str, Any], argument: str, near: str
) -> None:
    right = {"data": table, "targets": "y", "predictions": "yhat", "model_type": "classifier"}
    with pytest.raises(ColumnNotFound) as caught:
        steelyard.evaluate(**{**right, **wrong})
    assert f"Did you mean '{near}'" in str(caught.value)
    assert argument in str(caught.value)


def test_arguments_that_mlflow_removed_are_refused_as_there(table: pd.DataFrame) -> None:
    with pytest.raises(TypeError, match="baseline_model"):
        steelyard.evaluate(data=table, targets="y", predictions="yhat", baseline_model="x")  # pyrefly: ignore


@pytest.mark.parametrize("name", ["", "a/b", 3, "a\n", None])
def test_a_metrics_name_is_checked_where_it_is_made(name: Any) -> None:
    with pytest.raises(InvalidArgument, match="name"):
        EvaluationMetric(name=name, func=len)


def test_a_metric_needs_its_function_once() -> None:
    with pytest.raises(InvalidArgument, match="once"):
        EvaluationMetric(name="a")
    with pytest.raises(InvalidArgument, match="once"):
        EvaluationMetric(name="a", func=len, eval_fn=len)
    with pytest.raises(InvalidArgument, match="lambda"):
        steelyard.models.make_metric(eval_fn=lambda a, b: 1, greater_is_better=True)
