"""One call of a chat model, written in each of the field's conventions, is read as one and the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tracing.told_in_every_dialect import ANSWER, ASKED, DIALECTS, PARTS, USAGE

from steelyard.records import SpanEvent
from steelyard.tracing import normalise
from steelyard.tracing.dialects import Normalised


@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_a_chat_is_read_the_same_from_every_dialect(dialect: str) -> None:
    attributes, events = DIALECTS[dialect]
    meaning = normalise(attributes, name="chat gpt-4o-mini", events=events)
    assert meaning.span_type == "CHAT_MODEL"
    assert (meaning.model, meaning.provider) == ("gpt-4o-mini-2024-07-18", "openai")
    assert meaning.usage == USAGE
    assert meaning.session == "s-1"
    assert meaning.inputs == {"messages": ASKED}
    assert meaning.outputs == {"messages": [ANSWER]}


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "MLflow"])
def test_what_arrived_is_kept_beside_what_it_means(dialect: str) -> None:
    attributes, events = DIALECTS[dialect]
    kept = normalise(attributes, events=events).attributes
    assert set(kept) == set(attributes)


def test_tools_of_every_dialect() -> None:
    arguments, result = {"query": "a"}, ["b"]
    written: list[dict[str, Any]] = [
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "search",
            "gen_ai.tool.call.arguments": json.dumps(arguments),
            "gen_ai.tool.call.result": json.dumps(result),
        },
        {
            "openinference.span.kind": "TOOL",
            "tool.name": "search",
            "input.value": json.dumps(arguments),
            "input.mime_type": "application/json",
            "output.value": json.dumps(result),
        },
        {
            "traceloop.span.kind": "tool",
            "traceloop.entity.name": "search",
            "traceloop.entity.input": json.dumps(arguments),
            "traceloop.entity.output": json.dumps(result),
        },
        {
            "mlflow.spanType": '"TOOL"',
            "mlflow.spanInputs": json.dumps(arguments),
            "mlflow.spanOutputs": json.dumps(result),
        },
    ]
    for attributes in written:
        meaning = normalise(attributes)
        assert (meaning.span_type, meaning.inputs, meaning.outputs) == ("TOOL", arguments, result)


def test_documents_of_every_dialect() -> None:
    newest = normalise(
        {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.retrieval.query.text": "why?",
            "gen_ai.retrieval.documents": '[{"id": "d1", "score": 0.5, "content": "text"}]',
        }
    )
    flat = normalise(
        {
            "openinference.span.kind": "RETRIEVER",
            "input.value": "why?",
            "input.mime_type": "text/plain",
            "output.value": "not this",
            "retrieval.documents.0.document.id": "d1",
            "retrieval.documents.0.document.content": "text",
            "retrieval.documents.0.document.score": 0.5,
            "retrieval.documents.0.document.metadata": '{"page": 3}',
        }
    )
    assert (newest.span_type, newest.inputs) == (flat.span_type, flat.inputs) == ("RETRIEVER", "why?")
    document = {"page_content": "text", "id": "d1", "score": 0.5}
    assert newest.outputs == [document]
    assert flat.outputs == [{**document, "metadata": {"page": 3}}]
    assert flat.attributes["output.value"] == "not this"


def test_an_agent_of_pydantic_ai_has_its_request_and_its_result() -> None:
    meaning = normalise(
        {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "helper",
            "gen_ai.aggregated_usage.input_tokens": 100,
            "final_result": '{"search":"found"}',
            "pydantic_ai.all_messages": json.dumps(
                [PARTS[0], {"role": "assistant", "parts": [{"type": "text", "content": "x"}]}]
            ),
        }
    )
    assert (meaning.span_type, meaning.agent, meaning.usage) == ("AGENT", "helper", None)
    assert meaning.inputs == {"messages": [{"role": "user", "content": "What is a steelyard?"}]}
    assert meaning.outputs == {"search": "found"}


def test_pictures_stay_parts_of_the_message() -> None:
    meaning = normalise(
        {
            "openinference.span.kind": "LLM",
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.contents.0.message_content.type": "text",
            "llm.input_messages.0.message.contents.0.message_content.text": "What is this?",
            "llm.input_messages.0.message.contents.1.message_content.type": "image",
            "llm.input_messages.0.message.contents.1.message_content.image.image.url": "data:image/png;base64,AA",
        }
    )
    assert meaning.inputs["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
    ]


def test_what_the_application_says_itself_goes_before_what_others_say() -> None:
    meaning = normalise({**DIALECTS["OpenInference"][0], "mlflow.spanType": '"AGENT"', "mlflow.spanInputs": "1"})
    assert (meaning.span_type, meaning.inputs, meaning.usage) == ("AGENT", 1, USAGE)


def test_a_span_of_no_dialect_keeps_its_attributes() -> None:
    assert normalise({"http.method": "GET", "list": (1, 2)}) == Normalised(
        span_type="UNKNOWN", attributes={"http.method": "GET", "list": [1, 2]}
    )


_ODD_KEYS = ("retrieval.documents.0.document", "llm.input_messages.0.message", "gen_ai.prompt.x.y", "mlflow.")
_keys = st.sampled_from([*sorted({key for attributes, _ in DIALECTS.values() for key in attributes}), *_ODD_KEYS])
_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.sampled_from(['{"a": 1}', "[1, 2]", "[", '[{"role": 1, "parts": [3, null, {"type": "text"}]}]', '{"parts": 3}']),
    st.lists(st.integers() | st.text(), max_size=3).map(tuple),
    st.dictionaries(st.text(), st.integers(), max_size=3),
)


@given(st.dictionaries(_keys, _values, max_size=12), _values)
def test_no_attributes_are_refused(attributes: dict[str, Any], content: Any) -> None:
    events = [SpanEvent(name, 1, {"content": content, "message": content}) for name in ("gen_ai.choice", "other")]
    meaning = normalise(attributes, events=events)
    assert meaning.usage is None or meaning.usage.input_tokens >= 0
