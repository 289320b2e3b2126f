"""The beginning of a value as a person would read it."""

from __future__ import annotations

from typing import Any

from steelyard.records import PREVIEW_LENGTH
from steelyard.tracing.snapshot import snapshot


def preview(value: Any) -> str:
    """Return the beginning of a value, at most 1,000 characters: of a conversation its last message, else its JSON.

    Examples:
        >>> preview({"messages": [{"role": "user", "content": "Why?"}]})
        'Why?'
        >>> preview({"question": "Why?"})
        '{"question":"Why?"}'
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else _last_message(value) or snapshot(value)
    return text[:PREVIEW_LENGTH]


def _last_message(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    messages = value.get("messages")
    if messages is None and isinstance(value.get("choices"), list):
        messages = [choice.get("message") for choice in value["choices"] if isinstance(choice, dict)]
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, dict) else None
    return content if isinstance(content, str) and content else None
