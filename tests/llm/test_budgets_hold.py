"""Laws of the budget: never exceeded by more than what is in flight, and sums that add up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.llm.faults import always
from tests.llm.replies import Reply
from tests.llm.server import LlmServer
from tests.llm.times import FakeTime

from steelyard.errors import AnswerUnreadable, InvalidArgument, OverBudget
from steelyard.llm import Budget, Calling, Limits, Price, Prices, Question, Reservation, ask, ask_sync, calling
from steelyard.records.trace import Usage

Serve = Callable[..., LlmServer]
Ask = Callable[..., Question]


class BudgetMachine(RuleBasedStateMachine):
    """Calls are reserved, settled and released in any order, and may take more than they reserved."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = Budget(max_tokens=1000, max_cost=1.0)
        self.open: list[tuple[Reservation, int, float]] = []
        self.tokens = 0
        self.cost = 0.0
        self.beyond_tokens = 0
        self.beyond_cost = 0.0

    @rule(tokens=st.integers(0, 400), cost=st.floats(0, 0.4))
    def reserve(self, tokens: int, cost: float) -> None:
        held_tokens = sum(entry[1] for entry in self.open)
        try:
            reservation = self.budget.reserve(tokens, cost)
        except OverBudget:
            held_cost = sum(entry[2] for entry in self.open)
            over_tokens = self.tokens + held_tokens + tokens > 1000
            assert over_tokens or self.cost + held_cost + cost > 1.0 - 1e-9
            return
        self.open.append((reservation, tokens, cost))

    @precondition(lambda self: self.open)
    @rule(share=st.floats(0, 2))
    def settle(self, share: float) -> None:
        reservation, tokens, cost = self.open.pop()
        used, paid = int(tokens * share), cost * share
        reservation.settle(Usage(input_tokens=used, cost=paid))
        reservation.settle(Usage(input_tokens=999))  # twice is once
        self.tokens += used
        self.cost += paid
        self.beyond_tokens += max(0, used - tokens)
        self.beyond_cost += max(0.0, paid - cost)

    @precondition(lambda self: self.open)
    @rule()
    def release(self) -> None:
        reservation, _, _ = self.open.pop()
        reservation.release()
        reservation.release()

    @invariant()
    def the_sums_add_up(self) -> None:
        assert self.budget.spent.total_tokens == self.tokens
        assert (self.budget.spent.cost or 0) == pytest.approx(self.cost)
        assert self.budget.reserved[0] == sum(entry[1] for entry in self.open)
        assert self.budget.reserved[1] == pytest.approx(sum(entry[2] for entry in self.open), abs=1e-9)

    @invariant()
    def nothing_is_spent_beyond_what_calls_took_beyond_their_reservations(self) -> None:
        assert self.tokens <= 1000 + self.beyond_tokens
        assert self.cost <= 1.0 + self.beyond_cost + 1e-9


TestBudgetMachine = BudgetMachine.TestCase


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(max_tokens=10), "max_tokens=10 is used up"),
        (Budget(max_cost=0.0), "max_cost=0 is used up"),
        (Budget(max_seconds=0), "max_seconds=0 is used up"),
    ],
    ids=["tokens", "cost", "seconds"],
)
def test_a_call_that_could_go_beyond_is_not_made(serve: Serve, question: Ask, budget: Budget, words: str) -> None:
    server = serve()
    with calling(Calling(budget=budget)), pytest.raises(OverBudget, match=words):
        ask_sync(question())
    assert server.calls == 0


def test_time_is_up_when_it_is_up(time: FakeTime) -> None:
    budget = Budget(max_seconds=10, clock=time.clock)
    budget.reserve().release()
    time.now += 10
    with pytest.raises(OverBudget, match="max_seconds=10"):
        budget.reserve()


def test_what_was_spent_before_a_resume_counts() -> None:
    budget = Budget(max_tokens=100)
    budget.restore(Usage(input_tokens=60))
    with pytest.raises(OverBudget, match="60 spent"):
        budget.reserve(tokens=50)


@pytest.mark.parametrize("limit", [-1, float("nan")], ids=["negative", "nan"])
def test_a_limit_is_a_number_from_zero_on(limit: float) -> None:
    with pytest.raises(InvalidArgument):
        Budget(max_cost=limit)


def test_a_budget_is_spent_to_the_last_call_that_fits_although_many_ask_at_once(serve: Serve, question: Ask) -> None:
    usage = {"prompt_tokens": 50, "completion_tokens": 50, "total_tokens": 100}
    server = serve(always(Reply(response={"usage": usage})), latency=0.01)
    asked = question(params={"max_tokens": 100})

    async def everyone() -> int:
        results = await asyncio.gather(*(ask(asked) for _ in range(40)), return_exceptions=True)
        assert all(isinstance(result, OverBudget) for result in results if isinstance(result, BaseException))
        return sum(not isinstance(result, BaseException) for result in results)

    with calling(Calling(budget=Budget(max_tokens=2000), limits=Limits(start=10, maximum=10))) as around:
        answered = asyncio.run(everyone())
    assert around.budget is not None
    assert around.usage.total_tokens == around.budget.spent.total_tokens == 100 * answered <= 2000
    assert answered >= 18, "reservations give back what they did not need"
    assert server.calls == answered
    assert around.budget.reserved == (0, 0.0)


def test_repairs_and_unusable_answers_are_paid(serve: Serve, question: Ask) -> None:
    serve(always(Reply(text="no json")))
    budget = Budget(max_tokens=100_000)
    with calling(Calling(budget=budget)) as around, pytest.raises(AnswerUnreadable):
        ask_sync(question())
    assert around.calls == 2
    assert budget.spent == around.usage


def test_a_limit_of_cost_needs_a_price(serve: Serve, question: Ask) -> None:
    server = serve()
    asked = question(model="openai:/my-own-model")
    with calling(Calling(budget=Budget(max_cost=1.0))), pytest.raises(OverBudget, match="prices="):
        ask_sync(asked)
    assert server.calls == 0
    prices = Prices({"openai:/my-own-model": Price(input=1.0, output=2.0)})
    with calling(Calling(budget=Budget(max_cost=1.0), prices=prices)) as around:
        answer = ask_sync(asked)
    assert around.usage.cost == pytest.approx((answer.usage.input_tokens + 2 * answer.usage.output_tokens) / 1e6)


def test_public_prices_are_those_of_the_providers_lists() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    assert Prices().cost("openai:/gpt-4o-mini", usage) == pytest.approx(0.15 + 0.60)
    assert Prices().cost("openai:/gpt-4o", usage) == pytest.approx(2.5 + 10)
    assert Prices().cost("openai:/no-such-model-at-all", usage) is None
    assert not Prices().known("ollama:/llama3")


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_a_price_never_falls_with_more_tokens(read: int, written: int, cached: int) -> None:
    price = Price(input=3.0, output=15.0, cache_read=0.3)
    usage = Usage(input_tokens=read, output_tokens=written, cache_read_tokens=cached)
    more = Usage(input_tokens=read + 1, output_tokens=written + 1, cache_read_tokens=cached)
    assert 0 <= price.of(usage) < price.of(more)
