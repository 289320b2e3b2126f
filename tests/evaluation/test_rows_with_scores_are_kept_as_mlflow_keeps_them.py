"""``eval_results_table.json``, where metrics score rows."""

from __future__ import annotations

import json

import pandas as pd

import steelyard
from steelyard.tracking import get_store


def test_answers_have_their_inputs_outputs_and_scores() -> None:
    rows = pd.DataFrame({"question": ["a?", "b?"], "answer": ["A", "B"], "said": ["A", "C"]})
    result = steelyard.evaluate(data=rows, targets="answer", predictions="said", model_type="question-answering")
    table = json.loads(get_store().artifacts.read(result.run_id, "eval_results_table.json"))
    assert table["columns"][:3] == ["question", "target", "outputs"]
    where = table["columns"].index("exact_match/v1/score")
    assert [row[where] for row in table["data"]] == [1.0, 0.0]
    assert result.artifacts["eval_results_table"].content == table


def test_a_classification_without_scores_by_row_has_none() -> None:
    rows = pd.DataFrame({"y": [0, 1] * 20, "said": [0, 1] * 20})
    result = steelyard.evaluate(data=rows, targets="y", predictions="said", model_type="classifier")
    assert "eval_results_table" not in result.artifacts
