"""Data that cannot be evaluated: the error names the column and the row, and says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import steelyard
from steelyard.errors import DataError, SteelyardError, UnreadableFile


def _with(table: pd.DataFrame, column: str, row: int, value: Any) -> pd.DataFrame:
    table[column] = table[column].astype(float)
    table.loc[row, column] = value
    return table


CELLS = [
    ("y", np.nan, {"targets": "y", "model_type": "classifier"}, "'y' (targets) has no value in row 3"),
    ("y", np.inf, {"targets": "y", "model_type": "classifier"}, "'y' (targets) is infinite in row 3"),
    ("yhat", -np.inf, {"targets": "y", "model_type": "classifier"}, "'yhat' (predictions) is infinite in row 3"),
    ("price", np.nan, {"targets": "price", "model_type": "regressor"}, "'price' (targets) has no value in row 3"),
    ("price", np.inf, {"targets": "price", "model_type": "regressor"}, "'price' (targets) is inf in row 3"),
    ("yhat", np.inf, {"targets": "price", "model_type": "regressor"}, "'yhat' (predictions) is inf in row 3"),
    ("price", 1e200, {"targets": "price", "model_type": "regressor"}, "'price' (targets) is 1e+200 in row 3"),
    ("p", 1.5, {"probabilities": "p", "targets": "y", "model_type": "classifier"}, "row 3 has the probability 1.5"),
    ("p", -0.1, {"probabilities": "p", "targets": "y", "model_type": "classifier"}, "row 3 has the probability -0.1"),
    ("p", np.nan, {"probabilities": "p", "targets": "y", "model_type": "classifier"}, "row 3 has no probability"),
    ("p", np.inf, {"probabilities": "p", "targets": "y", "model_type": "classifier"}, "row 3 has the probability inf"),
    ("w", np.nan, {"weights": "w", "targets": "y", "model_type": "classifier"}, "w: row 3 has the weight nan"),
    ("w", np.inf, {"weights": "w", "targets": "y", "model_type": "classifier"}, "w: row 3 has the weight inf"),
    ("w", -1.0, {"weights": "w", "targets": "y", "model_type": "classifier"}, "w: row 3 has the weight -1"),
]


@pytest.mark.parametrize(("column", "value", "arguments", "told"), CELLS)
def test_a_bad_number_is_told_by_its_row(
    table: pd.DataFrame, column: str, value: float, arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(DataError) as caught:
        steelyard.evaluate(data=_with(table, column, 3, value), predictions="yhat", **arguments)
    assert told in str(caught.value)


COLUMNS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"targets": "y", "predictions": "label"}, "Targets hold numbers and predictions hold text"),
    ({}, {"targets": "price"}, "The targets hold"),
    ({}, {"predictions": "p"}, "probabilities='<column>'"),
    ({"y": [1, "a"] * 60}, {}, "mixes types: row 1"),
    ({"y": [{"a": 1}] * 120}, {}, "row 0 holds {'a': 1}"),
    ({"y": [[1]] * 120}, {}, "model_type='multilabel'"),
    ({"yhat": [[0.1, 0.9]] * 120}, {}, "'yhat' (predictions) must hold one label"),
    ({}, {"model_type": "regressor", "targets": "category"}, "'category' (targets) must hold numbers; row 0"),
    ({}, {"model_type": "regressor", "predictions": "category"}, "'category' (predictions) must hold numbers"),
    ({}, {"probabilities": "category"}, "'category' (probabilities) must hold numbers"),
    ({}, {"weights": "category"}, "'category' (weights) must hold numbers"),
    ({"w": 0.0}, {"weights": "w"}, "every row has the weight 0"),
    ({}, {"slices": [steelyard.by_bins("category", 3)]}, "'category' (slices) must hold numbers"),
    ({"q": 0.5}, {"probabilities": ["p", "q"]}, "add up to"),
    ({"q": 0.0, "r": 0.0}, {"probabilities": ["q", "r", "p"]}, "add up to"),
    ({"q": [[1.0]] + [[0.5, 0.5]] * 119}, {"probabilities": "q"}, "lengths 1, 2"),
    ({"q": [None] + [[0.5, 0.5]] * 119}, {"probabilities": "q"}, "lengths none, 2"),
    ({"q": [["a", "b"]] * 120}, {"probabilities": "q"}, "row 0 holds 'a'"),
    ({}, {"id_column": "user"}, "ids must differ"),
    ({"y": np.nan}, {"evaluator_config": {"missing_targets": "count"}}, "120 have no target"),
    ({"yhat": np.nan}, {}, "120 have no prediction"),
    ({}, {"model_type": "ranker"}, "needs clusters"),
    ({}, {"model_type": "retriever"}, "must hold a list"),
    ({}, {"model_type": "question-answering", "targets": "label"}, "predictions must be text"),
    ({}, {"model_type": "multilabel", "targets": ["y", "z"], "predictions": ["yhat", "x"]}, "holds 0 and 1"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "arguments", "told"), COLUMNS)
def test_a_column_that_cannot_play_its_part_is_named(
    table: pd.DataFrame, changes: dict[str, Any], arguments: dict[str, Any], told: str
) -> None:
    right = {"targets": "y", "predictions": "yhat", "model_type": "classifier"}
    with pytest.raises(SteelyardError) as caught:
        steelyard.evaluate(data=table.assign(**changes), **{**right, **arguments})
    assert told in str(caught.value)


def test_probabilities_must_be_of_the_labels(table: pd.DataFrame) -> None:
    table = table.assign(q=1 - table.p, three=np.where(table.x > 1, "c", table.label))
    with pytest.raises(DataError, match="the label 'maybe', which no row has, and none for 'no'"):
        steelyard.evaluate(data=table, targets="label", probabilities={"yes": "p", "maybe": "q"},
                           model_type="classifier")  # fmt: skip
    with pytest.raises(DataError, match="Targets hold numbers and predictions hold"):
        steelyard.evaluate(data=table, targets="y", probabilities={"one": "p", "none": "q"}, model_type="classifier")
    for columns in ("p", ["p", "q"]):
        with pytest.raises(DataError, match="there are 3 labels"):
            steelyard.evaluate(data=table, targets="three", predictions="three", probabilities=columns,
                               model_type="classifier")  # fmt: skip


@pytest.mark.parametrize("data", [pd.DataFrame({"y": []}), pd.DataFrame(index=range(3)), [], {}])
def test_empty_data_is_refused(data: Any) -> None:
    with pytest.raises(DataError, match="nothing to evaluate"):
        steelyard.evaluate(data=data, targets="y", predictions="y", model_type="classifier")


@pytest.mark.parametrize(("name", "content"), [
    ("cut.parquet", None), ("wrong.parquet", b"hello"), ("cut.jsonl", b'{"y": 1}\n{"y":'), ("empty.csv", b""),
    ("ragged.csv", b"y,p\n1,2\n1,2,3\n"),
])  # fmt: skip
def test_a_damaged_file_is_named(tmp_path: Path, table: pd.DataFrame, name: str, content: bytes | None) -> None:
    if content is None:
        table.to_parquet(tmp_path / name)
        content = (tmp_path / name).read_bytes()[:2000]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFile, match=name):
        steelyard.evaluate(data=str(tmp_path / name), targets="y", predictions="p", model_type="classifier")


def test_one_class_is_scored_and_what_has_no_meaning_is_undefined(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(
        data=table[table.y == 1], targets="y", predictions="yhat", probabilities="p", model_type="classifier"
    )
    assert result.estimates["roc_auc"].value is None
    assert result.metrics["recall_score"] == result.metrics["accuracy_score"]
    assert "All targets are '1'" in result.summary.warnings[0]


def test_a_single_row_is_scored_without_an_interval(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(data=table.head(1), targets="price", predictions="x", model_type="regressor")
    assert result.estimates["mean_absolute_error"].low is None
    assert np.isnan(result.metrics["r2_score"])


def test_hostile_labels_and_slices_are_kept_apart(table: pd.DataFrame) -> None:
    table["label"] = np.where(table.y == 1, "a/b%\n", "")
    table["guess"] = np.where(table.yhat == 1, "a/b%\n", "x" * 400)
    table["category"] = np.where(table.x > 0, "a\x1f=,b", "")
    result = steelyard.evaluate(
        data=table, targets="label", predictions="guess", model_type="classifier", slices=["category"]
    )
    assert len(result.summary.labels) == 3
    assert len(result.slices) == 2
