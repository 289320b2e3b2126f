"""Failing rows never improve a score: not its worst case, and not what a comparison of two runs says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import steelyard
from steelyard.genai import evaluate, scorer

WAYS = ("right", "wrong", "predict fails", "scorer fails", "scorer is silent")
FAILURES = WAYS[2:]


@scorer
def correct(outputs: str) -> bool | None:
    if outputs == "scorer fails":
        raise ValueError("cannot judge this")
    return None if outputs == "scorer is silent" else outputs == "right"


def act(n: int, way: str) -> str:
    if way == "predict fails":
        raise ValueError("cannot answer this")
    return way


def weighed(ways: list[str]) -> Any:
    data = [{"inputs": {"n": n, "way": way}} for n, way in enumerate(ways)]
    return evaluate(data, [correct], act, progress=False, replicates=20)


def bounds(result: Any) -> tuple[float, float]:
    """Return the worst and the best that the mean may be."""
    found = result.estimates.get("correct/mean")
    if found is None or found.value is None:
        return 0.0, 1.0
    return (found.value if found.worst is None else found.worst), (found.value if found.best is None else found.best)


runs = st.lists(st.sampled_from(WAYS), min_size=4, max_size=12)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs, st.data())
def test_a_row_that_comes_to_fail_raises_no_worst_case_and_is_counted(ways: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(ways) - 1))
    worse = [*ways[:place], data.draw(st.sampled_from(FAILURES)), *ways[place + 1 :]]
    before, after = weighed(ways), weighed(worse)
    assert bounds(after)[0] <= bounds(before)[0] + 1e-12
    for result, given_ways in ((before, ways), (after, worse)):
        if "correct/mean" in result.estimates:
            found = result.estimates["correct/mean"]
            failed = sum(way in FAILURES for way in given_ways)
            assert (found.n, found.missing) == (len(given_ways) - failed, failed)
        low, high = bounds(result)
        assert low <= given_ways.count("right") / len(given_ways) <= high


@pytest.mark.parametrize("failure", FAILURES)
def test_a_run_does_not_win_a_comparison_by_failing_where_it_was_wrong(failure: str) -> None:
    honest = weighed(["right"] * 60 + ["wrong"] * 40)
    evading = weighed(["right"] * 60 + [failure] * 40)
    assert evading.metrics["correct/mean"] == 1.0
    assert bounds(evading) == (pytest.approx(0.6), pytest.approx(1.0))
    comparison = steelyard.compare(evading.run_id, honest.run_id)
    assert comparison.verdicts.get("correct/mean") not in ("better", "improved"), comparison.differences
