"""What is asked of a model, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from steelyard.records.trace import Usage

Role = Literal["system", "user", "assistant", "tool"]
Structure = Literal["auto", "native", "tool", "prompted"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model wants made, or once wanted: ``arguments`` are JSON values by parameter name."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Args:
        role: ``system``, ``user``, ``assistant`` or ``tool``.
        content: its text.
        tool_calls: what an assistant wanted called.
        tool_call_id: which call a ``tool`` message answers.
        name: the tool that answers, where it is known.
    """

    role: Role
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for: ``schema`` is the JSON schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to one model.

    Args:
        model: its URI, such as ``openai:/gpt-4o-mini``; see :func:`~steelyard.llm.parse_model`.
        messages: the conversation so far; the model speaks next.
        schema: the JSON schema that the answer must fit; None asks for text.
        params: ``temperature``, ``max_tokens``, ``top_p``, ``seed``, ``stop`` … under OpenAI's names.
        tools: what the model may ask for instead of answering.
        base_url: where the model is served, if not where its provider is. No key from the environment goes there.
        extra_headers: sent with the request; an ``Authorization`` here is the key.
        purpose: what the question is for, such as a judge's name and version; part of what the cache goes by.
        structure: how the form of the answer is asked for; ``auto`` takes the best that the model is known to have.
        repairs: how often a model whose answer does not fit is asked to put it right.
        timeout: seconds that one try may take.
    """

    model: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    tools: tuple[Tool, ...] = ()
    base_url: str | None = None
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    purpose: str = ""
    structure: Structure = "auto"
    repairs: int = 1
    timeout: float = 60.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "messages", tuple(self.messages))
        object.__setattr__(self, "tools", tuple(self.tools))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model answered.

    Args:
        value: the JSON value that fits the schema; the text, where there was no schema; None beside tool calls.
        text: the answer as it was written.
        tool_calls: what the model wants called before it answers.
        usage: tokens and cost of all tries that this answer took, repairs too.
        cached: whether it was paid for earlier.
        model: the model's name as the provider gave it, which may differ from the one that was asked.
        latency: seconds of the try that answered.
        finish_reason: ``stop``, ``length``, ``tool_call`` or what else the provider said.
        response_id: the provider's name of the response.
        notes: what is doubtful about the usage: ``usage_estimated``, ``usage_clamped``.
    """

    value: Any
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cached: bool = False
    model: str = ""
    latency: float = 0.0
    finish_reason: str | None = None
    response_id: str | None = None
    notes: tuple[str, ...] = ()
