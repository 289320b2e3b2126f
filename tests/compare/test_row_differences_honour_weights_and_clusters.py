from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import statsmodels.api as sm

from steelyard.compare.rowwise import RowMetric

NOBODY_FAILED = SimpleNamespace(failed=(np.zeros(400, bool), np.zeros(400, bool)))


def test_the_error_is_that_of_a_weighted_clustered_regression_on_a_constant(rng) -> None:
    clusters = rng.integers(0, 30, 400)
    ours = rng.normal(0, 1, 30)[clusters] + rng.normal(0, 1, 400)
    theirs, weights = rng.normal(0, 1, 400), rng.random(400) + 0.5
    fit = sm.WLS(ours - theirs, np.ones(400), weights=weights).fit()
    robust = fit.get_robustcov_results("cluster", groups=clusters, use_correction=True, df_correction=True)
    found = RowMetric(NOBODY_FAILED, ours, theirs, weights, clusters).difference(None)
    assert found.difference == pytest.approx(fit.params[0])
    assert found.se == pytest.approx(robust.bse[0], rel=1e-9)
    assert found.df == 29


def test_a_root_of_a_mean_has_the_error_that_resampling_gives(rng) -> None:
    common = rng.normal(size=400)
    ours, theirs = (common + 0.5 * rng.normal(size=400)) ** 2, (common + 0.7 * rng.normal(size=400)) ** 2
    found = RowMetric(NOBODY_FAILED, ours, theirs, root=True).difference(None)
    draws = rng.integers(0, 400, (4000, 400))
    resampled = np.sqrt(ours[draws].mean(axis=1)) - np.sqrt(theirs[draws].mean(axis=1))
    assert found.difference == pytest.approx(np.sqrt(ours.mean()) - np.sqrt(theirs.mean()))
    assert found.se == pytest.approx(resampled.std(), rel=0.05)


def test_rows_that_one_run_has_no_score_for_are_left_out_of_both(rng) -> None:
    ours, theirs = rng.random(400), rng.random(400)
    gaps = ours.copy()
    gaps[:50] = np.nan
    whole = RowMetric(SimpleNamespace(failed=(np.zeros(350, bool),) * 2), ours[50:], theirs[50:]).difference(None)
    found = RowMetric(NOBODY_FAILED, gaps, theirs).difference(None)
    assert found.n == 350
    assert (found.difference, found.se) == (pytest.approx(whole.difference), pytest.approx(whole.se))
    assert RowMetric(NOBODY_FAILED, np.full(400, np.nan), theirs).difference(None) is None
