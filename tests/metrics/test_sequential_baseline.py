"""Against a baseline that is itself a sample, the declared rate holds with the baseline's chance included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from steelyard.errors import InvalidArgument
from steelyard.metrics.sequential import Detector, SufficientCounts, against_baseline, exceedances
from steelyard.metrics.sequential.baseline import _EDGES, _log_evidence_of
from steelyard.metrics.sequential.counts import Scale
from steelyard.metrics.states.quantiles import Quantiles


@pytest.mark.parametrize("n", [30, 400])
def test_the_baselines_own_evidence_has_at_most_the_mean_one_whatever_its_mean(n: int) -> None:
    scale = Scale(0.0, 1.0, "below")
    passed = np.arange(n + 1)
    logs = np.array([_log_evidence_of(SufficientCounts.of_verdicts(int(k), int(n - k)), scale) for k in passed])
    for i in range(0, len(_EDGES) - 1, 60):
        # A mean anywhere in a part: its worst is where the part begins, nothing at all before the first edge.
        for bad in (_EDGES[i] if i else 0.0, _EDGES[i + 1]):
            assert special.logsumexp(stats.binom.logpmf(passed, n, 1 - bad) + logs[:, i]) <= 1e-9


@pytest.mark.parametrize("n", [200, 1000, 10_000])
def test_false_alarms_come_no_more_often_than_declared_over_baselines_and_looks(n: int) -> None:
    rng = np.random.default_rng(n)
    count, looks = 0, 0
    for passed in rng.binomial(n, 0.9, 40):
        start = detector = against_baseline(
            SufficientCounts.of_verdicts(passed, n - passed), looks_between_false_alarms=10
        )  # fmt: skip
        for good in rng.binomial(50, 0.9, 100):
            detector = detector.update(SufficientCounts.of_verdicts(good, 50 - good))
            count, looks = count + detector.is_alarm, looks + 1
            detector = start.restarted() if detector.is_alarm else detector
    assert count <= looks / 10


def test_a_plug_in_target_would_not_hold_it() -> None:
    rng = np.random.default_rng(1)
    count = dict.fromkeys(("plugged in", "against the baseline"), 0)
    for passed in rng.binomial(100, 0.9, 25):
        baseline = SufficientCounts.of_verdicts(passed, 100 - passed)
        starts = {
            "plugged in": Detector.start(target=passed / 100, looks_between_false_alarms=10),
            "against the baseline": against_baseline(baseline, looks_between_false_alarms=10),
        }
        looks = rng.binomial(1000, 0.9, 60)
        for name, start in starts.items():
            detector = start
            for good in looks:
                detector = detector.update(SufficientCounts.of_verdicts(good, 1000 - good))
                count[name] += detector.is_alarm
                detector = start if detector.is_alarm else detector
    assert count["plugged in"] > 1.5 * 25 * 60 / 10
    assert count["against the baseline"] <= 25 * 60 / 10


def test_a_large_baseline_is_nearly_a_known_target() -> None:
    looks = [SufficientCounts.of_verdicts(82, 18)] * 40
    found = {}
    for name, start in {
        "known": Detector.start(target=0.9, looks_between_false_alarms=8760),
        "large": against_baseline(SufficientCounts.of_verdicts(90_000, 10_000), looks_between_false_alarms=8760),
        "small": against_baseline(SufficientCounts.of_verdicts(900, 100), looks_between_false_alarms=8760),
    }.items():
        detector = start
        while not detector.is_alarm:
            detector = detector.update(looks[0])
        found[name] = detector.looks
    assert found["known"] <= found["large"] <= found["known"] + 2
    assert found["large"] <= found["small"]


@given(st.integers(200, 100_000), st.floats(0.5, 0.99))
def test_the_reach_lies_beyond_the_baselines_mean_and_beyond_it_all_is_found(n: int, share: float) -> None:
    passed = round(n * share)
    detector = against_baseline(SufficientCounts.of_verdicts(passed, n - passed), looks_between_false_alarms=1000)
    assert detector.reach is not None
    assert 0 < detector.reach < passed / n
    for _ in range(3):
        detector = detector.update(
            SufficientCounts.of_verdicts(
                round(0.98 * detector.reach * 10**7), round((1 - 0.98 * detector.reach) * 10**7)
            )
        )
    assert detector.is_alarm


def test_the_margin_moves_the_reach_as_far() -> None:
    baseline = SufficientCounts.of_verdicts(900, 100)
    bare = against_baseline(baseline, looks_between_false_alarms=1000)
    wide = against_baseline(baseline, margin=0.05, looks_between_false_alarms=1000)
    assert bare.reach is not None
    assert wide.reach == pytest.approx(bare.reach - 0.05)


def test_rows_of_a_baseline_say_at_least_what_their_sums_do() -> None:
    x = np.random.default_rng(2).beta(8, 2, 20_000)
    by_rows = against_baseline(x, looks_between_false_alarms=1000).reach
    by_sums = against_baseline(SufficientCounts.of(x), looks_between_false_alarms=1000).reach
    assert by_rows is not None
    assert by_sums is not None
    assert by_sums <= by_rows < 0.8


def test_it_goes_on_from_its_bytes_and_starts_anew_as_it_was() -> None:
    start = against_baseline(SufficientCounts.of_verdicts(450, 50), alpha=0.05)
    detector = start.update([1, 0, 1]).update([0, 0])
    assert Detector.from_bytes(detector.to_bytes()) == detector
    assert detector.restarted() == start


def test_under_alpha_few_baselines_ever_give_a_false_alarm() -> None:
    rng = np.random.default_rng(3)
    ever = 0
    for passed in rng.binomial(300, 0.8, 40):
        detector = against_baseline(SufficientCounts.of_verdicts(passed, 300 - passed), alpha=0.2)
        alarmed = False
        for good in rng.binomial(100, 0.8, 60):
            detector = detector.update(SufficientCounts.of_verdicts(good, 100 - good))
            alarmed |= detector.is_alarm
        ever += alarmed
    assert ever <= 13


def test_durations_are_watched_by_how_many_are_slower_than_the_baselines_95th_percentile() -> None:
    rng = np.random.default_rng(4)
    past = Quantiles.of(rng.lognormal(6, 1, 5000))
    limit = past.quantile(0.95)
    above, n = exceedances(past, limit)
    assert above / n == pytest.approx(0.05, abs=0.01)
    start = against_baseline(
        SufficientCounts.of_verdicts(above + 1, n - above - 1), direction="above", looks_between_false_alarms=8760
    )
    for scale, alarms in ((6.0, False), (6.7, True)):
        detector = start
        for _ in range(20):
            slow, rows = exceedances(Quantiles.of(rng.lognormal(scale, 1, 200)), limit)
            detector = detector.update(SufficientCounts.of_verdicts(slow, rows - slow))
        assert detector.is_alarm is alarms


@given(st.lists(st.floats(-1e6, 1e6), max_size=50), st.floats(-1e6, 1e6))
def test_exceedances_count_what_lies_clearly_above(values: list[float], limit: float) -> None:
    above, n = exceedances(Quantiles.of(values), limit)
    assert n == len(values)
    clearly = limit + 0.021 * abs(limit)
    assert sum(v > clearly for v in values) <= above <= sum(v > limit for v in values)


@pytest.mark.parametrize(
    ("baseline", "margin", "says"),
    [
        (SufficientCounts(0, 0.0), 0.0, "no rows"),
        ([], 0.0, "no rows"),
        (SufficientCounts.of_verdicts(0, 50), 0.0, "too few rows"),
        (SufficientCounts.of_verdicts(90, 10), 0.95, "too little room"),
        (SufficientCounts.of_verdicts(1, 0), 0.0, "too few rows"),
    ],
    ids=["none", "no-rows", "all-bad", "margin", "few"],
)
def test_a_baseline_that_could_never_alarm_is_an_error(baseline: object, margin: float, says: str) -> None:
    with pytest.raises(InvalidArgument, match=says):
        against_baseline(baseline, margin=margin, looks_between_false_alarms=8760)  # type: ignore[arg-type]


def test_a_limit_that_is_no_number_is_an_error() -> None:
    with pytest.raises(InvalidArgument, match="finite"):
        exceedances(Quantiles.of([1.0]), float("nan"))
