"""Every metric of labels has scikit-learn's value: averages, weights, missing classes, one class only."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.exceptions import UndefinedMetricWarning

from .made import binary, multiclass

quick = settings(max_examples=60, deadline=None)
CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def scikit(function: Any, *arguments: Any, **named: Any) -> Any:
    """Call scikit-learn where it warns of a class that does not occur."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        warnings.simplefilter("ignore", UserWarning)
        return function(*arguments, **named)


@st.composite
def labelled(draw: st.DrawFn, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Truth, prediction and perhaps weights; often with labels that occur in one of them, or in neither."""
    n = draw(st.integers(1, 30))
    there = draw(st.sampled_from(range(most)))
    labels = st.integers(0, most - 1) | st.just(there)
    true = draw(st.lists(labels, min_size=n, max_size=n))
    predicted = draw(st.lists(labels, min_size=n, max_size=n))
    weights = draw(st.none() | st.lists(st.sampled_from([0.25, 0.5, 1.0, 3.0]), min_size=n, max_size=n))
    return np.array(true), np.array(predicted), None if weights is None else np.array(weights)


BINARY = {
    "accuracy_score": sk.accuracy_score,
    "precision_score": lambda y, p, **k: sk.precision_score(y, p, zero_division=0, **k),
    "recall_score": lambda y, p, **k: sk.recall_score(y, p, zero_division=0, **k),
    "f1_score": lambda y, p, **k: sk.f1_score(y, p, zero_division=0, **k),
    "jaccard_score": lambda y, p, **k: sk.jaccard_score(y, p, zero_division=0, **k),
    "specificity": lambda y, p, **k: sk.recall_score(y, p, pos_label=0, zero_division=0, **k),
    "negative_predictive_value": lambda y, p, **k: sk.precision_score(y, p, pos_label=0, zero_division=0, **k),
    "balanced_accuracy_score": sk.balanced_accuracy_score,
    "matthews_corrcoef": sk.matthews_corrcoef,
}


@quick
@given(rows=labelled(2))
def test_binary_metrics_of_any_labels(rows: Any) -> None:
    true, predicted, weights = rows
    ours = binary(true, predicted, weights=weights)
    for name, function in BINARY.items():
        theirs = scikit(function, true, predicted, sample_weight=weights)
        np.testing.assert_allclose(ours[name].values[0], theirs, **CLOSE, err_msg=name)
    w = np.ones(len(true)) if weights is None else weights
    matrix = sk.confusion_matrix(true, predicted, labels=[0, 1], sample_weight=weights).ravel()
    for name, cell in zip(
        ("true_negatives", "false_positives", "false_negatives", "true_positives"), matrix, strict=True
    ):
        assert ours[name].values[0] == cell
    assert ours["selection_rate"].values[0] == pytest.approx(np.average(predicted, weights=w))
    assert ours["prevalence"].values[0] == pytest.approx(np.average(true, weights=w))
    assert ours["example_count"].values[0] == len(true)
    agreement = scikit(sk.cohen_kappa_score, true, predicted, labels=[0, 1], sample_weight=weights)
    np.testing.assert_allclose(ours["cohen_kappa_score"].values[0], agreement, **CLOSE)


def test_a_rate_without_rows_is_0_as_in_scikit_learn_and_says_so() -> None:
    ours = binary([0, 0, 1], [0, 0, 0])
    assert ours["precision_score"].values[0] == 0
    assert ours["precision_score"].n[0] == 0
    assert "no row was predicted positive" in ours["precision_score"].notes[0]


@quick
@given(rows=labelled(5))
def test_averages_over_labels(rows: Any) -> None:
    true, predicted, weights = rows
    ours = multiclass(true, predicted, 5, weights=weights)
    for name in ("precision_score", "recall_score", "f1_score"):
        for average in ("macro", "micro", "weighted"):
            theirs = scikit(getattr(sk, name), true, predicted, average=average, zero_division=0, sample_weight=weights)
            np.testing.assert_allclose(
                ours[f"{name}_{average}"].values[0], theirs, **CLOSE, err_msg=f"{name} {average}"
            )
        assert ours[name].values[0] == ours[f"{name}_weighted"].values[0]
    for name in ("accuracy_score", "balanced_accuracy_score", "matthews_corrcoef"):
        theirs = scikit(getattr(sk, name), true, predicted, sample_weight=weights)
        np.testing.assert_allclose(ours[name].values[0], theirs, **CLOSE, err_msg=name)
    agreement = scikit(sk.cohen_kappa_score, true, predicted, labels=range(5), sample_weight=weights)
    np.testing.assert_allclose(ours["cohen_kappa_score"].values[0], agreement, **CLOSE)


@quick
@given(rows=labelled(4))
def test_each_label_against_the_rest(rows: Any) -> None:
    true, predicted, weights = rows
    ours = multiclass(true, predicted, 4, weights=weights)
    for name in ("precision_score", "recall_score", "f1_score"):
        theirs = scikit(
            getattr(sk, name), true, predicted, labels=range(4), average=None, zero_division=0, sample_weight=weights
        )
        for label in range(4):
            np.testing.assert_allclose(ours[f"{name}/{label}"].values[0], theirs[label], **CLOSE)
    for label in range(4):
        np.testing.assert_allclose(
            ours[f"prevalence/{label}"].values[0], np.average(true == label, weights=weights), **CLOSE
        )
        np.testing.assert_allclose(
            ours[f"selection_rate/{label}"].values[0], np.average(predicted == label, weights=weights), **CLOSE
        )


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_the_chosen_average_goes_under_the_bare_name(average: str) -> None:
    rng = np.random.default_rng(1)
    true, predicted = rng.integers(0, 3, (2, 60))
    ours = multiclass(true, predicted, 3, average=average)
    for name in ("precision_score", "recall_score", "f1_score"):
        assert ours[name].values[0] == ours[f"{name}_{average}"].values[0]


@pytest.mark.parametrize("k", [2, 3])
def test_weights_that_are_no_binary_fractions_do_not_turn_a_useless_model_into_a_correlated_one(k: int) -> None:
    """Predicting one label has no correlation; rounding of the sums of weights must not make one up."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        true, weights = rng.integers(0, k, 50), rng.uniform(0.1, 3.0, 50)
        constant = np.zeros(50, int)
        ours = binary(true, constant, weights=weights) if k == 2 else multiclass(true, constant, k, weights=weights)
        assert abs(ours["matthews_corrcoef"].values[0]) < 1e-6
        assert abs(ours["cohen_kappa_score"].values[0]) < 1e-6


def test_a_row_of_weight_0_is_as_good_as_absent() -> None:
    rng = np.random.default_rng(3)
    true, predicted = rng.integers(0, 2, (2, 40))
    scores, weights = rng.uniform(size=40), rng.integers(0, 3, 40).astype(float)
    scores[np.argmax(scores)] = 0.999
    weights[np.argmax(scores)] = 0.0  # above every other row
    weights[np.argmin(scores)] = 0.0
    kept = weights > 0
    whole = binary(true, predicted, scores, weights)
    part = binary(true[kept], predicted[kept], scores[kept], weights[kept])
    for name, reading in part.items():
        if name == "example_count":
            continue
        np.testing.assert_allclose(whole[name].values, reading.values, **CLOSE, err_msg=name)
        if reading.replicates is not None:
            assert np.isfinite(whole[name].replicates).mean() > 0.9


# --- multilabel ------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_sets_of_labels(data: st.DataObject) -> None:
    from steelyard.metrics.multilabel import MultilabelState
    from steelyard.metrics.plan import Plan

    from .made import by_key, made

    n = data.draw(st.integers(1, 25))
    cells = st.lists(st.booleans(), min_size=3 * n, max_size=3 * n)
    true, predicted = (np.array(data.draw(cells)).reshape(n, 3) for _ in range(2))
    state = MultilabelState(Plan(labels=("a", "b", "c"), replicates=20))
    columns = made(n, 1)
    state.update(columns.rows, ids=columns.ids, true=true, predicted=predicted)
    ours = by_key(state.readings())
    for name in ("precision_score", "recall_score", "f1_score"):
        for average in ("macro", "micro", "weighted"):
            theirs = scikit(getattr(sk, name), true, predicted, average=average, zero_division=0)
            np.testing.assert_allclose(ours[f"{name}_{average}"].values[0], theirs, **CLOSE)
        each = scikit(getattr(sk, name), true, predicted, average=None, zero_division=0)
        np.testing.assert_allclose([ours[f"{name}/{label}"].values[0] for label in "abc"], each, **CLOSE)
    for name, function in (
        ("accuracy_score", sk.accuracy_score),
        ("hamming_loss", sk.hamming_loss),
        ("f1_score_samples", lambda y, p: sk.f1_score(y, p, average="samples", zero_division=0)),
        ("jaccard_score_samples", lambda y, p: sk.jaccard_score(y, p, average="samples", zero_division=0)),
    ):
        np.testing.assert_allclose(ours[name].values[0], scikit(function, true, predicted), **CLOSE, err_msg=name)
