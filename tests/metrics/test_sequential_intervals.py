"""Confidence sequences hold the mean after every row at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument
from steelyard.metrics.sequential import asymptotic_interval, betting_sequence, mixture_interval


@pytest.mark.parametrize(("n", "radius"), [(100, 0.1518906), (1000, 0.0517510), (10000, 0.0179674)])
def test_the_normal_mixture_equals_the_golden_numbers(n: int, radius: float) -> None:
    assert mixture_interval(0.0, n, rho=2.5).high == pytest.approx(radius, abs=5e-8)


@pytest.mark.parametrize("n", [50, 400, 10_000])
def test_the_normal_mixture_is_tightest_where_it_was_asked_to_be(n: int) -> None:
    tuned = mixture_interval(0.0, n, tightest_at=n).high
    v = n / 4
    others = [mixture_interval(0.0, n, rho=v / c).high for c in np.linspace(2, 40, 500)]
    assert tuned == pytest.approx(min(others), rel=1e-4)


@pytest.mark.parametrize("n", [50, 400, 10_000])
def test_the_asymptotic_sequence_is_its_formula_and_near_its_tightest(n: int) -> None:
    rho, mean, sd, alpha = 0.1, 2.0, 3.0, 0.05
    grown = n * rho**2 + 1
    half = sd * math.sqrt(2 * grown / (n**2 * rho**2) * math.log(math.sqrt(grown) / alpha))
    interval = asymptotic_interval(mean, sd, n, rho=rho)
    assert (interval.low, interval.high) == pytest.approx((mean - half, mean + half))
    others = [asymptotic_interval(0.0, sd, n, rho=r).high for r in np.geomspace(1e-3, 1, 500)]
    assert asymptotic_interval(0.0, sd, n, tightest_at=n).high == pytest.approx(min(others), rel=0.01)


def test_intervals_in_closed_form_hold_the_mean_at_all_times_together() -> None:
    rng = np.random.default_rng(2)
    x = rng.exponential(size=(1000, 2000))
    n = np.arange(1, 2001)
    mean = np.cumsum(x, axis=1) / n
    sd = np.sqrt(np.maximum(np.cumsum(x**2, axis=1) / n - mean**2, 0))
    interval = asymptotic_interval(mean, sd, n)
    missed = ((np.asarray(interval.low) > 1) | (np.asarray(interval.high) < 1))[:, 100:].any(axis=1)
    assert missed.mean() < 0.06
    coins = np.cumsum(rng.random((1000, 2000)) < 0.5, axis=1) / n
    exact = mixture_interval(coins, n)
    assert ((np.asarray(exact.low) > 0.5) | (np.asarray(exact.high) < 0.5)).any(axis=1).mean() < 0.05


def test_no_rows_say_nothing() -> None:
    interval = mixture_interval(0.0, 0)
    assert (interval.low, interval.high) == (-np.inf, np.inf)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=25), st.booleans())
def test_the_betting_sequence_is_what_its_definition_gives(values: list[float], finite: bool) -> None:
    population = 40 if finite else None
    made = betting_sequence(values, population=population, points=50)
    low, high = 0.0, 1.0
    for n in range(1, len(values) + 1):
        left = [i for i in range(51) if _capital(values[:n], i / 50, population) < 1 / 0.05]
        if not left:
            return
        low, high = max(low, (min(left) - 1) / 50), min(high, (max(left) + 1) / 50)
        if population is not None:
            low = max(low, sum(values[:n]) / population)
            high = min(high, (sum(values[:n]) + population - n) / population)
        found = made.at(n - 1)
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def _capital(values: list[float], m: float, population: int | None) -> float:
    """The paper's hedged capital, written out row by row."""
    up = down = 1.0
    for t, x in enumerate(values, start=1):
        means = [(0.5 + sum(values[:i])) / (i + 1) for i in range(1, t)]
        variance = (0.25 + sum((v - mean) ** 2 for v, mean in zip(values[: t - 1], means, strict=True))) / t
        bet = math.sqrt(2 * math.log(2 / 0.05) / (variance * t * math.log(t + 1)))
        rest = m if population is None else (population * m - sum(values[: t - 1])) / (population - t + 1)
        if not -1e-12 <= rest <= 1 + 1e-12:
            return math.inf
        rest = min(max(rest, 0.0), 1.0)
        up *= 1 + (min(bet, 0.5 / rest) if rest else bet) * (x - rest)
        down *= 1 - (min(bet, 0.5 / (1 - rest)) if rest < 1 else bet) * (x - rest)
    return max(up, down) / 2


@pytest.mark.parametrize("law", ["rare", "middle"])
def test_the_betting_sequence_holds_the_mean_at_all_times_together(law: str) -> None:
    rng = np.random.default_rng(3)
    missed = 0
    for _ in range(150):
        x = rng.random(200) < 0.05 if law == "rare" else rng.beta(4, 4, 200)
        last = betting_sequence(x, points=200).at(-1)
        missed += not last.low <= (0.05 if law == "rare" else 0.5) <= last.high
    assert missed <= 13  # of 150 at 5%: more has a probability below 3%


def test_the_betting_sequence_is_tighter_than_the_mixture_for_low_variance() -> None:
    x = np.random.default_rng(4).beta(40, 10, 500)
    betting, mixture = betting_sequence(x).at(-1), mixture_interval(x.mean(), 500, tightest_at=500)
    assert betting.high - betting.low < 0.5 * (mixture.high - mixture.low)


def test_a_finite_set_is_known_once_all_of_it_was_seen() -> None:
    rng = np.random.default_rng(5)
    missed = 0
    for _ in range(60):
        x = rng.permutation(np.repeat([0.0, 1.0], [30, 170]))
        interval = betting_sequence(x, population=200, points=200)
        missed += not interval.at(-2).low <= 0.85 <= interval.at(-2).high
        assert interval.at(-1).low == pytest.approx(0.85) or missed
    endless, finite = betting_sequence(x[:150]).at(-1), betting_sequence(x[:150], population=200).at(-1)
    assert finite.high - finite.low < endless.high - endless.low
    assert missed <= 7


def test_the_ends_are_in_the_unit_of_the_values() -> None:
    x = np.random.default_rng(6).random(300)
    share, points = betting_sequence(x).at(-1), betting_sequence(1 + 4 * x, low=1, high=5).at(-1)
    assert (points.low, points.high) == pytest.approx((1 + 4 * share.low, 1 + 4 * share.high))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mixture_interval(0.5, 10, sigma=0.0),
        lambda: mixture_interval(0.5, -1),
        lambda: mixture_interval(0.5, 10, confidence=95),
        lambda: asymptotic_interval(0.5, -1.0, 10),
        lambda: asymptotic_interval(0.5, 1.0, 10, tightest_at=0),
        lambda: betting_sequence([0.5, 1.5]),
        lambda: betting_sequence([0.5, float("nan")]),
        lambda: betting_sequence([0.5] * 3, population=2),
        lambda: betting_sequence([0.5], points=2),
    ],
    ids=["sigma", "n", "confidence", "sd", "tightest", "range", "nan", "population", "points"],
)
def test_what_cannot_be_is_an_error(wrong: object) -> None:
    with pytest.raises(InvalidArgument):
        wrong()  # type: ignore[operator]
