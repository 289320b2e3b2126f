"""Quantiles from counts by bucket: near the exact ones whatever the scale, and the same however they were merged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.metrics.states.quantiles import RELATIVE_ERROR, Quantiles, entries_of, merged, quantiles_of

SHARES = (0.0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0)
values = st.lists(st.floats(-1e12, 1e12).filter(lambda x: x == 0 or abs(x) > 1e-9), max_size=60)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("draw", ["lognormal", "uniform", "pareto"])
def test_they_are_within_one_percent_of_numpy(draw: str, scale: float) -> None:
    rng = np.random.default_rng(7)
    numbers = {"lognormal": rng.lognormal(3, 2, 5000), "uniform": rng.random(5000), "pareto": rng.pareto(1.1, 5000)}
    drawn = numbers[draw] * scale
    state = Quantiles.of(drawn)
    exact = np.quantile(drawn, SHARES)
    found = [state.quantile(q) for q in SHARES]
    assert RELATIVE_ERROR < 0.01
    np.testing.assert_allclose(found, exact, rtol=0.01)


@given(values.map(lambda some: [abs(x) for x in some]))
def test_they_are_within_one_percent_of_numpy_for_few_numbers_too(numbers: list[float]) -> None:
    state = Quantiles.of(numbers)
    if not numbers:
        assert np.isnan(state.quantile(0.5))
        return
    for q in SHARES:
        exact = float(np.quantile(numbers, q))
        assert abs(state.quantile(q) - exact) <= 0.01 * abs(exact) + 1e-300


@given(values, values, values)
def test_merging_is_associative_and_commutative_to_the_byte(a: list[float], b: list[float], c: list[float]) -> None:
    x, y, z = Quantiles.of(a), Quantiles.of(b), Quantiles.of(c)
    whole = Quantiles.of([*c, *a, *b]).to_bytes()
    assert x.merge(y).merge(z).to_bytes() == whole
    assert z.merge(y.merge(x)).to_bytes() == whole
    assert merged([x, y, z, Quantiles.of([])]).to_bytes() == whole


@given(values)
def test_a_state_comes_back_from_its_bytes(numbers: list[float]) -> None:
    state = Quantiles.of(numbers)
    assert Quantiles.from_bytes(state.to_bytes()) == state
    assert state.n == len(numbers)


@given(st.lists(values, min_size=1, max_size=6))
def test_many_at_once_are_the_same_as_one_by_one(parts: list[list[float]]) -> None:
    states = [Quantiles.of(part) for part in parts]
    found = quantiles_of(*entries_of([state.to_bytes() for state in states]), len(states), SHARES)
    np.testing.assert_array_equal(found, [[state.quantile(q) for q in SHARES] for state in states])


def test_numbers_at_the_edges_of_float64_have_buckets() -> None:
    edges = [5e-324, 2.2e-308, 1.0, 1.7976931348623157e308]
    state = Quantiles.of([*edges, 0.0, *(-x for x in edges)])
    assert state.quantile(0.5) == 0.0
    assert state.quantile(1.0) == pytest.approx(edges[-1], rel=0.011)
    assert state.quantile(0.0) == pytest.approx(-edges[-1], rel=0.011)
