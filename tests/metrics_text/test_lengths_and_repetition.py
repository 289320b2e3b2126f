"""Counts, ratios and repetition, and token counts that need no network."""

from __future__ import annotations

import base64
import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument, MissingDependency
from steelyard.metrics.text import how_counted, row_scores, token_count
from steelyard.metrics.text.token_count import estimated_tokens


def test_counts_of_an_ordinary_text():
    text = ["The cat sat on the mat. It didn't move at all!"]
    counts = {name: row_scores(name, text)[0] for name in ("char_count", "word_count", "sentence_count")}
    assert counts == {"char_count": 46, "word_count": 11, "sentence_count": 2}


def test_distinct_n_falls_with_repetition_and_is_undefined_without_enough_words():
    np.testing.assert_array_equal(
        row_scores("distinct_1", ["a b c", "la La LA la", "!!", None]), [1, 0.25, np.nan, np.nan]
    )
    np.testing.assert_array_equal(row_scores("distinct_2", ["a b a b a", "one"]), [0.5, np.nan])


def test_the_length_ratio_uses_the_reference_nearest_in_length():
    ratios = row_scores("length_ratio", ["a b c", "a b", "a", None], [["a", "a b c d"], "", "a b", "x"])
    np.testing.assert_array_equal(ratios, [0.75, np.nan, 0.5, np.nan])


@given(st.text(max_size=60))
def test_a_text_has_at_most_as_many_tokens_as_bytes(text):
    assert 0 <= estimated_tokens(text) <= len(text.encode())


def test_without_the_table_tokens_are_estimated_and_the_note_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    token_count.has_table.cache_clear()
    try:
        assert row_scores("token_count", ["Hello there, world!"])[0] == 5
        assert "estimated" in how_counted("token_count")
        with pytest.raises(MissingDependency, match="cl100k_base"):
            row_scores("token_count", ["x"], tokenizer="cl100k_base")
        with pytest.raises(InvalidArgument, match="tokenizer='gpt'"):
            row_scores("token_count", ["x"], tokenizer="gpt")
    finally:
        token_count.has_table.cache_clear()


def test_a_damaged_table_is_not_offered_to_tiktoken_which_would_fetch_it_anew(monkeypatch, tmp_path):
    table = base64.b64encode(b"a") + b" 0\n"
    (tmp_path / token_count._TABLE).write_bytes(table)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(token_count, "find_spec", lambda name: object())
    token_count.has_table.cache_clear()
    try:
        assert not token_count.has_table()
        monkeypatch.setattr(token_count, "_TABLE_SHA256", hashlib.sha256(table).hexdigest())
        token_count.has_table.cache_clear()
        assert token_count.has_table()
    finally:
        token_count.has_table.cache_clear()
