"""Measures of scored documents: scikit-learn's and trec_eval's values, and exact means over the orders of ties."""

from __future__ import annotations

from itertools import permutations

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import dcg_score, ndcg_score

from steelyard.errors import DataError, InvalidArgument
from steelyard.metrics.ranking import dcg, ndcg, query_scores, rank

document = st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.5, 0.9]), st.integers(0, 3))
query = st.lists(document, min_size=2, max_size=9)


def _columns(queries):
    rows = [(q, score, grade) for q, documents in enumerate(queries) for score, grade in documents]
    return [np.array(column) for column in zip(*rows, strict=True)]


@given(st.lists(query, min_size=1, max_size=4), st.one_of(st.none(), st.integers(1, 10)))
@settings(deadline=None)
def test_ndcg_and_dcg_equal_scikit_learns_with_ties(queries, k):
    ranked = rank(*_columns(queries))
    for row, documents in enumerate(queries):
        scores, grades = [[s for s, _ in documents]], [[g for _, g in documents]]
        assert ndcg(ranked, k)[row] == pytest.approx(ndcg_score(grades, scores, k=k), abs=1e-12)
        assert dcg(ranked, k)[row] == pytest.approx(dcg_score(grades, scores, k=k), abs=1e-12)
        gains = [[2.0**g - 1 for g in grades[0]]]
        assert ndcg(ranked, k, gain="exponential")[row] == pytest.approx(ndcg_score(gains, scores, k=k), abs=1e-12)


@given(st.lists(document, min_size=1, max_size=5), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_every_measure_is_the_mean_over_all_orders_of_equal_scores(documents, k):
    averaged = query_scores(rank([0] * len(documents), *zip(*documents, strict=True)), k=k)
    orders = [
        query_scores(rank([0] * len(documents), *zip(*order, strict=True), ties="row"), k=k)
        for order in permutations(documents)
    ]
    for name, values in averaged.items():
        assert values[0] == pytest.approx(np.mean([order[name][0] for order in orders]), abs=1e-12), name


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=9), min_size=1, max_size=4), st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_all_measures_equal_ir_measures_without_ties(queries, k):
    rng = np.random.default_rng(k)
    judged = [(str(q), str(d), grade) for q, grades in enumerate(queries) for d, grade in enumerate(grades)]
    scores = rng.permutation(len(judged)).astype(float)
    qrels = [ir_measures.Qrel(*row) for row in judged]
    run = [ir_measures.ScoredDoc(q, d, score) for (q, d, _), score in zip(judged, scores, strict=True)]
    m = ir_measures
    names = {
        m.nDCG: "ndcg", m.nDCG @ k: f"ndcg_at_{k}", m.P @ k: f"precision_at_{k}", m.R @ k: f"recall_at_{k}",
        m.Success @ k: f"hit_rate_at_{k}", m.AP @ k: f"map_at_{k}", m.AP: "map", m.RR: "mrr",
    }  # fmt: skip
    ranked = rank([q for q, _, _ in judged], scores, [grade for _, _, grade in judged])
    ours = query_scores(ranked, k=k)
    place = {q: i for i, q in enumerate(ranked.queries)}
    for value in ir_measures.iter_calc(list(names), qrels, run):
        assert ours[names[value.measure]][place[value.query_id]] == pytest.approx(value.value, abs=1e-9), value


@given(st.lists(query, min_size=1, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_never_matters_and_scores_are_bounded(queries, rng):
    columns = _columns(queries)
    order = list(range(len(columns[0])))
    rng.shuffle(order)
    here, there = query_scores(rank(*columns), k=3), query_scores(rank(*(c[order] for c in columns)), k=3)
    for name, values in here.items():
        np.testing.assert_allclose(there[name], values, rtol=1e-12, atol=1e-14)
        assert ((values >= 0) & (values <= 1 + 1e-12)).all()


def test_a_long_tie_has_its_closed_form():
    n, r = 5000, 40
    ranked = rank(np.zeros(n, dtype=int), np.zeros(n), np.arange(n) < r)
    scores = query_scores(ranked, k=10)
    assert scores["precision_at_10"][0] == pytest.approx(r / n)
    miss = np.prod([(n - r - j) / (n - j) for j in range(10)])
    assert scores["hit_rate_at_10"][0] == pytest.approx(1 - miss)


def test_equal_scores_in_row_order_if_asked():
    first = query_scores(rank([1, 1], [0.5, 0.5], [1, 0], ties="row"), k=1)
    last = query_scores(rank([1, 1], [0.5, 0.5], [0, 1], ties="row"), k=1)
    assert (first["mrr"][0], last["mrr"][0]) == (1.0, 0.5)


def test_missing_scores_rank_last_and_unjudged_documents_are_not_relevant():
    ranked = rank(["q", "q", "q"], [np.nan, -np.inf, 0.0], [1, 0, np.nan])
    assert ranked.order.tolist() == [2, 1, 0]
    assert query_scores(ranked, k=3)["mrr"][0] == pytest.approx(1 / 3)


def test_a_query_with_nothing_relevant_scores_0():
    assert {
        name: values[0] for name, values in query_scores(rank([1, 1], [1, 2], [0, 0]), k=2).items()
    } == dict.fromkeys(query_scores(rank([1], [1], [1]), k=2), 0.0)


def test_no_documents_give_no_queries():
    assert all(values.shape == (0,) for values in query_scores(rank([], [], []), k=2).values())


def test_queries_may_be_texts_in_any_column_and_come_back_sorted():
    for column in (np.array(["b", "a", "b"]), np.array(["b", "a", "b"], dtype=object), ["b", "a", "b"]):
        assert rank(column, [1, 2, 3], [0, 1, 1]).queries.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ((["q", None], [1, 2], [0, 1]), DataError, "Row 1 has no query id"),
        (([1.0, float("nan")], [1, 2], [0, 1]), DataError, "Row 1 has no query id"),
        ((["q", "q"], [1, 2], [0, -1]), DataError, "Row 1 has relevance -1"),
        ((["q", "q"], [1, 2], [np.inf, 1]), DataError, "Row 0 has relevance inf"),
        ((["q", "q"], ["high", 2], [0, 1]), DataError, "column scores must hold numbers"),
        ((np.array(["q", 1], dtype=object), [1, 2], [0, 1]), DataError, "different kinds"),
        ((["q", "q"], [1], [0, 1]), InvalidArgument, "2 query ids, 1 scores and 2 grades"),
        (([["q"]], [1], [1]), InvalidArgument, "must be one column"),
    ],
)
def test_bad_columns_are_refused_by_name_and_row(columns, error, message):
    with pytest.raises(error, match=message):
        rank(*columns)


def test_bad_arguments_are_refused():
    ranked = rank([1], [1], [1])
    with pytest.raises(InvalidArgument, match="ties='random'"):
        rank([1], [1], [1], ties="random")
    with pytest.raises(InvalidArgument, match="gain='log'"):
        ndcg(ranked, gain="log")
    with pytest.raises(InvalidArgument, match="k=0"):
        ndcg(ranked, 0)
