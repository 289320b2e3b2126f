"""Questions and answers in the client library's terms: the only file that knows its messages and errors."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument
from steelyard.llm.question import Message, Question, ToolCall

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import Model, ModelRequestParameters

OUTPUT_TOOL = "answer"
_COUNTED_OURSELVES = ("ignore", re.compile("Failed to extract usage", re.IGNORECASE), Warning, None, 0)
_SETTINGS = {
    "temperature": "temperature",
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "top_p": "top_p",
    "top_k": "top_k",
    "seed": "seed",
    "stop": "stop_sequences",
    "stop_sequences": "stop_sequences",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "logit_bias": "logit_bias",
    "parallel_tool_calls": "parallel_tool_calls",
    "reasoning_effort": "openai_reasoning_effort",
    "thinking": "thinking",
    "service_tier": "service_tier",
    "extra_body": "extra_body",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from one try, unjudged: the text, and what was put into the tool that takes the answer."""

    text: str = ""
    reasoning: str = ""
    outputs: tuple[str | Mapping[str, Any], ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    bad_calls: tuple[str, ...] = ()
    refusal: str | None = None
    model: str = ""
    finish_reason: str | None = None
    response_id: str | None = None
    tokens: Mapping[str, int] = field(default_factory=dict)


async def request(model: Model, question: Question, messages: Sequence[Message]) -> Reply:
    """Send a conversation once and return what came back."""
    from pydantic_ai.direct import model_request

    if _COUNTED_OURSELVES not in warnings.filters:
        warnings.filterwarnings("ignore", "Failed to extract usage", Warning)  # noted in the answer instead
    response = await model_request(
        model,
        _messages(messages),
        model_settings=_settings(question, model),  # pyrefly: ignore[bad-argument-type]
        model_request_parameters=_parameters(question, model),
        instrument=False,
    )
    return _reply(response)


def _messages(messages: Sequence[Message]) -> list[ModelMessage]:
    from pydantic_ai import messages as parts

    found: list[ModelMessage] = []
    asked: list[Any] = []
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    for message in messages:
        if message.role == "assistant":
            if asked:
                found.append(parts.ModelRequest(parts=asked))
                asked = []
            said: list[Any] = [parts.TextPart(message.content)] if message.content else []
            said += [parts.ToolCallPart(call.name, dict(call.arguments), call.id) for call in message.tool_calls]
            found.append(parts.ModelResponse(parts=said))
        elif message.role == "tool":
            call_id = message.tool_call_id or ""
            name = message.name or names.get(call_id, "tool")
            asked.append(parts.ToolReturnPart(name, message.content, tool_call_id=call_id))
        elif message.role == "system":
            asked.append(parts.SystemPromptPart(message.content))
        elif message.role == "user":
            asked.append(parts.UserPromptPart(message.content))
        else:
            text = f"A message's role is system, user, assistant or tool, not {message.role!r}."
            raise InvalidArgument(text)
    if asked:
        found.append(parts.ModelRequest(parts=asked))
    if not found or not isinstance(found[-1], parts.ModelRequest):
        text = "The last message must be the user's or a tool's, for the model to answer."
        raise InvalidArgument(text)
    return found


def _settings(question: Question, model: Model) -> dict[str, Any]:
    settings: dict[str, Any] = {"timeout": _timeout(question.timeout, model)}
    other: dict[str, Any] = {}
    for name, value in question.params.items():
        if value is None:
            continue
        if name in _SETTINGS:
            settings[_SETTINGS[name]] = [value] if name == "stop" and isinstance(value, str) else value
        elif name.startswith(("openai_", "anthropic_", "google_", "groq_", "mistral_", "bedrock_")):
            settings[name] = value
        else:
            other[name] = value
    if other:
        settings["extra_body"] = {**settings.get("extra_body", {}), **other}
    if question.extra_headers:
        settings["extra_headers"] = dict(question.extra_headers)
    return settings


def _timeout(seconds: float, model: Model) -> Any:
    from steelyard.llm.clients import CONNECT_SECONDS

    if model.system not in ("openai", "anthropic"):
        return seconds
    import httpx2

    return httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))


def structure_of(question: Question, model: Model) -> str:
    """Say how the form of the answer is asked for: by the provider's own means, else by a tool, else in words."""
    if question.schema is None:
        return "text"
    if question.structure != "auto":
        return question.structure
    profile = model.profile
    if profile.get("supports_json_schema_output", False):
        return "native"
    if profile.get("supports_tools", True):
        return "tool"
    return "prompted"


def _parameters(question: Question, model: Model) -> ModelRequestParameters:
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition
    from pydantic_ai.tools import ToolDefinition

    tools = [
        ToolDefinition(name=tool.name, description=tool.description, parameters_json_schema=dict(tool.schema))
        for tool in question.tools
    ]
    mode = structure_of(question, model)
    if question.schema is None or mode == "text":
        return ModelRequestParameters(function_tools=tools)
    schema = dict(question.schema)
    title = str(schema.get("title") or OUTPUT_TOOL)
    if mode == "tool":
        output = ToolDefinition(
            name=OUTPUT_TOOL, description="Give the answer.", parameters_json_schema=schema, kind="output"
        )
        return ModelRequestParameters(
            function_tools=tools, output_mode="tool", output_tools=[output], allow_text_output=False
        )
    return ModelRequestParameters(
        function_tools=tools,
        output_mode="native" if mode == "native" else "prompted",
        output_object=OutputObjectDefinition(json_schema=schema, name=_name(title), strict=None),
    )


def _name(title: str) -> str:
    """Keep of a title what a provider takes for a name."""
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-") else "_" for letter in title)
    return kept[:64] or OUTPUT_TOOL


def _reply(response: ModelResponse) -> Reply:
    from pydantic_ai import messages as parts

    texts: list[str] = []
    thoughts: list[str] = []
    outputs: list[Any] = []
    calls: list[ToolCall] = []
    bad: list[str] = []
    for part in response.parts:
        if isinstance(part, parts.TextPart):
            texts.append(part.content)
        elif isinstance(part, parts.ThinkingPart):
            thoughts.append(part.content)
        elif isinstance(part, parts.ToolCallPart):
            if part.tool_name == OUTPUT_TOOL:
                outputs.append(part.args if part.args is not None else "")
                continue
            arguments = _arguments(part.args)
            if arguments is None:
                bad.append(f"{part.tool_name}({part.args})")
            else:
                calls.append(ToolCall(part.tool_call_id, part.tool_name, arguments))
    details = response.provider_details or {}
    refusal = details.get("refusal")
    filtered = response.finish_reason == "content_filter"
    usage = response.usage
    return Reply(
        text="".join(texts),
        reasoning="".join(thoughts),
        outputs=tuple(outputs),
        tool_calls=tuple(calls),
        bad_calls=tuple(bad),
        refusal=str(refusal) if refusal else ("the provider's content filter stopped it" if filtered else None),
        model=response.model_name or "",
        finish_reason=response.finish_reason,
        response_id=response.provider_response_id,
        tokens={
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "reasoning_tokens": usage.details.get("reasoning_tokens", 0),
        },
    )


def _arguments(args: str | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if args is None or args == "":
        return {}
    if not isinstance(args, str):
        return args
    try:
        read = json.loads(args)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None
