"""A simulated user talks to an application until the goal is met; every turn is a trace of one session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from tests.judges.given import blocks_of, trace
from tests.judges.hostile import HOSTILE
from tests.llm.server import LlmServer

from steelyard.errors import InvalidArgument
from steelyard.judges import BaseSimulatedUserAgent, ConversationSimulator, SimulatorContext, UserFrustration
from steelyard.judges.simulation import fitting, message_parameter
from steelyard.llm import Calling, MemoryCache, calling
from steelyard.records.trace import Trace

Serve = Callable[..., LlmServer]
GOAL = "Learn how to log a metric"


class Scripted(BaseSimulatedUserAgent):
    """Says what turn it is."""

    def generate_message(self, context: SimulatorContext) -> str:
        return f"turn {context.turn} after {context.last_assistant_response}"


class Application:
    """Answers by number, and remembers how it was called."""

    def __init__(self, *answers: Any) -> None:
        self.answers = answers
        self.calls: list[dict[str, Any]] = []

    async def __call__(self, arguments: dict[str, Any]) -> tuple[Any, Trace]:
        answer = self.answers[min(len(self.calls), len(self.answers) - 1)]
        self.calls.append(json.loads(json.dumps(arguments)))
        if isinstance(answer, Exception):
            raise answer
        return answer, trace(inputs=arguments, outputs=answer)


def hold(simulator: ConversationSimulator, application: Application, **fields: Any) -> list[Trace]:
    return asyncio.run(simulator.simulate(simulator.cases[0], application, session_id="s", **fields))


def met_at(turn: int) -> Callable[[str, Any], Any]:
    """A user's model: it writes messages, and finds the goal met once the conversation has so many answers."""

    def rule(prompt: str, schema: Any) -> Any:
        if "Boundary code: " not in prompt:
            return None
        told = json.loads(blocks_of(prompt[prompt.index("Boundary code: ") :])["conversation"])
        return {"result": "yes" if len(told) >= 2 * turn else "no"}

    return rule


def test_a_conversation_ends_when_the_goal_is_met(serve: Serve) -> None:
    serve(rule=met_at(2))
    application = Application("first", "second", "third")
    case = {"goal": GOAL, "context": {"team": "blue"}, "expectations": {"topic": "metrics"}}
    simulator = ConversationSimulator([case], user_agent_class=Scripted)
    traces = hold(simulator, application)
    assert application.calls == [
        {
            "messages": [{"role": "user", "content": "turn 0 after None"}],
            "team": "blue",
            "mlflow_session_id": "s",
        },
        {
            "messages": [
                {"role": "user", "content": "turn 0 after None"},
                {"role": "assistant", "content": "first"},
                {"role": "user", "content": "turn 1 after first"},
            ],
            "team": "blue",
            "mlflow_session_id": "s",
        },
    ]
    assert [each.outputs for each in traces] == ["first", "second"]
    assert [each.info.session for each in traces] == ["s", "s"]
    assert [each.info.trace_metadata["mlflow.simulation.turn"] for each in traces] == ["0", "1"]
    assert traces[0].info.trace_metadata["mlflow.simulation.goal"] == GOAL
    logged = [[(found.name, found.value, found.kind) for found in each.info.assessments] for each in traces]
    assert logged == [[("topic", "metrics", "expectation")], []]


def test_it_ends_after_so_many_turns_without_asking_once_more(serve: Serve) -> None:
    server = serve(rule=met_at(99))
    application = Application("no")
    simulator = ConversationSimulator([{"goal": GOAL}], max_turns=3, user_agent_class=Scripted)
    assert len(hold(simulator, application)) == 3
    assert server.calls == 2


def test_an_empty_answer_ends_it(serve: Serve) -> None:
    server = serve(rule=met_at(99))
    assert len(hold(ConversationSimulator([{"goal": GOAL}], user_agent_class=Scripted), Application(" "))) == 1
    assert server.calls == 0


def test_answers_of_a_chat_api_are_understood(serve: Serve) -> None:
    serve(rule=met_at(99))
    answer = {"choices": [{"message": {"role": "assistant", "content": "Hello."}}]}
    application = Application(answer)
    hold(ConversationSimulator([{"goal": GOAL}], max_turns=2, user_agent_class=Scripted), application, key="input")
    assert application.calls[1]["input"][1] == {"role": "assistant", "content": "Hello."}


def test_what_the_application_raises_passes_through() -> None:
    simulator = ConversationSimulator([{"goal": GOAL}], user_agent_class=Scripted)
    with pytest.raises(ZeroDivisionError):
        hold(simulator, Application(ZeroDivisionError("no")))


def test_a_model_plays_the_user_and_is_paid_once(serve: Serve) -> None:
    server = serve()
    simulator = ConversationSimulator(
        [{"goal": GOAL, "persona": "A terse engineer.", "simulation_guidelines": ["Never say please."]}],
        max_turns=1,
        user_model="openai:/gpt-4o",
        temperature=0.5,
    )
    with calling(Calling(cache=MemoryCache())) as around:
        (first,), (second,) = (hold(simulator, Application("ok")) for _ in range(2))
    assert first.inputs == second.inputs
    assert first.inputs["messages"][0]["content"].strip()
    assert (server.calls, around.calls, around.cached) == (1, 1, 1)
    request = server.requests[0].json
    assert (request["model"], request["temperature"]) == ("gpt-4o", 0.5)
    assert blocks_of(request["messages"][1]["content"]) == {
        "goal": GOAL,
        "persona": "A terse engineer.",
        "guidelines": '["Never say please."]',
    }


@pytest.mark.parametrize(
    "text", [text for text in HOSTILE.values() if text.strip()], ids=[n for n, t in HOSTILE.items() if t.strip()]
)
def test_what_the_application_says_is_data_to_the_user(serve: Serve, text: str) -> None:
    server = serve(rule=lambda prompt, schema: {"result": "no"})
    hold(ConversationSimulator([{"goal": GOAL}], max_turns=2), Application(text))
    first, check, second = (request.json for request in server.requests)
    assert first["messages"][0] == second["messages"][0]
    assert list(blocks_of(second["messages"][1]["content"])) == ["goal", "persona", "conversation"]
    assert check["response_format"]["json_schema"]["schema"]["properties"]["result"]["enum"] == ["yes", "no"]


def test_users_may_be_asynchronous_and_may_use_their_model(serve: Serve) -> None:
    class Waiting(BaseSimulatedUserAgent):
        async def generate_message(self, context: SimulatorContext) -> str:  # type: ignore[override]
            return f"{self.model} {context.is_first_turn} {context.formatted_history}"

    class Asking(BaseSimulatedUserAgent):
        def generate_message(self, context: SimulatorContext) -> str:
            return self.invoke_llm(f"Speak as somebody who wants: {context.goal}", system_prompt="Be rude.")

    server = serve(rule=met_at(1))
    (waited,) = hold(
        ConversationSimulator([{"goal": GOAL}], user_agent_class=Waiting, user_model="openai:/m"), Application("x")
    )
    assert waited.inputs["messages"][0]["content"] == "openai:/m True None"
    (asked,) = hold(ConversationSimulator([{"goal": GOAL}], user_agent_class=Asking, max_turns=1), Application("x"))
    assert asked.inputs["messages"][0]["content"]
    assert server.requests[-1].json["messages"][0]["content"] == "Be rude."


def test_a_user_that_says_nothing_is_an_error() -> None:
    class Silent(BaseSimulatedUserAgent):
        def generate_message(self, context: SimulatorContext) -> str:
            return ""

    with pytest.raises(InvalidArgument, match="Silent"):
        hold(ConversationSimulator([{"goal": GOAL}], user_agent_class=Silent), Application("x"))


def test_the_traces_are_a_session_that_can_be_judged(serve: Serve) -> None:
    serve(rule=met_at(2))
    traces = hold(ConversationSimulator([{"goal": GOAL}], user_agent_class=Scripted), Application("a", "b"))
    from tests.judges.given import data_of, questions_of

    from steelyard.records.case import Case

    (question,) = questions_of(UserFrustration().judging(Case(session=tuple(traces))))
    assert [each["content"] for each in json.loads(data_of(question)["conversation"])] == [
        "turn 0 after None",
        "a",
        "turn 1 after a",
        "b",
    ]


def test_session_names_are_the_same_when_held_again_and_differ_otherwise() -> None:
    one, two = ConversationSimulator([{"goal": GOAL}, {"goal": "other"}]).cases
    assert one.session_id(row=0) == one.session_id(row=0)
    names = {
        one.session_id(row=0),
        one.session_id(row=1),
        one.session_id(row=0, repeat=1),
        one.session_id(row=0, salt="run"),
        two.session_id(row=0),
    }
    assert len(names) == 5
    assert all(name.startswith("sim-") for name in names)


def test_cases_come_from_lists_frames_and_records() -> None:
    frame = pd.DataFrame([{"goal": "a", "persona": "p", "context": {"x": 1}}, {"goal": "b"}])

    class Stored:
        def to_df(self) -> pd.DataFrame:
            return pd.DataFrame(
                [{"inputs": {"goal": "a", "persona": "p", "context": {"x": 1}}}, {"inputs": {"goal": "b"}}]
            )

    for given in (
        frame,
        Stored(),
        [{"goal": "a", "persona": "p", "context": {"x": 1}}, {"goal": "b", "context": None}],
        [{"inputs": {"goal": "a", "persona": "p", "context": {"x": 1}}}, {"inputs": {"goal": "b"}}],
    ):
        one, two = ConversationSimulator(given).cases
        assert (one.goal, one.persona, one.context) == ("a", "p", {"x": 1})
        assert (two.goal, two.context, two.expectations) == ("b", {}, {})
        assert two.persona


@pytest.mark.parametrize(
    "cases",
    [
        [],
        "goal",
        [3],
        [{}],
        [{"goal": ""}],
        [{"goal": 3}],
        [{"goal": "a", "context": "x"}],
        [{"goal": "a", "expectations": [1]}],
        [{"goal": "a", "context": {"messages": []}}],
        [{"goal": "a", "context": {"mlflow_session_id": "x"}}],
        [{"goal": "a", "mood": "bad"}],
        [{"goal": "a"}, {"persona": "b"}],
    ],
    ids=str,
)
def test_cases_without_a_goal_or_with_other_fields_are_refused(cases: Any) -> None:
    with pytest.raises(InvalidArgument):
        ConversationSimulator(cases)


@pytest.mark.parametrize(
    "fields", [{"max_turns": 0}, {"max_turns": True}, {"user_agent_class": str}, {"user_model": "x"}], ids=str
)
def test_settings_that_cannot_be_used_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        ConversationSimulator([{"goal": GOAL}], **fields)


def test_the_function_takes_messages_or_input() -> None:
    assert message_parameter(lambda messages: None) == "messages"
    assert message_parameter(lambda input, **rest: None) == "input"  # noqa: A006
    for function in (lambda question: None, lambda messages, input: None):  # noqa: A006
        with pytest.raises(InvalidArgument, match="messages"):
            message_parameter(function)
    given = {"messages": [], "mlflow_session_id": "s"}
    assert fitting(lambda messages: None, given) == {"messages": []}
    assert fitting(lambda messages, mlflow_session_id: None, given) == given
    assert fitting(lambda messages, **rest: None, given) == given


def test_a_digest_is_that_of_what_will_be_talked_about() -> None:
    def digest(**fields: Any) -> str:
        return ConversationSimulator(**{"test_cases": [{"goal": GOAL}], **fields}).digest

    assert digest() == digest()
    changes = [{"test_cases": [{"goal": "x"}]}, {"max_turns": 2}, {"user_model": "openai:/gpt-4o"}, {"temperature": 1}]
    assert len({digest(), *(digest(**change) for change in changes)}) == 5
