"""Regression metrics equal scikit-learn's, whatever the unit, the offset and the weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from steelyard.metrics.plan import Plan
from steelyard.metrics.regression import RegressionState

from .made import by_key, made, regression

FUNCTIONS = {
    "mean_absolute_error": sk.mean_absolute_error,
    "mean_squared_error": sk.mean_squared_error,
    "root_mean_squared_error": sk.root_mean_squared_error,
    "mean_absolute_percentage_error": sk.mean_absolute_percentage_error,
    "r2_score": sk.r2_score,
    "explained_variance_score": sk.explained_variance_score,
}


def assert_equal_scikit(
    ours: Any, true: np.ndarray, predicted: np.ndarray, weights: Any = None, *, rtol: float = 1e-9, place: int = 0
) -> None:
    for name, function in FUNCTIONS.items():
        theirs = function(true, predicted, sample_weight=weights)
        np.testing.assert_allclose(ours[name].values[place], theirs, rtol=rtol, atol=1e-12, err_msg=name)
    assert ours["max_error"].values[place] == np.abs(predicted - true).max()
    mean_error = np.average(predicted - true, weights=weights)
    size = np.abs(predicted - true).mean()
    np.testing.assert_allclose(ours["mean_error"].values[place], mean_error, rtol=rtol, atol=1e-9 * size)
    np.testing.assert_allclose(ours["mean_on_target"].values[place], np.average(true, weights=weights), rtol=1e-12)
    w = np.ones(len(true)) if weights is None else weights
    np.testing.assert_allclose(ours["sum_on_target"].values[place], (w * true).sum(), rtol=1e-10, atol=1e-9)
    if weights is None:
        error = np.abs(predicted - true)
        assert ours["median_absolute_error"].values[place] == sk.median_absolute_error(true, predicted)
        assert ours["absolute_error_p90"].values[place] == np.quantile(error, 0.9)
        assert ours["absolute_error_p99"].values[place] == np.quantile(error, 0.99)
        correlation = np.corrcoef(true, predicted)[0, 1]
        np.testing.assert_allclose(ours["pearson_correlation"].values[place], correlation, rtol=rtol)


numbers = st.integers(-50, 50).map(float) | st.floats(-100, 100).map(lambda x: round(x, 3))


@pytest.mark.parametrize("weighted", [False, True])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_targets_and_predictions(weighted: bool, data: st.DataObject) -> None:
    n = data.draw(st.integers(3, 25))
    # Without a target of 0, whose percentage error is a number near 1e16 that only its definition can love.
    true = np.array(data.draw(st.lists(numbers.filter(bool), min_size=n, max_size=n)))
    predicted = np.array(data.draw(st.lists(numbers, min_size=n, max_size=n)))
    true[:2], predicted[:2] = [10.0, -10.0], [9.0, -12.0]  # neither is constant
    weights = np.array(data.draw(st.lists(st.floats(0.1, 5), min_size=n, max_size=n))) if weighted else None
    assert_equal_scikit(regression(true, predicted, weights), true, predicted, weights)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9, -1e9])
def test_a_large_offset_costs_no_digits(offset: float, weighted: bool) -> None:
    rng = np.random.default_rng(6)
    true = offset + rng.normal(size=500)
    predicted = true + rng.normal(0, 0.3, 500)
    weights = rng.uniform(0.5, 2, 500) if weighted else None
    assert_equal_scikit(regression(true, predicted, weights), true, predicted, weights, rtol=1e-6 if offset else 1e-9)


@pytest.mark.parametrize("unit", [1e-30, 1e-9, 1e9, 1e30])
def test_the_unit_of_the_target_costs_no_digits(unit: float) -> None:
    rng = np.random.default_rng(7)
    true = rng.normal(3, 1, 400)
    predicted = true + rng.normal(0, 0.3, 400)
    ours = regression(true * unit, predicted * unit)
    for name, function in FUNCTIONS.items():
        theirs = function(true * unit, predicted * unit)
        slack = 1e-15 if "percentage" in name else 0  # a percentage is added without a unit
        np.testing.assert_allclose(ours[name].values[0], theirs, rtol=1e-9, atol=slack, err_msg=name)


@pytest.mark.parametrize("error", [1e-3, 1e-5, 1e-7])
def test_small_errors_of_a_target_that_varies_widely_keep_their_digits(error: float) -> None:
    """Errors are squared too, so a unit that suits the target's spread would be far too coarse for them."""
    rng = np.random.default_rng(9)
    true = rng.normal(size=400)
    predicted = true + error * rng.normal(size=400)
    ours = regression(true, predicted)
    for name in ("mean_absolute_error", "mean_squared_error", "root_mean_squared_error"):
        theirs = FUNCTIONS[name](true, predicted)
        np.testing.assert_allclose(ours[name].values[0], theirs, rtol=1e-6, err_msg=name)


def test_one_outlier_among_the_targets_does_not_drown_the_errors_of_the_rest() -> None:
    rng = np.random.default_rng(10)
    true = np.append(rng.normal(size=999), 1e9)
    predicted = np.append(true[:-1] + rng.normal(0, 0.1, 999), 1e9)
    ours = regression(true, predicted)
    np.testing.assert_allclose(ours["mean_squared_error"].values[0], sk.mean_squared_error(true, predicted), rtol=1e-6)


def slice_readings(true: np.ndarray, predicted: np.ndarray, codes: np.ndarray) -> Any:
    plan = Plan(shift=float(true.mean()), sizes=(int(codes.max()) + 1,), replicates=20)
    state, columns = RegressionState(plan), made(len(true), 1, plan.sizes)
    rows = type(columns.rows).of(columns.rows.buckets, (codes.astype(np.int32),))
    state.update(rows, ids=columns.ids, true=true, predicted=predicted)
    return by_key(state.readings())


def test_a_slice_equals_scikit_learn_on_its_rows() -> None:
    rng = np.random.default_rng(11)
    codes = rng.integers(0, 4, 800)
    true = rng.normal(size=800) + 3.0 * codes
    predicted = true + rng.normal(0, 0.5, 800)
    ours = slice_readings(true, predicted, codes)
    for code in range(4):
        assert_equal_scikit(ours, true[codes == code], predicted[codes == code], place=1 + code)


def test_a_slice_whose_target_is_constant_has_no_r2() -> None:
    """Any number there would be rounding divided by rounding."""
    rng = np.random.default_rng(12)
    for constant in (0.1, 3.3, -7.7):
        codes = np.repeat([0, 1], 60)
        true = np.where(codes == 1, constant, rng.normal(5, 2, 120))
        predicted = true + rng.normal(size=120)
        ours = slice_readings(true, predicted, codes)
        for name in ("r2_score", "explained_variance_score", "pearson_correlation"):
            assert np.isnan(ours[name].values[2]), (name, constant)
            assert "does not vary" in ours[name].notes[2]
            assert np.isnan(ours[name].replicates[2]).all()


def test_a_slice_far_from_the_mean_of_all_rows_keeps_its_digits() -> None:
    rng = np.random.default_rng(13)
    codes = np.repeat([0, 1], 200)
    true = np.where(codes == 1, 1e6, 0.0) + rng.normal(size=400)
    predicted = true + rng.normal(0, 0.3, 400)
    ours = slice_readings(true, predicted, codes)
    for code in (0, 1):
        here = codes == code
        theirs = sk.r2_score(true[here], predicted[here])
        np.testing.assert_allclose(ours["r2_score"].values[1 + code], theirs, rtol=1e-2)
        theirs = sk.mean_squared_error(true[here], predicted[here])
        np.testing.assert_allclose(ours["mean_squared_error"].values[1 + code], theirs, rtol=1e-3)


def test_a_slice_of_small_numbers_beside_one_of_huge_numbers_keeps_its_digits() -> None:
    rng = np.random.default_rng(14)
    codes = np.repeat([0, 1], 200)
    true = rng.normal(size=400) * np.where(codes == 1, 1e18, 1e-3)
    predicted = true * rng.uniform(0.5, 1.5, 400)
    ours = slice_readings(true, predicted, codes)
    for code in (0, 1):
        here = codes == code
        for name in ("mean_absolute_error", "mean_squared_error"):
            theirs = FUNCTIONS[name](true[here], predicted[here])
            np.testing.assert_allclose(ours[name].values[1 + code], theirs, rtol=1e-9, err_msg=name)


def test_a_constant_target_has_no_r2_and_says_so() -> None:
    ours = regression(np.full(30, 0.1), np.linspace(0, 1, 30))
    assert np.isnan(ours["r2_score"].values[0])
    assert "does not vary" in ours["r2_score"].notes[0]
    assert ours["mean_absolute_error"].values[0] == pytest.approx(np.abs(np.linspace(0, 1, 30) - 0.1).mean())


def test_a_target_of_0_gives_scikit_learns_percentage_error() -> None:
    true, predicted = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.5, 1.0, 1.0, 5.0])
    theirs = sk.mean_absolute_percentage_error(true, predicted)
    assert regression(true, predicted)["mean_absolute_percentage_error"].values[0] == pytest.approx(theirs, rel=1e-12)


def test_a_model_of_diabetes_scores_as_scikit_learn_says() -> None:
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import Ridge

    X, y = load_diabetes(return_X_y=True)
    predicted = Ridge().fit(X[:200], y[:200]).predict(X[200:])
    assert_equal_scikit(regression(y[200:], predicted), y[200:], predicted)
