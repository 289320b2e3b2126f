"""Distances are those of scipy, of hand calculation, and obey their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, ks_2samp

from steelyard.metrics.drift import (
    chi_square,
    cramers_v,
    jensen_shannon_distance,
    jensen_shannon_divergence,
    kolmogorov_smirnov,
    ks_p_value,
    pooled,
    psi,
)
from steelyard.metrics.drift.kolmogorov import ks_cells


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    k = draw(st.integers(2, 8))
    rows = st.lists(st.integers(0, 1000), min_size=k, max_size=k).filter(any)
    return np.array(draw(rows)), np.array(draw(rows))


def test_psi_is_the_sum_over_cells_by_hand() -> None:
    # (0.3-0.2) ln(0.3/0.2) + (0.5-0.5) ln 1 + (0.2-0.3) ln(0.2/0.3)
    assert psi([20, 50, 30], [30, 50, 20], pseudo=0) == pytest.approx(0.2 * np.log(1.5))


def test_psi_of_an_empty_cell_is_finite_and_infinite_only_if_asked() -> None:
    assert np.isfinite(psi([50, 50, 0], [40, 40, 20]))
    assert np.isinf(psi([50, 50, 0], [40, 40, 20], pseudo=0))


def test_psi_hardly_feels_its_pseudo_rows_where_rows_are_many() -> None:
    old, new = [20_000, 50_000, 30_000], [30_000, 50_000, 20_000]
    assert psi(old, new) == pytest.approx(psi(old, new, pseudo=0), rel=1e-4)


@given(pairs())
def test_jensen_shannon_is_that_of_scipy(pair: tuple[np.ndarray, np.ndarray]) -> None:
    old, new = pair
    with np.errstate(invalid="ignore"):
        theirs = jensenshannon(old, new, base=2)
    assert jensen_shannon_distance(old, new) == pytest.approx(np.nan_to_num(theirs), abs=1e-7)


@given(pairs())
def test_distances_are_bounded_and_symmetric(pair: tuple[np.ndarray, np.ndarray]) -> None:
    old, new = pair
    for distance in (jensen_shannon_distance, jensen_shannon_divergence, cramers_v, kolmogorov_smirnov):
        assert 0 <= distance(old, new) <= 1 + 1e-12
        assert distance(old, new) == pytest.approx(distance(new, old), abs=1e-9)
    assert psi(old, new) >= -1e-12
    assert psi(old, new) == pytest.approx(psi(new, old))


@given(pairs())
def test_nothing_is_far_from_itself(pair: tuple[np.ndarray, np.ndarray]) -> None:
    old = pair[0]
    for distance in (jensen_shannon_distance, cramers_v, kolmogorov_smirnov, psi):
        assert distance(old, 3 * old) == pytest.approx(0, abs=1e-6)


@given(pairs().filter(lambda pair: ((pair[0] + pair[1]) > 0).sum() > 1))
def test_chi_square_is_that_of_scipy(pair: tuple[np.ndarray, np.ndarray]) -> None:
    table = np.array(pair)[:, (pair[0] + pair[1]) > 0]
    theirs = chi2_contingency(table, correction=False).statistic
    assert chi_square(*pair) == pytest.approx(theirs, abs=1e-9)


@given(st.lists(st.integers(0, 6), min_size=2, max_size=60), st.lists(st.integers(0, 6), min_size=2, max_size=60))
def test_kolmogorov_smirnov_with_ties_is_that_of_scipy(old: list[int], new: list[int]) -> None:
    cells = ks_cells(old, new)
    theirs = ks_2samp(old, new, method="asymp")
    assert kolmogorov_smirnov(*cells.counts) == pytest.approx(theirs.statistic)


def test_kolmogorov_smirnov_of_many_numbers_is_near_that_of_scipy() -> None:
    rng = np.random.default_rng(3)
    old, new = rng.normal(size=3_000), rng.normal(0.2, 1.0, 2_000)
    theirs = ks_2samp(old, new, method="asymp")
    assert kolmogorov_smirnov(*ks_cells(old, new).counts) == pytest.approx(theirs.statistic, abs=1 / 500)
    assert ks_p_value(old, new) == pytest.approx(theirs.pvalue)


def test_a_missing_number_counts_as_larger_than_any() -> None:
    cells = ks_cells([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, np.nan, np.nan])
    assert kolmogorov_smirnov(*cells.counts) == pytest.approx(0.5)


def test_many_replicates_are_measured_at_once() -> None:
    rng = np.random.default_rng(0)
    old, new = rng.multinomial(100, [0.2, 0.3, 0.5], size=7), rng.multinomial(80, [0.3, 0.3, 0.4], size=7)
    for distance in (psi, jensen_shannon_distance, cramers_v, kolmogorov_smirnov, chi_square):
        at_once = distance(old, new)
        assert at_once == pytest.approx([distance(a, b) for a, b in zip(old, new, strict=True)])


@given(pairs())
def test_pooled_cells_are_expected_often_enough(pair: tuple[np.ndarray, np.ndarray]) -> None:
    old, new = pair
    groups = pooled(old, new)
    totals = np.bincount(groups, old + new)
    expected = totals * min(old.sum(), new.sum()) / (old + new).sum()
    assert len(groups) == len(old)
    assert len(totals) == 2 or expected.min() >= 5
