"""Judges of the tools that an agent called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from steelyard.errors import DataError
from steelyard.judges.asking import Asking
from steelyard.judges.blocks import Block, block
from steelyard.judges.builtin.answers import request_block
from steelyard.judges.builtin.standing import StandingJudge
from steelyard.judges.prompts import tool_calls as prompts
from steelyard.judges.prompts.rubric import Rubric
from steelyard.judges.reading import expectations_of, trace_of
from steelyard.records.assessment import AssessmentSource, Feedback
from steelyard.records.case import Case
from steelyard.records.trace import Trace
from steelyard.scorers.binding import Find
from steelyard.scorers.span_trees import ToolCall, tool_calls
from steelyard.scorers.steps import TOOL_CALL_KEYS, compare_tool_calls, expected_tool_calls

_TOOL_ATTRIBUTES = ("mlflow.chat.tools", "gen_ai.tool.definitions", "llm.tools")


class ToolCallCorrectness(StandingJudge):
    """Whether the agent called the right tools with the right arguments; yes or no.

    Args:
        should_exact_match: compare with the expectation ``expected_tool_calls`` exactly, without a model: the same
            tools with equal arguments (where an expected call gives arguments).
        should_consider_ordering: whether the order matters too.

    Without ``expected_tool_calls`` the calls are judged by what the request needs.
    """

    name: str = "tool_call_correctness"
    description: str | None = "Whether the right tools were called with the right arguments."
    should_exact_match: bool = False
    should_consider_ordering: bool = False
    standing: ClassVar[Rubric] = prompts.TOOL_CALL_CORRECTNESS
    reads: ClassVar[tuple[str, ...]] = ("inputs", "expectations", "trace")

    @property
    def models(self) -> tuple[str, ...]:
        return () if self.should_exact_match else super().models

    def blocks(self, case: Case) -> tuple[Block, ...]:
        trace = trace_of(case, "ToolCallCorrectness")
        wanted = expected_calls(case)
        if wanted is None:
            return tool_call_blocks(case, trace, "ToolCallCorrectness")
        return (
            *tool_call_blocks(case, trace, "ToolCallCorrectness"),
            block("expected_tool_calls", [shown_call(call) for call in wanted]),
            block("order_matters", self.should_consider_ordering),
        )

    def judging(self, case: Case) -> Asking[tuple[Feedback, ...]]:
        if self.should_exact_match:
            return (self._compared(case),)
        return (yield from super().judging(case))

    def demands(self) -> Mapping[str, Find]:
        return {"expected_tool_calls": _demanded_calls} if self.should_exact_match else {}

    def _compared(self, case: Case) -> Feedback:
        wanted = _demanded_calls(case)
        calls = tool_calls(trace_of(case, "ToolCallCorrectness"))
        same, why = compare_tool_calls(calls, wanted, exact=True, ordered=self.should_consider_ordering)
        return Feedback(
            name=self.name,
            value="yes" if same else "no",
            rationale=why,
            source=AssessmentSource("CODE", "ToolCallCorrectness"),
        )


class ToolCallEfficiency(StandingJudge):
    """Whether the agent called its tools without waste; yes or no."""

    name: str = "tool_call_efficiency"
    description: str | None = "Whether tools were called without waste."
    standing: ClassVar[Rubric] = prompts.TOOL_CALL_EFFICIENCY
    reads: ClassVar[tuple[str, ...]] = ("inputs", "trace")

    def blocks(self, case: Case) -> tuple[Block, ...]:
        return tool_call_blocks(case, trace_of(case, "ToolCallEfficiency"), "ToolCallEfficiency")


def expected_calls(case: Case) -> list[ToolCall] | None:
    """Return the expectation ``expected_tool_calls``; None if the row has none.

    Raises:
        DataError: it is not a list of calls.
    """
    found = expectations_of(case)
    if not any(found.get(key) is not None for key in TOOL_CALL_KEYS):
        return None
    return expected_tool_calls(found, scorer="tool_call_correctness")


def _demanded_calls(case: Case) -> list[ToolCall]:
    wanted = expected_calls(case)
    if wanted is None:
        raise DataError(
            "ToolCallCorrectness(should_exact_match=True) needs the expectation expected_tool_calls: a list of "
            '{"name": ..., "arguments": {...}}.'
        )
    return wanted


def read_calls(given: Any, what: str) -> list[ToolCall]:
    """Read calls as people write them: a name, or a mapping with a name and perhaps arguments.

    Raises:
        DataError: it is something else.
    """
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes)):
        raise DataError(f'{what} must be a list of {{"name": ..., "arguments": {{...}}}}, not {type(given).__name__}.')
    return [_read_call(each, what) for each in given]


def tool_call_blocks(case: Case, trace: Trace, judge: str) -> tuple[Block, ...]:
    """Return the request, the calls that were made, and the tools there were where the trace says."""
    return call_blocks(request_block(case, judge), tool_calls(trace), available_tools([trace]))


def call_blocks(request: Block, calls: Sequence[ToolCall], available: Any) -> tuple[Block, ...]:
    blocks = (request, block("tool_calls", [shown_call(call) for call in calls]))
    return (*blocks, block("available_tools", available)) if available else blocks


def available_tools(traces: Sequence[Trace]) -> list[Any]:
    """Return the tools that the models were offered, each once."""
    found: list[Any] = []
    for trace in traces:
        for span in trace.data.spans:
            offered = next((span.attributes[key] for key in _TOOL_ATTRIBUTES if span.attributes.get(key)), ())
            listed = offered if isinstance(offered, Sequence) and not isinstance(offered, str) else [offered]
            found += [tool for tool in listed if tool and tool not in found]
    return found


def _read_call(given: Any, what: str) -> ToolCall:
    if isinstance(given, str) and given:
        return ToolCall(name=given)
    name = given.get("name") if isinstance(given, Mapping) else getattr(given, "name", None)
    if not isinstance(name, str) or not name:
        raise DataError(f'{what} must be a list of {{"name": ..., "arguments": {{...}}}}; found {given!r:.200}.')
    arguments = given.get("arguments") if isinstance(given, Mapping) else getattr(given, "arguments", None)
    return ToolCall(name=name, arguments=arguments)


def shown_call(call: ToolCall) -> dict[str, Any]:
    """Return a call as the judge reads it."""
    shown: dict[str, Any] = {"name": call.name, "arguments": call.arguments}
    if call.error:
        shown["error"] = call.error
    return shown
