"""``rows.parquet``: the columns that each task promises, and what is in them."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import steelyard


def _rows(result: steelyard.EvaluationResult) -> pd.DataFrame:
    content = result.store.artifacts.read(result.run_id, result.summary.rows_path or "")
    return pq.read_table(io.BytesIO(content)).to_pandas()


def test_binary_rows(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(
        data=table, targets="y", predictions="yhat", probabilities="p", model_type="classifier", weights="w",
        id_column="id", slices=["category", ["category", "user"], {"high": lambda d: d.x > 0}],
    )  # fmt: skip
    rows = _rows(result)
    assert list(rows.columns) == [
        "row_id", "row_index", "x", "z", "category", "user", "id", "w", "price", "label", "target", "prediction",
        "outcome", "correct", "probability", "loss", "slice:category", "slice:category × user", "slice:high",
    ]  # fmt: skip
    assert rows.row_id.tolist() == table.id.astype(str).tolist()
    assert rows.row_index.tolist() == list(range(120))
    assert rows.target.tolist() == table.y.tolist()
    assert rows.prediction.tolist() == table.yhat.tolist()
    assert set(rows.outcome) == {"scored"}
    assert (rows.correct == (table.y == table.yhat)).all()
    assert rows.probability.tolist() == table.p.tolist()
    right = -np.log(np.where(table.y == 1, table.p, 1 - table.p))
    assert rows.loss.to_numpy() == pytest.approx(right)
    assert rows["slice:category"].tolist() == table.category.tolist()
    assert rows["slice:high"].tolist() == np.where(table.x > 0, "yes", "no").tolist()
    assert rows["slice:category × user"][0] == f"{table.category[0]} × {table.user[0]}"


def test_multiclass_rows_have_each_labels_probability(table: pd.DataFrame) -> None:
    three = np.array(["a", "b", "c"])[np.arange(120) % 3]
    chance = np.random.default_rng(0).dirichlet(np.ones(3), 120)
    frame = pd.DataFrame({"y": three, "a": chance[:, 0], "b": chance[:, 1], "c": chance[:, 2]})
    result = steelyard.evaluate(data=frame, targets="y", probabilities=["a", "b", "c"], model_type="classifier")
    rows = _rows(result)
    assert rows["probability:b"].tolist() == frame.b.tolist()
    assert rows["prediction"].tolist() == three[:3][chance.argmax(axis=1)].tolist()
    assert rows["probability"].tolist() == chance.max(axis=1).tolist()


def test_regression_rows_have_errors(table: pd.DataFrame) -> None:
    rows = _rows(steelyard.evaluate(data=table, targets="price", predictions="x", model_type="regressor"))
    assert rows["error"].to_numpy() == pytest.approx((table.x - table.price).to_numpy())
    assert rows["abs_error"].to_numpy() == pytest.approx((table.x - table.price).abs().to_numpy())


def test_rows_without_a_score_are_there_with_their_outcome(table: pd.DataFrame) -> None:
    table["y"] = table["y"].astype(float)
    table.loc[3, "y"] = np.nan
    table["yhat"] = table["yhat"].astype(float)
    table.loc[5, "yhat"] = np.nan
    result = steelyard.evaluate(
        data=table, targets="y", predictions="yhat", probabilities="p", model_type="classifier",
        evaluator_config={"missing_targets": "count"},
    )  # fmt: skip
    rows = _rows(result)
    assert len(rows) == 120
    assert (rows.outcome[3], rows.outcome[5]) == ("missing_target", "missing_prediction")
    assert rows.loss[[3, 5]].isna().all()
    assert rows.correct[[3, 5]].isna().all()
    assert result.summary.outcomes == {"scored": 118, "missing_target": 1, "missing_prediction": 1}


def test_question_answering_rows_have_a_score_for_each_metric() -> None:
    frame = pd.DataFrame({"q": list("abcdef"), "t": ["Paris"] * 6, "a": ["Paris", "Rome"] * 3})
    result = steelyard.evaluate(data=frame, targets="t", predictions="a", model_type="question-answering")
    rows = _rows(result)
    assert rows["exact_match/v1/score"].tolist() == [1, 0] * 3
    assert result.metrics["exact_match/v1"] == 0.5


def test_multilabel_rows_name_the_labels_of_each_row() -> None:
    frame = pd.DataFrame({"a": [0, 1, 1], "b": [1, 1, 0], "pa": [0, 1, 0], "pb": [1, 1, 0]})
    result = steelyard.evaluate(
        data=frame, targets=["a", "b"], predictions=["pa", "pb"], model_type="multilabel", replicates=20
    )
    rows = _rows(result)
    assert [list(v) for v in rows.target] == [["b"], ["a", "b"], ["a"]]
    assert [list(v) for v in rows.prediction] == [["b"], ["a", "b"], []]
    assert rows.correct.tolist() == [True, True, False]


def test_columns_of_the_data_that_are_named_like_ours_are_kept_beside_them(table: pd.DataFrame) -> None:
    table = table.rename(columns={"x": "outcome", "z": "target", "price": "weight"})
    result = steelyard.evaluate(
        data=table, targets="y", predictions="yhat", model_type="classifier", weights=table.w.to_numpy()
    )
    rows = _rows(result)
    assert rows["input:outcome"].tolist() == table.outcome.tolist()
    assert rows["input:target"].tolist() == table.target.tolist()
    assert rows["input:weight"].tolist() == table.weight.tolist()
    assert rows["weight"].tolist() == table.w.tolist()
