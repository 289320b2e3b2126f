"""Rows as the documentation of each tool shows them, and what must become of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Capital of France?"}]


class Told(NamedTuple):
    """A row as a tool writes it, and what must become of it."""

    shape: str
    raw: dict[str, Any]
    inputs: dict[str, Any]
    expectations: dict[str, Any]
    outputs: Any = None
    row_id: str | None = None
    tags: Mapping[str, str] = MappingProxyType({})
    metadata: Mapping[str, Any] = MappingProxyType({})


PARIS = {"expected_response": "Paris"}

DOCUMENTED = {
    "mlflow": Told(
        "MLflow",
        {
            "inputs": {"question": "Capital of France?"},
            "outputs": "Paris",
            "expectations": {"expected_facts": ["Paris"]},
            "tags": {"lang": "en"},
            "source": {"source_type": "HUMAN"},
            "request_id": "r-1",
        },
        {"question": "Capital of France?"},
        {"expected_facts": ["Paris"]},
        "Paris",
        "r-1",
        {"lang": "en"},
        {"source": {"source_type": "HUMAN"}, "request_id": "r-1"},
    ),
    "openai_evals": Told(
        "OpenAI evals", {"input": CHAT, "ideal": "Paris"}, {"messages": CHAT}, PARIS, metadata={"ideal": "Paris"}
    ),
    "openai_evals_with_several_ideals": Told(
        "OpenAI evals",
        {"input": "Capital of France?", "ideal": ["Paris", "paris"]},
        {"input": "Capital of France?"},
        {"expected_response": ["Paris", "paris"]},
    ),
    "langsmith_example": Told(
        "LangSmith's examples",
        {
            "id": "e-1",
            "inputs": {"question": "Capital of France?"},
            "outputs": {"answer": "Paris"},
            "metadata": {"split": "test"},
            "dataset_id": "d-1",
        },
        {"question": "Capital of France?"},
        {"answer": "Paris", "expected_response": "Paris"},
        row_id="e-1",
        metadata={"split": "test", "reference_outputs": {"answer": "Paris"}, "dataset_id": "d-1"},
    ),
    "langsmith_example_exported": Told(
        "LangSmith's examples",
        {"id": "e-1", "inputs": {"q": "?"}, "outputs": {"answer": "Paris", "page": 3}, "metadata": None},
        {"q": "?"},
        {"answer": "Paris", "page": 3, "expected_response": "Paris"},
        row_id="e-1",
    ),
    "langsmith_run": Told(
        "LangSmith's runs",
        {
            "id": "run-1",
            "name": "chain",
            "run_type": "chain",
            "start_time": "2025-01-01T00:00:00",
            "inputs": {"question": "Capital of France?"},
            "outputs": {"output": "Paris"},
            "error": None,
            "reference_example_id": "e-1",
            "session_id": "the-project",
            "tags": ["prod"],
            "extra": {"metadata": {"user": "anna"}},
        },
        {"question": "Capital of France?"},
        {},
        "Paris",
        "e-1",
        {"prod": "true"},
        {"user": "anna", "run_type": "chain", "session_id": "the-project"},
    ),
    "braintrust": Told(
        "Braintrust",
        {"input": "Capital of France?", "expected": "Paris", "metadata": {"level": 1}, "tags": ["geo"], "id": "b-1"},
        {"input": "Capital of France?"},
        PARIS,
        row_id="b-1",
        tags={"geo": "true"},
        metadata={"level": 1, "expected": "Paris"},
    ),
    "braintrust_result": Told(
        "Braintrust",
        {"input": {"q": "?"}, "output": "Paris", "expected": {"answer": "Paris"}, "scores": {"exact": 1.0}},
        {"q": "?"},
        {"answer": "Paris", "expected_response": "Paris"},
        "Paris",
        metadata={"scores": {"exact": 1.0}},
    ),
    "langfuse": Told(
        "Langfuse",
        {"id": "l-1", "input": {"question": "?"}, "expected_output": {"text": "Paris", "score": 1}, "metadata": None},
        {"question": "?"},
        {"text": "Paris", "score": 1, "expected_response": "Paris"},
        row_id="l-1",
        metadata={"expected_output": {"text": "Paris", "score": 1}},
    ),
    "langfuse_export": Told(
        "Langfuse",
        {"id": "l-1", "input": "?", "expectedOutput": "Paris", "status": "ACTIVE"},
        {"input": "?"},
        PARIS,
        row_id="l-1",
        metadata={"expected_output": "Paris", "status": "ACTIVE"},
    ),
    "phoenix": Told(
        "Phoenix",
        {"id": "p-1", "input": {"question": "?"}, "output": {"answer": "Paris"}, "metadata": {"topic": "geo"}},
        {"question": "?"},
        {"answer": "Paris", "expected_response": "Paris"},
        row_id="p-1",
        metadata={"topic": "geo", "expected": {"answer": "Paris"}, "reference": {"answer": "Paris"}},
    ),
    "opik": Told(
        "Opik",
        {
            "id": "o-1",
            "question": "Capital of France?",
            "hint": "Not Lyon",
            "expected_output": "Paris",
            "source": "manual",
            "trace_id": None,
            "span_id": None,
            "evaluators": [],
            "execution_policy": {"runs_per_item": 3, "pass_threshold": 2},
        },
        {"question": "Capital of France?", "hint": "Not Lyon"},
        PARIS,
        row_id="o-1",
        metadata={"expected_output": "Paris", "execution_policy": {"runs_per_item": 3, "pass_threshold": 2}},
    ),
    "deepeval": Told(
        "DeepEval",
        {
            "name": "d-1",
            "input": "Weather in Rome?",
            "actual_output": "Sunny",
            "expected_output": "Sun",
            "context": ["It is sunny in Rome."],
            "retrieval_context": ["Rome: sun"],
            "tools_called": [{"name": "weather", "input_parameters": {"city": "Rome"}}],
            "expected_tools": [{"name": "weather", "input_parameters": {"city": "Rome"}}, {"name": "log"}],
            "additional_metadata": {"author": "anna"},
            "comments": None,
            "tags": ["weather"],
        },
        {"input": "Weather in Rome?"},
        {
            "expected_response": "Sun",
            "expected_documents": ["It is sunny in Rome."],
            "expected_tool_calls": [{"name": "weather", "arguments": {"city": "Rome"}}, {"name": "log"}],
        },
        "Sunny",
        "d-1",
        {"weather": "true"},
        {"author": "anna", "retrieval_context": ["Rome: sun"], "expected_output": "Sun"},
    ),
    "deepeval_conversation": Told(
        "DeepEval",
        {"scenario": "A refund", "expected_outcome": "It is paid back", "user_description": "Angry"},
        {"scenario": "A refund"},
        {"expected_outcome": "It is paid back"},
        metadata={"user_description": "Angry"},
    ),
    "ragas": Told(
        "Ragas",
        {
            "user_input": "Capital of France?",
            "retrieved_contexts": ["Paris is the capital."],
            "reference_contexts": ["Paris is the capital of France."],
            "response": "Paris",
            "reference": "Paris",
            "rubrics": {"score1_description": "wrong"},
        },
        {"user_input": "Capital of France?"},
        {"expected_response": "Paris", "expected_documents": ["Paris is the capital of France."]},
        "Paris",
        metadata={"reference": "Paris", "retrieved_contexts": ["Paris is the capital."]},
    ),
    "ragas_multi_turn": Told(
        "Ragas",
        {
            "user_input": [{"role": "user", "content": "Weather?"}],
            "reference_tool_calls": [{"name": "weather", "args": {"city": "Rome"}}],
            "reference_topics": ["weather"],
        },
        {"user_input": [{"role": "user", "content": "Weather?"}]},
        {"expected_tool_calls": [{"name": "weather", "arguments": {"city": "Rome"}}], "reference_topics": ["weather"]},
    ),
    "ragas_before_0_2": Told(
        "Ragas (before 0.2)",
        {"question": "?", "answer": "Paris", "contexts": ["Paris."], "ground_truth": "Paris"},
        {"question": "?"},
        PARIS,
        "Paris",
        metadata={"contexts": ["Paris."], "ground_truth": "Paris"},
    ),
    "pydantic_evals": Told(
        "pydantic-evals",
        {
            "name": "capital",
            "inputs": "Capital of France?",
            "metadata": {"difficulty": "easy"},
            "expected_output": "Paris",
            "evaluators": ["EqualsExpected"],
        },
        {"inputs": "Capital of France?"},
        PARIS,
        row_id="capital",
        metadata={"difficulty": "easy", "expected_output": "Paris", "evaluators": ["EqualsExpected"]},
    ),
    "promptfoo": Told(
        "promptfoo",
        {
            "description": "France",
            "vars": {"country": "France"},
            "assert": [
                {"type": "equals", "value": "Paris"},
                {"type": "icontains", "value": "paris", "weight": 2},
                {"type": "llm-rubric", "value": "is polite"},
                {"type": "not-contains", "value": "Lyon"},
            ],
        },
        {"country": "France"},
        {
            "expected_response": "Paris",
            "expected_facts": ["paris"],
            "guidelines": ["is polite"],
            "assert": [
                {"type": "equals", "value": "Paris"},
                {"type": "icontains", "value": "paris", "weight": 2},
                {"type": "llm-rubric", "value": "is polite"},
                {"type": "not-contains", "value": "Lyon"},
            ],
        },
        metadata={"description": "France"},
    ),
    "inspect": Told(
        "Inspect",
        {"id": 7, "input": "Capital of France?", "choices": ["Lyon", "Paris"], "target": "B", "metadata": {"level": 1}},
        {"input": "Capital of France?", "choices": ["Lyon", "Paris"]},
        {"expected_response": "B"},
        row_id="7",
        metadata={"level": 1, "target": "B", "choices": ["Lyon", "Paris"]},
    ),
    "inspect_log_sample": Told(
        "Inspect",
        {
            "id": "s",
            "epoch": 1,
            "input": CHAT,
            "target": ["Paris"],
            "output": {"model": "m", "choices": [{"message": {"role": "assistant", "content": "Paris"}}]},
            "scores": {"match": {"value": "C"}},
        },
        {"messages": CHAT},
        PARIS,
        "Paris",
        "s",
        metadata={"scores": {"match": {"value": "C"}}, "target": ["Paris"]},
    ),
    "lm_eval": Told(
        "lm-eval's samples",
        {
            "doc_id": 3,
            "doc": {"question": "2+2", "answer": "4"},
            "target": "4",
            "arguments": {"gen_args_0": {"arg_0": "Q: 2+2\nA:", "arg_1": {"until": ["\n"]}}},
            "resps": [[" 4"]],
            "filtered_resps": ["4"],
            "exact_match": 1.0,
        },
        {"prompt": "Q: 2+2\nA:"},
        {"expected_response": "4"},
        "4",
        "3",
        metadata={"exact_match": 1.0, "target": "4", "doc": {"question": "2+2", "answer": "4"}},
    ),
    "lm_eval_loglikelihood": Told(
        "lm-eval's samples",
        {
            "doc_id": 0,
            "doc": {"q": "?"},
            "target": 1,
            "arguments": [["Q:", " A"], ["Q:", " B"]],
            "filtered_resps": [["-1.5", "False"], ["-0.5", "True"]],
        },
        {"prompt": "Q:"},
        {"expected_response": 1},
        [["-1.5", "False"], ["-0.5", "True"]],
        "0",
    ),
    "chat": Told(
        "chats",
        {"messages": [*CHAT, {"role": "assistant", "content": "Paris"}], "prompt_id": "c-1"},
        {"messages": CHAT},
        PARIS,
        row_id="c-1",
    ),
    "chat_that_ends_in_a_tool_call": Told(
        "chats",
        {
            "messages": [
                *CHAT,
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"function": {"name": "look_up", "arguments": '{"q": "France"}'}}],
                },
            ]
        },
        {"messages": CHAT},
        {"expected_tool_calls": [{"name": "look_up", "arguments": '{"q": "France"}'}]},
    ),
    "share_gpt": Told(
        "chats",
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
        {"messages": [{"role": "user", "content": "Hi"}]},
        {"expected_response": "Hello"},
    ),
    "preference": Told(
        "preferences",
        {"prompt": "Capital?", "chosen": "Paris", "rejected": "Lyon"},
        {"prompt": "Capital?"},
        PARIS,
        metadata={"chosen": "Paris", "rejected": "Lyon"},
    ),
    "preference_of_chats": Told(
        "preferences",
        {
            "chosen": [*CHAT, {"role": "assistant", "content": "Paris"}],
            "rejected": [*CHAT, {"role": "assistant", "content": "Lyon"}],
        },
        {"messages": CHAT},
        PARIS,
    ),
    "question": Told(
        "questions and answers",
        {"id": "q", "question": "Capital?", "context": "Paris …", "answers": {"text": ["Paris"], "answer_start": [0]}},
        {"question": "Capital?", "context": "Paris …"},
        PARIS,
        row_id="q",
        metadata={"answers": {"text": ["Paris"], "answer_start": [0]}},
    ),
    "prompt": Told(
        "prompts",
        {"prompt": "Capital?", "completion": "Paris"},
        {"prompt": "Capital?"},
        PARIS,
        metadata={"completion": "Paris"},
    ),
}  # fmt: skip
