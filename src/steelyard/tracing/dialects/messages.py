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
    messages: list[Message] = []
    for each in said if isinstance(said, list) else [said]:
        if isinstance(each, Mapping):
            messages.extend(_from_parts(each, role))
    return messages


def instructions(value: Any) -> list[Message]:
    """Return ``gen_ai.system_instructions``, a list of parts or a text, as a message."""
    said = loose(value)
    if isinstance(said, Mapping):
        said = [said]
    return _from_parts({"role": "system", "parts": said}, "system") if said else []


def _from_parts(message: Mapping[str, Any], role: str) -> list[Message]:
    parts = message.get("parts")
    if not isinstance(parts, (list, tuple)):
        content = message.get("content", parts)
        return [{**message, "role": message.get("role", role), "content": content}]
    content: list[Any] = []
    calls: list[Any] = []
    answers: list[Message] = []
    for part in parts:
        kind = part.get("type") if isinstance(part, Mapping) else "text"
        if kind == "tool_call":
            calls.append(_tool_call(part.get("id"), part.get("name"), part.get("arguments")))
        elif kind == "tool_call_response":
            result = part.get("result", part.get("response"))
            answers.append({"role": "tool", "tool_call_id": part.get("id"), "content": _as_text(result)})
        elif kind == "text":
            said = part.get("content") if isinstance(part, Mapping) else part
            content.append({"type": "text", "text": _as_text(said)})
        else:
            content.append(dict(part))
    found: Message = {"role": message.get("role", role), "content": _plain(content)}
    if calls:
        found["tool_calls"] = calls
    for name in ("name", "finish_reason"):
        if message.get(name):
            found[name] = message[name]
    return [found, *answers] if content or calls or not answers else answers


def _plain(content: list[Any]) -> Any:
    """Return texts alone as one text, anything else as parts."""
    if not content:
        return None
    if all(part.get("type") == "text" for part in content):
        return "\n".join(part["text"] for part in content)
    return content


def _tool_call(call_id: Any, name: Any, arguments: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": _as_text(arguments)}
    return {"id": call_id, "type": "function", "function": function}


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def from_openinference(items: Iterable[Mapping[str, Any]]) -> list[Message]:
    """Return OpenInference's messages, already unflattened."""
    return [_from_openinference(item.get("message")) for item in items if isinstance(item.get("message"), Mapping)]


def _from_openinference(message: Any) -> Message:
    found: Message = {"role": message.get("role", "user"), "content": message.get("content")}
    parts = [part.get("message_content") for part in listed(message.get("contents")) if isinstance(part, Mapping)]
    if parts and found["content"] is None:
        found["content"] = _plain([_content_part(part) for part in parts if isinstance(part, Mapping)])
    calls = [each.get("tool_call") for each in listed(message.get("tool_calls")) if isinstance(each, Mapping)]
    if calls:
        found["tool_calls"] = [
            _tool_call(call.get("id"), _inner(call, "name"), _inner(call, "arguments"))
            for call in calls
            if isinstance(call, Mapping)
        ]
    for name in ("name", "tool_call_id"):
        if message.get(name):
            found[name] = message[name]
    return found


def _inner(call: Mapping[str, Any], name: str) -> Any:
    function = call.get("function")
    return function.get(name) if isinstance(function, Mapping) else None


def _content_part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") == "image" or "image" in part:
        image = part.get("image")
        inner = image.get("image") if isinstance(image, Mapping) else None
        url = inner.get("url") if isinstance(inner, Mapping) else None
        return {"type": "image_url", "image_url": {"url": url}}
    return {"type": str(part.get("type", "text")), "text": _as_text(part.get("text"))}


def from_openllmetry(items: Iterable[Mapping[str, Any]]) -> list[Message]:
    """Return the messages of ``gen_ai.prompt.N.…`` or ``gen_ai.completion.N.…``, already unflattened."""
    messages: list[Message] = []
    for item in items:
        content = loose(item.get("content"))
        found: Message = {"role": item.get("role", "user"), "content": content}
        calls = [each for each in listed(item.get("tool_calls")) if isinstance(each, Mapping)]
        if calls:
            found["tool_calls"] = [_tool_call(c.get("id"), c.get("name"), c.get("arguments")) for c in calls]
        for name in ("tool_call_id", "finish_reason"):
            if item.get(name):
                found[name] = item[name]
        messages.append(found)
    return messages


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
            message = dict(said) if isinstance(said, Mapping) else {"content": said or loose(facts.get("content"))}
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
