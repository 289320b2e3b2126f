"""Whatever the function and the scorers do, each line ends in exactly one outcome, and a failed row is never scored."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import AnswerRefused, AnswerUnreadable, LLMUnavailable, OverBudget
from steelyard.llm import Budget
from steelyard.records import Feedback, Usage
from steelyard.scorers import scorer

from .memory_ledger import MemoryLedger, evaluated, rows


@scorer
def exact(outputs: Any, expectations: Any) -> bool:
    return outputs == expectations["expected_response"]


def square(n: int) -> int:
    return n * n


async def square_async(n: int) -> int:
    await asyncio.sleep(0)
    return n * n


@pytest.mark.parametrize("predict", [square, square_async], ids=["sync", "async"])
def test_every_row_is_predicted_once_and_scored_by_every_scorer(predict: Any) -> None:
    @scorer
    async def later(outputs: Any) -> float:
        await asyncio.sleep(0)
        return outputs / 2

    ledger = evaluated(rows(50), predict, [exact, later])
    assert [p.output for p in ledger.predictions("")] == [n * n for n in range(50)]
    assert ledger.outcomes() == {"scored": 100}
    assert ledger.judged[7, 0, 1].feedbacks[0].value == 24.5


def test_each_repeat_calls_the_function_once() -> None:
    calls: list[int] = []

    def counted(n: int) -> int:
        calls.append(n)
        return n

    ledger = evaluated(rows(20), counted, [exact], repeats=3)
    assert sorted(calls) == sorted(list(range(20)) * 3)
    assert len(ledger.predicted) == 60
    assert len({p.trace_id for p in ledger.predicted.values()}) == 60


@pytest.mark.parametrize("predict_async", [False, True], ids=["sync", "async"])
def test_a_row_whose_prediction_fails_is_scored_by_nobody(predict_async: bool) -> None:
    asked: list[int] = []

    def failing(n: int) -> int:
        if n % 4 == 1:
            raise ValueError(f"no {n}")
        return n * n

    async def failing_later(n: int) -> int:
        return failing(n)

    @scorer
    def always(inputs: Any) -> bool:
        asked.append(inputs["n"])
        return True

    ledger = evaluated(rows(40), failing_later if predict_async else failing, [always])
    assert ledger.outcomes() == {"scored": 30, "predict_failed": 10}
    assert not [n for n in asked if n % 4 == 1]
    failed = ledger.predicted[5, 0]
    assert failed.outcome == "predict_failed"
    assert failed.error == "ValueError: no 5"
    trace = ledger.kept[str(failed.trace_id)]
    assert trace.info.state == "ERROR"
    assert trace.inputs == {"n": 5}


ERRORS = {
    "scorer_error": ZeroDivisionError("by nought"),
    "parse_error": AnswerUnreadable("not JSON", text="yes, I guess"),
    "refused": AnswerRefused("the filter declined"),
    "over_budget": OverBudget("max_cost=1 is used up"),
}


@pytest.mark.parametrize("outcome", list(ERRORS))
@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
def test_a_scorer_that_raises_leaves_an_outcome_and_no_value(outcome: str, later: bool) -> None:
    def poisoned(inputs: Any) -> bool:
        if inputs["n"] == 3:
            raise ERRORS[outcome]
        return True

    async def poisoned_later(inputs: Any) -> bool:
        return poisoned(inputs)

    ledger = evaluated(rows(20), square, [poisoned_later if later else poisoned, exact])
    assert ledger.outcomes() == {"scored": 39, outcome: 1}
    verdict = ledger.judged[3, 0, 0]
    assert verdict.outcome == outcome
    assert str(ERRORS[outcome]) in verdict.error
    assert all(found.value is None for found in verdict.feedbacks)


def test_a_provider_that_is_away_is_a_scorer_error() -> None:
    def away(outputs: Any) -> bool:
        raise LLMUnavailable("the model is away")

    assert evaluated(rows(3), square, [away]).outcomes() == {"scorer_error": 3}


def test_feedback_that_holds_an_error_is_not_scored() -> None:
    def undecided(outputs: Any) -> Feedback:
        return Feedback("undecided", error=ValueError("cannot tell"))  # type: ignore[arg-type]

    verdict = evaluated(rows(1), square, [undecided]).judged[0, 0, 0]
    assert (verdict.outcome, verdict.error) == ("scorer_error", "ValueError: cannot tell")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}], ids=["nan", "inf", "object", "set"])
def test_a_value_that_is_none_of_ours_is_a_scorer_error(value: Any) -> None:
    ledger = evaluated(rows(3), square, [scorer(lambda outputs: value, name="odd"), exact])
    assert ledger.outcomes() == {"scorer_error": 3, "scored": 3}


def test_a_hanging_scorer_is_given_up_and_the_others_go_on() -> None:
    release = threading.Event()

    @scorer(timeout=0.05)
    def hanging(inputs: Any) -> bool:
        if inputs["n"] in (2, 9):
            release.wait(20)
        return True

    ledger = evaluated(rows(12), square, [exact, hanging, scorer(lambda outputs: 1, name="after")], concurrency=2)
    release.set()
    assert ledger.outcomes() == {"scored": 34, "scorer_error": 2}
    assert ledger.judged[9, 0, 1].error.startswith("TimeoutError: no verdict after 0.05 s")
    assert ledger.judged[9, 0, 2].outcome == "scored"


def test_a_hanging_function_is_given_up_after_its_time() -> None:
    release = threading.Event()

    def hanging(n: int) -> int:
        if n == 4:
            release.wait(20)
        return n * n

    ledger = evaluated(rows(8), hanging, [exact], predict_timeout=0.05, concurrency=1)
    release.set()
    assert ledger.predicted[4, 0].outcome == "predict_failed"
    assert "no answer after 0.05 s" in ledger.predicted[4, 0].error
    assert ledger.outcomes() == {"scored": 7, "predict_failed": 1}


def test_what_the_budget_does_not_allow_is_not_called_and_says_so() -> None:
    calls: list[int] = []
    now = [0.0]

    def slow(n: int) -> int:
        calls.append(n)
        now[0] += 1.0
        return n * n

    budget = Budget(max_seconds=5, clock=lambda: now[0])
    ledger = evaluated(rows(20), slow, [exact], budget=budget, concurrency=1)
    assert len(calls) == 5
    assert ledger.outcomes() == {"scored": 5, "over_budget": 15}
    assert "max_seconds=5" in ledger.predicted[19, 0].error


def test_tokens_of_the_function_are_counted_from_its_trace() -> None:
    from steelyard.tracing import start_span

    def answering(n: int) -> int:
        with start_span("chat", span_type="CHAT_MODEL") as span:
            span.set_attribute("gen_ai.operation.name", "chat")
            span.set_attribute("gen_ai.request.model", "some-model")
            span.set_attribute("gen_ai.usage.input_tokens", 70)
            span.set_attribute("gen_ai.usage.output_tokens", 30)
        return n * n

    budget = Budget(max_tokens=1000)
    ledger = evaluated(rows(30), answering, [exact], budget=budget, concurrency=1)
    assert ledger.outcomes() == {"scored": 10, "over_budget": 20}
    usage = ledger.predicted[0, 0].usage
    assert isinstance(usage, Usage)
    assert usage.total_tokens == 100
    assert budget.spent.total_tokens == 1000


def test_a_function_cannot_change_its_row() -> None:
    data = rows(3)
    for row in data:
        row.inputs["n"] = [row.index]

    def greedy(n: list[int]) -> int:
        n.append(99)
        return len(n)

    ledger = evaluated(data, greedy, [scorer(lambda inputs: len(inputs["n"]), name="length")], repeats=2)
    assert {p.output for p in ledger.predicted.values()} == {2}
    assert {v.feedbacks[0].value for v in ledger.judged.values()} == {1}


@given(st.lists(st.sampled_from(["fine", "predict", "scorer", "refused", "parse"]), min_size=1, max_size=12))
def test_whichever_rows_fail_the_outcomes_add_up(fates: list[str]) -> None:
    def predict(n: int) -> int:
        if fates[n] == "predict":
            raise RuntimeError("down")
        return n

    def judge(inputs: Any) -> bool:
        fate = fates[inputs["n"]]
        if fate == "scorer":
            raise RuntimeError("bug")
        if fate == "refused":
            raise AnswerRefused("no")
        if fate == "parse":
            raise AnswerUnreadable("no")
        return True

    ledger: MemoryLedger = evaluated(rows(len(fates)), predict, [judge])
    expected = {
        "scored": fates.count("fine"),
        "predict_failed": fates.count("predict"),
        "scorer_error": fates.count("scorer"),
        "refused": fates.count("refused"),
        "parse_error": fates.count("parse"),
    }
    assert ledger.outcomes() == {outcome: n for outcome, n in expected.items() if n}
