"""OpenInference for Anthropic's client and for LangChain, which write requests and messages in ways of their own."""

from __future__ import annotations

import pytest

from .conftest import Sent
from .facts import facts
from .provider import ANSWER, DATED, WEATHER_ANSWER
from .test_one_talk_is_read_the_same_from_every_instrumentor import (
    CALL,
    QUESTION,
    RESULT,
    SYSTEM,
    WEATHER,
    WEATHER_QUESTION,
)


@pytest.mark.parametrize("way", ["chat", "stream"])
def test_a_chat_with_claude_whole_and_streamed(sent: Sent, way: str) -> None:
    (call,) = sent.calls("Anthropic", way)
    told = facts(call)
    assert (told.span_type, told.model, told.asked) == ("CHAT_MODEL", "claude-sonnet-4-5", [SYSTEM, QUESTION])
    assert told.answered == [{"role": "assistant", "content": ANSWER}]


def test_claudes_tokens_are_counted_with_those_of_the_cache_and_priced(sent: Sent) -> None:
    usage = sent.calls("Anthropic", "chat")[0].usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (20 + 100 + 40, 30)
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (100, 40)
    # By Anthropic's list: 3 dollars a million tokens in, 0.30 read from the cache, 3.75 written to it, 15 out.
    assert usage.cost == pytest.approx((20 * 3 + 100 * 0.30 + 40 * 3.75 + 30 * 15) / 1e6)


def test_claudes_tools_are_written_as_everybody_elses(sent: Sent) -> None:
    first, second = (facts(call) for call in sent.calls("Anthropic", "tools"))
    assert (first.asked, first.answered, first.tools) == ([SYSTEM, WEATHER_QUESTION], [CALL], [WEATHER])
    assert second.asked == [SYSTEM, WEATHER_QUESTION, CALL, RESULT]
    assert second.answered == [{"role": "assistant", "content": WEATHER_ANSWER}]


def test_a_failure_of_claude_is_an_error_of_the_span(sent: Sent) -> None:
    (call,) = sent.calls("Anthropic", "failure")
    assert (call.status.status_code, call.model) == ("ERROR", "claude-sonnet-4-5")
    assert "The model is out of order." in call.status.description


def test_session_and_user_of_both(sent: Sent) -> None:
    for sender, number in (("Anthropic", 2), ("LangChain", 3)):
        for trace in sent.traces(sender).values():
            assert (trace.info.session, trace.info.user) == (f"s-{number}", f"u-{number}")


def test_a_chain_is_a_tree(sent: Sent) -> None:
    spans = sent.traces("LangChain")["chain"].data.spans
    names = {span.span_id: span.name for span in spans}
    tree = {span.name: (names.get(span.parent_id or ""), span.span_type) for span in spans}
    assert tree == {
        "chain": (None, "UNKNOWN"),
        "RunnableSequence": ("chain", "CHAIN"),
        "RunnableParallel<found,question>": ("RunnableSequence", "CHAIN"),
        "Shelf": ("RunnableParallel<found,question>", "RETRIEVER"),
        "RunnablePassthrough": ("RunnableParallel<found,question>", "CHAIN"),
        "ChatPromptTemplate": ("RunnableSequence", "PARSER"),
        "ChatOpenAI": ("RunnableSequence", "CHAT_MODEL"),
        "StrOutputParser": ("RunnableSequence", tree["StrOutputParser"][1]),
    }


def test_a_chains_documents_and_talk(sent: Sent) -> None:
    spans = {span.name: span for span in sent.calls("LangChain", "chain")}
    found = spans["Shelf"]
    assert found.inputs == "What is a steelyard?"
    assert found.outputs == [{"page_content": "A steelyard has one weight.", "metadata": {"page": 3}}]
    talk = facts(spans["ChatOpenAI"])
    assert (talk.model, talk.tokens, talk.asked[1]) == (DATED, (120, 30), QUESTION)
    assert talk.answered == [{"role": "assistant", "content": ANSWER}]


def test_a_chains_tool(sent: Sent) -> None:
    spans = {span.name: span for span in sent.calls("LangChain", "agent")}
    talk = facts(spans["ChatOpenAI"])
    assert (talk.answered, talk.tools) == ([CALL], [WEATHER])
    assert spans["weather"].span_type == "TOOL"
    assert "Kyiv" in str(spans["weather"].inputs)
    assert "clear" in str(spans["weather"].outputs)


def test_a_chains_failure(sent: Sent) -> None:
    (call,) = sent.calls("LangChain", "failure")
    assert call.status.status_code == "ERROR"
    assert facts(call).asked == [{"role": "user", "content": "Fail, please."}]
