"""Readability is textstat's: wholly where its dictionary is at hand, but for syllables where it is not."""

from __future__ import annotations

import nltk
import numpy as np
import pytest
import textstat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument, MissingDependency
from steelyard.metrics.text import how_counted, row_scores
from steelyard.metrics.text.syllables import count_by_rules, has_dictionary

DICTIONARY = """THE 1 DH AH0
CAT 1 K AE1 T
READER 1 R IY1 D ER0
EVALUATION 1 IH2 V AE2 L Y UW0 EY1 SH AH0 N
DON'T 1 D OW1 N T
IDEA 1 AY0 D IY1 AH0
IDEA 2 AY0 D IY1
"""
SAMPLE = (
    'The reader didn\'t expect this evaluation. It was long -- very long! "Why?" she asked. He re-read the '
    "state-of-the-art ideas of 'others'; they'd say that DON'T means don't. Fin. A total of 3.5 million cats, e.g. "
    "tabby ones, sat down?!"
)

piece = st.sampled_from(
    ["the", "Cat", "reader", "evaluation", "don't", "DON'T", "idea", "'quoted'", "3.5", "re-read", "--", "...", "?!",
     "é", "日本語。", "🙂", "İ", "\x1c", "xyzzy", "can't've"]
)  # fmt: skip
text = st.lists(st.tuples(piece, st.sampled_from([" ", " ", "\n", ". ", "! ", "", " "])), max_size=25).map(
    lambda parts: "".join(a + b for a, b in parts)
)


@pytest.fixture(scope="module", autouse=True)
def dictionary(tmp_path_factory):
    """A small copy of NLTK's cmudict corpus, so that textstat runs without fetching anything."""
    folder = tmp_path_factory.mktemp("nltk_data")
    (folder / "corpora" / "cmudict").mkdir(parents=True)
    (folder / "corpora" / "cmudict" / "cmudict").write_text(DICTIONARY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NLTK_DATA", str(folder))
        patch.setattr(nltk.data, "path", [str(folder)])
        yield


@given(text)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_value_equals_textstats_when_the_dictionary_is_at_hand(sample):
    expected = {
        "flesch_kincaid_grade_level": textstat.flesch_kincaid_grade(sample),
        "flesch_reading_ease": textstat.flesch_reading_ease(sample),
        "ari_grade_level": textstat.automated_readability_index(sample),
        "sentence_count": textstat.sentence_count(sample),
    }
    for name, value in expected.items():
        assert row_scores(name, [sample])[0] == pytest.approx(value, rel=1e-12, abs=1e-12), name


def test_a_paragraph_with_contractions_quotes_and_hyphens_equals_textstats():
    for name, oracle in {
        "flesch_kincaid_grade_level": textstat.flesch_kincaid_grade,
        "flesch_reading_ease": textstat.flesch_reading_ease,
        "ari_grade_level": textstat.automated_readability_index,
    }.items():
        assert row_scores(name, [SAMPLE])[0] == pytest.approx(oracle(SAMPLE), rel=1e-12), name
    assert how_counted("flesch_reading_ease").endswith("as textstat")


def test_without_the_dictionary_syllables_go_by_rule_and_the_note_says_so(monkeypatch):
    monkeypatch.setattr("steelyard.metrics.text.syllables._corpus_folders", list)
    assert not has_dictionary()
    by_rule = row_scores("flesch_kincaid_grade_level", [SAMPLE])
    np.testing.assert_array_equal(by_rule, row_scores("flesch_kincaid_grade_level", [SAMPLE], syllables="rules"))
    assert "by rule" in how_counted("flesch_kincaid_grade_level")
    with pytest.raises(MissingDependency, match="cmudict"):
        row_scores("flesch_reading_ease", [SAMPLE], syllables="dictionary")
    with pytest.raises(InvalidArgument, match="syllables='french'"):
        row_scores("flesch_reading_ease", [SAMPLE], syllables="french")


def test_the_rules_count_everyday_words_right():
    known = {
        1: "cat make walked makes it's the whole 日本",
        2: "table wanted hopeful boxes player didn't nation something machine science",
        3: "piano video",
        5: "evaluation",
    }
    assert [(w, count_by_rules(w)) for n, words in known.items() for w in words.split() if count_by_rules(w) != n] == []
