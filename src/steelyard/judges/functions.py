"""Single judgements as functions, under MLflow's names: each asks at once and returns its feedback.

They may be used inside scorers of one's own; cache, budget and limits of the evaluation hold there too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.errors import DataError, InvalidArgument
from steelyard.judges.asking import settle_now
from steelyard.judges.blocks import Block, block
from steelyard.judges.builtin.guidelines import guidelines_rubric
from steelyard.judges.builtin.tool_calls import call_blocks, read_calls, shown_call
from steelyard.judges.making import check_model_api
from steelyard.judges.prompts import answers, contexts, tool_calls
from steelyard.judges.prompts.rubric import Rubric
from steelyard.judges.ruling import Bench, rule
from steelyard.records.assessment import Feedback


def is_correct(
    *,
    request: Any,
    response: Any,
    expected_facts: Sequence[str] | None = None,
    expected_response: str | None = None,
    name: str | None = None,
    model: str | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> Feedback:
    """Judge whether a response is correct.

    Args:
        request: what was asked.
        response: what was answered.
        expected_facts: facts that the response must hold.
        expected_response: what the response should say. One of the two is needed.
        name: of the feedback; ``correctness`` unless told.
        model: the judging model's URI; None for the default judge.
        extra_headers: sent with the question.

    Returns:
        ``yes`` or ``no``, with the reasons.

    Raises:
        DataError: neither facts nor a response are expected.
    """
    blocks = (block("request", request), block("response", response), *_expected(expected_facts, expected_response))
    return _ruled(answers.CORRECTNESS, blocks, name, model, extra_headers)


def is_safe(
    *,
    content: Any,
    name: str | None = None,
    model: str | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> Feedback:
    """Judge whether a text is safe to show to people; ``yes`` or ``no``."""
    return _ruled(answers.SAFETY, (block("response", content),), name, model, extra_headers)


def is_grounded(
    *,
    request: Any,
    response: Any,
    context: Any,
    name: str | None = None,
    model: str | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> Feedback:
    """Judge whether a response rests on a context; ``yes`` or ``no``. The feedback's name is ``groundedness``."""
    blocks = (block("request", request), block("response", response), block("context", context))
    return _ruled(contexts.GROUNDEDNESS, blocks, name or "groundedness", model, extra_headers)


def is_context_relevant(
    *,
    request: Any,
    context: Any,
    name: str | None = None,
    model: str | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> Feedback:
    """Judge whether a context is relevant to a request; ``yes`` or ``no``.

    The feedback's name is ``relevance_to_query``, as MLflow has it.
    """
    blocks = (block("request", request), block("context", context))
    return _ruled(contexts.CONTEXT_RELEVANCE, blocks, name or "relevance_to_query", model, extra_headers)


def is_context_sufficient(
    *,
    request: Any,
    context: Any,
    expected_facts: Sequence[str] | None = None,
    expected_response: str | None = None,
    name: str | None = None,
    model: str | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> Feedback:
    """Judge whether a context is enough for the expected answer; ``yes`` or ``no``.

    The feedback's name is ``context_sufficiency``.

    Raises:
        DataError: neither facts nor a response are expected.
    """
    blocks = (block("request", request), *_expected(expected_facts, expected_response), block("context", context))
    return _ruled(contexts.CONTEXT_SUFFICIENCY, blocks, name or "context_sufficiency", model, extra_headers)


def is_tool_call_correct(
    *,
    request: Any,
    tools_called: Sequence[Any],
    available_tools: Sequence[Any] | None = None,
    expected_calls: Sequence[Any] | None = None,
    include_arguments: bool = True,
    check_order: bool = False,
    name: str | None = None,
    model: str | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> Feedback:
    """Judge whether the right tools were called; ``yes`` or ``no``.

    Args:
        request: what was asked.
        tools_called: the calls in order, each ``{"name": ..., "arguments": {...}}`` or an object with these.
        available_tools: what could have been called.
        expected_calls: what should have been called, in the same form.
        include_arguments: whether the expected arguments count, or the names alone.
        check_order: whether the order counts.
        name: of the feedback; ``tool_call_correctness`` unless told.
        model, extra_headers: as for :func:`is_correct`.
    """
    blocks = call_blocks(block("request", request), read_calls(tools_called, "tools_called"), available_tools)
    if expected_calls is not None:
        wanted = [shown_call(call) for call in read_calls(expected_calls, "expected_calls")]
        if not include_arguments:
            wanted = [{"name": call["name"]} for call in wanted]
        blocks = (*blocks, block("expected_tool_calls", wanted), block("order_matters", check_order))
    return _ruled(tool_calls.TOOL_CALL_CORRECTNESS, blocks, name, model, extra_headers)


def is_tool_call_efficient(
    *,
    request: Any,
    tools_called: Sequence[Any],
    available_tools: Sequence[Any] | None = None,
    name: str | None = None,
    model: str | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> Feedback:
    """Judge whether tools were called without waste; ``yes`` or ``no``. As :func:`is_tool_call_correct` otherwise."""
    blocks = call_blocks(block("request", request), read_calls(tools_called, "tools_called"), available_tools)
    return _ruled(tool_calls.TOOL_CALL_EFFICIENCY, blocks, name, model, extra_headers)


def meets_guidelines(
    *,
    guidelines: str | Sequence[str],
    context: Mapping[str, Any],
    name: str | None = None,
    model: str | None = None,
    extra_headers: Mapping[str, str] | None = None,
    model_api: str = "default",
) -> Feedback:
    """Judge whether something meets guidelines; ``yes`` or ``no``.

    Args:
        guidelines: a text or a list of texts. They are instructions.
        context: what is judged, by name, such as ``{"request": ..., "response": ...}``. The names are words that the
            guidelines may use.
        name: of the feedback; ``guidelines`` unless told.
        model, extra_headers: as for :func:`is_correct`.
        model_api: ``default`` or ``chat_completions``.

    Raises:
        InvalidArgument: there are no guidelines, or no context.
    """
    check_model_api(model_api)
    if not isinstance(context, Mapping) or not context:
        raise InvalidArgument('context must hold what is judged by name, such as {"response": "..."}.')
    rubric = guidelines_rubric(answers.GUIDELINES, guidelines)
    return _ruled(rubric, named_blocks(context), name, model, extra_headers)


def named_blocks(values: Mapping[str, Any]) -> tuple[Block, ...]:
    """Return a block a value, named as it is.

    Raises:
        InvalidArgument: a name is not a plain word.
    """
    return tuple(block(name, value) for name, value in values.items())


def _expected(facts: Sequence[str] | None, response: str | None) -> tuple[Block, ...]:
    if facts is None and response is None:
        raise DataError("Give expected_facts or expected_response: without either there is nothing to judge by.")
    listed = None if facts is None else [facts] if isinstance(facts, str) else list(facts)
    expected = {"expected_facts": listed, "expected_response": response}
    return tuple(block(name, value) for name, value in expected.items() if value is not None)


def _ruled(
    rubric: Rubric,
    blocks: tuple[Block, ...],
    name: str | None,
    model: str | None,
    extra_headers: Mapping[str, str] | None,
) -> Feedback:
    bench = Bench(model=model, extra_headers=extra_headers or {})
    return settle_now(rule(bench, rubric, blocks)).feedback(name or rubric.name)
