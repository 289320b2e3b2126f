"""A row on which the model raises is a row with an outcome; it is never left out in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import steelyard
from steelyard.errors import ModelError, ModelValidationFailed
from steelyard.models import MetricThreshold, MetricValue, make_metric


def _careful(rows: pd.DataFrame) -> np.ndarray:
    if (rows.x > 1).any():
        raise RuntimeError("too large\nand more")
    return (rows.x > 0).astype(int).to_numpy()


def test_rows_that_raise_are_found_and_counted(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(_careful, table, targets="y", model_type="classifier", slices=["category"])
    bad = int((table.x > 1).sum())
    assert result.summary.outcomes == {"scored": 120 - bad, "predict_failed": bad}
    accuracy = result.estimates["accuracy_score"]
    assert (accuracy.n, accuracy.missing) == (120 - bad, bad)
    assert accuracy.worst is not None
    assert accuracy.worst < float(accuracy) < (accuracy.best or 0)
    first = int(np.argmax(table.x > 1))
    assert result.summary.warnings[0] == (
        f"The model failed on {bad} of 120 rows; the first: row {first}: RuntimeError: too large"
    )
    rows = result.tables["eval_results_table"]
    assert ((rows.outcome == "predict_failed") == (table.x > 1)).all()
    assert sum(e["accuracy_score"].missing for e in result.slices.values()) == bad


def test_an_estimator_that_refuses_some_rows_keeps_its_probabilities_of_the_others(table: pd.DataFrame) -> None:
    model = LogisticRegression().fit(table[["x", "z"]], table.y)
    holes = table.assign(x=table.x.where(table.x < 1))
    result = steelyard.evaluate(model, holes, targets="y", model_type="classifier")
    alone = steelyard.evaluate(model, table[table.x < 1], targets="y", model_type="classifier")
    assert result.metrics["log_loss"] == pytest.approx(alone.metrics["log_loss"])
    assert result.summary.outcomes["predict_failed"] == int((table.x >= 1).sum())


def test_missing_predictions_are_counted_too(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(
        lambda rows: [None if x > 1 else x for x in rows.x], table, targets="price", model_type="regressor"
    )
    assert result.summary.outcomes["missing_prediction"] == int((table.x > 1).sum())


def test_a_failing_model_does_not_pass_a_gate_that_a_working_one_fails(table: pd.DataFrame) -> None:
    right = pd.DataFrame({"x": table.x, "y": (table.x > 0).astype(int)})
    result = steelyard.evaluate(_careful, right, targets="y", model_type="classifier")
    assert result.metrics["accuracy_score"] == 1
    gate = {"accuracy_score": MetricThreshold(threshold=0.95, greater_is_better=True)}
    with pytest.raises(ModelValidationFailed):
        steelyard.validate_evaluation_results(gate, result)


def test_a_long_file_whose_second_batch_fails_is_scored_by_its_first(tmp_path: Path) -> None:
    n = 70_000
    frame = pd.DataFrame({"k": np.arange(n), "y": np.arange(n) % 2})
    frame.to_csv(tmp_path / "long.csv", index=False)
    calls: list[int] = []

    def model(rows: pd.DataFrame) -> np.ndarray:
        calls.append(len(rows))
        if rows.k.max() >= 65_536:
            raise ValueError("late")
        return (rows.k % 2).to_numpy()

    score = make_metric(
        eval_fn=lambda predictions, targets: MetricValue(scores=(predictions == targets).astype(float).tolist()),
        name="same", greater_is_better=True,
    )  # fmt: skip
    result = steelyard.evaluate(
        model, str(tmp_path / "long.csv"), targets="y", model_type="classifier", extra_metrics=[score]
    )
    assert result.summary.outcomes == {"scored": 65_536, "predict_failed": 4_464}
    assert len(calls) < 100  # a batch that is beyond hope is not searched row by row
    rows = result.tables["eval_results_table"]
    assert rows["same/score"].notna().sum() == 65_536
    assert rows["same/score"].isna().tolist() == (rows.outcome != "scored").tolist()


def test_whole_numbers_in_one_batch_and_fractions_in_the_next_are_one_regression(tmp_path: Path) -> None:
    n = 70_000
    pd.DataFrame({"k": np.arange(n), "y": np.ones(n)}).to_parquet(tmp_path / "long.parquet")
    result = steelyard.evaluate(
        lambda rows: [1] * len(rows) if rows.k.max() < 65_536 else [1.5] * len(rows),
        str(tmp_path / "long.parquet"), targets="y", model_type="regressor",
    )  # fmt: skip
    assert result.metrics["max_error"] == 0.5


def test_a_model_that_fails_on_everything_is_an_error_and_the_run_failed(table: pd.DataFrame) -> None:
    def broken(rows: pd.DataFrame) -> None:
        raise KeyError("weights")

    with pytest.raises(ModelError, match="KeyError: 'weights'"):
        steelyard.evaluate(broken, table, targets="y", model_type="classifier")
    last = steelyard.last_active_run()
    assert last is not None
    assert last.info.status == "FAILED"
