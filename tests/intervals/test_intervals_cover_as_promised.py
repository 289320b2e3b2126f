"""Coverage by simulation, seeded. Bands are stated where a method is known to be off its nominal level."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import ndtri

from steelyard.metrics.intervals import (
    Interval,
    auc_interval,
    from_replicates,
    mean_interval,
    newcombe_paired,
    variance_interval,
    wilson,
)


def coverage(interval: Interval, truth: float) -> float:
    return float(np.mean((np.asarray(interval.low) <= truth) & (truth <= np.asarray(interval.high))))


@pytest.mark.parametrize("share", [0.001, 0.01, 0.5])
@pytest.mark.parametrize("n", [20, 50, 200, 2000])
def test_wilson_covers_between_90_and_100_percent_and_95_on_the_whole(rng, share: float, n: int) -> None:
    found = coverage(wilson(rng.binomial(n, share, 40_000), n), share)
    # Rare successes make the count so coarse that no interval can hit 95 % at every n (Brown et al. 2001, fig. 5).
    assert 0.90 <= found <= 1.0
    if share == 0.5:
        assert 0.93 <= found <= 0.965


def test_wilson_covers_95_percent_on_average_over_shares(rng) -> None:
    shares = rng.random(40_000)
    interval = wilson(rng.binomial(50, shares), 50)
    assert 0.945 <= np.mean((interval.low <= shares) & (shares <= interval.high)) <= 0.957


@pytest.mark.parametrize("n", [5, 20, 50, 200])
def test_the_t_interval_covers_95_percent_of_normal_rows(rng, n: int) -> None:
    assert 0.94 <= coverage(mean_interval(rng.normal(1.0, 2.0, (20_000, n))), 1.0) <= 0.96


@pytest.mark.parametrize("auc", [0.6, 0.8, 0.95, 0.99])
@pytest.mark.parametrize(("m", "n"), [(10, 10), (10, 40), (25, 25), (60, 60)])
def test_the_interval_of_an_auc_covers_at_least_93_percent(rng, auc: float, m: int, n: int) -> None:
    runs = 1500
    positives, negatives = rng.normal(np.sqrt(2) * ndtri(auc), 1, (runs, m)), rng.normal(0, 1, (runs, n))
    above = positives[:, :, None] > negatives[:, None, :]
    of_p, of_n = above.mean(axis=2), above.mean(axis=1)
    variance = of_p.var(axis=1, ddof=1) / m + of_n.var(axis=1, ddof=1) / n
    found = coverage(auc_interval(of_p.mean(axis=1), variance, np.float64(m), np.float64(n)), auc)
    assert 0.93 <= found <= 0.995


@pytest.mark.parametrize(("right", "discordant"), [(0.9, 0.05), (0.6, 0.3), (0.85, 0.15)])
@pytest.mark.parametrize("n", [20, 50, 200, 2000])
def test_the_paired_difference_covers_at_least_94_percent(rng, right: float, discordant: float, n: int) -> None:
    b, c = discordant * 0.6, discordant * 0.4
    both = right - b
    cells = rng.multinomial(n, [both, b, c, 1 - both - b - c], 20_000)
    found = coverage(newcombe_paired(*cells.T), b - c)
    assert 0.94 <= found <= 1.0


@pytest.mark.parametrize("n", [20, 50, 200])
def test_bonetts_interval_of_a_variance_covers_skewed_rows_better_than_chi_square(rng, n: int) -> None:
    rows = rng.exponential(1.0, (5_000, n))
    variance = rows.var(axis=1, ddof=1)
    fourth = ((rows - rows.mean(axis=1, keepdims=True)) ** 4).mean(axis=1)
    kurtosis = fourth / rows.var(axis=1) ** 2
    bonett = coverage(variance_interval(variance, n, kurtosis=kurtosis), 1.0)
    assert bonett > coverage(variance_interval(variance, n), 1.0) + 0.05
    assert bonett > 0.83


def accuracy(share: float) -> Callable:
    def draw(rng, n, weights):
        right = (rng.random(n) < share).astype(float)
        return weights @ right / weights.sum(axis=1)

    return draw


def f1(rng, n, weights):
    y = rng.random(n) < 0.3
    predicted = np.where(rng.random(n) < 0.85, y, ~y)
    with np.errstate(invalid="ignore"):
        return 2 * (weights @ (y & predicted)) / (weights @ (y.astype(float) + predicted))


def rmse(rng, n, weights):
    return np.sqrt(weights @ rng.normal(0, 1, n) ** 2 / weights.sum(axis=1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "truth", "bounds", "bands"),
    [
        (accuracy(0.5), 0.5, (0.0, 1.0), {20: (0.94, 0.995), 50: (0.93, 0.98), 200: (0.93, 0.98)}),
        (accuracy(0.9), 0.9, (0.0, 1.0), {20: (0.95, 0.995), 50: (0.95, 0.99), 200: (0.93, 0.975)}),
        (f1, 0.51 / 0.66, (0.0, 1.0), {20: (0.93, 0.98), 50: (0.94, 0.985), 200: (0.93, 0.975)}),
        (rmse, 1.0, (0.0, None), {20: (0.91, 0.96), 50: (0.915, 0.96), 200: (0.93, 0.97)}),
    ],
    ids=["accuracy .5", "accuracy .9", "f1", "rmse"],
)
def test_the_bootstrap_interval_covers_within_its_band(rng, metric, truth, bounds, bands) -> None:
    for n, (least, most) in {**bands, 2000: (0.89, 0.99)}.items():
        runs = 1500 if n < 2000 else 150
        values, draws = np.empty(runs), np.empty((runs, 200))
        for run in range(runs):
            weights = np.vstack([np.ones(n), rng.poisson(1.0, (200, n))])
            values[run], *draws[run] = metric(rng, n, weights)
        known = np.isfinite(values)
        found = coverage(from_replicates(values[known], draws[known], n=n, bounds=bounds), truth)
        assert least <= found <= most, (n, found)
