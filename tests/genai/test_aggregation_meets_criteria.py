"""Quality criteria: what may be written, what passes, and that a failed row never helps to pass."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument
from steelyard.evaluation.genai.aggregation import ScorerFacts
from steelyard.evaluation.genai.criteria import criteria_tag, decide, decide_without_criteria, parse_criteria

from .aggregation_lines import BROKEN, FAILED, aggregate, line, of


def test_criteria_are_comparisons_joined_by_and():
    rules = parse_criteria("correctness >= 0.9 AND `latency/p90` <= 2 and `odd name/mean`>=-1e-3")
    assert [(r.metric, r.comparator, r.threshold) for r in rules] == [
        ("correctness/mean", ">=", 0.9), ("latency/p90", "<=", 2.0), ("odd name/mean", ">=", -0.001),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correctness",
        "correctness > 0.9",
        "correctness == 1",
        "a >= 1 OR b >= 1",
        "a >= x",
        "a >= 1 AND",
        "a >= 1 b",
    ],
)
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(InvalidArgument, match="quality_criteria"):
        parse_criteria(text)


def test_the_tag_is_mlflows_json():
    tag = json.loads(criteria_tag(parse_criteria("a >= 0.5 AND b/p90 <= 2"), revision="r1"))
    assert tag == {
        "schemaVersion": 1,
        "revision": "r1",
        "rules": [
            {"metricKey": "a/mean", "comparator": "GTE", "threshold": 0.5},
            {"metricKey": "b/p90", "comparator": "LTE", "threshold": 2.0},
        ],
    }


def test_a_complete_metric_is_judged_on_its_value_not_on_its_interval():
    found = of([True] * 9 + [False])
    assert decide(parse_criteria("good >= 0.9"), found.estimates).passed
    decision = decide(parse_criteria("good >= 0.91"), found.estimates)
    assert (decision.passed, decision.pass_criteria) == (False, "good/mean >= 0.91")
    assert decision.reason == "good/mean is 0.9, not >= 0.91."


def test_missing_rows_are_counted_against_the_rule():
    found = of([True] * 9 + [BROKEN])
    assert found.values["good/mean"] == 1.0
    assert decide(parse_criteria("good >= 0.9"), found.estimates).passed
    decision = decide(parse_criteria("good >= 0.95"), found.estimates)
    assert not decision.passed
    assert "on 9 of 10" in decision.reason
    assert "0.9 is not >= 0.95" in decision.reason


def test_missing_numbers_without_bounds_do_not_pass():
    decision = decide(parse_criteria("good >= 1"), of([3.0, 4.0, BROKEN]).estimates)
    assert not decision.passed
    assert "nothing bounds" in decision.reason


def test_a_few_failures_leave_a_quantile_of_latency_bounded():
    lines = [line(i, FAILED if i < 2 else True, latency=1.0) for i in range(40)]
    found = aggregate(lines, facts=[ScorerFacts(name="good", planned=40)])
    assert decide(parse_criteria("latency/p90 <= 2"), found.estimates).passed
    assert not decide(parse_criteria("latency/mean <= 2"), found.estimates).passed
    assert not decide(parse_criteria("latency/p99 <= 2"), found.estimates).passed


def test_a_metric_that_is_not_there_does_not_pass():
    decision = decide(parse_criteria("god >= 0"), of([True]).estimates)
    assert decision.reason == "god/mean: the run has no such metric. Did you mean 'good/mean'?"


def test_without_criteria_every_value_must_pass():
    assert decide_without_criteria(of([True, "yes"]).passing).passed
    assert "1 of 2 values did not pass" in decide_without_criteria(of([True, "no"]).passing).reason
    assert "1 values are missing" in decide_without_criteria(of([True, BROKEN]).passing).reason
    assert "pass_if" in decide_without_criteria(of([0.7, 0.9]).passing).reason
    facts = ScorerFacts(name="good", planned=2, pass_if=lambda value: value > 0.5)
    assert decide_without_criteria(of([0.7, 0.9], facts=facts).passing).passed
    assert decide_without_criteria(()).passed


Value = st.sampled_from([True, False, None, BROKEN, FAILED])


@settings(deadline=None, max_examples=60)
@given(st.lists(Value, min_size=1, max_size=8), st.integers(0, 7), st.floats(0, 1), st.sampled_from([">=", "<="]))
def test_a_row_that_fails_never_turns_a_failed_gate_into_a_passed_one(values, place, threshold, comparator):
    facts = ScorerFacts(name="good", planned=len(values), kind="boolean")
    rules = parse_criteria(f"good {comparator} {threshold:.3f}")
    failing = [BROKEN if i == place % len(values) else value for i, value in enumerate(values)]
    before = decide(rules, of(values, facts=facts).estimates).passed
    after = decide(rules, of(failing, facts=facts).estimates).passed
    assert before or not after
