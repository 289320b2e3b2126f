"""``metric_prefix`` keeps two evaluations of one run apart."""

from __future__ import annotations

import pandas as pd
import pytest

import steelyard


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame({"y": [0, 1] * 40, "good": [0, 1] * 40, "poor": [0, 0] * 40})


def _evaluate(rows: pd.DataFrame, column: str, prefix: str) -> steelyard.EvaluationResult:
    return steelyard.evaluate(
        data=rows[["y", column]],
        targets="y",
        predictions=column,
        model_type="classifier",
        evaluator_config={"metric_prefix": prefix},
    )


def test_both_are_kept_and_the_first_is_what_pages_and_comparisons_find(rows: pd.DataFrame) -> None:
    with steelyard.start_run():
        good = _evaluate(rows, "good", "good_")
        poor = _evaluate(rows, "poor", "poor_")
    assert (good.metrics["good_accuracy_score"], poor.metrics["poor_accuracy_score"]) == (1.0, 0.5)
    assert good.estimate("good_accuracy_score") == good.estimate("accuracy_score")
    assert good.tables["eval_results_table"]["correct"].all()
    assert not poor.tables["eval_results_table"]["correct"].all()
    other = _evaluate(rows, "poor", "")
    found = steelyard.compare(other.run_id, good.run_id)
    assert found.verdicts["accuracy_score"] == "worse"
