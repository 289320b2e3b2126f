"""Tokens of a call: as the provider counted them where that is believable, else as their text lets expect."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from steelyard.llm.question import Message, Question
from steelyard.records.trace import Usage

CHARACTERS_PER_TOKEN = 4  # of English text, as providers' documentation has it
EXPECTED_OUTPUT = 1024
_PER_MESSAGE = 8
_UNSEEN_INPUT = 100_000  # what a gateway or a provider may add to a prompt
_MOST_OUTPUT = 2_000_000


def expected_tokens(question: Question, messages: Sequence[Message]) -> tuple[int, int]:
    """Return how many tokens of input and output to reserve for one try."""
    limit = next((question.params[name] for name in _LIMITS if question.params.get(name)), EXPECTED_OUTPUT)
    return _input_tokens(question, messages), int(limit)


_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def measured_usage(
    tokens: Mapping[str, int], question: Question, messages: Sequence[Message], written: str
) -> tuple[Usage, tuple[str, ...]]:
    """Return a call's usage, and notes on what had to be estimated.

    Args:
        tokens: the provider's counts; empty or all 0 if it gave none.
        question: what was asked.
        messages: the conversation as it was sent.
        written: all that the model wrote.
    """
    expected = {"input_tokens": _input_tokens(question, messages), "output_tokens": _tokens(len(written))}
    if not tokens.get("input_tokens") and not tokens.get("output_tokens"):
        return Usage(**expected), ("usage_estimated",)
    most = {"input_tokens": 4 * CHARACTERS_PER_TOKEN * expected["input_tokens"] + _UNSEEN_INPUT}
    kept: dict[str, int] = {}
    clamped = False
    for name, count in tokens.items():
        whole = count if isinstance(count, int) else 0
        if 0 <= whole <= most.get(name, _MOST_OUTPUT):
            kept[name] = whole
            continue
        kept[name] = expected.get(name, 0)
        clamped = True
    return Usage(**kept), ("usage_clamped",) if clamped else ()


def _input_tokens(question: Question, messages: Sequence[Message]) -> int:
    letters = sum(len(message.content) for message in messages)
    if question.schema is not None:
        letters += len(json.dumps(question.schema))
    letters += sum(len(tool.description) + len(json.dumps(dict(tool.schema))) for tool in question.tools)
    return _tokens(letters) + _PER_MESSAGE * len(messages)


def _tokens(letters: int) -> int:
    return -(-letters // CHARACTERS_PER_TOKEN)
