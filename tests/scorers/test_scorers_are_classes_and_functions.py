"""A scorer is MLflow's: a pydantic class with __call__, or a decorated function, sync or async."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest
from pydantic import ValidationError

from steelyard.errors import DataError, InvalidArgument
from steelyard.records import Case
from steelyard.records.assessment import Feedback
from steelyard.scorers import Scorer, aassess, as_scorer, assess, check, scorer


class Mine(Scorer):
    name: str = "mine"
    threshold: float = 0.5

    def __call__(self, *, outputs: Any) -> bool:
        return len(outputs) > self.threshold


class Later(Scorer):
    name: str = "later"

    async def __call__(self, *, inputs: Any, outputs: Any) -> bool:
        await asyncio.sleep(0)
        return inputs["question"] == outputs


def test_a_subclass_with_fields_of_its_own_runs_unchanged() -> None:
    mine = Mine(threshold=3)
    assert (mine(outputs="four"), mine.run(inputs={}, outputs="abc", expectations=None, trace=None)) == (True, False)
    (verdict,) = assess(mine, Case(outputs="four"))
    assert (verdict.name, verdict.value, verdict.source.source_type) == ("mine", True, "CODE")
    assert verdict.source.source_id == "mine"


def test_an_async_subclass_is_awaited() -> None:
    later = Later()
    case = Case(inputs={"question": "x"}, outputs="x")
    assert later.is_async
    assert assess(later, case)[0].value is True
    assert asyncio.run(aassess(later, case))[0].value is True
    assert asyncio.run(later.run(inputs={"question": "x"}, outputs="y")) is False


def test_assess_of_an_async_scorer_inside_a_loop_says_what_to_await() -> None:
    async def inside() -> None:
        with pytest.raises(InvalidArgument, match="aassess"):
            assess(Later(), Case(inputs={}, outputs=""))

    asyncio.run(inside())


def test_the_decorator_takes_a_function_with_or_without_settings() -> None:
    @scorer
    def plain(outputs: str) -> bool:
        return bool(outputs)

    @scorer(name="named", description="why", aggregations=["p90", max], pass_if=[1, 2], timeout=7, session_level=False)
    async def settled(outputs: str) -> int:
        return len(outputs)

    assert (plain.name, plain(outputs="x"), plain.is_async) == ("plain", True, False)
    assert (settled.name, settled.description, settled.aggregations) == ("named", "why", ["p90", max])
    assert (settled.is_async, settled.time_limit, settled.is_session_level_scorer) == (True, 7, False)
    assert [settled.passes(value) for value in (1, 3)] == [True, False]


def test_a_decorated_function_may_still_be_called_by_position() -> None:
    @scorer
    def equal(outputs: str, expected: str) -> bool:
        return outputs == expected

    assert equal("a", "a")


def test_decorating_something_else_says_so() -> None:
    with pytest.raises(InvalidArgument, match="decorates a function"):
        scorer("name")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"aggregations": ["median", "mode"]}, "mode"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"name": " "}, "name"),
    ],
    ids=["aggregation", "negative", "nan", "nameless"],
)
def test_settings_that_cannot_be_are_refused_at_once(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Mine(**fields)


def test_no_timeout_is_mlflows_default_and_zero_is_none() -> None:
    assert (Mine().time_limit, Mine(timeout=0).time_limit, Mine(timeout=2.5).time_limit) == (300, None, 2.5)


def test_a_scorer_that_takes_a_session_judges_sessions_unless_told() -> None:
    assert scorer(lambda session: 1).is_session_level_scorer
    assert scorer(lambda conversation: 1).is_session_level_scorer
    assert not scorer(lambda outputs: 1).is_session_level_scorer
    assert scorer(session_level=True)(lambda expectations: 1).is_session_level_scorer


def test_a_session_scorer_gets_the_list_of_traces(make: Any) -> None:
    traces = tuple(make.trace(make.span(name)) for name in "ab")

    @scorer
    def turns(session: Any, expectations: Any) -> bool:
        return isinstance(session, list) and len(session) == expectations["turns"]

    assert assess(turns, Case(session=traces, expectations={"turns": 2}))[0].value is True
    with pytest.raises(DataError, match="judges whole sessions"):
        check(turns, Case(inputs={}))


def test_a_subclass_may_call_its_fields_as_it_likes() -> None:
    class Near(Scorer):
        name: str = "near"
        target: float = 1.0
        scorers: int = 2

        def __call__(self, *, outputs: float) -> float:
            return abs(outputs - self.target)

    near = Near(target=3.0)
    check(near, Case(outputs=5.0))
    assert assess(near, Case(outputs=5.0))[0].value == 2.0


def test_a_subclass_without_call_says_what_is_missing() -> None:
    class Empty(Scorer):
        name: str = "empty"

    with pytest.raises(InvalidArgument, match="__call__"):
        Empty()(outputs="x")


@pytest.mark.parametrize(
    ("value", "good"),
    [(True, True), ("yes", True), ("Yes ", True), (False, False), ("no", False), (1, False), (0.9, False)],
    ids=repr,
)
def test_without_a_rule_only_yes_and_true_pass(value: Any, good: bool) -> None:
    assert Mine().passes(value) is good


@pytest.mark.parametrize(
    ("rule", "value", "good"),
    [(lambda value: value > 0.5, 0.6, True), ("resolved", "resolved", True), ({"a", "b"}, "c", False), (3, 3, True)],
    ids=["function", "value", "collection", "number"],
)
def test_a_rule_decides_what_passes(rule: Any, value: Any, good: bool) -> None:
    assert Mine(pass_if=rule).passes(value) is good


def test_run_gives_none_for_what_mlflow_would() -> None:
    seen = scorer(name="seen")(lambda inputs, trace: (inputs, trace))
    assert seen.run(inputs={"a": 1}) == ({"a": 1}, None)


def test_run_fills_other_frameworks_names_too() -> None:
    equal = scorer(name="equal")(lambda output, expected: output == expected)
    assert equal.run(outputs="4", expectations={"expected_response": "4"}) is True
    assert equal.run(output="4", expected="5") is False


def test_partials_and_callable_objects_are_scorers() -> None:
    def above(outputs: int, limit: int) -> bool:
        return outputs > limit

    class Caller:
        async def __call__(self, outputs: int) -> int:
            return outputs

    assert assess(as_scorer(functools.partial(above, limit=3)), Case(outputs=4))[0].value is True
    caller = as_scorer(Caller())
    assert (caller.name, caller.is_async, assess(caller, Case(outputs=2))[0].value) == ("Caller", True, 2)


def test_a_function_that_hands_back_a_coroutine_is_awaited_all_the_same() -> None:
    async def later(output: str) -> bool:
        return output == "x"

    assert assess(as_scorer(lambda output: later(output)), Case(outputs="x"))[0].value is True


def test_an_async_scorer_is_stopped_at_its_time_limit() -> None:
    @scorer(timeout=0.01)
    async def slow(outputs: str) -> bool:
        await asyncio.sleep(3600)
        return True

    with pytest.raises(TimeoutError, match=r"'slow' took longer than its 0\.01 s"):
        asyncio.run(aassess(slow, Case(outputs="x")))


def test_a_timeout_of_the_scorers_own_is_told_as_it_is() -> None:
    @scorer
    async def own(outputs: str) -> bool:
        raise TimeoutError("the provider gave up")

    with pytest.raises(TimeoutError, match="the provider gave up"):
        asyncio.run(aassess(own, Case(outputs="x")))


def test_the_scorers_own_exceptions_pass_through() -> None:
    @scorer
    def broken(outputs: str) -> bool:
        raise KeyError("own")

    with pytest.raises(KeyError, match="own"):
        assess(broken, Case(outputs="x"))


def test_mlflow_feedback_returned_by_a_scorer_keeps_what_it_says() -> None:
    @scorer
    def judged(outputs: str) -> Feedback:
        return Feedback(value="yes", rationale="because", metadata={"a": 1})

    (verdict,) = assess(judged, Case(outputs="x"))
    assert (verdict.name, verdict.value, verdict.rationale) == ("judged", "yes", "because")
    assert verdict.metadata == {"a": 1}
