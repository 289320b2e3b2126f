"""A metric and an artifact of the demo's own, as a user would write them, for a model with more than two labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from steelyard.evaluation.extras import EvaluationArtifact, EvaluationMetric, MetricValue

if TYPE_CHECKING:
    import pandas as pd

SURE = 0.9


def confident_mistakes(predictions: pd.Series, targets: pd.Series, probability: pd.Series) -> MetricValue:
    """Score 1 each row that is wrong although the model gave its answer at least 90 % probability, else 0."""
    wrong = np.asarray(predictions) != np.asarray(targets)
    scores = (wrong & (np.asarray(probability) >= SURE)).astype(float)
    return MetricValue(scores=scores.tolist(), aggregate_results={"mean": float(scores.mean())})


def surest_mistakes(eval_df: pd.DataFrame, builtin_metrics: Mapping[str, float]) -> pd.DataFrame:
    """Return the 25 wrong rows that the model was surest of, text cut to its first words."""
    wrong = eval_df[eval_df["prediction"] != eval_df["target"]]
    found = wrong.nlargest(25, "probability")
    if "text" in found:
        found = found.assign(text=found["text"].str.slice(0, 200))
    return found


CONFIDENT_MISTAKES = EvaluationMetric(
    name="confident_mistakes",
    long_name="Confident mistakes",
    func=confident_mistakes,
    greater_is_better=False,
)
SUREST_MISTAKES = EvaluationArtifact(name="surest_mistakes", func=surest_mistakes)
