"""BLEU and chrF are sacrebleu's, of the whole corpus, of its parts, and of any weights at once."""

from __future__ import annotations

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument
from steelyard.metrics.text import CORPUS_METRICS, bleu, bleu_statistics, chrf, chrf_statistics, row_scores

BLEU, SENTENCE, CHRF = sacrebleu.BLEU(), sacrebleu.BLEU(effective_order=True), sacrebleu.CHRF()
UNSMOOTHED = sacrebleu.BLEU(smooth_method="none")

word = st.sampled_from(
    [
        "the",
        "cat",
        "sat",
        "a.b",
        "3.5",
        "5.",
        "7-8",
        "x,y",
        "&amp;",
        "&lt;b&gt;",
        "é",
        "日本語",
        "🙂",
        "<skipped>",
        "-\n",
        "(hi)",
    ]
)
text = st.lists(word, max_size=10).map(" ".join)
corpus = st.integers(1, 3).flatmap(
    lambda k: st.lists(st.tuples(text, st.lists(text, min_size=k, max_size=k)), min_size=1, max_size=6)
)


def _columns(rows):
    predictions, references = [p for p, _ in rows], [r for _, r in rows]
    return predictions, references, [list(stream) for stream in zip(*references, strict=True)]


def _or_zero(value):
    return np.nan_to_num(np.asarray(value), nan=0.0)  # sacrebleu calls nothing at all 0, we call it undefined


@given(corpus)
@settings(max_examples=150, deadline=None)
def test_the_corpus_score_equals_sacrebleus_with_several_references(rows):
    predictions, references, streams = _columns(rows)
    ours = _or_zero(bleu(bleu_statistics(predictions, references).sum(axis=0)))
    assert ours == pytest.approx(BLEU.corpus_score(predictions, streams).score, rel=1e-12)
    ours = _or_zero(chrf(chrf_statistics(predictions, references).sum(axis=0)))
    assert ours == pytest.approx(CHRF.corpus_score(predictions, streams).score, rel=1e-12)


@given(corpus)
@settings(max_examples=60, deadline=None)
def test_the_score_of_each_row_equals_sacrebleus_sentence_score(rows):
    predictions, references, _ = _columns(rows)
    expected = [SENTENCE.sentence_score(p, r).score for p, r in rows]
    np.testing.assert_allclose(row_scores("sentence_bleu", predictions, references), expected, rtol=1e-12)
    expected = [CHRF.sentence_score(p, r).score for p, r in rows]
    np.testing.assert_allclose(row_scores("chrf", predictions, references), expected, rtol=1e-12)


@given(st.lists(st.tuples(text, text), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_the_row_bleu_of_mlflow_is_the_unsmoothed_one_of_each_pair(rows):
    # a trailing "-\n" is the one place where Hugging Face's copy of the tokenizer differs: it does not strip first
    rows = [(p.rstrip("-\n "), r.rstrip("-\n ")) for p, r in rows]
    found = row_scores("bleu", [p for p, _ in rows], [r for _, r in rows])
    expected = [UNSMOOTHED.corpus_score([p], [[r]]).score / 100 for p, r in rows]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    assert ((found >= 0) & (found <= 1)).all()


def test_the_signature_is_the_one_that_the_documentation_names():
    predictions, streams = ["a b"], [["a b"]]
    BLEU.corpus_score(predictions, streams)
    CHRF.corpus_score(predictions, streams)
    assert str(BLEU.get_signature()).startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp")
    assert str(CHRF.get_signature()).startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no")


@pytest.mark.parametrize("name", CORPUS_METRICS)
@given(rows=st.lists(st.tuples(text, text), min_size=2, max_size=8), cut=st.integers(1, 7))
@settings(max_examples=40, deadline=None)
def test_the_counts_of_the_parts_add_up_to_those_of_the_whole(name, rows, cut):
    metric = CORPUS_METRICS[name]
    predictions, references = [p for p, _ in rows], [r for _, r in rows]
    whole = metric.statistics(predictions, references)
    parts = [metric.statistics(predictions[s], references[s]) for s in (slice(None, cut), slice(cut, None))]
    assert whole.shape == (len(rows), metric.width)
    assert whole.dtype == np.int64
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(metric.statistics(predictions[::-1], references[::-1]), whole[::-1])


@pytest.mark.parametrize("name", CORPUS_METRICS)
def test_replicates_are_finalised_in_one_call(name):
    metric = CORPUS_METRICS[name]
    statistics = metric.statistics(
        ["the cat sat on the mat", "hello", "a b c d e"], ["the cat sat on a mat", "x", "a b d e"]
    )
    weights = np.random.default_rng(1).poisson(1.0, size=(5, 4, 3)).astype(float)
    values = metric.finalise(weights @ statistics)
    assert values.shape == (5, 4)
    one_by_one = [[float(metric.finalise(weights[i, j] @ statistics)) for j in range(4)] for i in range(5)]
    np.testing.assert_array_equal(values, one_by_one)
    assert np.isnan(metric.finalise(np.zeros(metric.width)))


def test_a_text_equal_to_its_reference_scores_100_and_a_stranger_0():
    same = ["the quick brown fox jumps over it"]
    for name, metric in CORPUS_METRICS.items():
        assert float(metric.finalise(metric.statistics(same, same).sum(axis=0))) == pytest.approx(100), name
        assert float(metric.finalise(metric.statistics(["zzz"], ["qqq"]).sum(axis=0))) == 0, name


def test_chrf_counts_exactly_across_batches_and_alphabets_too_large_for_one_number():
    rng = np.random.default_rng(0)
    wide = ["".join(map(chr, rng.integers(0x4E00, 0x9FFF, 4000))) for _ in range(3)]
    predictions = [*wide, "abcabc" * 90_000, "same"]
    references = [wide[0], wide[1][::-1], wide[2][:2000], "abcabd" * 90_000, "same"]
    found = row_scores("chrf", predictions, references)
    expected = [CHRF.sentence_score(p, [r]).score for p, r in zip(predictions, references, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("finalise", [bleu, chrf])
def test_counts_of_another_width_are_refused(finalise):
    with pytest.raises(InvalidArgument, match=r"shape \(3,\)"):
        finalise(np.zeros(3))
