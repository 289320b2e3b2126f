"""A judge made of instructions, from the call to the server and back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Literal

import pytest
from tests.judges.given import trace
from tests.llm.server import LlmServer, Reply, always

from steelyard.errors import AnswerRefused, DataError, InvalidArgument
from steelyard.judges import Correctness, Guidelines, Judge, make_judge
from steelyard.llm import Budget, Calling, MemoryCache, calling
from steelyard.records.assessment import AssessmentSource, Expectation
from steelyard.records.case import Case
from steelyard.scorers import aassess, assess

Serve = Callable[..., LlmServer]
POLITE = "Is {{ outputs }} a polite answer to {{ inputs }}?"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (bool, True),
        (int, 4),
        (float, 0.5),
        (str, "fine"),
        (Literal["good", "bad"], "bad"),
        (int | None, None),
        (dict[str, int], {"tone": 3}),
        (list[str], ["a", "b"]),
    ],
    ids=["bool", "int", "float", "str", "literal", "optional", "dict", "list"],
)
def test_every_type_of_value_comes_back(serve: Serve, kind: Any, value: Any) -> None:
    serve(always(Reply(value={"rationale": "because", "result": value})))
    judge = make_judge("polite", POLITE, model="openai:/gpt-4o-mini", feedback_value_type=kind)
    feedback = judge(inputs={"q": "Why?"}, outputs="Because.")
    assert (feedback.name, feedback.value, feedback.rationale) == ("polite", value, "because")
    assert type(feedback.value) is type(value)
    assert feedback.source == AssessmentSource("LLM_JUDGE", "openai:/gpt-4o-mini")


def test_the_request_has_rules_data_and_an_ordered_schema(serve: Serve) -> None:
    server = serve(always(Reply(value={"rationale": "r", "result": True})))
    judge = make_judge(
        "polite", POLITE, model="openai:/gpt-4o-mini", feedback_value_type=bool, inference_params={"temperature": 0.25}
    )
    judge(inputs={"q": "Why?"}, outputs="Because I say so.")
    (request,) = server.requests
    system, user = request.json["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert "Because I say so." in json.dumps(user)
    assert "Because I say so." not in json.dumps(system)
    schema = request.json["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["rationale", "result"]
    assert schema["properties"]["result"]["type"] == "boolean"
    assert request.json["temperature"] == 0.25
    assert request.json["model"] == "gpt-4o-mini"


def test_tokens_and_cost_are_kept_with_the_feedback(serve: Serve) -> None:
    usage = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}
    serve(always(Reply(value={"rationale": "r", "result": "x"}, response={"usage": usage})))
    feedback = make_judge("a", "Judge {{ outputs }}", model="openai:/gpt-4o-mini")(outputs="x")
    assert feedback.metadata["mlflow.assessment.judgeInputTokens"] == 120
    assert feedback.metadata["mlflow.assessment.judgeOutputTokens"] == 30
    assert feedback.metadata["mlflow.assessment.judgeCost"] > 0


def test_headers_and_base_url_are_used(serve: Serve) -> None:
    server = serve(always(Reply(value={"rationale": "r", "result": "x"})))
    judge = make_judge(
        "a", "Judge {{ outputs }}", base_url=server.url, extra_headers={"Authorization": "Bearer mine", "x-team": "t"}
    )
    judge(outputs="x")
    headers = {name.lower(): value for name, value in server.requests[0].headers.items()}
    assert headers["authorization"] == "Bearer mine"
    assert headers["x-team"] == "t"
    assert "mine" not in repr(judge)


def test_an_evaluation_awaits_it_with_whole_cases(serve: Serve) -> None:
    server = serve(always(Reply(value={"rationale": "r", "result": "yes"})))
    judge = Correctness(model="openai:/gpt-4o-mini")
    case = Case(inputs={"q": "Why?"}, outputs="Because.", expectations={"expected_response": "Because."})
    assert judge.is_async

    async def both() -> list[Any]:
        return await asyncio.gather(aassess(judge, case), aassess(judge, case))

    results = asyncio.run(both())
    assert [feedback.value for (feedback,) in results] == ["yes", "yes"]
    assert assess(judge, case)[0].value == "yes"
    assert server.calls == 3


def test_a_call_works_where_a_loop_is_running(serve: Serve) -> None:
    serve(always(Reply(value={"rationale": "r", "result": "x"})))

    async def notebook() -> Any:
        return make_judge("a", "Judge {{ outputs }}")(outputs="x")

    assert asyncio.run(notebook()).value == "x"


def test_the_same_question_is_paid_once_and_another_repeat_again(serve: Serve) -> None:
    server = serve(always(Reply(value={"rationale": "r", "result": "yes"})))
    judge = Guidelines(guidelines="Be brief.")
    case = Case(inputs={"q": "Why?"}, outputs="Because.")
    cache = MemoryCache()
    first, second = Calling(cache=cache), Calling(cache=cache, repeat=1)
    with calling(first):
        one, two = assess(judge, case), assess(judge, case)
    assert (server.calls, first.calls, first.cached) == (1, 1, 1)
    assert one == two
    with calling(second):
        assess(judge, case)
    assert server.calls == 2


def test_a_budget_ends_it(serve: Serve) -> None:
    from steelyard.errors import OverBudget

    server = serve()
    with calling(Calling(budget=Budget(max_tokens=10))), pytest.raises(OverBudget):
        Guidelines(guidelines="Be brief.")(inputs={"q": "Why?"}, outputs="Because.")
    assert server.calls == 0


def test_a_refusal_is_no_verdict(serve: Serve) -> None:
    serve(always(Reply(message={"content": None, "refusal": "I cannot judge that."})))
    with pytest.raises(AnswerRefused):
        make_judge("a", "Judge {{ outputs }}")(outputs="x")


def test_inputs_and_outputs_come_from_the_trace_if_only_that_is_given(serve: Serve) -> None:
    server = serve(always(Reply(value={"rationale": "r", "result": "yes"})))
    said = trace(
        inputs={"question": "Why is it blue?"},
        outputs="Scattering.",
        assessments=(Expectation("expected_response", "Rayleigh scattering."),),
    )
    assert Correctness()(trace=said).value == "yes"
    for text in ("Why is it blue?", "Scattering.", "Rayleigh scattering."):
        assert text in json.dumps(server.requests[0].json["messages"][1])


def test_the_model_is_the_default_judge_unless_told(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(always(Reply(value={"rationale": "r", "result": "x"})))
    judge = make_judge("a", "Judge {{ outputs }}")
    assert judge(outputs="x").source.source_id == "openai:/gpt-4.1-mini"
    monkeypatch.setenv("MLFLOW_GENAI_JUDGE_DEFAULT_MODEL", "openai:/gpt-5-nano")
    assert judge(outputs="x").source.source_id == "openai:/gpt-5-nano"
    assert [request.json["model"] for request in server.requests] == ["gpt-4.1-mini", "gpt-5-nano"]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"inputs": {"q": 1}}, "outputs"), ({"outputs": "x"}, "inputs")],
    ids=["no outputs", "no inputs"],
)
def test_what_is_missing_is_named(given: dict[str, Any], field: str) -> None:
    with pytest.raises(DataError, match=f"needs {field}"):
        make_judge("polite", POLITE)(**given)


def test_missing_expectations_are_named() -> None:
    with pytest.raises(DataError, match="expectations"):
        make_judge("a", "By {{ expectations }}, judge {{ outputs }}")(outputs="x")


@pytest.mark.parametrize("model", ["gpt-4o", "nowhere:/model", "", ":/x"])
def test_a_model_that_does_not_exist_is_refused_at_once(model: str) -> None:
    with pytest.raises(InvalidArgument, match="provider"):
        make_judge("a", "Judge {{ outputs }}", model=model)


def test_other_apis_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="chat_completions"):
        make_judge("a", "Judge {{ outputs }}", model_api="decisions")


def test_a_judge_without_a_name_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="name"):
        make_judge(" ", "Judge {{ outputs }}")


def test_run_leaves_out_what_it_does_not_know(serve: Serve) -> None:
    serve(always(Reply(value={"rationale": "r", "result": "x"})))
    assert make_judge("a", "Judge {{ outputs }}").run(inputs={}, outputs="x", tags={"a": "b"}).value == "x"


def test_a_digest_is_that_of_what_is_said() -> None:
    def digest(**changes: Any) -> str:
        return make_judge(**{"name": "a", "instructions": "Judge {{ outputs }}", **changes}).digest

    same = digest()
    assert digest() == same
    assert digest(extra_headers={"Authorization": "Bearer other"}) == same
    assert digest(description="other words about it") == same
    assert digest(model="openai:/gpt-4.1-mini") == same  # the default judge, by its name
    changes: list[dict[str, Any]] = [
        {"name": "b"},
        {"instructions": "Judge {{ inputs }}"},
        {"model": "openai:/gpt-4o"},
        {"feedback_value_type": int},
        {"feedback_value_type": Literal["a", "b"]},
        {"feedback_value_type": Literal["a", "c"]},
        {"inference_params": {"temperature": 1}},
        {"generate_rationale_first": False},
        {"base_url": "http://127.0.0.1:1/v1"},
    ]
    digests = [digest(**change) for change in changes]
    assert len({same, *digests}) == len(changes) + 1


def test_a_judge_of_ones_own_is_a_generator_of_questions(serve: Serve) -> None:
    from steelyard.judges.asking import Asking
    from steelyard.judges.blocks import block
    from steelyard.judges.prompts import Rubric
    from steelyard.judges.ruling import rule
    from steelyard.records.assessment import Feedback

    class Short(Judge):
        name: str = "short"

        def judging(self, case: Case) -> Asking[tuple[Feedback, ...]]:
            rubric = Rubric("short", 1, 'Is the block "text" short?')
            ruling = yield from rule(self.bench, rubric, [block("text", case.outputs)])
            return (ruling.feedback(self.name),)

    serve(always(Reply(value={"rationale": "r", "result": "no"})))
    assert Short()(outputs="long").value == "no"
