"""A served model as a ``predict_fn``: `to_predict_fn(url)` calls an endpoint that speaks OpenAI's chat API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from steelyard.data.json_values import shown
from steelyard.errors import AnswerUnreadable, InvalidArgument
from steelyard.records import SpanType

_DATABRICKS = ("endpoints:/", "apps:/")
_ROLES = ("system", "user", "assistant", "tool")
_CHAT = re.compile(r"/(chat/completions|completions|responses)/?$")
_OWN = ("messages", "model")
_PARAMS = (
    "temperature", "max_tokens", "max_completion_tokens", "top_p", "seed", "stop", "presence_penalty",
    "frequency_penalty", "logit_bias",
)  # fmt: skip


def to_predict_fn(
    endpoint_uri: str,
    *,
    model: str | None = None,
    params: Mapping[str, Any] | None = None,
    extra_headers: Mapping[str, str] | None = None,
    timeout: float = 60.0,
) -> Callable[..., str]:
    """Return a function that sends a row's inputs to a served model and returns its answer as text.

    Rows with ``messages`` send these; of other rows, the only input, or ``question``, ``input``, ``prompt``, ``query``
    or ``user_input``, is what the user says. ``model``, ``temperature``, ``max_tokens`` and the like among the inputs
    change the request.

    Args:
        endpoint_uri: the address of a server that speaks OpenAI's chat API, such as ``http://localhost:8000/v1``, or a
            provider's model, such as ``openai:/gpt-4o-mini``.
        model: the model's name at the server; ``default`` unless given, which servers of one model take.
        params: of every request, such as ``{"temperature": 0}``.
        extra_headers: sent with every request; an ``Authorization`` here is the key.
        timeout: seconds that one try may take.

    Raises:
        InvalidArgument: the address cannot be used; ``endpoints:/`` and ``apps:/`` are served by Databricks alone.

    Examples:
        >>> predict = to_predict_fn("http://localhost:8000/v1", model="my-model", params={"temperature": 0})
        >>> predict.__name__
        'my-model'
    """
    base_url, name = _place(endpoint_uri, model)
    common = dict(params or {})

    def predict(**inputs: Any) -> str:
        from steelyard.llm import Question, ask_sync
        from steelyard.tracing import start_span

        uri = f"openai:/{inputs['model']}" if base_url and inputs.get("model") else name
        question = Question(
            model=uri,
            messages=_messages(inputs),
            params=common | {key: inputs[key] for key in _PARAMS if key in inputs},
            base_url=base_url,
            extra_headers=dict(extra_headers or {}),
            purpose="predict",
            timeout=timeout,
        )
        with start_span(uri.partition(":/")[2], span_type=SpanType.CHAT_MODEL) as span:
            span.set_inputs(inputs)
            answer = ask_sync(question)
            span.set_outputs(answer.text)
            usage = answer.usage
            counts = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
            span.set_attribute("mlflow.chat.tokenUsage", counts | {"total_tokens": usage.total_tokens})
            span.set_attribute("mlflow.llm.model", answer.model or uri.partition(":/")[2])
        if answer.tool_calls and not answer.text:
            wanted = ", ".join(call.name for call in answer.tool_calls)
            message = f"The model answered with calls of tools ({wanted}) and no text."
            raise AnswerUnreadable(message)
        return answer.text

    predict.__name__ = predict.__qualname__ = name.partition(":/")[2]
    return predict


def _place(endpoint_uri: str, model: str | None) -> tuple[str | None, str]:
    """Return the server's base address (None for a provider's own) and the model's URI."""
    if not isinstance(endpoint_uri, str) or not endpoint_uri.strip():
        message = f"endpoint_uri is {endpoint_uri!r}: give the address of a server, such as http://localhost:8000/v1."
        raise InvalidArgument(message)
    uri = endpoint_uri.strip()
    if uri.startswith(_DATABRICKS):
        kind = uri.partition(":")[0]
        message = (
            f"{uri!r} is served by Databricks, which needs its own client. Give the address of a server that speaks "
            f"OpenAI's chat API (http://…/v1), or write a function that calls {kind} and give it as predict_fn."
        )
        raise InvalidArgument(message)
    if uri.startswith(("http://", "https://")):
        if not urlsplit(uri).hostname:
            message = f"{uri!r} names no server: give an address such as http://localhost:8000/v1."
            raise InvalidArgument(message)
        return _CHAT.sub("", uri.rstrip("/")), f"openai:/{model or 'default'}"
    from steelyard.llm import parse_model

    if model is not None:
        message = f"model={model!r} goes with the address of a server; {uri!r} names a model already."
        raise InvalidArgument(message)
    return None, parse_model(uri).uri


def _messages(inputs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what is said to the model."""
    from steelyard.llm import Message

    given = inputs.get("messages")
    if given is not None:
        if not isinstance(given, Sequence) or isinstance(given, str) or not given:
            message = f"messages is {str(given)[:60]!r}: give a list of messages with role and content."
            raise InvalidArgument(message)
        return tuple(_message(one, place) for place, one in enumerate(given))
    said = {key: value for key, value in inputs.items() if key not in (*_OWN, *_PARAMS)}
    for key in ("question", "input", "prompt", "query", "user_input"):
        if key in said:
            return (Message("user", shown(said[key])),)
    if len(said) == 1:
        return (Message("user", shown(next(iter(said.values())))),)
    message = (
        f"The inputs {', '.join(map(repr, said)) or '(none)'} do not say what to ask: give 'messages', 'question', "
        "or a single input."
    )
    raise InvalidArgument(message)


def _message(told: Any, place: int) -> Any:
    from steelyard.llm import Message, ToolCall

    role = told.get("role") if isinstance(told, Mapping) else None
    if role == "developer":
        role = "system"
    if not isinstance(told, Mapping) or role not in _ROLES:
        message = f"messages[{place}] is {str(told)[:60]!r}: give a dict with a role ({', '.join(_ROLES)}) and content."
        raise InvalidArgument(message)
    calls = []
    for call in told.get("tool_calls") or ():
        function = call.get("function", call)
        arguments = function.get("arguments") or {}
        decoded = json.loads(arguments) if isinstance(arguments, str) else arguments
        calls.append(ToolCall(str(call.get("id", "")), str(function.get("name")), decoded))
    return Message(
        role,
        _text(told.get("content")),
        tool_calls=tuple(calls),
        tool_call_id=told.get("tool_call_id"),
        name=told.get("name"),
    )


def _text(content: Any) -> str:
    """Return a message's text; of a content in parts, that of the texts.

    Raises:
        InvalidArgument: a part is no text.
    """
    if content is None:
        return ""
    if not isinstance(content, (list, tuple)):
        return shown(content)
    texts = []
    for part in content:
        text = part if isinstance(part, str) else part.get("text") if isinstance(part, Mapping) else None
        if not isinstance(text, str):
            message = f"A message's content holds {str(part)[:60]!r}: only text can be sent."
            raise InvalidArgument(message)
        texts.append(text)
    return "\n".join(texts)
