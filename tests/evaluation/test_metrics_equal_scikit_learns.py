"""MLflow's logged names hold scikit-learn's values, whatever the labels, weights, ties and missing classes."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

import steelyard

QUIET = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def _approx(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True)


@QUIET
@given(seed=st.integers(0, 10**6), n=st.integers(2, 60), grid=st.integers(1, 20), weighted=st.booleans())
def test_binary_metrics_are_scikit_learns(seed: int, n: int, grid: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    y, yhat = rng.integers(0, 2, n), rng.integers(0, 2, n)
    p = rng.integers(0, grid + 1, n) / grid  # with ties
    w = rng.integers(1, 5, n).astype(float) if weighted else None
    frame = pd.DataFrame({"y": y, "yhat": yhat, "p": p})
    got = steelyard.evaluate(
        data=frame, targets="y", predictions="yhat", probabilities="p", model_type="classifier", weights=w,
        replicates=20, evaluator_config={"label_list": [0, 1]},
    ).metrics  # fmt: skip
    how = {"sample_weight": w}
    tn, fp, fn, tp = sk.confusion_matrix(y, yhat, labels=[0, 1], **how).ravel()
    assert [got[k] for k in ("true_negatives", "false_positives", "false_negatives", "true_positives")] == [
        tn,
        fp,
        fn,
        tp,
    ]
    assert got["example_count"] == n
    assert got["accuracy_score"] == _approx(sk.accuracy_score(y, yhat, **how))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert got["recall_score"] == _approx(sk.recall_score(y, yhat, zero_division=0, **how))
        assert got["precision_score"] == _approx(sk.precision_score(y, yhat, zero_division=0, **how))
        assert got["f1_score"] == _approx(sk.f1_score(y, yhat, zero_division=0, **how))
        assert got["log_loss"] == _approx(sk.log_loss(y, p, labels=[0, 1], **how))
    if len(set(y)) == 2:
        assert got["roc_auc"] == _approx(sk.roc_auc_score(y, p, **how))
        assert got["precision_recall_auc"] == _approx(sk.average_precision_score(y, p, **how))
        assert got["matthews_corrcoef"] == _approx(sk.matthews_corrcoef(y, yhat, **how))


@QUIET
@given(
    seed=st.integers(0, 10**6), n=st.integers(6, 60), average=st.sampled_from(["weighted", "macro", "micro"]),
    weighted=st.booleans(),
)  # fmt: skip
def test_multiclass_metrics_are_scikit_learns(seed: int, n: int, average: str, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    labels = np.array(["ant", "bee", "cat", "dog"])
    y, yhat = labels[rng.integers(0, 4, n)], labels[rng.integers(0, 3, n)]
    p = rng.dirichlet(np.ones(4), n)
    frame = pd.DataFrame({"y": y, "yhat": yhat} | {name: p[:, i] for i, name in enumerate(labels)})
    w = rng.random(n) + 0.5 if weighted else None
    got = steelyard.evaluate(
        data=frame, targets="y", predictions="yhat", probabilities={name: name for name in labels.tolist()},
        model_type="classifier", weights=w, replicates=20, evaluator_config={"average": average},
    ).metrics  # fmt: skip
    how = {"average": average, "sample_weight": w, "zero_division": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("precision_score", "recall_score", "f1_score"):
            assert got[name] == _approx(getattr(sk, name)(y, yhat, **how)), name
        assert got["log_loss"] == _approx(sk.log_loss(y, p, labels=labels, sample_weight=w))
        assert got["accuracy_score"] == _approx(sk.accuracy_score(y, yhat, sample_weight=w))
        if len(set(y)) == 4 and average != "micro":
            auc = sk.roc_auc_score(y, p, multi_class="ovr", average=average, sample_weight=w)
            assert got["roc_auc"] == _approx(auc)


@QUIET
@given(seed=st.integers(0, 10**6), n=st.integers(2, 60), weighted=st.booleans())
def test_regression_metrics_are_scikit_learns(seed: int, n: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n) * 10 + 50
    yhat = y + rng.normal(size=n)
    w = rng.random(n) + 0.5 if weighted else None
    frame = pd.DataFrame({"y": y, "yhat": yhat})
    got = steelyard.evaluate(
        data=frame, targets="y", predictions="yhat", model_type="regressor", weights=w, replicates=20
    ).metrics
    for ours, theirs in {
        "mean_absolute_error": sk.mean_absolute_error, "mean_squared_error": sk.mean_squared_error,
        "root_mean_squared_error": sk.root_mean_squared_error, "r2_score": sk.r2_score,
        "mean_absolute_percentage_error": sk.mean_absolute_percentage_error,
    }.items():  # fmt: skip
        assert got[ours] == pytest.approx(theirs(y, yhat, sample_weight=w), rel=1e-7), ours
    assert got["max_error"] == pytest.approx(sk.max_error(y, yhat))
    assert got["example_count"] == n
    if w is None:
        assert got["sum_on_target"] == pytest.approx(y.sum())
        assert got["mean_on_target"] == pytest.approx(y.mean())


def test_sample_weights_of_mlflows_configuration_are_weights(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(
        data=table, targets="y", predictions="yhat", model_type="classifier",
        evaluator_config={"sample_weights": table.w.to_numpy()},
    )  # fmt: skip
    right = sk.accuracy_score(table.y, table.yhat, sample_weight=table.w)
    assert result.metrics["accuracy_score"] == pytest.approx(right)
    assert result.tables["eval_results_table"]["weight"].tolist() == table.w.tolist()


def test_the_positive_label_may_be_the_other(table: pd.DataFrame) -> None:
    table["guess"] = np.where(table.yhat == 1, "yes", "no")
    result = steelyard.evaluate(
        data=table, targets="label", predictions="guess", model_type="classifier",
        evaluator_config={"default": {"pos_label": "no"}},
    )  # fmt: skip
    assert result.metrics["recall_score"] == pytest.approx(sk.recall_score(table.label, table.guess, pos_label="no"))


def test_slices_hold_what_scikit_learn_says_of_their_rows(table: pd.DataFrame) -> None:
    result = steelyard.evaluate(
        data=table, targets="y", predictions="yhat", probabilities="p", model_type="classifier",
        slices=["category", ["category", steelyard.by_bins("x", [0])]],
    )  # fmt: skip
    assert len(result.slices) == 6
    sales = table[table.category == "sales"]
    assert result.estimate("f1_score", "category=sales").value == pytest.approx(sk.f1_score(sales.y, sales.yhat))
    assert result.estimate("roc_auc", "category=sales").value == pytest.approx(sk.roc_auc_score(sales.y, sales.p))
    low = sales[sales.x < 0]
    assert result.estimate("accuracy_score", "category=sales, x=< 0").value == pytest.approx(
        sk.accuracy_score(low.y, low.yhat)
    )
