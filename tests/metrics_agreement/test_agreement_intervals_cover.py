"""Intervals of agreement contain the truth as often as they say, in draws from a known population."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.metrics.agreement import agreement, agreement_with, leave_one_out

RIGHT, YES, RATERS = 0.85, 0.7, 3
RAW = RIGHT**2 + (1 - RIGHT) ** 2
SAYS_YES = YES * RIGHT + (1 - YES) * (1 - RIGHT)
BY_CHANCE = SAYS_YES**2 + (1 - SAYS_YES) ** 2
KAPPA = (RAW - BY_CHANCE) / (1 - BY_CHANCE)
AC1 = (RAW - 2 * SAYS_YES * (1 - SAYS_YES)) / (1 - 2 * SAYS_YES * (1 - SAYS_YES))
TRUTH = {"raw": RAW, "fleiss": KAPPA, "krippendorff": KAPPA, "gwet": AC1}


def drawn(rng, items, raters=RATERS):
    truth = rng.random(items) < YES
    return np.where(rng.random((items, raters)) < RIGHT, truth[:, None], ~truth[:, None])


def test_nominal_intervals_cover_the_truth_about_as_often_as_promised():
    rng = np.random.default_rng(7)
    runs = 250
    covered = dict.fromkeys(TRUTH, 0)
    for _ in range(runs):
        shown = agreement(drawn(rng, 50).tolist(), replicates=150)
        for name, truth in TRUTH.items():
            estimate = getattr(shown, name)
            covered[name] += estimate.low <= truth <= estimate.high
    for name, count in covered.items():
        assert 0.91 <= count / runs <= 0.995, (name, count / runs)


def test_the_bootstrap_standard_error_of_alpha_is_that_of_repeated_studies():
    rng = np.random.default_rng(8)
    studies = [agreement(drawn(rng, 120).tolist(), replicates=200).krippendorff for _ in range(120)]
    spread = np.std([study.value for study in studies], ddof=1)
    assert np.mean([study.se for study in studies]) == pytest.approx(spread, rel=0.2)


def test_more_items_than_buckets_give_the_width_that_more_items_should():
    rng = np.random.default_rng(9)
    many, few = (agreement(drawn(rng, n).tolist(), replicates=400).krippendorff for n in (9000, 1000))
    assert few.se / many.se == pytest.approx(3.0, rel=0.2)
    assert many.low < KAPPA < many.high


def test_each_rater_agrees_with_the_others_as_the_population_does():
    rng = np.random.default_rng(10)
    people = drawn(rng, 4000)
    alone = leave_one_out(people.tolist())
    assert set(alone) == {0, 1, 2}
    for estimate in alone.values():
        assert estimate.value == pytest.approx(RAW, abs=4 * estimate.se)
        assert estimate.low < estimate.value < estimate.high
    coin = rng.random(4000) < 0.5
    assert agreement_with(coin.tolist(), people.tolist()).high < min(estimate.low for estimate in alone.values())


def test_a_majority_counts_ties_by_their_share():
    items = [["a", "a", "b"], ["b", "a", None], ["a", None, None], ["a", "b", "c"]]
    alone = leave_one_out(items, against="majority")
    assert alone[0].value == pytest.approx((0.5 + 0 + 0) / 3)
    assert alone[2].value == pytest.approx(0 / 2)
    judge = agreement_with(["a", "a", "b", "c"], items, against="majority")
    assert judge.value == pytest.approx((1 + 1 / 2 + 0 + 1 / 3) / 4)
    assert agreement_with([None, None, None, None], items).value is None
    assert leave_one_out([]) == {}
