"""A served model is called like any other function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.llm.server import LlmServer, Reply

from steelyard.errors import InvalidArgument, LLMUnavailable
from steelyard.evaluation.genai.serving import to_predict_fn
from steelyard.tracing import capture


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with LlmServer(script=lambda index, request: Reply(text="Paris")) as found:
        yield found


def sent(server: LlmServer) -> dict[str, Any]:
    return server.requests[-1].json


@pytest.mark.parametrize("path", ["", "/", "/chat/completions"])
def test_a_question_goes_to_the_server_and_its_answer_comes_back(path: str, server: LlmServer) -> None:
    predict = to_predict_fn(server.url + path, model="mine", params={"temperature": 0})
    assert predict(question="Capital of France?") == "Paris"
    assert sent(server)["model"] == "mine"
    assert sent(server)["temperature"] == 0
    assert sent(server)["messages"] == [{"role": "user", "content": "Capital of France?"}]


def test_messages_are_sent_as_they_are(server: LlmServer) -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Hi"}]}]
    to_predict_fn(server.url)(messages=chat, model="other", max_tokens=5)
    assert [(m["role"], m["content"]) for m in sent(server)["messages"]] == [("system", "Be brief."), ("user", "Hi")]
    assert sent(server)["model"] == "other"


def test_tokens_of_the_call_are_in_the_trace(server: LlmServer) -> None:
    with capture() as captured:
        answer = to_predict_fn(server.url, model="mine")(input="?")
    (span,) = captured.finish(outputs=answer).search_spans("CHAT_MODEL")
    assert (span.name, span.inputs, span.outputs) == ("mine", {"input": "?"}, "Paris")
    assert span.usage is not None
    assert span.usage.output_tokens > 0


WRONG: dict[str, tuple[str, str]] = {
    "databricks_endpoint": ("endpoints:/chat", r"is served by Databricks, which needs its own client"),
    "databricks_app": ("apps:/chat", r"is served by Databricks"),
    "no_server": ("http:///v1", r"names no server"),
    "empty": (" ", r"give the address of a server"),
    "no_model": ("chat", r"names no model"),
}


@pytest.mark.parametrize(("uri", "message"), WRONG.values(), ids=WRONG)
def test_an_address_that_cannot_be_called_is_refused_at_once(uri: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        to_predict_fn(uri)


INPUTS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, r"The inputs \(none\) do not say what to ask"),
    "two": ({"a": 1, "b": 2}, r"The inputs 'a', 'b' do not say"),
    "no_list": ({"messages": "Hi"}, r"messages is 'Hi': give a list"),
    "no_role": ({"messages": [{"content": "Hi"}]}, r"messages\[0\] is"),
    "picture": ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, r"only text can be sent"),
}


@pytest.mark.parametrize(("inputs", "message"), INPUTS.values(), ids=INPUTS)
def test_inputs_that_ask_nothing_are_refused(inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        to_predict_fn("http://127.0.0.1:9/v1")(**inputs)


def test_a_server_that_refuses_the_key_is_an_error_of_the_prediction() -> None:
    with LlmServer(script=lambda index, request: Reply(status=401)) as refusing, pytest.raises(LLMUnavailable):
        to_predict_fn(refusing.url)(input="?")
