"""Scores of more rows than can be kept are counted in bins: how far that is off is bounded, and the bound is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from steelyard.metrics.binary import BinaryState
from steelyard.metrics.plan import Plan
from steelyard.metrics.states.histogram import (
    ScoreHistogram,
    StreamedScores,
    binned_auc,
    binned_auc_bound,
    binned_average_precision,
    quantile_edges,
)

from .made import by_key, made


def histogram(scores: np.ndarray, true: np.ndarray, edges: np.ndarray) -> np.ndarray:
    state = ScoreHistogram(edges)
    state.add(made(len(scores), 1).rows, scores, true)
    return state.counts()[..., 0]


@settings(max_examples=80, deadline=None)
@given(data=st.data(), bins=st.integers(1, 12))
def test_the_binned_area_is_never_further_off_than_its_bound(data: st.DataObject, bins: int) -> None:
    n = data.draw(st.integers(2, 40))
    true = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    true[:2] = [True, False]
    scores = np.array(data.draw(st.lists(st.floats(0, 1) | st.sampled_from([0.25, 0.5]), min_size=n, max_size=n)))
    edges = np.unique(data.draw(st.lists(st.floats(0, 1), max_size=bins)))
    counts = histogram(scores, true, edges)
    exact, bound = sk.roc_auc_score(true, scores), binned_auc_bound(counts)
    assert abs(binned_auc(counts) - exact) <= bound + 1e-12
    assert 0 <= bound <= 0.5


def test_the_bound_is_reached_by_the_worst_order_within_a_bin() -> None:
    counts = histogram(np.array([0.1, 0.2, 0.3, 0.4]), np.array([False, False, True, True]), np.array([0.9]))
    assert binned_auc(counts) == 0.5
    assert binned_auc_bound(counts) == 0.5  # and the area is 1


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_with_an_edge_at_every_score_the_areas_are_exact(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 30))
    true = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    true[:2] = [True, False]
    scores = np.array(data.draw(st.lists(st.sampled_from([i / 9 for i in range(10)]), min_size=n, max_size=n)))
    counts = histogram(scores, true, np.unique(scores))
    assert binned_auc_bound(counts) >= abs(binned_auc(counts) - sk.roc_auc_score(true, scores)) - 1e-12
    assert binned_auc(counts) == pytest.approx(sk.roc_auc_score(true, scores), abs=1e-12)
    assert binned_average_precision(counts) == pytest.approx(sk.average_precision_score(true, scores), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(scores=st.lists(st.floats(0, 1), max_size=60), bins=st.integers(2, 20))
def test_edges_increase_and_are_scores(scores: list[float], bins: int) -> None:
    edges = quantile_edges(np.array(scores), bins)
    assert (np.diff(edges) > 0).all()
    assert len(edges) < bins
    assert not scores or set(edges) <= set(scores)


def both(n: int, seed: int, sizes: tuple[int, ...] = (), *, weighted: bool = False) -> Any:
    """The readings of the same rows, kept and binned."""
    rng = np.random.default_rng(seed)
    true = rng.uniform(size=n) < 0.3
    p = 1 / (1 + np.exp(-(rng.normal(size=n) + true)))
    columns = made(n, seed, sizes, weighted=weighted)
    out = []
    for edges in (None, quantile_edges(p[:1000], 4096)):
        plan = Plan(sizes=sizes, probabilities=True, edges=edges, weighted=weighted, replicates=200)
        state = BinaryState(plan)
        state.update(columns.rows, ids=columns.ids, true=true, predicted=p > 0.5, positive=p)
        out.append((by_key(state.readings()), state))
    (exact, _), (binned, state) = out
    return exact, binned, state


@pytest.mark.parametrize("weighted", [False, True])
def test_binned_areas_of_slices_are_within_the_bound_and_spread_like_the_exact_ones(weighted: bool) -> None:
    exact, binned, state = both(20_000, 3, (3,), weighted=weighted)
    bound = binned_auc_bound(state.streamed.counts())
    assert (np.abs(binned["roc_auc"].values - exact["roc_auc"].values) <= bound + 1e-12).all()
    for name in ("roc_auc", "precision_recall_auc"):
        ours, theirs = binned[name].replicates, exact[name].replicates
        np.testing.assert_allclose(ours.std(axis=1), theirs.std(axis=1), rtol=0.15)
        for place in range(4):  # the same weights move both the same way
            assert np.corrcoef(ours[place], theirs[place])[0, 1] > 0.95


def test_the_bound_that_is_told_is_not_rounded_below_the_bound_that_holds() -> None:
    for seed in range(6):
        _, binned, state = both(3_000, seed)
        bound = float(binned_auc_bound(state.streamed.counts())[0])
        note = binned["roc_auc"].notes[0]
        told = float(note.split("at most ")[1].split(" off")[0])
        assert told >= bound, note


def test_fine_coarse_and_curve_counts_agree() -> None:
    rng = np.random.default_rng(4)
    columns = made(5_000, 4, (2, 3))
    scores, true = rng.uniform(size=5_000), rng.uniform(size=5_000) < 0.5
    state = StreamedScores(quantile_edges(scores, 4096), (2, 3))
    state.add(columns.rows, scores, true)
    fine, curve, coarse = state.counts(), state.curve.counts(), state.coarse.counts()
    for counts, of in ((curve, state.curve_of), (coarse, state.coarse_of)):
        for place in range(counts.shape[2]):
            for label in (0, 1):
                joined = np.bincount(of, weights=fine[label, :, place], minlength=counts.shape[1])
                assert np.array_equal(joined, counts[label, :, place])
    for width, kept in ((curve.shape[1], state.curve), (coarse.shape[1], state.coarse)):
        assert np.array_equal(np.searchsorted(kept.edges, scores, side="right").max() + 1, width)
