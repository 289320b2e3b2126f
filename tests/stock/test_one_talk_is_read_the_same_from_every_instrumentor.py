"""The same talk with a model, watched by each instrumentor as it is installed, ends as the same facts."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Sent
from .facts import Facts, facts
from .provider import ANSWER, DATED, REFUSAL, WEATHER_ANSWER

INSTRUMENTORS = ("OpenInference", "OpenLLMetry", "OpenLLMetry of last year", "gen_ai", "MLflow")
SYSTEM = {"role": "system", "content": "Answer in one sentence."}
QUESTION = {"role": "user", "content": "What is a steelyard?"}
WEATHER_QUESTION = {"role": "user", "content": "How is the weather in Kyiv?"}
CALL = {"role": "assistant", "tool_calls": [{"id": "call 0", "weather": {"city": "Kyiv"}}]}
RESULT = {"role": "tool", "tool_call_id": "call 0", "content": '{"sky": "clear", "celsius": 21}'}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather of a city.", "parameters": SCHEMA},
}


def _talk(asked: list[Any], answer: dict[str, Any] | None, *, model: str = DATED, tools: tuple[Any, ...] = ()) -> Facts:
    return Facts(
        span_type="CHAT_MODEL",
        model=model,
        asked=asked,
        answered=[] if answer is None else [answer],
        tools=list(tools),
        tokens=None if answer is None else (120, 30),
        failed=answer is None,
    )


@pytest.mark.parametrize("way", ["chat", "stream"])
@pytest.mark.parametrize("instrumentor", INSTRUMENTORS)
def test_a_chat_whole_and_streamed(sent: Sent, instrumentor: str, way: str) -> None:
    (call,) = sent.calls(instrumentor, way)
    assert facts(call) == _talk([SYSTEM, QUESTION], {"role": "assistant", "content": ANSWER})


@pytest.mark.parametrize("instrumentor", [name for name in INSTRUMENTORS if name != "gen_ai"])
def test_a_tool_is_described_called_and_answered(sent: Sent, instrumentor: str) -> None:
    first, second = sent.calls(instrumentor, "tools")
    asked = [SYSTEM, WEATHER_QUESTION]
    assert facts(first) == _talk(asked, CALL, tools=(WEATHER,))
    said = {"role": "assistant", "content": WEATHER_ANSWER}
    assert facts(second) == _talk([*asked, CALL, RESULT], said, tools=(WEATHER,))


def test_a_tool_is_called_and_answered_where_no_description_is_sent(sent: Sent) -> None:
    first, second = sent.calls("gen_ai", "tools")
    asked = [SYSTEM, WEATHER_QUESTION]
    assert facts(first) == _talk(asked, CALL)
    assert facts(second) == _talk([*asked, CALL, RESULT], {"role": "assistant", "content": WEATHER_ANSWER})


@pytest.mark.parametrize("instrumentor", [name for name in INSTRUMENTORS if name != "gen_ai"])  # it sends no pictures
def test_a_picture_stays_where_it_was(sent: Sent, instrumentor: str) -> None:
    (call,) = sent.calls(instrumentor, "picture")
    assert call.inputs["messages"][0]["content"] == [
        {"type": "text", "text": "What is in this picture?"},
        {"type": "image_url", "image_url": {"url": "https://example.org/steelyard.png"}},
    ]


@pytest.mark.parametrize("instrumentor", [name for name in INSTRUMENTORS if name != "gen_ai"])  # nor refusals
def test_a_refusal_is_heard(sent: Sent, instrumentor: str) -> None:
    (call,) = sent.calls(instrumentor, "refusal")
    question = {"role": "user", "content": "Be unkind."}
    assert facts(call) == _talk([question], {"role": "assistant", "refusal": REFUSAL})


@pytest.mark.parametrize("instrumentor", INSTRUMENTORS)
def test_a_call_that_failed_says_what_was_asked_of_whom(sent: Sent, instrumentor: str) -> None:
    (call,) = sent.calls(instrumentor, "failure")
    assert facts(call) == _talk([{"role": "user", "content": "Fail, please."}], None, model="gpt-4o-mini")
    told = [call.status.description, *(event.attributes.get("exception.message", "") for event in call.events)]
    assert any("The model is out of order." in text for text in told)


@pytest.mark.parametrize("instrumentor", INSTRUMENTORS)
def test_an_embedding_is_one(sent: Sent, instrumentor: str) -> None:
    (call,) = sent.calls(instrumentor, "embedding")
    assert (call.span_type, call.model) == ("EMBEDDING", "text-embedding-3-small")
    if instrumentor != "gen_ai":  # which does not tell what was embedded
        assert call.inputs["input"] == ["one arm", "one weight"]
    if instrumentor != "MLflow":  # which counts no tokens of embeddings
        assert call.usage is not None
        assert call.usage.input_tokens == 4


@pytest.mark.parametrize("instrumentor", ["OpenInference", "OpenLLMetry", "OpenLLMetry of last year", "MLflow"])
def test_cached_and_reasoning_tokens_are_told_and_priced(sent: Sent, instrumentor: str) -> None:
    (call,) = sent.calls(instrumentor, "chat")
    assert call.usage is not None
    assert call.usage.cache_read_tokens == 100
    assert call.usage.reasoning_tokens == (0 if instrumentor == "MLflow" else 20)  # which does not send them
    # By OpenAI's list: 0.15 dollars a million tokens in, half of it from the cache, 0.60 out.
    assert call.usage.cost == pytest.approx((20 * 0.15 + 100 * 0.075 + 30 * 0.60) / 1e6)


@pytest.mark.parametrize("instrumentor", ["OpenInference", "OpenLLMetry", "OpenLLMetry of last year", "MLflow"])
def test_openais_responses_are_calls_of_a_chat_model(sent: Sent, instrumentor: str) -> None:
    (call,) = sent.calls(instrumentor, "responses")
    assert (call.span_type, call.model) == ("CHAT_MODEL", DATED)
    assert call.usage is not None
    assert (call.usage.input_tokens, call.usage.output_tokens, call.usage.cache_read_tokens) == (120, 30, 100)
    assert "What is a steelyard?" in str(call.inputs)
    assert ANSWER in str(call.outputs)


def test_mlflows_spans_in_opentelemetrys_words_are_the_same_talk(sent: Sent) -> None:
    found = sent.store.experiments.find("MLflow as gen_ai")
    assert found is not None
    infos = sent.store.traces.search([found.experiment_id]).items
    talks = [
        facts(span)
        for info in infos
        for span in sent.store.traces.get(info.trace_id).data.spans
        if span.span_type == "CHAT_MODEL"
    ]
    assert _talk([SYSTEM, QUESTION], {"role": "assistant", "content": ANSWER}) in talks
    assert _talk([SYSTEM, WEATHER_QUESTION], CALL, tools=(WEATHER,)) in talks


@pytest.mark.parametrize("instrumentor", ["OpenInference", "MLflow"])
def test_session_and_user_are_those_of_the_trace(sent: Sent, instrumentor: str) -> None:
    info = sent.traces(instrumentor)["chat"].info
    assert (info.session, info.user) == ("s-1", "u-1")
    found = sent.store.experiments.find(instrumentor)
    assert found is not None
    (session,) = sent.store.overview.sessions([found.experiment_id]).items
    assert (session.session, session.n) == ("s-1", 8)
