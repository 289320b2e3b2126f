"""The noise floor: seldom passed if nothing has changed, whatever the sizes; passed soon if something has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from steelyard.errors import InvalidArgument
from steelyard.metrics.drift import Drift, Sample, adjusted, drift_of_numbers, drift_of_words
from steelyard.metrics.drift.drift import DriftMethod

TIMES = 120
DAY = 86_400_000
Draw = Callable[[np.random.Generator, int], np.ndarray]

NUMBERS: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "skewed": lambda rng, n: rng.lognormal(0, 2, n),
    "tied": lambda rng, n: np.where(rng.random(n) < 0.6, 0.0, rng.poisson(2, n)),
}
WORDS: dict[str, Draw] = {
    "few": lambda rng, n: rng.choice(["OK", "ERROR"], n, p=[0.98, 0.02]),
    "flat": lambda rng, n: rng.choice([f"w{i}" for i in range(12)], n),
    "heavy tail": lambda rng, n: np.array([f"w{i}" for i in rng.zipf(1.6, n)]),
}


@pytest.mark.parametrize(
    ("kind", "method", "n", "m"),
    [
        ("normal", "psi", 50, 50),
        ("skewed", "js", 500, 500),
        ("tied", "ks", 500, 100),
        ("tied", "js", 5_000, 500),
        ("skewed", "chi2", 500, 5_000),
    ],
)
def test_the_floor_of_numbers_is_passed_about_once_in_a_hundred(kind: str, method: DriftMethod, n: int, m: int) -> None:
    rng, draw = np.random.default_rng(7), NUMBERS[kind]
    found = [
        drift_of_numbers(f"f{i}", Sample(draw(rng, n)), Sample(draw(rng, m)), method=method, replicates=300)
        for i in range(TIMES)
    ]
    assert passed(found) <= 6  # of 1.2 expected, more than 6 come once in 1,700 times


@pytest.mark.parametrize(
    ("kind", "method", "n", "m"),
    [
        ("few", "js", 500, 500),
        ("flat", "psi", 50, 500),
        ("heavy tail", "js", 500, 5_000),
        ("heavy tail", "chi2", 50, 50),
    ],
)
def test_the_floor_of_words_is_passed_about_once_in_a_hundred(kind: str, method: DriftMethod, n: int, m: int) -> None:
    rng, draw = np.random.default_rng(8), WORDS[kind]
    found = [
        drift_of_words(
            f"f{i}", Sample(draw(rng, n).tolist()), Sample(draw(rng, m).tolist()), method=method, replicates=300
        )
        for i in range(TIMES)
    ]
    assert passed(found) <= 6


@pytest.mark.parametrize("method", ["psi", "js", "ks", "chi2"])
def test_a_planted_shift_is_found(method: DriftMethod) -> None:
    rng = np.random.default_rng(1)
    found = [
        drift_of_numbers(
            f"f{i}", Sample(rng.normal(size=1_000)), Sample(rng.normal(0.4, 1, 500)), method=method, replicates=300
        )
        for i in range(20)
    ]
    assert sum(one.is_drift for one in found) >= 19
    assert all(one.floor_95 <= one.floor_99 for one in found if one.floor_95 and one.floor_99)


def test_the_floor_falls_as_rows_grow() -> None:
    rng = np.random.default_rng(2)
    floors = [
        drift_of_numbers("f", Sample(rng.normal(size=n)), Sample(rng.normal(size=n)), method="psi").floor_99 or 0.0
        for n in (50, 500, 5_000)
    ]
    assert floors[0] > 5 * floors[1] > 25 * floors[2] * 0.9


def test_the_same_samples_give_the_same_drift() -> None:
    rng = np.random.default_rng(4)
    old, new = Sample(rng.normal(size=300)), Sample(rng.normal(size=200))
    assert drift_of_numbers("f", old, new) == drift_of_numbers("f", old, new)


def test_a_new_word_that_many_rows_have_is_told_first() -> None:
    old, new = ["gpt-4o"] * 500, ["gpt-4o"] * 250 + ["gpt-5"] * 250
    found = drift_of_words("model", Sample(old), Sample(new, ids=[str(i) for i in range(500)]))
    assert found.is_drift
    assert max(found.bins, key=lambda one: one.part).label == "(new)"
    assert found.rows[:2] == ("250", "251")
    assert "model has moved" in found.sentence
    assert "(new) from 0.0% to 50.0%" in found.sentence


def test_parts_of_bins_add_up_to_the_whole_distance() -> None:
    rng = np.random.default_rng(5)
    found = drift_of_numbers("f", Sample(rng.normal(size=500)), Sample(rng.normal(1, 1, 500)))
    assert sum(one.part for one in found.bins) == pytest.approx(1.0)
    assert sum(one.reference for one in found.bins) == pytest.approx(1.0)


def test_the_interval_holds_the_distance_of_the_populations() -> None:
    # Of N(0, 1) and N(0.5, 1) Kolmogorov and Smirnov's distance is Φ(0.25) − Φ(−0.25) = 0.1974.
    rng = np.random.default_rng(6)
    found = [
        drift_of_numbers(
            "f", Sample(rng.normal(size=800)), Sample(rng.normal(0.5, 1, 800)), method="ks", replicates=200
        )
        for _ in range(40)
    ]
    inside = sum(one.low <= 0.1974 <= one.high for one in found if one.low is not None and one.high is not None)
    assert inside >= 33


def week(rng: np.random.Generator, days: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of many days, those of weekends (days 5 and 6 of 7) being larger, and their times."""
    day = np.repeat(np.arange(first, first + days), 200)
    values = rng.normal(np.where(day % 7 >= 5, 0.8, 0.0), 1.0)
    return values, day * DAY + rng.integers(0, DAY, len(day))


def test_a_weekend_is_no_drift_where_the_reference_has_weekends() -> None:
    rng = np.random.default_rng(9)
    values, times = week(rng, 28)
    sunday, at = week(rng, 1, first=34)
    old, new = Sample(values, times), Sample(sunday, at, (34 * DAY, 35 * DAY))
    assert drift_of_numbers("f", old, new, floor_from="rows").is_drift
    found = drift_of_numbers("f", old, new)
    assert found.floor_from == "days"
    assert not found.is_drift
    assert "as its own days differ" in found.sentence


def test_more_than_the_weekend_is_drift_all_the_same() -> None:
    rng = np.random.default_rng(10)
    values, times = week(rng, 28)
    sunday, at = week(rng, 1, first=34)
    assert drift_of_numbers("f", Sample(values, times), Sample(sunday + 1.5, at, (34 * DAY, 35 * DAY))).is_drift


def test_days_that_do_not_differ_hardly_raise_the_floor() -> None:
    rng = np.random.default_rng(11)
    values, times = rng.normal(size=5_600), np.repeat(np.arange(28), 200) * DAY
    new = Sample(rng.normal(size=200), np.full(200, 28 * DAY), (28 * DAY, 29 * DAY))
    by = [drift_of_numbers("f", Sample(values, times), new, floor_from=floor).floor_99 for floor in ("rows", "days")]
    assert by[1] == pytest.approx(by[0], rel=0.25)


def test_few_rows_say_nothing() -> None:
    found = drift_of_numbers("f", Sample([1.0] * 5), Sample([2.0] * 500))
    assert (found.value, found.is_drift) == (None, False)
    assert "too few rows" in found.sentence


def test_many_features_are_held_to_a_stricter_level() -> None:
    one = Drift(feature="a", kind="number", method="js", value=0.2, floor_99=0.19, p_value=0.008)
    rest = [Drift(feature=f"x{i}", kind="number", method="js", value=0.1, floor_99=0.2, p_value=0.5) for i in range(9)]
    assert adjusted([one])[0].is_drift
    first = adjusted([*rest, one])[0]
    assert (first.feature, first.p_adjusted, first.is_drift) == ("a", pytest.approx(0.08), False)
    assert "may have moved" in first.sentence


@pytest.mark.parametrize("method", ["ks", "embedding", "euclid"])
def test_words_are_not_measured_as_numbers_are(method: str) -> None:
    with pytest.raises(InvalidArgument, match="psi, js, "):
        drift_of_words("f", Sample(["a"] * 20), Sample(["b"] * 20), method=method)  # pyrefly: ignore


def passed(found: list[Drift]) -> int:
    return sum(one.excess > 0 for one in found)


@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 5_000), (500, 500)])
def test_numbers_that_are_nearly_all_equal_are_quiet_too(n: int, m: int) -> None:
    """A reference may hold none of the one row in a hundred that differs."""
    rng = np.random.default_rng(17)

    def drawn(size: int) -> Sample:
        return Sample((rng.random(size) < 0.99).astype(float))

    found = [drift_of_numbers(f"f{i}", drawn(n), drawn(m), method="ks", replicates=200) for i in range(60)]
    assert passed(found) <= 4
    fallen = Sample((rng.random(m) < 0.7).astype(float))
    assert drift_of_numbers("f", Sample(np.ones(n)), fallen, method="ks").is_drift


@pytest.mark.parametrize("method", ["psi", "js", "ks", "chi2"])
def test_numbers_without_an_end_are_compared_as_they_are(method: DriftMethod) -> None:
    half = Sample(np.where(np.arange(100) < 50, np.inf, np.arange(100.0)))
    found = drift_of_numbers("f", half, half, method=method, replicates=200)
    assert (found.value, found.is_drift) == (0.0, False)
    assert drift_of_numbers("f", half, Sample(np.arange(100.0)), method=method, replicates=200).is_drift
