"""Columns of any kind are read; what cannot be read, or is misspelt, is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from steelyard.errors import DataError, InvalidArgument
from steelyard.metrics.text import (
    CORPUS_METRICS,
    TEXT_METRICS,
    bleu_statistics,
    how_counted,
    is_missing,
    metrics_for,
    row_scores,
    score_rows,
)


@pytest.mark.parametrize(
    "column",
    [
        ["a b", None],
        ("a b", float("nan")),
        np.array(["a b", None], dtype=object),
        pd.Series(["a b", None]),
        pd.Series(["a b", pd.NA], dtype="string"),
        pa.array(["a b", None]),
    ],
    ids=["list", "tuple", "array", "series", "string series", "arrow"],
)
def test_any_kind_of_column_is_read_with_its_missing_cells(column):
    np.testing.assert_array_equal(row_scores("rouge1", column, ["a b", "c"]), [1.0, np.nan])
    np.testing.assert_array_equal(row_scores("char_count", column), [3.0, np.nan])
    np.testing.assert_array_equal(row_scores("exact_match", column, column), [1.0, np.nan])
    assert is_missing(column).tolist() == [False, True]


def test_a_cell_that_is_no_text_is_named_with_its_row():
    with pytest.raises(DataError, match=r"Row 1 of predictions is 5 \(int\), not text"):
        row_scores("rouge1", ["a", 5], ["a", "b"])
    with pytest.raises(DataError, match=r"Row 0 of references is 2\.5 \(float\)"):
        row_scores("token_f1", ["a"], [2.5])
    with pytest.raises(DataError, match=r"Row 0 of references is 7"):
        row_scores("bleu", ["a"], [["a", 7]])


def test_columns_of_different_lengths_are_refused():
    for name in ("rouge1", "exact_match", "bleu", "chrf"):
        with pytest.raises(InvalidArgument, match="2 predictions and 1 references"):
            row_scores(name, ["a", "b"], ["a"])
    with pytest.raises(InvalidArgument, match="2 predictions and 1 references"):
        bleu_statistics(["a", "b"], ["a"])


def test_one_text_is_no_column():
    with pytest.raises(InvalidArgument, match="one str"):
        row_scores("char_count", "a whole text")


def test_misspelt_names_are_answered_with_the_nearest():
    with pytest.raises(InvalidArgument, match="Did you mean 'rougeL'"):
        row_scores("rouge_l", ["a"], ["a"])
    with pytest.raises(InvalidArgument, match="Did you mean 'question-answering'"):
        metrics_for("question_answering")
    with pytest.raises(InvalidArgument, match="metric of all rows together"):
        row_scores("corpus_bleu", ["a"], ["a"])
    with pytest.raises(InvalidArgument, match="give references"):
        row_scores("rouge1", ["a"])


@pytest.mark.parametrize(
    ("model_type", "logged_by_mlflow"),
    [
        ("text", {"token_count", "flesch_kincaid_grade_level", "ari_grade_level"}),
        ("question-answering", {"exact_match", "token_count", "flesch_kincaid_grade_level", "ari_grade_level"}),
        ("text-summarization", {"rouge1", "rouge2", "rougeL", "rougeLsum", "token_count", "ari_grade_level"}),
    ],
)
def test_each_model_type_counts_all_that_mlflow_does_but_toxicity(model_type, logged_by_mlflow):
    names = metrics_for(model_type)
    assert logged_by_mlflow <= set(names)
    assert "toxicity" not in names
    assert set(names) <= TEXT_METRICS.keys() | CORPUS_METRICS.keys()
    rows = [name for name in names if name in TEXT_METRICS]
    assert score_rows(rows, ["a cat sat"], ["a cat"]).keys() == set(rows)


def test_versions_and_aggregates_are_those_that_mlflow_logs():
    v1 = {name for name, metric in TEXT_METRICS.items() if metric.version == "v1"}
    rouge = {"rouge1", "rouge2", "rougeL", "rougeLsum"}
    assert v1 == rouge | {"exact_match", "bleu", "flesch_kincaid_grade_level", "ari_grade_level"}
    assert TEXT_METRICS["exact_match"].aggregations == ()
    assert TEXT_METRICS["rouge1"].aggregations == ("mean", "variance", "p90")


def test_every_metric_describes_itself():
    for name, metric in (TEXT_METRICS | CORPUS_METRICS).items():
        assert metric.info.name == name
        assert metric.info.title
        assert isinstance(how_counted(name), str)
