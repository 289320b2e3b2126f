"""Bins and cells: every row is in one, ties and missing values have their own, and new words are seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.metrics.drift import number_cells, word_cells

numbers = st.lists(st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6)), min_size=1, max_size=50)
words = st.lists(st.one_of(st.none(), st.sampled_from("abcdefgh")), min_size=1, max_size=80)


@given(numbers, numbers)
def test_every_number_is_in_one_bin(old: list[float], new: list[float]) -> None:
    cells = number_cells(old, new)
    before, after = cells.counts
    assert (before.sum(), after.sum()) == (len(old), len(new))
    assert len(before) == len(after) == len(cells.labels)
    assert before[-1] == np.isnan(old).sum()
    assert after[-1] == np.isnan(new).sum()


@given(words, words)
def test_every_word_is_in_one_cell(old: list[str | None], new: list[str | None]) -> None:
    cells = word_cells(old, new)
    before, after = cells.counts
    assert (before.sum(), after.sum()) == (len(old), len(new))
    unseen = sum(word is not None and word not in old for word in new)
    assert after[cells.labels.index("(new)")] == unseen
    assert before[cells.labels.index("(new)")] == 0


def test_bins_hold_equal_shares_of_the_reference_and_have_open_ends() -> None:
    before, after = number_cells(np.arange(1000.0), [-5.0, 1e9]).counts
    assert before[:-1].tolist() == [100] * 10
    assert (after[0], after[9]) == (1, 1)


def test_a_number_that_many_share_has_a_bin_of_its_own() -> None:
    cells = number_cells([0.0] * 60 + [float(i) for i in range(1, 41)], [0.0, 0.5, -1.0])
    at = cells.labels.index("0")
    assert [counts[at] for counts in cells.counts] == [60, 1]
    assert cells.labels[0] == "< 0"


def test_a_constant_sees_what_lies_below_and_above_it() -> None:
    cells = number_cells([7.0] * 20, [6.0, 7.0, 8.0])
    assert cells.labels == ("< 7", "7", "> 7", "(missing)")
    assert cells.counts[1].tolist() == [1, 1, 1, 0]


def test_rare_words_share_a_cell() -> None:
    cells = word_cells(["a"] * 100 + ["b", "c"], ["a"] * 100 + ["c", "z"])
    assert cells.labels == ("a", "(rare)", "(new)")
    assert [counts.tolist() for counts in cells.counts] == [[100, 2, 0], [100, 1, 1]]


def test_at_most_thirty_words_have_a_cell() -> None:
    vocabulary = [f"w{i}" for i in range(60)] * 20
    assert len(word_cells(vocabulary, vocabulary).labels) == 32


@pytest.mark.parametrize("old", [[], [float("nan")] * 5])
def test_a_reference_without_numbers_has_a_bin_for_any(old: list[float]) -> None:
    cells = number_cells(old or [float("nan")], [1.0, 2.0])
    assert cells.labels == ("any", "(missing)")
    assert cells.counts[1].tolist() == [2, 0]
