"""From end to end with a real model: what it says has the form that was asked for, and no worth as a judgement."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

import steelyard
from steelyard.genai import evaluate, make_judge, scorer
from steelyard.tracking import get_store

pytestmark = pytest.mark.slow

FACTS = {
    "What is the capital of France?": "Paris",
    "What is the capital of Italy?": "Rome",
    "What is the capital of Japan?": "Tokyo",
    "What is the capital of Spain?": "Madrid",
    "What is 2 plus 3?": "5",
    "What is 7 times 6?": "42",
    "What is 10 minus 4?": "6",
    "How many days has a week?": "7",
    "Which colour do blue and yellow make?": "green",
    "Which planet do we live on?": "Earth",
    "What is the opposite of hot?": "cold",
    "Which animal barks?": "dog",
}
ROWS = [
    {"inputs": {"question": question}, "expectations": {"expected_response": answer}}
    for question, answer in FACTS.items()
]
JUDGED = "Does {{ outputs }} give the answer of {{ expectations }} to the question of {{ inputs }}?"


@scorer
def right(outputs: str, expectations: dict[str, str]) -> bool:
    """Whether the right word is in it: the truth that the judge is held against."""
    return expectations["expected_response"].lower() in outputs.lower()


def judge() -> Any:
    options = {"temperature": 0, "max_tokens": 64, "extra_body": {"repeat_penalty": 1.3}}  # else it never ends
    return make_judge("judged_right", JUDGED, "openai:/smollm2", feedback_value_type=bool, inference_params=options)


def test_every_line_ends_in_an_outcome_and_traces_hold_tokens(record_property: Any) -> None:
    steelyard.openai.autolog()
    with openai.OpenAI(max_retries=6) as client:  # it serves two at a time, on a machine that is busy

        def ask(question: str) -> str:
            messages: Any = [{"role": "user", "content": question}]
            said = client.chat.completions.create(model="smollm2", messages=messages, max_tokens=16, temperature=0)
            return said.choices[0].message.content or ""

        result = evaluate(ROWS, [right, judge()], ask, concurrency=1, progress=False)
    steelyard.openai.autolog(disable=True)

    errors = [each.error for each in get_store().ledgers.predictions(result.run_id) if each.error]
    assert errors == []
    assert result.application.predictions == {"predicted": len(ROWS)}
    assert result.outcomes["right"]["scored"] == len(ROWS)
    outcomes = result.outcomes["judged_right"]
    assert outcomes["scored"] + outcomes["parse_error"] == len(ROWS)  # what it cannot finish is no verdict
    assert outcomes["scored"] > 0
    assert result.application.spent.judges.total_tokens > 0

    traces = steelyard.search_traces(run_id=result.run_id, return_type="list")
    assert len(traces) == len(ROWS)
    for trace in traces:
        (call,) = trace.search_spans(span_type="CHAT_MODEL")
        assert call.usage is not None
        assert call.usage.input_tokens > 0
        assert 0 < call.usage.output_tokens <= 16

    frame = result.result_df
    judged = frame[frame["judged_right/value"].notna()]
    assert {type(value) for value in judged["judged_right/value"]} == {bool}
    assert judged["judged_right/rationale"].str.len().min() > 0
    agreement = (judged["judged_right/value"] == judged["right/value"]).mean()
    record_property("answers that are right", result.metrics["right/mean"])
    record_property("outcomes of the judge", json.dumps(outcomes))
    record_property("verdicts that agree with the truth", float(agreement))
    counts = judged.groupby(["right/value", "judged_right/value"]).size().to_dict()
    print(f"(right, judged right): {counts}; outcomes: {outcomes}")


def test_an_answer_has_the_schema_that_was_asked_for() -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "green"]}, "sure": {"type": "boolean"}},
        "required": ["colour", "sure"],
        "additionalProperties": False,
    }
    form: Any = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    messages: Any = [{"role": "user", "content": "Which colour is grass?"}]
    with openai.OpenAI() as client:
        said = client.chat.completions.create(
            model="smollm2", messages=messages, response_format=form, max_tokens=40, temperature=0
        )
    answer = json.loads(said.choices[0].message.content or "")
    assert answer["colour"] in ("red", "green")
    assert isinstance(answer["sure"], bool)
