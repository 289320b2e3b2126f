"""Every metric in each slice: the caller's own too, as far as counted limits allow."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

import steelyard
from steelyard.evaluation import custom
from steelyard.models import EvaluationMetric, MetricValue

pytestmark = pytest.mark.usefixtures("patient")


def _evaluate(table: pd.DataFrame, *metrics: EvaluationMetric, **arguments: Any) -> steelyard.EvaluationResult:
    return steelyard.evaluate(
        data=table, targets="y", predictions="yhat", model_type="classifier", extra_metrics=metrics,
        slices=["category", {"high": lambda d: d.x > 0}], **arguments,
    )  # fmt: skip


def _same(eval_df: pd.DataFrame, builtin: dict[str, float]) -> float:
    assert builtin["example_count"] == len(eval_df) or len(eval_df) > 0
    return float((eval_df.targets.to_numpy() == eval_df.predictions.to_numpy()).mean())


def test_each_slice_has_its_value_and_interval(table: pd.DataFrame) -> None:
    result = _evaluate(table, EvaluationMetric(name="same", func=_same))
    for name, rows in {"category=sales": table.category == "sales", "high=yes": table.x > 0}.items():
        own, ours = result.estimate("same", name), result.estimate("accuracy_score", name)
        assert own.value == pytest.approx(accuracy_score(table.y[rows], table.yhat[rows]))
        assert (own.value, own.n) == (ours.value, ours.n)
        assert own.method == "bootstrap"
    assert not result.failures
    assert any(g.metric == "same" and g.dimension == "category" for g in result.summary.gaps)


def test_a_slice_sees_the_built_in_metrics_of_that_slice(table: pd.DataFrame) -> None:
    seen = EvaluationMetric(name="seen", func=lambda eval_df, builtin: builtin["accuracy_score"])
    result = _evaluate(table, seen)
    for name, estimates in result.slices.items():
        assert estimates["seen"].value == pytest.approx(estimates["accuracy_score"].value), name


def test_replicates_by_slice_pair_with_the_built_in_ones(table: pd.DataFrame) -> None:
    from steelyard.metrics.replicates import load_replicates

    result = _evaluate(table, EvaluationMetric(name="same", func=_same))
    stored = load_replicates(result.store.artifacts.read(result.run_id, "replicates.npz"))
    for name in ("", "category=sales", "high=no"):
        assert stored.values["same", name] == pytest.approx(stored.values["accuracy_score", name])


def test_scores_by_row_are_sliced_without_another_call(table: pd.DataFrame) -> None:
    calls = []

    def hits(predictions: Any, targets: Any) -> MetricValue:
        calls.append(len(targets))
        return MetricValue(scores=(predictions == targets).astype(float).tolist())

    result = _evaluate(table, EvaluationMetric(name="hits", func=hits))
    assert calls == [120]
    for estimates in result.slices.values():
        assert estimates["hits/mean"].value == pytest.approx(estimates["accuracy_score"].value)
        assert estimates["hits/mean"].method == "t"


def test_slices_on_which_a_function_raises_are_told_once(table: pd.DataFrame) -> None:
    def picky(eval_df: pd.DataFrame, _: Any) -> float:
        if eval_df.category.nunique() == 1:
            raise ValueError("one category")
        return 1.0

    result = _evaluate(table, EvaluationMetric(name="picky", func=picky))
    assert result.failures == {
        "picky by slice": "on 2 of 4 slices, the first category=billing: ValueError: one category"
    }
    assert result.metrics["picky"] == 1
    assert result.estimate("picky", "high=yes").value == 1


def test_a_slow_function_is_given_up_after_a_while_and_that_is_said(
    table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custom, "PATIENCE", 0.0)
    result = _evaluate(table, EvaluationMetric(name="slow", func=lambda eval_df, _: float(len(eval_df))))
    assert "slow is not told for every slice" in result.summary.warnings[0]
    assert "no interval" in result.estimates["slow"].method


def test_how_often_a_function_is_called_depends_on_counts_and_not_on_the_clock(
    table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custom, "MOST_ROWS", 10)
    result = _evaluate(table, EvaluationMetric(name="big", func=lambda eval_df, _: float(len(eval_df))))
    assert "rows are too many to resample" in result.estimates["big"].method


def test_a_function_with_side_effects_is_called_once(table: pd.DataFrame) -> None:
    calls = []
    once = EvaluationMetric(name="once", func=lambda e, _: float(calls.append(1) or 1), bootstrap=False)
    _evaluate(table, once)
    assert calls == [1]
