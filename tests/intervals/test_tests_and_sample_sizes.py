from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals import (
    benjamini_hochberg,
    benjamini_yekutieli,
    holm,
    mcnemar,
    minimum_detectable_effect,
    missing_bounds,
    normal_quantile,
    quantile_interval,
    quantile_ranks,
    rows_needed,
    rows_to_settle,
    t_quantile,
    two_sided_p,
    variance_interval,
)

p_values = arrays.arrays(float, st.integers(1, 30), elements=st.floats(0, 1))


@pytest.mark.parametrize(("b", "c", "p"), [(8, 2, 0.109375), (15, 3, 0.0075378), (20, 5, 0.0040773)])
def test_golden_numbers_of_mcnemars_exact_test(b: int, c: int, p: float) -> None:
    assert mcnemar(b, c) == pytest.approx(p, abs=5e-8)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_equals_the_reference_and_forgets_the_order(b: int, c: int) -> None:
    expected = reference_mcnemar([[5, b], [c, 5]], exact=True).pvalue if b + c else 1.0
    assert mcnemar(b, c) == pytest.approx(expected, rel=1e-9, abs=1e-300)
    assert mcnemar(c, b, "mid-p") == mcnemar(b, c, "mid-p") <= mcnemar(b, c) + 1e-12


def test_mid_p_counts_the_observed_split_half() -> None:
    expected = 2 * stats.binom.cdf(3, 18, 0.5) - stats.binom.pmf(3, 18, 0.5)
    assert mcnemar(15, 3, "mid-p") == pytest.approx(expected)


def test_mcnemar_holds_for_a_million_rows_and_refuses_other_methods() -> None:
    assert mcnemar(500_000, 501_000) == pytest.approx(2 * stats.binom.cdf(500_000, 1_001_000, 0.5), rel=1e-6)
    with pytest.raises(InvalidArgument, match="mid-p"):
        mcnemar(1, 2, "chi2")
    with pytest.raises(InvalidArgument, match="negative"):
        mcnemar(-1, 2)


@settings(max_examples=30)
@given(p_values)
def test_adjusted_p_values_equal_the_references(p: np.ndarray) -> None:
    for ours, method in ((holm, "holm"), (benjamini_hochberg, "fdr_bh"), (benjamini_yekutieli, "fdr_by")):
        np.testing.assert_allclose(ours(p), multipletests(p, method=method)[1], atol=1e-12)
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p), atol=1e-12)


def test_a_test_that_was_not_made_is_not_counted() -> None:
    with_gap = benjamini_hochberg([0.01, np.nan, 0.04])
    assert np.isnan(with_gap[1])
    assert with_gap[[0, 2]].tolist() == benjamini_hochberg([0.01, 0.04]).tolist()
    assert holm([]).size == 0


@pytest.mark.parametrize(
    ("n", "repeats", "expected"),
    [(198, 1, 0.1327333), (198, 10, 0.0756696), (1000, 1, 0.0590626), (1000, 10, 0.0336709)],
)
def test_golden_numbers_of_the_smallest_difference(n: int, repeats: int, expected: float) -> None:
    assert minimum_detectable_effect(n, 1 / 9, noise=1 / 3, repeats=repeats) == pytest.approx(expected, abs=5e-8)


@pytest.mark.parametrize(("repeats", "expected"), [(1, 3876), (2, 2423), (10, 1260)])
def test_golden_numbers_of_rows_needed(repeats: int, expected: int) -> None:
    assert rows_needed(0.03, 1 / 9, noise=1 / 3, repeats=repeats) == expected


def test_the_rows_that_settle_are_those_that_the_power_formula_asks_for() -> None:
    variance, n, difference = 0.09, 200, 0.03
    more = rows_to_settle(difference, np.sqrt(variance / n), n)
    assert more == rows_needed(difference, variance) - n
    inside = rows_to_settle(0.001, np.sqrt(variance / n), n, margin=0.05)
    assert inside == rows_needed(0.049, variance) - n
    assert rows_to_settle(0.0, 0.1, 50) is None
    assert rows_to_settle(0.1, float("nan"), 50) is None
    assert rows_to_settle(0.5, 0.1, 50) == 1


def test_arguments_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="effect"):
        rows_needed(0.0, 1.0)
    with pytest.raises(InvalidArgument, match="power"):
        rows_needed(0.1, 1.0, power=1.0)
    with pytest.raises(InvalidArgument, match="q must lie"):
        quantile_ranks(10, 0.0)


@given(st.integers(1, 300), st.sampled_from([0.01, 0.05, 0.25, 0.5, 0.9, 0.99]))
def test_the_ranks_of_a_quantile_cover_at_least_as_promised_and_no_narrower_ones_do(n: int, q: float) -> None:
    low, high = quantile_ranks(n, q)
    binomial = stats.binom(n, q)
    assert low == 0 or binomial.cdf(low - 1) <= 0.025 + 1e-12
    assert binomial.cdf(low) > 0.025 - 1e-12
    assert high == n + 1 or binomial.cdf(high - 1) >= 0.975 - 1e-12
    assert high == 1 or binomial.cdf(high - 2) < 0.975 + 1e-12


def test_the_interval_of_a_quantile_equals_scipys(rng: np.random.Generator) -> None:
    values = rng.exponential(1.0, 200)
    for q in (0.5, 0.9):
        expected = stats.quantile_test(values, p=q).confidence_interval(0.95)
        ours = quantile_interval(values, q)
        assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high))
    assert np.isnan(quantile_interval(values[:10], 0.99).high)


def test_the_interval_of_a_variance_is_the_chi_square_one() -> None:
    interval = variance_interval(4.0, 20, 0.9)
    expected = 19 * 4.0 / stats.chi2.ppf([0.95, 0.05], 19)
    assert (interval.low, interval.high) == pytest.approx(tuple(expected))
    heavy, normal = variance_interval(4.0, 20, kurtosis=9.0), variance_interval(4.0, 20, kurtosis=3.0)
    assert heavy.low < normal.low < 4.0 < normal.high < heavy.high


def test_missing_rows_bound_a_mean() -> None:
    bounds = missing_bounds([0.9, np.nan, 0.5], [90, 0, 10], [10, 5, 0])
    np.testing.assert_allclose(bounds.low, [0.81, 0.0, 0.5])
    np.testing.assert_allclose(bounds.high, [0.91, 1.0, 0.5])
    assert np.isnan(missing_bounds(np.nan, 0, 0).low)


def test_quantiles_and_p_values_equal_scipys() -> None:
    for p in (0.001, 0.3, 0.975):
        assert normal_quantile(p) == pytest.approx(stats.norm.ppf(p))
        for df in (1, 4.5, 300):
            assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-7)
    assert two_sided_p(2.2, 9) == pytest.approx(2 * stats.t.sf(2.2, 9))
    assert two_sided_p(-2.2) == pytest.approx(2 * stats.norm.sf(2.2))
    assert np.isnan(two_sided_p(1.0, 0))
