"""What was said: texts, messages and tool calls in the shapes that the providers and instrumentors record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.records.trace import Trace

_REQUEST_KEYS = ("input", "question", "query", "prompt", "message", "user_input", "request", "text", "content")
_RESPONSE_KEYS = (
    "output_text",
    "response",
    "answer",
    "output",
    "content",
    "text",
    "completion",
    "result",
    "generated_text",
    "message",
)
_USER = ("user", "human")
_ASSISTANT = ("assistant", "ai", "model")
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class AskedCall:
    """A tool call that a model asked for: the tool, its arguments, and the id of the call."""

    name: str
    arguments: Any = None
    call_id: str = ""


def request_text(inputs: Any) -> str:
    """Return what the user asked: the last user message, the one text there is, or else the JSON of it all.

    >>> request_text({"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]})
    'Why?'
    >>> request_text({"question": "Why?"})
    'Why?'
    """
    return _text(inputs, _USER, _REQUEST_KEYS)


def response_text(outputs: Any) -> str:
    """Return what the application answered: its text, the last assistant message, or else the JSON of it all.

    >>> response_text({"choices": [{"message": {"role": "assistant", "content": "Because."}}]})
    'Because.'
    >>> response_text({"answer": "Because.", "sources": ["a"]})
    'Because.'
    """
    return _text(outputs, _ASSISTANT, _RESPONSE_KEYS)


def chat_messages(trace: Trace) -> list[dict[str, str]]:
    """Return the messages of one trace, as ``role`` and ``content``: those that went in, then the answer."""
    said = [_message(message) for message in _messages_in(trace.inputs)]
    if not said:
        said = [{"role": "user", "content": request_text(trace.inputs)}] if trace.inputs is not None else []
    if trace.outputs is not None:
        said.append({"role": "assistant", "content": response_text(trace.outputs)})
    return said


def conversation(traces: Iterable[Trace]) -> list[dict[str, str]]:
    """Return a session as messages: of each trace the user's last words and the answer.

    A single trace gives all its messages, since nothing before it holds the earlier ones.
    """
    turns = list(traces)
    if len(turns) == 1:
        return chat_messages(turns[0])
    said: list[dict[str, str]] = []
    for trace in turns:
        if trace.inputs is not None:
            said.append({"role": "user", "content": request_text(trace.inputs)})
        if trace.outputs is not None:
            said.append({"role": "assistant", "content": response_text(trace.outputs)})
    return said


def content_text(content: Any) -> str:
    """Return the text of a message's content: of a list of parts, the text parts, a line each."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, (list, tuple)):
        texts = (part if isinstance(part, str) else _part_text(part) for part in content)
        return "\n".join(text for text in texts if text)
    if isinstance(content, Mapping):
        return _part_text(content) or as_json(content)
    return as_json(content)


def as_json(value: Any) -> str:
    """Return a value as JSON, whatever it holds; its ``repr`` if it is nested beyond what JSON can write."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def tool_calls_in(answer: Any) -> Iterator[AskedCall]:
    """Yield the tool calls that an answer of a model holds, in their order, wherever they are.

    OpenAI's ``tool_calls`` and ``function_call`` items, Anthropic's ``tool_use``, Gemini's ``function_call``,
    LangChain's ``{name, args}`` and OpenTelemetry's ``{"type": "tool_call"}`` parts.
    """
    stack: list[tuple[Any, bool]] = [(answer, False)]
    seen: set[int] = set()
    while stack:
        value, listed = stack.pop()
        if not isinstance(value, (Mapping, list, tuple)) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Mapping):
            call = _asked(value, listed=listed)
            if call is not None:
                yield call
                continue
            stack.extend((each, listed or key in ("tool_calls", "function_call")) for key, each in _backwards(value))
        else:
            stack.extend((each, listed) for each in reversed(value))


def _backwards(value: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    return list(value.items())[::-1]


def _asked(value: Mapping[Any, Any], *, listed: bool) -> AskedCall | None:
    """Read a mapping as a tool call; ``listed`` if it stands where tool calls stand."""
    kind = value.get("type")
    function = value.get("function")
    if isinstance(function, Mapping) and (listed or kind == "function"):
        return _call(function, call_id=value.get("id"))
    if listed or kind in ("tool_use", "tool_call", "function_call"):
        return _call(value, call_id=value.get("call_id") or value.get("id"))
    return None


def _call(value: Mapping[Any, Any], *, call_id: Any) -> AskedCall | None:
    name = value.get("name")
    if not isinstance(name, str):
        return None
    arguments = next((value[key] for key in ("arguments", "args", "input") if key in value), None)
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return AskedCall(name, arguments, str(call_id or ""))
    return AskedCall(name, arguments, str(call_id or ""))


def _text(value: Any, roles: tuple[str, ...], keys: tuple[str, ...]) -> str:
    """Return the text of a value, going down while there is one way to go."""
    whole = value
    for _ in range(_DEEPEST):
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        last = _last_said(value, roles)
        if last is not None:
            return content_text(last)
        if isinstance(value, (list, tuple)):
            text = content_text(value)
            return text or as_json(whole)
        if not isinstance(value, Mapping):
            return as_json(whole)
        inner = next((value[key] for key in keys if value.get(key) is not None), None)
        if inner is None and len(value) == 1:
            inner = next(iter(value.values()))
        if inner is None:
            return as_json(whole)
        value = inner
    return as_json(whole)


def _last_said(value: Any, roles: tuple[str, ...]) -> Any:
    """Return the content of the last message of these roles; None if there is none."""
    for message in reversed(_messages_in(value)):
        if _role(message) in roles:
            content = _content(message)
            if content not in (None, "", []):
                return content
    return None


def _messages_in(value: Any) -> list[Mapping[Any, Any]]:
    """Return the messages of a request or an answer; none if it is not made of messages."""
    if isinstance(value, Mapping):
        choices = value.get("choices")
        if isinstance(choices, (list, tuple)):
            value = [choice.get("message") for choice in choices if isinstance(choice, Mapping)]
        elif isinstance(value.get("messages"), (list, tuple)):
            value = value["messages"]
        elif _is_message(value):
            value = [value]
        else:
            listed = [each for each in value.values() if isinstance(each, (list, tuple)) and each]
            value = listed[0] if len(value) == 1 and listed else []
    if not isinstance(value, (list, tuple)):
        return []
    messages = [each for each in value if isinstance(each, Mapping) and _is_message(each)]
    return messages if len(messages) == len(value) else []


def _is_message(value: Mapping[Any, Any]) -> bool:
    return _role(value) is not None and any(key in value for key in ("content", "parts", "tool_calls"))


def _role(message: Mapping[Any, Any]) -> str | None:
    role = message.get("role", message.get("type"))
    return role.lower() if isinstance(role, str) else None


def _content(message: Mapping[Any, Any]) -> Any:
    content = message.get("content")
    return message.get("parts") if content is None else content


def _message(message: Mapping[Any, Any]) -> dict[str, str]:
    return {"role": _role(message) or "user", "content": content_text(_content(message))}


def _part_text(part: Any) -> str:
    """Return the text of one part; a picture or a tool call has none."""
    if not isinstance(part, Mapping):
        return ""
    for key in ("text", "content", "output_text"):
        text = part.get(key)
        if isinstance(text, str):
            return text
        if isinstance(text, (list, tuple)):  # the Responses API nests parts once
            return "\n".join(
                each["text"] for each in text if isinstance(each, Mapping) and isinstance(each.get("text"), str)
            )
    return ""
