from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals import basic, bca, from_replicates, percentile, replicate_se, wilson


def test_percentile_and_basic_equal_scipys(rng: np.random.Generator) -> None:
    values = rng.exponential(1.0, 40)
    reference = stats.bootstrap((values,), np.mean, n_resamples=999, rng=1, method="percentile")
    draws, value = reference.bootstrap_distribution, values.mean()
    low, high = reference.confidence_interval
    ours = percentile(draws)
    assert (ours.low, ours.high) == pytest.approx((low, high))
    assert ours.se == pytest.approx(reference.standard_error)
    reversed_ = stats.bootstrap((values,), np.mean, n_resamples=999, rng=1, method="basic").confidence_interval
    ours = basic(value, draws)
    assert (ours.low, ours.high) == pytest.approx((reversed_.low, reversed_.high))


def test_bca_equals_scipys(rng: np.random.Generator) -> None:
    values = rng.exponential(1.0, 40)
    reference = stats.bootstrap((values,), np.mean, n_resamples=2000, rng=1, method="BCa")
    left_out = (values.sum() - values) / 39
    ours = bca(float(values.mean()), reference.bootstrap_distribution, left_out)
    low, high = reference.confidence_interval
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-9)


def test_the_interval_stays_within_the_bounds_and_around_the_value(rng: np.random.Generator) -> None:
    for bounds, value in (((0.0, 1.0), 0.98), ((-1.0, 1.0), -0.97), ((0.0, None), 0.02), ((None, 1.0), 0.99)):
        interval = from_replicates(value, rng.normal(value, 0.05, 200), n=30, bounds=bounds)
        assert interval.low < value < interval.high
        assert bounds[0] is None or interval.low >= bounds[0]
        assert bounds[1] is None or interval.high <= bounds[1]


def test_without_bounds_it_is_the_t_interval(rng: np.random.Generator) -> None:
    draws = rng.normal(5.0, 1.0, 200)
    interval = from_replicates(5.0, draws, n=10)
    se = draws.std(ddof=1) * np.sqrt(10 / 9)
    expected = stats.t.interval(0.95, 9, loc=5.0, scale=se)
    assert (interval.low, interval.high) == pytest.approx(expected)
    assert interval.se == pytest.approx(se)


def test_many_metrics_at_once_equal_each_by_itself(rng: np.random.Generator) -> None:
    values, n = np.array([0.5, 0.9, 1.0]), np.array([20, 50, 70])
    draws = np.clip(rng.normal(values[:, None], 0.05, (3, 200)), 0, 1)
    draws[2] = 1.0
    together = from_replicates(values, draws, n=n, bounds=(0.0, 1.0))
    for i in range(3):
        alone = from_replicates(values[i], draws[i], n=n[i], bounds=(0.0, 1.0))
        assert together.at(i).low == pytest.approx(alone.low)
        assert together.at(i).high == pytest.approx(alone.high)


def test_replicates_that_do_not_vary_at_a_bound_give_wilsons_end() -> None:
    interval = from_replicates(1.0, np.ones(200), n=20, bounds=(0.0, 1.0))
    assert interval.low == pytest.approx(wilson(20, 20).low)
    assert interval.high == 1.0
    mcc = from_replicates(1.0, np.ones(200), n=20, bounds=(-1.0, 1.0))
    assert mcc.low == pytest.approx(2 * wilson(20, 20).low - 1)
    unknown = from_replicates(1.0, np.ones(200), bounds=(0.0, 1.0))
    assert np.isnan(unknown.low)


def test_undefined_replicates_are_left_out_until_they_are_most(rng: np.random.Generator) -> None:
    draws = rng.normal(0.5, 0.1, 200)
    some, most = draws.copy(), draws.copy()
    some[:20], most[:120] = np.nan, np.nan
    assert from_replicates(0.5, some, n=50).se == pytest.approx(draws[20:].std(ddof=1) * np.sqrt(50 / 49))
    assert np.isnan(from_replicates(0.5, most, n=50).low)
    assert np.isnan(replicate_se([1.0]))
    assert percentile(some).low == pytest.approx(np.quantile(draws[20:], 0.025))


def test_an_undefined_value_has_no_interval() -> None:
    interval = from_replicates(float("nan"), np.full(200, np.nan), n=5, bounds=(0.0, 1.0))
    assert np.isnan(interval.low)
    assert np.isnan(interval.high)


def test_replicates_of_another_shape_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="one more axis"):
        from_replicates([0.5, 0.6], np.zeros((3, 200)))
