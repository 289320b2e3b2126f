"""Means over rows: intervals against statsmodels and scipy, and what failures do to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from steelyard.evaluation.genai.aggregation import ScorerFacts
from steelyard.records import Estimate

from .aggregation_lines import BROKEN, FAILED, aggregate, estimate, line, of

SCORES = [1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1]
PASSAGES = [str(i // 3) for i in range(12)]


def test_a_share_of_independent_rows_has_wilsons_interval():
    found = estimate(of([True] * 45 + [False] * 5), "good/mean")
    assert (found.value, found.n, found.missing, found.method) == (0.9, 50, 0, "wilson")
    assert (found.low, found.high) == pytest.approx(proportion_confint(45, 50, method="wilson"), abs=1e-12)
    assert (found.low, found.high) == pytest.approx((0.7863976857, 0.9565242351), abs=1e-9)
    assert found.worst is None
    assert found.best is None


def test_a_mean_of_numbers_has_students_interval():
    values = [3.5, 2.0, 4.25, 5.0, 1.0, 3.0]
    found = estimate(of(values), "good/mean")
    theirs = scipy.stats.t.interval(0.95, 5, np.mean(values), scipy.stats.sem(values))
    assert (found.low, found.high) == pytest.approx(theirs, abs=1e-12)
    assert found.method == "t"


def test_rows_of_one_session_are_not_independent():
    found = estimate(of([bool(s) for s in SCORES], sessions=PASSAGES, clustered=True), "good/mean")
    groups = np.array([int(p) for p in PASSAGES])
    fit = sm.OLS(np.array(SCORES, float), np.ones(12)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True, "df_correction": True}, use_t=True
    )
    assert found.value == pytest.approx(0.6666667, abs=1e-7)
    assert found.se == pytest.approx(0.1360827635, abs=1e-10)
    assert found.se == pytest.approx(float(fit.bse[0]), abs=1e-12)
    low, high = (float(end) for end in fit.conf_int()[0])
    assert (found.low, found.high) == pytest.approx((low, min(high, 1.0)), abs=1e-9)  # 3 degrees of freedom
    assert found.method == "clustered t"


def test_a_session_for_each_row_makes_no_difference():
    alone = of([bool(s) for s in SCORES], sessions=[str(i) for i in range(12)])
    assert estimate(alone, "good/mean") == estimate(of([bool(s) for s in SCORES]), "good/mean")
    assert alone.clusters is None


def test_sessions_do_not_count_if_they_are_not_to():
    found = of([bool(s) for s in SCORES], sessions=PASSAGES, clustered=False)
    assert estimate(found, "good/mean").method == "wilson"
    assert found.clusters is None


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-10, 10, width=32)), min_size=3, max_size=40))
def test_clustered_errors_equal_those_of_statsmodels(pairs):
    groups = np.array([group for group, _ in pairs])
    values = np.array([value for _, value in pairs])
    found = estimate(of(values.tolist(), sessions=[str(g) for g in groups], clustered=True), "good/mean")
    assert found.value == pytest.approx(values.mean(), abs=1e-9)
    if len(set(groups.tolist())) < 2:
        assert found.low is None
        return
    fit = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    # statsmodels also has the factor (n - 1)/(n - k), which is 1 for a mean (k = 1)
    assert found.se == pytest.approx(float(fit.bse[0]), rel=1e-8, abs=1e-9)


def test_repeats_of_a_row_are_averaged_before_rows_are_compared():
    rng = np.random.default_rng(3)
    table = rng.random((20, 4)) < rng.random((20, 1))
    lines = [line(i, bool(table[i, j]), repeat=j) for i in range(20) for j in range(4)]
    found = aggregate(lines, repeats=4)
    mean = estimate(found, "good/mean")
    means = table.mean(axis=1)
    assert (mean.n, mean.value) == (80, pytest.approx(means.mean()))
    assert mean.se == pytest.approx(scipy.stats.sem(means), abs=1e-12)
    assert (mean.low, mean.high) == pytest.approx(scipy.stats.t.interval(0.95, 19, means.mean(), mean.se), abs=1e-12)
    assert found.clusters == "row_id"


def test_every_way_of_failing_is_counted_and_bounded():
    found = of([True, False, FAILED, BROKEN, None, "yes", "unknown", float("nan")])
    mean = estimate(found, "good/mean")
    assert (mean.value, mean.n, mean.missing) == (pytest.approx(2 / 3), 3, 5)
    assert (mean.worst, mean.best) == (2 / 8, 7 / 8)
    assert estimate(found, "good/scored").value == 6 / 8
    told = found.scorers[0]
    assert (told.outcomes["scored"], told.outcomes["scorer_error"], told.outcomes["predict_failed"]) == (6, 1, 1)
    assert sum(told.outcomes.values()) == told.planned == 8
    assert len(found.warnings) == 2  # NaN and "unknown" are named, each with its count


def test_rows_that_were_never_reached_are_missing():
    lines = [line(i, True) for i in range(6)]
    found = aggregate(lines, rows=10, facts=[ScorerFacts(name="good", planned=10)])
    mean = estimate(found, "good/mean")
    assert (mean.value, mean.n, mean.missing, mean.worst, mean.best) == (1.0, 6, 4, 0.6, 1.0)
    assert estimate(found, "good/scored").value == 0.6
    assert any("never reached" in warning for warning in found.warnings)


def test_a_scorer_that_only_failed_is_still_seen():
    found = of([BROKEN, FAILED, FAILED])
    mean = estimate(found, "good/mean")
    assert (mean.value, mean.n, mean.missing, mean.worst) == (None, 0, 3, None)
    assert found.feedback[0].kind == "none"
    assert (found.feedback[0].planned, found.feedback[0].n) == (3, 0)
    assert "good/mean" not in found.values
    declared = of([BROKEN, FAILED], facts=ScorerFacts(name="good", planned=2, kind="boolean"))
    mean = estimate(declared, "good/mean")
    assert (mean.value, mean.worst, mean.best) == (None, 0.0, 1.0)


def test_missing_numbers_are_bounded_by_a_declared_range_alone():
    facts = ScorerFacts(name="good", planned=3, lower=1, upper=5)
    bounded = estimate(of([4, 2, BROKEN], facts=facts), "good/mean")
    assert (bounded.value, bounded.worst, bounded.best) == (3.0, pytest.approx(7 / 3), pytest.approx(11 / 3))
    free = estimate(of([4, 2, BROKEN]), "good/mean")
    assert (free.value, free.missing, free.worst, free.best) == (3.0, 1, None, None)


Outcome = st.sampled_from([True, False, "yes", "no", None, FAILED, BROKEN])


def _span(found: Estimate) -> tuple[float, float]:
    ends = (found.worst, found.best) if found.worst is not None else (found.value, found.value)
    assert ends[0] is not None
    assert ends[1] is not None
    return float(ends[0]), float(ends[1])


@settings(deadline=None, max_examples=150)
@given(
    st.integers(1, 3).flatmap(lambda k: st.lists(st.lists(Outcome, min_size=k, max_size=k), min_size=1, max_size=6)),
    st.data(),
)
def test_making_a_row_fail_never_raises_the_worst_case_nor_narrows_the_bounds(table: list[list[Any]], data):
    repeats = len(table[0])
    facts = [
        ScorerFacts(name="good", planned=len(table) * repeats, kind="boolean", pass_if=lambda v: v in (True, "yes"))
    ]

    def found(values: list[list[Any]]):
        lines = [line(i, v, repeat=j) for i, row in enumerate(values) for j, v in enumerate(row)]
        return aggregate(lines, rows=len(table), repeats=repeats, facts=facts)

    before = found(table)
    i, j = data.draw(st.integers(0, len(table) - 1)), data.draw(st.integers(0, repeats - 1))
    after = found(
        [
            [data.draw(st.sampled_from([FAILED, BROKEN])) if (a, b) == (i, j) else v for b, v in enumerate(row)]
            for a, row in enumerate(table)
        ]
    )
    assert {e.metric for e in before.estimates} == {e.metric for e in after.estimates}
    for one in before.estimates:
        if one.metric == "good/scored":
            assert float(estimate(after, one.metric)) <= float(one.estimate)
            continue
        (low, high), (lower, higher) = _span(one.estimate), _span(estimate(after, one.metric))
        assert lower <= low + 1e-12
        assert higher >= high - 1e-12
        if one.metric == "good/mean" and one.estimate.value is not None:
            assert low - 1e-12 <= one.estimate.value <= high + 1e-12


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(24)))
def test_the_order_of_lines_leaves_no_trace(order):
    rng = np.random.default_rng(11)
    lines = [
        line(
            i,
            {
                "number": float(rng.normal()),
                "word": str(rng.choice(["a", "b"])),
                "flag": bool(rng.random() < 0.5) if i % 5 else BROKEN,
            },
            repeat=j,
            tags={"topic": str(rng.choice(["x", "y", "z"]))},
            session=str(i // 3),
            latency=float(rng.random()),
        )
        for i in range(8)
        for j in range(3)
    ]
    facts = [
        ScorerFacts(name=n, planned=24, aggregations=["mean", "p90", "variance"]) for n in ("number", "word", "flag")
    ]
    options: dict[str, Any] = {"rows": 8, "repeats": 3, "facts": facts, "slices": ["topic"], "clustered": True}
    straight, mixed = aggregate(lines, **options), aggregate([lines[k] for k in order], **options)
    assert straight.estimates == mixed.estimates
    assert straight.feedback == mixed.feedback
    assert straight.scorers == mixed.scorers
    assert straight.slices == mixed.slices
    for key, draws in straight.replicates.values.items():
        np.testing.assert_array_equal(draws, mixed.replicates.values[key])


def test_replicates_show_the_spread_that_the_formula_has():
    rng = np.random.default_rng(5)
    values = (rng.random(4000) < 0.3).tolist()
    found = of(values)
    draws = found.replicates.values["good/mean", ""]
    assert draws.shape == (200,)
    assert draws.std(ddof=1) == pytest.approx(float(estimate(found, "good/mean").se or 0), rel=0.25)
