"""Estimators, functions, saved models and columns of predictions all end as the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

import steelyard
from steelyard import sklearn as steelyard_sklearn
from steelyard.errors import DataError, InvalidArgument, ModelError, NotFound


@pytest.fixture
def fitted(table: pd.DataFrame) -> LogisticRegression:
    return LogisticRegression().fit(table[["x", "z"]], table.y)


def _accuracy(model: Any, data: Any, **arguments: Any) -> float:
    result = steelyard.evaluate(model, data, **{"targets": "y", "model_type": "classifier", **arguments})
    return result.metrics["accuracy_score"]


def test_a_fitted_estimator_gives_predictions_and_probabilities(
    table: pd.DataFrame, fitted: LogisticRegression
) -> None:
    result = steelyard.evaluate(fitted, table, targets="y", model_type="classifier")
    chance = fitted.predict_proba(table[["x", "z"]])
    assert result.metrics["accuracy_score"] == pytest.approx(fitted.score(table[["x", "z"]], table.y))
    assert result.metrics["score"] == result.metrics["accuracy_score"]
    assert result.metrics["log_loss"] == pytest.approx(log_loss(table.y, chance))
    assert result.metrics["roc_auc"] == pytest.approx(roc_auc_score(table.y, chance[:, 1]))


def test_arrays_with_an_array_of_targets_will_do(table: pd.DataFrame) -> None:
    features = table[["x", "z"]].to_numpy()
    model = LogisticRegression().fit(features, table.y)
    right = model.score(features, table.y)
    assert _accuracy(model, features, targets=table.y.to_numpy()) == pytest.approx(right)
    assert _accuracy(model, features.tolist(), targets=table.y.tolist()) == pytest.approx(right)
    dataset = steelyard.data.from_numpy(features, targets=table.y.to_numpy())
    assert _accuracy(model, dataset, targets=None) == pytest.approx(right)


def test_a_dataset_knows_its_targets_and_predictions(table: pd.DataFrame, fitted: LogisticRegression) -> None:
    dataset = steelyard.data.from_pandas(table, targets="y", predictions="yhat", name="mine")
    result = steelyard.evaluate(data=dataset, model_type="classifier")
    assert result.metrics["accuracy_score"] == pytest.approx(accuracy_score(table.y, table.yhat))
    assert result.summary.dataset.name == "mine"
    assert _accuracy(fitted, steelyard.data.from_pandas(table, targets="y"), targets=None) == pytest.approx(
        fitted.score(table[["x", "z"]], table.y)
    )


def test_a_saved_model_is_named_by_its_address(table: pd.DataFrame, fitted: LogisticRegression) -> None:
    with steelyard.start_run() as run:
        logged = steelyard_sklearn.log_model(fitted, "model")
    right = fitted.score(table[["x", "z"]], table.y)
    for uri in (f"runs:/{run.info.run_id}/model", f"models:/{logged.model_id}"):
        assert _accuracy(uri, table) == pytest.approx(right)
    with pytest.raises(NotFound):
        _accuracy("runs:/nothing/model", table)


@pytest.mark.parametrize("answer", [
    lambda d: (d.x > 0).astype(int),
    lambda d: [int(v > 0) for v in d.x],
    lambda d: (d.x > 0).to_numpy().reshape(-1, 1).astype(int),
    lambda d: (int(v > 0) for v in d.x),
    lambda d: pd.DataFrame({"guess": (d.x > 0).astype(int)}),
])  # fmt: skip
def test_a_function_may_return_anything_with_one_value_a_row(table: pd.DataFrame, answer: Any) -> None:
    assert _accuracy(answer, table) == pytest.approx(accuracy_score(table.y, table.yhat))


def test_a_function_may_return_a_frame_with_probabilities_and_more(table: pd.DataFrame) -> None:
    def model(rows: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"guess": (rows.x > 0).astype(int), "chance": 1 / (1 + np.exp(-rows.x)), "why": "because"})

    result = steelyard.evaluate(
        model, table, targets="y", predictions="guess", probabilities="chance", model_type="classifier",
        extra_metrics=[steelyard.models.make_metric(
            eval_fn=lambda why: float(why.str.len().mean()), name="length", greater_is_better=None
        )],
    )  # fmt: skip
    assert result.metrics["roc_auc"] == pytest.approx(roc_auc_score(table.y, table.x))
    assert result.metrics["length"] == 7
    assert set(result.tables["eval_results_table"]["output:why"]) == {"because"}
    with pytest.raises(InvalidArgument, match="name the one to score"):
        steelyard.evaluate(model, table, targets="y", model_type="classifier")
    with pytest.raises(InvalidArgument, match="'guesss' is not among the model's columns"):
        steelyard.evaluate(model, table, targets="y", predictions="guesss", model_type="classifier")


def test_probabilities_come_as_a_list_as_columns_or_by_label(table: pd.DataFrame) -> None:
    table = table.assign(q=1 - table.p, both=[[1 - p, p] for p in table.p])
    right = log_loss(table.y, table.p)
    for probabilities in ("p", "both", ["q", "p"], {1: "p", 0: "q"}, {"1": "p", "0": "q"}, {0: "q"}):
        result = steelyard.evaluate(
            data=table, targets="y", predictions="yhat", probabilities=probabilities, model_type="classifier"
        )
        assert result.metrics["log_loss"] == pytest.approx(right), probabilities


def test_probabilities_may_name_labels_that_no_row_has(table: pd.DataFrame) -> None:
    table = table.assign(q=1 - table.p, zero=0.0)
    result = steelyard.evaluate(
        data=table, targets="label", probabilities={"yes": "p", "no": "q", "perhaps": "zero"}, model_type="classifier"
    )
    assert result.summary.labels == ("no", "perhaps", "yes")
    assert result.metrics["log_loss"] == pytest.approx(log_loss(table.y, table.p))


def test_probabilities_alone_give_predictions_written_like_the_targets(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(data=table, targets="y", probabilities="p", model_type="classifier")
    rows = result.tables["eval_results_table"]
    assert rows["prediction"].tolist() == (table.p >= 0.5).astype(int).tolist()
    assert (rows["correct"] == (rows["prediction"] == rows["target"])).all()


def test_an_estimators_predictions_are_kept_as_it_gave_them(table: pd.DataFrame, fitted: LogisticRegression) -> None:
    rows = steelyard.evaluate(fitted, table, targets="y", model_type="classifier").tables["eval_results_table"]
    assert rows["prediction"].tolist() == fitted.predict(table[["x", "z"]]).tolist()


def test_estimators_without_probabilities_and_regressors_work(table: pd.DataFrame) -> None:
    svc = LinearSVC().fit(table[["x", "z"]], table.label)
    result = steelyard.evaluate(svc, table, targets="label", model_type="classifier")
    assert result.metrics["accuracy_score"] == pytest.approx(svc.score(table[["x", "z"]], table.label))
    assert "roc_auc" not in result.metrics
    line = LinearRegression().fit(table[["x", "z"]], table.price)
    result = steelyard.evaluate(line, table, targets="price", model_type="regressor")
    assert result.metrics["score"] == pytest.approx(line.score(table[["x", "z"]], table.price))


def test_labels_that_one_side_lacks_are_told(table: pd.DataFrame) -> None:
    three = np.where(table.x > 1, "c", np.where(table.x > 0, "b", "a"))
    table = table.assign(three=three)
    forest = RandomForestClassifier(5, random_state=0)
    some = table[table.three != "c"]
    result = steelyard.evaluate(forest.fit(some[["x"]], some.three), table, targets="three", model_type="classifier")
    assert "never saw these labels, so it cannot predict them: 'c'" in result.summary.warnings[0]
    result = steelyard.evaluate(forest.fit(table[["x"]], table.three), some, targets="three", model_type="classifier")
    assert "do not occur in the test set: 'c'" in result.summary.warnings[0]


@pytest.mark.parametrize(("model", "error", "told"), [
    (LogisticRegression, InvalidArgument, "LogisticRegression is a class"),
    (LogisticRegression(), ModelError, "not fitted yet"),
    (make_pipeline(TfidfVectorizer(), LogisticRegression()), ModelError, "not fitted yet"),
    (lambda d: [1], ModelError, "returned 1 predictions for 120 rows"),
    (lambda d: None, ModelError, "returned None"),
    (lambda d: 1, ModelError, "returned a int"),
    (lambda d: "yes", ModelError, "returned a str"),
    (lambda d: {"a": [1]}, ModelError, "returned a dict"),
    (lambda d: np.zeros((len(d), 2)), DataError, "must hold one label"),
    (lambda d: [1, "a"] * 60, DataError, "mixes types"),
    (lambda d: 1 / 0, ModelError, "failed on every row that it was given: ZeroDivisionError"),
])  # fmt: skip
def test_a_model_that_cannot_be_used_is_refused(
    table: pd.DataFrame, model: Any, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        steelyard.evaluate(model, table[["x", "category", "y"]], targets="y", model_type="classifier")


def test_a_model_of_other_features_is_refused(table: pd.DataFrame, fitted: LogisticRegression) -> None:
    with pytest.raises(DataError, match="'z' \\(a feature that the model was fitted on"):
        _accuracy(fitted, table.drop(columns="z"))
    nameless = LogisticRegression().fit(table[["x", "z"]].to_numpy(), table.y)
    with pytest.raises(DataError, match="fitted on 2 features and the data has"):
        _accuracy(nameless, table)
    assert _accuracy(nameless, table, feature_names=["x", "z"]) > 0.5


def test_probabilities_are_given_once(table: pd.DataFrame, fitted: LogisticRegression) -> None:
    with pytest.raises(InvalidArgument, match="the model has predict_proba"):
        _accuracy(fitted, table, probabilities="p")
    with pytest.raises(InvalidArgument, match="'chance' is neither a column of the data nor"):
        _accuracy(lambda d: (d.x > 0).astype(int), table, probabilities="chance")


def test_a_text_pipeline_is_given_its_column_or_asks_which() -> None:
    texts = pd.DataFrame({"text": ["good day", "bad day", "so good", "bad"] * 5, "channel": ["web", "mail"] * 10})
    texts["mood"] = ["p", "n", "p", "n"] * 5
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts.text, texts.mood)
    arguments = {"targets": "mood", "model_type": "text_classification"}
    assert _accuracy(model, texts, **arguments) == 1
    with pytest.raises(DataError, match="several: 'text', 'channel', 'copy'"):
        _accuracy(model, texts.assign(copy=texts.text), **arguments)
    assert _accuracy(model, texts.assign(copy="bad"), feature_names=["copy"], **arguments) == 0.5
