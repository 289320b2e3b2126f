"""ROUGE is Google's ROUGE, bit for bit, and obeys the laws of an overlap."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from steelyard.metrics.text import row_scores, score_rows
from steelyard.metrics.text.lcs import lcs_length, lcs_positions

ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")
ORACLE = rouge_scorer.RougeScorer(list(ROUGE))

word = st.sampled_from(
    ["the", "The", "cat", "sat", "a", "b-c", "don't", "42", "naïve", "日本", "İ", "K", "🙂", "...", ""]
)
text = st.lists(st.tuples(word, st.sampled_from([" ", " ", " ", "\n", "\n\n"])), max_size=14).map(
    lambda parts: "".join(w + blank for w, blank in parts)
)


@given(text, text)
@settings(max_examples=300, deadline=None)
def test_equal_to_rouge_score_on_any_text(prediction, reference):
    expected = ORACLE.score(reference, prediction)
    found = score_rows(ROUGE, [prediction], [reference])
    assert {name: float(found[name][0]) for name in ROUGE} == {name: expected[name].fmeasure for name in ROUGE}


@given(text, st.lists(text, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_the_best_of_several_references_counts(prediction, references):
    expected = ORACLE.score_multi(references, prediction)
    found = score_rows(ROUGE, [prediction], [references])
    assert {name: float(found[name][0]) for name in ROUGE} == {name: expected[name].fmeasure for name in ROUGE}


def test_equal_to_rouge_score_on_long_summaries_of_several_lines():
    rng = random.Random(7)
    words = [f"w{i}" for i in range(60)]

    def summary() -> str:
        return "".join(rng.choice(words) + rng.choices([" ", "\n"], [9, 1])[0] for _ in range(120))

    predictions, references = [summary() for _ in range(40)], [summary() for _ in range(40)]
    found = score_rows(ROUGE, predictions, references)
    for row, (prediction, reference) in enumerate(zip(predictions, references, strict=True)):
        expected = ORACLE.score(reference, prediction)
        assert [found[name][row] for name in ROUGE] == [expected[name].fmeasure for name in ROUGE]


@given(st.lists(st.integers(0, 4), max_size=400), st.lists(st.integers(0, 4), max_size=400))
@settings(max_examples=60, deadline=None)
def test_the_positions_are_a_common_subsequence_of_the_greatest_length(reference, candidate):
    used = lcs_positions(reference, candidate)
    chosen = [token for i, token in enumerate(reference) if used >> i & 1]
    rest = iter(candidate)
    assert all(token in rest for token in chosen)
    assert len(chosen) == lcs_length(reference, candidate) == lcs_length(candidate, reference)


@pytest.mark.parametrize("name", ROUGE[:3])
@given(left=text, right=text)
@settings(max_examples=40, deadline=None)
def test_swapping_the_sides_changes_nothing(name, left, right):
    assert row_scores(name, [left], [right]) == row_scores(name, [right], [left])


def test_a_text_equals_itself_and_shares_nothing_with_strangers():
    scores = score_rows(ROUGE, ["the cat sat\non the mat", "aaa bbb"], ["the cat sat\non the mat", "ccc ddd"])
    assert {name: values.tolist() for name, values in scores.items()} == {name: [1.0, 0.0] for name in ROUGE}


def test_one_kind_alone_equals_all_kinds_together():
    predictions, references = ["a b c\nd", "x", None], ["a c\nb d", ["y", "x y"], "z"]
    together = score_rows(ROUGE, predictions, references)
    for name in ROUGE:
        np.testing.assert_array_equal(row_scores(name, predictions, references), together[name])
