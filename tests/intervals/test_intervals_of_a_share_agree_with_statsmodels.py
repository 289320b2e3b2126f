from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals import clopper_pearson, effective_n, jeffreys, newcombe_unpaired, wilson

CASES = [(0, 1), (1, 1), (0, 20), (20, 20), (1, 50), (45, 50), (333, 1000), (7, 100_000)]


@pytest.mark.parametrize(
    ("ours", "golden"),
    [
        (wilson, (0.7863976857, 0.9565242351)),
        (clopper_pearson, (0.7818646336, 0.9667249064)),
        (jeffreys, (0.7946451720, 0.9608056356)),
    ],
)
def test_golden_numbers_for_45_of_50(ours, golden) -> None:
    interval = ours(45, 50)
    assert (interval.low, interval.high) == pytest.approx(golden, abs=1e-10)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
@pytest.mark.parametrize(("k", "n"), CASES)
def test_wilson_and_clopper_pearson_equal_the_reference(k: int, n: int, confidence: float) -> None:
    for ours, method in ((wilson, "wilson"), (clopper_pearson, "beta")):
        interval = ours(k, n, confidence)
        expected = proportion_confint(k, n, alpha=1 - confidence, method=method)
        assert (interval.low, interval.high) == pytest.approx(expected, abs=1e-9)
    exact = stats.binomtest(k, n).proportion_ci(confidence)
    assert clopper_pearson(k, n, confidence).low == pytest.approx(exact.low, abs=1e-9)


def test_jeffreys_equals_the_reference_away_from_the_ends() -> None:
    for k, n in ((1, 50), (45, 50), (333, 1000)):
        interval = jeffreys(k, n)
        assert (interval.low, interval.high) == pytest.approx(proportion_confint(k, n, method="jeffreys"), abs=1e-9)
    assert jeffreys(0, 9).low == 0.0
    assert jeffreys(9, 9).high == 1.0


def test_many_shares_at_once_equal_each_by_itself() -> None:
    k, n = np.array([c[0] for c in CASES]), np.array([c[1] for c in CASES])
    for ours in (wilson, clopper_pearson, jeffreys):
        together = ours(k, n)
        for i, (successes, rows) in enumerate(CASES):
            assert together.at(i) == ours(successes, rows)


def test_no_rows_give_no_interval_and_no_warning() -> None:
    for ours in (wilson, clopper_pearson, jeffreys):
        assert np.isnan(ours(0, 0).low)
        assert np.isnan(ours(0, 0).high)


def test_equal_weights_say_as_much_as_rows() -> None:
    n = effective_n(50 * 3.0, 50 * 9.0)
    assert float(n) == 50.0
    assert wilson(0.9 * n, n).low == pytest.approx(wilson(45, 50).low)


def test_more_successes_than_rows_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="between 0 and n"):
        wilson(11, 10)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.1])
def test_a_confidence_outside_0_and_1_is_refused(confidence: float) -> None:
    with pytest.raises(InvalidArgument, match="between 0 and 1"):
        wilson(1, 10, confidence)


def test_newcombe_for_two_groups_equals_the_reference() -> None:
    for a, b, c, d in ((56, 70, 48, 80), (0, 10, 3, 20), (10, 10, 0, 5), (5, 56, 0, 29)):
        interval = newcombe_unpaired(a, b, c, d)
        expected = confint_proportions_2indep(a, b, c, d, method="newcomb", compare="diff")
        assert (interval.low, interval.high) == pytest.approx(expected, abs=1e-9)
