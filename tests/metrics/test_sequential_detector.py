"""A detector tells of a change soon, and without one no more often than declared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from steelyard.errors import InvalidArgument
from steelyard.metrics.sequential import Detector, SufficientCounts, calibrated
from steelyard.metrics.sequential.bets import bets_against, log_wealth

ROWS = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def watching(**changed: object) -> Detector:
    given = {"target": 0.9, "margin": 0.02, "looks_between_false_alarms": 8760} | changed
    return Detector.start(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("null", [0.001, 0.1, 0.5, 0.97])
def test_every_bet_on_verdicts_has_the_mean_one_at_the_limit_and_less_before_it(null: float) -> None:
    bets = bets_against(np.array([null]))
    bad = np.arange(41)
    wealth = np.exp([log_wealth(np.array([0.0, 1.0]), [40 - b, b], np.array([null]), bets)[0] for b in bad])
    assert stats.binom.pmf(bad, 40, null) @ wealth == pytest.approx(np.ones(bets.size))
    assert (stats.binom.pmf(bad, 40, null * 0.8) @ wealth < 1).all()


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=12))
def test_evidence_is_the_sum_over_all_looks_at_which_it_may_have_begun(looks: list[tuple[int, int]]) -> None:
    looks = [(passed, failed) for passed, failed in looks if passed + failed]
    assume(looks)
    detector = watching()
    for passed, failed in looks:
        detector = detector.update(SufficientCounts.of_verdicts(passed, failed))
    null = 0.12
    total = 0.0
    for bet in bets_against(np.array([null]))[0]:
        gained = [(1 - bet * null) ** p * (1 + bet * (1 - null)) ** f for p, f in looks]
        total += sum(np.prod(gained[start:]) for start in range(len(looks)))
    assert detector.evidence == pytest.approx(total / 12, rel=1e-6)
    assert detector.looks == len(looks)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_within_a_look_does_not_matter(rows: list[float], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert watching().update(rows) == watching().update(shuffled)


@given(ROWS, ROWS)
def test_a_look_split_in_two_says_at_least_as_much(first: list[float], then: list[float]) -> None:
    whole, parts = watching().update([*first, *then]), watching().update(first).update(then)
    assert parts.log_evidence >= whole.log_evidence - 1e-9


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_sums_of_a_range_far_from_zero_never_say_more_than_rows(rows: list[float]) -> None:
    start = watching(target=1e6 + 0.9, low=1e6, high=1e6 + 1)
    values = [1e6 + x for x in rows]
    assert start.update(values).log_evidence >= start.update(SufficientCounts.of(values)).log_evidence - 1e-6


@given(ROWS, st.sampled_from(["below", "above"]))
def test_sums_never_say_more_than_rows_nor_less_the_more_they_tell(rows: list[float], direction: str) -> None:
    start = watching(target=0.5, direction=direction)
    counts = SufficientCounts.of(rows)
    by_rows = start.update(rows).log_evidence
    by_squares = start.update(counts).log_evidence
    by_total = start.update(SufficientCounts(counts.n, counts.total)).log_evidence
    assert by_rows >= by_squares - 1e-6
    assert by_squares >= by_total - 1e-6


@given(st.integers(0, 50), st.integers(0, 50))
def test_verdicts_say_the_same_as_rows_and_as_counts(passed: int, failed: int) -> None:
    rows = [1.0] * passed + [0.0] * failed
    counted = watching().update(SufficientCounts.of_verdicts(passed, failed))
    assert counted.log_evidence == pytest.approx(watching().update(rows).log_evidence, abs=1e-9)
    assert counted.rows == passed + failed


@given(ROWS)
def test_the_unit_and_the_side_do_not_matter(rows: list[float]) -> None:
    here = watching().update(rows).log_evidence
    stars = watching(target=1 + 4 * 0.9, margin=0.08, low=1, high=5).update([1 + 4 * x for x in rows])
    turned = watching(target=0.1, direction="above").update([1 - x for x in rows])
    assert stars.log_evidence == pytest.approx(here, abs=1e-6)
    assert turned.log_evidence == pytest.approx(here, abs=1e-6)


@given(st.lists(ROWS, max_size=4), ROWS, st.booleans())
def test_a_detector_goes_on_from_its_bytes_as_if_nothing_had_been(
    looks: list[list[float]], rows: list[float], once: bool
) -> None:
    detector = watching(alpha=0.05, looks_between_false_alarms=None) if once else watching()
    for look in looks:
        detector = detector.update(look)
    again = Detector.from_bytes(detector.to_bytes())
    assert again == detector
    assert hash(again) == hash(detector)
    assert again.update(rows) == detector.update(rows)
    assert again.restarted() == (watching(alpha=0.05, looks_between_false_alarms=None) if once else watching())


def test_a_look_without_rows_is_no_look() -> None:
    detector = watching().update([1, 1, 0])
    assert detector.update([]) is detector
    assert detector.update(SufficientCounts(0, 0.0)) is detector


def test_a_change_is_seen_and_when_it_began_is_told() -> None:
    rng = np.random.default_rng(0)
    detector = watching()
    for look in range(1, 100):
        detector = detector.update(rng.random(200) < (0.92 if look <= 60 else 0.75))
        if detector.is_alarm:
            break
    assert 61 <= detector.looks <= 64
    assert detector.began_at == 61
    assert not detector.restarted().is_alarm
    assert detector.restarted().began_at is None


def test_a_collapse_of_many_rows_gives_a_finite_number_as_evidence() -> None:
    detector = watching().update(SufficientCounts.of_verdicts(0, 10**6))
    assert detector.is_alarm
    assert np.isfinite(detector.evidence)


def test_small_changes_are_seen_too_once_there_are_rows_enough() -> None:
    detector = watching(target=0.9, margin=0.0)
    while not detector.is_alarm:
        detector = detector.update(SufficientCounts.of_verdicts(4450, 550))  # one point under the target
    assert detector.looks <= 10


def false_alarms(start: Detector, draw: Callable[[], object], looks: int) -> int:
    detector, count = start, 0
    for _ in range(looks):
        detector = detector.update(draw())  # type: ignore[arg-type]
        if detector.is_alarm:
            detector, count = detector.restarted(), count + 1
    return count


@pytest.mark.parametrize("law", ["verdicts", "many verdicts", "scores", "rare, above"])
def test_false_alarms_come_no_more_often_than_declared(law: str) -> None:
    rng = np.random.default_rng(7)
    target, direction, draw = {
        "verdicts": (0.9, "below", lambda: rng.random(3) < 0.9),
        "many verdicts": (0.9, "below", lambda: SufficientCounts.of_verdicts(p := rng.binomial(500, 0.9), 500 - p)),
        "scores": (0.8, "below", lambda: rng.beta(8, 2, 20)),
        "rare, above": (0.02, "above", lambda: rng.random(20) < 0.02),
    }[law]
    start = watching(target=target, direction=direction, margin=0.0, looks_between_false_alarms=25)
    looks = 4000
    count = false_alarms(start, draw, looks)
    assert 0.05 * looks / 25 < count < looks / 25 + 2 * np.sqrt(looks / 25)


def test_under_alpha_few_of_many_detectors_ever_alarm_and_a_late_change_is_still_seen() -> None:
    rng = np.random.default_rng(8)
    start = watching(margin=0.0, alpha=0.1, looks_between_false_alarms=None)
    assert start.threshold == pytest.approx(10)
    ever = 0
    for _ in range(60):
        detector, alarmed = start, False
        for passed in rng.binomial(20, 0.9, 100):
            detector = detector.update(SufficientCounts.of_verdicts(passed, 20 - passed))
            alarmed |= detector.is_alarm
        ever += alarmed
    assert ever <= 11  # of 60 at 10%: more has a probability below 2%
    for passed in rng.binomial(20, 0.6, 12):
        detector = detector.update(SufficientCounts.of_verdicts(passed, 20 - passed))
    assert detector.is_alarm
    assert detector.began_at is not None
    assert 99 <= detector.began_at <= 103


def test_p_values_are_watched_by_what_they_are_as_evidence() -> None:
    rng = np.random.default_rng(9)
    start = Detector.start_evidence(looks_between_false_alarms=50)
    detector, count = start, 0
    for p in rng.random(4000):
        detector = detector.update_evidence(float(calibrated(p)))
        if detector.is_alarm:
            detector, count = detector.restarted(), count + 1
    assert count < 4000 / 50 + 2 * np.sqrt(80)
    drifted = start.update_evidence(0.0).update_evidence(float(calibrated(1e-3)))
    drifted = drifted.update_evidence(float(calibrated(1e-3)))
    assert drifted.is_alarm
    assert drifted.began_at == 2
    assert Detector.from_bytes(drifted.to_bytes()) == drifted


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"target": 1.0, "margin": 0.0}, "must lie inside"),
        ({"target": 0.01, "margin": 0.02}, "must lie inside"),
        ({"target": float("nan")}, "must lie inside"),
        ({"margin": -0.1}, "how much worse is tolerated"),
        ({"direction": "down"}, "'below' or 'above'"),
        ({"low": 1.0}, "ends of the range"),
        ({"high": float("inf")}, "exceedances"),
        ({"alpha": 0.05}, "either"),
        ({"looks_between_false_alarms": None}, "either"),
        ({"looks_between_false_alarms": 0.5}, "number above 1"),
        ({"looks_between_false_alarms": None, "alpha": 5}, "probability between 0 and 1"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_what_cannot_be_watched_is_an_error(changed: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidArgument, match=says):
        watching(**changed)


@pytest.mark.parametrize(
    ("look", "says"),
    [
        (lambda: watching().update([0.5, float("nan")]), "missing"),
        (lambda: watching().update([0.5, 1.5]), r"must lie in \[0, 1\]"),
        (lambda: watching().update(SufficientCounts(10, 12.0)), r"must lie in \[0, 1\]"),
        (lambda: watching().update(SufficientCounts(10, 5.0, 9.0)), "some do not"),
        (lambda: watching().update(np.array([[0.5]])), "shape"),
        (lambda: watching().update_evidence(1.0), "call update"),
        (lambda: Detector.start_evidence(alpha=0.05).update([1.0]), "update_evidence"),
        (lambda: Detector.start_evidence(alpha=0.05).update_evidence(float("nan")), "0 or more"),
        (lambda: SufficientCounts(-1, 0.0), "whole number"),
        (lambda: SufficientCounts(3, float("nan")), "finite"),
        (lambda: SufficientCounts(10, 9.0, 1.0), "not the variance"),
        (lambda: SufficientCounts.of_verdicts(3, -1), "count verdicts"),
        (lambda: Detector.from_bytes(b""), "not a detector"),
        (lambda: Detector.from_bytes(watching().to_bytes()[:-1]), "cut off"),
        (lambda: Detector.from_bytes(b"SYD\x09" + watching().to_bytes()[4:]), "version 9"),
    ],
    ids=[
        "nan",
        "range",
        "mean",
        "squares",
        "shape",
        "evidence-of-values",
        "values-of-evidence",
        "evidence",
        "n",
        "total",
        "variance",
        "verdicts",
        "no-bytes",
        "few-bytes",
        "new-bytes",
    ],
)
def test_what_cannot_be_looked_at_is_an_error(look: Callable[[], object], says: str) -> None:
    with pytest.raises(InvalidArgument, match=says):
        look()
