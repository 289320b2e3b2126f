"""Values of every kind, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.errors import InvalidArgument
from steelyard.metrics.agreement import (
    agreement,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac2,
    krippendorff_alpha,
    raw_agreement,
)

GRADES = ["poor", "fair", "good"]


def test_texts_are_ordered_by_their_categories():
    words = [["poor", "fair"], ["good", "good"], ["fair", "fair"], ["good", "fair"], ["poor", "poor"]]
    numbers = [[GRADES.index(value) for value in item] for item in words]
    by_words = agreement(words, level="ordinal", categories=GRADES)
    by_numbers = agreement(numbers, level="ordinal")
    assert by_words.krippendorff == by_numbers.krippendorff
    assert by_words.gwet == by_numbers.gwet == gwet_ac2(words, categories=GRADES)
    assert by_words.cohen == by_numbers.cohen


def test_yes_is_not_the_number_one():
    assert raw_agreement([[True, 1]]).value == 0.0
    assert raw_agreement([[1, 1.0]]).value == 1.0


def test_numpy_scalars_and_nan_are_values_and_gaps():
    items = np.array([[1.0, 1.0], [2.0, np.nan], [2.0, 3.0], [3.0, 3.0]])
    assert krippendorff_alpha(items, "interval") == krippendorff_alpha([[1, 1], [2, None], [2, 3], [3, 3]], "interval")


def test_lists_of_texts_are_sets_whose_order_is_nothing():
    assert raw_agreement([[["a", "b"], ["b", "a"]], [["a"], ["b"]]]).value == 0.5


def test_a_value_outside_the_categories_is_one_more_when_their_order_does_not_matter():
    assert agreement([["a", "x"], ["b", "b"]], categories=["a", "b"]).raw.value == 0.5
    with pytest.raises(InvalidArgument, match="not among the categories"):
        agreement([["a", "x"]], level="ordinal", categories=["a", "b"])


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: agreement([[1, 2], [1]]), "Item 1 has 1 ratings"),
        (lambda: agreement([[1, 2]], level="metric"), "level must be one of"),
        (lambda: krippendorff_alpha([[1, 2]], "metric"), "level must be one of"),
        (lambda: agreement([["a", "b"]], level="ordinal"), "give categories="),
        (lambda: agreement([["a", "b"]], level="interval"), "needs numbers"),
        (lambda: agreement([[1, -1], [2, 3]], level="ratio"), "0 or more"),
        (lambda: agreement([[object(), 1]]), "A rating is"),
        (lambda: cohen_kappa([1, 2, 3], [1, 2]), "3 and 2 values"),
        (lambda: cohen_kappa([[1, 2, 3]]), "square table"),
        (lambda: cohen_kappa([[1, 2], [3, 4]], weights="cubic"), "weights must be"),
        (lambda: fleiss_kappa([[0.5, 1]]), "whole numbers"),
        (lambda: agreement([[1, 2], [2, 2]], confidence=95), "confidence must lie"),
    ],
    ids=["ragged", "level", "alpha level", "no order", "text interval", "negative ratio", "object", "lengths",
         "no square", "weights", "counts", "confidence"],
)  # fmt: skip
def test_bad_input_is_refused_with_a_reason(call, told):
    with pytest.raises(InvalidArgument, match=told):
        call()


def test_many_different_numbers_are_no_trouble_and_what_needs_a_table_of_them_says_so():
    rng = np.random.default_rng(3)
    truth = rng.normal(50, 10, 1500)
    items = np.abs(truth[:, None] + rng.normal(0, 5, (1500, 2))).tolist()
    shown = agreement(items, level="interval", replicates=50)
    assert shown.krippendorff.value == pytest.approx(0.8, abs=0.03)
    assert shown.gwet.value is shown.cohen.value is None
    assert "too many" in shown.gwet.method
    assert "too many" in agreement(items, level="ratio", replicates=2).krippendorff.method
    assert agreement(items, level="ordinal", replicates=10).krippendorff.value == pytest.approx(0.8, abs=0.05)
