from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from steelyard.metrics.intervals import auc_interval, auc_score_interval, delong, delong_counts, delong_covariance

scores = st.lists(st.integers(0, 6), min_size=2, max_size=25)


def pairwise(positives: np.ndarray, negatives: np.ndarray) -> tuple[float, float]:
    """AUC and variance straight from the definition: every pair compared."""
    psi = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    m, n = psi.shape
    return float(psi.mean()), float(psi.mean(axis=1).var(ddof=1) / m + psi.mean(axis=0).var(ddof=1) / n)


@given(scores, scores)
def test_scores_with_ties_give_the_pairwise_auc_and_variance(positives: list[int], negatives: list[int]) -> None:
    p, n = np.array(positives, float), np.array(negatives, float)
    result = delong(p, n)
    auc, variance = pairwise(p, n)
    assert result.auc == pytest.approx(auc)
    assert result.variance == pytest.approx(variance, abs=1e-14)
    counted = delong_counts(np.bincount(positives, minlength=7), np.bincount(negatives, minlength=7))
    assert counted.auc == pytest.approx(auc)
    assert counted.variance == pytest.approx(variance, abs=1e-14)


def test_the_auc_is_scikit_learns(rng: np.random.Generator) -> None:
    y, s = rng.random(2000) < 0.3, rng.normal(size=2000).round(1)
    assert delong(s[y], s[~y]).auc == pytest.approx(roc_auc_score(y, s), abs=1e-12)


def test_histograms_of_many_slices_go_through_at_once(rng: np.random.Generator) -> None:
    pos, neg = rng.integers(0, 9, (5, 20)), rng.integers(0, 9, (5, 20))
    together = delong_counts(pos, neg)
    for i in range(5):
        alone = delong_counts(pos[i], neg[i])
        assert together.auc[i] == pytest.approx(alone.auc)
        assert together.variance[i] == pytest.approx(alone.variance)


def test_rows_of_equal_weight_have_the_unweighted_variance(rng: np.random.Generator) -> None:
    pos, neg = rng.integers(0, 9, 20), rng.integers(0, 9, 20)
    plain = delong_counts(pos, neg)
    weighted = delong_counts(pos * 0.5, neg * 4.0, positive_squares=pos * 0.25, negative_squares=neg * 16.0)
    assert weighted.auc == pytest.approx(plain.auc)
    assert weighted.variance == pytest.approx(plain.variance)
    assert weighted.n_positive == pytest.approx(plain.n_positive)


def test_the_paired_variance_is_that_of_the_placements_of_the_difference(rng: np.random.Generator) -> None:
    latent = rng.normal(size=300)
    y = latent + rng.normal(size=300) > 0.5
    a, b = latent + rng.normal(size=300), latent + 0.5 * rng.normal(size=300)
    first, second = delong(a[y], a[~y]), delong(b[y], b[~y])
    variance = first.variance + second.variance - 2 * delong_covariance(first, second)
    difference_p = first.positive_placements - second.positive_placements
    difference_n = first.negative_placements - second.negative_placements
    expected = difference_p.var(ddof=1) / y.sum() + difference_n.var(ddof=1) / (~y).sum()
    assert variance == pytest.approx(expected)
    assert 0 < variance < first.variance + second.variance


def test_an_empty_class_has_no_auc_and_one_row_no_variance() -> None:
    assert np.isnan(delong([], [1.0]).auc)
    assert np.isnan(delong_counts([0, 0], [1, 1]).auc)
    assert delong([2.0], [1.0, 0.0]).auc == 1.0
    assert np.isnan(delong([2.0], [1.0, 0.0]).variance)
    assert np.isnan(auc_interval(float("nan"), float("nan"), 0, 3).low)


def test_scores_on_other_rows_have_no_covariance() -> None:
    with pytest.raises(ValueError, match="same rows"):
        delong_covariance(delong([1, 2], [0, 1]), delong([1, 2, 3], [0, 1]))


def test_a_perfect_order_still_has_a_lower_end_that_more_rows_raise() -> None:
    ends = [auc_interval(1.0, 0.0, n, n).low for n in (5, 20, 100)]
    assert 0.5 < ends[0] < ends[1] < ends[2] < 1.0
    assert auc_interval(1.0, 0.0, 5, 5).high == 1.0
    assert auc_interval(0.0, 0.0, 5, 5).low == 0.0


def test_the_score_interval_solves_its_equation() -> None:
    interval = auc_score_interval(0.8, 30, 50)
    for theta in (interval.low, interval.high):
        spread = 1 + 39 * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        assert abs(theta - 0.8) == pytest.approx(1.959964 * np.sqrt(theta * (1 - theta) * spread / 1500), rel=1e-6)
