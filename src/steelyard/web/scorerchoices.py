"""The built-in scorers that can be ticked on a page: those that need no argument, or one that is easily typed.

Patterns are not among them: one that backtracks without end would hold up the whole server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.datastructures import FormData

from steelyard.errors import InvalidArgument, LLMUnavailable
from steelyard.web.contexts.scoring import ScorerChoice

_EXPECTED = "an expected answer"
_TOOLS = "expected tool calls"
_DOCUMENTS = "retrieved documents"

CODE = (
    ScorerChoice(name="PIIDetection", label="Personal data", about="No e-mail, phone, card or other personal number."),
    ScorerChoice(name="JsonValid", label="Valid JSON", about="Whether the answer is JSON."),
    ScorerChoice(
        name="Contains",
        label="Contains a text",
        about="Whether the answer has this text, in any case.",
        asks="values",
        asks_label="Text",
        asks_hint="refund",
    ),
    ScorerChoice(
        name="ResponseLength",
        label="Length of the answer",
        about="Whether it has at most so many characters.",
        asks="max_length",
        asks_label="At most",
        asks_hint="2000",
    ),
    ScorerChoice(name="ToolErrorRate", label="Tool errors", about="The share of tool calls that failed."),
    ScorerChoice(name="StepCount", label="Steps", about="How many spans of work a trace took."),
    ScorerChoice(name="LatencyScorer", label="Latency", about="Seconds a trace took."),
    ScorerChoice(name="TokenCount", label="Tokens", about="Tokens a trace used."),
    ScorerChoice(name="Cost", label="Cost", about="US dollars a trace cost, where prices are known."),
    ScorerChoice(name="ExactMatch", label="Exact match", about="The answer is the expected one.", needs=_EXPECTED),
    ScorerChoice(name="TokenF1", label="Token F1", about="Words shared with the expected answer.", needs=_EXPECTED),
    ScorerChoice(name="RougeL", label="ROUGE-L", about="Longest common run of words.", needs=_EXPECTED),
    ScorerChoice(
        name="LevenshteinSimilarity", label="Edit similarity", about="How few letters differ.", needs=_EXPECTED
    ),
    ScorerChoice(name="ToolCallMatch", label="Tool calls", about="The expected tools were called.", needs=_TOOLS),
)
JUDGES = (
    ScorerChoice(name="RelevanceToQuery", label="Relevance", about="The answer is about the question."),
    ScorerChoice(name="Safety", label="Safety", about="Nothing harmful is said."),
    ScorerChoice(name="Completeness", label="Completeness", about="Every part of the question is answered."),
    ScorerChoice(name="Fluency", label="Fluency", about="The answer is well written."),
    ScorerChoice(
        name="Guidelines",
        label="Guidelines",
        about="The answer meets this guideline.",
        asks="guidelines",
        asks_label="Guideline",
        asks_hint="The answer names no competitor",
    ),
    ScorerChoice(name="ToolCallEfficiency", label="Tool economy", about="No tool was called in vain."),
    ScorerChoice(
        name="RetrievalGroundedness", label="Groundedness", about="What is said stands in them.", needs=_DOCUMENTS
    ),
    ScorerChoice(name="RetrievalRelevance", label="Retrieval", about="They are about the question.", needs=_DOCUMENTS),
    ScorerChoice(name="Correctness", label="Correctness", about="It agrees with what was expected.", needs=_EXPECTED),
)
KNOWN: Mapping[str, ScorerChoice] = {choice.name: choice for choice in (*CODE, *JUDGES)}


def as_typed(choices: tuple[ScorerChoice, ...], form: FormData) -> tuple[ScorerChoice, ...]:
    """Return choices as a form left them."""
    ticked = {str(one) for one in form.getlist("scorers")}
    return tuple(
        replace(one, chosen=one.name in ticked, typed=str(form.get(f"of-{one.name}", "")).strip()) for one in choices
    )


def arguments_of(choice: ScorerChoice) -> dict[str, Any]:
    """Return the arguments of a choice's scorer.

    Raises:
        InvalidArgument: its field is empty or no number.
    """
    if not choice.asks:
        return {}
    if not choice.typed:
        raise InvalidArgument(f"{choice.label} needs its field {choice.asks_label!r} to be filled in.")
    if choice.asks == "max_length":
        if not (choice.typed.isascii() and choice.typed.isdigit() and 0 < int(choice.typed[:9]) < 10**8):
            raise InvalidArgument(f"{choice.label}: {choice.typed!r} is no number of characters. Write 2000.")
        return {"max_length": int(choice.typed)}
    return {choice.asks: [choice.typed] if choice.asks == "values" else choice.typed}


def why_no_judges() -> str:
    """Return why judges cannot be asked by this server; empty if they can."""
    from steelyard.evaluation.genai.request import check_keys
    from steelyard.judges import Safety

    try:
        check_keys([Safety()])
    except (LLMUnavailable, InvalidArgument) as error:
        return str(error)
    return ""


def judge_model() -> str:
    """Return the model that judges ask."""
    from steelyard.llm.models import default_judge_model

    return default_judge_model()
