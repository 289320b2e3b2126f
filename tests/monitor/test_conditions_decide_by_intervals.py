"""Conditions hold intervals against limits; the intervals are those of statsmodels and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.rates import confint_poisson
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from steelyard.monitor.conditions import change, corrected, threshold
from steelyard.monitor.series_reading import Reading, finished, interval_at
from steelyard.records import Condition

HOUR = 3_600_000


def rate(passed: int, n: int) -> Reading:
    return finished(Reading(shape="rate", value=passed / n, n=n, total=float(passed), unit="share", end_ms=HOUR))


def mean(values: np.ndarray) -> Reading:
    total, squares = float(values.sum()), float(np.square(values).sum())
    return finished(
        Reading(shape="mean", value=total / len(values), n=len(values), total=total, squares=squares, end_ms=HOUR)
    )


def count(n: int, *, hours: int = 1, dispersion: float = 1.0) -> Reading:
    return finished(Reading(shape="count", value=float(n), n=n, end_ms=hours * HOUR, dispersion=dispersion))


@pytest.mark.parametrize(("passed", "n"), [(0, 40), (222, 312), (40, 40)])
def test_a_rate_is_shown_with_wilson_and_judged_by_the_exact_interval(passed: int, n: int) -> None:
    reading = rate(passed, n)
    assert (reading.low, reading.high) == pytest.approx(proportion_confint(passed, n, method="wilson"))
    low, high = proportion_confint(passed, n, method="beta")
    judged = threshold(reading, Condition(value=0.5))
    assert (judged.low, judged.high) == pytest.approx((low, high))
    assert judged.kind == ("bad" if high < 0.5 else "fine" if low >= 0.5 else "unsure")


@pytest.mark.parametrize(
    ("value", "kind"), [(0.80, "bad"), (0.765, "bad"), (0.755, "unsure"), (0.70, "unsure"), (0.6, "fine")]
)
def test_only_the_far_bound_beyond_the_limit_is_bad(value: float, kind: str) -> None:
    assert threshold(rate(222, 312), Condition(value=value)).kind == kind  # 0.712 [0.659, 0.759]


def test_a_series_that_should_be_low_is_bad_above() -> None:
    reading = rate(60, 300)
    kinds = [threshold(reading, Condition(value=v, direction="above")).kind for v in (0.1, 0.2, 0.3)]
    assert kinds == ["bad", "unsure", "fine"]


def test_few_rows_say_nothing_and_no_rows_say_that_there_are_none() -> None:
    assert threshold(rate(0, 29), Condition(value=0.8)).kind == "unsure"
    assert threshold(rate(0, 30), Condition(value=0.8)).kind == "bad"
    assert threshold(Reading(), Condition(value=0.8)).kind == "no_data"


@pytest.mark.parametrize("n", [0, 1, 12, 400])
def test_a_count_has_the_exact_interval_of_poisson(n: int) -> None:
    assert interval_at(count(n), 0.99) == pytest.approx(confint_poisson(n, 1, method="exact-c", alpha=0.01))


def test_no_traffic_at_all_is_a_count_of_which_one_can_be_sure() -> None:
    assert threshold(count(0), Condition(value=10.0)).kind == "bad"
    assert threshold(count(6), Condition(value=10.0)).kind == "unsure"


def test_a_count_that_comes_in_bursts_is_less_sure() -> None:
    assert threshold(count(70), Condition(value=100.0)).kind == "bad"
    assert threshold(count(70, dispersion=4.0), Condition(value=100.0)).kind == "unsure"


def test_a_sum_is_known_exactly() -> None:
    reading = Reading(shape="total", value=50.01, n=3, unit="USD")
    assert threshold(reading, Condition(value=50.0, direction="above")).kind == "bad"


def test_a_distance_must_lie_beyond_its_noise_floor_too() -> None:
    reading = Reading(shape="distance", value=0.12, n=500, floor=0.1)
    kinds = [threshold(reading, Condition(value=value, direction="above")).kind for value in (None, 0.05, 0.11, 0.2)]
    assert kinds == ["bad", "bad", "bad", "fine"]
    noise = Reading(shape="distance", value=0.09, n=500, floor=0.1)
    assert threshold(noise, Condition(value=0.05, direction="above")).kind == "fine"


@pytest.mark.parametrize(("now", "before"), [((222, 312), (4331, 4812)), ((80, 100), (90, 100)), ((30, 30), (45, 50))])
def test_rates_are_compared_by_their_exact_intervals(now: tuple[int, int], before: tuple[int, int]) -> None:
    judged = change(rate(*now), rate(*before), Condition(method="change", baseline="previous"))
    (low, high), (least, most) = (proportion_confint(*one, method="beta") for one in (now, before))
    moved = now[0] / now[1] - before[0] / before[1]
    expected = (
        moved - np.hypot(now[0] / now[1] - low, most - before[0] / before[1]),
        moved + np.hypot(high - now[0] / now[1], before[0] / before[1] - least),
    )
    assert (judged.difference_low, judged.difference_high) == pytest.approx(expected)
    assert judged.kind == ("bad" if expected[1] < 0 else "fine")
    newcombe = confint_proportions_2indep(*now, *before, method="newcomb", compare="diff")
    assert expected[0] <= newcombe[0] < newcombe[1] <= expected[1]


def test_means_are_compared_by_welch() -> None:
    draws = np.random.default_rng(4)
    now, before = draws.normal(0.5, 0.2, 80), draws.normal(0.6, 0.1, 300)
    judged = change(mean(now), mean(before), Condition(method="change", baseline="previous", confidence=0.99))
    expected = CompareMeans(DescrStatsW(now), DescrStatsW(before)).tconfint_diff(alpha=0.01, usevar="unequal")
    assert (judged.difference_low, judged.difference_high) == pytest.approx(expected)
    assert stats.ttest_ind(now, before, equal_var=False).pvalue < 0.01
    assert judged.kind == "bad"


def test_quantiles_are_compared_by_their_own_intervals() -> None:
    now = Reading(shape="quantile", value=900.0, low=800.0, high=1000.0, n=200)
    before = Reading(shape="quantile", value=500.0, low=480.0, high=520.0, n=5000)
    condition = Condition(method="change", baseline="previous", direction="above")
    judged = change(now, before, condition)
    assert judged.difference_low == pytest.approx(400 - np.hypot(100, 20))  # Zou & Donner 2008
    assert (judged.kind, change(before, now, condition).kind) == ("bad", "fine")


def test_counts_of_stretches_of_different_length_are_compared_per_time() -> None:
    condition = Condition(method="change", baseline="last_week")
    assert change(count(100), count(24 * 101, hours=24), condition).kind == "fine"
    judged = change(count(60), count(24 * 101, hours=24), condition)
    assert (judged.kind, judged.limit) == ("bad", pytest.approx(101))


def test_a_margin_is_tolerated_and_what_may_lie_within_it_is_unsure() -> None:
    def kind(margin: float) -> str:
        return change(rate(85, 100), rate(950, 1000), Condition(baseline="previous", margin=margin)).kind

    assert [kind(margin) for margin in (0.0, 0.02, 0.1, 0.2)] == ["bad", "bad", "unsure", "fine"]


def test_there_must_be_something_to_compare_with() -> None:
    condition = Condition(method="change", baseline="previous")
    assert change(rate(10, 100), None, condition).why == "no_baseline"
    assert change(rate(10, 100), rate(9, 10), condition).why == "few_baseline"
    assert change(rate(10, 100), mean(np.arange(50.0)), condition).why == "shapes"
    assert change(Reading(), rate(9, 10), condition).kind == "no_data"


def test_many_groups_looked_at_together_are_each_judged_more_strictly() -> None:
    reading, condition = rate(222, 312), Condition(value=0.77)
    assert threshold(reading, condition).kind == "bad"
    judged = threshold(reading, condition, family=50)
    assert (judged.kind, judged.confidence) == ("unsure", pytest.approx(0.999))
    assert judged.high == pytest.approx(proportion_confint(222, 312, alpha=0.001, method="beta")[1])


def test_a_family_of_quiet_groups_alarms_no_more_often_than_one() -> None:
    """At the limit itself, which is the worst case, at most 2.5% of the looks call any of the groups bad."""
    draws = np.random.default_rng(11)
    groups, looks, n = 20, 400, 200
    passed = draws.binomial(n, 0.8, (looks, groups))
    condition = Condition(value=0.8)
    wrong = sum(
        any(threshold(rate(int(k), n), condition, family=groups).kind == "bad" for k in look) for look in passed
    )
    assert stats.binomtest(wrong, looks, 0.025, alternative="greater").pvalue > 0.01


@given(st.floats(0.5, 0.999), st.integers(1, 1000))
def test_a_family_shares_what_one_would_have(confidence: float, family: int) -> None:
    assert (1 - corrected(confidence, family)) * family == pytest.approx(1 - confidence)


@given(st.integers(30, 500), st.integers(0, 500), st.floats(0.01, 0.99))
def test_a_stricter_confidence_never_makes_a_reading_bad(n: int, passed: int, value: float) -> None:
    reading = rate(min(passed, n), n)
    strict = threshold(reading, Condition(value=value, confidence=0.999)).kind
    assert strict != "bad" or threshold(reading, Condition(value=value, confidence=0.9)).kind == "bad"


@given(st.integers(30, 500), st.integers(0, 500), st.floats(0.0, 0.5))
def test_a_larger_margin_never_makes_a_change_bad(n: int, passed: int, margin: float) -> None:
    now, before = rate(min(passed, n), n), rate(400, 500)
    larger = change(now, before, Condition(baseline="previous", margin=margin + 0.1)).kind
    assert larger != "bad" or change(now, before, Condition(baseline="previous", margin=margin)).kind == "bad"
