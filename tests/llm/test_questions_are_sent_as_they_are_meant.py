"""What goes out on the wire: messages, parameters, tools, and the form of the answer; to OpenAI and to Anthropic."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tests.llm.faults import always
from tests.llm.replies import Reply
from tests.llm.server import LlmServer
from tests.llm.times import FakeTime

from steelyard.errors import InvalidArgument, MissingDependency
from steelyard.llm import Message, Question, Tool, ToolCall, ask_sync, calling, default_judge_model, parse_model
from steelyard.llm.models import PROVIDERS

Serve = Callable[..., LlmServer]
Ask = Callable[..., Question]
LOOK = Tool("look", "Look at a span.", {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]})


def test_a_question_is_sent_once_and_as_it_is(serve: Serve, question: Ask) -> None:
    server = serve()
    answer = ask_sync(
        question(params={"temperature": 0, "max_tokens": 50, "seed": 7, "stop": "END", "top_k_custom": 3})
    )
    sent = server.requests[0].json
    assert [(message["role"], message["content"]) for message in sent["messages"]] == [
        ("system", "You are a judge."),
        ("user", "Is Paris in France?"),
    ]
    assert (sent["temperature"], sent["max_completion_tokens"], sent["seed"], sent["stop"]) == (0, 50, 7, ["END"])
    assert sent["top_k_custom"] == 3
    assert sent["response_format"]["json_schema"]["schema"]["required"] == ["score", "result", "rationale"]
    assert answer.model == "gpt-4o-mini"
    assert answer.finish_reason == "stop"
    assert answer.usage.input_tokens == sent_tokens(sent)


def sent_tokens(sent: dict[str, object]) -> int:
    from tests.llm.replies import prompt_of

    return len(prompt_of(sent)) // 4 + 1


@pytest.mark.parametrize("structure", ["native", "tool", "prompted"])
def test_an_answer_fits_whichever_way_its_form_is_asked_for(serve: Serve, question: Ask, structure: str) -> None:
    rule = {"score": 5, "result": "no", "rationale": "so"}
    script = always(Reply(text=json.dumps(rule))) if structure == "prompted" else None
    server = serve(script, rule=lambda prompt, schema: rule)
    assert ask_sync(question(structure=structure)).value == rule
    sent = server.requests[0].json
    assert ("tools" in sent) == (structure == "tool")
    assert ("json_schema" in sent.get("response_format", {})) == (structure == "native")


def test_a_tool_is_called_and_its_result_goes_back(serve: Serve, question: Ask, time: FakeTime) -> None:
    server = serve(lambda index, request: Reply(tool_call=("look", {"id": "7"})) if index == 0 else Reply())
    asked = question(tools=(LOOK,))
    first = ask_sync(asked)
    assert first.value is None
    assert [(call.name, call.arguments) for call in first.tool_calls] == [("look", {"id": "7"})]
    call = first.tool_calls[0]
    talk = (
        *asked.messages,
        Message("assistant", "", tool_calls=first.tool_calls),
        Message("tool", "span 7", tool_call_id=call.id),
    )
    second = ask_sync(Question(model=asked.model, messages=talk, schema=asked.schema, tools=(LOOK,)))
    assert second.value["result"] in ("yes", "no")
    roles = [message["role"] for message in server.requests[1].json["messages"]]
    assert roles == ["system", "user", "assistant", "tool"]
    assert server.requests[1].json["messages"][3]["tool_call_id"] == call.id


def test_anthropic_is_asked_in_its_own_way(serve: Serve, question: Ask) -> None:
    server = serve(rule=lambda prompt, schema: {"score": 2, "result": "no"})
    answer = ask_sync(question(model="anthropic:/claude-sonnet-5-5", params={"max_tokens": 99}))
    assert answer.value["score"] == 2
    assert answer.usage.input_tokens > 0
    request = server.requests[0]
    assert request.path == "/v1/messages"
    assert request.json["max_tokens"] == 99
    assert "sk-ant-test" in request.headers.get("x-api-key", "") + request.headers.get("authorization", "")


def test_anthropics_faults_are_tried_again_too(serve: Serve, question: Ask, time: FakeTime) -> None:
    faults = [Reply.rate_limited(3), Reply.error(529, "Overloaded"), Reply.error(500)]
    server = serve(lambda index, request: faults[index] if index < 3 else Reply(value={"score": 3}))
    with calling(time.calling()):
        assert ask_sync(question(model="anthropic:/claude-sonnet-5-5")).value["score"] == 3
    assert server.calls == 4
    assert time.waits[0] == 3


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        ("openai:/gpt-4o", "openai:/gpt-4o"),
        ("openai:gpt-4o", "openai:/gpt-4o"),
        ("openai/gpt-4o", "openai:/gpt-4o"),
        ("OpenAI:/gpt-4o", "openai:/gpt-4o"),
        ("openai://gpt-4o", "openai:/gpt-4o"),
        ("openai:/ft:gpt-4o:me::x", "openai:/ft:gpt-4o:me::x"),
        ("openrouter:/meta/llama-3:free", "openrouter:/meta/llama-3:free"),
        ("gemini:/gemini-2.5-flash", "google:/gemini-2.5-flash"),
        ("bedrock:/us.anthropic.claude-v1:0", "bedrock:/us.anthropic.claude-v1:0"),
        ("ollama:/llama3:8b", "ollama:/llama3:8b"),
    ],
    ids=lambda value: value,
)
def test_a_model_is_named_as_people_name_it(written: str, uri: str) -> None:
    assert parse_model(written).uri == uri
    assert parse_model(uri).uri == uri


@pytest.mark.parametrize("name", ["gpt-4o", "", "openai:/", ":/x", "nobody:/x", "/x"], ids=repr)
def test_a_name_without_a_known_provider_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(InvalidArgument, match="anthropic"):
        parse_model(name)


def test_every_provider_is_one_of_the_client_library() -> None:
    from pydantic_ai.providers import infer_provider_class

    for provider in PROVIDERS:
        try:
            infer_provider_class(provider)
        except ImportError:
            continue  # its own package is not installed, but it is known


def test_a_provider_whose_package_is_missing_is_told(question: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "k")
    with pytest.raises(MissingDependency, match="groq"):
        ask_sync(question(model="groq:/llama-3"))


def test_the_judge_is_the_one_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_judge_model() == "openai:/gpt-4.1-mini"
    monkeypatch.setenv("MLFLOW_GENAI_JUDGE_DEFAULT_MODEL", "anthropic:/claude-sonnet-5-5")
    assert default_judge_model() == "anthropic:/claude-sonnet-5-5"
    monkeypatch.setenv("STEELYARD_JUDGE_MODEL", "ollama:/llama3")
    assert default_judge_model() == "ollama:/llama3"


def test_a_call_that_was_made_before_is_told_with_its_name(serve: Serve, question: Ask) -> None:
    server = serve()
    call = ToolCall("c1", "look", {"id": "1"})
    talk = (Message("user", "go"), Message("assistant", "hm", (call,)), Message("tool", "x", tool_call_id="c1"))
    ask_sync(Question(model="openai:/gpt-4o-mini", messages=talk, tools=(LOOK,)))
    said = server.requests[0].json["messages"][1]
    assert said["tool_calls"][0]["function"] == {"name": "look", "arguments": '{"id":"1"}'}


def test_what_is_sent_is_what_the_client_library_itself_would_send(
    serve: Serve, question: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = question(
        params={"temperature": 0.5, "max_tokens": 9, "seed": 1, "user": "me"},
        tools=(LOOK,),
        extra_headers={"X-Route": "eu"},
    )
    ours, theirs = serve(), serve()
    with monkeypatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", ours.url)
        ask_sync(asked)
        patch.setattr("steelyard.llm.plain.make_plain", lambda client: None)
        patch.setenv("OPENAI_BASE_URL", theirs.url)
        ask_sync(asked)
    assert ours.requests[-1].json == theirs.requests[-1].json
    changing = {"host", "content-length"}
    sent = [{k: v for k, v in server.requests[-1].headers.items() if k not in changing} for server in (ours, theirs)]
    assert sent[0] == sent[1]
