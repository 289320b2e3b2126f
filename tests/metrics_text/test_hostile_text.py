"""Texts that mean harm, or only mean nothing, get documented values in bounded time."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.metrics.text import CORPUS_METRICS, TEXT_METRICS, is_missing, row_scores

SECONDS = 4.0  # of CPU for texts whose square would take minutes
WITH_REFERENCE = [name for name, metric in TEXT_METRICS.items() if metric.needs_reference]

LONG = {
    "one letter": "a" * 300_000,
    "one word": "word " * 100_000,
    "blanks": " " * 300_000,
    "line breaks": "a\n" * 100_000,
    "dots": "." * 300_000,
    "dots and digits": "1." * 150_000,
    "dashes": "1-" * 150_000,
    "ampersands": "&amp;" * 60_000,
    "apostrophes": "'" * 300_000,
    "emoji": "🙂" * 200_000,
    "ideographs": "日本" * 100_000,
    "vowels": "aeiouy" * 50_000,
    "combining marks": "a" + "\u0301" * 200_000,
    "lone surrogates": "\ud83d" * 100_000,
}


@pytest.mark.parametrize("kind", LONG)
def test_a_long_repeated_text_takes_no_quadratic_time(kind):
    text = LONG[kind]
    for name, metric in TEXT_METRICS.items():
        columns = ([text], [text[: len(text) // 2]]) if metric.needs_reference else ([text],)
        start = time.process_time()
        scores = metric.per_row(*columns)
        assert time.process_time() - start < SECONDS, f"{name} on {kind}"
        assert scores.shape == (1,)


@pytest.mark.parametrize("name", WITH_REFERENCE)
def test_missing_is_not_empty(name):
    scores = row_scores(name, [None, "x y z w", "", float("nan")], ["x y z w", None, "x y z w", "x"])
    assert np.isnan(scores[[0, 1, 3]]).all()
    assert scores[2] == 0


@pytest.mark.parametrize("text", ["", "   ", "?!...", "🙂🙃", "\ud83d"])
def test_a_text_without_words_has_documented_values(text):
    with_words = "four words stand here"
    assert [row_scores(name, [text], [with_words])[0] for name in WITH_REFERENCE] == [0.0] * len(WITH_REFERENCE)
    for name in ("flesch_kincaid_grade_level", "ari_grade_level", "flesch_reading_ease", "word_count"):
        assert row_scores(name, [text])[0] == 0
    assert math.isnan(row_scores("distinct_1", [text])[0])


def test_rouge_reads_latin_letters_and_digits_only_while_chrf_reads_every_script():
    assert row_scores("rouge1", ["日本語です"], ["日本語です"])[0] == 0
    assert row_scores("chrf", ["日本語です"], ["日本語です"])[0] == pytest.approx(100)
    assert row_scores("exact_match", ["日本語です"], ["日本語です"])[0] == 1


def test_numbers_written_as_text_are_text():
    for name in ("exact_match", "token_f1", "rouge1", "rougeL"):
        assert row_scores(name, ["42", "42.0"], ["42", "42"])[0] == 1


@given(st.lists(st.one_of(st.none(), st.text(max_size=30)), min_size=1, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_scores_are_in_range_and_move_with_their_rows(column, rng):
    references = column[:]
    rng.shuffle(references)
    order = list(range(len(column)))
    rng.shuffle(order)
    shuffled = [column[i] for i in order], [references[i] for i in order]
    for name, metric in TEXT_METRICS.items():
        both = (column, references) if metric.needs_reference else (column,)
        scores = metric.per_row(*both)
        np.testing.assert_array_equal(metric.per_row(*shuffled[: len(both)]), scores[order], err_msg=name)
        defined = scores[~np.isnan(scores)]
        low, high = metric.info.lower, metric.info.upper
        assert low is None or (defined >= low).all(), name
        assert high is None or (defined <= high + 1e-9).all(), name
        assert np.isnan(scores[is_missing(*both)]).all(), name


@pytest.mark.parametrize("name", CORPUS_METRICS)
def test_no_rows_and_missing_rows_add_nothing(name):
    metric = CORPUS_METRICS[name]
    assert metric.statistics([], []).shape == (0, metric.width)
    assert not metric.statistics([None, "a"], ["a", None]).any()


@pytest.mark.parametrize("name", TEXT_METRICS)
def test_no_rows_give_no_scores(name):
    assert row_scores(name, [], []).shape == (0,)
