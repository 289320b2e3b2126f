"""Simulated: intervals at 95 % hold the mean that people would give, at 20, 50 and 200 labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from steelyard.metrics.corrected import CorrectedMean, prediction_powered, rogan_gladen
from steelyard.metrics.sampling import allocate, may_stop

from .populations import POPULATIONS, Population, measured, probabilities, yes_no

TRIALS = 250
ITEMS = 500
Trial = Callable[[np.random.Generator], CorrectedMean]


def assert_covers(trial: Trial, mean: float, *, trials: int = TRIALS) -> None:
    """Fail when fewer trials hold the mean than 95 % of them would, with one false alarm in two thousand."""
    rng = np.random.default_rng(20)
    found = [e for e in (trial(rng).corrected for _ in range(trials)) if e is not None]
    hits = sum(e.low <= mean <= e.high for e in found)
    assert len(found) > trials / 2
    assert hits >= binom.ppf(0.0005, len(found), 0.95), f"{hits} of {len(found)}"


by_name = pytest.mark.parametrize("population", POPULATIONS, ids=lambda p: p.name)
by_labels = pytest.mark.parametrize("n", [20, 50, 200])


@by_name
@by_labels
def test_with_equally_likely_labels(population: Population, n: int) -> None:
    def trial(rng: np.random.Generator) -> CorrectedMean:
        y, f = population.make(rng, ITEMS)
        return prediction_powered(y[:n], f[:n], f[n:])

    assert_covers(trial, population.mean)


@by_labels
@pytest.mark.parametrize(
    "population",
    [probabilities(0.7, 2.0, "good-judge"), yes_no(0.5, 0.6, 0.6, "poor-judge"), measured(0.9, "number")],
    ids=lambda p: p.name,
)
def test_with_known_probabilities(population: Population, n: int) -> None:
    def trial(rng: np.random.Generator) -> CorrectedMean:
        y, f = population.make(rng, ITEMS)
        worth = 0.3 + np.sqrt(np.clip(f * (1.0 - f), 0.0, None))
        chance = np.minimum(n * worth / worth.sum(), 1.0)
        drawn = rng.random(ITEMS) < chance
        return prediction_powered(y[drawn], f[drawn], f[~drawn], propensities=chance[drawn])

    assert_covers(trial, population.mean)


@by_labels
@pytest.mark.parametrize("finite", [False, True], ids=["sampled-items", "just-these-items"])
@pytest.mark.parametrize(
    "population", [probabilities(0.7, 2.0, "probability"), yes_no(0.7, 0.95, 0.95, "yes-no")], ids=lambda p: p.name
)
def test_with_strata_by_score(population: Population, n: int, finite: bool) -> None:
    means: list[float] = []

    def trial(rng: np.random.Generator) -> CorrectedMean:
        y, f = population.make(rng, ITEMS)
        means.append(float(y.mean()))
        _, strata = np.unique(np.searchsorted([0.25, 0.5, 0.75], f), return_inverse=True)
        given = allocate(np.bincount(strata).tolist(), n)
        drawn = np.zeros(ITEMS, dtype=bool)
        for code, count in enumerate(given):
            drawn[rng.choice(np.flatnonzero(strata == code), count, replace=False)] = True
        found = prediction_powered(y[drawn], f[drawn], f[~drawn], strata=(strata[drawn], strata[~drawn]), finite=finite)
        if not finite or found.corrected is None:
            return found
        return shifted(found, population.mean - means[-1])

    assert_covers(trial, population.mean)


def shifted(found: CorrectedMean, by: float) -> CorrectedMean:
    """Move the interval as far as these items' own mean is from the mean of all."""
    e = found.corrected
    assert e is not None
    return replace(found, corrected=replace(e, low=e.low + by, high=e.high + by))


@by_labels
@pytest.mark.parametrize(("then", "now"), [(0.6, 0.6), (0.6, 0.95), (0.5, 0.1)], ids=["same", "more-pass", "few-pass"])
@pytest.mark.parametrize("right", [(0.95, 0.85), (0.8, 0.75)], ids=["good-judge", "poor-judge"])
def test_rogan_gladen_after_a_shift_of_prevalence(right: tuple[float, float], then: float, now: float, n: int) -> None:
    sensitivity, specificity = right

    def trial(rng: np.random.Generator) -> CorrectedMean:
        positives = int(rng.binomial(n, then))
        return rogan_gladen(
            int(rng.binomial(1000, now * sensitivity + (1.0 - now) * (1.0 - specificity))),
            1000,
            sensitivity=(int(rng.binomial(positives, sensitivity)), positives),
            specificity=(int(rng.binomial(n - positives, specificity)), n - positives),
        )

    assert_covers(trial, now, trials=400)


@pytest.mark.parametrize(
    ("population", "target"),
    [
        (yes_no(0.7, 0.95, 0.95, "yes-no"), 0.09),
        (yes_no(0.3, 0.5, 0.5, "useless"), 0.12),
        (measured(0.9, "number"), 0.2),
    ],
    ids=["yes-no", "useless-judge", "number"],
)
def test_after_stopping_at_a_width_that_was_looked_at_again_and_again(population: Population, target: float) -> None:
    def trial(rng: np.random.Generator) -> CorrectedMean:
        y, f = population.make(rng, ITEMS)
        for n in range(15, 300, 8):
            found = prediction_powered(y[:n], f[:n], f[n:])
            if may_stop(found, target):
                return found
        raise AssertionError("300 labels are enough for all of these")

    assert_covers(trial, population.mean, trials=200)
