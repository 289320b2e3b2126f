"""Tool calls and trajectories against the expected ones, and what a trace took."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import DataError
from steelyard.records import Case
from steelyard.records.trace import Usage
from steelyard.scorers import (
    Cost,
    LatencyScorer,
    StepCount,
    TokenCount,
    ToolCall,
    ToolCallMatch,
    ToolErrorRate,
    TrajectoryMatch,
    assess,
    compare_tool_calls,
)
from steelyard.scorers.steps import expected_tool_calls, matches_trajectory


def calls(*given_: Any) -> list[ToolCall]:
    return expected_tool_calls({"expected_tool_calls": list(given_)}, scorer="s")


SEARCH = {"name": "search", "arguments": {"q": "a", "n": 1}}
BOOK = {"name": "book", "arguments": {"id": 7}}


@pytest.mark.parametrize(
    ("actual", "expected", "exact", "ordered", "same"),
    [
        ([SEARCH, BOOK], [SEARCH, BOOK], True, True, True),
        ([BOOK, SEARCH], [SEARCH, BOOK], True, True, False),
        ([BOOK, SEARCH], [SEARCH, BOOK], True, False, True),
        ([SEARCH], [{"name": "search", "arguments": {"n": 1.0, "q": "a"}}], True, True, True),
        ([SEARCH], [{"name": "search", "arguments": '{"q": "a", "n": 1}'}], True, True, True),
        ([SEARCH], [{"name": "search", "arguments": {"q": "a", "n": True}}], True, True, False),
        ([SEARCH], [{"name": "search", "arguments": {"q": "b"}}], True, False, False),
        ([SEARCH], [{"name": "search", "arguments": {"q": "b"}}], False, True, True),
        ([SEARCH], ["search"], True, True, True),
        ([SEARCH, {"name": "search", "arguments": {}}], ["search", SEARCH], True, False, True),
        ([SEARCH, SEARCH], [SEARCH], True, False, False),
        ([SEARCH, SEARCH], [SEARCH], True, True, False),
        ([], [SEARCH], False, False, False),
        ([], [], True, True, True),
        (["ping"], [{"name": "ping", "arguments": {}}], True, True, True),
    ],
    ids=str,
)
def test_calls_are_compared(actual: Any, expected: Any, exact: bool, ordered: bool, same: bool) -> None:
    verdict, why = compare_tool_calls(calls(*actual), calls(*expected), exact=exact, ordered=ordered)
    assert (verdict, bool(why)) == (same, True)


def test_the_reasons_name_what_is_missing_and_what_is_too_much() -> None:
    _, why = compare_tool_calls(calls("searchWeb"), calls("BookRoom"), exact=False, ordered=False)
    assert why == "Expected and not called: BookRoom. Called and not expected: searchWeb."
    _, why = compare_tool_calls(calls(SEARCH), calls(BOOK), exact=True, ordered=True)
    assert why == 'Call 1 was search{"n": 1, "q": "a"} instead of book{"id": 7}.'


CALLS = st.lists(
    st.builds(
        ToolCall,
        name=st.sampled_from("ab"),
        arguments=st.one_of(st.none(), st.fixed_dictionaries({"x": st.integers(0, 1)})),
    ),
    max_size=4,
)


@given(actual=CALLS, expected=CALLS)
def test_without_order_some_order_matches(actual: list[ToolCall], expected: list[ToolCall]) -> None:
    made = [ToolCall(name=call.name, arguments=call.arguments or {}) for call in actual]
    some = any(compare_tool_calls(list(order), expected, exact=True, ordered=True)[0] for order in permutations(made))
    assert compare_tool_calls(made, expected, exact=True, ordered=False)[0] is some


@pytest.mark.parametrize("given_", [None, 3, [3], [{"arguments": {}}], [{"name": "a", "arguments": "{"}]], ids=str)
def test_expected_calls_of_another_form_are_refused(given_: Any) -> None:
    with pytest.raises(DataError, match="expect"):
        expected_tool_calls({"expected_tool_calls": given_}, scorer="s")


def test_a_trace_is_held_against_its_expected_calls(make: Any) -> None:
    trace = make.trace(
        make.span("agent", span_type="AGENT", name="planner"),
        make.span("1", "agent", span_type="TOOL", name="search", inputs={"q": "a"}, start_time_ns=1),
        make.span("2", "agent", span_type="TOOL", name="book", inputs={"id": 7}, start_time_ns=2),
    )
    case = Case(trace=trace, expectations={"expected_tool_calls": [BOOK, {"name": "search", "arguments": {"q": "a"}}]})
    assert assess(ToolCallMatch(), case)[0].value is True
    assert assess(ToolCallMatch(should_consider_ordering=True), case)[0].value is False
    assert assess(TrajectoryMatch(), case)[0].value is False
    assert assess(TrajectoryMatch(mode="unordered"), case)[0].value is True
    (verdict,) = assess(TrajectoryMatch(), Case(trace=trace, expectations={"expected_trajectory": ["search", "book"]}))
    assert (verdict.value, verdict.rationale) == (True, "Taken: search, book. Expected: search, book.")
    with_agents = Case(trace=trace, expectations={"expected_trajectory": ["planner", "search", "book"]})
    assert assess(TrajectoryMatch(include_agents=True), with_agents)[0].value is True
    with pytest.raises(DataError, match="expected_trajectory"):
        assess(TrajectoryMatch(), Case(trace=trace))


@pytest.mark.parametrize(
    ("taken", "wanted", "modes"),
    [
        ("ab", "ab", {"strict", "unordered", "subset", "superset"}),
        ("ba", "ab", {"unordered", "subset", "superset"}),
        ("a", "ab", {"subset"}),
        ("abc", "ab", {"superset"}),
        ("aab", "ab", {"superset"}),
        ("ac", "ab", set()),
        ("", "", {"strict", "unordered", "subset", "superset"}),
    ],
    ids=["equal", "order", "fewer", "more", "twice", "other", "none"],
)
def test_trajectories_match_by_mode(taken: str, wanted: str, modes: set[str]) -> None:
    every = ("strict", "unordered", "subset", "superset")
    assert {mode for mode in every if matches_trajectory(list(taken), list(wanted), mode)} == modes


def test_steps_and_failures_are_counted(make: Any) -> None:
    trace = make.trace(
        make.span("root", span_type="AGENT"),
        make.span("call", "root", span_type="LLM"),
        make.span("same call", "call", span_type="CHAT_MODEL"),
        make.span("tool", "root", span_type="TOOL"),
        make.failed("broken", "root", span_type="TOOL"),
    )
    case = Case(trace=trace)
    assert assess(StepCount(), case)[0].value == 3
    (rate,) = assess(ToolErrorRate(), case)
    assert (rate.value, rate.rationale) == (0.5, "1 of 2 calls failed: broken.")
    assert assess(ToolErrorRate(), Case(trace=make.trace(make.span("root")))) == ()


def test_seconds_tokens_and_money_are_read_and_unknown_ones_are_missing(make: Any) -> None:
    usage = Usage(input_tokens=10, output_tokens=5, cost=0.25)
    known = Case(trace=make.trace(make.span("a"), usage=usage, execution_duration=1500.0))
    assert [assess(each, known)[0].value for each in (LatencyScorer(), TokenCount(), Cost())] == [1.5, 15, 0.25]
    unknown = Case(trace=make.trace(make.span("a", end_time_ns=None)))
    assert [assess(each, unknown) for each in (LatencyScorer(), TokenCount(), Cost())] == [(), (), ()]
    with pytest.raises(DataError, match="'trace'"):
        assess(Cost(), Case(outputs="x"))
