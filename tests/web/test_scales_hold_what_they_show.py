from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import Estimate, MetricInfo
from steelyard.web.formats import score, signed
from steelyard.web.scales import difference_scale, estimate_scale, nice_scale

finite = st.floats(-1e9, 1e9, allow_nan=False)


def place(percent: str) -> float:
    return float(percent.removesuffix("%"))


@given(st.lists(finite, min_size=1, max_size=20))
def test_every_value_lies_on_a_scale_made_for_it_in_its_order(values: list[float]):
    scale = nice_scale(values)
    assert scale.low < scale.high
    assert all(not scale.below(v) and not scale.above(v) for v in values)
    places = [place(scale.at(v)) for v in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= p <= 100 for p in places)


@given(st.lists(finite, min_size=0, max_size=20))
def test_zero_is_on_every_scale_of_differences(ends: list[float]):
    scale = difference_scale(ends)
    assert scale.low <= 0 <= scale.high


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_scale_of_shares_stays_within_nought_and_one(a: float, b: float):
    low, high = sorted((a, b))
    scale = estimate_scale([Estimate((a + b) / 2, 10, low=low, high=high)], MetricInfo(name="m", title="M"))
    assert scale.low >= -1e-9
    assert scale.high <= 1 + 1e-9


def test_one_odd_run_does_not_flatten_the_others():
    runs = [Estimate(v, 100, low=v - 0.01, high=v + 0.01) for v in (0.90, 0.91, 0.92, 0.915, 0.905, 0.2)]
    assert estimate_scale(runs, trim=True).low > 0.8
    assert estimate_scale(runs).low < 0.2


@given(finite)
def test_numbers_are_written_with_a_real_minus_and_near_their_value(value: float):
    text = score(value)
    assert "-" not in text
    assert math.isclose(float(text.replace("\N{MINUS SIGN}", "-").replace(",", "")), value, rel_tol=1e-2, abs_tol=6e-4)


@given(st.floats(-1, 1))
def test_differences_carry_their_sign_unless_they_round_to_nothing(value: float):
    text = signed(value)
    points = round(value * 100, 1)
    assert text[0] == ("+" if points > 0 else "\N{MINUS SIGN}" if points < 0 else "0")
