"""What one side of a conversation said, out of whatever went in or came out of an application."""

from __future__ import annotations

import json
import re
from typing import Any

from steelyard.web.caselines import read_json
from steelyard.web.messages import plain, read_messages

_LONGEST = 100_000
_LINE = 300
_SAID = re.compile(r'"(?:content|text|question|query|input|output|answer)"\s*:\s*"((?:[^"\\]|\\.)*)')

_HALF = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?$")


def spoken(value: Any, role: str) -> str:
    """Return what a side said last: of a whole history that went in, only the newest turn is this one's.

    Args:
        value: any value, or JSON of it, perhaps cut off.
        role: ``user`` or ``assistant``.

    Examples:
        >>> spoken('{"messages": [{"role": "user", "content": "Hello"}]}', "user")
        'Hello'
        >>> spoken('{"role": "assistant", "content": "Good mor', "assistant")
        'Good mor'
    """
    read = read_json(value)
    messages = read_messages(read)
    said = [m.text for m in messages if m.text and m.role == role] or [m.text for m in messages if m.text]
    if said:
        return said[-1]
    if isinstance(read, str) and read[:1] in "{[" and (found := _SAID.findall(read[:_LONGEST])):
        return _unquoted(found[-1])
    return plain(read, longest=_LONGEST)


def line_of(value: Any, role: str) -> str:
    """Return the beginning of what a side said, on one line."""
    return " ".join(spoken(value, role)[: 4 * _LINE].split())[:_LINE]


def _unquoted(text: str) -> str:
    """Read the inside of a JSON string that may be cut in the middle of an escape."""
    try:
        return str(json.loads(f'"{_HALF.sub("", text)}"', strict=False))
    except ValueError:
        return text
