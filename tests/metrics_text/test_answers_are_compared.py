"""Exact match, SQuAD's normalised match and token F1."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from steelyard.metrics.text import row_scores

answer = st.text(alphabet="aAthe .,!é日🙂\n", max_size=12)


@given(st.lists(st.tuples(answer, answer), min_size=1, max_size=20))
def test_exact_match_averages_to_the_accuracy_of_the_strings(rows):
    predictions, references = [p for p, _ in rows], [r for _, r in rows]
    assert row_scores("exact_match", predictions, references).mean() == accuracy_score(references, predictions)


@pytest.mark.parametrize(
    ("prediction", "reference", "f1"),
    [
        ("The Normans", "Normans", 1.0),
        ("in the 10th and 11th centuries", "10th and 11th centuries", 8 / 9),
        ("France.", "france", 1.0),
        ("no no no", "no", 0.5),
        ("", "", 1.0),
        ("the", "", 1.0),
        ("", "something", 0.0),
        ("Denmark, Iceland", ["Norway", "Iceland and Denmark"], 0.8),
    ],
)
def test_token_f1_follows_the_squad_script(prediction, reference, f1):
    assert row_scores("token_f1", [prediction], [reference])[0] == pytest.approx(f1)


@given(answer, answer)
def test_f1_is_symmetric_bounded_and_1_for_a_normalised_match(left, right):
    there, back = row_scores("token_f1", [left], [right])[0], row_scores("token_f1", [right], [left])[0]
    assert there == back
    assert 0 <= there <= 1
    assert (
        there
        >= row_scores("normalized_exact_match", [left], [right])[0]
        >= row_scores("exact_match", [left], [right])[0]
    )


@pytest.mark.parametrize("name", ["exact_match", "normalized_exact_match", "token_f1"])
def test_any_of_several_references_may_match_and_missing_rows_have_no_score(name):
    scores = row_scores(name, ["b", None, "c", "d"], [["a", "b"], "x", None, []])
    np.testing.assert_array_equal(scores, [1.0, np.nan, np.nan, np.nan])


def test_exact_match_compares_numbers_as_numbers_and_never_with_text():
    assert row_scores("exact_match", [1, 2.0, 3, "4"], [1, 2, 4, 4]).tolist() == [1.0, 1.0, 0.0, 0.0]
