"""MetricThreshold and validate_evaluation_results, by MLflow's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import steelyard
from steelyard.errors import InvalidArgument, ModelValidationFailed
from steelyard.models import MetricThreshold


@dataclass
class _Result:
    metrics: dict[str, float]


PASSES: list[tuple[dict[str, Any], float, float | None, bool]] = [
    ({"threshold": 0.9, "greater_is_better": True}, 0.9, None, True),
    ({"threshold": 0.9, "greater_is_better": True}, 0.89, None, False),
    ({"threshold": 0.1, "greater_is_better": False}, 0.1, None, True),
    ({"threshold": 0.1, "greater_is_better": False}, 0.11, None, False),
    ({"min_absolute_change": 0.05, "greater_is_better": True}, 0.8, 0.7, True),
    ({"min_absolute_change": 0.05, "greater_is_better": True}, 0.72, 0.7, False),
    ({"min_absolute_change": 0.05, "greater_is_better": False}, 0.6, 0.7, True),
    ({"min_relative_change": 0.1, "greater_is_better": True}, 0.78, 0.7, True),
    ({"min_relative_change": 0.1, "greater_is_better": True}, 0.76, 0.7, False),
    ({"min_relative_change": 0.1, "greater_is_better": True}, 0.01, 0.0, True),
    ({"threshold": 0.5, "min_absolute_change": 0.2, "greater_is_better": True}, 0.6, 0.5, False),
    ({"threshold": 0.5, "greater_is_better": True}, float("nan"), None, False),
]


@pytest.mark.parametrize(("gate", "candidate", "baseline", "passes"), PASSES)
def test_a_gate_opens_by_mlflows_rules(
    gate: dict[str, Any], candidate: float, baseline: float | None, passes: bool
) -> None:
    arguments = [{"m": MetricThreshold(**gate)}, _Result({"m": candidate})]
    if baseline is not None:
        arguments.append(_Result({"m": baseline}))
    if passes:
        assert steelyard.validate_evaluation_results(*arguments) is None
        return
    with pytest.raises(ModelValidationFailed, match="m "):
        steelyard.validate_evaluation_results(*arguments)


def test_every_failure_is_listed() -> None:
    gate = MetricThreshold(threshold=0.9, greater_is_better=True)
    with pytest.raises(ModelValidationFailed) as caught:
        steelyard.validate_evaluation_results({"a": gate, "b": gate, "c": gate}, _Result({"a": 0.5, "b": 0.95}))
    assert "a is 0.5; it must be at least 0.9" in str(caught.value)
    assert "c is missing" in str(caught.value)
    assert "b " not in str(caught.value)


@pytest.mark.parametrize("wrong", [
    {"threshold": 0.5}, {"greater_is_better": True}, {"threshold": "a", "greater_is_better": True},
    {"min_absolute_change": 0, "greater_is_better": True}, {"min_relative_change": 1.5, "greater_is_better": True},
    {"threshold": True, "greater_is_better": True}, {"threshold": 0.5, "greater_is_better": "yes"},
])  # fmt: skip
def test_a_gate_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        MetricThreshold(**wrong)


def test_a_change_needs_a_baseline_and_a_gate_is_a_threshold() -> None:
    change = MetricThreshold(min_absolute_change=0.1, greater_is_better=True)
    with pytest.raises(InvalidArgument, match="baseline_result must be given"):
        steelyard.validate_evaluation_results({"m": change}, _Result({"m": 1}))
    with pytest.raises(InvalidArgument, match="must be a MetricThreshold"):
        steelyard.validate_evaluation_results({"m": 0.5}, _Result({"m": 1}))  # pyrefly: ignore
