"""A series on its limit is called bad by at most 2.5% of the looks, also of rare failures and of equal rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from steelyard.monitor.conditions import change, threshold
from steelyard.monitor.series_reading import Reading, finished
from steelyard.monitor.series_scores import score_reading
from steelyard.records import Condition, ScoreWindow

HOUR = 3_600_000


def verdicts(passed: int, n: int, *, errors: int = 0) -> Reading:
    return finished(Reading(shape="rate", value=passed / n, n=n, total=float(passed), errors=errors, end_ms=HOUR))


def numbers(values: np.ndarray) -> Reading:
    window = ScoreWindow(
        start_ms=0,
        end_ms=HOUR,
        n=len(values),
        numbers=len(values),
        total=float(values.sum()),
        squares=float(np.square(values).sum()),
        low=float(values.min()),
        high=float(values.max()),
    )
    return score_reading(window, end_ms=HOUR)


def ones(passed: int, n: int) -> Reading:
    return numbers((np.arange(n) < passed).astype(float))


@pytest.mark.parametrize("made", [verdicts, ones], ids=["verdicts", "0/1 numbers"])
@pytest.mark.parametrize("share", [0.005, 0.02, 0.1, 0.98])
@pytest.mark.parametrize("n", [30, 200])
def test_a_share_on_its_limit_is_seldom_bad(made: Callable[[int, int], Reading], share: float, n: int) -> None:
    chances = stats.binom.pmf(np.arange(n + 1), n, share)
    for direction in ("below", "above"):
        condition = Condition(value=share, direction=direction)
        likely = [k for k in range(n + 1) if chances[k] > 1e-9]
        bad = sum(chances[k] for k in likely if threshold(made(k, n), condition).kind == "bad")
        assert bad <= 0.025 + 1e-6


@pytest.mark.parametrize("made", [verdicts, ones], ids=["verdicts", "0/1 numbers"])
@pytest.mark.parametrize(("now", "before"), [(30, 1000), (1000, 30), (100, 100)])
def test_a_share_that_has_not_changed_seldom_has(
    made: Callable[[int, int], Reading], now: int, before: int
) -> None:  # fmt: skip
    draws, looks = np.random.default_rng(9), 300
    pairs = list(zip(draws.binomial(now, 0.01, looks), draws.binomial(before, 0.01, looks), strict=True))
    for direction in ("below", "above"):
        condition = Condition(method="change", baseline="previous", direction=direction)
        bad = sum(change(made(int(a), now), made(int(b), before), condition).kind == "bad" for a, b in pairs)
        assert stats.binomtest(bad, looks, 0.025, alternative="greater").pvalue > 0.01


def test_scores_of_two_numbers_have_the_exact_interval_of_their_share() -> None:
    judged = threshold(numbers(np.repeat([1.0, 5.0], [6, 54])), Condition(value=4.0))
    low, high = proportion_confint(54, 60, method="beta")
    assert (judged.low, judged.high) == pytest.approx((1 + 4 * low, 1 + 4 * high))


def test_equal_scores_leave_room_for_others_that_were_not_seen() -> None:
    flat = numbers(np.zeros(30))
    assert (flat.low, flat.high) == (None, None)
    assert threshold(flat, Condition(value=0.02)).kind == "unsure"
    assert threshold(flat, Condition(value=0.8)).kind == "bad"
    judged = threshold(flat, Condition(value=0.2, direction="above"))
    assert (judged.kind, judged.low) == ("fine", 0.0)
    assert judged.high == pytest.approx(proportion_confint(0, 30, method="beta")[1])


def test_a_leaning_score_is_judged_by_an_interval_that_leans() -> None:
    draws, mean, looks = np.random.default_rng(3), 4.72, 400
    weights = [0.01, 0.01, 0.03, 0.15, 0.80]
    samples = [draws.choice([1.0, 2.0, 3.0, 4.0, 5.0], 60, p=weights) for _ in range(looks)]
    condition = Condition(value=mean, direction="above", low=1.0, high=5.0)
    bad = sum(threshold(numbers(sample), condition).kind == "bad" for sample in samples)
    student = sum(
        stats.ttest_1samp(sample, mean, alternative="greater").pvalue < 0.025 for sample in samples if sample.std() > 0
    )
    assert bad < student
    assert bad <= 0.05 * looks


def test_a_share_is_not_fine_only_because_rows_have_no_verdict() -> None:
    above = Condition(value=0.8)
    assert threshold(verdicts(190, 200), above).kind == "fine"
    assert threshold(verdicts(190, 200, errors=20), above).kind == "fine"
    judged = threshold(verdicts(190, 200, errors=80), above)
    assert (judged.kind, judged.why) == ("unsure", "missing")
    toxic = Condition(value=0.1, direction="above")
    assert threshold(verdicts(5, 200, errors=2), toxic).kind == "fine"
    assert threshold(verdicts(5, 200, errors=50), toxic).kind == "unsure"
    assert threshold(verdicts(100, 200, errors=50), above).kind == "bad"


def test_a_change_is_not_fine_only_because_more_rows_have_no_verdict_than_before() -> None:
    condition = Condition(method="change", baseline="previous")
    before = verdicts(900, 1000, errors=50)
    assert change(verdicts(180, 200, errors=10), before, condition).kind == "fine"
    judged = change(verdicts(150, 150, errors=50), before, condition)
    assert (judged.kind, judged.why) == ("unsure", "missing")
    assert change(verdicts(100, 200, errors=50), before, condition).kind == "bad"
