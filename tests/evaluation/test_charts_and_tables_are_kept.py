"""Every chart as a specification and a PNG under MLflow's name; every table as CSV."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

import steelyard

BINARY = {
    "confusion_matrix", "roc_curve_plot", "precision_recall_curve_plot", "lift_curve_plot", "gain_curve_plot",
    "calibration_curve_plot", "threshold_plot", "score_histogram", "risk_coverage_plot",
}  # fmt: skip


def _check_charts(result: steelyard.EvaluationResult, expected: set[str]) -> None:
    assert {chart.name for chart in result.summary.charts} == expected
    for chart in result.summary.charts:
        spec = json.loads(result.store.artifacts.read(result.run_id, chart.spec))
        assert "vega-lite" in spec["$schema"], chart.name
        png = result.artifacts[chart.name].content
        assert png.startswith(b"\x89PNG\r\n\x1a\n"), chart.name
        width, height = struct.unpack(">II", png[16:24])
        assert min(width, height) > 100, chart.name
        assert result.artifacts[chart.name].path == f"{chart.name}.png"


def test_a_binary_classifier_has_its_charts(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(data=table, targets="y", predictions="yhat", probabilities="p", model_type="classifier")
    _check_charts(result, BINARY)


def test_a_multiclass_classifier_has_its_charts_and_its_table() -> None:
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b", "c"])
    chance = rng.dirichlet(np.ones(3), 200)
    frame = pd.DataFrame(dict(zip(labels, chance.T, strict=True))).assign(
        y=[rng.choice(labels, p=row) for row in chance]
    )
    result = steelyard.evaluate(data=frame, targets="y", probabilities=["a", "b", "c"], model_type="classifier")
    _check_charts(result, {
        "confusion_matrix", "roc_curve_plot", "precision_recall_curve_plot", "calibration_curve_plot",
        "risk_coverage_plot",
    })  # fmt: skip
    per_class = result.tables["per_class_metrics"].set_index("positive_class")
    guess = labels[chance.argmax(axis=1)]
    for i, name in enumerate(labels):
        row = per_class.loc[name]
        assert row.example_count == 200
        assert row.precision_score == pytest.approx(sk.precision_score(frame.y == name, guess == name))
        assert row.recall_score == pytest.approx(sk.recall_score(frame.y == name, guess == name))
        assert row.f1_score == pytest.approx(sk.f1_score(frame.y == name, guess == name))
        assert row.accuracy_score == pytest.approx(((frame.y == name) == (guess == name)).mean())
        assert row.roc_auc == pytest.approx(sk.roc_auc_score(frame.y == name, chance[:, i]))
        assert row.precision_recall_auc == pytest.approx(sk.average_precision_score(frame.y == name, chance[:, i]))
        assert row.precision_score_low < row.precision_score < row.precision_score_high


def test_many_classes_have_no_curves_of_their_own() -> None:
    labels = [f"l{i}" for i in range(4)]
    frame = pd.DataFrame(dict.fromkeys(labels, 0.25) | {"y": labels * 10}, index=range(40))
    result = steelyard.evaluate(
        data=frame, targets="y", probabilities=labels, model_type="classifier",
        evaluator_config={"max_classes_for_multiclass_roc_pr": 3},
    )  # fmt: skip
    assert "roc_curve_plot" not in result.artifacts


def test_a_regression_has_its_charts(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(data=table, targets="price", predictions="x", model_type="regressor")
    _check_charts(result, {"residuals_plot", "predicted_vs_actual_plot", "error_quantiles_plot"})


def test_the_threshold_table_says_what_each_threshold_gives(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(data=table, targets="y", probabilities="p", model_type="classifier")
    assert result.artifacts["threshold_table"].path == "threshold_table.csv"
    found = result.tables["threshold_table"]
    assert found.threshold.is_monotonic_increasing
    for row in found.itertuples():
        called = (table.p >= row.threshold).astype(int)
        assert row.selection_rate == pytest.approx(called.mean())
        assert row.recall == pytest.approx(sk.recall_score(table.y, called))
        assert row.accuracy == pytest.approx(sk.accuracy_score(table.y, called))
        if called.any():
            assert row.precision == pytest.approx(sk.precision_score(table.y, called))
            assert row.f1 == pytest.approx(sk.f1_score(table.y, called))
            assert row.precision_low <= row.precision <= row.precision_high


def test_misclassified_rows_come_with_the_surest_first(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(data=table, targets="y", probabilities="p", model_type="classifier")
    wrong = result.tables["misclassified_rows"]
    assert len(wrong) == ((table.p >= 0.5) != (table.y == 1)).sum()
    assert wrong.loss.is_monotonic_decreasing
    assert not wrong.correct.any()
    assert {"x", "category", "target", "prediction", "probability", "row_id"} <= set(wrong.columns)


def test_the_worst_rows_of_a_regression_come_first() -> None:
    frame = pd.DataFrame({"y": np.arange(3000.0), "yhat": np.zeros(3000), "tags": [["a", "b"]] * 3000})
    result = steelyard.evaluate(data=frame, targets="y", predictions="yhat", model_type="regressor")
    worst = result.tables["worst_rows"]
    assert worst.abs_error.tolist() == list(range(2999, 1999, -1))
    text = result.store.artifacts.read(result.run_id, "worst_rows.csv")
    assert len(pd.read_csv(io.BytesIO(text))) == 1000


def test_tables_are_read_when_asked_for(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(
        data=table, targets="y", probabilities="p", model_type="classifier", evaluator_config={"metric_prefix": "v1_"}
    )
    assert list(result.tables) == ["eval_results_table", "threshold_table", "misclassified_rows"]
    assert len(result.tables["eval_results_table"]) == 120
    assert result.artifacts["threshold_table"].path == "v1_threshold_table.csv"
    with pytest.raises(KeyError):
        result.tables["nothing"]
