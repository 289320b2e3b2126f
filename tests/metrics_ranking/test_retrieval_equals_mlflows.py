"""Retrieval metrics have MLflow's values, its edge cases included, and trec_eval's where MLflow has none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from steelyard.errors import DataError, InvalidArgument
from steelyard.metrics.ranking import metric_infos, row_scores

ids = st.lists(st.sampled_from("abcdefg"), max_size=8)
unique_ids = st.lists(st.sampled_from("abcdefghij"), max_size=10, unique=True)


def _sklearn_ndcg(retrieved, relevant):
    """The same relevance judged by scikit-learn: each retrieved place is an item, and so is each id not found."""
    wanted, seen, truth = set(relevant), set(), []
    for i in retrieved:
        truth.append(int(i in wanted))
        seen.add(i)
    truth += [1] * len(wanted - seen)
    truth += [0] * (2 - len(truth))
    return ndcg_score([truth], [[-place for place in range(len(truth))]], k=len(retrieved))


@pytest.mark.parametrize(
    ("retrieved", "relevant", "precision", "recall", "ndcg"),
    [
        (["a", "b", "c"], ["a", "b", "c"], 1, 1, 1),
        (["a"], ["a", "b"], 1, 0.5, 1),  # divided by what was retrieved, not by k; the ideal has one place too
        (["a", "a", "b"], ["a"], 2 / 3, 1, 1),  # a repeated id hits again, and counts as one more relevant id
        ([], ["a"], 0, 0, 0),
        (["a"], [], 0, 0, 0),
        ([], [], 0, 1, 1),
        (["x", "a", "y", "b"], ["a", "b"], 1 / 3, 0.5, (1 / np.log2(3)) / (1 + 1 / np.log2(3))),
        ([1, 2], [2, 3], 0.5, 0.5, (1 / np.log2(3)) / (1 + 1 / np.log2(3))),
    ],
)
def test_edge_cases_have_mlflows_values(retrieved, relevant, precision, recall, ndcg):
    scores = row_scores([retrieved], [relevant], k=3)
    found = [scores[f"{name}_at_3"][0] for name in ("precision", "recall", "ndcg")]
    assert found == pytest.approx([precision, recall, ndcg])


@given(ids.filter(bool), ids.filter(bool), st.integers(1, 9))
def test_ndcg_equals_scikit_learns_with_repeated_ids(retrieved, relevant, k):
    found = row_scores([retrieved], [relevant], k=k)[f"ndcg_at_{k}"][0]
    assert found == pytest.approx(_sklearn_ndcg(retrieved[:k], relevant), abs=1e-12)


@given(st.lists(st.tuples(unique_ids.filter(bool), unique_ids.filter(bool)), min_size=1, max_size=5), st.integers(1, 6))
@settings(deadline=None)
def test_ranks_and_average_precision_equal_trec_evals(rows, k):
    qrels = {str(q): dict.fromkeys(relevant, 1) for q, (_, relevant) in enumerate(rows)}
    run = {str(q): {i: -float(place) for place, i in enumerate(found)} for q, (found, _) in enumerate(rows)}
    measures = {"map", "recip_rank", "Rprec", f"map_cut.{k}", f"recall.{k}", f"success.{k}"}
    expected = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    scores = row_scores([found for found, _ in rows], [set(relevant) for _, relevant in rows], k=k)
    names = {
        "map": "map", "recip_rank": "mrr", "Rprec": "r_precision", f"map_cut_{k}": f"map_at_{k}",
        f"recall_{k}": f"recall_at_{k}", f"success_{k}": f"hit_rate_at_{k}",
    }  # fmt: skip
    for q in range(len(rows)):
        for theirs, ours in names.items():
            assert scores[ours][q] == pytest.approx(expected[str(q)][theirs], abs=1e-9), ours


@given(st.lists(st.tuples(ids, ids), min_size=1, max_size=6), st.integers(1, 9))
def test_every_score_is_bounded_and_rows_do_not_touch_each_other(rows, k):
    scores = row_scores([a for a, _ in rows], [b for _, b in rows], k=k)
    for row, (retrieved, relevant) in enumerate(rows):
        alone = row_scores([retrieved], [relevant], k=k)
        for name, values in scores.items():
            assert values[row] == alone[name][0]
            assert 0 <= values[row] <= 1 + 1e-12


@given(unique_ids.filter(bool))
def test_a_perfect_list_scores_1_everywhere(relevant):
    scores = row_scores([relevant], [relevant], k=len(relevant))
    assert {name: values[0] for name, values in scores.items()} == pytest.approx(dict.fromkeys(scores, 1.0))


@pytest.mark.parametrize(
    "column",
    [
        [["a"], None],
        pd.Series([["a"], None]),
        np.array([("a",), None], dtype=object),
        pd.Series([np.array(["a"]), float("nan")]),
        pa.array([["a"], None]),
    ],
    ids=["list", "series", "array", "arrays in a series", "arrow"],
)
def test_any_kind_of_column_is_read_and_a_missing_list_is_not_an_empty_one(column):
    scores = row_scores(column, [["a"], ["a"]], k=1)
    assert all(np.isnan(values[1]) and values[0] == 1 for values in scores.values())


def test_what_cannot_be_a_list_of_ids_is_named_with_its_row():
    with pytest.raises(DataError, match="Row 1 of retrieved is 'doc-1'"):
        row_scores([["a"], "doc-1"], [["a"], ["a"]])
    with pytest.raises(DataError, match="Row 0 of retrieved"):
        row_scores([{"a", "b"}], [["a"]])
    with pytest.raises(DataError, match="itself a list"):
        row_scores([[["a"]]], [["a"]])
    with pytest.raises(InvalidArgument, match="2 retrieved lists and 1 relevant"):
        row_scores([[], []], [[]])


@pytest.mark.parametrize("k", [0, -1, 2.5, True, "3"])
def test_k_is_a_positive_whole_number(k):
    with pytest.raises(InvalidArgument, match="whole number"):
        row_scores([["a"]], [["a"]], k=k)


def test_each_metric_is_described():
    assert [info.name for info in metric_infos(5)] == list(row_scores([], [], k=5))
