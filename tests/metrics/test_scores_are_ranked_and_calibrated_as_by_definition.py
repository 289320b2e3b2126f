"""Areas, losses and calibration equal scikit-learn and SciPy where these have them, the plain definition else."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sklearn import metrics as sk

from steelyard.metrics.areas import areas

from .made import binary, multiclass

quick = settings(max_examples=60, deadline=None)
CLOSE = {"rtol": 1e-10, "atol": 1e-12}
GRID = [i / 8 for i in range(9)]


@st.composite
def scored(draw: st.DrawFn, *, both: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Truth and scores, with ties more often than not; both classes occur unless told otherwise."""
    n = draw(st.integers(2, 30))
    true = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    if both:
        true[:2] = [True, False]
    score = st.sampled_from(GRID) | st.floats(0, 1)
    return true, np.array(draw(st.lists(score, min_size=n, max_size=n)))


def weights_of(n: int) -> np.ndarray:
    return np.random.default_rng(n).choice([0.3, 0.7, 1.0, 2.5], n)


@pytest.mark.parametrize("weighted", [False, True])
@quick
@given(rows=scored())
def test_areas_and_losses_equal_scikit_learn(weighted: bool, rows: Any) -> None:
    true, scores = rows
    weights = weights_of(len(true)) if weighted else None
    ours = binary(true, scores >= 0.5, scores, weights)
    expected = {
        "roc_auc": sk.roc_auc_score(true, scores, sample_weight=weights),
        "precision_recall_auc": sk.average_precision_score(true, scores, sample_weight=weights),
        "log_loss": sk.log_loss(true, scores, labels=[False, True], sample_weight=weights),
        "brier_score_loss": sk.brier_score_loss(true, scores, sample_weight=weights),
    }
    for name, theirs in expected.items():
        np.testing.assert_allclose(ours[name].values[0], theirs, **CLOSE, err_msg=name)


@pytest.mark.parametrize("only", [False, True])
def test_with_one_class_there_is_no_area_and_the_reason_is_told(only: bool) -> None:
    ours = binary([only] * 9, [True] * 9, np.linspace(0, 1, 9))
    assert np.isnan(ours["roc_auc"].values[0])
    assert ours["roc_auc"].notes[0] == "undefined: one class only"
    assert np.isnan(ours["ks_statistic"].values[0])
    assert ours["precision_recall_auc"].values[0] == (1.0 if only else pytest.approx(np.nan, nan_ok=True))
    assert ours["log_loss"].values[0] == pytest.approx(
        sk.log_loss([only] * 9, np.linspace(0, 1, 9), labels=[False, True])
    )


@quick
@given(rows=scored())
def test_the_kolmogorov_smirnov_distance_equals_scipys(rows: Any) -> None:
    true, scores = rows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        theirs = ks_2samp(scores[true], scores[~true]).statistic
    np.testing.assert_allclose(binary(true, scores >= 0.5, scores)["ks_statistic"].values[0], theirs, **CLOSE)


@quick
@given(rows=scored(both=False))
def test_selective_risk_is_the_mean_risk_over_rows_by_confidence(rows: Any) -> None:
    true, scores = rows
    ours = binary(true, scores >= 0.5, scores)
    confidence, wrong = np.maximum(scores, 1 - scores), true != (scores >= 0.5)
    n = len(true)
    risks = [wrong[confidence >= c].mean() for c in confidence]
    np.testing.assert_allclose(ours["aurc"].values[0], np.mean(risks), **CLOSE)
    # The highest threshold that still keeps four fifths of the rows.
    threshold = max(c for c in confidence if (confidence >= c).sum() >= 0.8 * n)
    kept = confidence >= threshold
    np.testing.assert_allclose(ours["selective_risk_at_80"].values[0], wrong[kept].mean(), **CLOSE)
    assert ours["selective_risk_at_80"].n[0] == kept.sum()
    assert ours["selective_risk_at_80"].successes[0] == wrong[kept].sum()


def calibration_by_hand(true: np.ndarray, p: np.ndarray, w: np.ndarray) -> tuple[float, float]:
    """Fifteen bins of equal width, [0, 1/15) and so on, the last one closed."""
    expected, largest = 0.0, 0.0
    for i in range(15):
        inside = np.array([min(int(x * 15), 14) == i for x in p])
        if w[inside].sum() > 0:
            gap = abs(np.average(p[inside], weights=w[inside]) - np.average(true[inside], weights=w[inside]))
            expected += gap * w[inside].sum() / w.sum()
            largest = max(largest, gap)
    return expected, largest


@pytest.mark.parametrize("weighted", [False, True])
@quick
@given(rows=scored(both=False))
def test_calibration_errors_equal_their_definition(weighted: bool, rows: Any) -> None:
    true, scores = rows
    weights = weights_of(len(true)) if weighted else None
    ours = binary(true, scores >= 0.5, scores, weights)
    expected, largest = calibration_by_hand(true, scores, np.ones(len(true)) if weights is None else weights)
    assert ours["expected_calibration_error"].values[0] == pytest.approx(expected, abs=1e-12)
    assert ours["max_calibration_error"].values[0] == pytest.approx(largest, abs=1e-12)


@quick
@given(rows=scored())
def test_the_influences_of_rows_on_an_area_add_up_to_nothing(rows: Any) -> None:
    true, scores = rows
    found = areas(scores, true)
    assert found.roc_influence[true].sum() == pytest.approx(0, abs=1e-9)
    assert found.roc_influence[~true].sum() == pytest.approx(0, abs=1e-9)
    assert found.precision_influence.sum() == pytest.approx(0, abs=1e-9)


def test_influences_are_derivatives_by_a_rows_weight() -> None:
    rng = np.random.default_rng(8)
    true, scores = rng.uniform(size=40) < 0.4, rng.uniform(size=40).round(1)
    found, step = areas(scores, true), 1e-6
    for row in range(40):
        weights = np.ones(40)
        weights[row] += step
        moved = sk.roc_auc_score(true, scores, sample_weight=weights) - found.roc_auc
        share = found.roc_influence[row] / (true == true[row]).sum()
        assert moved / step == pytest.approx(share, abs=1e-5)
        moved = sk.average_precision_score(true, scores, sample_weight=weights) - found.average_precision
        assert moved / step == pytest.approx(found.precision_influence[row] / 40, abs=1e-5)


# --- more than two labels --------------------------------------------------------------------------------------------


@st.composite
def simplex(draw: st.DrawFn, k: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Truth with every label, and probabilities that add up to 1, with ties."""
    n = draw(st.integers(k, 20))
    true = np.array(draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n)))
    true[:k] = np.arange(k)
    parts = st.lists(st.integers(0, 4), min_size=k, max_size=k).filter(any)
    given_parts = np.array(draw(st.lists(parts, min_size=n, max_size=n)), float)
    return true, given_parts / given_parts.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("weighted", [False, True])
@settings(max_examples=30, deadline=None)
@given(rows=simplex())
def test_areas_and_losses_of_many_labels(weighted: bool, rows: Any) -> None:
    true, p = rows
    weights = weights_of(len(true)) if weighted else None
    predicted = p.argmax(axis=1)
    ours = multiclass(true, predicted, 3, p, weights)
    for average in ("macro", "weighted"):
        theirs = sk.roc_auc_score(true, p, multi_class="ovr", average=average, sample_weight=weights)
        np.testing.assert_allclose(ours[f"roc_auc_{average}"].values[0], theirs, **CLOSE)
    assert ours["roc_auc"].values[0] == ours["roc_auc_weighted"].values[0]
    each = [sk.average_precision_score(true == k, p[:, k], sample_weight=weights) for k in range(3)]
    np.testing.assert_allclose(ours["precision_recall_auc_macro"].values[0], np.mean(each), **CLOSE)
    for k in range(3):
        np.testing.assert_allclose(ours[f"precision_recall_auc/{k}"].values[0], each[k], **CLOSE)
        theirs = sk.roc_auc_score(true == k, p[:, k], sample_weight=weights)
        np.testing.assert_allclose(ours[f"roc_auc/{k}"].values[0], theirs, **CLOSE)
    theirs = sk.log_loss(true, p, labels=range(3), sample_weight=weights)
    np.testing.assert_allclose(ours["log_loss"].values[0], theirs, **CLOSE)
    theirs = sk.brier_score_loss(true, p, labels=range(3), scale_by_half=True, sample_weight=weights)
    np.testing.assert_allclose(ours["brier_score_loss"].values[0], theirs, **CLOSE)
    confidence = p[np.arange(len(true)), predicted]
    w = np.ones(len(true)) if weights is None else weights
    expected, largest = calibration_by_hand(true == predicted, confidence, w)
    assert ours["expected_calibration_error"].values[0] == pytest.approx(expected, abs=1e-12)
    assert ours["max_calibration_error"].values[0] == pytest.approx(largest, abs=1e-12)


def test_a_label_that_does_not_occur_leaves_the_averaged_area_undefined_and_says_so() -> None:
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(3), 40)
    ours = multiclass(rng.integers(0, 2, 40), p.argmax(axis=1), 3, p)
    assert np.isnan(ours["roc_auc_macro"].values[0])
    assert "does not occur" in ours["roc_auc_macro"].notes[0]
    assert np.isfinite(ours["roc_auc/0"].values[0])


# --- real data -------------------------------------------------------------------------------------------------------


def test_a_model_of_tumours_scores_as_scikit_learn_says() -> None:
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[:200, :4], y[:200])
    true, p, predicted = y[200:], model.predict_proba(X[200:, :4])[:, 1], model.predict(X[200:, :4])
    ours = binary(true, predicted, p)
    assert ours["roc_auc"].values[0] == pytest.approx(sk.roc_auc_score(true, p), abs=1e-12)
    assert ours["precision_recall_auc"].values[0] == pytest.approx(sk.average_precision_score(true, p), abs=1e-12)
    assert ours["log_loss"].values[0] == pytest.approx(sk.log_loss(true, p), abs=1e-12)
    assert ours["brier_score_loss"].values[0] == pytest.approx(sk.brier_score_loss(true, p), abs=1e-12)
    assert ours["f1_score"].values[0] == pytest.approx(sk.f1_score(true, predicted), abs=1e-12)


def test_a_model_of_digits_scores_as_scikit_learn_says() -> None:
    from sklearn.datasets import load_digits
    from sklearn.naive_bayes import GaussianNB

    X, y = load_digits(return_X_y=True)
    model = GaussianNB(var_smoothing=0.05).fit(X[:900], y[:900])
    true, p, predicted = y[900:], model.predict_proba(X[900:]), model.predict(X[900:])
    ours = multiclass(true, predicted, 10, p)
    assert ours["roc_auc_macro"].values[0] == pytest.approx(sk.roc_auc_score(true, p, multi_class="ovr"), abs=1e-12)
    assert ours["log_loss"].values[0] == pytest.approx(sk.log_loss(true, p), abs=1e-12)
    assert ours["f1_score_macro"].values[0] == pytest.approx(sk.f1_score(true, predicted, average="macro"), abs=1e-12)
    assert ours["matthews_corrcoef"].values[0] == pytest.approx(sk.matthews_corrcoef(true, predicted), abs=1e-12)
