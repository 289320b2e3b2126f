"""Traces, and judges driven by hand: each question is answered by a function instead of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from steelyard.judges.asking import Asking
from steelyard.llm import Answer, Question
from steelyard.records.assessment import Assessment
from steelyard.records.trace import SESSION_KEY, Span, SpanStatus, Trace, TraceData, TraceInfo, Usage

TRACE_ID = "tr-" + "a" * 32
USAGE = Usage(input_tokens=100, output_tokens=20, cost=0.25)


def span(span_id: str, parent_id: str | None = None, **fields: Any) -> Span:
    fields.setdefault("name", span_id)
    fields.setdefault("start_time_ns", 1_000_000)
    fields.setdefault("end_time_ns", 3_000_000)
    return Span(trace_id=TRACE_ID, span_id=span_id, parent_id=parent_id, **fields)


def trace(*spans: Span, inputs: Any = None, outputs: Any = None, assessments: tuple[Assessment, ...] = ()) -> Trace:
    """A trace with a root of these inputs and outputs, above the spans that have no parent."""
    root = span("root", inputs=inputs, outputs=outputs, span_type="AGENT", status=SpanStatus("OK"))
    below = tuple(each if each.parent_id else span_under_root(each) for each in spans)
    info = TraceInfo(
        trace_id=TRACE_ID,
        state="OK",
        execution_duration=2.0,
        request_time=1_700_000_000_000,
        trace_metadata={SESSION_KEY: "s1"},
        assessments=assessments,
    )
    return Trace(info, TraceData((root, *below)))


def span_under_root(each: Span) -> Span:
    from dataclasses import replace

    return replace(each, parent_id="root")


def retriever(*documents: Any, span_id: str = "search") -> Span:
    return span(span_id, span_type="RETRIEVER", inputs={"query": "q"}, outputs=list(documents))


def tool(name: str, arguments: Any, *, span_id: str = "tool", start: int = 1_000_000) -> Span:
    return span(span_id, name=name, span_type="TOOL", inputs=arguments, outputs="done", start_time_ns=start)


def drive(asking: Asking[Any], reply: Callable[[Question], Any]) -> tuple[Any, list[Question]]:
    """Answer every question by ``reply``: an answer's value, an :class:`Answer`, or an exception.

    Returns:
        The result, and the questions.
    """
    asked: list[Question] = []
    try:
        questions = next(asking)
        while True:
            asked += questions
            questions = asking.send(tuple(_answer(reply(question)) for question in questions))
    except StopIteration as done:
        return done.value, asked


def questions_of(asking: Asking[Any]) -> tuple[Question, ...]:
    """The questions that a judge puts first."""
    questions = next(asking)
    asking.close()
    return questions


def verdict(result: Any, rationale: str = "for a reason") -> dict[str, Any]:
    return {"rationale": rationale, "result": result}


def saying(result: Any) -> Callable[[Question], Any]:
    return lambda question: verdict(result)


def system_of(question: Question) -> str:
    return question.messages[0].content


def data_of(question: Question) -> dict[str, str]:
    """The blocks of a question's user message, by name."""
    return blocks_of(question.messages[1].content)


def blocks_of(message: str) -> dict[str, str]:
    """Read a fenced message as its first line says: only the code on that line counts."""
    first, _, rest = message.partition("\n")
    code = first.removeprefix("Boundary code: ")
    found: dict[str, str] = {}
    lines = rest.split("\n")
    while lines:
        line = lines.pop(0)
        if not line.startswith(f"{code} BEGIN "):
            assert line == "", line
            continue
        name = line.removeprefix(f"{code} BEGIN ")
        text: list[str] = []
        while lines[0] != f"{code} END {name}":
            text.append(lines.pop(0))
        lines.pop(0)
        found[name] = "\n".join(text)
    return found


def _answer(reply: Any) -> Answer | Exception:
    if isinstance(reply, (Answer, Exception)):
        return reply
    return Answer(value=reply, usage=USAGE)
