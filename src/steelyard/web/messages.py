"""Chat messages in what a span was given and gave back, whichever library wrote them; other values as JSON.

Understood: OpenAI's ``messages`` and ``choices``, Anthropic's content blocks, OpenTelemetry's ``parts``, LangChain's
nested lists with ``type`` in place of ``role``. What is not understood is shown as it is, never left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from steelyard.web.media import media_of

_ROLES = {"human": "user", "ai": "assistant", "model": "assistant", "function": "tool", "developer": "system"}
_SPOKEN = frozenset({"system", "user", "assistant", "tool", *_ROLES})
_LISTS = ("messages", "input_messages", "output_messages", "input", "choices", "generations", "output")
_LONGEST = 20_000
_SHORT = 320
_LONG_TEXT = 2_000
_FIELDS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool that a model asks for, with its arguments as JSON text."""

    name: str
    arguments: str
    call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: str
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    name: str = ""
    more: str = ""
    """Parts that are neither text nor media, as JSON."""
    long: bool = False
    media: tuple[str, ...] = ()
    """Images, sound and files: what they are and how large, never their content."""
    thought: str = ""
    """What a model wrote for itself before it answered."""
    call_id: str = ""
    """The call that this is the result of."""
    cut: int = 0
    """How many characters the text has, where it was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A value as text: what it is, its beginning, and whether it is short enough to stand open."""

    kind: str
    text: str
    size: int
    open: bool
    cut: bool = False
    prose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A value under its name; the name is empty for a value that stands alone."""

    name: str
    value: Folded


def read_messages(value: Any) -> tuple[Message, ...]:
    """Return the messages that a value holds; none if it is no conversation.

    Examples:
        >>> [m.text for m in read_messages({"messages": [{"role": "user", "content": "Hello"}]})]
        ['Hello']
        >>> read_messages({"question": "Hello"})
        ()
    """
    made = [message_of(turn) for turn in turns_of(value)]
    return tuple(m for m in made if m is not None) if made and all(m is not None for m in made) else ()


def fold_value(value: Any) -> Folded:
    """Return a value as people read it: text as it is, anything else as indented JSON, cut after 20,000 characters."""
    if isinstance(value, str):
        text, kind, prose = clean(value), "text", True
    else:
        text, kind, prose = _written(value, indent=2), _kind(value), False
    size = len(text.encode())
    short = len(text) <= (_LONG_TEXT if prose else _SHORT) or (not prose and text.count("\n") <= 8)
    return Folded(
        kind=kind,
        text=text[:_LONGEST],
        size=size,
        open=short and size < _LONGEST,
        cut=len(text) > _LONGEST,
        prose=prose,
    )


def fields_of(value: Any) -> tuple[Named, ...]:
    """Return a mapping of a few values as its fields, any other value as one without a name; nothing for None."""
    if value is None:
        return ()
    if isinstance(value, Mapping) and 0 < len(value) <= _FIELDS and all(isinstance(k, str) for k in value):
        return tuple(Named(name=key[:200], value=fold_value(part)) for key, part in value.items())
    return (Named(name="", value=fold_value(value)),)


def plain(value: Any, *, longest: int = _LONGEST) -> str:
    """Return a value as one text: what a mapping of a single text holds, else compact JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value[:longest])
    if isinstance(value, Mapping) and len(value) == 1:
        only = next(iter(value.values()))
        if isinstance(only, str):
            return clean(only[:longest])
    return _written(value)[:longest]


def clean(text: str) -> str:
    """Return a text with half a character, which JSON can hold and no page can, replaced."""
    return text.encode("utf-8", "replace").decode()


def _written(value: Any, *, indent: int | None = None) -> str:
    try:
        return clean(json.dumps(value, indent=indent, ensure_ascii=False, default=str))
    except RecursionError:
        return "(nested too deeply to be written here)"


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"JSON object, {len(value):,} {'key' if len(value) == 1 else 'keys'}"
    if isinstance(value, Sequence):
        return f"JSON list, {len(value):,} {'item' if len(value) == 1 else 'items'}"
    return "value"


def turns_of(value: Any, depth: int = 0) -> list[Mapping[str, Any]]:
    """Return the turns of a conversation as they were written; none if the value is no conversation."""
    if depth > 4:
        return []
    if isinstance(value, Mapping):
        if _is_turn(value):
            return [value]
        if isinstance(inner := value.get("message"), Mapping) and _is_turn(inner):
            return [inner]
        for key in _LISTS:
            if isinstance(value.get(key), list) and (found := turns_of(value[key], depth + 1)):
                return found
        return []
    if isinstance(value, list) and value:
        parts = [turns_of(item, depth + 1) for item in value]
        return [turn for part in parts for turn in part] if all(parts) else []
    return []


def _is_turn(value: Mapping[str, Any]) -> bool:
    role = value.get("role") or value.get("type")
    said = any(key in value for key in ("content", "parts", "tool_calls", "text"))
    return isinstance(role, str) and role.lower() in _SPOKEN and said


def message_of(turn: Mapping[str, Any]) -> Message | None:
    """Return a turn as a message; None if it is written in a way that is not understood."""
    role = str(turn.get("role") or turn.get("type")).lower()
    parts = _parts(turn.get("content", turn.get("parts", turn.get("text"))))
    for call in turn.get("tool_calls") or ():
        if not isinstance(call, Mapping):
            return None
        parts.calls.append(_call(call))
    text = clean("\n".join(parts.texts))
    thought = turn.get("reasoning_content") or turn.get("thinking") or "\n".join(parts.thoughts)
    return Message(
        role="tool" if parts.only_results else _ROLES.get(role, role),
        text=text[:_LONGEST],
        calls=tuple(parts.calls),
        name=parts.name or str(turn.get("name") or ""),
        more=_written(parts.others, indent=2)[:_LONGEST] if parts.others else "",
        long=len(text) > _LONG_TEXT,
        media=tuple(parts.media),
        thought=clean(str(thought))[:_LONGEST],
        call_id=parts.call_id or str(turn.get("tool_call_id") or ""),
        cut=len(text) if len(text) > _LONGEST else 0,
    )


@dataclass(slots=True)
class _Parts:
    """The content of a turn, sorted by kind."""

    texts: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    others: list[Any] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    name: str = ""
    call_id: str = ""
    results: int = 0
    count: int = 0

    @property
    def only_results(self) -> bool:
        return 0 < self.count == self.results


def _parts(body: Any) -> _Parts:
    found = _Parts()
    if body is None or isinstance(body, str):
        found.texts += [body] if body else []
        return found
    for part in body if isinstance(body, list) else [body]:
        found.count += 1
        if isinstance(part, str):
            found.texts.append(part)
        elif isinstance(part, Mapping):
            _sort(part, found)
        else:
            found.others.append(part)
    return found


def _sort(part: Mapping[str, Any], found: _Parts) -> None:
    kind, said = part.get("type"), part.get("text", part.get("content"))
    if kind in ("text", "input_text", "output_text") and isinstance(said, str):
        found.texts.append(said)
    elif kind in ("tool_use", "tool_call", "function_call"):
        found.calls.append(_call(part))
    elif kind in ("tool_result", "tool_call_response"):
        found.texts.append(plain(part.get("content", part.get("result", part.get("response")))))
        found.call_id = str(part.get("tool_use_id") or part.get("id") or "")
        found.name = str(part.get("name") or found.call_id)
        found.results += 1
    elif kind in ("thinking", "reasoning"):
        found.thoughts.append(plain(part.get("thinking", said)))
    elif media := media_of(part):
        found.media.append(media)
    else:
        found.others.append(part)


def _call(call: Mapping[str, Any]) -> ToolCall:
    inner = call.get("function") if isinstance(call.get("function"), Mapping) else call
    arguments = inner.get("arguments", inner.get("input", inner.get("args", {}))) if isinstance(inner, Mapping) else {}
    name = inner.get("name", "") if isinstance(inner, Mapping) else ""
    text = clean(arguments) if isinstance(arguments, str) else _written(arguments)
    return ToolCall(name=clean(str(name)), arguments=text[:_LONGEST], call_id=str(call.get("id") or ""))
