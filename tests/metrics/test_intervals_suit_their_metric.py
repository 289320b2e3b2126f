"""From readings to estimates: which interval a metric gets, what clusters change, what missing rows bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from steelyard.metrics.binary import BinaryState
from steelyard.metrics.estimates import Context, estimates
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import Reading
from steelyard.metrics.states.sliced import Rows
from steelyard.metrics.weights import buckets_of, splitmix64
from steelyard.records import Estimate, MetricInfo, SliceInfo

from .made import binary, multiclass, regression


def told(readings: Any, *, missing: int = 0, confidence: float = 0.95, clusters: Any = None) -> dict[str, Estimate]:
    n = int(readings["example_count"].values[0]) if "example_count" in readings else 0
    context = Context((SliceInfo((), n, missing),), confidence, clusters)
    return {s.metric: s.estimate for s in estimates(readings.values(), context)}


@pytest.fixture(scope="module")
def readings() -> Any:
    rng = np.random.default_rng(1)
    true = rng.uniform(size=400) < 0.4
    p = 1 / (1 + np.exp(-(rng.normal(size=400) + true)))
    return binary(true, p > 0.5, p, replicates=200)


def test_shares_get_wilsons_interval(readings: Any) -> None:
    accuracy = told(readings)["accuracy_score"]
    hits = round(accuracy.value * 400)
    assert (accuracy.low, accuracy.high) == pytest.approx(proportion_confint(hits, 400, method="wilson"), abs=1e-9)
    assert accuracy.method == "wilson"
    assert accuracy.se == pytest.approx(np.sqrt(accuracy.value * (1 - accuracy.value) / 400))
    precision = told(readings)["precision_score"]
    assert precision.n == readings["true_positives"].values[0] + readings["false_positives"].values[0]
    hits = round(precision.value * precision.n)
    expected = proportion_confint(hits, precision.n, method="wilson")
    assert (precision.low, precision.high) == pytest.approx(expected, abs=1e-9)


def test_means_get_students_interval() -> None:
    rng = np.random.default_rng(2)
    true = rng.normal(size=50)
    predicted = true + rng.normal(size=50)
    mae = told(regression(true, predicted))["mean_absolute_error"]
    error = np.abs(predicted - true)
    se = error.std(ddof=1) / np.sqrt(50)
    assert mae.se == pytest.approx(se, rel=1e-9)
    assert (mae.low, mae.high) == pytest.approx(stats.t.interval(0.95, 49, error.mean(), se), rel=1e-9)
    assert mae.method == "t"


def test_the_area_gets_delongs_interval(readings: Any) -> None:
    area = told(readings)["roc_auc"]
    assert area.method == "delong"
    assert area.se == pytest.approx(readings["roc_auc"].se[0])
    logit = np.log(area.value / (1 - area.value))
    half = 1.959964 * area.se / (area.value * (1 - area.value))
    ends = 1 / (1 + np.exp(-np.array([logit - half, logit + half])))
    assert (area.low, area.high) == pytest.approx(ends, abs=1e-6)


@pytest.mark.parametrize(
    "name", ["f1_score", "matthews_corrcoef", "expected_calibration_error", "aurc", "ks_statistic"]
)
def test_other_functions_of_the_rows_get_the_bootstrap(name: str, readings: Any) -> None:
    estimate = told(readings)[name]
    assert estimate.method == "bootstrap"
    assert estimate.low <= estimate.value <= estimate.high
    assert estimate.se == pytest.approx(readings[name].replicates[0].std(ddof=1) * np.sqrt(400 / 399), rel=1e-9)


def test_counts_have_no_interval_and_say_why(readings: Any) -> None:
    count = told(readings)["true_positives"]
    assert (count.low, count.high, count.method) == (None, None, "count")


@pytest.mark.parametrize("weighted", [False, True])
def test_a_wider_confidence_is_a_wider_interval_for_every_metric(weighted: bool) -> None:
    rng = np.random.default_rng(3)
    true = rng.normal(size=300)
    predicted = true + rng.normal(size=300)
    weights = rng.uniform(0.5, 2, 300) if weighted else None
    p = rng.uniform(size=300)
    shares = binary(true > 0, p > 0.5, p, weights, replicates=100)
    errors = [regression(true, predicted, weights, confidence=c) for c in (0.8, 0.99)]
    for found in (errors, [shares, shares]):
        narrow, wide = (told(f, confidence=c) for f, c in zip(found, (0.8, 0.99), strict=True))
        for name, estimate in wide.items():
            assert estimate.confidence == 0.99
            if estimate.low is not None:
                assert estimate.high - estimate.low > narrow[name].high - narrow[name].low, name
                assert estimate.low <= narrow[name].low, name


def test_every_interval_holds_its_value_and_stays_in_the_metrics_range() -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 40))
        true, p = rng.uniform(size=n) < 0.5, rng.uniform(size=n)
        p = np.where(rng.uniform(size=n) < 0.7, np.where(true, 0.9, 0.1), p)
        weights = rng.uniform(0.5, 2, n) if seed % 2 else None
        found = binary(true, p > 0.5, p, weights, replicates=50)
        for name, estimate in told(found).items():
            if estimate.low is None:
                continue
            info = found[name].info
            assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9, (seed, name)
            if estimate.method.startswith(("wilson", "delong", "bootstrap")) and info.upper is not None:
                assert info.lower - 1e-9 <= estimate.low, (seed, name)
                assert estimate.high <= info.upper + 1e-9, (seed, name)


def test_a_value_without_an_interval_says_why() -> None:
    for estimate in told(binary([1, 0, 1], [1, 1, 1], [0.9, 0.8, 0.7])).values():
        assert estimate.low is not None or estimate.method, estimate
    assert "too few" in told(binary([1, 0, 1], [1, 1, 1]))["f1_score"].method


def test_one_row_gives_values_without_spread() -> None:
    for found in (regression(np.array([1.0]), np.array([2.0])), binary([1], [1], [0.7]), multiclass([1], [0], 3)):
        for name, estimate in told(found).items():
            assert estimate.se is None or np.isfinite(estimate.se), name


def test_intervals_that_are_given_are_kept() -> None:
    info = MetricInfo(name="m", title="M", upper=None)
    one = np.array([1.0])
    reading = Reading(info=info, values=one, n=one * 9, interval="given", low=one - 1, high=one + 1, method="by hand")
    estimate = told({"m": reading})["m"]
    assert (estimate.low, estimate.high, estimate.method) == (0.0, 2.0, "by hand")


# --- clusters --------------------------------------------------------------------------------------------------------


def clustered(copies: int, *, by_cluster: bool, clusters: int = 400) -> Any:
    rng = np.random.default_rng(4)
    true = rng.uniform(size=clusters) < 0.5
    p = np.clip(np.where(true, 0.6, 0.4) + rng.normal(0, 0.2, clusters), 0, 1)
    rows = np.repeat(np.arange(clusters), copies)
    units = splitmix64(rows.astype(np.uint64)) if by_cluster else splitmix64(np.arange(len(rows), dtype=np.uint64))
    state = BinaryState(Plan(probabilities=True, replicates=400))
    state.update(
        Rows.of(buckets_of(units)), ids=splitmix64(np.arange(len(rows), dtype=np.uint64)), true=true[rows],
        predicted=p[rows] > 0.5, positive=p[rows],
    )  # fmt: skip
    return {r.key: r for r in state.readings()}


def test_clusters_of_copies_give_the_interval_of_the_rows_without_their_copies() -> None:
    plain, whole = told(clustered(1, by_cluster=False)), told(clustered(9, by_cluster=False))
    units = told(clustered(9, by_cluster=True), clusters=np.array([400.0]))
    for name in ("accuracy_score", "f1_score", "roc_auc", "precision_recall_auc", "log_loss", "brier_score_loss"):
        width, naive, honest = (t[name].high - t[name].low for t in (plain, whole, units))
        assert units[name].method == "clustered bootstrap"
        assert naive == pytest.approx(width / 3, rel=0.2), name  # nine copies of a row are not nine rows
        assert honest == pytest.approx(width, rel=0.2), name


# --- rows without a score --------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(hits=st.lists(st.booleans(), min_size=2, max_size=40), data=st.data())
def test_losing_a_row_never_makes_the_worst_case_better_nor_the_best_case_worse(
    hits: list[bool], data: st.DataObject
) -> None:
    """Exactly: without weights, for any set of rows lost, worst falls by the hits lost and best rises by the misses."""
    order = data.draw(st.permutations(range(len(hits))))
    n = len(hits)
    correct = np.array(hits)
    worst, best = correct.mean(), correct.mean()
    for lost in range(n):
        kept = np.array(order[lost:])
        found = binary(correct[kept], np.ones(len(kept), bool))
        accuracy = told(found, missing=lost)["accuracy_score"]
        assert accuracy.missing == lost
        if not lost:
            assert (accuracy.worst, accuracy.best) == (None, None)
            continue
        assert accuracy.worst <= worst + 1e-12
        assert accuracy.best >= best - 1e-12
        assert accuracy.worst == pytest.approx(correct[kept].sum() / n)
        assert accuracy.best == pytest.approx((correct[kept].sum() + lost) / n)
        assert accuracy.worst - 1e-12 <= correct.mean() <= accuracy.best + 1e-12
        worst, best = accuracy.worst, accuracy.best


def test_for_a_loss_the_worst_case_is_the_higher() -> None:
    rng = np.random.default_rng(5)
    p = rng.uniform(size=80)
    brier = told(binary(p > rng.uniform(size=80), p > 0.5, p), missing=20)["brier_score_loss"]
    assert brier.worst == pytest.approx((brier.value * 80 + 20) / 100)
    assert brier.best == pytest.approx(brier.value * 80 / 100)


def test_metrics_that_no_missing_row_bounds_have_no_bounds(readings: Any) -> None:
    found = told(readings, missing=7)
    for name in ("f1_score", "roc_auc", "precision_score", "log_loss"):
        assert (found[name].worst, found[name].best) == (None, None)


def test_a_slice_of_which_no_row_could_be_scored_is_bounded_by_the_whole_range() -> None:
    columns = Rows.of(np.zeros(0, np.int32))
    state = BinaryState(Plan(replicates=20))
    nothing = np.zeros(0, bool)
    state.update(columns, ids=np.zeros(0, np.uint64), true=nothing, predicted=nothing, positive=None)
    accuracy = told({r.key: r for r in state.readings()}, missing=9)["accuracy_score"]
    assert accuracy.value is None
    assert (accuracy.worst, accuracy.best) == (0.0, 1.0)


def test_weighted_rows_are_not_bounded_by_their_number() -> None:
    """The weight of what is missing is what counts; a bound by the number of rows can be wrong by any amount."""
    weights = np.full(50, 0.01)
    accuracy = told(binary([True] * 50, [True] * 50, weights=weights), missing=1)["accuracy_score"]
    # Had the missing row a weight of 100, the whole could be as low as 0.5 / 100.5.
    assert accuracy.worst is None or accuracy.worst <= 0.5 / 100.5
