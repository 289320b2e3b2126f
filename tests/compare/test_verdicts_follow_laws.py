from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.compare import compare, compare_many
from steelyard.compare.pairs import Cell, Measured
from steelyard.compare.verdicts import margin_for, verdict_of
from steelyard.errors import InvalidArgument
from steelyard.records import Estimate

from .synthetic import ACCURACY, LOSS, FakeStore, draw, save

MIRROR = {"better": "worse", "worse": "better", "equivalent": "equivalent", "undecided": "undecided"}
ORDER = ["worse", "undecided", "equivalent", "better"]

ends = st.floats(-0.3, 0.3)


def measured(low: float, high: float, info=ACCURACY, doubt=(0.0, 0.0)) -> Measured:
    cell = Cell(info, None, Estimate(0.8, 100), Estimate(0.8, 100))
    return Measured(cell, (low + high) / 2, low, high, 0.1, 0.5, 100, "test", doubt=doubt)


@given(ends, ends, st.floats(0, 0.2), st.floats(0, 0.1), st.floats(0, 0.1), st.booleans())
def test_swapping_the_sides_mirrors_the_verdict(a, b, margin, doubt_a, doubt_b, greater) -> None:
    low, high = min(a, b), max(a, b)
    info = ACCURACY if greater else LOSS
    one = verdict_of(measured(low, high, info, (doubt_a, doubt_b)), margin)
    other = verdict_of(measured(-high, -low, info, (doubt_b, doubt_a)), margin)
    assert other == MIRROR[one]


@given(ends, ends, st.floats(0, 0.2), st.floats(0, 0.1))
def test_doubt_about_the_candidate_never_helps_it(a, b, margin, doubt) -> None:
    low, high = min(a, b), max(a, b)
    if verdict_of(measured(low, high, doubt=(doubt, 0.0)), margin) == "better":
        assert verdict_of(measured(low, high), margin) == "better"
    if verdict_of(measured(low, high), margin) == "worse":
        assert verdict_of(measured(low, high, doubt=(doubt, 0.0)), margin) == "worse"


@given(ends, ends)
def test_a_wider_margin_never_turns_equivalence_into_doubt(a, b) -> None:
    low, high = min(a, b), max(a, b)
    verdicts = [verdict_of(measured(low, high), margin) for margin in (0.0, 0.05, 0.1, 0.3)]
    if "equivalent" in verdicts:
        assert set(verdicts[verdicts.index("equivalent") :]) == {"equivalent"}


def test_each_verdict_by_its_rule() -> None:
    assert verdict_of(measured(0.001, 0.05), 0.01) == "better"
    assert verdict_of(measured(-0.05, -0.001), 0.01) == "worse"
    assert verdict_of(measured(-0.05, -0.001, LOSS), 0.01) == "better"
    assert verdict_of(measured(-0.009, 0.009), 0.01) == "equivalent"
    assert verdict_of(measured(-0.05, 0.05), 0.01) == "undecided"
    assert verdict_of(measured(0.001, 0.05), 0.01, significant=False) == "undecided"
    assert verdict_of(measured(float("nan"), float("nan")), 0.01) == "undecided"
    assert verdict_of(measured(0.1, 0.2, replace(ACCURACY, greater_is_better=None)), 0.01) is None


def test_margins_by_default_and_as_told() -> None:
    low, high = Estimate(2.0, 9), Estimate(4.0, 9)
    assert margin_for(None, ACCURACY, low, high) == 0.01
    assert margin_for(None, replace(ACCURACY, unit="score", lower=-1.0), low, high) == pytest.approx(0.02)
    assert margin_for(None, LOSS, low, high) == margin_for(None, LOSS, high, low) == pytest.approx(0.03)
    assert margin_for({"log_loss": 0.5}, LOSS, low, high) == 0.5
    assert margin_for({"log_loss": 0.5}, ACCURACY, low, high) == 0.01
    for wrong in (-0.1, float("nan"), float("inf"), "1%"):
        with pytest.raises(InvalidArgument, match="margin"):
            margin_for(wrong, ACCURACY, low, high)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(20, 300), st.booleans())
def test_swapping_two_runs_mirrors_every_verdict_and_every_interval(seed: int, n: int, fails: bool) -> None:
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        store = FakeStore(Path(folder))
        y, (a, b) = draw(rng, n)
        category = rng.integers(0, 2, n)
        failed = [(rng.random(n) < 0.05) if fails else None for _ in range(2)]
        save(store, "one", y, a, category=category, failed=failed[0])
        save(store, "two", y, b, category=category, failed=failed[1])
        there, back = compare("one", "two", store=store), compare("two", "one", store=store)
    pairs = [(there.differences, back.differences), *((there.slices[s], back.slices[s]) for s in there.slices)]
    for first, second in pairs:
        for metric, difference in first.items():
            mirrored = second[metric]
            assert mirrored.verdict == (difference.verdict and MIRROR[difference.verdict])
            assert mirrored.margin == pytest.approx(difference.margin)
            if difference.low is not None:
                assert (-mirrored.high, -mirrored.low) == pytest.approx((difference.low, difference.high), abs=1e-12)
    assert (there.rows.all.fixed, there.rows.all.broken) == (back.rows.all.broken, back.rows.all.fixed)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([60, 400]))
def test_failing_on_a_row_is_never_better_than_being_wrong_on_it(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        store = FakeStore(Path(folder))
        y, (a, b) = draw(rng, n)
        wrong = ((b >= 0.5) != y) & (rng.random(n) < 0.7)
        save(store, "base", y, a)
        save(store, "wrong", y, b)
        save(store, "failing", y, b, failed=wrong)
        honest, failing = compare_many(["wrong", "failing"], "base", store=store)
    assert failing.verdicts["accuracy_score"] == honest.verdicts["accuracy_score"]
    assert failing.differences["accuracy_score"].difference == honest.differences["accuracy_score"].difference
    assert failing.rows.all.compared == honest.rows.all.compared == n
    if wrong.any():  # a loss has no worst value: the run that failed cannot win by it
        assert failing.verdicts["log_loss"] != "better"
        assert failing.differences["f1_score"].failed_candidate == wrong.sum()


def test_failures_count_without_rows_too(store, rng) -> None:
    y, (a, _) = draw(rng, 600)
    wrong = (a >= 0.5) != y
    save(store, "base", y, a, rows=False)
    save(store, "failing", y, a, failed=wrong, rows=False)
    comparison = compare("failing", "base", store=store)
    found = comparison.differences["accuracy_score"]
    assert found.candidate.value == 1.0
    assert found.difference == pytest.approx(0.0, abs=1e-12)
    assert found.verdict != "better"
    assert comparison.verdicts["log_loss"] == "undecided"
    assert any("failed on" in warning for warning in comparison.warnings)


def test_rows_without_a_target_count_against_nobody(store, rng) -> None:
    y, (a, b) = draw(rng, 300)
    blank = rng.random(300) < 0.1
    save(store, "base", y, a, no_target=blank)
    save(store, "cand", y, b, no_target=blank)
    comparison = compare("cand", "base", store=store)
    assert comparison.rows.all.no_target == blank.sum()
    assert comparison.rows.all.compared == (~blank).sum()
    ours, theirs = (b >= 0.5) == y, (a >= 0.5) == y
    expected = ours[~blank].mean() - theirs[~blank].mean()
    assert comparison.differences["accuracy_score"].difference == pytest.approx(expected)
    assert comparison.differences["log_loss"].failed_candidate == 0


@pytest.mark.slow
@pytest.mark.parametrize("n", [50, 200, 1000])
def test_equal_models_are_called_better_or_worse_no_oftener_than_promised(tmp_path, rng, n: int) -> None:
    runs = 400 if n < 1000 else 200
    false = {"accuracy_score": 0, "f1_score": 0, "log_loss": 0}
    in_slices = 0
    for run in range(runs):
        folder = tmp_path / str(run)
        folder.mkdir()
        store = FakeStore(folder)
        y, (a, b) = draw(rng, n)
        category = rng.integers(0, 4, n)
        save(store, "base", y, a, category=category, seed=run)
        save(store, "cand", y, b, category=category, seed=run)
        comparison = compare("cand", "base", store=store)
        for metric in false:
            false[metric] += comparison.verdicts[metric] in ("better", "worse")
        cells = [d.verdict for cells in comparison.slices.values() for d in cells.values()]
        in_slices += any(v in ("better", "worse") for v in cells)
    # Nominal 5 %; three standard errors of the simulation are 3.3 points at 400 runs, 4.6 at 200.
    for metric, count in false.items():
        assert count / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs), (metric, count / runs)
    assert in_slices / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
