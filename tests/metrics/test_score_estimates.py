"""What windows of feedback and of traffic say is what the values themselves would say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals import quantile_interval
from steelyard.metrics.score_estimates import headline, headlines, mean_of, merged, pass_rate, quantile_of
from steelyard.metrics.states.quantiles import Quantiles
from steelyard.metrics.trace_estimates import duration_of, error_rate, mean_cost, mean_tokens, traffic
from steelyard.records.overview import TraceWindow
from steelyard.records.score_windows import ScoreWindow


def window(values: list[float], *, start: int = 0, **more: object) -> ScoreWindow:
    given_ = {
        "n": len(values),
        "numbers": len(values),
        "total": math.fsum(values),
        "squares": math.fsum(x * x for x in values),
        "low": min(values, default=None),
        "high": max(values, default=None),
        "quantiles": Quantiles.of(np.array(values)).to_bytes(),
    }
    return ScoreWindow(start_ms=start, end_ms=start + 10, **{**given_, **more})


def verdicts(passed: int, n: int, *, errors: int = 0) -> ScoreWindow:
    return ScoreWindow(start_ms=0, end_ms=10, n=n, verdicts=n, passed=passed, errors=errors)


def test_a_pass_rate_has_wilsons_interval_and_tells_its_errors() -> None:
    found = pass_rate(verdicts(45, 50, errors=10))
    assert (found.low, found.high) == pytest.approx(proportion_confint(45, 50, method="wilson"))
    assert (found.value, found.n, found.missing, found.method) == (0.9, 50, 10, "wilson")
    assert (found.worst, found.best) == pytest.approx((45 / 60, 55 / 60))
    assert pass_rate(verdicts(45, 50)).worst is None


def test_a_mean_has_students_interval() -> None:
    values = np.random.default_rng(1).normal(3, 2, 40)
    found = mean_of(window(values.tolist(), errors=2))
    expected = stats.t.interval(0.95, 39, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)
    assert (found.value, found.se) == pytest.approx((values.mean(), stats.sem(values)))
    assert (found.n, found.missing, found.method) == (40, 2, "t")


@given(st.lists(st.floats(-1e-3, 1e-3), min_size=5, max_size=30), st.sampled_from([0.0, 1.0, 1e4, 1e8]))
def test_an_interval_is_never_shorter_than_the_values_allow_however_large_they_are(
    small: list[float], shift: float
) -> None:
    values = [shift + x for x in small]
    found = mean_of(window(values))
    if min(values) == max(values):
        assert found.low is None
        return
    centred = np.array(values) - shift
    assert found.se is not None
    assert found.se >= np.std(centred, ddof=1) / np.sqrt(len(values)) * (1 - 1e-6)


def test_too_few_or_equal_numbers_have_no_interval() -> None:
    for values, why in (([], "no numbers"), ([1.0], "1 value is too few"), ([1.0, 2.0, 3.0, 4.0], "4 values are")):
        found = mean_of(window(values, errors=1))
        assert why in found.method
        assert (found.low, found.high, found.n, found.missing) == (None, None, len(values), 1)
    assert mean_of(window([2.0] * 50)).method == "no interval: all 50 are equal"
    assert mean_of(window([])).value is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.sampled_from([0.1, 0.5, 0.9]))
def test_a_quantiles_interval_holds_the_one_between_the_values_themselves(values: list[float], q: float) -> None:
    found, exact = quantile_of(window(values), q), quantile_interval(values, q)
    assert (found.low is None) == (math.isnan(exact.low) or math.isnan(exact.high))
    if found.low is not None and found.high is not None:
        slack = 1e-9 * (1 + max(map(abs, values)))
        assert found.low <= exact.low + slack
        assert found.high >= exact.high - slack
        assert min(values) <= found.low <= found.high <= max(values)
    with pytest.raises(InvalidArgument, match="q must lie"):
        quantile_of(window(values), 1.0)
    assert quantile_of(window([]), q).method == "no numbers"


def test_a_page_shows_what_most_of_the_values_are() -> None:
    rate, mean = verdicts(45, 50), window([1.0, 2.0, 3.0, 4.0, 5.0])
    words = ScoreWindow(start_ms=0, end_ms=1, n=3, words={"good": 3})
    errors = ScoreWindow(start_ms=0, end_ms=1, errors=3)
    assert headlines([rate, mean, words, errors]) == [pass_rate(rate), mean_of(mean), None, headline(errors)]
    failed = headline(errors)
    assert failed is not None
    assert (failed.value, failed.n, failed.missing) == (None, 0, 3)


@given(st.lists(st.lists(st.floats(-1e9, 1e9), max_size=6), min_size=1, max_size=6), st.randoms())
def test_merged_windows_are_those_of_all_their_values_in_any_order(parts: list[list[float]], random: object) -> None:
    windows = [window(part, start=10 * i, words={"a": i + 1}) for i, part in enumerate(parts)]
    whole = merged(windows)
    random.shuffle(windows)  # type: ignore[attr-defined]
    assert merged(windows) == whole
    everything = window([x for part in parts for x in part])
    assert (whole.n, whole.low, whole.high) == (everything.n, everything.low, everything.high)
    assert whole.quantiles == everything.quantiles
    assert whole.total == pytest.approx(everything.total, abs=1e-5)
    assert (whole.start_ms, whole.end_ms) == (0, 10 * len(parts))
    assert whole.words == {"a": sum(range(1, len(parts) + 1))}


def test_rare_words_are_merged_under_one_name() -> None:
    one = ScoreWindow(start_ms=0, end_ms=1, n=40, words={f"a{n:02}": 1 for n in range(39)} | {"…": 1})
    two = ScoreWindow(start_ms=1, end_ms=2, n=41, words={f"b{n:02}": 1 for n in range(39)} | {"a00": 2})
    both = merged([one, two])
    assert (len(both.words), both.words["a00"], both.words["…"]) == (51, 3, 29)
    assert sum(both.words.values()) == both.n
    with pytest.raises(InvalidArgument, match="no windows"):
        merged([])


def test_traffic_has_the_exact_interval_of_a_poisson_rate() -> None:
    found = traffic(TraceWindow(start_ms=0, end_ms=600_000, n=10))
    assert (found.value, found.low, found.high) == pytest.approx(
        (1.0, stats.chi2.ppf(0.025, 20) / 20, stats.chi2.ppf(0.975, 22) / 20)
    )
    none = traffic(TraceWindow(start_ms=0, end_ms=60_000), per_ms=1000)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(-math.log(0.025) / 60)
    with pytest.raises(InvalidArgument, match="stretch of time"):
        traffic(TraceWindow(start_ms=0, end_ms=0))


def test_errors_durations_costs_and_tokens_are_told_with_what_is_missing() -> None:
    full = TraceWindow(
        start_ms=0,
        end_ms=1,
        n=50,
        errors=5,
        durations={0.5: 10.0, 0.99: 90.0},
        duration_intervals={0.5: (8.0, 12.0)},
        ended=40,
        input_tokens=100,
        output_tokens=50,
        cost=3.0,
        priced=30,
    )
    rate, median, tail, price = error_rate(full), duration_of(full, 0.5), duration_of(full, 0.99), mean_cost(full)
    assert (rate.low, rate.high) == pytest.approx(proportion_confint(5, 50, method="wilson"))
    assert (median.value, median.low, median.high, median.n, median.missing) == (10.0, 8.0, 12.0, 40, 10)
    assert (tail.value, tail.low, tail.method) == (90.0, None, "no interval: 40 are too few")
    assert (price.value, price.n, price.missing) == (0.1, 30, 20)
    assert mean_tokens(full).value == 3
    empty = TraceWindow(start_ms=0, end_ms=1)
    for found in (error_rate(empty), duration_of(empty, 0.5), mean_cost(empty), mean_tokens(empty)):
        assert (found.value, found.n) == (None, 0)
    with pytest.raises(InvalidArgument, match=r"q=0\.3"):
        duration_of(full, 0.3)
