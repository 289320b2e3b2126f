"""Rows as the Hugging Face hub has them: chats, preferences, questions, prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.data.json_values import evident
from steelyard.data.shapes.parts import Parts, Raw, Shape, expected, first, is_messages, messages, rest
from steelyard.errors import DataError

_ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
}
_ANSWERS = ("answer", "answers", "answerKey")
_COMPLETIONS = ("completion", "response", "output")


def _read_chat(raw: Raw) -> Parts:
    """The last message, where the assistant says it, is the answer that is expected."""
    chat = _chat(raw, "messages") if "messages" in raw else _shared(raw)
    asked, answer = _split(chat)
    return Parts(
        inputs={"messages": asked},
        expectations=_answer(answer),
        tags=raw.get("tags"),
        metadata=rest(raw, ("messages", "conversations", "tags")),
    )


def _chat(raw: Raw, key: str) -> Sequence[Any]:
    found = raw[key]
    if not is_messages(found):
        message = f"{key} must be a list of messages with a role and content each; it is {str(found)[:60]!r}."
        raise DataError(message)
    return messages(found)


def _shared(raw: Raw) -> Sequence[Any]:
    """Read ShareGPT's ``conversations``: ``from`` and ``value`` instead of ``role`` and ``content``."""
    found = raw["conversations"]
    if is_messages(found):
        return messages(found)
    told = [evident(turn) for turn in found or ()]
    if not told or not all(isinstance(turn, Mapping) and "from" in turn for turn in told):
        message = f"conversations must be a list of turns with 'from' and 'value' each; it is {str(found)[:60]!r}."
        raise DataError(message)
    return [{"role": _ROLES.get(turn["from"], turn["from"]), "content": turn.get("value")} for turn in told]


def _split(chat: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    if len(chat) > 1 and chat[-1]["role"] == "assistant":
        return chat[:-1], chat[-1]
    return chat, None


def _answer(message: Any) -> dict[str, Any]:
    if message is None:
        return {}
    found = expected(message.get("content"))
    calls = message.get("tool_calls")
    if calls:
        found["expected_tool_calls"] = [_tool_call(evident(call)) for call in calls]
    return found


def _tool_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    told = function if isinstance(function, Mapping) else call
    return {"name": told.get("name"), "arguments": told.get("arguments")}


def _read_preference(raw: Raw) -> Parts:
    """The chosen answer is the one that is expected; without a prompt, it is the end of the chosen chat."""
    prompt, chosen = first(raw, "prompt", "question"), raw["chosen"]
    answer: Any = None
    if is_messages(chosen):
        asked, answer = _split(messages(chosen)) if len(chosen) > 1 else ((), messages(chosen)[0])
        prompt = asked if prompt is None else prompt
    if prompt is None:
        raise DataError("'prompt' is missing, and 'chosen' is no chat that it could be read from.")
    return Parts(
        inputs={"messages": messages(prompt)} if is_messages(prompt) else {"prompt": prompt},
        expectations=_answer(answer) if is_messages(chosen) else expected(chosen),
        tags=raw.get("tags"),
        metadata=rest(raw, ("prompt", "tags")),
    )


def _read_question(raw: Raw) -> Parts:
    inputs = {key: raw[key] for key in ("question", "context", "choices") if raw.get(key) is not None}
    answer = first(raw, *_ANSWERS)
    plain = evident(answer) if answer is not None else None
    if isinstance(plain, Mapping) and "text" in plain:  # SQuAD: texts beside where they start
        answer = plain["text"] or None
    return Parts(
        inputs=inputs,
        expectations=expected(answer),
        tags=raw.get("tags"),
        metadata=rest(raw, (*inputs, "tags")),
    )


def _read_prompt(raw: Raw) -> Parts:
    prompt, completion = raw["prompt"], first(raw, *_COMPLETIONS)
    expectations = _answer(messages(completion)[-1]) if is_messages(completion) else expected(completion)
    return Parts(
        inputs={"messages": messages(prompt)} if is_messages(prompt) else {"prompt": prompt},
        expectations=expectations,
        tags=raw.get("tags"),
        metadata=rest(raw, ("prompt", "tags")),
    )


CHAT = Shape(name="chats", needs=(("messages", "conversations"),), read=_read_chat, ids=("id", "prompt_id"),
             fits=lambda keys: "messages" in keys or "conversations" in keys)  # fmt: skip
PREFERENCE = Shape(name="preferences", needs=("chosen",), fits=lambda keys: "chosen" in keys and "rejected" in keys,
                   read=_read_preference, ids=("id", "prompt_id"))  # fmt: skip
QUESTION = Shape(name="questions and answers", needs=("question",), fits=lambda keys: "question" in keys,
                 read=_read_question, ids=("id", "question_id"))  # fmt: skip
PROMPT = Shape(name="prompts", needs=("prompt",), fits=lambda keys: "prompt" in keys, read=_read_prompt,
               ids=("id", "prompt_id"))  # fmt: skip
