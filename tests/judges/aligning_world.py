"""A small world to align judges in: people like answers with a source, and the model knows that only if it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.llm.server import Reply, Request, prompt_of

from steelyard.records import AssessmentSource, Expectation, Feedback, Trace
from steelyard.records.trace import Span, SpanStatus, TraceData, TraceInfo

PHRASE = "A good answer names its source."
INSTRUCTIONS = "Is {{ outputs }} a good answer to {{ inputs }}?"
WRITER = "You improve the instructions of a judge."


def people(value: Any, *, who: str = "ada", name: str = "good", **fields: Any) -> Feedback:
    return Feedback(name=name, value=value, source=AssessmentSource("HUMAN", who), **fields)


def traced(number: int, answer: str, *labels: Feedback | Expectation, question: str | None = None) -> Trace:
    trace_id = f"tr-{number:032x}"
    asked = {"question": f"Question {number:03d}?" if question is None else question}
    root = Span(
        trace_id=trace_id,
        span_id="root",
        parent_id=None,
        name="answer",
        start_time_ns=1,
        end_time_ns=2,
        inputs=asked,
        outputs=answer,
        status=SpanStatus("OK"),
    )
    info = TraceInfo(trace_id=trace_id, state="OK", execution_duration=1.0, request_time=1, assessments=labels)
    return Trace(info, TraceData((root,)))


def answers(n: int = 60) -> list[Trace]:
    """Half of the answers name a source, and those are the ones that people like."""
    return [
        traced(i, f"Answer {i:03d}, {'source: the manual' if i % 2 else 'I think'}.", people(bool(i % 2)))
        for i in range(n)
    ]


def relabelled(trace: Trace, *labels: Feedback | Expectation) -> Trace:
    return replace(trace, info=replace(trace.info, assessments=labels))


def world(proposal: str | None) -> Callable[[int, dict[str, Any]], Reply]:
    """A model that likes every answer unless its instructions have the phrase; as a writer it proposes that text."""

    def answer(index: int, request: dict[str, Any]) -> Reply:
        prompt = prompt_of(request)
        if prompt.startswith(WRITER):
            return Reply(text=f"Here it is:\n```\n{proposal}\n```")
        told, _, material = prompt.partition("Boundary code: ")
        return Reply(value={"rationale": "so it is", "result": "source:" in material if PHRASE in told else True})

    return answer


def written(requests: list[Request]) -> list[str]:
    """The prompts in which new instructions were asked for."""
    return [each.prompt for each in requests if each.prompt.startswith(WRITER)]
