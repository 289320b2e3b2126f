"""Chat messages, from the ways they are written in attributes to the way OpenAI writes them.

A message is ``{"role", "content"}``, content a text or a list of parts, with ``tool_calls`` each of the form
``{"id", "type": "function", "function": {"name", "arguments"}}``, and ``tool_call_id`` on the answer of a tool.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from steelyard.records import SpanEvent
from steelyard.tracing.dialects.reading import listed, loose

Message = dict[str, Any]


def from_parts(value: Any, *, role: str = "user") -> list[Message]:
    """Return OpenTelemetry's messages, ``[{"role", "parts": [{"type", …}]}]``.

    Args:
        value: the attribute: JSON text, or the structure itself.
        role: of messages that name none.

    Examples:
        >>> from_parts('[{"role": "user", "parts": [{"type": "text", "content": "Why?"}]}]')
        [{'role': 'user', 'content': 'Why?'}]
    """
    said = loose(value)
    if isinstance(said, str):
        return [{"role": role, "content": said}]
    if not isinstance(said, list):
        said = [said]
    messages: list[Message] = []
    for each in said:
        if isinstance(each, dict):
            messages.extend(_from_parts(each, role))
    return messages


def instructions(value: Any) -> list[Message]:
    """Return ``gen_ai.system_instructions``, a list of parts or a text, as a message."""
    said = loose(value)
    if isinstance(said, dict):
        said = [said]
    return _from_parts({"role": "system", "parts": said}, "system") if said else []


def _from_parts(message: dict[str, Any], role: str) -> list[Message]:
    parts = message.get("parts")
    if not isinstance(parts, (list, tuple)):
        content = message.get("content", parts)
        return [{**message, "role": message.get("role", role), "content": content}]
    content: list[Any] = []
    calls: list[Any] = []
    answers: list[Message] = []
    refusal = None
    for part in parts:
        if not isinstance(part, dict):
            content.append({"type": "text", "text": _as_text(part)})
            continue
        kind = part.get("type")
        if kind == "text":
            content.append({"type": "text", "text": _as_text(part.get("content"))})
        elif kind == "tool_call":
            calls.append(_tool_call(part.get("id"), part.get("name"), part.get("arguments")))
        elif kind == "tool_call_response":
            result = part.get("result", part.get("response"))
            answers.append({"role": "tool", "tool_call_id": part.get("id"), "content": _as_text(result)})
        elif kind == "refusal":
            refusal = _as_text(part.get("content", part.get("refusal")))
        else:
            content.append(_other(part))
    found: Message = {"role": message.get("role", role), "content": _plain(content)}
    if calls:
        found["tool_calls"] = calls
    if refusal:
        found["refusal"] = refusal
    for name in ("name", "finish_reason"):
        if message.get(name):
            found[name] = message[name]
    return [found, *answers] if content or calls or not answers else answers


def _other(part: dict[str, Any]) -> dict[str, Any]:
    """Return a picture as OpenAI writes it, and anything else as it is."""
    if part.get("modality") != "image":
        return part
    url = part.get("uri")
    if url is None and part.get("content") is not None:
        url = f"data:{part.get('mime_type') or 'image/png'};base64,{part['content']}"
    return part if url is None else {"type": "image_url", "image_url": {"url": url}}


def texts_of(messages: Iterable[Message]) -> dict[str, Any]:
    """Return what was to be embedded, which some write as messages, as OpenAI's client has it."""
    return {"input": [_as_text(message.get("content")) for message in messages]}


def _plain(content: list[Any]) -> Any:
    """Return texts alone as one text, anything else as parts."""
    if not content:
        return None
    for part in content:
        if part.get("type") != "text":
            return content
    return content[0]["text"] if len(content) == 1 else "\n".join([part["text"] for part in content])


def _tool_call(call_id: Any, name: Any, arguments: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": _as_text(arguments)}
    return {"id": call_id, "type": "function", "function": function}


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def from_openinference(items: Iterable[Mapping[str, Any]]) -> list[Message]:
    """Return OpenInference's messages, already unflattened."""
    return [_from_openinference(item.get("message")) for item in items if isinstance(item.get("message"), dict)]


def _from_openinference(message: Any) -> Message:
    found: Message = {"role": message.get("role", "user"), "content": message.get("content")}
    parts = [part.get("message_content") for part in listed(message.get("contents")) if isinstance(part, dict)]
    if parts and found["content"] is None:
        said = [part for part in parts if isinstance(part, dict) and part.get("type") != "tool_use"]
        found["content"] = _plain([_content_part(part) for part in said])
    calls = [each.get("tool_call") for each in listed(message.get("tool_calls")) if isinstance(each, dict)]
    if calls:
        found["tool_calls"] = [
            _tool_call(call.get("id"), _inner(call, "name"), _inner(call, "arguments"))
            for call in calls
            if isinstance(call, dict)
        ]
    for name in ("name", "tool_call_id"):
        if message.get(name):
            found[name] = message[name]
    return found


def _inner(call: Mapping[str, Any], name: str) -> Any:
    function = call.get("function")
    return function.get(name) if isinstance(function, dict) else None


def _content_part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") == "image" or "image" in part:
        image = part.get("image")
        inner = image.get("image") if isinstance(image, dict) else None
        url = inner.get("url") if isinstance(inner, dict) else None
        return {"type": "image_url", "image_url": {"url": url}}
    return {"type": str(part.get("type", "text")), "text": _as_text(part.get("text"))}


def from_openllmetry(items: Iterable[Mapping[str, Any]]) -> list[Message]:
    """Return the messages of ``gen_ai.prompt.N.…`` or ``gen_ai.completion.N.…``, already unflattened."""
    messages: list[Message] = []
    for item in items:
        found: Message = {"role": item.get("role", "user"), "content": _content(item.get("content"))}
        calls = [each for each in listed(item.get("tool_calls")) if isinstance(each, dict)]
        if calls:
            found["tool_calls"] = [_tool_call(c.get("id"), c.get("name"), c.get("arguments")) for c in calls]
        for name in ("tool_call_id", "finish_reason", "refusal"):
            if item.get(name):
                found[name] = item[name]
        messages.append(found)
    return messages


def _content(value: Any) -> Any:
    """Return parts that were written as JSON; a text that merely looks so, such as a tool's result, stays one."""
    said = loose(value)
    if isinstance(said, list) and all(isinstance(part, dict) and "type" in part for part in said):
        return said
    return value if isinstance(value, str) else said


def tools_of(value: Any) -> list[Any] | None:
    """Return descriptions of tools as OpenAI writes them: each ``{"type": "function", "function": {...}}``.

    Examples:
        >>> tools_of([{"name": "add", "input_schema": {"type": "object"}}])
        [{'type': 'function', 'function': {'name': 'add', 'parameters': {'type': 'object'}}}]
    """
    said = loose(value)
    return [_tool(loose(each)) for each in said if each is not None] or None if isinstance(said, list) else None


def _tool(tool: Any) -> Any:
    if not isinstance(tool, dict) or "function" in tool or "name" not in tool:
        return tool
    if tool.get("type", "function") not in ("function", "custom"):
        return tool  # one that the provider runs itself
    function = {name: tool[name] for name in ("name", "description", "strict") if tool.get(name) is not None}
    schema = loose(tool.get("parameters", tool.get("input_schema")))
    return {"type": "function", "function": function if schema is None else {**function, "parameters": schema}}


_PARTS = frozenset(("text", "image_url", "input_audio", "file", "refusal"))


def is_request(value: Any) -> bool:
    """Say whether a value is a request of OpenAI's client, whose messages need no other writing."""
    if not isinstance(value, dict) or "system" in value:  # Anthropic's has it beside the messages
        return False
    if isinstance(value.get("input"), (str, list)) and "model" in value:
        return True
    messages, tools = value.get("messages"), value.get("tools") or ()
    if not isinstance(messages, list) or not all(isinstance(tool, dict) and "function" in tool for tool in tools):
        return False
    return all(isinstance(each, dict) and "role" in each and _is_content(each.get("content")) for each in messages)


def is_response(value: Any) -> bool:
    """Say whether a value is a response of OpenAI's, to a chat or to a request of its responses."""
    return isinstance(value, dict) and ("choices" in value or value.get("object") == "response")


def _is_content(content: Any) -> bool:
    if isinstance(content, list):
        return all(isinstance(part, dict) and part.get("type") in _PARTS for part in content)
    return content is None or isinstance(content, str)


_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}


def from_events(events: Sequence[SpanEvent]) -> tuple[list[Message], list[Message]]:
    """Return the messages that older conventions put in a span's events: what went in, and what came out."""
    asked: list[Message] = []
    answered: list[Message] = []
    for event in events:
        facts = event.attributes
        if event.name in _ROLES:
            message = {"role": facts.get("role") or _ROLES[event.name], "content": loose(facts.get("content"))}
            if facts.get("tool_calls"):
                message["tool_calls"] = loose(facts["tool_calls"])
            if facts.get("id"):
                message["tool_call_id"] = facts["id"]
            asked.append(message)
        elif event.name == "gen_ai.choice":
            said = loose(facts.get("message"))
            message = dict(said) if isinstance(said, dict) else {"content": said or loose(facts.get("content"))}
            message.setdefault("role", "assistant")
            answered.append(message)
        elif event.name == "gen_ai.content.prompt":
            asked.extend(from_parts(facts.get("gen_ai.prompt")))
        elif event.name == "gen_ai.content.completion":
            answered.extend(from_parts(facts.get("gen_ai.completion"), role="assistant"))
        elif event.name == "gen_ai.client.inference.operation.details":
            asked.extend(from_parts(facts.get("gen_ai.input.messages") or []))
            answered.extend(from_parts(facts.get("gen_ai.output.messages") or [], role="assistant"))
    return asked, answered


def to_parts(messages: Iterable[Any]) -> list[dict[str, Any]]:
    """Return messages as OpenTelemetry writes them, the way back from :func:`from_parts`.

    Examples:
        >>> to_parts([{"role": "user", "content": "Why?"}])
        [{'role': 'user', 'parts': [{'type': 'text', 'content': 'Why?'}]}]
    """
    return [_to_parts(message) for message in messages if isinstance(message, dict)]


def _to_parts(message: dict[str, Any]) -> dict[str, Any]:
    rest = {name: message[name] for name in ("name", "finish_reason") if message.get(name)}
    content = message.get("content")
    role = message.get("role", "user")
    if message.get("tool_call_id"):
        answer = {"type": "tool_call_response", "id": message["tool_call_id"], "result": content}
        return {"role": role, "parts": [answer], **rest}
    parts: list[Any] = []
    for part in content if isinstance(content, list) else [content] if content is not None else []:
        said = part.get("text") if isinstance(part, dict) and part.get("type") == "text" else part
        parts.append({"type": "text", "content": said} if isinstance(said, str) else part)
    for call in message.get("tool_calls") or ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            called = {"name": function.get("name"), "arguments": _arguments(function.get("arguments"))}
            parts.append({"type": "tool_call", "id": call.get("id"), **called})
    return {"role": role, "parts": parts, **rest}


def _arguments(text: Any) -> Any:
    """Return a call's arguments as values where these are written as the same text again."""
    said = loose(text)
    return said if _as_text(said) == text else text
