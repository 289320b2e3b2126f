"""What a judge reads of a case: the request, the response, what was expected, the conversation.

Where only a trace is given, they are taken from its root span and its expectations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.errors import DataError
from steelyard.judges.blocks import plain_text
from steelyard.records.case import Case
from steelyard.records.trace import Trace
from steelyard.scorers.chat import content_text, response_text

_SYSTEM = ("system", "developer")


def inputs_of(case: Case, judge: str) -> Any:
    """Return what the application was given.

    Raises:
        DataError: neither the case nor its trace says.
    """
    if case.inputs is not None:
        return case.inputs
    if case.trace is not None and case.trace.data.root is not None:
        return case.trace.inputs
    raise DataError(f"{judge} needs inputs, and the row has neither inputs nor a trace with a root span.")


def outputs_of(case: Case, judge: str) -> Any:
    """Return what it gave back.

    Raises:
        DataError: neither the case nor its trace says.
    """
    if case.outputs is not None:
        return case.outputs
    if case.trace is not None and case.trace.data.root is not None:
        return case.trace.outputs
    raise DataError(f"{judge} needs outputs, and the row has neither outputs nor a trace with a root span.")


def expectations_of(case: Case) -> dict[str, Any]:
    """Return what was expected: of the case, and of its trace where the case does not say."""
    traces = case.session if case.session else () if case.trace is None else (case.trace,)
    logged = {found.name: found.value for trace in traces for found in trace.search_assessments(type="expectation")}
    return {**logged, **case.expectations}


def expected(case: Case, names: Sequence[str], judge: str) -> dict[str, Any]:
    """Return those of the named expectations that the row has.

    Raises:
        DataError: it has none of them.
    """
    found = expectations_of(case)
    chosen = {name: found[name] for name in names if found.get(name) is not None}
    if not chosen:
        has = ", ".join(sorted(found)) or "none"
        raise DataError(f"{judge} needs the expectation {' or '.join(names)}; the row's expectations are: {has}.")
    return chosen


def trace_of(case: Case, judge: str) -> Trace:
    """Return the case's trace.

    Raises:
        DataError: it has none.
    """
    if case.trace is None:
        raise DataError(f"{judge} reads the trace, and the row has none. Trace the function, or give traces as data.")
    return case.trace


def session_of(case: Case, judge: str) -> tuple[Trace, ...]:
    """Return the case's session.

    Raises:
        DataError: it has none.
    """
    if not case.session:
        raise DataError(
            f"{judge} judges a whole session. Give it session=[traces], or evaluate traces that name their session "
            "(update_current_trace(session_id=...)), or use a ConversationSimulator."
        )
    return case.session


def request_text(inputs: Any) -> str:
    """Return what was asked, as text: the last user's message of a chat, the one field of a mapping, else JSON.

    Examples:
        >>> request_text({"question": "Why?"})
        'Why?'
        >>> request_text({"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]})
        'Hi'
    """
    messages = chat_messages(inputs)
    asked = [message for message in messages if message["role"] == "user"]
    if len(asked) == 1 and all(message["role"] in (*_SYSTEM, "user") for message in messages):
        return asked[0]["content"]
    if messages:
        return plain_text(list(messages))
    if isinstance(inputs, Mapping) and len(inputs) == 1:
        (only,) = inputs.values()
        return plain_text(only)
    return plain_text(inputs)


def chat_messages(value: Any) -> tuple[dict[str, str], ...]:
    """Return the messages of a chat (``messages`` or ``input`` of a mapping, or a list); empty if it is not one.

    Each has ``role`` and ``content``, the content as text.
    """
    if isinstance(value, Mapping):
        value = next((value[key] for key in ("messages", "input", "output") if _is_chat(value.get(key))), None)
    if not _is_chat(value):
        return ()
    return tuple(
        {"role": str(each["role"]), "content": content_text(each.get("content"))} for each in value if "role" in each
    )


def conversation(session: Sequence[Trace], *, timing: bool = False) -> list[dict[str, Any]]:
    """Return a session as messages in order, each with its turn from 1.

    A later turn's request may repeat all that was said before; of that, only what is new is kept: the user's last
    message, and system messages not seen yet.

    Args:
        session: one trace a turn, in the order of time.
        timing: whether each request also has ``sent_at_ms`` and each answer ``duration_ms``.
    """
    told: list[dict[str, Any]] = []
    systems: set[str] = set()
    for turn, trace in enumerate(session, start=1):
        asked = _asked(trace, systems, whole=turn == 1)
        answer = {"role": "assistant", "content": response_text(trace.outputs)}
        told += [{"turn": turn, **message} for message in (*asked, answer)]
        if timing:
            told[-2]["sent_at_ms"] = trace.info.request_time
            told[-1]["duration_ms"] = trace.info.execution_duration
    return told


def _asked(trace: Trace, systems: set[str], *, whole: bool) -> list[dict[str, str]]:
    """Return what a turn's request adds: all of it, or system messages not in ``systems`` and the user's last."""
    messages = chat_messages(trace.inputs)
    if not messages:
        return [{"role": "user", "content": request_text(trace.inputs)}]
    standing = [message for message in messages if message["role"] in _SYSTEM]
    new = [message for message in standing if message["content"] not in systems]
    systems.update(message["content"] for message in new)
    if whole:
        return list(messages)
    users = [message for message in messages if message["role"] == "user"]
    return [*new, users[-1] if users else messages[-1]]


def _is_chat(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, (str, bytes))
        and len(value) > 0
        and all(isinstance(each, Mapping) for each in value)
        and any("role" in each and "content" in each for each in value)
    )
