"""A judge with ``{{ trace }}`` reads the trace with tools, a step a question, and nothing but that trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies
from tests.judges.given import USAGE, blocks_of, data_of, drive, retriever, span, tool, trace, verdict
from tests.judges.hostile import HOSTILE
from tests.llm.server import LlmServer, Reply

from steelyard.errors import AnswerUnreadable, DataError, InvalidArgument
from steelyard.judges import make_judge
from steelyard.judges.trace_tools import PAGE_CHARACTERS, PAGE_SPANS, call_trace_tool, trace_tools
from steelyard.llm import Answer, Calling, MemoryCache, Question, ToolCall, calling
from steelyard.records.case import Case
from steelyard.records.trace import SpanStatus, Trace, TraceData

JUDGE = make_judge("agent", "Was {{ trace }} done well, given {{ inputs }}?", feedback_value_type=bool)
TRACE = trace(tool("search", {"q": "sky"}), retriever("a document"), inputs={"q": "Why?"}, outputs="Because.")
TOOLS = (
    "get_trace_info",
    "get_root_span",
    "get_span",
    "list_spans",
    "search_trace_regex",
    "get_span_performance_and_timing_report",
)


def calls(*named: tuple[str, dict[str, Any]]) -> Answer:
    made = tuple(ToolCall(f"call{place}", name, arguments) for place, (name, arguments) in enumerate(named))
    return Answer(value=None, tool_calls=made, usage=USAGE)


def in_turn(*replies: Any) -> Callable[[Question], Any]:
    waiting = list(replies)
    return lambda question: waiting.pop(0)


def test_it_looks_and_then_rules() -> None:
    looking = calls(("list_spans", {}), ("get_span", {"span_id": "tool"}))
    (feedback,), (first, second) = drive(JUDGE.judging(Case(inputs="x", trace=TRACE)), in_turn(looking, verdict(True)))
    assert (feedback.value, feedback.rationale) == (True, "for a reason")
    assert feedback.metadata["mlflow.assessment.judgeInputTokens"] == 2 * USAGE.input_tokens
    assert [each.name for each in first.tools] == list(TOOLS)
    assert first.schema == second.schema
    assert data_of(first) == {"inputs": "x", "trace_id": TRACE.info.trace_id}
    said, *results = second.messages[2:]
    assert [call.name for call in said.tool_calls] == ["list_spans", "get_span"]
    assert [message.tool_call_id for message in results] == ["call0", "call1"]
    assert '"q": "sky"' in blocks_of(results[1].content)["tool_result"]


def test_it_goes_through_the_server_step_by_step(serve: Callable[..., LlmServer]) -> None:
    def script(index: int, request: dict[str, Any]) -> Reply:
        if index == 0:
            return Reply(tool_call=("get_root_span", {}))
        return Reply(value={"rationale": "seen", "result": True})

    server = serve(script)
    cache = MemoryCache()
    with calling(Calling(cache=cache)) as around:
        assert JUDGE(inputs="x", trace=TRACE).value is True
        assert JUDGE(inputs="x", trace=TRACE).value is True
    assert server.calls == 2
    assert (around.calls, around.cached) == (2, 2)
    assert "Because." in json.dumps(server.requests[1].json["messages"][3])


def test_it_ends_after_so_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(inputs="x", trace=TRACE)
    with pytest.raises(AnswerUnreadable, match="30 steps"):
        drive(JUDGE.judging(case), lambda _: calls(("list_spans", {})))
    monkeypatch.setenv("MLFLOW_JUDGE_MAX_ITERATIONS", "3")
    with pytest.raises(AnswerUnreadable, match="3 steps"):
        drive(JUDGE.judging(case), lambda _: calls(("list_spans", {})))
    monkeypatch.setenv("MLFLOW_JUDGE_MAX_ITERATIONS", "many")
    with pytest.raises(InvalidArgument, match="MLFLOW_JUDGE_MAX_ITERATIONS"):
        drive(JUDGE.judging(case), lambda _: calls(("list_spans", {})))


def test_without_a_trace_there_is_nothing_to_read() -> None:
    with pytest.raises(DataError, match="reads the trace"):
        drive(JUDGE.judging(Case(inputs="x")), lambda _: verdict(True))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_a_tool_gives_is_data(text: str) -> None:
    hostile = trace(tool(text, {"q": text}), inputs=text, outputs=text)
    looking = calls(("get_span", {"span_id": "tool"}))
    _, (first, second) = drive(JUDGE.judging(Case(inputs="x", trace=hostile)), in_turn(looking, verdict(True)))
    _, (same, _) = drive(JUDGE.judging(Case(inputs="x", trace=TRACE)), in_turn(looking, verdict(True)))
    assert (first.messages, first.tools, first.schema) == (same.messages, same.tools, same.schema)
    assert (second.messages[:2], second.tools) == (first.messages, first.tools)
    assert list(blocks_of(second.messages[3].content)) == ["tool_result"]


def test_tools_read_their_trace() -> None:
    slow = span("slow", end_time_ns=9_000_000, status=SpanStatus("ERROR", "it broke"), name="slow step")
    read = replace(TRACE, data=TraceData((*TRACE.data.spans, slow)))
    info = json.loads(call_trace_tool(read, "get_trace_info", {}))
    assert (info["trace_id"], info["state"], info["spans"]) == (TRACE.info.trace_id, "OK", 4)
    assert json.loads(call_trace_tool(read, "get_root_span", {}))["outputs"] == "Because."
    assert json.loads(call_trace_tool(read, "get_span", {"span_id": "slow"}))["status_description"] == "it broke"
    head, *lines = call_trace_tool(read, "list_spans", {}).splitlines()
    assert head.startswith("4 spans")
    assert [json.loads(line)["span_id"] for line in lines] == ["root", "tool", "search", "slow"]
    report = json.loads(call_trace_tool(read, "get_span_performance_and_timing_report", {}))
    assert report["slowest"][0]["span_id"] == report["failed"][0]["span_id"] == "slow"
    assert report["by_type"]["TOOL"] == {"spans": 1, "total_ms": 2.0}


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("sky", ["tool"]), ("SKY", ["tool"]), ("a doc.ment", ["search"]), (r"\bdone\b", ["tool"]), ("nowhere", [])],
)
def test_a_regular_expression_finds_spans(pattern: str, found: list[str]) -> None:
    head, *lines = call_trace_tool(TRACE, "search_trace_regex", {"pattern": pattern}).splitlines()
    assert [json.loads(line)["span_id"] for line in lines] == found
    assert head == f"{len(found)} texts match"


def test_a_match_is_shown_where_it_is_in_any_script() -> None:
    said = trace(inputs="é" * 500 + "🙂 needle " + "ü" * 500)
    _, line = call_trace_tool(said, "search_trace_regex", {"pattern": "needle"}).splitlines()
    assert "🙂 needle ü" in json.loads(line)["text"]
    assert len(json.loads(line)["text"]) <= 200


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"(a|aa)+$",
        r"(.*a){25}$",
        r"(a*)*b",
        r"^(([a-z])+.)+[A-Z]([a-z])+$",
        r"(\w+\s?)*!",
        r"a{1000}{1000}{1000}",
        r"((((((a{9}){9}){9}){9}){9}){9}){9}",
        r"(?=a)a",
        r"(a)\1",
        r"(",
        r"[",
        r"(?P<x>a)(?P=x)",
        "\ud83d",
        "a" * 501,
    ],
    ids=range(15),
)
def test_no_regular_expression_hangs_or_fails(pattern: str) -> None:
    said = trace(inputs="a" * 30_000 + "!", outputs="b")
    result = call_trace_tool(said, "search_trace_regex", {"pattern": pattern})
    assert result.startswith("error:") or "match" in result


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("get_span", {}),
        ("get_span", {"span_id": 3}),
        ("get_span", {"span_id": "nowhere"}),
        ("get_span", {"span_id": "root", "page": 99}),
        ("get_span", {"span_id": "root", "page": -1}),
        ("get_span", {"span_id": "root", "page": "0"}),
        ("list_spans", {"page": True}),
        ("list_spans", {"page": 10**9}),
        ("search_trace_regex", {}),
        ("search_trace_regex", {"pattern": ""}),
        ("rm_rf", {"path": "/"}),
    ],
    ids=str,
)
def test_misuse_of_a_tool_is_told_to_the_model(name: str, arguments: dict[str, Any]) -> None:
    assert call_trace_tool(TRACE, name, arguments).startswith("error: ")


def test_large_traces_are_read_page_by_page() -> None:
    many = replace(TRACE, data=TraceData(tuple(span(f"s{place:05}", inputs="x" * 50_000) for place in range(1_234))))
    ids: list[str] = []
    for page in range(-(-1_234 // PAGE_SPANS)):
        _, *lines = call_trace_tool(many, "list_spans", {"page": page}).splitlines()
        ids += [json.loads(line)["span_id"] for line in lines]
    assert ids == [each.span_id for each in many.data.spans]
    pages, page = "", 0
    while not (text := call_trace_tool(many, "get_span", {"span_id": "s00001", "page": page})).startswith("error"):
        pages += text.partition("\n")[2]
        page += 1
    assert json.loads(pages)["inputs"] == "x" * 50_000
    for name in TOOLS:
        arguments = {"span_id": "s00001", "pattern": "x"}
        assert len(call_trace_tool(many, name, arguments)) < 2 * PAGE_CHARACTERS + PAGE_SPANS * 400


def test_a_trace_without_spans_is_told_so() -> None:
    empty = Trace(TRACE.info, TraceData())
    for name in TOOLS:
        assert call_trace_tool(empty, name, {"span_id": "a", "pattern": "a"})


@given(
    strategies.sampled_from(TOOLS),
    strategies.dictionaries(
        strategies.sampled_from(["span_id", "pattern", "page", "case_sensitive", "other"]),
        strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(max_size=20),
    ),
)
def test_whatever_a_model_asks_there_is_an_answer(name: str, arguments: dict[str, Any]) -> None:
    assert isinstance(call_trace_tool(TRACE, name, arguments), str)


def test_tools_are_described_for_the_model() -> None:
    for each in trace_tools():
        assert each.description
        assert each.schema["additionalProperties"] is False
        assert set(each.schema["required"]) <= set(each.schema["properties"])
