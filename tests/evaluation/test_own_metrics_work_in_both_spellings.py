"""Metrics of the caller's own: the article's spelling, MLflow's, and every way to get one wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, fbeta_score

import steelyard
from steelyard.models import EvaluationMetric, MetricValue, make_metric

pytestmark = pytest.mark.usefixtures("patient")


def _evaluate(table: pd.DataFrame, *metrics: Any, **arguments: Any) -> steelyard.EvaluationResult:
    return steelyard.evaluate(
        data=table, targets="y", predictions="yhat", probabilities="p", model_type="classifier",
        extra_metrics=list(metrics), **arguments,
    )  # fmt: skip


def test_the_articles_spelling_sees_the_frame(table: pd.DataFrame) -> None:
    def f2_in_sales(eval_df: pd.DataFrame, _builtin_metrics: dict[str, float]) -> float:
        sales = eval_df[eval_df["category"] == "sales"]
        assert (eval_df["target"] == eval_df["targets"]).all()
        assert (eval_df["prediction"] == eval_df["predictions"]).all()
        assert eval_df["probabilities"].between(0, 1).all()
        return fbeta_score(sales["targets"], sales["predictions"], beta=2)

    metric = EvaluationMetric(
        name="f2_in_sales", func=f2_in_sales, greater_is_better=True, input_example=pd.DataFrame({"targets": [1]})
    )
    result = _evaluate(table, metric)
    sales = table[table.category == "sales"]
    assert result.metrics["f2_in_sales"] == pytest.approx(fbeta_score(sales.y, sales.yhat, beta=2))
    estimate = result.estimates["f2_in_sales"]
    assert estimate.method == "bootstrap"
    assert (estimate.low or 1) < float(estimate) < (estimate.high or 0)


def test_mlflows_spelling_asks_by_name(table: pd.DataFrame) -> None:
    def by_name(predictions: Any, targets: Any, metrics: Any, category: Any, beta: float) -> float:
        accuracy = metrics["accuracy_score"].aggregate_results["accuracy_score"]
        assert accuracy == pytest.approx(accuracy_score(targets, predictions))
        return beta * (category == "sales").mean()

    def legacy(eval_df: pd.DataFrame, builtin_metrics: dict[str, float]) -> float:
        return builtin_metrics["accuracy_score"] * len(eval_df)

    def mixed(eval_df: pd.DataFrame, predictions: Any) -> float:
        return float((eval_df["targets"] == predictions).mean())

    result = _evaluate(
        table, *(make_metric(eval_fn=f, greater_is_better=True) for f in (by_name, legacy, mixed)),
        evaluator_config={"beta": 2.0},
    )  # fmt: skip
    assert not result.failures
    assert result.metrics["by_name"] == pytest.approx(2 * (table.category == "sales").mean())
    assert result.metrics["legacy"] == pytest.approx(120 * accuracy_score(table.y, table.yhat))
    assert result.metrics["mixed"] == pytest.approx(accuracy_score(table.y, table.yhat))


def test_a_metric_that_uses_another_is_resampled_with_it(table: pd.DataFrame) -> None:
    def double(share: MetricValue) -> float:
        return 2 * float(next(iter((share.aggregate_results or {}).values())))

    def of_builtin(eval_df: Any, builtin_metrics: dict[str, float]) -> float:
        return builtin_metrics["accuracy_score"]

    share = EvaluationMetric(
        name="share", func=lambda eval_df, _: float((eval_df.targets == eval_df.predictions).mean())
    )
    result = _evaluate(
        table, EvaluationMetric(name="double", func=double), share, EvaluationMetric(name="same", func=of_builtin)
    )
    single, twice, same = (result.estimates[n] for n in ("share", "double", "same"))
    assert twice.value == pytest.approx(2 * float(single))
    assert (twice.low, twice.high) == (pytest.approx(2 * (single.low or 0)), pytest.approx(2 * (single.high or 0)))
    assert (same.low, same.high) == (pytest.approx(single.low), pytest.approx(single.high))


def test_what_rests_on_a_metric_without_replicates_has_no_interval(table: pd.DataFrame) -> None:
    fixed = EvaluationMetric(name="fixed", func=lambda eval_df, _: 0.5, bootstrap=False)

    def rests(fixed: MetricValue, x: Any) -> float:
        return float(x.mean())

    result = _evaluate(table, fixed, EvaluationMetric(name="rests", func=rests))
    assert result.estimates["fixed"].method == "no interval: turned off"
    assert result.estimates["rests"].method == "no interval: it uses fixed, which has no replicates"


def test_scores_by_row_are_aggregated_and_kept(table: pd.DataFrame) -> None:
    def hits(predictions: Any, targets: Any) -> MetricValue:
        return MetricValue(scores=(predictions == targets).astype(float).tolist(), justifications=["so"] * len(targets))

    result = _evaluate(table, make_metric(eval_fn=hits, greater_is_better=True, version="v1"))
    right = (table.y == table.yhat).to_numpy(float)
    assert result.metrics["hits/v1/mean"] == pytest.approx(right.mean())
    assert result.metrics["hits/v1/variance"] == pytest.approx(right.var())
    assert result.metrics["hits/v1/p90"] == np.quantile(right, 0.9)
    assert result.estimates["hits/v1/mean"].method == "t"
    rows = result.tables["eval_results_table"]
    assert rows["hits/v1/score"].tolist() == right.tolist()
    assert set(rows["hits/v1/justification"]) == {"so"}


def test_an_aggregate_named_like_its_metric_is_logged_without_a_suffix(table: pd.DataFrame) -> None:
    metric = make_metric(
        eval_fn=lambda predictions: MetricValue(aggregate_results={"own": 3.0, "half": 1.5}), name="own",
        greater_is_better=True,
    )  # fmt: skip
    result = _evaluate(table, metric)
    assert result.metrics["own"] == 3
    assert result.metrics["own/half"] == 1.5


WRONG: list[tuple[Any, str]] = [
    (None, "returned None"),
    ("0.5", "returned the text '0.5'"),
    (True, "returned a bool"),
    (np.bool_(1), "returned a bool"),
    (1j, "returned a complex"),
    ([1.0], "returned a list"),
    (np.ones(3), "returned a ndarray"),
    (MetricValue(), "without scores and without aggregate_results"),
    (MetricValue(scores=[1.0]), "returned 1 scores for 120 rows"),
    (MetricValue(scores=["a"] * 120), "scores are numbers or None"),  # pyrefly: ignore
    (MetricValue(scores=[1.0] * 120, justifications=["a"]), "returned 1 justifications"),
    (MetricValue(aggregate_results={"mean": None}, scores=[1.0]), "returned 1 scores"),  # pyrefly: ignore
]


@pytest.mark.parametrize(("value", "told"), WRONG, ids=[told for _, told in WRONG])
def test_a_wrong_return_fails_that_metric_alone(table: pd.DataFrame, value: Any, told: str) -> None:
    result = _evaluate(
        table,
        EvaluationMetric(name="bad", func=lambda eval_df, _: value),
        EvaluationMetric(name="good", func=lambda e, _: 1),
    )
    assert told in result.failures["bad"]
    assert "bad" not in result.metrics
    assert result.metrics["good"] == 1
    assert result.summary.failures[0].kind == "metric"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_undefined_value_is_no_failure(table: pd.DataFrame, value: float) -> None:
    result = _evaluate(table, EvaluationMetric(name="odd", func=lambda eval_df, _: value))
    assert not result.failures
    assert np.isnan(result.metrics["odd"])
    assert result.estimates["odd"].method == f"undefined: the function returned {value}"


def test_numbers_of_numpy_are_numbers(table: pd.DataFrame) -> None:
    for value in (np.int64(3), np.float32(3), np.array(3.0)):
        assert _evaluate(table, EvaluationMetric(name="three", func=lambda e, _, v=value: v)).metrics["three"] == 3


def test_functions_that_raise_ask_for_nothing_known_or_go_in_circles_fail_alone(table: pd.DataFrame) -> None:
    def raises(eval_df: Any, builtin: Any) -> float:
        raise KeyError("nothing")

    def asks(predictions: Any, moon: Any) -> float:
        return 1.0

    def hen(egg: Any) -> float:
        return 1.0

    def egg(hen: Any) -> float:
        return 1.0

    result = _evaluate(
        table, *(EvaluationMetric(name=f.__name__, func=f) for f in (raises, asks, hen, egg)),
        EvaluationMetric(name="accuracy_score", func=lambda e, _: 2.0), EvaluationMetric(name="c", func=max),
    )  # fmt: skip
    assert result.failures["raises"] == "KeyError: 'nothing'"
    assert "asks for 'moon'" in result.failures["asks"]
    assert "hen, egg" in result.failures["hen"]
    assert "name of a built-in metric" in result.failures["accuracy_score"]
    assert "c" in result.failures
    assert result.metrics["accuracy_score"] == pytest.approx(accuracy_score(table.y, table.yhat))
    assert "KeyError" in next(f.traceback for f in result.summary.failures if f.name == "raises")


def test_a_metric_alone_needs_no_model_type(table: pd.DataFrame) -> None:
    metric = EvaluationMetric(name="mean_x", func=lambda eval_df, _: float(eval_df.x.mean()))
    result = steelyard.evaluate(data=table, extra_metrics=[metric], slices=["category"])
    assert result.metrics == {"mean_x": pytest.approx(table.x.mean())}
    sales = table[table.category == "sales"]
    assert result.estimate("mean_x", "category=sales").value == pytest.approx(sales.x.mean())


def test_columns_can_be_given_other_names(table: pd.DataFrame) -> None:
    metric = make_metric(eval_fn=lambda cost: float(cost.mean()), name="cost", greater_is_better=False)
    result = _evaluate(table, metric, evaluator_config={"col_mapping": {"cost": "price"}})
    assert result.metrics["cost"] == pytest.approx(table.price.mean())
