from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals import (
    clustered_se,
    clustered_se_from_sums,
    mean_interval,
    mean_t,
    t_quantile,
    weighted_mean_se,
)

SCORES = [1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1]
CLUSTERS = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_golden_numbers_of_clustered_scores() -> None:
    assert mean_interval(SCORES).se == pytest.approx(0.1421338109, abs=1e-10)
    assert clustered_se(SCORES, CLUSTERS, small_sample=False) == pytest.approx(0.1178511302, abs=1e-10)
    assert clustered_se(SCORES, CLUSTERS) == pytest.approx(0.1360827635, abs=1e-10)


def test_golden_numbers_of_a_paired_difference() -> None:
    other = np.array([1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1])
    assert mean_interval(np.array(SCORES) - other).se == pytest.approx(0.1486470975, abs=1e-10)
    unpaired = np.hypot(mean_interval(SCORES).se, mean_interval(other).se)
    assert unpaired == pytest.approx(0.1929960485, abs=1e-10)


def test_the_t_interval_equals_scipys(rng: np.random.Generator) -> None:
    values = rng.normal(3.0, 2.0, 17)
    interval = mean_interval(values, confidence=0.9)
    expected = stats.t.interval(0.9, 16, loc=values.mean(), scale=stats.sem(values))
    assert (interval.low, interval.high) == pytest.approx(expected, rel=1e-12)
    assert mean_t(0.0, 1.0, np.inf).high == pytest.approx(1.959963984540054)


def test_sums_say_the_same_as_rows(rng: np.random.Generator) -> None:
    values = rng.exponential(1.0, (4, 30))
    by_rows = mean_interval(values)
    by_sums = mean_interval(total=values.sum(axis=1), squares=(values**2).sum(axis=1), n=np.full(4, 30))
    np.testing.assert_allclose(by_rows.low, by_sums.low, rtol=1e-10)
    np.testing.assert_allclose(by_rows.high, by_sums.high, rtol=1e-10)


def test_one_row_has_a_mean_and_no_interval() -> None:
    assert np.isnan(mean_interval([1.0]).low)
    assert np.isnan(t_quantile(0.975, 0))
    assert np.isnan(clustered_se([1.0, 2.0], ["a", "a"]))


def test_clustered_errors_equal_those_of_a_regression_on_a_constant(rng: np.random.Generator) -> None:
    clusters = rng.integers(0, 25, 300)
    values = rng.normal(0, 1, 25)[clusters] + rng.normal(0, 1, 300) + 1e6
    fit = sm.OLS(values - 1e6, np.ones(300)).fit()
    for small_sample in (True, False):
        robust = fit.get_robustcov_results("cluster", groups=clusters, use_correction=small_sample, df_correction=False)
        # statsmodels' correction also has (n − 1)/(n − k) = 1 for the one constant.
        assert clustered_se(values, clusters, small_sample=small_sample) == pytest.approx(robust.bse[0], rel=1e-9)


def test_sums_by_cluster_say_the_same_as_rows_and_names_do_not_matter(rng: np.random.Generator) -> None:
    clusters = rng.integers(0, 9, 80)
    values = rng.random(80)
    names = np.array([f"user {c}" for c in clusters])
    n_c = np.bincount(clusters, minlength=12)  # three clusters of no rows are not counted
    sum_c = np.bincount(clusters, weights=values, minlength=12)
    expected = clustered_se(values, clusters)
    assert clustered_se(values, names) == pytest.approx(expected, rel=1e-12)
    assert clustered_se_from_sums(n_c, sum_c) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(clustered_se_from_sums(np.stack([n_c] * 2), np.stack([sum_c] * 2)), [expected] * 2)


def test_equal_weights_change_nothing_and_whole_weights_act_as_clusters(rng: np.random.Generator) -> None:
    values = rng.random(40)
    assert weighted_mean_se(values, np.full(40, 2.5))[1] == pytest.approx(mean_interval(values).se)
    weights = rng.integers(1, 5, 40)
    repeated, owner = np.repeat(values, weights), np.repeat(np.arange(40), weights)
    mean, se = weighted_mean_se(values, weights)
    assert mean == pytest.approx(repeated.mean())
    assert se == pytest.approx(clustered_se(repeated, owner))


def test_missing_arguments_and_ragged_clusters_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="all three"):
        mean_interval(total=1.0, n=3)
    with pytest.raises(InvalidArgument, match="one cluster a row"):
        clustered_se([1.0, 2.0], ["a"])
