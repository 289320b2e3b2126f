"""The monoid laws: how rows are cut, shuffled and merged leaves no trace in any number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from math import fsum
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument
from steelyard.metrics.binary import BinaryState
from steelyard.metrics.calibration import CalibrationState
from steelyard.metrics.catalogue import info
from steelyard.metrics.means import MeansState
from steelyard.metrics.multiclass import MulticlassState
from steelyard.metrics.multilabel import MultilabelState
from steelyard.metrics.plan import Plan
from steelyard.metrics.regression import RegressionState
from steelyard.metrics.states import tally as tally_module
from steelyard.metrics.states.histogram import ScoreHistogram, StreamedScores, binned_auc, quantile_edges
from steelyard.metrics.states.retained import Retained
from steelyard.metrics.states.sliced import SlicedTally
from steelyard.metrics.states.tally import Tally
from steelyard.metrics.weights import BUCKETS, splitmix64, weight_matrix

from .made import Columns, made, partition

SIZES = (3, 2)
PARTS = (1, 2, 7, 64)
DRAW = weight_matrix(20)
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=["dense", "sparse"])
def table(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either way of keeping a tally."""
    if request.param == "sparse":
        monkeypatch.setattr(tally_module, "_DENSE_LIMIT", 0)
    return request.param


# --- tallies ---------------------------------------------------------------------------------------------------------

numbers = (
    st.floats(-1e6, 1e6)
    | st.floats(-1e-6, 1e-6)
    | st.floats(-1e30, 1e30)
    | st.sampled_from([0.1, 1 / 3, -0.0, 2.0**-53])
)


@st.composite
def added(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (few, so that they collide), cells and values of some rows."""
    n = draw(st.integers(0, 40))
    places = draw(st.lists(st.sampled_from([0, 1, 4095, 4096, 8191]), min_size=n, max_size=n))
    cells = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    values = draw(st.lists(numbers, min_size=n, max_size=n))
    return np.array(places, np.int64), np.array(cells, np.int64), np.array(values, float)


def filled(rows: tuple[np.ndarray, ...], *, whole: bool) -> Tally:
    tally = Tally(3, 2, whole=whole)
    places, cells, values = rows
    tally.add(places, cells=cells, values=None if whole else values)
    return tally


def content(tally: Tally | SlicedTally) -> tuple[bytes, bytes]:
    """All that can be read from a tally, to the bit; a zero has no sign."""
    return (tally.total() + 0.0).tobytes(), (tally.replicate(DRAW) + 0.0).tobytes()


@quick
@given(a=added(), b=added(), c=added(), whole=st.booleans())
def test_tallies_are_a_commutative_monoid(table: str, a: Any, b: Any, c: Any, whole: bool) -> None:
    x, y, z = (filled(rows, whole=whole) for rows in (a, b, c))
    empty = Tally(3, 2, whole=whole)
    joined = filled(tuple(np.concatenate(part) for part in zip(a, b, c, strict=True)), whole=whole)
    assert content(x.merge(y)) == content(y.merge(x))
    assert content(x.merge(y).merge(z)) == content(x.merge(y.merge(z))) == content(joined)
    assert content(x.merge(empty)) == content(empty.merge(x)) == content(x)


@quick
@given(rows=added(), whole=st.booleans())
def test_merging_changes_neither_part(table: str, rows: Any, whole: bool) -> None:
    x, y = filled(rows, whole=whole), filled(rows, whole=whole)
    before = content(x)
    merged = x.merge(y)
    merged.add(np.array([0]), cells=np.array([0]), values=None if whole else np.array([1.0]))
    assert content(x) == content(y) == before


@quick
@given(rows=added())
def test_sparse_and_dense_tallies_say_the_same(rows: Any) -> None:
    def told() -> tuple[np.ndarray, ...]:
        tally = filled(rows, whole=False)
        return tally.total(), filled(rows, whole=True).occupied(), tally.collapse().total(), tally.replicate(DRAW)

    dense = told()
    size = 1e3 * np.abs(rows[2]).sum() + 1  # a product of matrices adds in its own order
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally_module, "_DENSE_LIMIT", 0)
        sparse = told()
    for ours, theirs in zip(dense, sparse, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-12, atol=1e-14 * size)


@quick
@given(rows=added())
def test_a_tally_of_fractions_is_the_exact_sum_but_for_its_last_rounding(table: str, rows: Any) -> None:
    places, cells, values = rows
    total = filled(rows, whole=False).total()
    for cell in range(3):
        for piece in range(2):
            here = values[(cells == cell) & (places // BUCKETS == piece)]
            slack = 2.0**-50 * np.abs(here).sum()
            assert abs(total[cell, piece] - fsum(here)) <= slack


def test_tallies_of_other_shapes_do_not_merge(table: str) -> None:
    with pytest.raises(InvalidArgument, match="same cells and slices"):
        Tally(2).merge(Tally(3))
    with pytest.raises(InvalidArgument, match="same cells and slices"):
        Tally(2).merge(Tally(2, whole=False))
    with pytest.raises(InvalidArgument, match="needs values"):
        Tally(1, whole=False).add(np.array([0]))


def test_a_bucket_is_occupied_when_a_row_fell_into_it(table: str) -> None:
    tally = Tally(2, 2)
    tally.add(np.array([0, 0, 7, 4096 + 7]), cells=np.array([0, 1, 1, 0]))
    assert tally.occupied().tolist() == [2, 1]


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("weighted", [False, True])
def test_sliced_tallies_do_not_depend_on_the_partition(table: str, parts: int, weighted: bool) -> None:
    columns = made(900, 3, SIZES, weighted=weighted, cell=np.random.default_rng(3).integers(0, 4, 900))

    def build(part: Columns) -> SlicedTally:
        out = SlicedTally(4, SIZES, weighted=weighted)
        out.add(part.rows, cells=part["cell"])
        return out

    whole = build(columns)
    merged = reduce(SlicedTally.merge, map(build, partition(columns, parts, seed=parts)))
    if weighted:
        np.testing.assert_allclose(merged.total(), whole.total(), rtol=1e-12)
        np.testing.assert_allclose(merged.replicate(DRAW), whole.replicate(DRAW), rtol=1e-12)
    else:
        assert content(merged) == content(whole)
    assert np.array_equal(merged.clusters(), whole.clusters())


def test_slices_of_a_dimension_add_up_to_all_rows(table: str) -> None:
    columns = made(2_000, 4, SIZES, cell=np.random.default_rng(4).integers(0, 4, 2_000))
    tally = SlicedTally(4, SIZES)
    tally.add(columns.rows, cells=columns["cell"])
    total, drawn = tally.total(), tally.replicate(DRAW)
    assert np.array_equal(total[:, 0], np.bincount(columns["cell"], minlength=4))
    start = 1
    for size in SIZES:
        assert np.array_equal(total[:, start : start + size].sum(axis=1), total[:, 0])
        assert np.array_equal(drawn[:, start : start + size].sum(axis=1), drawn[:, 0])
        start += size


def test_the_number_of_clusters_is_told_within_a_few_per_cent() -> None:
    for clusters in (5, 60, 1_000):
        ids = splitmix64(np.arange(clusters, dtype=np.uint64))
        columns = replace(made(20 * clusters, 1), ids=np.repeat(ids, 20))
        tally = SlicedTally(1)
        tally.add(columns.rows)
        assert tally.clusters()[0] == pytest.approx(clusters, rel=0.04, abs=0.5)


# --- rows kept -------------------------------------------------------------------------------------------------------


@quick
@given(n=st.integers(0, 400), limit=st.integers(1, 300), parts=st.sampled_from(PARTS), seed=st.integers(0, 99))
def test_the_rows_kept_depend_on_their_ids_alone(n: int, limit: int, parts: int, seed: int) -> None:
    columns = made(n, seed, x=np.arange(n))

    def build(part: Columns) -> Retained:
        kept = Retained(limit)
        kept.add(part.ids, x=part["x"])
        return kept

    whole, merged = build(columns), reduce(Retained.merge, map(build, partition(columns, parts, seed)))
    expected = columns["x"][np.argsort(splitmix64(columns.ids), kind="stable")[:limit]]
    for kept in (whole, merged):
        assert sorted(kept.columns().get("x", [])) == sorted(expected)
        assert (kept.seen, kept.complete) == (n, n <= limit)
        held = kept.columns()
        assert np.array_equal(held["_id"], columns.ids[held["x"]])


def test_a_long_stream_is_shrunk_as_it_comes() -> None:
    kept = Retained(1_000)
    ids = splitmix64(np.arange(60_000, dtype=np.uint64))
    for piece in np.array_split(np.arange(60_000), 90):
        kept.add(ids[piece], x=piece)
        assert sum(len(p["x"]) for p in kept._parts) <= 1_000 + 4_096 + len(piece)
    assert sorted(kept.columns()["x"]) == sorted(np.argsort(splitmix64(ids))[:1_000])
    assert not kept.complete


# --- histograms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", PARTS)
def test_histograms_do_not_depend_on_the_partition(table: str, parts: int) -> None:
    rng = np.random.default_rng(5)
    score = rng.uniform(size=700).round(2)
    columns = made(700, 5, SIZES, score=score, y=rng.uniform(size=700) < score)
    edges = quantile_edges(score, 12)

    def build(part: Columns) -> tuple[ScoreHistogram, StreamedScores]:
        both = ScoreHistogram(edges, SIZES), StreamedScores(edges, SIZES)
        for histogram in both:
            histogram.add(part.rows, part["score"], part["y"])
        return both

    whole = build(columns)
    pieces = [build(part) for part in partition(columns, parts, seed=parts)]
    merged = reduce(ScoreHistogram.merge, (p[0] for p in pieces)), reduce(StreamedScores.merge, (p[1] for p in pieces))
    for a, b in zip(whole, merged, strict=True):
        assert np.array_equal(a.counts(), b.counts())
    assert np.array_equal(whole[0].replicate(DRAW), merged[0].replicate(DRAW))
    assert np.array_equal(whole[1].replicates(binned_auc, DRAW), merged[1].replicates(binned_auc, DRAW), equal_nan=True)
    assert np.array_equal(whole[0].counts(), whole[1].counts())


# --- whole families --------------------------------------------------------------------------------------------------


def _binary(plan: Plan, part: Columns) -> BinaryState:
    state = BinaryState(plan)
    state.update(part.rows, ids=part.ids, true=part["y"] > 0, predicted=part["yhat"] > 0, positive=part["p"])
    return state


def _multiclass(plan: Plan, part: Columns) -> MulticlassState:
    state = MulticlassState(plan)
    state.update(part.rows, ids=part.ids, true=part["k"], predicted=part["khat"], probabilities=part["probabilities"])
    return state


def _regression(plan: Plan, part: Columns) -> RegressionState:
    state = RegressionState(plan)
    state.update(part.rows, ids=part.ids, true=part["y"], predicted=part["yhat"])
    return state


def _means(plan: Plan, part: Columns) -> MeansState:
    state = MeansState(plan, [info("accuracy_score"), info("mean_absolute_error")])
    state.update(part.rows, ids=part.ids, scores=part["scores"])
    return state


def _multilabel(plan: Plan, part: Columns) -> MultilabelState:
    state = MultilabelState(plan)
    state.update(part.rows, ids=part.ids, true=part["sets"], predicted=part["sets_hat"])
    return state


FAMILIES: dict[str, Callable[[Plan, Columns], Any]] = {
    "binary": _binary,
    "multiclass": _multiclass,
    "regression": _regression,
    "means": _means,
    "multilabel": _multilabel,
}


def family_rows(n: int, seed: int, *, weighted: bool) -> tuple[Plan, Columns]:
    rng = np.random.default_rng(seed)
    y, p = rng.normal(size=n), rng.uniform(size=n).round(2)
    probabilities = rng.dirichlet(np.ones(3), n).round(3)
    probabilities[:, 2] = 1 - probabilities[:, :2].sum(axis=1)
    scores = np.column_stack([rng.uniform(size=n), rng.exponential(300, n)])
    scores[rng.uniform(size=n) < 0.1, 0] = np.nan
    columns = made(
        n, seed, SIZES, weighted=weighted, y=y, yhat=y + rng.normal(size=n), p=p, k=rng.integers(0, 3, n),
        khat=rng.integers(0, 3, n), probabilities=np.clip(probabilities, 0, 1), scores=scores,
        sets=rng.uniform(size=(n, 3)) < 0.4, sets_hat=rng.uniform(size=(n, 3)) < 0.4,
    )  # fmt: skip
    plan = Plan(labels=("a", "b", "c"), sizes=SIZES, weighted=weighted, probabilities=True, replicates=20)
    return plan, columns


def assert_same(a: Any, b: Any, *, exactly: bool) -> None:
    ours, theirs = {r.key: r for r in a.readings()}, {r.key: r for r in b.readings()}
    assert ours.keys() == theirs.keys()
    for key, left in ours.items():
        right = theirs[key]
        same = np.testing.assert_array_equal if exactly else _close
        same(left.values, right.values, err_msg=key)
        np.testing.assert_array_equal(left.n, right.n, err_msg=key)
        for name in ("replicates", "se", "successes", "low", "high"):
            x, y = getattr(left, name), getattr(right, name)
            assert (x is None) == (y is None), (key, name)
            if x is not None:
                same(x, y, err_msg=f"{key} {name}")
        assert left.notes == right.notes


def _close(a: Any, b: Any, err_msg: str) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12, err_msg=err_msg)


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_metric_and_replicate_is_the_same_however_rows_are_cut(family: str, weighted: bool, parts: int) -> None:
    plan, columns = family_rows(500, 11, weighted=weighted)
    whole = FAMILIES[family](plan, columns)
    pieces = [FAMILIES[family](plan, part) for part in partition(columns, parts, seed=parts)]
    merged = reduce(lambda a, b: a.merge(b), pieces)
    ordered = not weighted and family in ("means", "regression", "multilabel")
    assert_same(whole, merged, exactly=ordered)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_commutative_monoids(family: str, weighted: bool) -> None:
    plan, columns = family_rows(150, 12, weighted=weighted)
    x, y, z = (FAMILIES[family](plan, part) for part in partition(columns, 3, seed=1))
    nothing = FAMILIES[family](plan, columns.take(np.zeros(0, int)))
    assert_same(x.merge(y), y.merge(x), exactly=False)
    assert_same(x.merge(y).merge(z), x.merge(y.merge(z)), exactly=False)
    assert_same(x.merge(nothing), x, exactly=not weighted)
    assert_same(nothing.merge(x), x, exactly=not weighted)


def test_sums_of_losses_are_equal_to_the_bit_however_rows_are_cut() -> None:
    plan, columns = family_rows(800, 13, weighted=False)

    def build(part: Columns) -> CalibrationState:
        state = CalibrationState(plan)
        state.update(part.rows, part["p"], part["y"] > 0)
        return state

    whole = build(columns)
    for parts in PARTS[1:]:
        merged = reduce(CalibrationState.merge, map(build, partition(columns, parts, seed=parts)))
        for name in ("hits", "confidence", "losses"):
            assert content(getattr(merged, name)) == content(getattr(whole, name))


@pytest.mark.parametrize("family", FAMILIES)
def test_families_say_the_same_when_their_tables_are_sparse(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, columns = family_rows(200, 14, weighted=False)
    dense = FAMILIES[family](plan, columns)
    readings = dense.readings()
    monkeypatch.setattr(tally_module, "_DENSE_LIMIT", 0)
    pieces = (FAMILIES[family](plan, piece) for piece in partition(columns, 5, seed=2))
    sparse = reduce(lambda a, b: a.merge(b), pieces)
    monkeypatch.setattr(dense, "readings", lambda: readings)
    assert_same(dense, sparse, exactly=False)
