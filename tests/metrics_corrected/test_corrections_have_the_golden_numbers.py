"""The formulas as they were published, beside numbers that other packages computed."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.metrics.corrected import CorrectedMean, prediction_powered, rogan_gladen

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture
def judged_shares() -> Arrays:
    rng = np.random.default_rng(0)
    truth = rng.random(2100) < 0.7
    judge = np.where(rng.random(2100) < 0.85, truth, ~truth).astype(float)
    return truth[:100].astype(float), judge[:100], judge[100:]


def test_ppi_is_that_of_ppi_python(judged_shares: Arrays) -> None:
    found = prediction_powered(*judged_shares, tuning=1.0).corrected
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((0.751, 0.667532, 0.834468), abs=5e-7)


def test_tuned_ppi_is_that_of_ppi_python(judged_shares: Arrays) -> None:
    result = prediction_powered(*judged_shares, tuning="plain")
    found = result.corrected
    assert found is not None
    assert result.weight == pytest.approx(0.649157, abs=5e-7)
    assert (found.value, found.low, found.high) == pytest.approx((0.7085480015, 0.6351625, 0.7819335), abs=5e-8)
    assert result.humans.value == pytest.approx(0.63)


def test_the_cross_fitted_mean_is_near_the_published_one_and_wider(judged_shares: Arrays) -> None:
    ours, theirs = (prediction_powered(*judged_shares, tuning=t).corrected for t in ("cross-fitted", "plain"))
    assert ours is not None
    assert theirs is not None
    assert ours.value == pytest.approx(theirs.value, abs=0.01)
    assert 1.0 < (ours.high - ours.low) / (theirs.high - theirs.low) < 1.1


def rogan(interval: str) -> CorrectedMean:
    counts = {"sensitivity": (0.92 * 140, 140), "specificity": (51, 60)}
    return rogan_gladen(780, 1000, **counts, interval=interval)


def test_rogan_gladen_has_the_value_and_standard_error_of_its_paper() -> None:
    found = rogan("delta").corrected
    assert found is not None
    assert (found.value, found.se) == pytest.approx((0.8181818, 0.0316460), abs=5e-8)
    assert found.high - found.value == pytest.approx(1.959964 * 0.0316460, abs=1e-6)


def test_the_adjusted_interval_is_that_of_lee_et_al() -> None:
    result = rogan("lee")
    assert result.corrected is not None
    assert (result.corrected.low, result.corrected.high) == pytest.approx((0.7564145, 0.8854603), abs=1e-7)
    assert result.youden == pytest.approx(0.77)


def test_stratified_weights_are_those_of_a_textbook_mean() -> None:
    """A judge that says nothing within strata leaves the stratified mean, variance Σ W_h² (1 − f) s²/n (Cochran)."""
    rng = np.random.default_rng(3)
    y = np.concatenate([rng.normal(0, 1, 30), rng.normal(5, 2, 20)])
    strata = np.repeat(["a", "b"], [30, 20]), np.repeat(["a", "b"], [270, 80])
    judge = np.where(strata[0] == "a", 0.0, 1.0), np.where(strata[1] == "a", 0.0, 1.0)
    found = prediction_powered(y, judge[0], judge[1], strata=strata, finite=True).corrected
    assert found is not None
    share = np.array([0.75, 0.25])
    means = np.array([y[:30].mean(), y[30:].mean()])
    assert found.value == pytest.approx(share @ means, abs=1e-12)
    kept = np.array([1 - 30 / 300, 1 - 20 / 100])
    variance = share**2 @ (kept * np.array([y[:30].var(ddof=1) / 30, y[30:].var(ddof=1) / 20]))
    assert found.se == pytest.approx(np.sqrt(variance), rel=0.03)  # each stratum borrows one degree of freedom


def test_known_probabilities_weigh_as_horvitz_thompson_divided_by_hajek() -> None:
    rng = np.random.default_rng(4)
    y, chance = rng.normal(size=40), rng.uniform(0.05, 0.6, 40)
    judge, rest = np.zeros(40), np.r_[np.zeros(299), 1e-9]  # it says next to nothing, so its weight is 0
    found = prediction_powered(y, judge, rest, propensities=chance).corrected
    assert found is not None
    assert found.value == pytest.approx(float((y / chance).sum() / (1 / chance).sum()), abs=1e-9)
