"""A trace as the conversations that its model calls saw: each message once, however often it was sent again.

A call hears all that was said before and adds an answer. So the calls are read in the order of time, and of each only
that is told which continues the conversation that it shares its beginning with. A call of a framework and that of the
library below it say the same and become one; agents with other instructions have conversations of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from steelyard.records import Span, Store
from steelyard.web.messages import Message, message_of, read_messages, turns_of
from steelyard.web.spantree import SpanTree

MOST_CALLS = 1_000
_ONE_BY_ONE = 2_000
_MODELS = frozenset({"LLM", "CHAT_MODEL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A message, the call that it was first seen in, and how that went.

    Args:
        message: what was said.
        span_id: the call.
        said: whether the model said it, rather than heard it.
        after: milliseconds from the start of the trace to that of the call, or its end for what it said.
        results: what came of the tools that the message calls, in their order; None where nothing is known.
        error: why the call failed.
    """

    message: Message
    span_id: str
    said: bool = False
    after: float = 0.0
    model: str = ""
    results: tuple[Message | None, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One conversation: the name of what led it, and its turns."""

    name: str
    turns: tuple[Turn, ...]
    calls: int


@dataclass(slots=True)
class _Open:
    """A conversation that may go on: its messages as they were written, and what each is known by."""

    name: str
    raw: list[Mapping[str, Any]] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    calls: int = 0


def conversations(store: Store, trace_id: str, tree: SpanTree) -> tuple[Thread, ...]:
    """Return the conversations of a trace, by when they began; none if no model call recorded messages."""
    opened: list[_Open] = []
    for span in _calls(store, trace_id, tree):
        heard, said = turns_of(span.inputs), turns_of(span.outputs)
        if heard or said or span.status.status_code == "ERROR":
            _hear(opened, span, heard, said, tree)
    return tuple(Thread(name=one.name, turns=_answered(one.turns), calls=one.calls) for one in opened if one.turns)


def opening(span: Span) -> tuple[Turn, ...]:
    """Return what went into a span and what came out of it as a conversation, where no model call tells one."""
    turns = []
    for value, role in ((span.inputs, "user"), (span.outputs, "assistant")):
        found = read_messages(value)
        if not found and value is not None and (made := message_of({"role": role, "content": _told(value)})):
            found = (made,)
        turns += [Turn(message=m, span_id=span.span_id, said=role == "assistant") for m in found]
    return _answered(turns)


def _told(value: Any) -> str:
    if isinstance(value, Mapping) and len(value) == 1:
        value = next(iter(value.values()))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)


def model_calls(tree: SpanTree) -> int:
    """Return how many calls of models a trace has."""
    return len(_model_calls(tree))


def _model_calls(tree: SpanTree) -> list[int]:
    return [i for i, span in enumerate(tree.spans) if span.span_type.upper() in _MODELS]


def _calls(store: Store, trace_id: str, tree: SpanTree) -> list[Span]:
    """Return the calls of models with their content, by time; the outer before the inner of one moment."""
    chosen = _model_calls(tree)
    chosen.sort(key=lambda i: (tree.spans[i].start_time_ns, i))
    ids = [tree.spans[i].span_id for i in chosen[:MOST_CALLS]]
    if len(tree) > _ONE_BY_ONE or len(ids) < 5:
        return [store.traces.span(trace_id, span_id) for span_id in ids]
    whole = {span.span_id: span for span in store.traces.spans([trace_id]).get(trace_id, ())}
    return [whole[span_id] for span_id in ids if span_id in whole]


def _hear(
    opened: list[_Open], span: Span, heard: list[Mapping[str, Any]], said: list[Mapping[str, Any]], tree: SpanTree
) -> None:
    turns = [*heard, *said]
    thread, begin, known = _thread_of(opened, heard, turns)
    if thread is None:
        thread = _Open(name=_led_by(tree, span))
        opened.append(thread)
    thread.calls += 1
    began = (span.start_time_ns - tree.start) / 1e6
    ended = began if span.end_time_ns is None else (span.end_time_ns - tree.start) / 1e6
    if begin + known < len(thread.marks) and known < len(turns):  # it branches off from what was said before
        del thread.raw[begin + known :], thread.marks[begin + known :]
    for place in range(known, len(turns)):
        message = message_of(turns[place])
        if message is None:
            continue
        answers = place >= len(heard)
        thread.raw.append(turns[place])
        thread.marks.append(_mark(message))
        thread.turns.append(
            Turn(
                message=message,
                span_id=span.span_id,
                said=answers,
                after=ended if answers else began,
                model=span.model if answers else "",
            )
        )
    error = span.status.description or "This call failed." if span.status.status_code == "ERROR" else ""
    if error and not (thread.turns and thread.turns[-1].error == error):
        failed = Turn(message=Message(role="assistant"), span_id=span.span_id, said=True, after=ended, error=error)
        thread.turns.append(replace(failed, model=span.model))


def _thread_of(
    opened: Sequence[_Open], heard: list[Mapping[str, Any]], turns: list[Mapping[str, Any]]
) -> tuple[_Open | None, int, int]:
    """Return the conversation that a call goes on, where in it the call's messages begin, and how many are known."""
    spoken = next((i for i, turn in enumerate(heard) if _role(turn) not in ("system", "developer")), None)
    if spoken is None:
        return None, 0, 0
    best: tuple[_Open | None, int, int] = (None, 0, 0)
    for thread in reversed(opened):
        same = _common(thread, turns, 0)
        if same > max(best[2], spoken):
            best = (thread, 0, same)
    if best[0] is not None:
        return best
    mark = _mark_of(heard[spoken])  # only the last messages may have been sent again
    for thread in reversed(opened):
        if _common(thread, turns[:spoken], 0) == spoken and mark in thread.marks:
            begin = thread.marks.index(mark) - spoken
            if spoken + _common(thread, turns[spoken:], begin + spoken) >= len(heard) - 1:
                return thread, begin, spoken + _common(thread, turns[spoken:], begin + spoken)
    return None, 0, 0


def _role(turn: Mapping[str, Any]) -> str:
    return str(turn.get("role") or turn.get("type") or "").lower()


def _common(thread: _Open, turns: list[Mapping[str, Any]], begin: int) -> int:
    same = 0
    while same < len(turns) and begin + same < len(thread.raw):
        if thread.raw[begin + same] != turns[same] and thread.marks[begin + same] != _mark_of(turns[same]):
            break
        same += 1
    return same


def _mark_of(turn: Mapping[str, Any]) -> str:
    message = message_of(turn)
    return "" if message is None else _mark(message)


def _mark(message: Message) -> str:
    """Return what two messages share that say the same, though written in other ways."""
    calls = [(call.name, _same_json(call.arguments)) for call in message.calls]
    return json.dumps([message.role, message.text.strip(), calls, message.media, message.more], ensure_ascii=False)


def _same_json(text: str) -> str:
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except (ValueError, RecursionError):
        return text


def _led_by(tree: SpanTree, span: Span) -> str:
    """Return the name of the nearest agent above a call, else that of the root, else its own."""
    at = tree.places.get(span.span_id, -1)
    last = span.name
    while at >= 0:
        above = tree.spans[at]
        if above.span_type.upper() not in _MODELS:
            last = above.name
        if above.span_type.upper() == "AGENT":
            break
        at = tree.parents[at]
    return last or "Conversation"


def _answered(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return the turns with the results of tools under the calls that asked for them."""
    results: dict[str, Message] = {}
    for turn in turns:
        if turn.message.role == "tool" and turn.message.call_id:
            results.setdefault(turn.message.call_id, turn.message)
    asked = {call.call_id for turn in turns for call in turn.message.calls if call.call_id}
    return tuple(
        replace(turn, results=tuple(results.get(call.call_id) for call in turn.message.calls))
        if turn.message.calls
        else turn
        for turn in turns
        if not (turn.message.role == "tool" and turn.message.call_id in asked)
    )
