"""What was found is one sentence with its numbers."""

from __future__ import annotations

import pytest

from steelyard.monitor.conditions import change, threshold
from steelyard.monitor.conditions_words import length, sentence, subject
from steelyard.monitor.series_reading import Reading, finished
from steelyard.records import AlarmRule, Condition, RuleDraft, Series

HOUR, WEEK = 3_600_000, 604_800_000
NOW = finished(Reading(shape="rate", value=222 / 312, n=312, total=222.0, start_ms=WEEK, end_ms=WEEK + HOUR))
BEFORE = finished(Reading(shape="rate", value=4331 / 4812, n=4812, total=4331.0, start_ms=0, end_ms=WEEK))


def rule(condition: Condition, series: Series | None = None) -> AlarmRule:
    watched = series or Series(kind="score", what="correctness")
    return AlarmRule(rule_id="ar-1", experiment_id="0", draft=RuleDraft(name="r", series=watched, condition=condition))


def test_a_change_tells_both_sides() -> None:
    condition = Condition(method="change", baseline="previous")
    said = sentence(rule(condition), NOW, change(NOW, BEFORE, condition), baseline=BEFORE)
    assert said == (
        "correctness fell to 0.71 [0.66, 0.76] (n=312) in the last hour; "
        "it was 0.900 [0.891, 0.908] (n=4,812) in the week before."
    )


def test_a_threshold_tells_its_limit() -> None:
    condition = Condition(value=0.8)
    assert sentence(rule(condition), NOW, threshold(NOW, condition)) == (
        "correctness is 0.71 [0.66, 0.76] (n=312) in the last hour: below 0.8."
    )


def test_what_cannot_be_said_has_its_reason() -> None:
    condition = Condition(value=0.73)
    assert "the limit lies within the interval" in sentence(rule(condition), NOW, threshold(NOW, condition))
    few = finished(Reading(shape="rate", value=0.5, n=8, total=4.0, end_ms=HOUR, errors=3))
    said = sentence(rule(condition), few, threshold(few, condition))
    assert "(n=8, 3 more without a value)" in said
    assert "30 are needed" in said


def test_nothing_is_told_of_nothing() -> None:
    empty = Reading(end_ms=HOUR)
    said = sentence(rule(Condition(value=0.5)), empty, threshold(empty, Condition(value=0.5)))
    assert said == "There is nothing to tell correctness in the last hour."


def test_money_and_durations_have_their_units() -> None:
    condition = Condition(value=40.0, direction="above")
    cost = Reading(shape="total", value=52.5, n=4100, unit="USD", end_ms=24 * HOUR)
    said = sentence(rule(condition, Series(kind="traces", what="cost")), cost, threshold(cost, condition))
    assert said == "The cost is $52.50 (n=4,100) in the last day: above $40.00."
    slow = Reading(shape="quantile", value=2140.0, low=2010.0, high=2330.0, n=900, unit="ms", end_ms=HOUR)
    condition = Condition(value=1500.0, direction="above")
    series = Series(kind="traces", what="duration_p95")
    assert sentence(rule(condition, series), slow, threshold(slow, condition)) == (
        "The 95th percentile of durations is 2,140 ms [2,010, 2,330] (n=900) in the last hour: above 1,500 ms."
    )


@pytest.mark.parametrize(
    ("value", "limit", "words"),
    [
        (0.31, None, "above its noise floor of 0.22"),
        (0.31, 0.3, "above 0.3 (its noise floor is 0.22)"),
        (0.12, None, "within its noise floor of 0.22"),
    ],
)
def test_a_distance_is_told_beside_its_noise_floor(value: float, limit: float | None, words: str) -> None:
    condition = Condition(value=limit, direction="above")
    reading = Reading(shape="distance", value=value, n=200, floor=0.22, end_ms=HOUR)
    said = sentence(rule(condition, Series(kind="drift", what="output.length")), reading, threshold(reading, condition))
    assert said == f"The drift of output.length is {value} (n=200) in the last hour: {words}."


def test_a_count_of_a_longer_stretch_is_also_told_for_one_as_long() -> None:
    condition = Condition(method="change", baseline="previous")
    now = finished(Reading(shape="count", value=60.0, n=60, start_ms=24 * HOUR, end_ms=25 * HOUR))
    before = finished(Reading(shape="count", value=2424.0, n=2424, start_ms=0, end_ms=24 * HOUR))
    series = Series(kind="traces", what="count")
    said = sentence(rule(condition, series), now, change(now, before, condition), baseline=before)
    assert said == (
        "The number of traces fell to 60 [46, 77] in the last hour; "
        "it was 2,424 [2,328, 2,522] in the day before, or 101 in as long."
    )


@pytest.mark.parametrize(
    ("series", "group", "words"),
    [
        (Series(kind="traces", what="error_rate", by="model"), "small", "the error rate where model is small"),
        (Series(kind="score", what="polite", by="tag.topic"), "billing", "polite where topic is billing"),
        (Series(kind="drift", what="output.length", method="psi"), "", "the drift of output.length (psi)"),
        (Series(kind="model", what="churn/roc_auc"), "", "roc_auc of churn"),
        (Series(kind="monitor", what="backlog:correctness"), "", "the backlog of correctness"),
    ],
    ids=["traces", "score", "drift", "model", "monitor"],
)
def test_a_series_has_a_name_for_people(series: Series, group: str, words: str) -> None:
    assert subject(series, group) == words


@pytest.mark.parametrize(
    ("ms", "words"), [(HOUR, "hour"), (5 * 60_000, "5 minutes"), (WEEK, "week"), (90 * 60_000, "90 minutes")]
)
def test_stretches_of_time_are_said_in_words(ms: int, words: str) -> None:
    assert length(ms) == words
