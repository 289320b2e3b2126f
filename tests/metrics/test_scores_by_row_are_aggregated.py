"""Metrics that are a number a row: mean, variance and 90th percentile as MLflow takes them, with weights and gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from steelyard.metrics.catalogue import info
from steelyard.metrics.estimates import Context, estimates
from steelyard.metrics.means import MeansState
from steelyard.metrics.plan import Plan
from steelyard.records import SliceInfo

from .made import by_key, made


def aggregated(scores: np.ndarray, *, weighted: bool = False) -> tuple[Any, np.ndarray | None]:
    plan = Plan(weighted=weighted, replicates=50)
    state = MeansState(plan, [info("accuracy_score"), info("mean_absolute_error")])
    columns = made(len(scores), 1, weighted=weighted)
    state.update(columns.rows, ids=columns.ids, scores=scores)
    return by_key(state.readings()), columns.weights


@pytest.fixture
def scores() -> np.ndarray:
    rng = np.random.default_rng(1)
    table = np.column_stack([rng.uniform(size=400), rng.exponential(500, 400)])
    table[rng.uniform(size=400) < 0.2, 0] = np.nan
    return table


def test_aggregates_are_those_of_the_rows_that_have_a_score(scores: np.ndarray) -> None:
    ours, _ = aggregated(scores)
    for j, name in enumerate(("accuracy_score", "mean_absolute_error")):
        there = scores[np.isfinite(scores[:, j]), j]
        assert ours[f"{name}/mean"].values[0] == pytest.approx(there.mean(), rel=1e-12)
        assert ours[f"{name}/variance"].values[0] == pytest.approx(there.var(), rel=1e-10)
        assert ours[f"{name}/p90"].values[0] == pytest.approx(np.quantile(there, 0.9), rel=1e-12)
        assert ours[f"{name}/mean"].n[0] == len(there)
        assert ours[f"{name}/mean"].se[0] == pytest.approx(there.std(ddof=1) / np.sqrt(len(there)), rel=1e-9)


def test_weights_count_in_every_aggregate_that_is_given(scores: np.ndarray) -> None:
    ours, weights = aggregated(scores, weighted=True)
    assert weights is not None
    column = scores[:, 1]
    mean = np.average(column, weights=weights)
    assert ours["mean_absolute_error/mean"].values[0] == pytest.approx(mean, rel=1e-12)
    variance = np.average((column - mean) ** 2, weights=weights)
    assert ours["mean_absolute_error/variance"].values[0] == pytest.approx(variance, rel=1e-9)
    order = np.argsort(column)
    share = np.cumsum(weights[order]) / weights.sum()
    p90 = ours.get("mean_absolute_error/p90")  # a quantile that ignores the weights is better left out
    if p90 is not None:
        below, above = column[order][[share.searchsorted(0.9) - 1, share.searchsorted(0.9) + 1]]
        assert below <= p90.values[0] <= above


def test_a_row_without_a_score_is_missing_from_that_metric(scores: np.ndarray) -> None:
    ours, _ = aggregated(scores)
    context = Context((SliceInfo((), 400, 0),))
    told = {s.metric: s.estimate for s in estimates(ours.values(), context)}
    gone = int(np.isnan(scores[:, 0]).sum())
    assert told["accuracy_score/mean"].n == 400 - gone
    assert told["accuracy_score/mean"].missing == gone
    assert told["accuracy_score/mean"].worst is not None
    assert told["mean_absolute_error/mean"].missing == 0
