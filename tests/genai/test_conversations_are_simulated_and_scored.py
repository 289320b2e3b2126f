"""A simulated user talks to the application; each conversation is a session of traces that scorers look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.llm.server import LlmServer

import steelyard
from steelyard.errors import InvalidArgument
from steelyard.genai import evaluate, scorer
from steelyard.genai.scorers import ConversationCompleteness
from steelyard.genai.simulators import BaseSimulatedUserAgent, ConversationSimulator, SimulatorContext


class Insisting(BaseSimulatedUserAgent):
    """Says the same thing in every turn."""

    def generate_message(self, context: SimulatorContext) -> str:
        return f"{context.goal}, please ({context.turn + 1})"


@scorer(session_level=True)
def turns(session: Any) -> int:
    return len(session)


@scorer
def polite(outputs: str) -> bool:
    return "sorry" in outputs


def application(messages: list[dict[str, str]], mlflow_session_id: str) -> str:
    return f"sorry, {len(messages)} messages in {mlflow_session_id[:4]}"


def never_met(prompt: str, schema: Any) -> dict[str, Any]:
    return {"result": "no", "rationale": "not yet"}


def test_each_conversation_is_a_session_of_stored_traces(serve: Callable[..., LlmServer]) -> None:
    serve(rule=never_met)
    cases = [{"goal": "Book a table"}, {"goal": "Cancel it", "expectations": {"tone": "kind"}}]
    simulator = ConversationSimulator(cases, max_turns=3, user_agent_class=Insisting)
    result = evaluate(simulator, [turns, polite, ConversationCompleteness()], application, progress=False)
    assert result.metrics["turns/mean"] == 3.0
    assert result.metrics["polite/mean"] == 1.0
    assert result.outcomes["conversation_completeness"]["scored"] == 2
    traces = steelyard.search_traces(return_type="list")
    assert len(traces) == 6
    assert len({trace.info.session for trace in traces}) == 2
    assert {len(trace.inputs["messages"]) for trace in traces} == {1, 3, 5}


def test_an_application_that_fails_ends_its_conversation_and_is_not_scored(serve: Callable[..., LlmServer]) -> None:
    serve(rule=never_met)

    def failing(messages: list[dict[str, str]]) -> str:
        if len(messages) > 1:
            raise RuntimeError("down")
        return "sorry"

    simulator = ConversationSimulator([{"goal": "Book a table"}], max_turns=5, user_agent_class=Insisting)
    result = evaluate(simulator, [polite], failing, progress=False)
    assert result.outcomes["polite"] == {
        "scored": 1, "predict_failed": 1, "scorer_error": 0, "parse_error": 0, "refused": 0, "over_budget": 0,
    }  # fmt: skip


def test_a_simulator_needs_an_application() -> None:
    with pytest.raises(InvalidArgument, match="predict_fn"):
        evaluate(ConversationSimulator([{"goal": "Book a table"}]), [turns], progress=False)
