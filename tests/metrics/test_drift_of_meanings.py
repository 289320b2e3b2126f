"""Embeddings: the discrepancy equals its definition, its floor holds, and other topics are far away."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.errors import InvalidArgument
from steelyard.metrics.drift import drift_of_texts, mmd_squared
from steelyard.metrics.drift.hashed_texts import hashed_words


def test_the_discrepancy_is_that_of_its_definition() -> None:
    rng = np.random.default_rng(0)
    x, y, width = rng.normal(size=(7, 3)), rng.normal(0.5, 1, (5, 3)), 1.3

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.exp(-((a - b) ** 2).sum() / (2 * width**2)))

    by_hand = (
        np.mean([k(x[i], x[j]) for i in range(7) for j in range(7) if i != j])
        + np.mean([k(y[i], y[j]) for i in range(5) for j in range(5) if i != j])
        - 2 * np.mean([k(a, b) for a in x for b in y])
    )
    assert mmd_squared(x, y, width=width) == pytest.approx(by_hand, abs=1e-6)


def test_the_floor_and_the_p_value_hold_without_a_change() -> None:
    rng = np.random.default_rng(1)
    found = [
        drift_of_texts(f"f{i}", rng.normal(size=(150, 8)), rng.normal(size=(80, 8)), permutations=200)
        for i in range(60)
    ]
    assert sum((one.value or 0.0) > (one.floor_99 or 0.0) for one in found) <= 5
    assert sum((one.p_value or 0.0) <= 0.05 for one in found) <= 9
    assert not any(one.is_drift for one in found[:5])


def test_other_texts_are_found_and_those_least_alike_are_named() -> None:
    rng = np.random.default_rng(2)
    shipping, billing = ["where", "order", "parcel", "late"], ["refund", "invoice", "card", "charge"]
    old = [" ".join(rng.choice(shipping, 6)) for _ in range(200)]
    new = [" ".join(rng.choice(shipping, 6)) for _ in range(150)] + [
        " ".join(rng.choice(billing, 6)) for _ in range(50)
    ]
    ids = [f"tr-{i}" for i in range(200)]
    found = drift_of_texts("input.text", hashed_words(old), hashed_words(new), ids=ids, permutations=200)
    assert found.is_drift
    assert (found.low or 0.0) > 0
    assert all(int(one.removeprefix("tr-")) >= 150 for one in found.rows)


def test_blocks_of_many_rows_find_what_few_would() -> None:
    rng = np.random.default_rng(3)
    same = drift_of_texts("f", rng.normal(size=(2_300, 4)), rng.normal(size=(1_100, 4)), permutations=100)
    moved = drift_of_texts("f", rng.normal(size=(2_300, 4)), rng.normal(0.3, 1, (1_100, 4)), permutations=100)
    assert (same.is_drift, moved.is_drift) == (False, True)


def test_texts_that_are_all_the_same_have_not_moved() -> None:
    vectors = hashed_words(["hello there"] * 40)
    assert not drift_of_texts("f", vectors, vectors, permutations=50).is_drift


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (np.zeros((30, 3)), np.zeros((30, 4)), "3 and of 4"),
        (np.zeros(30), np.zeros((30, 4)), "a table"),
        (np.full((30, 2), np.nan), np.zeros((30, 2)), "finite"),
    ],
    ids=["widths", "no table", "nan"],
)
def test_vectors_that_cannot_be_compared_are_refused(old: np.ndarray, new: np.ndarray, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        drift_of_texts("f", old, new)
