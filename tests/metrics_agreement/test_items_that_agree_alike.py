"""Items that all agree alike do not show how agreement varies: the interval is not of no width."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from steelyard.metrics.agreement import Agreement, agreement, agreement_with, cohen_kappa, leave_one_out
from steelyard.records import Estimate

ALIKE = [[True, True, False]] * 10


def ends(estimate: Estimate) -> tuple[float, float]:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low, estimate.high


@pytest.mark.parametrize("count", [3, 10, 23])
def test_two_of_three_each_time(count: int) -> None:
    found: Agreement = agreement(ALIKE[:1] * count)
    for one in (found.raw, found.fleiss, found.gwet, found.krippendorff):
        low, high = ends(one)
        assert one.value is not None
        assert low < one.value - 0.05
        assert one.value + 0.05 < high
    for one in leave_one_out(ALIKE[:1] * count).values():
        low, high = ends(one)
        assert high - low > 0.1
    beside = agreement_with([True] * count, [[True, False]] * count)
    assert beside.value == 0.5
    assert ends(beside)[0] < 0.4


def test_the_interval_is_wilsons_corrected_for_chance() -> None:
    found = agreement([[True, True, False, False]] * 3 + [[False, True, False, True]] * 3)
    wilson = binomtest(2, 6).proportion_ci(0.95, "wilson")
    assert found.raw.value == pytest.approx(1 / 3)
    assert ends(found.raw) == pytest.approx((wilson.low, wilson.high))
    half = ((wilson.low - 0.5) / 0.5, (wilson.high - 0.5) / 0.5)
    assert ends(found.fleiss) == pytest.approx(half)
    assert ends(found.gwet) == pytest.approx(half)


def test_two_who_never_agree_may_agree_next_time() -> None:
    found = cohen_kappa(["a", "b"] * 10, ["b", "a"] * 10)
    assert found.value == -1.0
    assert ends(found) == pytest.approx((-1.0, 2 * binomtest(0, 20).proportion_ci(0.95, "wilson").high - 1))


def test_items_that_vary_keep_their_interval() -> None:
    found = agreement([[True, True, False]] * 5 + [[True, True, True]] * 5)
    assert found.fleiss.method == "linearised, Fisher z"
    assert found.krippendorff.method == "bootstrap, Fisher z"
