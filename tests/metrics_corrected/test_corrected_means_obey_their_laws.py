"""What holds of every correction, whatever the numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.metrics.corrected import CorrectedMean, prediction_powered, rogan_gladen, rogan_gladen_many
from steelyard.records import Estimate

seeds = st.integers(0, 2**31)
few = settings(max_examples=25)


def width(found: Estimate | None) -> float:
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


def numbers(seed: int, n: int = 40, rest: int = 300, correlation: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    y, noise = np.random.default_rng(seed).normal(size=(2, n + rest))
    return y, correlation * y + np.sqrt(1 - correlation**2) * noise


def mean_of(y: np.ndarray, f: np.ndarray, n: int = 40, **how: Any) -> CorrectedMean:
    return prediction_powered(y[:n], f[:n], f[n:], **how)


@few
@given(seeds, st.integers(15, 60), st.integers(20, 500))
def test_a_perfect_judge_is_as_good_as_people_on_every_item(seed: int, n: int, rest: int) -> None:
    y, _ = numbers(seed, n, rest)
    found = mean_of(y, y, n)
    assert found.corrected is not None
    assert found.corrected.value == pytest.approx(y.mean(), abs=1e-9)
    assert found.effective_n == pytest.approx(n + rest, rel=1e-6)
    assert found.weight == pytest.approx(rest / (n + rest))


@few
@given(seeds, st.sampled_from([20, 50, 200]), st.booleans())
def test_a_useless_judge_costs_next_to_nothing(seed: int, n: int, yes_no: bool) -> None:
    y, f = numbers(seed, n, 400, correlation=0.0)
    if yes_no:
        y, f = (y > 0).astype(float), (f > 0.3).astype(float)
    found = mean_of(y, f, n)
    if not found.refused:
        assert width(found.corrected) < (1.0 + 4.0 / n) * 1.1 * width(found.humans)


@few
@given(seeds, st.booleans())
def test_the_order_of_items_changes_nothing(seed: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    y, f = numbers(seed)
    strata, chance, order, others = (
        rng.integers(0, 3, 340),
        rng.uniform(0.1, 0.9, 40),
        rng.permutation(40),
        rng.permutation(300),
    )
    known = {"propensities": chance} if weighted else {}
    first = mean_of(y, f, strata=(strata[:40], strata[40:]), **known)
    known = {"propensities": chance[order]} if weighted else {}
    again = prediction_powered(
        y[:40][order], f[:40][order], f[40:][others], strata=(strata[:40][order], strata[40:][others]), **known
    )
    for one, other in ((first.corrected, again.corrected), (first.humans, again.humans), (first.bias, again.bias)):
        assert one is not None
        assert other is not None
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), rel=1e-9, abs=1e-9)


@few
@given(seeds, st.floats(-50, 50), st.floats(0.01, 100))
def test_another_unit_is_the_same_mean_in_that_unit(seed: int, shift: float, scale: float) -> None:
    y, f = numbers(seed)
    plain, moved = mean_of(y, f), mean_of(shift + scale * y, shift + scale * f)
    assert plain.corrected is not None
    assert moved.corrected is not None
    for end in ("value", "low", "high"):
        there, here = getattr(moved.corrected, end), getattr(plain.corrected, end)
        assert there == pytest.approx(shift + scale * here, rel=1e-7, abs=1e-7)
    assert moved.weight == pytest.approx(plain.weight, abs=1e-7)
    assert moved.effective_n == pytest.approx(plain.effective_n, rel=1e-6)


@few
@given(seeds)
def test_yes_turned_to_no_mirrors_the_mean(seed: int) -> None:
    y, f = numbers(seed, correlation=0.9)
    y, f = (y > -0.3).astype(float), (f > -0.3).astype(float)
    plain, turned = mean_of(y, f), mean_of(1 - y, 1 - f)
    assert plain.corrected is not None
    assert turned.corrected is not None
    assert turned.corrected.value == pytest.approx(1 - float(plain.corrected), abs=1e-9)
    assert (turned.corrected.low, turned.corrected.high) == pytest.approx(
        (1 - (plain.corrected.high or 0), 1 - (plain.corrected.low or 0)), abs=1e-9
    )


@few
@given(seeds)
def test_one_stratum_and_equal_probabilities_change_nothing(seed: int) -> None:
    y, f = numbers(seed)
    plain = mean_of(y, f).corrected
    in_one = mean_of(y, f, strata=(["a"] * 40, ["a"] * 300)).corrected
    alike = mean_of(y, f, propensities=np.full(40, 40 / 340)).corrected
    assert plain is not None
    assert plain == in_one
    assert alike is not None
    assert (alike.value, alike.low, alike.high) == pytest.approx(
        (plain.value, plain.low, plain.high), rel=1e-9, abs=1e-12
    )


@few
@given(seeds)
def test_a_population_of_just_these_items_is_known_no_worse(seed: int) -> None:
    y, f = numbers(seed)
    assert width(mean_of(y, f, finite=True).corrected) < width(mean_of(y, f).corrected)


def test_labels_for_every_item_leave_nothing_to_a_judge() -> None:
    y, f = numbers(5, n=40, rest=0)
    found = prediction_powered(y, f, [])
    assert found.corrected is not None
    assert found.corrected.value == pytest.approx(y.mean())
    assert found.weight == 0
    assert width(found.corrected) == pytest.approx(width(found.humans), rel=1e-9)


counts = st.integers(5, 200).flatmap(lambda m: st.tuples(st.integers(0, m), st.just(m)))


@settings(max_examples=100)
@given(counts, counts, st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_rogan_gladen_lies_within_its_interval_and_0_to_1(
    sensitivity: tuple[int, int], specificity: tuple[int, int], passed: tuple[int, int]
) -> None:
    found = rogan_gladen(*passed, sensitivity=sensitivity, specificity=specificity)
    assert (found.corrected is None) == bool(found.refused)
    if found.corrected is not None:
        assert 0 <= found.corrected.low <= found.corrected.value <= found.corrected.high <= 1


@settings(max_examples=10)
@given(seeds)
def test_two_classes_inverted_as_many_are_rogan_gladen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    right, wrong, passed = int(rng.integers(40, 50)), int(rng.integers(30, 40)), int(rng.integers(150, 350))
    two = rogan_gladen(passed, 500, sensitivity=(right, 50), specificity=(wrong, 40))
    many = rogan_gladen_many([500 - passed, passed], [[wrong, 40 - wrong], [50 - right, right]], names=["no", "yes"])[
        "yes"
    ]
    assert many.youden == pytest.approx(two.youden)
    assert two.corrected is not None
    assert many.corrected is not None
    assert many.corrected.value == pytest.approx(two.corrected.value)
    assert (many.corrected.low, many.corrected.high) == pytest.approx((two.corrected.low, two.corrected.high), abs=0.05)


def test_several_classes_are_covered_after_a_shift() -> None:
    rng = np.random.default_rng(1)
    confusion = np.array([[0.85, 0.1, 0.05], [0.1, 0.8, 0.1], [0.05, 0.1, 0.85]])
    now = np.array([0.1, 0.3, 0.6])
    hits = 0
    for trial in range(100):
        table = np.stack([rng.multinomial(30, row) for row in confusion])
        found = rogan_gladen_many(rng.multinomial(800, now @ confusion), table, replicates=400, key=trial)
        hits += sum(e.low <= p <= e.high for e, p in zip((f.corrected for f in found.values()), now, strict=True) if e)
    assert hits >= 0.92 * 300
